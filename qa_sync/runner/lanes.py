"""Work that need not wait for other work: lanes in threads of their own, stopped together, told of in one place."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context

#: So many lanes are driven at once: most of the time they wait for an answer, and each holds a batch in memory.
AT_ONCE = 8
#: Seconds that a stopped run leaves its lanes to come to a halt; one that waits for a rate limit is not waited for.
HALT_SECONDS = 10.0


class Stopped(BaseException):
    """Raised in a lane once the run was stopped: what it has not committed is not committed any more."""


class Lanes:
    """Drives pieces of work side by side; a piece may add others while it runs.

    Args:
        at_once: most lanes at a time.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._waiting: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._busy = 0
        self._error: BaseException | None = None
        self._stop = threading.Event()

    def add(self, work: Callable[[], None]) -> None:
        """Have ``work`` done, after what was added before has begun."""
        with self._changed:
            self._waiting.append(work)
            self._changed.notify_all()

    def check(self) -> None:
        """Raise Stopped if everything is to come to a halt; work calls this wherever it may be broken off."""
        if self._stop.is_set():
            raise Stopped

    def drive(self) -> None:
        """Do everything that was and will be added; one piece alone is done in this very thread.

        Raises:
            BaseException: what a piece raised, or what stopped this thread; the other pieces are then halted.
        """
        while len(self._waiting) == 1:
            self._waiting.popleft()()
        if not self._waiting:
            return
        threads = [threading.Thread(target=self._lane(), daemon=True) for _ in range(self._at_once)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive() and not self._stop.is_set():
                    thread.join(0.5)  # not for ever, so that Ctrl-C is heard on every platform
        finally:
            self._halt(None)
            until = time.monotonic() + HALT_SECONDS
            for thread in threads:
                if thread.is_alive():
                    thread.join(max(0.0, until - time.monotonic()))
        if self._error is not None:
            raise self._error

    def _lane(self) -> Callable[[], None]:
        context = copy_context()  # such as that only a probe is wanted

        def work() -> None:
            while (piece := self._next()) is not None:
                try:
                    context.run(piece)
                except BaseException as error:  # noqa: BLE001  (told to whoever drives)
                    self._halt(error)
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

        return work

    def _next(self) -> Callable[[], None] | None:
        """Return the next piece, waiting while one under way may still add some; None when there will be none."""
        with self._changed:
            while not self._waiting and self._busy and not self._stop.is_set():
                self._changed.wait()
            if not self._waiting or self._stop.is_set():
                return None
            self._busy += 1
            return self._waiting.popleft()

    def _halt(self, error: BaseException | None) -> None:
        with self._changed:
            if self._error is None and not isinstance(error, Stopped):
                self._error = error
            self._stop.set()
            self._changed.notify_all()
