"""One short exclusive lock per store around every commit, and leases that say which run holds the workspace.

On a disk both are locks of the operating system, which frees them when their holder dies; in a bucket they are objects.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from qa_sync.errors import StoreError
from qa_sync.store.bucket import BucketPath
from qa_sync.store.bucket_lock import BucketLock
from qa_sync.store.durable import write_whole
from qa_sync.store.path import StorePath

LOCK_SECONDS = 120.0

#: For so long a run of another host that left its card is believed to be at work: on a folder shared by two hosts
#: the operating system's lock may hold back only the processes of one.
FOREIGN_SECONDS = 3600.0


#: What a lock leaves in a store's folder.
LOCKS = (".lock", "lock.json")

#: Counts the people erased: what was read before the count rose may hold one of them.
ERASURES = "erasures"


class _Mutex(Protocol):
    """What a lock is, wherever it lies."""

    def acquire(self, timeout: float) -> bool: ...

    def check(self) -> None: ...

    def release(self) -> None: ...


class _DiskLock:
    """A lock of the operating system. It cannot be lost while its holder lives."""

    def __init__(self, file: Path) -> None:
        self._lock = FileLock(str(file))

    def acquire(self, timeout: float) -> bool:
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout:
            return False
        return True

    def check(self) -> None:
        pass

    def release(self) -> None:
        self._lock.release()


def _mutex(folder: StorePath) -> _Mutex:
    if isinstance(folder, BucketPath):
        return BucketLock(folder / "lock.json")
    assert isinstance(folder, Path)  # noqa: S101  (there is no third kind)
    return _DiskLock(folder / ".lock")


class StoreLock:
    """The lock of one store. Readers take none."""

    def __init__(self, folder: StorePath) -> None:
        self._lock = _mutex(folder)
        self._erasures = folder / ERASURES
        self._known = self._count()

    def renew(self) -> None:
        """Begin anew: nothing that was read so far will be written."""
        self._known = self._count()

    def count_erasure(self) -> None:
        """Let no other process write what it has read by now. The caller holds the lock.

        Raises:
            StoreError: it does not hold it any more.
        """
        self.check()
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

    def check(self) -> None:
        """Make sure that the lock is still held: before a step that cannot be undone, and that nothing else guards.

        Raises:
            StoreError: this process was stopped for so long that another took it.
        """
        self._lock.check()

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
            is_held = self._lock.acquire(LOCK_SECONDS)
        except OSError as error:
            msg = f"the store cannot be written: {error.strerror or type(error).__name__}"
            raise StoreError(msg) from error
        if not is_held:
            msg = f"the store was locked by another process for {LOCK_SECONDS:.0f} s; is one of them stopped?"
            raise StoreError(msg)
        try:
            yield
        finally:
            self._lock.release()


@contextmanager
def lease(
    folder: StorePath,
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
    if isinstance(folder, BucketPath):
        with _bucket_lease(folder / "leases" / f"{name}.json", run_id, wait, notify):
            yield
        return
    assert isinstance(folder, Path)  # noqa: S101  (there is no third kind)
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


@contextmanager
def _bucket_lease(place: BucketPath, run_id: str, wait: float, notify: Callable[[str], None]) -> Iterator[None]:
    """Hold a lease in a bucket: of a run that died nobody is told, so it is waited for as long as a lock lasts."""
    lock = BucketLock(place, run_id=run_id)
    try:
        is_held = lock.acquire(0.0)
        if not is_held:
            notify(f"waiting for {lock.holder()}")
            is_held = lock.acquire(wait, for_certain=True)
        if not is_held:
            msg = f"the workspace is in use by {lock.holder()}; wait for it, or pass --wait SECONDS"
            raise StoreError(msg)
    except OSError as error:
        msg = f"the store cannot be written: {error.strerror or type(error).__name__}"
        raise StoreError(msg) from error
    try:
        yield
    finally:
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
