"""Approximate intervals of reliabilities from variance components (Gwet 2014, chapters 8-10): F, Satterthwaite df."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri

from qa_sync.agreement.crossed_cells import Cells
from qa_sync.agreement.estimate import ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Squares:
    """Mean squares that treat unequal cells as if they were equal: the base of the approximate intervals."""

    n: int
    r: int
    total: float
    targets: float
    raters: float
    crossed: float
    error: float
    residual: float


def unweighted_squares(cells: Cells) -> Squares:
    """Return the mean squares of cells (n targets, r raters)."""
    n, r = cells.m.shape
    total = cells.total
    rows, columns = cells.y.sum(axis=1) / cells.by_target, cells.y.sum(axis=0) / cells.by_rater
    mean = cells.y.sum() / total
    cell = np.divide(cells.y, cells.m, out=np.zeros(cells.m.shape), where=cells.m > 0)
    fitted = rows[:, None] + columns - mean
    off = cells.m * (cell - fitted) ** 2
    within = cells.squares - cells.reduction("cell")
    return Squares(
        n=n,
        r=r,
        total=total,
        targets=float((cells.by_target * (rows - mean) ** 2).sum()) / (n - 1),
        raters=float((cells.by_rater * (columns - mean) ** 2).sum()) / (r - 1),
        crossed=float(off.sum()) / ((r - 1) * (n - 1)),
        error=within / (total - r * n) if total > r * n else 0.0,
        residual=(within + float(off.sum())) / (total - r - n + 1),
    )


def inter_random(ms: Squares, icc: float, crossed: bool, level: float) -> tuple[float, float]:
    """Return the interval of reliability between raters, model 2; NaN where it has none."""
    n, r, total = ms.n, ms.r, ms.total
    if not icc < 1:
        return float("nan"), float("nan")
    odds = icc / (1 - icc)
    noise = ms.crossed if crossed else ms.residual
    terms: list[tuple[float, float]] = [(r * odds / n * ms.raters, r - 1)]
    if crossed:
        terms.append(((1 + r * (n - 1) * odds / n) * noise, (r - 1) * (n - 1)))
        terms.append(((total / n - r) * odds * ms.error, total - r * n))
        rest = r * ms.raters + (r * n - r - n) * noise + (total - r * n) * ms.error
    else:
        terms += [((1 + (total - r) * odds / n) * noise, total - r - n + 1)]
        rest = r * ms.raters + (total - n - r) * noise
    v = _satterthwaite(terms)
    low, high = f_quantile(n - 1, v, level), f_quantile(v, n - 1, level)
    lower = ratio(n * (ms.targets - low * noise), n * ms.targets + low * rest)
    upper = ratio(n * (high * ms.targets - noise), n * high * ms.targets + rest)
    return _around(icc, lower, upper)


def intra_random(ms: Squares, icc: float, level: float) -> tuple[float, float]:
    """Return the interval of reliability within raters, model 2 with interaction; NaN where it has none."""
    n, r, total = ms.n, ms.r, ms.total
    if ms.error <= 0 or not icc < 1 or total <= r * n:
        return float("nan"), float("nan")
    odds = total * icc / (1 - icc)
    a, b, c = 1 / (r + odds / n), 1 / (n + odds / r), (r * n - n - r) / (r * n + odds)
    v = _satterthwaite([(a * ms.targets, n - 1), (b * ms.raters, r - 1), (c * ms.crossed, (r - 1) * (n - 1))])
    signal = n * ms.targets + r * ms.raters + (r * n - n - r) * ms.crossed
    return _intra_ends(icc, signal, r * n, total - r * n, ms.error, v, total - r * n, level)


def inter_mixed(ms: Squares, icc: float, crossed: bool, level: float) -> tuple[float, float]:
    """Return the interval of reliability between raters, model 3; NaN where it has none."""
    n, r, total = ms.n, ms.r, ms.total
    if not icc < 1:
        return float("nan"), float("nan")
    if crossed:
        odds = icc / (1 - icc)
        noise, rest = ms.crossed, (r - 1) * ms.crossed + (total / n - r) * ms.error
        own = (1 + (r - 1) * icc) / (1 - icc) * noise
        v = _satterthwaite([(own, (r - 1) * (n - 1)), ((total / n - r) * odds * ms.error, max(1.0, total - r * n))])
    else:
        noise, rest, v = ms.residual, (total / n - 1) * ms.residual, total - r - n + 1
    low, high = f_quantile(n - 1, v, level), 1 / f_quantile(v, n - 1, level)
    return _around(
        icc,
        ratio(ms.targets - low * noise, ms.targets + low * rest),
        ratio(ms.targets - high * noise, ms.targets + high * rest),
    )


def intra_mixed(ms: Squares, icc: float, level: float) -> tuple[float, float]:
    """Return the interval of reliability within raters, model 3 with interaction; NaN where it has none."""
    n, r, total = ms.n, ms.r, ms.total
    if ms.error <= 0 or not icc < 1 or total <= r * n:
        return float("nan"), float("nan")
    base = r + 1 + total * icc / (n * (1 - icc))
    v = _satterthwaite([(ms.targets / base, n - 1), (r * ms.crossed / base, (r - 1) * (n - 1))])
    return _intra_ends(icc, ms.targets + r * ms.crossed, r + 1, total / n - r - 1, ms.error, v, total - r * n, level)


def _intra_ends(
    icc: float, signal: float, own: float, rest: float, error: float, v: float, df: float, level: float
) -> tuple[float, float]:
    high, low = f_quantile(v, df, level), 1 / f_quantile(df, v, level)
    ends = [ratio(signal - own * f * error, signal + rest * f * error) for f in (high, low)]
    return _around(icc, ends[0], ends[1])


def _satterthwaite(terms: Sequence[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of mean squares, rounded down, at least 1."""
    whole = sum(term for term, _ in terms)
    spread = sum(term**2 / df for term, df in terms if df > 0)
    return max(1.0, float(np.floor(whole**2 / spread))) if spread > 0 else 1.0


def f_quantile(df1: float, df2: float, level: float) -> float:
    """Return the upper F quantile of a two-sided interval."""
    return float(fdtri(df1, df2, 0.5 + level / 2))


def _around(icc: float, lower: float, upper: float) -> tuple[float, float]:
    """Clip to [0, 1]; an end on the wrong side of the point, as approximations give, becomes the bound."""
    if not (np.isfinite(lower) and np.isfinite(upper)):
        return float("nan"), float("nan")
    lower, upper = max(0.0, lower), min(1.0, upper)
    return (0.0 if icc <= lower else lower), (1.0 if icc >= upper else upper)
