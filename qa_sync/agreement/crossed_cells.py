"""Scores of targets by raters as counts and sums per cell, with the sums of squares that ANOVA needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Counts ``m`` and sums ``y`` per target and rater (n, r), the sum of ``squares``, and Henderson's reductions."""

    m: Floats
    y: Floats
    squares: float

    @property
    def by_target(self) -> Floats:
        """Scores per target (n,)."""
        return np.asarray(self.m.sum(axis=1))

    @property
    def by_rater(self) -> Floats:
        """Scores per rater (r,)."""
        return np.asarray(self.m.sum(axis=0))

    @property
    def total(self) -> float:
        """Number of scores."""
        return float(self.m.sum())

    @property
    def filled(self) -> int:
        """Number of cells with a score."""
        return int((self.m > 0).sum())

    @property
    def repeated(self) -> bool:
        """Whether some rater scored a target more than once."""
        return bool(self.m.max() > 1)

    def reduction(self, by: Literal["mean", "target", "rater", "cell"]) -> float:
        """Sum of squares explained by one factor: sum of (group total)^2 / (group size)."""
        if by == "mean":
            return float(self.y.sum() ** 2 / self.total)
        if by == "target":
            return float((self.y.sum(axis=1) ** 2 / self.by_target).sum())
        if by == "rater":
            return float((self.y.sum(axis=0) ** 2 / self.by_rater).sum())
        return float(np.divide(self.y**2, self.m, out=np.zeros(self.m.shape), where=self.m > 0).sum())


def crossed_cells(targets: ArrayLike, raters: ArrayLike, scores: ArrayLike) -> Cells:
    """Put one row per score into cells; scores that are missing are left out, the overall mean is taken out.

    Raises:
        ValueError: the lengths differ.
    """
    y = np.asarray(scores, dtype=np.float64)
    target, rater = np.asarray(targets), np.asarray(raters)
    if not len(y) == len(target) == len(rater):
        msg = f"replicated_icc: {len(target)} targets, {len(rater)} raters, {len(y)} scores; give one of each per score"
        raise ValueError(msg)
    keep = np.isfinite(y)
    names_i, i = np.unique(target[keep], return_inverse=True)
    names_j, j = np.unique(rater[keep], return_inverse=True)
    shape = (len(names_i), len(names_j))
    # Reductions subtract large sums of squares from each other: take the mean out first.
    y = y[keep] - (y[keep].mean() if keep.any() else 0.0)
    flat = i * shape[1] + j
    size = shape[0] * shape[1]
    return Cells(
        m=np.bincount(flat, minlength=size).reshape(shape).astype(np.float64),
        y=np.bincount(flat, weights=y, minlength=size).reshape(shape).astype(np.float64),
        squares=float(y @ y),
    )
