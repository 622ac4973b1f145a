"""A lock that is an object of a bucket: made only where there is none, changed only as it was last seen.

Whoever holds it writes it anew every few seconds. One that was not written for ``LEASE_SECONDS``, by the clock of the
machine that waits, belongs to nobody any more; so no two clocks are ever compared. Each change of hands counts the
``fence`` up. A holder that was stopped for so long finds its lock taken, and must not go on: ``check``.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from qa_sync.errors import StoreError
from qa_sync.store.bucket import BucketPath, telling

LEASE_SECONDS = 30.0

#: So long a waiting process looks away.
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Seen:
    """The lock's object as it was read: its version, and what it says."""

    tag: str
    said: Mapping[str, Any]


class BucketLock:
    """One lock, for one thread at a time; may be nested within it.

    Args:
        place: the object.
        run_id: who takes it; shown to whoever waits.
        clock: seconds of this machine, from any beginning.
        sleep: waits so many seconds.
        beating: whether to write the lock anew while it is held; off only in tests of what happens then.
    """

    def __init__(
        self,
        place: BucketPath,
        *,
        run_id: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        beating: bool = True,
    ) -> None:
        self._place = place
        self._run_id = run_id
        self._clock = clock
        self._sleep = sleep
        self._beating = beating
        self._turn = threading.RLock()
        self._depth = 0
        self._holder = ""
        self._tag = ""
        self._fence = 0
        self._written_at = 0.0
        self._is_lost = False
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, timeout: float, *, for_certain: bool = False) -> bool:
        """Take the lock; return whether it was free, or left, within so many seconds.

        Args:
            timeout: so long a holder is waited for.
            for_certain: do not give up before the holder was seen to be alive.

        Raises:
            OSError: the bucket cannot be reached.
        """
        if not self._turn.acquire(timeout=max(0.0, timeout)):
            return False
        if self._depth:
            self._depth += 1
            return True
        taken = False
        try:
            taken = self._take(timeout, for_certain=for_certain)
        finally:
            if not taken:
                self._turn.release()
        return taken

    def _take(self, timeout: float, *, for_certain: bool) -> bool:
        began = self._clock()
        self._holder = uuid4().hex
        tag, unchanged_since, changes = "", began, 0
        while True:
            seen = self._look()
            now = self._clock()
            if seen is None or seen.tag != tag:
                tag, unchanged_since, changes = seen.tag if seen else "", now, changes + 1
            if seen is not None and seen.said.get("holder") == self._holder:
                self._begin(seen)  # our own write, of which the answer was lost
                return True
            if seen is None or seen.said.get("free") or now - unchanged_since >= LEASE_SECONDS:
                self._fence = int(seen.said.get("fence", 0)) + 1 if seen else 1
                if self._write(seen.tag if seen else "", is_free=False):
                    self._begin(_Seen(tag=self._tag, said={}))
                    return True
                continue
            if now - began >= timeout and (changes > 1 or not for_certain):
                return False
            self._sleep(_LOOK_SECONDS)

    def check(self) -> None:
        """Make sure that nobody else can have taken the lock: called before what cannot be undone.

        Raises:
            StoreError: it was not written for too long, or somebody took it.
        """
        with self._writing:
            if not self._is_lost and self._clock() - self._written_at >= LEASE_SECONDS / 3:
                self._beat()
            if self._is_lost or self._clock() - self._written_at >= LEASE_SECONDS * 2 / 3:
                msg = "this process was stopped for so long that another took the store's lock: not written; run again"
                raise StoreError(msg)

    def release(self) -> None:
        """Let it go; an object that says so stays, and with it the count of its holders."""
        self._depth -= 1
        try:
            if self._depth:
                return
            self._stop.set()
            if self._thread is not None:
                self._thread.join()
                self._thread = None
            with suppress(OSError):  # not let go: it is taken over after LEASE_SECONDS
                if not self._is_lost:
                    self._write(self._tag, is_free=True)
        finally:
            self._turn.release()

    def holder(self) -> str:
        """Say who holds it, for people."""
        try:
            seen = self._look()
        except OSError:
            seen = None
        if seen is None or not seen.said.get("host"):
            return "another run"
        said = seen.said
        return f"run {said.get('run') or '-'} (process {said.get('process')} on {said['host']}, since {said['since']})"

    def _begin(self, seen: _Seen) -> None:
        self._tag = seen.tag
        self._depth = 1
        self._is_lost = False
        self._stop = threading.Event()
        if self._beating:
            self._thread = threading.Thread(target=self._keep, args=(self._stop,), daemon=True, name="store-lock")
            self._thread.start()

    def _keep(self, stop: threading.Event) -> None:
        while not stop.wait(LEASE_SECONDS / 3):
            with self._writing:
                self._beat()
                if self._is_lost:
                    return

    def _beat(self) -> None:
        """Write the lock anew; a bucket that cannot be reached is tried again at the next beat."""
        with suppress(OSError):
            if self._write(self._tag, is_free=False):
                return
            seen = self._look()
            if seen is not None and seen.said.get("holder") == self._holder:
                self._tag = seen.tag  # the answer to an earlier write was lost
            else:
                self._is_lost = True

    def _look(self) -> _Seen | None:
        import obstore

        try:
            with telling(self._place.name):
                got = obstore.get(self._place.bucket.store, self._place.key)
                tag = str(got.meta["e_tag"])
                said = json.loads(bytes(got.bytes()))
        except FileNotFoundError:
            return None
        except ValueError:
            said = {}
        return _Seen(tag=tag, said=said if isinstance(said, dict) else {})

    def _write(self, tag: str, *, is_free: bool) -> bool:
        """Write the object if it is still as it was seen ("": not there); return whether it was."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        said = {
            "holder": self._holder,
            "fence": self._fence,
            "free": is_free,
            "run": self._run_id,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "beat": uuid4().hex,  # two versions of equal text would have one tag
        }
        at = self._clock()  # before the write: it counts from when it can have been seen
        try:
            with telling(self._place.name):
                put = obstore.put(
                    self._place.bucket.store,
                    self._place.key,
                    json.dumps(said).encode(),
                    mode={"e_tag": tag} if tag else "create",
                )
        except (AlreadyExistsError, PreconditionError, FileNotFoundError):
            return False
        self._tag, self._written_at = str(put["e_tag"]), at
        return True
