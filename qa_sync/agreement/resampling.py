"""Jackknife and bootstrap over items or clusters, from additive parts: for many raters, alpha, and anything else.

A statistic of column sums can be recomputed without items: a bootstrap replicate is a row of multiplicities
times the parts, a jackknife value the total minus one row. The unit that is resampled must be what was sampled
independently, usually the interaction: pass ``clusters`` when one interaction gave several rows.

The bootstrap records its seed; the jackknife needs none and is the deterministic alternative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.dirichlet import DEFAULT_SEED
from qa_sync.agreement.estimate import TOO_FEW, Estimate, Floats, none_if_nan
from qa_sync.agreement.krippendorff import Metric, alpha_from_coincidences, alpha_of_sums, squared_distances
from qa_sync.agreement.many_raters import (
    ItemRatings,
    ManyRaterCoefficient,
    from_sums,
    item_parts,
    t_interval,
    undefined_reason,
)
from qa_sync.agreement.weights import Weights, weight_matrix

ResamplingMethod = Literal["bootstrap", "jackknife"]
Statistic = Callable[[Floats], Floats]
_BLOCK = 1 << 22


def cluster_sums(parts: Floats, clusters: ArrayLike | None) -> Floats:
    """Add the rows of ``parts`` (n, m) that share a cluster: (clusters, m). Without clusters, the rows themselves."""
    if clusters is None:
        return parts
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    size = int(place.max()) + 1 if len(place) else 0
    return np.column_stack([np.bincount(place, weights=column, minlength=size) for column in parts.T])


def bootstrap_values(parts: Floats, statistic: Statistic, *, seed: int, replicates: int = 2000) -> Floats:
    """Return the statistic (replicates,) of resampled sums of ``parts`` (n, m); NaN where it was undefined.

    ``statistic`` takes sums (..., m) and returns (...,).
    """
    n = len(parts)
    generator = np.random.default_rng(seed)
    out = np.empty(replicates)
    step = max(1, _BLOCK // max(n, 1))
    share = np.full(n, 1.0 / n)
    for start in range(0, replicates, step):
        stop = min(start + step, replicates)
        times = generator.multinomial(n, share, size=stop - start).astype(np.float64)
        out[start:stop] = statistic(times @ parts)
    return out


def resampled_interval(
    parts: ArrayLike,
    statistic: Statistic,
    *,
    method: ResamplingMethod = "bootstrap",
    clusters: ArrayLike | None = None,
    seed: int = DEFAULT_SEED,
    replicates: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] = (-1.0, 1.0),
    undefined: str = TOO_FEW,
) -> Estimate:
    """Return a statistic of sums with a percentile-bootstrap or jackknife-t interval over rows or clusters.

    Args:
        parts: additive parts (n, m).
        statistic: from sums (..., m) to values (...,); NaN where undefined.
        method: "bootstrap" (seed recorded) or "jackknife" (deterministic).
        clusters: what each row belongs to (n,), any hashable values; the clusters are resampled.
        seed: of the bootstrap.
        replicates: of the bootstrap.
        level: confidence level.
        bounds: of the statistic; the interval is clipped to them.
        undefined: the reason given when the statistic itself has no value.

    Returns:
        An Estimate whose n counts rows (or clusters). Replicates without a value are left out; when more than one
        in twenty had none, ``reason`` says so, because such an interval is too narrow.
    """
    table = cluster_sums(np.asarray(parts, dtype=np.float64), clusters)
    n = len(table)
    value = float(statistic(table.sum(axis=0))) if n else float("nan")
    if not np.isfinite(value):
        return Estimate(value=None, n=n, reason=undefined, method=method, level=level)
    if n < 2:
        return Estimate(value=value, n=n, reason="no interval: fewer than two units", method=method, level=level)
    if method == "jackknife":
        left_out = statistic(table.sum(axis=0) - table)
        good = left_out[np.isfinite(left_out)]
        se = float(np.sqrt((n - 1) / n * ((good - good.mean()) ** 2).sum())) if len(good) > 1 else float("nan")
        estimate = t_interval(value, se, n - 1, n=n, method="jackknife", level=level, bounds=bounds)
        return estimate if len(good) == n else replace(estimate, reason="interval without undefined replicates")
    if method != "bootstrap":
        msg = f"resampling: method {method!r} is not known; use bootstrap or jackknife"
        raise ValueError(msg)
    drawn = bootstrap_values(table, statistic, seed=seed, replicates=replicates)
    good = drawn[np.isfinite(drawn)]
    tail = (1 - level) / 2
    lower, upper = np.quantile(good, [tail, 1 - tail]) if len(good) else (np.nan, np.nan)
    lost = 1 - len(good) / replicates
    spread = float(good.std(ddof=1)) if len(good) > 1 else float("nan")
    if spread <= 1e-12:
        # Every replicate repeats one value: that is no knowledge of what other items would have shown.
        why = "no interval: no variation between items"
        return Estimate(value=value, se=spread, n=n, reason=why, method="bootstrap", level=level, seed=seed)
    return Estimate(
        value=value,
        lower=none_if_nan(max(bounds[0], float(lower))),
        upper=none_if_nan(min(bounds[1], float(upper))),
        se=none_if_nan(spread),
        n=n,
        reason=f"interval too narrow: undefined in {lost:.0%} of replicates" if lost > 0.05 else "",
        method="bootstrap",
        level=level,
        seed=seed,
    )


def many_rater_interval(
    ratings: ItemRatings,
    coefficient: ManyRaterCoefficient = "gwet_ac",
    weights: Weights = "identity",
    *,
    method: ResamplingMethod = "bootstrap",
    clusters: ArrayLike | None = None,
    seed: int = DEFAULT_SEED,
    replicates: int = 2000,
    level: float = 0.95,
    levels: Sequence[float] | None = None,
) -> Estimate:
    """Return a coefficient of many raters with an interval over items or clusters of items (``clusters`` (n,))."""
    q = ratings.counts.shape[1]
    matrix = weight_matrix(weights, q if levels is None else levels)
    parts = item_parts(ratings.counts, matrix)
    raters = 0
    if coefficient == "conger_kappa" and ratings.codes is not None:
        raters = ratings.codes.shape[1]
        chosen = ratings.codes[:, :, None] == np.arange(q)
        parts = np.hstack([parts, chosen.reshape(len(parts), -1)])

    def statistic(sums: Floats) -> Floats:
        margins = sums[..., q + 3 :].reshape(*sums.shape[:-1], raters, q) if raters else None
        return from_sums(sums[..., : q + 3], coefficient, matrix, margins)[0]

    return resampled_interval(
        parts,
        statistic,
        method=method,
        clusters=clusters,
        seed=seed,
        replicates=replicates,
        level=level,
        undefined=undefined_reason(ratings.counts),
    )


def alpha_interval(
    ratings: ItemRatings,
    metric: Metric = "nominal",
    *,
    values: ArrayLike | None = None,
    method: ResamplingMethod = "bootstrap",
    clusters: ArrayLike | None = None,
    seed: int = DEFAULT_SEED,
    replicates: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Return Krippendorff's alpha with an interval over pairable units or clusters of them.

    For scales of more than 20 levels the ordinal distance is kept as the whole sample has it; the other metrics
    do not depend on the sample.
    """
    rated = ratings.counts.sum(axis=1) >= 2
    table = ratings.counts[rated]
    kept = None if clusters is None else np.asarray(clusters)[rated]
    q = table.shape[1]
    spread = np.maximum(table.sum(axis=1) - 1, 1)[:, None]
    scale = np.arange(1, q + 1, dtype=np.float64) if values is None else np.asarray(values, dtype=np.float64)
    statistic: Statistic
    if metric == "ordinal" and q <= 20:
        pairs = (table[:, :, None] * table[:, None, :] - table[:, :, None] * np.eye(q)) / spread[:, :, None]
        parts = pairs.reshape(len(table), q * q)

        def statistic(sums: Floats) -> Floats:
            squares = sums.reshape(-1, q, q)
            return np.array([alpha_from_coincidences(o, "ordinal") for o in squares]).reshape(sums.shape[:-1])

    else:
        distance = squared_distances(metric, scale, table.sum(axis=0))
        found = ((table @ distance) * table).sum(axis=1, keepdims=True) / spread
        parts = np.hstack([found, table])

        def statistic(sums: Floats) -> Floats:
            return alpha_of_sums(sums[..., 0], sums[..., 1:], distance)

    return resampled_interval(
        parts,
        statistic,
        method=method,
        clusters=kept,
        seed=seed,
        replicates=replicates,
        level=level,
        undefined=undefined_reason(table),
    )
