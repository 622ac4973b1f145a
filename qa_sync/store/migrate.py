"""Bring a store that an earlier qa-sync made to the layout of this one, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qa_sync.store.path import StorePath

#: Format → the step to the next one. A step may be begun again after a crash: the format is written after it.
Steps = Mapping[int, Callable[[StorePath], None]]

STEPS: Steps = {}


def migrate(folder: StorePath, made: int, wanted: int, *, steps: Steps, done: Callable[[int], None]) -> None:
    """Go from format ``made`` to ``wanted``; ``done`` is told each format that was reached."""
    for step in range(made, wanted):
        steps[step](folder)
        done(step + 1)
