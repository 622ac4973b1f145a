"""Bland-Altman limits of agreement: how far apart two scores of one interaction can be expected to lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from qa_sync.agreement.deltas import NO_SCATTER
from qa_sync.agreement.estimate import NO_DATA, Estimate, none_if_nan
from qa_sync.agreement.lin import paired

LimitError = Literal["exact", "1986"]
# A share of equal scores that makes "normally distributed differences" a fiction.
_HEAPED = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bias and limits of agreement of differences auditee - auditor.

    Attributes:
        bias: mean difference with its t interval.
        sd: standard deviation of the differences (n - 1).
        lower: lower limit, bias - multiplier x sd, with the interval of the limit.
        upper: upper limit likewise.
        quantiles: empirical 2.5 and 97.5 % quantiles of the differences: what to read when scores heap.
        slope: change of the difference per point of the mean score, with t interval: proportional bias.
        slope_p: two-sided p of slope = 0.
        heaped: share of scores that equal the most frequent one.
        warning: empty, or why the normal limits should not be trusted.
    """

    bias: Estimate
    sd: float | None
    lower: Estimate
    upper: Estimate
    quantiles: tuple[float, float] | None
    slope: Estimate
    slope_p: float | None
    heaped: float
    warning: str


def limits_of_agreement(
    auditee: ArrayLike,
    auditor: ArrayLike,
    *,
    multiplier: float = 1.96,
    se: LimitError = "exact",
    level: float = 0.95,
) -> Limits:
    """Return Bland and Altman's analysis of paired scores (n,); pairs with a gap are left out.

    Args:
        auditee: scores.
        auditor: scores of the same interactions.
        multiplier: of the standard deviation; 1.96, or 2 as in the paper of 1986.
        se: of a limit: "exact" is sd sqrt(1/n + multiplier^2 / (2 (n - 1))), "1986" is sqrt(3 sd^2 / n).
        level: confidence level of the intervals, all with t and n - 1 df.
    """
    x, y = paired(auditee, auditor)
    d, n = x - y, len(x)
    heaped = _heaping(np.concatenate([x, y]))
    if n < 2:
        why = NO_DATA if n == 0 else "undefined: fewer than two pairs"
        nothing = Estimate(value=None, n=n, reason=why, level=level)
        bias = Estimate(value=float(d[0]), n=1, reason="no interval: one pair", level=level) if n else nothing
        return Limits(
            bias=bias, sd=None, lower=nothing, upper=nothing, quantiles=None, slope=nothing, slope_p=None,
            heaped=heaped, warning="",
        )  # fmt: skip
    mean, sd = float(d.mean()), float(d.std(ddof=1))
    t = float(stdtrit(n - 1, 0.5 + level / 2))
    limit_se = sd * float(np.sqrt(3 / n if se == "1986" else 1 / n + multiplier**2 / (2 * (n - 1))))

    def around(value: float, error: float) -> Estimate:
        if error <= 0:
            return Estimate(value=value, se=error, n=n, reason=NO_SCATTER, level=level)
        low, high = value - t * error, value + t * error
        return Estimate(value=value, lower=low, upper=high, se=error, n=n, df=n - 1, method="t", level=level)

    slope, slope_p = _slope(d, (x + y) / 2, level)
    low, high = np.quantile(d, [0.025, 0.975])
    warning = ""
    if heaped > _HEAPED:
        warning = f"{heaped:.0%} of the scores are equal: the differences are not normal; read the quantiles"
    elif slope_p is not None and slope_p < 0.05:
        warning = "the difference changes with the score: one pair of limits does not fit all"
    return Limits(
        bias=around(mean, sd / float(np.sqrt(n))),
        sd=sd,
        lower=around(mean - multiplier * sd, limit_se),
        upper=around(mean + multiplier * sd, limit_se),
        quantiles=(float(low), float(high)),
        slope=slope,
        slope_p=slope_p,
        heaped=heaped,
        warning=warning,
    )


def _heaping(scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    if not len(scores):
        return 0.0
    return float(np.unique(scores, return_counts=True)[1].max() / len(scores))


def _slope(
    d: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    mean: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    level: float,
) -> tuple[Estimate, float | None]:
    """Regress the differences on the means of the pairs."""
    n = len(d)
    centred = mean - mean.mean()
    spread = float(centred @ centred)
    if n < 3 or spread <= 0:
        why = "undefined: fewer than three pairs" if n < 3 else "undefined: the scores do not vary"
        return Estimate(value=None, n=n, reason=why, level=level), None
    value = float(centred @ d) / spread
    residual = d - d.mean() - value * centred
    se = float(np.sqrt(residual @ residual / (n - 2) / spread))
    if se <= 0:
        return Estimate(value=value, n=n, reason="no interval: a perfect line", level=level), None
    half = float(stdtrit(n - 2, 0.5 + level / 2)) * se
    estimate = Estimate(
        value=value, lower=value - half, upper=value + half, se=se, n=n, df=n - 2, method="t", level=level
    )
    return estimate, none_if_nan(float(2 * stdtr(n - 2, -abs(value / se))))
