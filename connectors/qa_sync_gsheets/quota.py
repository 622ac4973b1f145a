"""Stay under Google's limit of calls a minute: one counter for reads, one for writes, shared by all who use an account.

Processes on one machine share a file of the workspace's state; where it cannot be written, each counts for itself. What
a person waits for may use the last calls of a minute, which everything else leaves free.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from filelock import FileLock, Timeout

Side = Literal["read", "write"]
_WINDOW = 60.0
#: Of so many calls a minute, one is left free for what a person waits for.
_LEFT_FREE = 8
_LOCK_SECONDS = 10.0


class _Spent(msgspec.Struct):
    """Moments of the calls of the last minute, in seconds since 1970, oldest first."""

    read: list[float] = msgspec.field(default_factory=list)
    write: list[float] = msgspec.field(default_factory=list)


class Budget:
    """Counts calls of the last minute and waits when there is no room for another.

    ``path``: the file that other processes count in too; None to count for this process only. The clock is that of the
    day, because processes have no other in common.
    """

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._own = _Spent()

    def wait_seconds(self, side: Side, limit: int, *, urgent: bool = False) -> float:
        """Take a place now and return 0, or return for how long there is none."""
        room = limit if urgent else max(1, limit - limit // _LEFT_FREE)
        with self._counted() as spent:
            now = self._clock()
            # A clock that was set back must not make anybody wait for moments to come.
            recent = [moment for moment in getattr(spent, side) if now - _WINDOW < moment <= now]
            wait = 0.0 if len(recent) < room else _WINDOW - (now - recent[-room])
            setattr(spent, side, recent if wait else [*recent, now])
            return wait

    def spend(
        self,
        side: Side,
        limit: int,
        *,
        sleep: Callable[[float], None],
        notify: Callable[[str], None],
        urgent: bool = False,
    ) -> None:
        """Take a place, waiting for one if need be."""
        while (seconds := self.wait_seconds(side, limit, urgent=urgent)) > 0:
            notify(f"{seconds:.0f} s for Google's {side} quota")
            sleep(seconds)

    @contextmanager
    def _counted(self) -> Iterator[_Spent]:
        """Hold the counters, alone among threads and processes."""
        with self._lock, contextlib.ExitStack() as stack:
            shared = self._path is not None
            if self._path is not None:
                try:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(FileLock(f"{self._path}.lock", timeout=_LOCK_SECONDS))
                except (OSError, Timeout):
                    shared = False
            if shared and self._path is not None:
                with contextlib.suppress(OSError, msgspec.DecodeError):
                    self._own = msgspec.json.decode(self._path.read_bytes(), type=_Spent)
            yield self._own
            if shared and self._path is not None:
                with contextlib.suppress(OSError):
                    self._path.write_bytes(msgspec.json.encode(self._own))


_BUDGETS: dict[str, Budget] = {}
_GUARD = threading.Lock()


def budget_of(base_url: str, account: str = "", folder: Path | None = None) -> Budget:
    """Return the counters that everybody shares who uses an account at a host, and keeps state in ``folder``."""
    name = hashlib.sha256(f"{base_url} {account}".encode()).hexdigest()[:16]
    path = folder / f"quota-{name}.json" if folder is not None else None
    with _GUARD:
        return _BUDGETS.setdefault(str(path or name), Budget(path))


def forget() -> None:
    """Drop all counters: the hosts they counted for are gone (sandboxes in tests)."""
    with _GUARD:
        _BUDGETS.clear()
