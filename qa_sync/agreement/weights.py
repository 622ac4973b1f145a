"""Agreement weights: how much a near miss counts. 1 on the diagonal, 0 for the worst miss.

The families are those of Gwet (2014), *Handbook of Inter-Rater Reliability*, chapter 3. They are computed
over the **form's** scale: a level that nobody used still counts, otherwise the same ratings would give
another weighted kappa each week. "ordinal" here is Gwet's weight family; Krippendorff's ordinal alpha uses a
distance made from the data and is another statistic (:mod:`qa_sync.agreement.krippendorff`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import Floats

#: A name of a family, or a finished (q, q) matrix of agreement weights.
Weights = str | ArrayLike


def _linear(x: Floats) -> Floats:
    return np.abs(x[:, None] - x[None, :])


def _quadratic(x: Floats) -> Floats:
    return np.asarray((x[:, None] - x[None, :]) ** 2)


def _radical(x: Floats) -> Floats:
    return np.sqrt(np.abs(x[:, None] - x[None, :]))


def _ordinal(x: Floats) -> Floats:
    rank = np.argsort(np.argsort(x))
    steps = np.abs(rank[:, None] - rank[None, :])
    return np.asarray((steps + 1) * steps / 2.0)  # the number of pairs of levels between the two: C(steps + 1, 2)


def _ratio(x: Floats) -> Floats:
    if (x <= 0).any():
        msg = "ratio weights: every level needs a value above 0; give the levels their values, or use another family"
        raise ValueError(msg)
    return np.asarray(((x[:, None] - x[None, :]) / (x[:, None] + x[None, :])) ** 2)


def _circular(x: Floats) -> Floats:
    # The scale closes on itself: its circumference is one step more than its range.
    return np.asarray(np.sin(np.pi * (x[:, None] - x[None, :]) / (x.max() - x.min() + 1)) ** 2)


def _bipolar(x: Floats) -> Floats:
    square = (x[:, None] - x[None, :]) ** 2
    pull = (x[:, None] + x[None, :] - 2 * x.min()) * (2 * x.max() - x[:, None] - x[None, :])
    return np.asarray(np.divide(square, pull, out=np.zeros_like(square), where=square > 0))


_DISTANCES: dict[str, Callable[[Floats], Floats]] = {
    "linear": _linear,
    "quadratic": _quadratic,
    "radical": _radical,
    "ordinal": _ordinal,
    "ratio": _ratio,
    "circular": _circular,
    "bipolar": _bipolar,
}

#: Names that :func:`weight_matrix` knows, in the order they are offered.
WEIGHT_FAMILIES = ("identity", *_DISTANCES)


def weight_matrix(weights: Weights, levels: int | Sequence[float] | Floats) -> Floats:
    """Return the (q, q) agreement weights of a scale.

    Args:
        weights: a family (``identity``, ``linear``, ``quadratic``, ``radical``, ``ordinal``, ``ratio``,
            ``circular``, ``bipolar``) or a finished matrix, which is checked and returned.
        levels: the number of levels q of the form's scale (they then have the values 1..q), or the values.

    Raises:
        ValueError: an unknown family, a matrix of another size, a diagonal that is not 1, or weights above 1.

    >>> weight_matrix("linear", 3).tolist()
    [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    """
    values = np.arange(1, levels + 1, dtype=np.float64) if isinstance(levels, int) else np.asarray(levels, np.float64)
    size = len(values)
    if not isinstance(weights, str):
        return _checked(np.asarray(weights, dtype=np.float64), size)
    if weights == "identity":
        return np.eye(size)
    if weights not in _DISTANCES:
        msg = f"weights: {weights!r} is not a family; use one of {', '.join(WEIGHT_FAMILIES)}, or a matrix"
        raise ValueError(msg)
    if len(np.unique(values)) != size:
        msg = f"weights: the {size} levels have equal values among them; every level needs its own"
        raise ValueError(msg)
    if size < 2:
        return np.eye(size)
    distance = _DISTANCES[weights](values)
    return np.asarray(1.0 - distance / distance.max())


def cost_weights(cost: ArrayLike) -> Floats:
    """Return agreement weights from a (q, q) matrix of costs of confusing one level with another.

    The costliest confusion gets weight 0: w = 1 - cost / max cost. The matrix need not be symmetric (rows are
    the auditee, columns the auditor); agreeing must cost nothing.

    Raises:
        ValueError: a matrix that is not square, a negative cost, a cost on the diagonal, or no cost at all.

    >>> cost_weights([[0, 1, 3], [1, 0, 6], [3, 6, 0]])[0].round(3).tolist()
    [1.0, 0.833, 0.5]
    """
    matrix = np.asarray(cost, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        gaps = int((~np.isfinite(matrix)).sum())
        msg = f"cost matrix: shape {matrix.shape} with {gaps} gaps; give q x q finite numbers"
        raise ValueError(msg)
    if (matrix < 0).any() or np.diagonal(matrix).any() or not matrix.any():
        msg = "cost matrix: costs must be 0 on the diagonal, never negative, and not all 0"
        raise ValueError(msg)
    return np.asarray(1.0 - matrix / matrix.max())


def _checked(matrix: Floats, size: int) -> Floats:
    if matrix.shape != (size, size):
        msg = f"weights: the matrix is {matrix.shape}, the scale has {size} levels; give {size} x {size}"
        raise ValueError(msg)
    if not np.isfinite(matrix).all() or not np.allclose(np.diagonal(matrix), 1.0) or (matrix > 1 + 1e-12).any():
        msg = "weights: agreement weights are 1 on the diagonal and at most 1 elsewhere; for costs use cost_weights"
        raise ValueError(msg)
    return matrix
