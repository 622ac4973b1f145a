"""ICC from variance components when scores are missing or repeated: within and between raters.

Estimators are Henderson's Method I (models 1A, 1B, 2) and fitting constants (model 3), as Gwet (2014), chapters
8-10, gives them; the estimator is named in every result because others exist and differ (for the published
``iccdata1``: .2521 here, .2486 by the one-way ANOVA n0). ``inter`` is reliability between raters, ``intra`` of
the same rater repeating itself. Balanced scores without repeats give ICC1, ICC2 and ICC3 of :func:`.intraclass.icc`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.crossed_cells import Cells, crossed_cells
from qa_sync.agreement.estimate import NO_SPREAD, TOO_FEW, Estimate, none_if_nan
from qa_sync.agreement.variance_intervals import (
    f_quantile,
    inter_mixed,
    inter_random,
    intra_mixed,
    intra_random,
    unweighted_squares,
)

Model = Literal["1A", "1B", "2", "3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicatedIcc:
    """Variance components (0 or more, None where the model has none) and the two reliabilities.

    ``estimator`` names how the components were estimated.
    """

    model: Model
    interaction: bool
    inter: Estimate
    intra: Estimate
    targets: float | None
    raters: float | None
    crossed: float | None
    error: float
    estimator: str


def replicated_icc(
    targets: ArrayLike,
    raters: ArrayLike,
    scores: ArrayLike,
    model: Model = "2",
    *,
    interaction: bool = True,
    level: float = 0.95,
) -> ReplicatedIcc:
    """Return the ICC of scores with gaps and repeats, one row per score.

    Args:
        targets: what was scored (m,), any values.
        raters: who scored it (m,), any values.
        scores: the scores (m,); missing ones are left out.
        model: "1A" targets only (each by its own raters), "1B" raters only (intra), "2" both random, "3" raters
            fixed.
        interaction: whether models 2 and 3 have a target-by-rater variance; needs repeats, else it is the error.
        level: confidence level.

    Raises:
        ValueError: lengths differ, or the model is unknown.
    """
    cells = crossed_cells(targets, raters, scores)
    n, r = cells.m.shape
    if n < 2 or r < 2 or cells.total <= max(n, r):
        nothing = Estimate(value=None, n=int(cells.total), reason=TOO_FEW, level=level)
        return ReplicatedIcc(
            model=model, interaction=interaction, inter=nothing, intra=nothing, targets=None, raters=None,
            crossed=None, error=float("nan"), estimator="",
        )  # fmt: skip
    if model == "1A":
        return _one_factor(cells, model, level)
    if model == "1B":
        turned = Cells(m=cells.m.T, y=cells.y.T, squares=cells.squares)
        return _one_factor(turned, model, level)
    if model == "2":
        return _random(cells, interaction, level)
    if model == "3":
        return _mixed(cells, interaction, level)
    msg = f"replicated_icc: model {model!r} is not known; use 1A, 1B, 2 or 3"
    raise ValueError(msg)


def _one_factor(cells: Cells, model: Model, level: float) -> ReplicatedIcc:
    """Models 1A and 1B (transposed): one random factor in rows; F interval on the unweighted mean group size."""
    n, total = len(cells.m), cells.total
    error = max(0.0, (cells.squares - cells.reduction("target")) / (total - n))
    k0 = float((cells.m**2 / cells.by_rater).sum())
    between = cells.reduction("target") - cells.reduction("mean")
    variance = max(0.0, (between - (n - 1) * error) / (total - k0))
    value = _share(variance, variance + error)
    lower = upper = float("nan")
    if error > 0:
        f = between / (n - 1) / error
        low, high = f / f_quantile(n - 1, total - n, level), f * f_quantile(total - n, n - 1, level)
        size = total / n
        lower, upper = max(0.0, (low - 1) / (low + size - 1)), min(1.0, (high - 1) / (high + size - 1))
    estimate = _estimate(value, lower, upper, int(total), level)
    none = Estimate(value=None, n=int(total), reason=f"model {model} has no such reliability", level=level)
    return ReplicatedIcc(
        model=model,
        interaction=False,
        inter=estimate if model == "1A" else none,
        intra=none if model == "1A" else estimate,
        targets=variance if model == "1A" else None,
        raters=None if model == "1A" else variance,
        crossed=None,
        error=error,
        estimator="henderson-1",
    )


def _random(cells: Cells, interaction: bool, level: float) -> ReplicatedIcc:
    """Model 2: targets and raters random."""
    n, r = cells.m.shape
    total, rows, columns = cells.total, cells.by_target, cells.by_rater
    k1, k2 = (rows**2).sum() / total, (columns**2).sum() / total
    k3, k4 = float((cells.m**2 / rows[:, None]).sum()), float((cells.m**2 / columns).sum())
    k5 = (cells.m**2).sum() / total
    s_mean, s_target, s_rater = (cells.reduction(by) for by in ("mean", "target", "rater"))
    crossed: float | None = None
    if interaction:
        s_cell = cells.reduction("cell")
        error = max(0.0, (cells.squares - s_cell) / (total - cells.filled)) if cells.repeated else 0.0
        in_rows = (s_cell - s_target - (cells.filled - n) * error) / (total - k3)
        in_columns = (s_cell - s_rater - (cells.filled - r) * error) / (total - k4)
        rest = (total - k1) * in_columns + (k3 - k2) * in_rows - (s_target - s_mean - (n - 1) * error)
        crossed = float(rest / (total - k1 - k2 + k5))
        targets, raters = max(0.0, in_columns - crossed), max(0.0, in_rows - crossed)
        crossed = max(0.0, crossed)
        if not cells.repeated:  # without repeats the interaction cannot be told from the error
            crossed, error = 0.0, crossed
    else:
        by_rows, by_columns = (total - k1) / (total - k4), (total - k2) / (total - k3)
        left_rows, left_columns = cells.squares - s_target, cells.squares - s_rater
        top = by_columns * left_rows + by_rows * left_columns - (cells.squares - s_mean)
        error = top / (by_columns * (total - n) + by_rows * (total - r) - (total - 1))
        targets = max(0.0, (left_columns - (total - r) * error) / (total - k4))
        raters = max(0.0, (left_rows - (total - n) * error) / (total - k3))
        error = max(0.0, error)
    whole = targets + raters + (crossed or 0.0) + error
    inter, intra = _share(targets, whole), _share(whole - error, whole)
    ms = unweighted_squares(cells)
    inter_ends = inter_random(ms, inter, interaction and cells.repeated, level)
    intra_ends = intra_random(ms, intra, level) if interaction and cells.repeated else (np.nan, np.nan)
    return ReplicatedIcc(
        model="2", interaction=interaction, targets=float(targets), raters=float(raters), crossed=crossed,
        error=float(error), inter=_estimate(inter, *inter_ends, int(total), level),
        intra=_estimate(intra, *intra_ends, int(total), level),
        estimator="henderson-1",
    )  # fmt: skip


def _mixed(cells: Cells, interaction: bool, level: float) -> ReplicatedIcc:
    """Model 3: targets random, raters fixed; the additive fit is by least squares (fitting constants)."""
    n, r = cells.m.shape
    total, rows, columns = cells.total, cells.by_target, cells.by_rater
    k4 = float((cells.m**2 / columns).sum())
    s_rater = cells.reduction("rater")
    # Raters after targets: normal equations of the rater effects once the targets' means are taken out.
    share = cells.m / rows[:, None]
    normal = np.diag(columns) - cells.m.T @ share
    right = cells.y.sum(axis=0) - cells.m.T @ (cells.y.sum(axis=1) / rows)
    inverse = np.linalg.pinv(normal, hermitian=True)
    s_additive = cells.reduction("target") + float(right @ inverse @ right)
    crossed: float | None = None
    if interaction and cells.repeated:
        s_cell = cells.reduction("cell")
        error = max(0.0, (cells.squares - s_cell) / (total - cells.filled))
        # E[s_cell - s_additive] holds the interaction variance (total - sum m^2 leverage) times.
        apart = np.eye(r)[None, :, :] - share[:, None, :]
        leverage = 1 / rows[:, None] + np.einsum("ijk,kl,ijl->ij", apart, inverse, apart)
        h = total - float((cells.m**2 * leverage).sum())
        crossed = (s_cell - s_additive - (cells.filled - n - r + 1) * error) / h
        targets = (s_cell - s_rater - (cells.filled - r) * error) / (total - k4) - (r - 1) * crossed / r
        crossed, targets = max(0.0, crossed), max(0.0, targets)
    else:
        error = (cells.squares - s_additive) / (total - n - r + 1)
        targets = max(0.0, (s_additive - s_rater - (n - 1) * error) / (total - k4))
        error = max(0.0, error)
    whole = targets + (crossed or 0.0) + error
    inter = _share(targets - (crossed or 0.0) / (r - 1), whole)
    intra = _share(targets + (crossed or 0.0), whole)
    ms = unweighted_squares(cells)
    crossed_model = interaction and cells.repeated
    inter_ends = inter_mixed(ms, inter, crossed_model, level)
    intra_ends = intra_mixed(ms, intra, level) if crossed_model else (np.nan, np.nan)
    intra_estimate = _estimate(intra, *intra_ends, int(total), level)
    if not cells.repeated:
        intra_estimate = Estimate(value=None, n=int(total), reason="undefined: no repeated scores", level=level)
    return ReplicatedIcc(
        model="3", interaction=interaction, targets=targets, raters=None, crossed=crossed, error=error,
        inter=_estimate(inter, *inter_ends, int(total), level), intra=intra_estimate, estimator="fitting-constants",
    )  # fmt: skip


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _estimate(value: float, lower: float, upper: float, n: int, level: float) -> Estimate:
    if not np.isfinite(value):
        return Estimate(value=None, n=n, reason=NO_SPREAD, level=level)
    return Estimate(
        value=float(value),
        lower=none_if_nan(lower),
        upper=none_if_nan(upper),
        n=n,
        method="F (approximate)",
        level=level,
    )
