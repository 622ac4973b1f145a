"""A ratio of the whole population from a stratified sample: every audit speaks for N_h / n_h evaluations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from qa_sync.agreement.estimate import NO_DATA, Batch, divide, reasons
from qa_sync.agreement.proportions import wilson


def stratified_ratio(
    x: ArrayLike,
    m: ArrayLike,
    stratum: ArrayLike,
    population: ArrayLike,
    group: ArrayLike,
    n_groups: int,
    *,
    level: float = 0.95,
) -> Batch:
    """Return sum w x / sum w m per group, w = N_h / n_h, with the interval of a stratified sample.

    With e = x - p m, the variance of the numerator is the sum over strata of N_h^2 (1 - n_h / N_h) s_h^2(e) / n_h
    (Cochran 1977, §6.11). Strata with one audit of several evaluations are collapsed into one per group, which is
    conservative; one alone is held against the group. Strata without an audit are left out: the ratio speaks for the
    others only. The interval is Wilson's for the independent audits that this variance is worth, times (z / t)^2 with
    Satterthwaite's degrees of freedom (Korn and Graubard 1998).

    Args:
        x: numerators per audit (n,), such as criteria answered alike.
        m: denominators (n,), such as criteria compared.
        stratum: stratum of each audit (n,), 0..H-1.
        population: evaluations N_h in each stratum (H,), at least its audits.
        group: group of each stratum (H,), 0..n_groups-1.
        n_groups: number of groups.
        level: confidence level.

    Returns:
        A Batch (n_groups,) whose n counts audits. No interval where nothing varies.

    Raises:
        ValueError: a stratum has more audits than evaluations, or lengths differ.
    """
    top, bottom = np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64)
    own, size = np.asarray(stratum).astype(np.intp), np.asarray(population, dtype=np.float64)
    of = np.asarray(group).astype(np.intp)
    audits = np.bincount(own, minlength=len(size)).astype(np.float64)
    if not len(top) == len(bottom) == len(own) or len(size) != len(of) or (audits > size).any():
        msg = f"strata: {len(top)} audits, {len(size)} strata; no stratum may have more audits than evaluations"
        raise ValueError(msg)
    weight = divide(size, audits)
    place = of[own]
    total, whole = (np.bincount(place, weights=weight[own] * part, minlength=n_groups) for part in (top, bottom))
    value = divide(total, whole)
    error = top - value[place] * bottom
    mean = divide(np.bincount(own, weights=error, minlength=len(size)), audits)
    squares = np.bincount(own, weights=(error - mean[own]) ** 2, minlength=len(size)) if len(own) else size * 0
    several = audits >= 2
    scatter = divide(squares, audits - 1)
    spread = np.where(several, size**2 * (1 - divide(audits, size)) * divide(scatter, audits), 0.0)
    spread = np.nan_to_num(spread)
    within = np.bincount(of, weights=spread, minlength=n_groups)
    doubts = np.bincount(of, weights=np.nan_to_num(divide(spread**2, audits - 1)), minlength=n_groups)
    single = (audits == 1) & (size > 1)
    singles = np.bincount(of, weights=single, minlength=n_groups)
    guessed = np.where(single, size * np.nan_to_num(mean), 0.0)
    centre = divide(np.bincount(of, weights=guessed, minlength=n_groups), singles)
    apart = np.where(single, (guessed - np.nan_to_num(centre)[of]) ** 2, 0.0)
    collapsed = np.nan_to_num(divide(singles, singles - 1) * np.bincount(of, weights=apart, minlength=n_groups))
    # One alone has no partner: its distance from the whole group's ratio stands in.
    lonely = np.bincount(of, weights=guessed**2, minlength=n_groups)
    collapsed = np.where(singles == 1, lonely, collapsed)
    variance = within + collapsed
    doubt = doubts + divide(collapsed**2, np.maximum(singles - 1, 1))
    df = np.nan_to_num(divide(variance**2, doubt), nan=1.0)
    se = divide(np.sqrt(variance), whole)
    n = np.bincount(place, minlength=n_groups)
    known = se > 1e-12
    # Wilson's for as many independent audits of equal weight as the variance says: shares lie near 1 and lean.
    fewer = (ndtri(0.5 + level / 2) / stdtrit(np.maximum(df, 1.0), 0.5 + level / 2)) ** 2
    worth = np.where(known, divide(value * (1 - value), se**2) * fewer, np.nan)
    lower, upper = wilson(value * worth, worth, level)
    return Batch(
        value=value,
        n=n,
        reason=reasons(
            n_groups,
            (n == 0, NO_DATA),
            (~known, "no interval: no variation within strata"),
        ),
        lower=np.where(known, lower, np.nan),
        upper=np.where(known, upper, np.nan),
        se=np.where(known, se, np.nan),
        method="stratified",
        level=level,
    )
