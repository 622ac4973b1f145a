"""Stay under Google's limit of calls a minute: one counter for reads and one for writes, per process and host."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

Side = Literal["read", "write"]
_WINDOW = 60.0


class Budget:
    """Counts calls of the last minute and waits when there is no room for another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spent: dict[Side, deque[float]] = {"read": deque(), "write": deque()}

    def wait_seconds(self, side: Side, limit: int) -> float:
        """Take a place now and return 0, or return for how long there is none."""
        with self._lock:
            now, spent = self._clock(), self._spent[side]
            while spent and now - spent[0] >= _WINDOW:
                spent.popleft()
            if len(spent) < limit:
                spent.append(now)
                return 0.0
            return _WINDOW - (now - spent[0])

    def spend(self, side: Side, limit: int, *, sleep: Callable[[float], None], notify: Callable[[str], None]) -> None:
        """Take a place, waiting for one if need be."""
        while (seconds := self.wait_seconds(side, limit)) > 0:
            notify(f"{seconds:.0f} s for Google's {side} quota")
            sleep(seconds)


_BUDGETS: dict[str, Budget] = {}
_GUARD = threading.Lock()


def budget_of(base_url: str) -> Budget:
    """Return the counters that everything in this process shares for a host."""
    with _GUARD:
        return _BUDGETS.setdefault(base_url, Budget())


def forget() -> None:
    """Drop all counters: the hosts they counted for are gone (sandboxes in tests)."""
    with _GUARD:
        _BUDGETS.clear()
