"""Intervals of two-rater coefficients from a Dirichlet posterior of the table: the default of qa-sync.

Textbook intervals fail at the sample sizes of quality work: with 20 audits, 95 % passes and kappa .5 the Wald
interval covers 24 % of the time and kappa itself is undefined in a fifth of the weeks. Here the cells' true
shares have a Dirichlet posterior (:func:`default_prior` mass on every cell of the form's table), the coefficient
is computed for many draws of it, and the interval holds the middle 95 % of them. It always exists, also when
kappa does not; how often it covers the truth is measured by ``benchmarks/agreement.py --coverage``.

Speed and stable digits: a Dirichlet draw is q * q gamma variables divided by their sum. Gamma quantiles are
taken on one grid of ``draws`` midpoints per distinct count (evaluators share counts), and the grid points of
the cells are combined in the order of a scrambled Sobol sequence. For the same spread between seeds this needs
half (five levels) to a quarter (two levels) of the draws of a bootstrap. An interval depends on its own table, the
seed and the number of draws only, never on the other groups of the batch, so ``explain`` can recompute it alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv, ndtri

from qa_sync.agreement.estimate import NO_DATA, Batch, Floats
from qa_sync.agreement.proportions import finite_population_factor
from qa_sync.agreement.sobol import MOST_DIMENSIONS, sobol_ranks
from qa_sync.agreement.two_raters import Coefficient, as_tables, point_values, two_rater_agreement
from qa_sync.agreement.weights import Weights, weight_matrix

#: Recorded with every interval; the same seed, table and draws give the same digits.
DEFAULT_SEED = 20260105
DEFAULT_DRAWS = 2048
# Draws of all cells that are held at once (float64): they stay in cache, whatever the number of groups.
_BLOCK = 1 << 18
_SOBOL_DIMENSIONS = 21201
_EXPANSION = 64.0


def default_prior(q: int) -> float:
    """Return the prior mass of one cell of a q x q table: 2 / q^2, two pairs' worth for any scale, ½ for two levels.

    ½ on every cell, good for two levels, puts 12 invented pairs on a scale of five: with 20 real ones the 95 %
    intervals then cover as little as 43 % (kappa) and 39 % (AC1) on skewed or biased margins. A constant total of
    2 covers 88 and 84 % in the same worst cases and 92-95 % on average (``benchmarks/agreement.py --coverage``).
    """
    return 2.0 / q**2


def posterior_draws(
    tables: ArrayLike, *, prior: float | None = None, draws: int = DEFAULT_DRAWS, seed: int = DEFAULT_SEED
) -> Iterator[tuple[slice, Floats]]:
    """Yield (groups, cells) where cells (q * q, groups, draws) are unnormalised posterior draws of the tables.

    Args:
        tables: counts (G, q, q).
        prior: mass of every cell; default :func:`default_prior`.
        draws: a power of two, so that the Sobol sequence is balanced.
        seed: of the scrambling.

    Raises:
        ValueError: ``draws`` is not a power of two, or the prior is not above 0.
    """
    counts = as_tables(tables)
    groups, q, _ = counts.shape
    mass = default_prior(q) if prior is None else prior
    if draws < 2 or draws & (draws - 1):
        msg = f"dirichlet: {draws} draws; give a power of two, for instance {DEFAULT_DRAWS}"
        raise ValueError(msg)
    if not mass > 0:
        msg = f"dirichlet: prior {mass}; the mass of a cell must be above 0, for instance 0.5"
        raise ValueError(msg)
    flat = counts.reshape(groups, q * q)
    ranks = _ranks(q * q, draws, seed)
    distinct, place = np.unique(flat, return_inverse=True)
    place = place.reshape(flat.shape)
    grid = _gamma_grid(distinct + mass, draws)
    step = max(1, _BLOCK // (q * q * draws))
    for start in range(0, groups, step):
        chunk = slice(start, min(start + step, groups))
        cells = np.empty((q * q, chunk.stop - start, draws))
        for cell in range(q * q):
            used, back = np.unique(place[chunk, cell], return_inverse=True)
            np.take(np.take(grid[used], ranks[cell], axis=1), back, axis=0, out=cells[cell])
        yield chunk, cells


def _gamma_grid(shapes: Floats, draws: int) -> Floats:
    """Return gamma quantiles at the midpoints of ``draws`` equal slices: (shapes, draws).

    Exact for small shapes. From 64 on the Cornish-Fisher expansion is right to 4e-6 standard deviations, which no
    printed digit can see, and is some hundred times faster.
    """
    middle = (np.arange(draws) + 0.5) / draws
    grid = np.empty((len(shapes), draws))
    large = shapes >= _EXPANSION
    for row in np.flatnonzero(~large):
        grid[row] = _exact_quantiles(float(shapes[row]), draws)
    a, z = shapes[large], ndtri(middle)
    root = np.sqrt(a)
    powers = np.stack([a, root, np.ones(len(a)), 1 / root, 1 / a, 1 / (a * root)], axis=1)
    terms = [
        np.ones(draws),
        z,
        (z**2 - 1) / 3,
        (z**3 - 7 * z) / 36,
        -(3 * z**4 + 7 * z**2 - 16) / 810,
        (9 * z**5 + 256 * z**3 - 433 * z) / 38880,
    ]
    # Not a BLAS product: its last digits depend on how many shapes there are.
    grid[large] = np.einsum("st,td->sd", powers, np.stack(terms))
    return grid


@lru_cache(maxsize=512)  # small counts come again in every report
def _exact_quantiles(shape: float, draws: int) -> Floats:
    quantiles: Floats = gammaincinv(shape, (np.arange(draws) + 0.5) / draws)
    quantiles.flags.writeable = False
    return quantiles


def _ranks(dimensions: int, draws: int, seed: int) -> NDArray[np.intp]:
    """Return, per cell, the order in which its grid points are used: (dimensions, draws), each a permutation."""
    if dimensions > _SOBOL_DIMENSIONS:
        generator = np.random.default_rng(seed)
        return np.stack([generator.permutation(draws) for _ in range(dimensions)]).astype(np.intp)
    if dimensions <= MOST_DIMENSIONS:
        return sobol_ranks(dimensions, draws, seed)
    from scipy.stats import qmc  # takes half a second to import

    # The same points for the same seed: every coordinate of a balanced Sobol set visits every slice once.
    points = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random(draws)
    return np.ascontiguousarray((points.T * draws).astype(np.intp))


def dirichlet_intervals(
    tables: ArrayLike,
    wanted: Sequence[tuple[Coefficient, Weights]],
    *,
    level: float = 0.95,
    prior: float | None = None,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    levels: Sequence[float] | None = None,
    population: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Return (lower, upper), each (len(wanted), G), of several coefficients from the same draws.

    The interval is widened to hold the point value where the posterior leaves it out (perfect agreement).
    Groups without pairs have NaN: there the posterior would only repeat the prior. With the ``population`` N (G,)
    that the pairs were drawn from, both ends move towards the point by the finite population factor where
    n / N > 5 %; a coefficient without a point value keeps the whole interval.
    """
    counts = as_tables(tables)
    q = counts.shape[1]
    matrices = [(name, weight_matrix(weights, q if levels is None else levels)) for name, weights in wanted]
    n = counts.sum(axis=(1, 2))
    ends = np.full((2, len(matrices), len(counts)), np.nan)
    for chunk, cells in posterior_draws(counts, prior=prior, draws=draws, seed=seed):
        size = cells.shape[1]
        values, _, _ = point_values(cells.reshape(q * q, -1), matrices, n=np.repeat(n[chunk], draws))
        ends[:, :, chunk] = _middle(values.reshape(len(matrices), size, draws), level)
    points, _, _ = point_values(counts.reshape(len(counts), q * q).T, matrices)
    lower, upper = np.fmin(ends[0], points), np.fmax(ends[1], points)
    if population is not None:
        factor = np.where(np.isfinite(points), finite_population_factor(n, population), 1.0)
        centre = np.where(np.isfinite(points), points, 0.0)
        lower, upper = centre + (lower - centre) * factor, centre + (upper - centre) * factor
    lower[:, n == 0] = upper[:, n == 0] = np.nan
    return lower, upper


