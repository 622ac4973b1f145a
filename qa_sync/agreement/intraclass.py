"""Intraclass correlation of complete (items x raters) scores: six forms with F and McGraw-Wong intervals.

Shrout and Fleiss (1979), McGraw and Wong (1996). For audits of auditors the right form is ICC2 = ICC(A,1),
absolute agreement: a rater who is always five points milder lowers it. Sums of squares only, so a million items
cost one pass. Scores with gaps or repeats need variance components: :mod:`qa_sync.agreement.variance_components`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc, fdtri

from qa_sync.agreement.estimate import NO_SPREAD, TOO_FEW, Estimate, Floats, none_if_nan, ratio

IccForm = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]
ICC_FORMS: tuple[IccForm, ...] = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")

_BLOCK = 4096
_NO_ITEMS = "undefined: the items do not differ"
_NO_NOISE = "no interval: the raters differ by a constant or not at all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Icc:
    """One form: its estimate, and the F test of no correlation (None where undefined)."""

    form: IccForm
    estimate: Estimate
    f: float | None
    df1: int
    df2: int
    p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquares:
    """Mean squares of n items by k raters: rows, columns, residual (two-way) and within rows (one-way)."""

    n: int
    k: int
    rows: float
    columns: float
    error: float
    within: float


def mean_squares(scores: ArrayLike) -> MeanSquares:
    """Return the mean squares of complete scores (n, k).

    Raises:
        ValueError: not two-dimensional, or gaps among the scores.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        msg = f"icc: scores have {table.ndim} dimensions; give (items, raters)"
        raise ValueError(msg)
    if not np.isfinite(table).all():
        gaps = int((~np.isfinite(table)).any(axis=1).sum())
        msg = f"icc: {gaps} of {len(table)} items have gaps; leave them out, or use replicated_icc"
        raise ValueError(msg)
    n, k = table.shape
    if n < 2 or k < 2:
        return MeanSquares(n=n, k=k, rows=np.nan, columns=np.nan, error=np.nan, within=np.nan)
    total, between_rows, between_columns = _sums_of_squares(table)
    error = max(0.0, total - between_rows - between_columns)
    tiny = 1e-13 * max(total, 1e-300)  # what is left after exact cancellation
    return MeanSquares(
        n=n,
        k=k,
        rows=between_rows / (n - 1),
        columns=between_columns / (k - 1),
        error=(0.0 if error < tiny else error) / ((n - 1) * (k - 1)),
        within=max(0.0, total - between_rows) / (n * (k - 1)),
    )


def _sums_of_squares(table: Floats) -> tuple[float, float, float]:
    """Return the sums of squares about the mean: of everything, between items, and between raters.

    In blocks that stay in the processor's cache: five passes over a large table would cost five times the memory
    traffic. Not by BLAS, whose last digits depend on its threads.
    """
    n, k = table.shape
    mean, columns = table.mean(), np.zeros(k)
    total = between = 0.0
    block = np.empty((min(n, _BLOCK), k))
    for start in range(0, n, _BLOCK):
        part = table[start : start + _BLOCK]
        centred = np.subtract(part, mean, out=block[: len(part)])
        rows = np.einsum("ij->i", centred)
        total += float(np.einsum("ij,ij->", centred, centred))
        between += float(np.einsum("i,i->", rows, rows))
        columns += np.einsum("ij->j", centred)
    return total, between / k, float(np.einsum("j,j->", columns, columns)) / n


