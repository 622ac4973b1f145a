"""Agreement of two raters from (q, q) tables: percent, Cohen, Scott, Brennan-Prediger, Gwet, alpha, Bangdiwala.

Tables have the auditee in rows and the auditor in columns; a batch (G, q, q) is computed at once. All but
Bangdiwala's B share one form (Gwet 2014): coefficient = (p_a - p_e) / (1 - p_e), with agreement weights in both.

Standard errors are by linearisation of the multinomial table: with h_kl the derivative of the coefficient by
p_kl, var = (E[h^2] - E[h]^2) / n. For Cohen's kappa this is Fleiss, Cohen and Everitt (1969). For
Krippendorff's alpha the SE is Scott's, whose value alpha approaches as n grows (as irrCAC does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import (
    CERTAIN_CHANCE,
    NO_DATA,
    NO_VARIATION,
    ONE_CATEGORY,
    Batch,
    Floats,
    Ints,
    Texts,
    divide,
    reasons,
)
from qa_sync.agreement.proportions import require_room
from qa_sync.agreement.weights import Weights, weight_matrix

Coefficient = Literal[
    "percent_agreement", "cohen_kappa", "scott_pi", "brennan_prediger", "gwet_ac", "krippendorff_alpha", "bangdiwala_b"
]

#: Coefficients of two raters that :func:`two_rater_agreement` knows.
TWO_RATER_COEFFICIENTS: tuple[Coefficient, ...] = (
    "percent_agreement",
    "cohen_kappa",
    "scott_pi",
    "brennan_prediger",
    "gwet_ac",
    "krippendorff_alpha",
    "bangdiwala_b",
)
# 1 - p_e below this is rounding of 0: chance agreement is certain and the coefficient says nothing.
_CERTAIN = 1e-12
# Levels up to which rows are added one by one instead of by a matrix product.
_SMALL = 16


def point_values(
    cells: Floats, wanted: Sequence[tuple[Coefficient, Floats]], n: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return (values, observed, expected), each (len(wanted), B), of B flattened tables.

    This is the one place where the coefficients are computed; tables of counts, of proportions and the draws
    of an interval all come through it. Cells are reduced row by row, without BLAS: on tables this small its
    threads cost more than they save.

    Args:
        cells: (q * q, B) counts or any multiple of them, auditee-major, one table a column.
        wanted: pairs of coefficient and agreement weights (q, q).
        n: number of pairs (B,), needed by alpha's small-sample term only; default: the sum of the cells.
    """
    q = round(cells.shape[0] ** 0.5)
    cube = cells.reshape(q, q, cells.shape[-1])
    a, b = cube.sum(axis=1), cube.sum(axis=0)
    total = a.sum(axis=0)
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    a, b = a * scale, b * scale
    shape = (len(wanted), cells.shape[1])
    values, observed, expected = np.empty(shape), np.empty(shape), np.empty(shape)
    for position, (coefficient, weights) in enumerate(wanted):
        if coefficient == "bangdiwala_b":  # the share of the margins' squares that the diagonal's squares fill
            diagonal = divide(cells[:: q + 1], total)
            observed[position], expected[position] = diagonal.sum(axis=0), np.nan
            values[position] = divide((diagonal**2).sum(axis=0), (a * b).sum(axis=0))
            continue
        if _is_identity(weights):
            observed[position] = cells[:: q + 1].sum(axis=0) * scale
        else:
            observed[position] = np.einsum("c,cb->b", weights.ravel(), cells) * scale
        expected[position] = _chance(coefficient, weights, a, b)
        if coefficient == "krippendorff_alpha":
            epsilon = divide(0.5, total if n is None else n)  # 1 / (number of values)
            observed[position] = (1 - epsilon) * observed[position] + epsilon
        room = 1.0 - expected[position]
        values[position] = divide(observed[position] - expected[position], np.where(room > _CERTAIN, room, np.nan))
    values += 0.0  # -0.0 prints badly
    empty = total <= 0
    if empty.any():
        for block in (values, observed, expected):
            block[:, empty] = np.nan
    return values, observed, expected


