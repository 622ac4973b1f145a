"""Drawing from weighted lists, and columns of text from codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
SECOND = 1_000_000
HOUR = 3600
DAY = 24 * HOUR


def pick(rng: Generator, weights: Sequence[float], size: int) -> Ints:
    """Return ``size`` positions of ``weights``, each drawn in proportion to its weight."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    drawn: Ints = np.searchsorted(edges, rng.random(size) * edges[-1], side="right").astype(np.int64)
    return drawn


def words(codes: Ints, values: Sequence[str]) -> pa.Array:
    """Return the text of each code as dictionary-encoded words; a negative code is null."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=codes < 0), pa.array(list(values), pa.string())
    )


def texts(codes: Ints, values: Sequence[str]) -> pa.Array:
    """Return the text of each code; a negative code is null."""
    return words(codes, values).cast(pa.string())


def whole(values: Ints) -> pa.Array:
    """Return whole numbers; a negative one is null."""
    return pa.array(values, pa.int64(), mask=values < 0)


def moments(seconds: Ints) -> pa.Array:
    """Return UTC times from seconds since 1970; a negative one is null."""
    return pa.array(seconds * SECOND, pa.int64(), mask=seconds < 0).cast(pa.timestamp("us", tz="UTC"))


def by_day(seconds: Ints) -> Ints:
    """Move what would happen at night to the morning; so no time is written in the hour that clocks repeat."""
    return seconds + np.where(seconds % DAY < 7 * HOUR, 7 * HOUR, 0)


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Split ``total`` by largest remainder; every part gets at least one where ``total`` allows it."""
    exact = np.asarray(weights, dtype=float) / sum(weights) * total
    parts = np.floor(exact).astype(int)
    if total >= len(parts):
        parts = np.maximum(parts, 1)
    while parts.sum() > total:
        parts[np.argmax(parts - exact)] -= 1
    while parts.sum() < total:
        parts[np.argmax(exact - parts)] += 1
    return [int(part) for part in parts]
