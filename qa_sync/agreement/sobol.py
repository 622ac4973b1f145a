"""Scrambled Sobol sequences as ranks: number for number those of ``scipy.stats.qmc.Sobol``.

Importing ``scipy.stats`` takes three times as long as the intervals of a small report, which need nothing else of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BITS = 30
#: Primitive polynomials (as bits) and first direction numbers of dimensions 2, 3, ...: S. Joe and F. Y. Kuo,
#: "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008).
_JOE_KUO: tuple[tuple[int, tuple[int, ...]], ...] = (
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)),
    (109, (1, 3, 1, 15, 13, 25)),
    (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)),
    (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)),
    (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)),
    (167, (1, 3, 1, 5, 27, 61, 31)),
)
#: Enough for the cells of a table of five levels.
MOST_DIMENSIONS = 1 + len(_JOE_KUO)


def sobol_ranks(dimensions: int, draws: int, seed: int) -> NDArray[np.intp]:
    """Return which of ``draws`` equal slices each point of a scrambled sequence lies in: (dimensions, draws).

    Each row is a permutation. The scrambling is Matoušek's: a random lower triangular matrix over the bits of every
    direction number, and a random digital shift.

    Args:
        dimensions: at most :data:`MOST_DIMENSIONS`.
        draws: a power of two.
        seed: of the scrambling.
    """
    (rng,) = np.random.default_rng(seed).spawn(1)
    shift = rng.integers(2, size=(dimensions, _BITS), dtype=np.uint32) @ (1 << np.arange(_BITS, dtype=np.uint32))
    matrix = np.tril(rng.integers(2, size=(dimensions, _BITS, _BITS), dtype=np.uint32))
    matrix[:, range(_BITS), range(_BITS)] = 1
    places = np.arange(_BITS - 1, -1, -1, dtype=np.uint32)  # of bits, the highest first
    bits = _directions(dimensions)[:, :, np.newaxis] >> places & 1
    directions = (np.einsum("dpi,dji->djp", matrix, bits) & 1) @ (1 << places)
    # Each point differs from the one before it by the direction of the lowest bit that changes between their numbers.
    before = np.arange(draws - 1)
    changes = np.bitwise_count(before & ~(before + 1))
    points = np.bitwise_xor.accumulate(np.column_stack([shift, directions[:, changes]]), axis=1)
    return np.ascontiguousarray(points >> (_BITS + 1 - draws.bit_length()), dtype=np.intp)


def _directions(dimensions: int) -> NDArray[np.uint32]:
    """Return the direction numbers (dimensions, bits), the first bit of each as its highest."""
    rows = [[1] * _BITS]
    for polynomial, first in _JOE_KUO[: dimensions - 1]:
        row, degree = list(first), len(first)
        for j in range(degree, _BITS):
            new = row[j - degree]
            for k in range(1, degree + 1):
                new ^= (polynomial >> (degree - k) & 1) * (row[j - k] << k)
            row.append(new)
        rows.append(row)
    return np.array([[number << (_BITS - 1 - j) for j, number in enumerate(row)] for row in rows], dtype=np.uint32)
