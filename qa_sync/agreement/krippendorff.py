"""Krippendorff's alpha: nominal, ordinal, interval and ratio, with missing values, from coincidences.

alpha = 1 - (N - 1) sum o_ck d_ck^2 / sum n_c n_k d_ck^2 over units with two or more values. A pair-coincidence
bincount makes o, so a million units on a 0-100 scale cost a bincount of 10,201 cells, where packages that build
a (units x levels) table run out of memory.

"ordinal" here is Krippendorff's distance, which depends on how often the levels between were used; it is not
Gwet's ordinal weights (pass ``metric="weights"`` and a weight family for those).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.counts import coincidences_and_units, coincidences_from_counts
from qa_sync.agreement.estimate import NO_DATA, NO_VARIATION, Estimate, Floats, divide, none_if_nan
from qa_sync.agreement.many_raters import ItemRatings, t_interval
from qa_sync.agreement.proportions import require_room
from qa_sync.agreement.weights import Weights, weight_matrix

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")


def squared_distances(metric: Metric, values: Floats, totals: Floats) -> Floats:
    """Return d_ck^2 (q, q) of levels with ``values`` (q,), used ``totals`` (q,) times."""
    c, k = values[:, None], values[None, :]
    if metric == "nominal":
        return 1.0 - np.eye(len(values))
    if metric == "interval":
        return np.asarray((c - k) ** 2)
    if metric == "ratio":
        if (values < 0).any():
            msg = "alpha ratio: some levels have values below 0; a ratio scale starts at 0"
            raise ValueError(msg)
        return np.divide(c - k, c + k, out=np.zeros((len(values),) * 2), where=(c + k) != 0) ** 2
    if metric == "ordinal":
        before = np.cumsum(totals) - totals / 2  # mid-ranks: their differences are the sums between, ends halved
        return np.asarray((before[:, None] - before[None, :]) ** 2)
    msg = f"alpha: metric {metric!r} is not known; use one of {', '.join(METRICS)}"
    raise ValueError(msg)


def alpha_from_coincidences(o: ArrayLike, metric: Metric = "nominal", values: ArrayLike | None = None) -> float:
    """Return alpha of a coincidence matrix (q, q), or NaN where it is undefined (one level used, or no pairs)."""
    matrix = np.asarray(o, dtype=np.float64)
    totals = matrix.sum(axis=1)
    scale = np.arange(1, len(matrix) + 1, dtype=np.float64) if values is None else np.asarray(values, dtype=np.float64)
    distance = squared_distances(metric, scale, totals)
    return float(alpha_of_sums((matrix * distance).sum(), totals, distance))


def alpha_of_sums(found: Floats, totals: Floats, distance: Floats) -> Floats:
    """Return alpha (...,) from summed disagreement sum o d^2 (...,) and the use of every level (..., q)."""
    expected = ((totals @ distance) * totals).sum(axis=-1)
    return np.asarray(1 - divide((totals.sum(axis=-1) - 1) * found, np.where(expected > 0, expected, np.nan)))


def krippendorff_alpha(
    ratings: ArrayLike | ItemRatings,
    n_levels: int | None = None,
    metric: Metric = "nominal",
    *,
    values: ArrayLike | None = None,
) -> Estimate:
    """Return alpha of level codes (units, raters), -1 for missing, or of :class:`ItemRatings`.

    Args:
        ratings: codes on the form's scale, or counts.
        n_levels: levels of the scale; needed for codes.
        metric: "nominal", "ordinal" (levels in order), "interval" or "ratio" (of ``values``).
        values: values of the levels (q,); default 1..q. For 0-100 scores give ``range(101)``.

    Returns:
        An Estimate without interval; n is the number of pairable units. For an interval use
        :func:`qa_sync.agreement.resampling.alpha_interval` (jackknife or bootstrap over units).
        Undefined without pairable units, or when they all hold one level.
    """
    if isinstance(ratings, ItemRatings):
        o = coincidences_from_counts(ratings.counts)
        units = int((ratings.counts.sum(axis=1) >= 2).sum())
    else:
        codes = np.asarray(ratings)
        if n_levels is None:
            msg = "krippendorff_alpha: n_levels is missing; codes need the size of the form's scale"
            raise ValueError(msg)
        o, units = coincidences_and_units(codes, n_levels)
    value = alpha_from_coincidences(o, metric, values)
    if np.isfinite(value):
        return Estimate(value=value, n=units, method="")
    return Estimate(value=None, n=units, reason=NO_VARIATION if units else NO_DATA)


def weighted_alpha(
    ratings: ItemRatings,
    weights: Weights = "identity",
    *,
    levels: Sequence[float] | None = None,
    population: int | None = None,
    level: float = 0.95,
) -> Estimate:
    """Return alpha with agreement weights (Gwet 2014), linearised SE and a t interval with (pairable units - 1) df.

    With weights 1 - d^2 / max d^2 this is Krippendorff's alpha of the distance d: identity is nominal, quadratic
    is interval. The SE linearises the ratio over units. Published software has two variants of it that differ in
    the fourth digit (p_a without or with its 1 / N small-sample term) and disagrees about the df: the SE returned
    is the first (R irrCAC, newer), the interval uses the second, a hair wider, with the df decided in qa-domain §3.3.
    """
    q = ratings.counts.shape[1]
    matrix = weight_matrix(weights, q if levels is None else levels)
    table = ratings.counts[ratings.counts.sum(axis=1) >= 2]
    if not len(table):
        return Estimate(value=None, reason=NO_DATA, level=level)
    size = table.sum(axis=1)
    mean_size = size.mean()
    agreeing = (((table @ matrix.T) * table).sum(axis=1) - size) / (size - 1)
    observed = agreeing.mean() / mean_size
    pooled = table.mean(axis=0) / mean_size
    expected = float(pooled @ matrix @ pooled)
    if 1 - expected <= 1e-12:
        return Estimate(value=None, n=len(table), reason=NO_VARIATION, level=level)
    epsilon = 1 / size.sum()
    lifted = (1 - epsilon) * observed + epsilon
    plain = (observed - expected) / (1 - expected)
    symmetric = (matrix + matrix.T) / 2
    chance = (table @ symmetric @ pooled - expected * size) / mean_size
    n = len(table)
    if population is not None:
        require_room(n, population)
    spare = 1.0 if population is None else 1 - n / population

    def error(base: float) -> float:
        own = agreeing / mean_size - base * (size - mean_size) / mean_size
        terms = (own - expected - 2 * (1 - plain) * chance) / (1 - expected) - plain
        return float(np.sqrt(spare * (terms**2).sum() / (n * (n - 1)))) if n > 1 else float("nan")

    value = float((lifted - expected) / (1 - expected))
    interval = t_interval(
        value, error(lifted), n - 1, n=n, observed=float(lifted), expected=expected, method="linearised", level=level
    )
    return replace(interval, se=none_if_nan(error(observed)))
