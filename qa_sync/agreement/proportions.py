"""Intervals of one proportion: Wilson in reports, Clopper-Pearson in contracts; finite populations.

Newcombe (1998) compares them. All functions take scalars or arrays and never loop.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from qa_sync.agreement.estimate import NO_DATA, Batch, Floats, divide, reasons

ProportionMethod = Literal["wilson", "clopper_pearson"]


def wilson(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return Wilson's score interval (lower, upper) of x successes in n; NaN where n is 0.

    >>> [round(float(end), 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z2 = float(ndtri(0.5 + level / 2)) ** 2
    p = divide(x, n)
    centre = (p + divide(z2, 2 * n)) / (1 + divide(z2, n))
    half = np.sqrt(z2 * (divide(p * (1 - p), n) + divide(z2, 4 * n**2))) / (1 + divide(z2, n))
    # At the ends the algebra gives exactly 0 or 1; rounding must not say 1e-17.
    return np.where(x == 0, p, centre - half), np.where(x == n, p, centre + half)


def clopper_pearson(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact interval (lower, upper) of x successes in n: never covers less than ``level``.

    >>> [round(float(end), 4) for end in clopper_pearson(0, 20)]
    [0.0, 0.1684]
    """
    x, n = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64))
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(x > 0, betaincinv(np.maximum(x, 1e-9), n - x + 1, tail), 0.0)
        upper = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1e-9), 1 - tail), 1.0)
    return np.where(n > 0, lower, np.nan), np.where(n > 0, upper, np.nan)


def proportion(
    x: ArrayLike,
    n: ArrayLike,
    *,
    method: ProportionMethod = "wilson",
    level: float = 0.95,
    population: ArrayLike | None = None,
    empty: str = NO_DATA,
) -> Batch:
    """Return x / n for each group, (G,), with its interval; undefined with the reason ``empty`` where n is 0.

    Args:
        x: successes.
        n: trials.
        method: "wilson" or "clopper_pearson".
        level: confidence level.
        population: size N that the n were drawn from; where n / N > 5 % the interval shrinks towards the
            point by the finite population factor, and at n = N it has no width.
        empty: the reason given where n is 0.
    """
    x, n = np.atleast_1d(np.asarray(x, dtype=np.float64)), np.atleast_1d(np.asarray(n, dtype=np.float64))
    if method not in ("wilson", "clopper_pearson"):
        msg = f"proportion: method {method!r} is not known; use wilson or clopper_pearson"
        raise ValueError(msg)
    value = divide(x, n)
    lower, upper = (wilson if method == "wilson" else clopper_pearson)(x, n, level)
    if population is not None:
        factor = finite_population_factor(n, population)
        lower, upper = value - (value - lower) * factor, value + (upper - value) * factor
    return Batch(
        value=value,
        n=n.astype(np.int64),
        reason=reasons(len(value), (~(n > 0), empty)),
        lower=lower,
        upper=upper,
        se=np.sqrt(divide(value * (1 - value), n)),
        method=method,
        level=level,
    )


def finite_population_factor(n: ArrayLike, population: ArrayLike, threshold: float = 0.05) -> Floats:
    """Return sqrt((N - n) / (N - 1)) where n / N exceeds ``threshold``, else 1: the factor for a standard error.

    Raises:
        ValueError: a population is smaller than what was drawn from it.

    >>> round(float(finite_population_factor(60, 120)), 4)
    0.7101
    """
    n, population = np.asarray(n, dtype=np.float64), np.asarray(population, dtype=np.float64)
    require_room(n, population)
    share = divide(n, population)
    factor = np.sqrt(np.clip(divide(population - n, population - 1), 0.0, 1.0))
    return np.where(share > threshold, np.where(population > 1, factor, 0.0), 1.0)


def require_room(n: ArrayLike, population: ArrayLike) -> None:
    """Check that no population is smaller than what was drawn from it: its interval would claim to be certain.

    Raises:
        ValueError: one is.
    """
    size = np.asarray(population, dtype=np.float64)
    if (np.asarray(n, dtype=np.float64) > size).any():
        msg = f"population: {size.min():g} is less than what was drawn from it; give N, all that could be drawn"
        raise ValueError(msg)


def proportion_difference(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95, empty: str = NO_DATA
) -> Batch:
    """Return p1 - p2 of independent samples with Newcombe's (1998) interval from the two Wilson intervals, (G,).

    For the blind against the not blind, or one site against another; n counts both samples.
    """
    x1, n1, x2, n2 = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (x1, n1, x2, n2))
    p1, p2 = divide(x1, n1), divide(x2, n2)
    (low1, high1), (low2, high2) = wilson(x1, n1, level), wilson(x2, n2, level)
    value = p1 - p2
    return Batch(
        value=value,
        n=(n1 + n2).astype(np.int64),
        reason=reasons(len(value), (~((n1 > 0) & (n2 > 0)), empty)),
        lower=value - np.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        upper=value + np.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
        method="newcombe",
        level=level,
    )
