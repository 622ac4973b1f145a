"""Agreement of two or more raters with missing ratings: percent, Fleiss, Conger, Brennan-Prediger, Gwet AC1/AC2.

The framework is Gwet (2014): with r_ik raters putting item i in level k and r*_ik = sum_l w_kl r_il,
p_a is the mean over items with two or more ratings of sum_k r_ik (r*_ik - 1) / (r_i (r_i - 1)), and each
coefficient differs in p_e only. Standard errors are by linearisation over items:
v = (1 - f) / (n (n - 1)) sum (k_i - k)^2, with f = n / N when the population of items N is known.

Each coefficient is a function of column sums of per-item parts (:func:`item_parts`), so the jackknife and the
bootstrap of :mod:`qa_sync.agreement.resampling` recompute it from sums, without touching items again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from qa_sync.agreement.counts import marginals, rater_counts
from qa_sync.agreement.estimate import (
    CERTAIN_CHANCE,
    NO_DATA,
    NO_VARIATION,
    ONE_CATEGORY,
    Estimate,
    Floats,
    divide,
    none_if_nan,
)
from qa_sync.agreement.proportions import require_room
from qa_sync.agreement.weights import Weights, weight_matrix

ManyRaterCoefficient = Literal["percent_agreement", "fleiss_kappa", "brennan_prediger", "gwet_ac", "conger_kappa"]

#: Coefficients of many raters that :func:`many_rater_agreement` knows; Conger's needs to know who rated.
MANY_RATER_COEFFICIENTS: tuple[ManyRaterCoefficient, ...] = (
    "percent_agreement",
    "fleiss_kappa",
    "brennan_prediger",
    "gwet_ac",
    "conger_kappa",
)
_CERTAIN = 1e-12


def item_parts(counts: ArrayLike, weights: Floats) -> Floats:
    """Return the additive parts of every item: (n, q + 3).

    Columns: agreement of the item (0 when it has fewer than two ratings), whether it has two or more ratings,
    whether it has any, and the shares r_ik / r_i of the levels.
    """
    table = np.asarray(counts, dtype=np.float64)
    ratings = table.sum(axis=1)
    pairs = ratings * (ratings - 1)
    agreeing = ((table @ weights.T) * table).sum(axis=1) - ratings
    agreement = np.divide(agreeing, pairs, out=np.zeros(len(table)), where=pairs > 0)
    shares = np.divide(table, ratings[:, None], out=np.zeros(table.shape), where=ratings[:, None] > 0)
    return np.column_stack([agreement, ratings >= 2, ratings >= 1, shares])


def from_sums(
    sums: Floats, coefficient: ManyRaterCoefficient, weights: Floats, rater_margins: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return (value, observed, expected), each (...), from column sums (..., q + 3) of :func:`item_parts`.

    ``rater_margins`` (..., r, q) are the counts of levels of every rater, for Conger's kappa only.
    """
    observed = divide(sums[..., 0], sums[..., 1])
    pooled = divide(sums[..., 3:], sums[..., 2:3])
    q = pooled.shape[-1]
    if coefficient == "percent_agreement":
        expected = np.zeros(observed.shape)
    elif coefficient == "fleiss_kappa":
        expected = ((pooled @ weights) * pooled).sum(axis=-1)
    elif coefficient == "brennan_prediger":
        expected = np.full(observed.shape, weights.sum() / q**2)
    elif coefficient == "gwet_ac":
        scale = weights.sum() / (q * (q - 1)) if q > 1 else np.nan
        expected = scale * (pooled * (1 - pooled)).sum(axis=-1)
    elif coefficient == "conger_kappa" and rater_margins is not None:
        expected = _conger_chance(rater_margins, weights)
    else:
        msg = f"coefficient: {coefficient!r}; use one of {', '.join(MANY_RATER_COEFFICIENTS)} (Conger needs ratings)"
        raise ValueError(msg)
    room = 1 - expected
    return divide(observed - expected, np.where(room > _CERTAIN, room, np.nan)), observed, expected