def _chance(coefficient: Coefficient, weights: Floats, a: Floats, b: Floats) -> Floats:
    """Return the expected agreement (B,) from the margins a and b, (q, B)."""
    q, size = a.shape
    if coefficient == "percent_agreement":
        return np.zeros(size)
    if coefficient == "cohen_kappa":
        return _bilinear(weights, a, b)
    pooled = (a + b) / 2
    if coefficient in ("scott_pi", "krippendorff_alpha"):
        return _bilinear(weights, pooled, pooled)
    if coefficient == "brennan_prediger":
        return np.full(size, weights.sum() / q**2)
    if coefficient == "gwet_ac":
        if q < 2:
            return np.ones(size)
        return np.asarray(weights.sum() / (q * (q - 1)) * (1 - np.einsum("kb,kb->b", pooled, pooled)))
    msg = f"coefficient: {coefficient!r} is not known; use one of {', '.join(TWO_RATER_COEFFICIENTS)}"
    raise ValueError(msg)


def _bilinear(weights: Floats, a: Floats, b: Floats) -> Floats:
    """Return sum_kl w_kl a_k b_l per column."""
    if _is_identity(weights):
        met = a
    elif len(weights) > _SMALL:
        met = weights.T @ a
    else:
        met = np.stack([np.einsum("k,kb->b", column, a) for column in weights.T])
    return np.asarray(np.einsum("kb,kb->b", met, b))


def _is_identity(weights: Floats) -> bool:
    """Whether only equal levels agree: the most frequent case, and the cheapest."""
    return bool((weights == np.eye(len(weights))).all())


def _chance_slope(coefficient: Coefficient, weights: Floats, a: Floats, b: Floats) -> Floats:
    """Return the derivative of the expected agreement by every p_kl, (B, q, q)."""
    q = a.shape[1]
    if coefficient == "cohen_kappa":
        rows, columns = b @ weights.T, a @ weights
    elif coefficient in ("scott_pi", "krippendorff_alpha"):
        rows = columns = ((a + b) / 2) @ ((weights + weights.T) / 2)
    elif coefficient == "gwet_ac" and q > 1:
        rows = columns = weights.sum() / (q * (q - 1)) * (1 - a - b) / 2
    else:
        return np.zeros((len(a), q, q))
    return np.asarray(rows[:, :, None] + columns[:, None, :])


def two_rater_agreement(
    tables: ArrayLike,
    coefficient: Coefficient = "cohen_kappa",
    weights: Weights = "identity",
    *,
    levels: Sequence[float] | None = None,
    population: ArrayLike | None = None,
) -> Batch:
    """Compute one coefficient with its standard error for one table (q, q) or a batch (G, q, q).

    Args:
        tables: counts, auditee in rows; every level of the form's scale has its row and column, used or not.
        coefficient: one of :data:`TWO_RATER_COEFFICIENTS`.
        weights: a weight family or a (q, q) matrix of agreement weights. Bangdiwala's B takes none.
        levels: values of the levels for the weight families; default 1..q.
        population: number of pairs N that the tables are a sample of, for the finite population correction.

    Returns:
        A Batch of G (1 for a single table) without interval: see :mod:`qa_sync.agreement.dirichlet`.
        Where everybody chose one category, kappa, pi and alpha are undefined (no variation); percent agreement,
        Brennan-Prediger and AC stay defined, because they take chance from the form's scale.

    Raises:
        ValueError: tables are not square or hold negative counts; weights do not fit the scale.
    """
    counts = as_tables(tables)
    matrix = weight_matrix(weights, counts.shape[1] if levels is None else levels)
    flat = counts.reshape(len(counts), counts.shape[1] ** 2)
    n = flat.sum(axis=1)
    (value,), (observed,), (expected,) = point_values(flat.T, [(coefficient, matrix)])
    h = _slopes(counts, coefficient, matrix, value, expected)
    p = divide(counts, n[:, None, None])
    centred = h - (p * h).sum(axis=(1, 2))[:, None, None]  # squares of differences: no cancellation near 0
    se = np.sqrt(divide((p * centred**2).sum(axis=(1, 2)), n))
    if population is not None:
        require_room(n, population)
        se = se * np.sqrt(np.clip(1.0 - divide(n, population), 0.0, 1.0))
    return Batch(
        value=value,
        n=np.rint(n).astype(np.int64),
        reason=undefined_reasons(counts, value),
        se=np.where(np.isfinite(value), se, np.nan),
        observed=observed,
        expected=expected,
    )