def _middle(values: Floats, level: float) -> Floats:
    """Return the two quantiles that leave (1 - level) / 2 on each side of the last axis: (2, ...)."""
    draws = values.shape[-1]
    position = np.array([(1 - level) / 2, (1 + level) / 2]) * draws - 0.5  # midpoint rule, as the grid
    below = np.clip(np.floor(position).astype(int), 0, draws - 2)
    share = np.clip(position - below, 0.0, 1.0)
    ordered = np.partition(values, np.unique([*below, *(below + 1)]), axis=-1)
    return np.stack([(1 - s) * ordered[..., k] + s * ordered[..., k + 1] for k, s in zip(below, share, strict=True)])


def with_dirichlet_interval(
    tables: ArrayLike,
    coefficient: Coefficient = "cohen_kappa",
    weights: Weights = "identity",
    *,
    level: float = 0.95,
    prior: float | None = None,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    population: ArrayLike | None = None,
) -> Batch:
    """Return one coefficient of tables (q, q) or (G, q, q) with its posterior interval and the seed used.

    Where the coefficient is undefined (everybody chose one category) the value is NaN with its reason while
    the interval is given: the data do say what kappa can still be.
    """
    batch = two_rater_agreement(tables, coefficient, weights)
    (lower,), (upper,) = dirichlet_intervals(
        tables, [(coefficient, weights)], level=level, prior=prior, draws=draws, seed=seed, population=population
    )
    lower, upper = (np.where(batch.reason == NO_DATA, np.nan, end) for end in (lower, upper))
    return replace(batch, lower=lower, upper=upper, method="dirichlet", level=level, seed=seed)
