"""How long to keep trying, and a way to ask whether somebody is there without trying for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import tenacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How long to keep trying: ``attempts`` in all, ``total`` seconds in all, waits capped at ``cap`` seconds.

    ``sleep`` is replaced in tests, so that they never wait.
    """

    attempts: int = 6
    total: float = 600.0
    first: float = 1.0
    cap: float = 120.0
    sleep: Callable[[float], None] = time.sleep


#: While probing: one more try where it fits into so many seconds, and time-outs (to connect, to be answered) no longer.
PROBE_ATTEMPTS, PROBE_TOTAL, PROBE_FIRST = 2, 3.0, 0.5
PROBE_TIMEOUT = (3.0, 10.0)

_probing: ContextVar[bool] = ContextVar("probing", default=False)


@contextmanager
def probing() -> Iterator[None]:
    """Within this, requests of this context give up in seconds: a person waits for the answer."""
    token = _probing.set(True)
    try:
        yield
    finally:
        _probing.reset(token)


def bounded(retry: Retry) -> Retry:
    """Return the policy to follow now: ``retry``, or the much shorter one of a probe."""
    if not _probing.get():
        return retry
    attempts, total = min(retry.attempts, PROBE_ATTEMPTS), min(retry.total, PROBE_TOTAL)
    return replace(retry, attempts=attempts, total=total, first=min(retry.first, PROBE_FIRST))


def timeouts(connect: float, answer: float) -> tuple[float, float]:
    """Return the time-outs to use now, in seconds."""
    return (min(connect, PROBE_TIMEOUT[0]), min(answer, PROBE_TIMEOUT[1])) if _probing.get() else (connect, answer)


def stop_of(retry: Retry) -> tenacity.stop.stop_base:
    """Return when to stop trying; a probe stops before a wait that it has no time for."""
    by_time = tenacity.stop_before_delay if _probing.get() else tenacity.stop_after_delay
    return tenacity.stop_after_attempt(retry.attempts) | by_time(retry.total)
