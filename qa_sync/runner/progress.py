"""Say what is going on: a live display on a terminal, plain lines elsewhere, nothing for machines."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told what happens, maybe by several threads at once. Messages hold counts, names and ids, nothing of a record."""

    def stage(self, name: str) -> None:
        """A new stage of the run begins."""
        ...

    def counted(self, what: str, count: int) -> None:
        """``count`` of ``what`` so far in this stage."""
        ...

    def say(self, line: str) -> None:
        """One line, such as the reason for a wait."""
        ...


class Silent:
    """Says nothing."""

    def stage(self, name: str) -> None:
        """Ignore."""

    def counted(self, what: str, count: int) -> None:
        """Ignore."""

    def say(self, line: str) -> None:
        """Ignore."""


class Lines:
    """Plain lines on a stream, at most one every ``every`` seconds for a count; on a terminal, one line rewritten.

    May be told by several threads at once.
    """

    def __init__(self, out: TextIO | None = None, *, every: float | None = None) -> None:
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._every = every if every is not None else (0.2 if self._live else 5.0)
        self._guard = threading.Lock()
        self._stage = ""
        self._first: dict[str, tuple[float, int]] = {}
        self._shown: dict[str, float] = {}
        self._counts: dict[str, str] = {}
        self._open = False

    def stage(self, name: str) -> None:
        """Begin a stage."""
        with self._guard:
            self._stage = name
            self._first, self._shown, self._counts = {}, {}, {}

    def counted(self, what: str, count: int) -> None:
        """Show a count and its rate, not too often; on a terminal beside the others that are counted now."""
        with self._guard:
            now = time.monotonic()
            begun, before = self._first.setdefault(what, (now, count))
            if now - self._shown.get(what, -self._every) < self._every:
                return
            self._shown[what] = now
            rate = f" ({(count - before) / (now - begun):,.0f}/s)" if now > begun else ""
            # The newest stands first: what a narrow terminal cuts off has moved least.
            self._counts = {what: f"{what} {count:,}{rate}", **{k: v for k, v in self._counts.items() if k != what}}
            if not self._live:
                self._write(f"{self._stage}: {self._counts[what]}", keep=True)
                return
            line = f"{self._stage}: {' · '.join(self._counts.values())}"
            self._write(line[: max(20, shutil.get_terminal_size().columns - 1)], keep=False)

    def say(self, line: str) -> None:
        """Show one line."""
        with self._guard:
            self._write(f"{self._stage}: {line}" if self._stage else line, keep=True)

    def _write(self, line: str, *, keep: bool) -> None:
        lead = "\r\x1b[K" if self._open else ""
        self._out.write(lead + line + ("\n" if keep else ""))
        self._open = not keep
        self._out.flush()
