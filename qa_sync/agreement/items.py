"""Agreement on criteria: line-item accuracy, defect-free rate, alignment. The evaluation is the cluster.

Answers of one evaluation hang together, so an interval that counts them as independent is too narrow: line-item
accuracy uses the ratio estimator over evaluations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from qa_sync.agreement.estimate import NO_DATA, Batch, Floats, divide, reasons
from qa_sync.agreement.proportions import finite_population_factor, proportion, wilson


def line_item_accuracy(
    agreeing: ArrayLike,
    compared: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int = 1,
    level: float = 0.95,
    population: ArrayLike | None = None,
) -> Batch:
    """Return agreeing / compared criterion answers per group, with the cluster-aware interval.

    p = sum x / sum m, var = n / ((n - 1) (sum m)^2) sum (x - p m)^2 over the n evaluations of the group. Where all
    evaluations agree alike (variance 0) or there is one only, the interval is Wilson's over evaluations: it cannot
    be narrower than what so few evaluations allow, and ``reason`` says so.

    Args:
        agreeing: agreeing answers of each evaluation pair, x (n,).
        compared: compared answers of it, m (n,).
        groups: group codes (n,) in 0..n_groups-1.
        n_groups: number of groups.
        level: confidence level.
        population: evaluations N (n_groups,) that those audited were drawn from; where n / N > 5 % the interval
            shrinks by the finite population factor.

    Returns:
        A Batch (G,) whose n counts evaluation pairs with at least one compared answer.
    """
    x, m = np.asarray(agreeing, dtype=np.float64), np.asarray(compared, dtype=np.float64)
    group = np.zeros(len(x), dtype=np.intp) if groups is None else np.asarray(groups).astype(np.intp)
    if not len(x) == len(m) == len(group) or (x > m).any() or (x < 0).any():
        sizes = f"{len(x)} agreeing, {len(m)} compared, {len(group)} groups"
        msg = f"line items: {sizes}; give one of each per evaluation, with 0 <= agreeing <= compared"
        raise ValueError(msg)
    keep = m > 0
    x, m, group = x[keep], m[keep], group[keep]
    n = np.bincount(group, minlength=n_groups)
    agree, asked = (np.bincount(group, weights=column, minlength=n_groups) for column in (x, m))
    p = divide(agree, asked)
    squares = np.bincount(group, weights=(x - p[group] * m) ** 2, minlength=n_groups)
    se = np.sqrt(divide(n * squares, (n - 1) * asked**2))
    half = float(ndtri(0.5 + level / 2)) * se
    flat = (n > 0) & ~(se > 1e-12)
    few_lower, few_upper = wilson(p * n, n, level)
    factor = 1.0 if population is None else finite_population_factor(n, population)
    lower = np.where(flat, few_lower, np.maximum(p - half, 0.0))
    upper = np.where(flat, few_upper, np.minimum(p + half, 1.0))
    return Batch(
        value=p,
        n=n,
        reason=reasons(n_groups, (n == 0, NO_DATA), (flat, "interval over evaluations: no variation between them")),
        lower=p - (p - lower) * factor,
        upper=p + (upper - p) * factor,
        se=np.where(n > 1, se, np.nan) * factor,
        method="cluster-ratio",
        level=level,
    )


def defect_free(
    disagreements: ArrayLike, groups: ArrayLike | None = None, n_groups: int = 1, level: float = 0.95
) -> Batch:
    """Return the share of evaluation pairs without any criterion disagreement per group, Wilson interval.

    ``disagreements`` (n,) counts them per pair.
    """
    count = np.asarray(disagreements)
    group = np.zeros(len(count), dtype=np.intp) if groups is None else np.asarray(groups).astype(np.intp)
    clean = np.bincount(group, weights=count == 0, minlength=n_groups)
    return proportion(clean, np.bincount(group, minlength=n_groups), level=level)


def alignment(
    evaluation: ArrayLike,
    auditee_points: ArrayLike,
    auditor_points: ArrayLike,
    max_points: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    n_evaluations: int,
    strict: bool = False,
) -> Floats:
    """Return the alignment of each evaluation pair, (n_evaluations,), NaN where nothing is comparable.

    A_ic = 1 - |x - y| / max per criterion, A_i = sum w A / sum w over the criteria applicable on both sides. It
    ignores the sign and is deliberately not the difference of totals.

    Args:
        evaluation: which pair an answer belongs to (m,), 0..n_evaluations-1.
        auditee_points: points given, NaN for not applicable (m,).
        auditor_points: likewise.
        max_points: points available for the criterion (m,).
        weights: of the criterion (m,); default 1.
        n_evaluations: number of pairs.
        strict: count a criterion that only one side found applicable as 0 instead of leaving it out
            (``alignment_strict``).
    """
    pair = np.asarray(evaluation).astype(np.intp)
    x, y = np.asarray(auditee_points, dtype=np.float64), np.asarray(auditor_points, dtype=np.float64)
    most = np.asarray(max_points, dtype=np.float64)
    weight = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    both = np.isfinite(x) & np.isfinite(y) & (most > 0)
    one = np.isfinite(x) != np.isfinite(y)
    aligned = np.where(both, 1 - divide(np.abs(x - y), most), 0.0)
    counted = (both | one) if strict else both
    top = np.bincount(pair[counted], weights=(weight * aligned)[counted], minlength=n_evaluations)
    return divide(top, np.bincount(pair[counted], weights=weight[counted], minlength=n_evaluations))
