"""Cohen's kappa against chance: the null standard error and the two-sided test, and the paradox indices.

A p-value is never shown by default (qa-domain §3.3): with two raters who try, kappa > 0 is not news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtr

from qa_sync.agreement.estimate import Floats, divide
from qa_sync.agreement.two_raters import as_tables
from qa_sync.agreement.weights import Weights, weight_matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KappaTest:
    """z test of kappa = 0: arrays (G,). ``p`` is two-sided; ``se_null`` is the SE if agreement were chance."""

    se_null: Floats
    z: Floats
    p: Floats


def kappa_test(tables: ArrayLike, weights: Weights = "identity", *, levels: Sequence[float] | None = None) -> KappaTest:
    """Test Cohen's (weighted) kappa of tables (q, q) or (G, q, q) against 0.

    The null variance is that of Fleiss, Cohen and Everitt (1969):
    (sum a_k b_l (w_kl - w_k. - w_.l)^2 - p_e^2) / (n (1 - p_e)^2). NaN where kappa is undefined.
    """
    counts = as_tables(tables)
    matrix = weight_matrix(weights, counts.shape[1] if levels is None else levels)
    n = counts.sum(axis=(1, 2))
    p = divide(counts, n[:, None, None])
    a, b = p.sum(axis=2), p.sum(axis=1)
    expected = ((a @ matrix) * b).sum(axis=1)
    observed = (p * matrix).sum(axis=(1, 2))
    surprise = matrix - (b @ matrix.T)[:, :, None] - (a @ matrix)[:, None, :]
    variance = (a[:, :, None] * b[:, None, :] * surprise**2).sum(axis=(1, 2)) - expected**2
    room = np.where(1 - expected > 1e-12, 1 - expected, np.nan)
    se_null = np.sqrt(divide(np.maximum(variance, 0.0), n)) / room
    z = divide((observed - expected) / room, se_null)
    return KappaTest(se_null=se_null, z=z, p=2 * ndtr(-np.abs(z)))


def t_test_p(value: float, se: float, df: float) -> float:
    """Return the two-sided p-value of value = 0 from a standard error and t degrees of freedom."""
    return float(2 * stdtr(df, -abs(value / se)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParadoxIndices:
    """Why kappa may be low although people agree: arrays (G,), NaN without pairs (Byrt, Bishop, Carlin 1993).

    Attributes:
        prevalence: for two levels |p_11 - p_22|; for q levels the same idea, (max pi - 1/q) / (1 - 1/q) of the
            pooled share pi, which for two levels equals it. 0 is balanced, 1 is all in one level.
        bias: half the sum of |a_k - b_k|; for two levels |p_12 - p_21|. 0 is equal margins.
        note: whether kappa is below AC1 for reasons of prevalence: agreement at least .8 and prevalence at least .6.
    """

    prevalence: Floats
    bias: Floats
    note: np.ndarray[tuple[int], np.dtype[np.bool_]]


def paradox_indices(tables: ArrayLike) -> ParadoxIndices:
    """Return prevalence and bias index of tables (q, q) or (G, q, q), to print beside every kappa."""
    counts = as_tables(tables)
    q = counts.shape[1]
    p = divide(counts, counts.sum(axis=(1, 2))[:, None, None])
    a, b = p.sum(axis=2), p.sum(axis=1)
    pooled = (a + b) / 2
    prevalence = np.zeros(len(counts)) if q < 2 else (pooled.max(axis=1) - 1 / q) / (1 - 1 / q)
    bias = np.abs(a - b).sum(axis=1) / 2
    agreement = np.trace(p, axis1=1, axis2=2)
    return ParadoxIndices(prevalence=prevalence, bias=bias, note=(agreement >= 0.8) & (prevalence >= 0.6))
