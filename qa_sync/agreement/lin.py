"""Lin's concordance correlation: how close pairs of scores lie to the line of equality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from qa_sync.agreement.estimate import NO_DATA, NO_SPREAD, Estimate, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Concordance:
    """Lin's coefficient with its two factors: ``estimate`` = ``correlation`` x ``accuracy``.

    ``correlation`` is Pearson's r (precision); ``accuracy`` is C_b, which falls with a shift or a change of scale.
    """

    estimate: Estimate
    correlation: float | None
    accuracy: float | None


def paired(auditee: ArrayLike, auditor: ArrayLike) -> tuple[Floats, Floats]:
    """Return the pairs of scores where both sides have one.

    Raises:
        ValueError: the lengths differ.
    """
    x, y = np.asarray(auditee, dtype=np.float64).ravel(), np.asarray(auditor, dtype=np.float64).ravel()
    if len(x) != len(y):
        msg = f"pairs: {len(x)} auditee and {len(y)} auditor scores; give one of each per pair"
        raise ValueError(msg)
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both]


def _without(value: float | None, n: int, reason: str, level: float, r: float | None = None) -> Concordance:
    accuracy = value / r if r and value is not None else None
    return Concordance(
        estimate=Estimate(value=value, n=n, reason=reason, level=level), correlation=r, accuracy=accuracy
    )


def concordance(auditee: ArrayLike, auditor: ArrayLike, level: float = 0.95) -> Concordance:
    """Return Lin's CCC of paired scores (n,), with 1/n moments and Lin's (1989, corrected 2000) variance.

    rho_c = 2 s_xy / (s_x^2 + s_y^2 + (mean x - mean y)^2); the interval is made on Fisher's z. It equals
    quadratic-weighted kappa on whole numbers. Undefined when neither side varies and both have one mean.
    """
    x, y = paired(auditee, auditor)
    n = len(x)
    if n < 2:
        return _without(None, n, NO_DATA if n == 0 else "undefined: fewer than two pairs", level)
    dx, dy = x - x.mean(), y - y.mean()
    vx, vy, cov = float(dx @ dx) / n, float(dy @ dy) / n, float(dx @ dy) / n
    shift = float(x.mean() - y.mean())
    spread = vx + vy + shift**2
    if spread <= 0:
        return _without(None, n, NO_SPREAD, level)
    value = 2 * cov / spread
    if vx <= 0 or vy <= 0:
        return _without(value, n, "no interval: one side does not vary", level)
    r = cov / float(np.sqrt(vx * vy))
    if abs(value) >= 1 - 1e-12:
        return _without(value, n, "no interval: the pairs lie on the line", level, r)
    if n < 3 or r == 0:
        return _without(value, n, "no interval: too few pairs, or no correlation at all", level, r)
    u2 = shift**2 / float(np.sqrt(vx * vy))
    c2 = value**2
    variance = (
        (1 - r**2) * c2 * (1 - c2) / r**2 + 2 * value**3 * (1 - value) * u2 / r - c2**2 * u2**2 / (2 * r**2)
    ) / (n - 2)
    se = float(np.sqrt(max(variance, 0.0)))
    half = float(ndtri(0.5 + level / 2)) * se / (1 - c2)
    z = float(np.arctanh(value))
    return Concordance(
        estimate=Estimate(
            value=value,
            lower=float(np.tanh(z - half)),
            upper=float(np.tanh(z + half)),
            se=se,
            n=n,
            method="fisher-z",
            level=level,
        ),
        correlation=r,
        accuracy=value / r,
    )