def percent_agreement(tables: ArrayLike, weights: Weights = "identity") -> Batch:
    """Return the share of pairs with the same answer, tables (q, q) or (G, q, q); weights let near misses count."""
    return two_rater_agreement(tables, "percent_agreement", weights)


def cohen_kappa(tables: ArrayLike, weights: Weights = "identity") -> Batch:
    """Return Cohen's (weighted) kappa of tables (q, q) or (G, q, q): see :func:`two_rater_agreement`."""
    return two_rater_agreement(tables, "cohen_kappa", weights)


def scott_pi(tables: ArrayLike, weights: Weights = "identity") -> Batch:
    """Return Scott's pi of tables (q, q) or (G, q, q): see :func:`two_rater_agreement`."""
    return two_rater_agreement(tables, "scott_pi", weights)


def brennan_prediger(tables: ArrayLike, weights: Weights = "identity") -> Batch:
    """Return Brennan and Prediger's coefficient of tables (q, q) or (G, q, q): see :func:`two_rater_agreement`."""
    return two_rater_agreement(tables, "brennan_prediger", weights)


def gwet_ac(tables: ArrayLike, weights: Weights = "identity") -> Batch:
    """Return Gwet's AC1, with weights AC2 of tables (q, q) or (G, q, q): see :func:`two_rater_agreement`."""
    return two_rater_agreement(tables, "gwet_ac", weights)


def bangdiwala_b(tables: ArrayLike) -> Batch:
    """Return Bangdiwala's B of tables (q, q) or (G, q, q): see :func:`two_rater_agreement`."""
    return two_rater_agreement(tables, "bangdiwala_b")


def _slopes(counts: Floats, coefficient: Coefficient, weights: Floats, value: Floats, expected: Floats) -> Floats:
    """Return the derivative of the coefficient by every p_kl, (G, q, q)."""
    n = counts.sum(axis=(1, 2))
    a, b = divide(counts.sum(axis=2), n[:, None]), divide(counts.sum(axis=1), n[:, None])
    if coefficient == "bangdiwala_b":
        q = counts.shape[1]
        diagonal = divide(np.diagonal(counts, axis1=1, axis2=2), n[:, None])
        bottom = (a * b).sum(axis=1)[:, None, None]
        top = 2 * diagonal[:, :, None] * np.eye(q) - value[:, None, None] * (b[:, :, None] + a[:, None, :])
        return divide(top, bottom)
    slack = value
    if coefficient == "krippendorff_alpha":  # the SE is Scott's: leave alpha's small-sample term out
        (slack,), _, _ = point_values(counts.reshape(len(counts), counts.shape[1] ** 2).T, [("scott_pi", weights)])
    pull = (1 - slack)[:, None, None] * _chance_slope(coefficient, weights, a, b)
    return divide(weights - pull, (1 - expected)[:, None, None])


def undefined_reasons(tables: Floats | Ints, value: Floats) -> Texts:
    """Say why values (G,) of tables (G, q, q) are missing: no pairs, no variation, certain chance agreement."""
    seen = ((tables.sum(axis=1) + tables.sum(axis=2)) > 0).sum(axis=1)
    missing = ~np.isfinite(value)
    return reasons(
        len(value),
        (missing & (seen == 0), NO_DATA),
        (missing & np.full(len(value), tables.shape[1] < 2), ONE_CATEGORY),
        (missing & (seen == 1), NO_VARIATION),
        (missing, CERTAIN_CHANCE),
    )


def as_tables(tables: ArrayLike) -> Floats:
    """Return tables as float (G, q, q); a single (q, q) becomes a batch of one.

    Raises:
        ValueError: not square, or with negative or missing counts.
    """
    counts = np.asarray(tables, dtype=np.float64)
    if counts.ndim == 2:
        counts = counts[None]
    if counts.ndim != 3 or counts.shape[1] != counts.shape[2]:
        msg = f"tables: shape {np.shape(tables)}; give (q, q) or (G, q, q), auditee in rows"
        raise ValueError(msg)
    if counts.size and not (counts.min() >= 0):
        msg = "tables: some counts are negative or missing; counts are 0 or more"
        raise ValueError(msg)
    return counts
