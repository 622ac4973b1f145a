"""Where engines put what does not fit into memory: a folder that nobody else reads.

It is one a user, below the system's folder for temporary files. What a process puts there goes when the process ends;
what a killed one left is swept by the next: each holds a lock of the operating system for as long as it lives.
"""

from __future__ import annotations

import atexit
import itertools
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

_LOCK = ".lock"


class Overflow:
    """Places of this process. A forked process has places of its own."""

    def __init__(self) -> None:
        self._begun: dict[int, Path | None] = {}
        self._numbers = itertools.count(1)

    def place(self) -> Path | None:
        """Return a path that nothing else has; None where the machine has no place for temporary files."""
        process = os.getpid()
        if process not in self._begun:
            try:
                self._begun[process] = _begun(_private_folder()) if os.name == "posix" else _alone()
            except OSError:
                self._begun[process] = None
        begun = self._begun[process]
        return begun and begun.with_name(f"{begun.name}.{next(self._numbers)}")


def _private_folder() -> Path:
    """Return the user's folder, or one of this process where somebody else took that name."""
    folder = Path(tempfile.gettempdir()) / f"qa-sync-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="qa-sync-"))


def _alone() -> Path:
    """Return how places begin where there are no such locks: nobody sweeps what a killed process left."""
    begin = Path(tempfile.mkdtemp(prefix="qa-sync-")) / "rows"
    atexit.register(shutil.rmtree, begin.parent, ignore_errors=True)
    return begin


def _begun(folder: Path) -> Path:
    """Sweep what dead processes left, and return how the names of this one's places begin."""
    for lock in folder.glob(f"*{_LOCK}"):
        held = _held(lock)
        if held is not None:
            _remove(lock.with_suffix(""))
            os.close(held)
    while True:
        begin = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        if _held(begin.with_suffix(_LOCK)) is not None:  # and held until the process ends
            atexit.register(_remove_own, begin, os.getpid())
            return begin


def _held(lock: Path) -> int | None:
    """Return the open file of a lock that was free; None where somebody holds it or has just swept it."""
    import fcntl

    file = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_nlink:
            return file
    except BlockingIOError:
        pass
    os.close(file)
    return None


def _remove(begin: Path) -> None:
    for path in begin.parent.glob(f"{begin.name}.*"):
        if path.suffix == _LOCK:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    begin.with_suffix(_LOCK).unlink(missing_ok=True)


def _remove_own(begin: Path, process: int) -> None:
    if os.getpid() == process:
        _remove(begin)
