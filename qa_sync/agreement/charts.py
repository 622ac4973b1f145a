"""Control charts: is this week different, or is it the usual noise? p, Laney p', XmR; CUSUM and EWMA; many at once.

Limits come from a frozen baseline, at least 12 points of it, and start again where the form's version changes.
Always chart the case mix beside: a change of mix looks like a change of auditor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_sync.agreement.estimate import Floats, Texts, divide

#: Mean moving range of two normal values, in standard deviations.
D2 = 1.128
MIN_POINTS = 12
TOO_FEW_POINTS = "no limits: fewer than 12 points in the baseline"
NO_SCATTER = "no limits: the baseline does not vary"
NO_RANGES = "no limits: no two neighbours in the baseline"
SigmaZ = Literal["moving_range", "sd"]
# From (baseline points, points of the phase) to (centre, half width) of the phase's points and sigma_z.
_Limits = Callable[[NDArray[np.bool_], NDArray[np.bool_]], tuple[Floats, Floats, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """One chart, arrays (points,); ``lower``, ``upper`` and ``centre`` are NaN where ``reason`` says why.

    ``outside`` marks points beyond the limits. ``sigma_z`` is Laney's over-dispersion per point (1 on a plain p
    chart); 1 means sampling noise only.
    """

    value: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    outside: NDArray[np.bool_]
    sigma_z: Floats
    reason: Texts


def p_chart(
    x: ArrayLike,
    n: ArrayLike,
    *,
    laney: bool = False,
    sigma_z: SigmaZ = "moving_range",
    screened: bool = False,
    baseline: ArrayLike | None = None,
    phases: ArrayLike | None = None,
    min_points: int = MIN_POINTS,
) -> Chart:
    """Return a p chart, or Laney's p' chart for large and over-dispersed counts, of x defects in n, (points,).

    p̄ ± 3 sqrt(p̄ (1 - p̄) / n_i); Laney multiplies by sigma_z = mean|z_i - z_(i-1)| / 1.128 with z_i = (p_i - p̄) / s_i.

    Args:
        x: counts, in time order.
        n: sizes.
        laney: whether to use sigma_z.
        sigma_z: "moving_range", or "sd" of z for points that have no order (some textbooks use it throughout).
        screened: leave moving ranges above 3.2665 times their mean out, once, as qicharts2 does.
        baseline: bool (points,), which points the limits come from; default all of the phase.
        phases: any value per point (points,), a form version for instance: each phase has limits of its own.
        min_points: baseline points below which a phase has no limits.
    """
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    p = divide(x, n)

    def limits(base: NDArray[np.bool_], part: NDArray[np.bool_]) -> tuple[Floats, Floats, float]:
        centre = float(x[base].sum() / n[base].sum()) if n[base].sum() > 0 else float("nan")
        spread = np.sqrt(divide(centre * (1 - centre), n))
        factor = _sigma_z(divide(p - centre, spread)[base], sigma_z, screened) if laney else 1.0
        return np.full(int(part.sum()), centre), 3 * factor * spread[part], factor

    chart = _phased(p, limits, baseline, phases, min_points, usable=n > 0)
    return Chart(
        value=p,
        centre=chart.centre,
        lower=np.maximum(chart.lower, 0.0),
        upper=np.minimum(chart.upper, 1.0),
        outside=chart.outside,
        sigma_z=chart.sigma_z,
        reason=chart.reason,
    )


def xmr_chart(
    values: ArrayLike,
    *,
    screened: bool = False,
    baseline: ArrayLike | None = None,
    phases: ArrayLike | None = None,
    min_points: int = MIN_POINTS,
) -> tuple[Chart, Chart]:
    """Return the chart of individual values (x̄ ± 2.66 mean moving range) and that of the moving ranges (to 3.267).

    The first point of a phase has no moving range (NaN). Arguments as for :func:`p_chart`.
    """
    x = np.asarray(values, dtype=np.float64)
    ranges = np.full(len(x), np.nan)
    ranges[1:] = np.abs(np.diff(x))
    if phases is not None:
        marks = np.asarray(phases)
        ranges[1:][marks[1:] != marks[:-1]] = np.nan

    def individual(base: NDArray[np.bool_], part: NDArray[np.bool_]) -> tuple[Floats, Floats, float]:
        size = int(part.sum())
        return np.full(size, x[base].mean()), np.full(size, 2.66 * _mean_range(ranges[base], screened)), 1.0

    def moving(base: NDArray[np.bool_], part: NDArray[np.bool_]) -> tuple[Floats, Floats, float]:
        centre = _mean_range(ranges[base], screened)
        return np.full(int(part.sum()), centre), np.full(int(part.sum()), 2.267 * centre), 1.0

    of_values = _phased(x, individual, baseline, phases, min_points, usable=np.isfinite(x))
    of_ranges = _phased(ranges, moving, baseline, phases, min_points, usable=np.isfinite(x))
    floor = np.where(np.isfinite(of_ranges.lower), 0.0, np.nan)
    return of_values, Chart(
        value=ranges,
        centre=of_ranges.centre,
        lower=floor,
        upper=of_ranges.upper,
        outside=of_ranges.outside,
        sigma_z=of_ranges.sigma_z,
        reason=of_ranges.reason,
    )


def western_electric(chart: Chart) -> NDArray[np.bool_]:
    """Return where the Western Electric rules signal on a chart, bool (4, points); optional, for they cry wolf.

    1: beyond 3 sigma. 2: two of three beyond 2 sigma on one side. 3: four of five beyond 1 sigma on one side.
    4: eight in a row on one side. With all four a steady process signals about every 92 points instead of every
    370. Points without limits signal nothing and take no part in a run.
    """
    half = np.fmax(chart.upper - chart.centre, chart.centre - chart.lower)  # a p chart cuts one side off at 0 or 1
    sigma = divide(chart.value - chart.centre, half / 3)
    out = np.zeros((4, len(sigma)), dtype=bool)
    for rule, (least, wanted, among) in enumerate(((3.0, 1, 1), (2.0, 2, 3), (1.0, 4, 5), (0.0, 8, 8))):
        for side in (1, -1):
            with np.errstate(invalid="ignore"):
                beyond = side * sigma > least
            run = np.convolve(beyond.astype(np.intp), np.ones(among, dtype=np.intp))[: len(sigma)]
            out[rule] |= beyond & (run >= wanted)
    return out


def _sigma_z(z: Floats, how: SigmaZ, screened: bool) -> float:
    z = z[np.isfinite(z)]
    if how == "sd":
        return float(z.std(ddof=1)) if len(z) > 1 else float("nan")
    return _mean_range(np.abs(np.diff(z)), screened) / D2


def _mean_range(ranges: Floats, screened: bool) -> float:
    ranges = ranges[np.isfinite(ranges)]
    if not len(ranges):
        return float("nan")
    if screened:
        ranges = ranges[ranges <= 3.2665 * ranges.mean()]
    return float(ranges.mean())


def _phased(
    value: Floats,
    limits: _Limits,
    baseline: ArrayLike | None,
    phases: ArrayLike | None,
    min_points: int,
    usable: NDArray[np.bool_],
) -> Chart:
    """Compute limits phase by phase and lay them over the points."""
    size = len(value)
    base = usable if baseline is None else usable & np.asarray(baseline, dtype=bool)
    marks = np.zeros(size, dtype=np.intp) if phases is None else np.unique(np.asarray(phases), return_inverse=True)[1]
    centre, half, sigma = np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan)
    reason = np.full(size, "", dtype=f"<U{len(TOO_FEW_POINTS)}")
    seen = np.isfinite(value)
    for mark in np.unique(marks):
        part = marks == mark
        if (base & part).sum() < min_points:
            reason[part] = TOO_FEW_POINTS
            continue
        centre[part], half[part], sigma[part] = limits(base & part, part)
        # Limits without width would call the next point a signal, whatever it is.
        width = half[part & usable & seen]
        if len(width) and not (width > 0).any():
            reason[part] = NO_RANGES if np.isnan(width).all() and np.ptp(value[base & part & seen]) > 0 else NO_SCATTER
            half[part] = np.nan
    lower, upper = centre - half, centre + half
    with np.errstate(invalid="ignore"):
        outside = (value < lower) | (value > upper)
    return Chart(value=value, centre=centre, lower=lower, upper=upper, outside=outside, sigma_z=sigma, reason=reason)
