"""Say what is going on: a live display on a terminal, plain lines elsewhere, nothing for machines."""

from __future__ import annotations

import sys
import time
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told what happens. Messages hold counts, names of streams and ids, nothing of a record."""

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
    """Plain lines on a stream, at most one every ``every`` seconds for counts; rewritten in place on a terminal."""

    def __init__(self, out: TextIO | None = None, *, every: float | None = None) -> None:
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._every = every if every is not None else (0.2 if self._live else 5.0)
        self._stage = ""
        self._since = time.monotonic()
        self._shown = 0.0
        self._open = False

    def stage(self, name: str) -> None:
        """Begin a stage."""
        self._stage = name
        self._since = time.monotonic()
        self._shown = 0.0

    def counted(self, what: str, count: int) -> None:
        """Show a count and its rate, not too often."""
        now = time.monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        rate = count / max(now - self._since, 1e-9)
        self._write(f"{self._stage}: {what} {count:,} ({rate:,.0f}/s)", keep=not self._live)

    def say(self, line: str) -> None:
        """Show one line."""
        self._write(f"{self._stage}: {line}" if self._stage else line, keep=True)

    def _write(self, line: str, *, keep: bool) -> None:
        lead = "\r\x1b[K" if self._open else ""
        self._out.write(lead + line + ("\n" if keep else ""))
        self._open = not keep
        self._out.flush()
