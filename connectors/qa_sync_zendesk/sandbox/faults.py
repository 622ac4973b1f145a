"""What the stand-in can be told to do wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

KINDS = (
    "429",  # with Retry-After; detail retry_after="1" or "0.5"
    "429_no_header",
    "429_edge",  # the edge's own body, and no Retry-After
    "503",
    "504",
    "401",  # once, although the token is good
    "cut_body",  # fewer bytes than announced
    "cut_json",  # a body that ends early but says it is whole
    "reset",  # the connection is closed without an answer
    "empty_page",  # no records, more to follow, the cursor does not move
    "expire_tokens",  # every token becomes invalid at this request
    "duplicates",  # a page begins with records of the page before it
    "repeat_cursor",  # the page's cursor is the one that was asked for
    "foreign_host",  # next links name another host
    "redirect",  # the answer sends the client to another host
    "poisoned_cursor",  # a cursor is answered with 400
    "slow_page",  # of a page of more than ``over`` records only a part arrives, and then nothing more
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour: for ``times`` requests (None: always) whose path holds ``path``, every ``every``-th of them."""

    kind: str
    times: int | None = 1
    path: str = "/incremental/"
    every: int = 1
    retry_after: str = "1"
    over: int = 0


class Faults:
    """The misbehaviour switched on now; may be changed while requests are served."""

    def __init__(self, faults: Iterable[str | Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int]] = []
        for fault in faults:
            if isinstance(fault, Fault):
                self._add(fault)
            else:
                self.add(fault)

    def add(self, kind: str, **detail: Any) -> None:
        """Switch on one kind; ``detail`` as in ``Fault``."""
        self._add(Fault(kind=kind, **detail))

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._left = []

    def take(self, path: str) -> Fault | None:
        """Return the misbehaviour for one request to ``path``, and count it."""
        with self._lock:
            for at, (fault, seen) in enumerate(self._left):
                if fault.path not in path:
                    continue
                self._left[at] = (fault, seen + 1)
                if (seen + 1) % fault.every:
                    continue
                if fault.times is not None:
                    spent = replace(fault, times=fault.times - 1)
                    self._left[at : at + 1] = [(spent, seen + 1)] if spent.times else []
                return fault
        return None

    def _add(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            msg = f"no fault {fault.kind!r}; there are {', '.join(KINDS)}"
            raise ValueError(msg)
        with self._lock:
            self._left.append((fault, 0))
