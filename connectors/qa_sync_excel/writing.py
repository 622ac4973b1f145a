"""Replace a file in one step, or say who is in the way."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from qa_sync.errors import SinkError


def in_the_way(path: Path, name: str) -> str:
    """Return why a workbook cannot be replaced now; "" when nothing is known to be in the way."""
    for lock in (f"~${path.name}", f".~lock.{path.name}#"):
        if (path.parent / lock).exists():
            return (
                f"{name} is open in a spreadsheet program: close it there and run again "
                f"(if nobody has it open, remove the file {lock!r} beside it)"
            )
    if path.is_dir():
        return f"{name} is a folder: set another path"
    if path.exists() and not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        return f"{name} is read-only: make it writable, or set another path"
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK):
        return f"the folder of {name} cannot be written to: correct its permissions, or set another path"
    return ""


def replace_file(path: Path, content: bytes, name: str) -> None:
    """Put ``content`` in the place of a file: a reader sees the old one or the new one, never a part.

    Raises:
        SinkError: the file is open elsewhere, or it or its folder cannot be written to.
    """
    why = in_the_way(path, name)
    if why:
        raise SinkError(why)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        _sync_folder(path.parent)
    except PermissionError as error:
        msg = f"{name} cannot be replaced: close it in every program that has it open, then run again"
        raise SinkError(msg) from error
    except OSError as error:
        msg = f"{name} cannot be written: {error.strerror}"
        raise SinkError(msg) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
