"""One pool against another: in-house and BPO, blind and not blind, this month and the last.

A raw difference of two pools mixes two things: how they judged, and what they were given to judge. Both are told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr, stdtrit

from qa_sync.agreement.deltas import NO_SCATTER
from qa_sync.agreement.estimate import NO_DATA, Batch, Estimate, Floats, divide, none_if_nan, reasons


def mean_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    level: float = 0.95,
) -> Batch:
    """Return mean1 - mean2 of independent samples with Welch's t interval, per group (G,).

    For the bias of one pool against another's, and for the anchoring gap: bias of audits that were not blind less
    bias of blind ones. ``n`` counts both samples.

    Args:
        mean1: means of the first sample (G,), in points or levels.
        sd1: its standard deviations, n - 1.
        n1: its sizes.
        mean2: means of the second sample.
        sd2: its standard deviations.
        n2: its sizes.
        level: confidence level.
    """
    m1, s1, k1, m2, s2, k2 = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (mean1, sd1, n1, mean2, sd2, n2))
    v1, v2 = divide(s1**2, k1), divide(s2**2, k2)
    both = (k1 > 0) & (k2 > 0)
    value = np.where(both, m1 - m2, np.nan)
    se = np.sqrt(v1 + v2)
    df = _degrees(v1, k1, v2, k2)
    few = both & ((k1 < 2) | (k2 < 2))
    # Two samples without any spread do not make their difference certain: a width of 0 is not knowledge.
    flat = both & ~few & (se == 0)
    half = np.where(flat, np.nan, stdtrit(np.where(np.isfinite(df), np.maximum(df, 1), 1), 0.5 + level / 2) * se)
    half = np.where(few, np.nan, half)
    return Batch(
        value=value,
        n=(k1 + k2).astype(np.int64),
        reason=reasons(len(value), (~both, NO_DATA), (few, "no interval: a sample of one"), (flat, NO_SCATTER)),
        lower=value - half,
        upper=value + half,
        se=np.where(few, np.nan, se),
        method="welch",
        level=level,
    )


def welch_p(mean1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, mean2: ArrayLike, sd2: ArrayLike, n2: ArrayLike) -> Floats:
    """Return how surprising a difference of means is where there is none: Welch's test, two-sided, per group (G,).

    It goes with the interval of :func:`mean_difference`, of whose arguments it takes the same; NaN where that has no
    interval.
    """
    gap = mean_difference(mean1, sd1, n1, mean2, sd2, n2)
    s1, k1, s2, k2 = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (sd1, n1, sd2, n2))
    df = _degrees(divide(s1**2, k1), k1, divide(s2**2, k2), k2)
    return np.where(np.isnan(gap.lower), np.nan, 2 * stdtr(df, -np.abs(divide(gap.value, gap.se))))


def _degrees(v1: Floats, n1: Floats, v2: Floats, n2: Floats) -> Floats:
    """Return degrees of freedom from the variances of two means (Welch, Satterthwaite).

    With a handful of cases the normal distribution sees a difference where there is none.
    """
    return divide((v1 + v2) ** 2, divide(v1**2, n1 - 1) + divide(v2**2, n2 - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference of two rates taken apart (Kitagawa 1955): ``raw`` = ``judged`` + ``mix``.

    Attributes:
        raw: rate of the first pool less the second's, as published, with Newcombe's interval.
        judged: what is left when both have the same mix of strata: the mean of the two pools' shares.
        mix: what the different mix makes.
        shared: share of each pool's cases that lie in strata both have, the smaller of the two; below 1 the rest
            can be compared with nothing and is left out of ``judged`` and ``mix``, which then add up over shared
            strata only.
    """

    raw: Estimate
    judged: Estimate
    mix: float | None
    shared: float | None


def contrast(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95) -> Contrast:
    """Take the difference of two pools' rates apart, from x successes in n cases per stratum, (strata,).

    Strata are what could differ in kind: queue, form, criterion, severity. The interval of ``judged`` is normal, from
    the binomial variances of the strata's rates with half a success and half a failure added where one is all of a
    stratum, which otherwise would claim to be certain.

    Args:
        x1: successes of the first pool.
        n1: cases of the first pool.
        x2: successes of the second.
        n2: cases of the second.
        level: confidence level.
    """
    from qa_sync.agreement.proportions import proportion_difference

    x1, n1, x2, n2 = (np.asarray(a, dtype=np.float64) for a in (x1, n1, x2, n2))
    if not x1.shape == n1.shape == x2.shape == n2.shape or x1.ndim != 1:
        msg = f"contrast: shapes {x1.shape}, {n1.shape}, {x2.shape}, {n2.shape}; give one number a stratum each"
        raise ValueError(msg)
    if (x1 > n1).any() or (x2 > n2).any() or (x1 < 0).any() or (x2 < 0).any():
        msg = "contrast: successes must lie between 0 and the cases of their stratum"
        raise ValueError(msg)
    raw = proportion_difference(x1.sum(), n1.sum(), x2.sum(), n2.sum(), level=level)[0]
    both = (n1 > 0) & (n2 > 0)
    total = int(n1.sum() + n2.sum())
    if not both.any():
        reason = "undefined: no stratum that both pools have" if n1.sum() and n2.sum() else NO_DATA
        nothing = Estimate(value=None, n=total, reason=reason, level=level)
        return Contrast(raw=raw, judged=nothing, mix=None, shared=0.0 if n1.sum() and n2.sum() else None)
    shared = float(min(n1[both].sum() / n1.sum(), n2[both].sum() / n2.sum()))
    x1, n1, x2, n2 = x1[both], n1[both], x2[both], n2[both]
    share1, share2, p1, p2 = n1 / n1.sum(), n2 / n2.sum(), x1 / n1, x2 / n2
    weight = (share1 + share2) / 2
    judged = float((weight * (p1 - p2)).sum())
    mix = float(((share1 - share2) * (p1 + p2) / 2).sum())
    se = float(np.sqrt((weight**2 * (_variance(x1, n1) + _variance(x2, n2))).sum()))
    half = float(ndtri(0.5 + level / 2)) * se
    return Contrast(
        raw=raw,
        judged=Estimate(
            value=judged,
            lower=none_if_nan(max(-1.0, judged - half)),
            upper=none_if_nan(min(1.0, judged + half)),
            se=se,
            n=int(n1.sum() + n2.sum()),
            method="standardised",
            level=level,
        ),
        mix=mix,
        shared=shared,
    )


def _variance(x: Floats, n: Floats) -> Floats:
    edge = (x == 0) | (x == n)
    p = np.where(edge, (x + 0.5) / (n + 1), x / n)
    return np.asarray(p * (1 - p) / n)