def _conger_chance(margins: Floats, weights: Floats) -> Floats:
    """Mean over ordered pairs of different raters of p_j' W p_j'; raters without ratings take no part."""
    size = margins.sum(axis=-1)
    shares = np.divide(margins, size[..., None], out=np.zeros(margins.shape), where=size[..., None] > 0)
    raters = (size > 0).sum(axis=-1)
    total = shares.sum(axis=-2)
    every = ((total @ weights) * total).sum(axis=-1)
    own = ((shares @ weights) * shares).sum(axis=(-1, -2))
    return divide(every - own, raters * (raters - 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemRatings:
    """Ratings of items by several raters: counts (n, q), and the codes (n, r) where it is known who rated."""

    counts: Floats
    codes: np.ndarray[tuple[int, ...], np.dtype[np.integer]] | None = None

    @classmethod
    def of_codes(cls, codes: ArrayLike, n_levels: int) -> ItemRatings:
        """Take level codes (items, raters), -1 for missing, on a scale of ``n_levels``."""
        matrix = np.asarray(codes)
        return cls(counts=rater_counts(matrix, n_levels).astype(np.float64), codes=matrix)

    @classmethod
    def of_counts(cls, counts: ArrayLike) -> ItemRatings:
        """Take counts of raters (items, levels)."""
        table = np.asarray(counts, dtype=np.float64)
        if table.ndim != 2 or (table.size and not table.min() >= 0):
            msg = f"counts: shape {table.shape}; give (items, levels) with counts of 0 or more"
            raise ValueError(msg)
        return cls(counts=table)

    def margins(self) -> Floats | None:
        """Counts of levels per rater (r, q), or None where it is unknown who rated."""
        return None if self.codes is None else marginals(self.codes, self.counts.shape[1]).astype(np.float64)


def many_rater_agreement(
    ratings: ItemRatings,
    coefficient: ManyRaterCoefficient = "gwet_ac",
    weights: Weights = "identity",
    *,
    levels: Sequence[float] | None = None,
    population: int | None = None,
    level: float = 0.95,
) -> Estimate:
    """Compute one coefficient with its linearised SE and a t interval with n - 1 df, clipped to [-1, 1].

    Args:
        ratings: items and levels; the scale is the form's, so unused levels have their column.
        coefficient: one of :data:`MANY_RATER_COEFFICIENTS`.
        weights: a weight family or a (q, q) matrix.
        levels: values of the levels for the weight families; default 1..q.
        population: number of items N that the rated ones are a sample of.
        level: confidence level.

    Returns:
        An Estimate; n is the number of items with a rating. With perfect agreement the SE is 0 and the interval
        is left out with the reason, because a width of 0 is not knowledge: use a bootstrap or Dirichlet interval.
    """
    counts = ratings.counts
    q = counts.shape[1]
    matrix = weight_matrix(weights, q if levels is None else levels)
    rated = counts.sum(axis=1) >= 1
    parts = item_parts(counts, matrix)[rated]
    margins = ratings.margins() if coefficient == "conger_kappa" else None
    value, observed, expected = (float(x) for x in from_sums(parts.sum(axis=0), coefficient, matrix, margins))
    n = len(parts)
    if not np.isfinite(value):
        return Estimate(
            value=None,
            n=n,
            observed=none_if_nan(observed),
            expected=none_if_nan(expected),
            reason=undefined_reason(counts),
            level=level,
        )
    influence = _influence(ratings, rated, parts, coefficient, matrix, (value, observed, expected))
    if population is not None:
        require_room(n, population)
    spare = 1.0 if population is None else 1 - n / population
    se = float(np.sqrt(spare * (influence**2).sum() / (n * (n - 1)))) if n > 1 else float("nan")
    return t_interval(value, se, n - 1, n=n, observed=observed, expected=expected, method="linearised", level=level)


def _influence(
    ratings: ItemRatings,
    rated: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    parts: Floats,
    coefficient: ManyRaterCoefficient,
    weights: Floats,
    point: tuple[float, float, float],
) -> Floats:
    """Return what each item adds to the coefficient's error, (n,); the terms sum to 0.

    Items with one rating count as n - n' observations without agreement of their own (Gwet 2014, chapter 5):
    that is a little wider than treating n' as fixed by design.
    """
    value, _, expected = point
    n, pairable = len(parts), parts[:, 1].sum()
    share, q = parts[:, 3:], parts.shape[1] - 3
    own = (n / pairable) * (parts[:, 0] - expected * parts[:, 1]) - value * (1 - expected)
    pooled = share.mean(axis=0)
    if coefficient == "fleiss_kappa":
        chance = 2 * (share - pooled) @ ((weights + weights.T) / 2) @ pooled
    elif coefficient == "gwet_ac":
        chance = -2 * weights.sum() / (q * (q - 1)) * (share - pooled) @ pooled
    elif coefficient == "conger_kappa" and ratings.codes is not None:
        chance = _conger_influence(ratings.codes[rated], q, weights)
    else:
        chance = np.zeros(n)
    return np.asarray((own - (1 - value) * chance) / (1 - expected))


def _conger_influence(codes: np.ndarray[tuple[int, ...], np.dtype[np.integer]], q: int, weights: Floats) -> Floats:
    """Derivative of Conger's chance agreement by item: each rater's margin is a ratio over the items it rated."""
    symmetric = (weights + weights.T) / 2
    margins = marginals(codes, q).astype(np.float64)
    size = margins.sum(axis=1)
    codes, margins, size = codes[:, size > 0], margins[size > 0], size[size > 0]
    shares = margins / size[:, None]
    raters = len(size)
    others = (shares.sum(axis=0) - shares) @ symmetric  # (r, q): what a rater's answer meets among the others
    level = others - (others * shares).sum(axis=1)[:, None]
    seen = codes >= 0
    met = np.where(seen, np.take_along_axis(level.T, np.where(seen, codes, 0), axis=0), 0.0)
    return np.asarray(2 / (raters * (raters - 1)) * (met * (len(codes) / size)).sum(axis=1))


def undefined_reason(counts: Floats) -> str:
    """Say why a coefficient of counts (n, q) is missing."""
    if not (counts.sum(axis=1) >= 2).any():
        return NO_DATA
    if counts.shape[1] < 2:
        return ONE_CATEGORY
    return NO_VARIATION if (counts.sum(axis=0) > 0).sum() < 2 else CERTAIN_CHANCE


def t_interval(
    value: float,
    se: float,
    df: float,
    *,
    n: int,
    method: str,
    level: float = 0.95,
    observed: float | None = None,
    expected: float | None = None,
    bounds: tuple[float, float] = (-1.0, 1.0),
) -> Estimate:
    """Return value ± t · se, clipped to ``bounds``; without an interval, and with the reason, where it has no width."""
    reason, lower, upper = "", float("nan"), float("nan")
    if df < 1 or not np.isfinite(se):
        reason = "no interval: fewer than two items"
    elif se <= 1e-12:
        reason = "no interval: no variation between items"
    else:
        half = float(stdtrit(df, 0.5 + level / 2)) * se
        lower, upper = max(bounds[0], value - half), min(bounds[1], value + half)
    return Estimate(
        value=value,
        lower=none_if_nan(lower),
        upper=none_if_nan(upper),
        se=none_if_nan(se),
        n=n,
        observed=observed,
        expected=expected,
        df=df,
        reason=reason,
        method=method,
        level=level,
    )


def fleiss_null_z(counts: ArrayLike) -> float:
    """Return z of Fleiss' kappa = 0 for items with equally many raters (Fleiss, Nee and Landis 1979)."""
    table = np.asarray(counts, dtype=np.float64)
    raters = table.sum(axis=1)
    if not len(table) or (raters != raters[0]).any() or raters[0] < 2:
        msg = "fleiss_null_z: items have different numbers of ratings; the test needs the same two or more on each"
        raise ValueError(msg)
    identity = np.eye(table.shape[1])
    kappa = float(from_sums(item_parts(table, identity).sum(axis=0), "fleiss_kappa", identity)[0])
    p = table.sum(axis=0) / table.sum()
    spread = p @ (1 - p)
    variance = 2 * (spread**2 - (p * (1 - p)) @ (1 - 2 * p)) / (len(table) * raters[0] * (raters[0] - 1) * spread**2)
    return kappa / float(np.sqrt(variance))
