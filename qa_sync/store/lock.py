"""One short exclusive lock per store around every commit, and leases that say which run holds the workspace."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from qa_sync.errors import StoreError
from qa_sync.store.durable import write_whole

LOCK_SECONDS = 120.0

#: For so long a run of another host that left its card is believed to be at work: on a folder shared by two hosts
#: the operating system's lock may hold back only the processes of one.
FOREIGN_SECONDS = 3600.0


#: Counts the people erased: what was read before the count rose may hold one of them.
ERASURES = "erasures"


class StoreLock:
    """The lock of one store. Readers take none; the operating system frees it when its holder dies."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(str(folder / ".lock"), timeout=LOCK_SECONDS)
        self._erasures = folder / ERASURES
        self._known = self._count()

    def renew(self) -> None:
        """Begin anew: nothing that was read so far will be written."""
        self._known = self._count()

    def count_erasure(self) -> None:
        """Let no other process write what it has read by now. The caller holds the lock."""
        write_whole(self._erasures, str(self._count() + 1))
        self.renew()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock to write what was made of things read since ``renew``.

        Raises:
            StoreError: a person was erased in between, or as ``held``.
        """
        with self.held():
            if self._count() != self._known:
                msg = (
                    "a person was erased while this ran, and what it had read may hold them: not written; run it again"
                )
                raise StoreError(msg)
            yield

    def _count(self) -> int:
        try:
            return int(self._erasures.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 0
        except ValueError:
            return -1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; may be nested in one thread.

        Raises:
            StoreError: somebody else has held it for two minutes.
        """
        try:
            self._lock.acquire()
        except OSError as error:
            if isinstance(error, Timeout):
                msg = f"the store was locked by another process for {LOCK_SECONDS:.0f} s; is one of them stopped?"
                raise StoreError(msg) from None
            msg = f"the store cannot be written: {error.strerror or type(error).__name__}"
            raise StoreError(msg) from error
        try:
            yield
        finally:
            self._lock.release()


@contextmanager
def lease(
    folder: Path,
    name: str,
    *,
    run_id: str,
    wait: float = 0.0,
    notify: Callable[[str], None] = lambda _line: None,
) -> Iterator[None]:
    """Hold the lease ``name`` of a store for the length of a run.

    Args:
        folder: the store's folder.
        name: what is leased, such as "run".
        run_id: who takes it; shown to whoever finds it taken.
        wait: seconds to wait for the present holder.
        notify: told once whom we wait for.

    Raises:
        StoreError: still taken after ``wait`` seconds, or taken within the hour by another host whose locks this one
            does not see; the message says by whom and since when.
    """
    leases = folder / "leases"
    leases.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(leases / f"{name}.lock"))
    card = leases / f"{name}.json"
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            lock.acquire(timeout=min(1.0, max(0.0, deadline - time.monotonic())))
            break
        except Timeout:
            holder = _holder(card)
            if wait and not told:
                notify(f"waiting for {holder}")
                told = True
            if time.monotonic() >= deadline:
                msg = f"the workspace is in use by {holder}; wait for it, or pass --wait SECONDS"
                raise StoreError(msg) from None
    try:
        _refuse_other_host(card)
    except StoreError:
        lock.release()
        raise
    try:
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        card.write_text(
            json.dumps({"run": run_id, "process": os.getpid(), "host": socket.gethostname(), "since": since})
        )
        yield
    finally:
        card.unlink(missing_ok=True)
        lock.release()


def _refuse_other_host(card: Path) -> None:
    try:
        held = json.loads(card.read_text())
        age = (datetime.now(UTC) - datetime.fromisoformat(held["since"])).total_seconds()
        host = held["host"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if host != socket.gethostname() and abs(age) < FOREIGN_SECONDS:
        msg = f"the workspace is in use by {_holder(card)}, another host; one host at a time may work on a store"
        msg += f". If that run is no more, delete {card.parent.parent.name}/leases/{card.name}"
        raise StoreError(msg)


def _holder(card: Path) -> str:
    try:
        held = json.loads(card.read_text())
        return f"run {held['run']} (process {held['process']} on {held['host']}, since {held['since']})"
    except (OSError, ValueError, KeyError):
        return "another run"
