"""Time as the connector sees it: replaced in tests by one that only jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

#: Exports refuse a start_time within the last minute, and show nothing of it.
RECENT_SECONDS = 61


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Epoch seconds, and waiting."""

    now: Callable[[], float]
    sleep: Callable[[float], None]

    def startable(self, moment: int) -> int:
        """Return ``moment``, or the latest start_time that an export accepts now."""
        return max(0, min(moment, int(self.now()) - RECENT_SECONDS))


def iso(moment: float) -> str:
    """Return epoch seconds as ISO text in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
