"""Differences of scores per group: bias, leniency, MAE, RMSE, tolerance rate. One pass for all groups.

delta = auditee - auditor in points or levels, NaN where undefined. The form says what a positive delta means:
``higher_is`` better (delta is leniency), more_severe (-delta is) or neutral (nobody is lenient).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from qa_sync.agreement.estimate import NO_DATA, Batch, Floats, Ints, divide, reasons
from qa_sync.agreement.proportions import finite_population_factor, proportion

HigherIs = Literal["better", "more_severe", "neutral"]
#: Why a mean of equal differences has no interval.
NO_SCATTER = "no interval: the differences do not vary"
#: Added to the tolerance: 5.000000001 computed for 5 must not fall outside 5 (inclusive).
SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Differences:
    """Statistics of delta per group, arrays (G,); ``n`` counts defined deltas, ``undefined`` the others.

    ``bias`` has a t interval with n - 1 df (none for n = 1 or equal deltas), ``tolerance`` Wilson's. ``median``,
    ``q1`` and ``q3`` are those of the deltas; MAE and RMSE are descriptive and have no interval.
    """

    n: Ints
    undefined: Ints
    bias: Batch
    mae: Floats
    rmse: Floats
    median: Floats
    q1: Floats
    q3: Floats
    tolerance: Batch
    tau: float


def leniency(delta: ArrayLike, higher_is: HigherIs) -> Floats:
    """Return leniency of deltas: delta, -delta, or NaN for a neutral form.

    >>> leniency([5.0, -2.0], "more_severe").tolist()
    [-5.0, 2.0]
    """
    sign = {"better": 1.0, "more_severe": -1.0, "neutral": np.nan}
    if higher_is not in sign:
        msg = f"leniency: higher_is {higher_is!r}; use better, more_severe or neutral"
        raise ValueError(msg)
    return np.asarray(delta, dtype=np.float64) * sign[higher_is]


def within_tolerance(delta: ArrayLike, tau: float) -> NDArray[np.bool_]:
    """Return whether |delta| <= tau, inclusive, with the slack for rounding. NaN is outside."""
    return np.asarray(np.abs(np.asarray(delta, dtype=np.float64)) <= tau + SLACK)


def differences(
    delta: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int = 1,
    *,
    tau: float = 5.0,
    level: float = 0.95,
    population: ArrayLike | None = None,
) -> Differences:
    """Return the statistics of delta (n,) per group code (n,) in 0..n_groups-1.

    With the ``population`` N (n_groups,) that the pairs were drawn from, the intervals shrink by the finite population
    factor where n / N > 5 %.
    """
    values = np.asarray(delta, dtype=np.float64)
    group = np.zeros(len(values), dtype=np.intp) if groups is None else np.asarray(groups).astype(np.intp)
    if len(group) != len(values):
        msg = f"differences: {len(values)} deltas and {len(group)} groups; give one group per delta"
        raise ValueError(msg)
    known = np.isfinite(values)
    undefined = np.bincount(group[~known], minlength=n_groups)
    values, group = values[known], group[known]

    def total(of: Floats | NDArray[np.bool_]) -> Floats:
        return np.bincount(group, weights=of, minlength=n_groups).astype(np.float64)

    n = np.bincount(group, minlength=n_groups)
    mean = divide(total(values), n)
    # Two passes: squares of centred values, because one pass loses all digits when the spread is small.
    squares = total((values - mean[group]) ** 2) if len(values) else np.zeros(n_groups)
    factor = 1.0 if population is None else finite_population_factor(n, population)
    se = np.sqrt(divide(divide(squares, np.maximum(n - 1, 0)), n)) * factor
    flat = (n > 1) & (squares <= 0)
    # Deltas that are all equal do not make their mean certain: a width of 0 is not knowledge.
    half = np.where(flat, np.nan, stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2) * se)
    bias = Batch(
        value=mean,
        n=n,
        reason=reasons(n_groups, (n == 0, NO_DATA), (n == 1, "no interval: one pair"), (flat, NO_SCATTER)),
        lower=mean - half,
        upper=mean + half,
        se=se,
        method="t",
        level=level,
    )
    q1, median, q3 = _quantiles(values, group, n, (0.25, 0.5, 0.75))
    return Differences(
        n=n,
        undefined=undefined,
        bias=bias,
        mae=divide(total(np.abs(values)), n),
        rmse=np.sqrt(divide(total(values**2), n)),
        median=median,
        q1=q1,
        q3=q3,
        tolerance=proportion(total(within_tolerance(values, tau)), n, level=level, population=population),
        tau=tau,
    )


def _quantiles(values: Floats, group: NDArray[np.intp], n: Ints, shares: tuple[float, ...]) -> list[Floats]:
    """Return quantiles per group by one sort (linear interpolation, as numpy's default)."""
    if not len(values):
        return [np.full(len(n), np.nan) for _ in shares]
    ordered = values[np.lexsort((values, group))]
    first = np.concatenate([[0], np.cumsum(n)[:-1]])
    out = []
    for share in shares:
        position = share * np.maximum(n - 1, 0)
        below = np.floor(position).astype(np.intp)
        low = ordered[np.minimum(first + below, len(ordered) - 1)]
        high = ordered[np.minimum(first + np.minimum(below + 1, np.maximum(n - 1, 0)), len(ordered) - 1)]
        out.append(np.where(n > 0, low + (position - below) * (high - low), np.nan))
    return out


def bootstrap_bias(delta: ArrayLike, *, seed: int, replicates: int = 2000, level: float = 0.95) -> Batch:
    """Return the mean of delta with a percentile bootstrap interval. One group.

    With few differences it covers less than the t interval of :func:`differences`, skewed or not
    (``benchmarks/agreement.py --bias``): to set beside it, not instead of it.
    """
    values = np.asarray(delta, dtype=np.float64)
    values = values[np.isfinite(values)]
    n = np.array([len(values)])
    if len(values) < 2:
        why = NO_DATA if not len(values) else "no interval: one pair"
        return Batch(value=np.array([values.mean() if len(values) else np.nan]), n=n, reason=np.array([why]))
    drawn = np.random.default_rng(seed).choice(values, size=(replicates, len(values))).mean(axis=1)
    tail = (1 - level) / 2
    return Batch(
        value=np.array([values.mean()]),
        n=n,
        reason=np.array([""]),
        lower=np.quantile(drawn, [tail]),
        upper=np.quantile(drawn, [1 - tail]),
        se=np.array([drawn.std(ddof=1)]),
        method="bootstrap",
        level=level,
        seed=seed,
    )
