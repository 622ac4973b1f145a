"""What can go wrong on the way: quota errors, 503 before and after the write landed, dropped and hanging lines."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from qa_sync_gsheets.sandbox.refusal import Refusal, over_quota, unavailable

Fault = Literal[
    "quota",
    "unavailable_before",
    "unavailable_after",
    "drop_before",
    "drop_after",
    "hang_after",
    "not_found_once",
]
Side = Literal["read", "write", "any"]


class DroppedConnection(Exception):
    """End the connection without an answer."""


@dataclass(slots=True)
class _Planned:
    fault: Fault
    side: Side
    skip: int


class Faults:
    """Faults in the order they were planned; each happens once."""

    def __init__(self) -> None:
        self._planned: deque[_Planned] = deque()
        self._released = threading.Event()

    def plan(self, fault: Fault, *, on: Side = "write", times: int = 1, skip: int = 0) -> None:
        """Let the next ``times`` requests of a side fail, after ``skip`` good ones."""
        for number in range(times):
            self._planned.append(_Planned(fault, on, skip if number == 0 else 0))

    def clear(self) -> None:
        """Forget what was planned."""
        self._planned.clear()

    def release(self) -> None:
        """Let hanging requests go."""
        self._released.set()

    def take(self, side: Side) -> Fault | None:
        """Return the fault due for a request of ``side``, if any."""
        for planned in self._planned:
            if planned.side in {side, "any"}:
                if planned.skip:
                    planned.skip -= 1
                    return None
                self._planned.remove(planned)
                return planned.fault
        return None

    def before(self, fault: Fault | None, side: Side) -> None:
        """Fail a request that has done nothing yet."""
        if fault == "quota":
            raise over_quota("Read" if side == "read" else "Write")
        if fault == "unavailable_before":
            raise unavailable()
        if fault == "not_found_once":
            raise Refusal(404, "Requested entity was not found.")
        if fault == "drop_before":
            raise DroppedConnection

    def after(self, fault: Fault | None) -> None:
        """Fail a request that has done its work."""
        if fault == "unavailable_after":
            raise unavailable()
        if fault == "drop_after":
            raise DroppedConnection
        if fault == "hang_after":
            self._released.wait(30)
            raise DroppedConnection


class Quota:
    """Two counters of requests in the last minute, reads and writes apart, as Google meters them."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        self._spent: dict[str, deque[float]] = {"read": deque(), "write": deque()}

    def spend(self, side: Side) -> None:
        """Count one request; refuse the one too many."""
        if self._limit is None or side == "any":
            return
        now, spent = self._clock(), self._spent[side]
        while spent and now - spent[0] >= 60:
            spent.popleft()
        if len(spent) >= self._limit:
            raise over_quota("Read" if side == "read" else "Write")
        spent.append(now)
