"""Rolling windows over ISO weeks, from sufficient counts: four weeks pooled, never a mean of weekly means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import Floats, Ints


def week_numbers(weeks: Sequence[str]) -> Ints:
    """Return consecutive numbers of ISO weeks such as 2026-W01, so that a missing week leaves a gap.

    >>> (week_numbers(["2026-W53", "2027-W01", "2027-W03"]) - week_numbers(["2026-W53"])).tolist()
    [0, 1, 3]

    Raises:
        ValueError: a text is no ISO week (2026-W01; 2027 has no week 53).
    """
    found = {}
    for week in set(weeks):
        try:
            year, number = week.split("-W")
            found[week] = date.fromisocalendar(int(year), int(number), 1).toordinal() // 7
        except ValueError as problem:
            msg = f"weeks: {week!r} is no ISO week; write 2026-W01"
            raise ValueError(msg) from problem
    return np.array([found[week] for week in weeks], dtype=np.int64)


def rolling_sums(counts: ArrayLike, weeks: ArrayLike, window: int = 4) -> Floats:
    """Return, for every week, the sum of ``counts`` over it and the weeks before it, ``window`` in all.

    Anything additive can be pooled so: confusion tables, sums of deltas and of their squares, items that agree. A
    rate of a window is then the quotient of its sums, not the mean of weekly rates.

    Args:
        counts: (groups, weeks, ...), one slice a week that has data, in order.
        weeks: numbers of these weeks (weeks,), rising; see :func:`week_numbers`. Weeks without data are gaps.
        window: weeks pooled, the week itself included.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError: weeks do not rise, or are not one a slice; a window below 1.

    >>> rolling_sums([[1, 2, 4, 8]], [10, 11, 12, 20], window=2).tolist()
    [[1.0, 3.0, 6.0, 8.0]]
    """
    table, number = np.asarray(counts, dtype=np.float64), np.asarray(weeks, dtype=np.int64)
    if window < 1 or table.ndim < 2 or table.shape[1] != len(number) or (np.diff(number) <= 0).any():
        msg = f"rolling: counts {table.shape}, {len(number)} weeks, window {window}; give rising weeks, one a slice"
        raise ValueError(msg)
    running = np.concatenate([np.zeros_like(table[:, :1]), np.cumsum(table, axis=1)], axis=1)
    first = np.searchsorted(number, number - window, side="right")
    return np.asarray(running[:, 1:] - running[:, first])
