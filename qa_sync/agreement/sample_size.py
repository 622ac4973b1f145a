"""How many audits: for a proportion, exactly, for zero failures, for kappa. And what a given number achieves.

Rather than demanding 65 audits of one evaluator, print what 20 achieve: :func:`achievable_margin`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, gammaln, ndtri

from qa_sync.agreement.estimate import Floats
from qa_sync.agreement.two_raters import two_rater_agreement
from qa_sync.agreement.weights import Weights


def _z(level: float) -> float:
    return float(ndtri(0.5 + level / 2))


def proportion_sample_size(margin: float, p: float = 0.5, population: int | None = None, level: float = 0.95) -> int:
    """Return the audits needed to know a rate near ``p`` to ± ``margin``, at most the population.

    n0 = z^2 p (1 - p) / e^2; of a population N, n0 / (1 + (n0 - 1) / N), rounded up.

    >>> proportion_sample_size(0.05, 0.9, 120), proportion_sample_size(0.10, 0.9, 120)
    (65, 28)
    """
    _check_share(p, "p")
    _check_share(margin, "margin")
    n0 = _z(level) ** 2 * p * (1 - p) / margin**2
    if population is None:
        return math.ceil(n0 - 1e-9)
    return min(population, math.ceil(n0 / (1 + (n0 - 1) / population) - 1e-9)) if population > 0 else 0


def krejcie_morgan(population: ArrayLike, margin: float = 0.05, p: float = 0.5, chi2: float = 3.841) -> Any:
    """Return Krejcie and Morgan's (1970) sample size of populations: s = X2 N p (1 - p) / (d^2 (N - 1) + X2 p (1 - p)).

    Rounded to the nearest whole number, as their table is; an array for an array.

    >>> krejcie_morgan([10, 100, 10000]).tolist()
    [10, 80, 370]
    """
    size = np.asarray(population, dtype=np.float64)
    s = chi2 * size * p * (1 - p) / (margin**2 * (size - 1) + chi2 * p * (1 - p))
    rounded = np.floor(s + 0.5).astype(np.int64)
    return int(rounded) if rounded.ndim == 0 else rounded


def achievable_margin(n: ArrayLike, p: float = 0.5, population: ArrayLike | None = None, level: float = 0.95) -> Floats:
    """Return the ± margin that n audits achieve for a rate near ``p``, with the finite population factor."""
    n = np.asarray(n, dtype=np.float64)
    factor: Floats | float = 1.0
    if population is not None:
        size = np.asarray(population, dtype=np.float64)
        factor = np.sqrt(np.clip((size - n) / np.maximum(size - 1, 1), 0.0, 1.0))
    with np.errstate(divide="ignore"):
        return np.asarray(_z(level) * np.sqrt(p * (1 - p) / n) * factor)


def exact_sample_size(margin: float, p: float = 0.5, population: int | None = None, level: float = 0.95) -> int:
    """Return the n from which on the exact interval at the planned rate has a half width of at most ``margin``.

    Without a population that is Clopper-Pearson's at x = p n; with one, the hypergeometric interval of the number
    of failures among the N, which is shorter when n / N is large. There x is rounded, so the width is a saw: the n
    returned is the smallest after which no tooth of the next 20 stands out.
    """
    _check_share(p, "p")
    _check_share(margin, "margin")
    if population is not None and population < 1:
        return 0
    if population is not None:
        return _exact_finite(margin, p, population, level)
    low, high = 1, 2
    while _clopper_half(high, p, level) > margin:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _clopper_half(middle, p, level) <= margin else (middle + 1, high)
    return low


def _clopper_half(n: int, p: float, level: float) -> float:
    tail, x = (1 - level) / 2, p * n
    return float(betaincinv(x + 1, n - x, 1 - tail) - betaincinv(x, n - x + 1, tail)) / 2


def _exact_finite(margin: float, p: float, population: int, level: float, teeth: int = 20) -> int:
    def fits(n: int) -> bool:
        lower, upper = hypergeometric_interval(round(p * n), n, population, level)
        return (upper - lower) / 2 <= margin

    low, high = 1, population
    while low < high:  # near the answer: the saw's teeth are small against its slope
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    outside = [n for n in range(max(1, low - teeth), min(low + teeth, population)) if not fits(n)]
    return outside[-1] + 1 if outside else max(1, low - teeth)


def hypergeometric_interval(x: int, n: int, population: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of the rate in a population of N of which n were drawn and x counted.

    It inverts the hypergeometric test as Clopper-Pearson does the binomial; with n = N it has no width.
    """
    if not 0 <= x <= n <= population or n < 1:
        msg = f"hypergeometric: x {x}, n {n}, N {population}; 0 <= x <= n <= N and n at least 1"
        raise ValueError(msg)
    tail = (1 - level) / 2 * (1 + 1e-9)  # a probability that is the tail itself is not above it, however it is rounded
    first, last = x, population - (n - x)  # what the population can hold, given the sample
    low, high = first, last
    while low < high:  # P(X >= x) grows with what the population holds: the smallest count that is credible
        middle = (low + high) // 2
        low, high = (low, middle) if 1 - _hypergeometric(x - 1, population, middle, n) > tail else (middle + 1, high)
    least = low
    low, high = first, last
    while low < high:  # P(X <= x) falls: the largest
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _hypergeometric(x, population, middle, n) > tail else (low, middle - 1)
    most = low
    return least / population, most / population


