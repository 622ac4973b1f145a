"""Agreement of auditees and auditors on pandas frames and arrays: one row per group, ready to read.

pandas is imported when this is called, not before: the command line must start without it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import stdtrit

from qa_sync.agreement.counts import confusion, shown
from qa_sync.agreement.dirichlet import DEFAULT_DRAWS, DEFAULT_SEED, dirichlet_intervals
from qa_sync.agreement.estimate import NO_DATA, Batch, Floats, Ints, divide, reasons
from qa_sync.agreement.kappa_tests import paradox_indices
from qa_sync.agreement.proportions import finite_population_factor, proportion
from qa_sync.agreement.two_raters import Coefficient, two_rater_agreement
from qa_sync.agreement.wald import with_wald_interval
from qa_sync.agreement.weights import Weights

if TYPE_CHECKING:
    import pandas as pd

IntervalMethod = Literal["dirichlet", "linearised", "none"]


def agreement(
    auditee: Any,
    auditor: Any,
    *,
    levels: Sequence[Hashable],
    frame: pd.DataFrame | None = None,
    by: Any = None,
    weights: Sequence[str] = ("identity", "linear", "quadratic"),
    interval: IntervalMethod = "dirichlet",
    seed: int = DEFAULT_SEED,
    draws: int = DEFAULT_DRAWS,
    level: float = 0.95,
    population: Any = None,
) -> pd.DataFrame:
    """Compare the answers of auditees and auditors, one row per group.

    Args:
        auditee: answers (n,): an array, a Series, or a column name of ``frame``. None and NaN are missing.
        auditor: answers to the same interactions, in the same order.
        levels: the options of the form, in their order (mildest first or lowest first). The scale always comes
            from the form, never from the data: an option that nobody chose still counts.
        frame: where names refer to.
        by: group values: an array, a Series, a column name, or a list of them; None is one group.
        weights: weight families; "identity" gives ``kappa``, others ``kappa_<family>``.
        interval: "dirichlet" (posterior quantiles, default), "linearised" (t with n - 1 df) or "none". Percent
            agreement always has Wilson's interval and mean delta a t interval.
        seed: of the Dirichlet draws; recorded in ``attrs``.
        draws: number of Dirichlet draws, a power of two.
        level: confidence level.
        population: evaluations that the audited ones were drawn from: a number for one group, or a mapping (or
            Series) by group value, by a tuple of them where there are several. Where n / N > 5 % the intervals
            shrink by the finite population factor. Not with interval "linearised", which counts superpopulations.

    Returns:
        Columns: the group columns; n (compared pairs), n_missing (pairs left out because a side is missing);
        percent_agreement, kappa, kappa_<family>..., ac1 and mean_delta (auditee - auditor, in levels), each with
        ``_lower``, ``_upper`` and ``_reason`` (empty where defined), and the coefficients with the ``_observed`` and
        ``_expected`` agreement that they are made of (p_a and p_e, weighted as they are); prevalence_index and
        bias_index, to read beside kappa. NaN is "undefined", never 0. Groups are sorted; the order of rows never
        matters.
        ``attrs`` holds level, interval, seed, draws and the levels.

    Raises:
        ValueError: an answer that is not an option of the form (how many, and at which positions), lengths that
            differ, repeated levels, or a weight family that is not known.
    """
    options = list(levels)
    if not options or len(set(options)) != len(options):
        repeated = len(options) - len(set(options))
        msg = f"agreement: {len(options)} levels, {repeated} of them repeated; give each option of the form once"
        raise ValueError(msg)
    ours = _codes(_column(auditee, frame), options, "auditee")
    theirs = _codes(_column(auditor, frame), options, "auditor")
    if len(ours) != len(theirs):
        msg = f"agreement: {len(ours)} auditee and {len(theirs)} auditor answers; give one of each per pair"
        raise ValueError(msg)
    keys, group = _groups(by, frame, len(ours))
    tables = confusion(ours, theirs, group, len(options), len(keys))
    sizes = _population(population, keys, tables.sum(axis=(1, 2)))
    found = _statistics(tables, tuple(weights), interval, seed=seed, draws=draws, level=level, population=sizes)
    n = tables.sum(axis=(1, 2))
    told: dict[str, Any] = {"n": n, "n_missing": np.bincount(group, minlength=len(keys)) - n}
    for name, batch in found.items():
        told |= {name: batch.value, f"{name}_lower": batch.lower, f"{name}_upper": batch.upper}
        told[f"{name}_reason"] = batch.reason
        if name not in ("percent_agreement", "mean_delta"):
            told |= {f"{name}_observed": batch.observed, f"{name}_expected": batch.expected}
    indices = paradox_indices(tables)
    told |= {"prevalence_index": indices.prevalence, "bias_index": indices.bias}
    taken = [name for name in keys.columns if name in told]
    if taken:
        msg = f"agreement: the groups are called {taken[0]!r}, as a number of the result is; give them another name"
        raise ValueError(msg)
    out = keys.reset_index(drop=True).assign(**told)
    out.attrs.update(
        level=level, interval=interval, seed=seed if interval == "dirichlet" else None, draws=draws, levels=options
    )
    return out


def _statistics(
    tables: Ints,
    weights: tuple[str, ...],
    interval: IntervalMethod,
    *,
    seed: int,
    draws: int,
    level: float,
    population: Floats | None = None,
) -> dict[str, Batch]:
    wanted: dict[str, tuple[Coefficient, Weights]] = {
        "kappa" if family == "identity" else f"kappa_{family}": ("cohen_kappa", family) for family in weights
    }
    wanted["ac1"] = ("gwet_ac", "identity")
    n = tables.sum(axis=(1, 2))
    found = {"percent_agreement": proportion(np.trace(tables, axis1=1, axis2=2), n, level=level, population=population)}
    points = {name: two_rater_agreement(tables, coefficient, w) for name, (coefficient, w) in wanted.items()}
    if interval == "dirichlet":
        lower, upper = dirichlet_intervals(
            tables, list(wanted.values()), level=level, draws=draws, seed=seed, population=population
        )
    elif interval == "linearised":
        found |= {name: with_wald_interval(batch, level=level) for name, batch in points.items()}
        return found | {"mean_delta": mean_delta(tables, level)}
    elif interval == "none":
        lower = upper = np.full((len(points), len(tables)), np.nan)
    else:
        msg = f"agreement: interval {interval!r} is not known; use dirichlet, linearised or none"
        raise ValueError(msg)
    for position, (name, batch) in enumerate(points.items()):
        found[name] = replace(
            batch,
            lower=lower[position],
            upper=upper[position],
            method=interval,
            level=level,
            seed=seed if interval == "dirichlet" else None,
        )
    found["mean_delta"] = mean_delta(tables, level, population)
    return found


def mean_delta(tables: Ints | Floats, level: float = 0.95, population: Floats | None = None) -> Batch:
    """Return the mean of auditee - auditor in levels per table (G, q, q), with a t interval.

    The sign is that of the scale; what it means (lenient or strict) depends on the form's ``higher_is``.
    """
    counts = np.asarray(tables, dtype=np.float64)
    step = np.arange(counts.shape[1], dtype=np.float64)
    delta = step[:, None] - step[None, :]
    n = counts.sum(axis=(1, 2))
    mean = divide((counts * delta).sum(axis=(1, 2)), n)
    squares = (counts * (delta - np.nan_to_num(mean)[:, None, None]) ** 2).sum(axis=(1, 2))
    se = np.sqrt(divide(divide(squares, np.maximum(n - 1, 0)), n))
    if population is not None:
        se = se * finite_population_factor(n, population)
    half = stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2) * se
    return Batch(
        value=mean,
        n=n.astype(np.int64),
        reason=reasons(len(n), (n == 0, NO_DATA), (n == 1, "no interval: one pair")),
        lower=mean - half,
        upper=mean + half,
        se=se,
        method="t",
        level=level,
    )


def _population(given: Any, keys: pd.DataFrame, n: Ints) -> Floats | None:
    """Return the population of every group (G,), or None where none is given."""
    if given is None:
        return None
    if np.isscalar(given):
        if len(keys) != 1:
            msg = f"agreement: one population for {len(keys)} groups; give a mapping by group value"
            raise ValueError(msg)
        sizes = np.array([given], dtype=np.float64)
    else:
        names = list(keys.itertuples(index=False, name=None))
        known = dict(given)
        missing = [name for name in names if name not in known and (len(name) != 1 or name[0] not in known)]
        if missing:
            msg = f"agreement: no population of {len(missing)} groups, the first of them {missing[0]!r}"
            raise ValueError(msg)
        sizes = np.array([known[name] if name in known else known[name[0]] for name in names], dtype=np.float64)
    if (sizes < n).any():
        msg = "agreement: a group has more pairs than its population; count the population before any filter"
        raise ValueError(msg)
    return sizes


def _column(values: Any, frame: pd.DataFrame | None) -> Any:
    if frame is not None and isinstance(values, str):
        if values not in frame.columns:
            msg = f"agreement: the frame has no column {values!r}"
            raise ValueError(msg)
        return frame[values]
    return values


def _codes(values: Any, options: list[Hashable], side: str) -> Ints:
    """Turn answers into positions on the scale; missing is -1, anything else off the scale is an error."""
    import pandas as pd

    series = pd.Series(values).reset_index(drop=True)
    index = pd.Index(options, dtype=object)
    # Look every distinct answer up once: a million answers have a handful of options.
    place, distinct = pd.factorize(series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series)
    position = index.get_indexer(pd.Index(distinct, dtype=object)) if len(distinct) else np.empty(0, dtype=np.intp)
    codes = np.append(position, -1)[place]  # factorize gives -1 to missing values: the appended entry
    wrong = np.flatnonzero((codes < 0) & (place >= 0))
    if len(wrong):
        msg = (
            f"agreement: {len(wrong)} {side} answers are not among the {len(options)} options of the form, "
            f"at positions {shown(wrong)}; add the options, map the answers, or check that both are of one type"
        )
        raise ValueError(msg)
    return codes.astype(np.int64)


def _groups(by: Any, frame: pd.DataFrame | None, size: int) -> tuple[pd.DataFrame, Ints]:
    """Return the sorted group keys (one row a group) and the group code of every pair."""
    import pandas as pd

    if by is None:
        return pd.DataFrame(index=range(1)), np.zeros(size, dtype=np.int64)
    parts = by if isinstance(by, list) and (frame is not None or (by and not np.isscalar(by[0]))) else [by]
    columns: dict[str, Any] = {}
    for number, part in enumerate(parts):
        values = pd.Series(_column(part, frame)).reset_index(drop=True)
        if len(values) != size:
            msg = f"agreement: {len(values)} group values for {size} pairs; give one per pair"
            raise ValueError(msg)
        default = "group" if len(parts) == 1 else f"group_{number + 1}"
        name = part if isinstance(part, str) and frame is not None else str(values.name or default)
        if name in columns:
            msg = f"agreement: two groupings are called {name!r}; give one of them another name"
            raise ValueError(msg)
        columns[name] = values
    keys = pd.DataFrame(columns)
    grouped = keys.groupby(list(columns), sort=True, dropna=False, observed=True)
    code = grouped.ngroup().to_numpy().astype(np.int64)
    first = np.unique(code, return_index=True)[1]
    return keys.iloc[first], code
