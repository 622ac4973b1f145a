"""Pool against pool without shared raters (in-house and BPO): cross-replication reliability, xRR.

kappa_x = 1 - d_o(X, Y) / d_e(X, Y) over items that both pools rated, normalised by the pools' own reliabilities.
Recalled from Wong, Paritosh and Aroyo (2021) and not yet checked against the paper: **assumed**, and labelled so
wherever it is printed. Off by default.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.dirichlet import DEFAULT_SEED
from qa_sync.agreement.estimate import NO_DATA, NO_VARIATION, Estimate, Floats, divide
from qa_sync.agreement.resampling import ResamplingMethod, resampled_interval
from qa_sync.agreement.weights import Weights, weight_matrix


def cross_reliability(counts_x: ArrayLike, counts_y: ArrayLike, weights: Weights = "identity") -> Estimate:
    """Return kappa_x of two pools from counts of raters per item and level, both (items, q), items in one order.

    Every pair of a rater of X and a rater of Y on one item counts; items that one pool did not rate drop out.
    """
    x, y = np.asarray(counts_x, dtype=np.float64), np.asarray(counts_y, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 2:
        msg = f"cross_reliability: counts are {x.shape} and {y.shape}; give the same items and levels for both"
        raise ValueError(msg)
    both = (x.sum(axis=1) > 0) & (y.sum(axis=1) > 0)
    x, y, n = x[both], y[both], int(both.sum())
    if not n:
        return Estimate(value=None, reason=NO_DATA)
    distance = 1 - weight_matrix(weights, x.shape[1])
    pairs = x.sum(axis=1) * y.sum(axis=1)
    observed = float(((x @ distance) * y).sum() / pairs.sum())
    expected = float(x.sum(axis=0) @ distance @ y.sum(axis=0) / (x.sum() * y.sum()))
    if expected <= 0:
        return Estimate(value=None, n=n, reason=NO_VARIATION)
    return Estimate(value=1 - observed / expected, n=n, observed=1 - observed, expected=1 - expected)


def cross_reliability_interval(
    counts_x: ArrayLike,
    counts_y: ArrayLike,
    weights: Weights = "identity",
    *,
    method: ResamplingMethod = "bootstrap",
    seed: int = DEFAULT_SEED,
    replicates: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Return kappa_x with an interval over items (bootstrap, seed recorded, or jackknife); arguments as above."""
    point = cross_reliability(counts_x, counts_y, weights)
    x, y = np.asarray(counts_x, dtype=np.float64), np.asarray(counts_y, dtype=np.float64)
    both = (x.sum(axis=1) > 0) & (y.sum(axis=1) > 0)
    x, y, q = x[both], y[both], x.shape[1]
    distance = 1 - weight_matrix(weights, q)
    apart = ((x @ distance) * y).sum(axis=1, keepdims=True)
    pairs = (x.sum(axis=1) * y.sum(axis=1))[:, None]

    def statistic(sums: Floats) -> Floats:
        ours, theirs = sums[..., 2 : 2 + q], sums[..., 2 + q :]
        chance = ((ours @ distance) * theirs).sum(axis=-1)
        expected = divide(chance, ours.sum(axis=-1) * theirs.sum(axis=-1))
        return 1 - divide(divide(sums[..., 0], sums[..., 1]), expected)

    found = resampled_interval(
        np.hstack([apart, pairs, x, y]),
        statistic,
        method=method,
        seed=seed,
        replicates=replicates,
        level=level,
        undefined=point.reason or NO_VARIATION,
    )
    return replace(found, observed=point.observed, expected=point.expected)


def normalised_cross_reliability(kappa_x: float, reliability_x: float, reliability_y: float) -> float | None:
    """Return kappa_x / sqrt(IRR_X IRR_Y), or None where a pool's own reliability is not above 0."""
    product = reliability_x * reliability_y
    return kappa_x / product**0.5 if reliability_x > 0 and reliability_y > 0 else None
