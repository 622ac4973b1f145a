"""Shrinkage: what an evaluator's few audits say, borrowed strength from all evaluators.

Five audits decide nothing alone. Empirical Bayes pulls every rate towards the programme's, the more so the fewer
audits there are. A value that is shrunken borrows from a population, which must be named beside it. When the
evaluators do not differ more than chance, all values are the pooled one, and it is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri

from qa_sync.agreement.estimate import NO_DATA, Batch, Floats, divide, reasons
from qa_sync.agreement.proportions import wilson

POOLED = "full pooling: the groups do not differ more than chance"
NOT_POOLED = "no shrinkage: the groups differ more than any beta distribution of rates allows"
ONE_GROUP = "full pooling: one group"
ONE_EACH = "full pooling: with one observation a group nobody can tell whether the groups differ"
NO_SCATTER = "no shrinkage: nothing varies within groups"
NO_SPREAD = "no interval: nothing varies within groups"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunken:
    """Shrunken values of J groups with the population they borrow from.

    Attributes:
        estimates: Batch (J,): shrunken value, interval, n; ``reason`` tells groups without data.
        mean: of the population.
        strength: prior observations that the population counts for (M of the beta-binomial; infinity when pooled).
        between: variance between groups.
        note: empty, or that pooling was full or absent, and why.
    """

    estimates: Batch
    mean: float
    strength: float
    between: float
    note: str


def shrink_proportions(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Shrunken:
    """Return beta-binomial empirical Bayes rates of x successes in n per group, (J,).

    m = sum x / sum n, M = m (1 - m) / s^2 - 1 with s^2 by moments, value (x + M m) / (n + M), interval from
    Beta(x + M m, n - x + M (1 - m)). With s^2 <= 0 pooling is full: every value is m with Wilson's interval of all.
    With M = 0 nothing is borrowed: every value is its own with Wilson's interval.
    """
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if x.shape != n.shape or (x > n).any() or (x < 0).any():
        msg = f"shrinkage: {x.size} successes and {n.size} trials; give one of each per group, 0 <= x <= n"
        raise ValueError(msg)
    seen = n > 0
    xs, ns = x[seen], n[seen]
    total, groups = float(ns.sum()), len(ns)
    if not groups:
        nothing = Batch(value=np.full(len(n), np.nan), n=n.astype(np.int64), reason=np.full(len(n), NO_DATA))
        return Shrunken(estimates=nothing, mean=np.nan, strength=np.nan, between=np.nan, note=NO_DATA)
    m = float(xs.sum()) / total
    noise = m * (1 - m)
    bottom = total - float((ns**2).sum()) / total - (groups - 1)
    between = (float((ns * (xs / ns - m) ** 2).sum()) - (groups - 1) * noise) / bottom if bottom > 0 else 0.0
    tail = (1 - level) / 2
    if between <= 0 or groups < 2:
        lower, upper = wilson(xs.sum(), total, level)
        value = np.where(seen, m, np.nan)
        ends = (np.where(seen, lower, np.nan), np.where(seen, upper, np.nan))
        strength, note = float("inf"), ONE_GROUP if groups < 2 else POOLED if bottom > 0 else ONE_EACH
    else:
        strength = max(0.0, noise / between - 1)
        note = NOT_POOLED if strength == 0 else ""
        value = divide(x + strength * m, n + strength)
        if strength == 0:  # nothing is borrowed: a rate of 0 or 1 has no beta posterior, but an interval of its own
            ends = wilson(x, n, level)
        else:
            a, b = x + strength * m, n - x + strength * (1 - m)
            ends = (np.where(seen, betaincinv(a, b, tail), np.nan), np.where(seen, betaincinv(a, b, 1 - tail), np.nan))
        value = np.where(seen, value, np.nan)
    estimates = Batch(
        value=value,
        n=n.astype(np.int64),
        reason=reasons(len(n), (~seen, NO_DATA)),
        lower=ends[0],
        upper=ends[1],
        method="beta-binomial",
        level=level,
    )
    return Shrunken(estimates=estimates, mean=m, strength=strength, between=max(0.0, between), note=note)


def shrink_means(means: ArrayLike, n: ArrayLike, variance: float, level: float = 0.95) -> Shrunken:
    """Return normal-normal shrunken means (bias per evaluator), (J,).

    The weight on a group's own mean is t^2 / (s^2 / n + t^2), with s^2 the variance of one observation within
    groups and t^2 between groups by moments (DerSimonian and Laird). With t^2 <= 0 pooling is full. With s^2 = 0 every
    group keeps its own mean, and there is no interval: a width of 0 is not knowledge.

    Args:
        means: of the groups (J,), NaN without data.
        n: observations of the groups (J,).
        variance: s^2, pooled within groups (see :func:`within_variance`).
        level: confidence level.
    """
    y, n = np.asarray(means, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if not variance >= 0:
        msg = f"shrinkage: within-group variance {variance}; it is 0 or more"
        raise ValueError(msg)
    seen = (n > 0) & np.isfinite(y)
    groups = int(seen.sum())
    if not groups:
        nothing = Batch(value=np.full(len(n), np.nan), n=n.astype(np.int64), reason=np.full(len(n), NO_DATA))
        return Shrunken(estimates=nothing, mean=np.nan, strength=np.nan, between=np.nan, note=NO_DATA)
    if variance == 0:
        return _without_scatter(y, n, seen, level)
    noise = variance / n[seen]
    w = 1 / noise
    centre = float((w * y[seen]).sum() / w.sum())
    q = float((w * (y[seen] - centre) ** 2).sum())
    between = max(0.0, (q - (groups - 1)) / float(w.sum() - (w**2).sum() / w.sum())) if groups > 1 else 0.0
    full = 1 / (noise + between)
    mean = float((full * y[seen]).sum() / full.sum())
    own = between / (noise + between)
    value, spread = np.full(len(n), np.nan), np.full(len(n), np.nan)
    value[seen] = mean + own * (y[seen] - mean)
    # Pooled completely, what is uncertain is the mean itself.
    spread[seen] = np.sqrt(own * noise + (1 - own) ** 2 / full.sum())
    half = float(ndtri(0.5 + level / 2)) * spread
    note = "" if between > 0 else (ONE_GROUP if groups < 2 else POOLED)
    estimates = Batch(
        value=value,
        n=n.astype(np.int64),
        reason=reasons(len(n), (~seen, NO_DATA)),
        lower=value - half,
        upper=value + half,
        se=spread,
        method="normal-normal",
        level=level,
    )
    strength = variance / between if between > 0 else float("inf")
    return Shrunken(estimates=estimates, mean=mean, strength=strength, between=between, note=note)


def _without_scatter(y: Floats, n: Floats, seen: NDArray[np.bool_], level: float) -> Shrunken:
    between = float(y[seen].var(ddof=1)) if seen.sum() > 1 else 0.0
    estimates = Batch(
        value=np.where(seen, y, np.nan),
        n=n.astype(np.int64),
        reason=reasons(len(n), (~seen, NO_DATA), (seen, NO_SPREAD)),
        lower=np.full(len(n), np.nan),
        upper=np.full(len(n), np.nan),
        method="normal-normal",
        level=level,
    )
    return Shrunken(estimates=estimates, mean=float(y[seen].mean()), strength=0.0, between=between, note=NO_SCATTER)


def within_variance(sd: ArrayLike, n: ArrayLike) -> float:
    """Return the pooled variance within groups from their standard deviations (n - 1) and sizes; NaN if unknown."""
    sd, n = np.asarray(sd, dtype=np.float64), np.asarray(n, dtype=np.float64)
    use = (n > 1) & np.isfinite(sd)
    free = float((n[use] - 1).sum())
    return float(((n[use] - 1) * sd[use] ** 2).sum()) / free if free > 0 else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JamesStein:
    """Positive-part James-Stein values towards the grand mean: mean + c (y - mean)."""

    values: Floats
    mean: float
    c: float


def james_stein(y: ArrayLike, variance: float) -> JamesStein:
    """Return c = 1 - (k - 3) s^2 / sum (y - mean)^2, at least 0, and the k shrunken values (Efron, Morris 1975).

    ``variance`` is s^2 of one y, the same for all; at least four values are needed.
    """
    y = np.asarray(y, dtype=np.float64)
    if len(y) < 4:
        msg = f"james_stein: {len(y)} values; it needs four or more"
        raise ValueError(msg)
    mean = float(y.mean())
    spread = float(((y - mean) ** 2).sum())
    c = max(0.0, 1 - (len(y) - 3) * variance / spread) if spread > 0 else 0.0
    return JamesStein(values=mean + c * (y - mean), mean=mean, c=c)


def rankable(n: ArrayLike, n_min: int = 5) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which groups may be ranked at all: those with n_min observations or more. The others show n only."""
    return np.asarray(np.asarray(n) >= n_min)