def _hypergeometric(x: int, population: int, successes: int, n: int) -> float:
    """P(X <= x) of n draws from a population that holds ``successes``."""
    k = np.arange(max(0, n - (population - successes)), min(x, successes, n) + 1, dtype=np.float64)
    if not len(k):
        return 0.0
    ways = _log_choose(successes, k) + _log_choose(population - successes, n - k) - _log_choose(population, n)
    return min(1.0, float(np.exp(ways).sum()))


def _log_choose(n: float, k: ArrayLike) -> Floats:
    chosen = np.asarray(k, dtype=np.float64)
    return np.asarray(gammaln(n + 1) - gammaln(chosen + 1) - gammaln(n - chosen + 1))


def zero_failures(max_rate: float, population: int | None = None, level: float = 0.95) -> int:
    """Return how many audits without a failure show, at ``level``, that the failure rate is below ``max_rate``.

    ln(1 - level) / ln(1 - max_rate); with a population, the hypergeometric count.

    >>> zero_failures(0.05), zero_failures(0.05, 120)
    (59, 47)
    """
    _check_share(max_rate, "max_rate")
    if population is None:
        return math.ceil(math.log(1 - level) / math.log(1 - max_rate) - 1e-9)
    bad = math.ceil(max_rate * population - 1e-9)
    chance, n = 1.0, 0
    while chance > 1 - level and n < population:
        chance *= max(0.0, (population - bad - n) / (population - n))
        n += 1
    return n


def kappa_sample_size(
    half_width: float, kappa: float, margins: ArrayLike, weights: Weights = "identity", level: float = 0.95
) -> int:
    """Return the pairs needed to know Cohen's kappa to ± ``half_width``: z^2 V1 / h^2.

    V1 is Fleiss, Cohen and Everitt's variance of one pair at the planned kappa, with both sides using the levels
    in the shares ``margins`` (q,); for two levels give (prevalence, 1 - prevalence).
    """
    _check_share(half_width, "half_width")
    return math.ceil(_z(level) ** 2 * _kappa_variance(kappa, margins, weights) / half_width**2 - 1e-9)


def kappa_test_sample_size(
    kappa_null: float,
    kappa: float,
    margins: ArrayLike,
    *,
    power: float = 0.8,
    level: float = 0.95,
) -> int:
    """Return the pairs needed to tell ``kappa`` from ``kappa_null``, two-sided (Cantor 1996)."""
    if kappa == kappa_null:
        msg = f"kappa test: both kappas are {kappa}; they must differ"
        raise ValueError(msg)
    q0, q1 = _kappa_variance(kappa_null, margins, "identity"), _kappa_variance(kappa, margins, "identity")
    root = _z(level) * math.sqrt(q0) + float(ndtri(power)) * math.sqrt(q1)
    return math.ceil((root / (kappa - kappa_null)) ** 2 - 1e-9)


def _kappa_variance(kappa: float, margins: ArrayLike, weights: Weights) -> float:
    """Variance of one pair, from the table with these margins in which agreement above chance is kappa."""
    share = np.asarray(margins, dtype=np.float64)
    whole = math.isclose(float(share.sum()), 1.0, abs_tol=1e-9)
    if share.ndim != 1 or len(share) < 2 or (share <= 0).any() or not whole:
        msg = "kappa planning: margins must be two or more shares above 0 that add to 1"
        raise ValueError(msg)
    table = kappa * np.diag(share) + (1 - kappa) * np.outer(share, share)
    if (table < -1e-12).any():
        msg = f"kappa planning: a kappa of {kappa} is impossible with these margins; choose a higher one"
        raise ValueError(msg)
    return float(two_rater_agreement(np.maximum(table, 0.0), "cohen_kappa", weights).se[0] ** 2)


def _check_share(value: float, what: str) -> None:
    if not 0 < value < 1:
        msg = f"sample size: {what} is {value}; give a share above 0 and below 1 (0.05 for five points)"
        raise ValueError(msg)