def icc(scores: ArrayLike, level: float = 0.95) -> dict[IccForm, Icc]:
    """Return the six forms of complete scores (items, raters).

    ICC1 is one-way, ICC2 absolute agreement, ICC3 consistency, of a single rater; with k of the mean of k.
    Intervals are F-based for 1 and 3 and McGraw-Wong (Satterthwaite) for 2. Undefined with fewer than two items
    or raters, and when the scores do not vary.
    """
    ms = mean_squares(scores)
    if not np.isfinite(ms.rows) or ms.rows + ms.error + ms.columns <= 0:
        reason = TOO_FEW if not np.isfinite(ms.rows) else NO_SPREAD
        nothing = Estimate(value=None, n=ms.n, reason=reason, level=level)
        return {form: Icc(form=form, estimate=nothing, f=None, df1=0, df2=0, p=None) for form in ICC_FORMS}
    n, k = ms.n, ms.k
    single = {
        "ICC1": ratio(ms.rows - ms.within, ms.rows + (k - 1) * ms.within),
        "ICC2": ratio(ms.rows - ms.error, ms.rows + (k - 1) * ms.error + k * (ms.columns - ms.error) / n),
        "ICC3": ratio(ms.rows - ms.error, ms.rows + (k - 1) * ms.error),
    }
    mean = {
        "ICC1k": ratio(ms.rows - ms.within, ms.rows),
        "ICC2k": ratio(ms.rows - ms.error, ms.rows + (ms.columns - ms.error) / n),
        "ICC3k": ratio(ms.rows - ms.error, ms.rows),
    }
    df1, df_one, df_two = n - 1, n * (k - 1), (n - 1) * (k - 1)
    ends = {
        "ICC1": _one_way(ms.rows, ms.within, df1, df_one, k, level),
        "ICC2": _absolute(ms, single["ICC2"], level),
        "ICC3": _one_way(ms.rows, ms.error, df1, df_two, k, level),
    }
    result: dict[IccForm, Icc] = {}
    for form in ICC_FORMS:
        base = form.removesuffix("k")
        value = {**single, **mean}[form]
        lower, upper = ends[base]
        if form != base:  # the mean of k: Spearman-Brown on the limits
            lower, upper = (_of_mean(end, k) for end in (lower, upper))
        noise, df2 = (ms.within, df_one) if base == "ICC1" else (ms.error, df_two)
        f = ms.rows / noise if noise > 0 else float("nan")
        estimate = Estimate(
            value=none_if_nan(value),
            lower=none_if_nan(lower),
            upper=none_if_nan(upper),
            n=n,
            reason=_NO_ITEMS if value != value else "" if noise > 0 else _NO_NOISE,
            method="F" if base != "ICC2" else "mcgraw-wong",
            level=level,
        )
        p = none_if_nan(float(fdtrc(df1, df2, f))) if noise > 0 else None
        result[form] = Icc(form=form, estimate=estimate, f=none_if_nan(f), df1=df1, df2=df2, p=p)
    return result


def _of_mean(rho: float, k: int) -> float:
    """Spearman and Brown: the reliability of the mean of k raters; at the least possible one it is unbounded."""
    below = 1 + (k - 1) * rho
    return k * rho / below if below > 1e-12 or below != below else float("-inf")


def _one_way(rows: float, noise: float, df1: int, df2: int, k: int, level: float) -> tuple[float, float]:
    if noise <= 0:
        return float("nan"), float("nan")
    high = 0.5 + level / 2
    low_f = rows / noise / float(fdtri(df1, df2, high))
    high_f = rows / noise * float(fdtri(df2, df1, high))
    return ratio(low_f - 1, low_f + k - 1), ratio(high_f - 1, high_f + k - 1)


def _absolute(ms: MeanSquares, rho: float, level: float) -> tuple[float, float]:
    """McGraw and Wong's interval for ICC(A,1): Satterthwaite's df for a mix of two mean squares."""
    if ms.error <= 0 or not rho < 1:
        return float("nan"), float("nan")
    n, k = ms.n, ms.k
    a = k * rho / (n * (1 - rho))
    b = 1 + k * rho * (n - 1) / (n * (1 - rho))
    mix = a * ms.columns + b * ms.error
    v = ratio(mix**2, (a * ms.columns) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1)))
    if not v > 0:
        return float("nan"), float("nan")
    rest = k * ms.columns + (k * n - k - n) * ms.error
    low, high = float(fdtri(n - 1, v, 0.5 + level / 2)), float(fdtri(v, n - 1, 0.5 + level / 2))
    lower = ratio(n * (ms.rows - low * ms.error), low * rest + n * ms.rows)
    upper = ratio(n * (high * ms.rows - ms.error), rest + n * high * ms.rows)
    return lower, upper
