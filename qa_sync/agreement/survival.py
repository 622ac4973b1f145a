"""Time to resolve with open cases counted: Kaplan-Meier. Open disputes are the slow ones; leaving them out lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from qa_sync.agreement.estimate import NO_DATA, Estimate, Floats, Ints, divide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survival:
    """The curve at every time of an event: ``share`` is still open just after ``times``; ``median`` reads it.

    ``at_risk`` and ``events`` are the counts at those times. ``median.n`` counts all cases, ``censored`` those open.
    """

    times: Floats
    share: Floats
    at_risk: Ints
    events: Ints
    median: Estimate
    censored: int


def kaplan_meier(durations: ArrayLike, resolved: ArrayLike, level: float = 0.95) -> Survival:
    """Return the Kaplan-Meier curve and its median with the log-log interval (Brookmeyer and Crowley).

    Args:
        durations: time from opening to resolution, or to now for open cases (n,); any one unit, 0 or more.
        resolved: whether the case was resolved (n,); False is censored.
        level: confidence level.

    Returns:
        The median is undefined while more than half are open; an end is None where the data do not reach it.
    """
    time, done = np.asarray(durations, dtype=np.float64), np.asarray(resolved, dtype=bool)
    if len(time) != len(done) or not np.isfinite(time).all() or (time < 0).any():
        msg = f"kaplan_meier: {len(time)} durations and {len(done)} flags; give one each, durations 0 or more"
        raise ValueError(msg)
    n = len(time)
    times = np.unique(time[done])
    events = np.searchsorted(np.sort(time[done]), times, side="right") - np.searchsorted(
        np.sort(time[done]), times, side="left"
    )
    at_risk = n - np.searchsorted(np.sort(time), times, side="left")
    share: Floats = np.cumprod(1 - divide(events, at_risk)).astype(np.float64)
    if not n:
        median = Estimate(value=None, reason=NO_DATA, level=level)
    elif not len(share) or share[-1] > 0.5 + 1e-12:
        median = Estimate(value=None, n=n, reason="undefined: more than half are still open", level=level)
    else:
        lower, upper = _median_ends(times, share, at_risk, events, level)
        value = float(times[np.argmax(share <= 0.5 + 1e-12)])
        median = Estimate(value=value, lower=lower, upper=upper, n=n, method="kaplan-meier", level=level)
    return Survival(
        times=times, share=share, at_risk=at_risk, events=events, median=median, censored=int(n - done.sum())
    )


def _median_ends(
    times: Floats, share: Floats, at_risk: Ints, events: Ints, level: float
) -> tuple[float | None, float | None]:
    """Times where the log-log band of the curve crosses one half."""
    z = float(ndtri(0.5 + level / 2))
    greenwood = np.cumsum(divide(events, at_risk * (at_risk - events)))
    inside = (share > 0) & (share < 1) & np.isfinite(greenwood)
    log = np.log(np.where(inside, share, 0.5))
    theta = z * np.sqrt(np.where(inside, greenwood, 0.0)) / -log
    # Where nobody is left open the band has no ends: the last to be resolved bounds nothing.
    first_low = inside & (share ** np.exp(theta) <= 0.5 + 1e-12)
    first_high = inside & (share ** np.exp(-theta) <= 0.5 + 1e-12)
    return (
        float(times[np.argmax(first_low)]) if first_low.any() else None,
        float(times[np.argmax(first_high)]) if first_high.any() else None,
    )
