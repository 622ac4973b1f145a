"""Drift of auditors over weeks: CUSUM and EWMA on standardised bias, and false alarms kept down over many auditors.

All auditors at once: arrays (auditors, weeks), in time order. A week without audits is NaN and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_sync.agreement.estimate import Floats, divide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cusum:
    """Tabular CUSUM: ``high`` and ``low`` sums (auditors, weeks), both 0 or more, and whether one passed h."""

    high: Floats
    low: Floats
    signal: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ewma:
    """Exponentially weighted means (auditors, weeks) with the half width of their limits, and signals."""

    value: Floats
    half_width: Floats
    signal: NDArray[np.bool_]


def standardise(bias: ArrayLike, n: ArrayLike, sd: ArrayLike | float, centre: ArrayLike | float = 0.0) -> Floats:
    """Return z = (bias - centre) / (sd / sqrt(n)): weekly mean deltas in standard errors. NaN where n is 0."""
    error = divide(np.broadcast_to(np.asarray(sd, dtype=np.float64), np.shape(n)), np.sqrt(np.asarray(n)))
    return divide(np.asarray(bias, dtype=np.float64) - np.asarray(centre, dtype=np.float64), error)


def cusum(z: ArrayLike, k: float = 0.5, h: float = 5.0) -> Cusum:
    """Return the tabular CUSUM of standardised values z (auditors, weeks) or (weeks,).

    Shifts of about 2k are found fastest; h = 5 gives a false alarm about every 465 weeks an auditor.
    """
    values = np.atleast_2d(np.asarray(z, dtype=np.float64))
    high, low = np.zeros(values.shape), np.zeros(values.shape)
    up = down = np.zeros(len(values))
    for week, now in enumerate(values.T):
        seen = np.isfinite(now)
        up = np.where(seen, np.maximum(0.0, up + np.where(seen, now, 0.0) - k), up)
        down = np.where(seen, np.maximum(0.0, down - np.where(seen, now, 0.0) - k), down)
        high[:, week], low[:, week] = up, down
    return Cusum(high=high, low=low, signal=(high > h) | (low > h))


def ewma(z: ArrayLike, lam: float = 0.2, width: float = 3.0) -> Ewma:
    """Return the EWMA of standardised values z (auditors, weeks) or (weeks,), with exact limits from the start.

    The limits are width x sqrt(lam / (2 - lam) (1 - (1 - lam)^(2 t))), t counting the weeks with audits.
    """
    if not 0 < lam <= 1:
        msg = f"ewma: lam {lam}; it is above 0 and at most 1"
        raise ValueError(msg)
    values = np.atleast_2d(np.asarray(z, dtype=np.float64))
    mean, half = np.zeros(values.shape), np.zeros(values.shape)
    state, weeks = np.zeros(len(values)), np.zeros(len(values))
    for week, now in enumerate(values.T):
        seen = np.isfinite(now)
        state = np.where(seen, (1 - lam) * state + lam * np.where(seen, now, 0.0), state)
        weeks = weeks + seen
        mean[:, week] = state
        half[:, week] = width * np.sqrt(lam / (2 - lam) * (1 - (1 - lam) ** (2 * weeks)))
    return Ewma(value=mean, half_width=half, signal=(np.abs(mean) > half) & (half > 0))


def benjamini_hochberg(p: ArrayLike, q: float = 0.05) -> tuple[Floats, NDArray[np.bool_]]:
    """Return (adjusted p-values, discoveries) of p (m,) at false discovery rate q; NaN stays NaN and is no discovery.

    >>> adjusted, found = benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    >>> adjusted.round(4).tolist(), found.tolist()
    ([0.04, 0.0533, 0.0533, 0.5], [True, False, False, False])
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    m = len(order)
    raised = values[order] * m / np.arange(1, m + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    with np.errstate(invalid="ignore"):
        return adjusted, adjusted <= q
