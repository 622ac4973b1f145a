"""Make what was written survive a loss of power, before anybody is told that it is stored.

An object of a bucket does so by itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from qa_sync.store.log import LAST_CHECKPOINT, LOG, actions_of, entry
from qa_sync.store.path import StorePath


def settle(table: StorePath, versions: Iterable[int]) -> None:
    """Flush the data files, log entries, checkpoints and folders of these commits of a table to the disk.

    Raises:
        OSError: the disk refused; the commit may or may not survive, and must not be acknowledged.
    """
    if not isinstance(table, Path):
        return
    log = table / LOG
    checkpointed = _checkpointed(log)
    written: list[Path] = []
    for version in versions:
        commit = entry(table, version)
        written += [table / action["add"]["path"] for action in actions_of(commit) or () if "add" in action]
        written.append(commit)
        # Few commits make a checkpoint, and looking for one reads the names of the whole log.
        checkpoints = sorted(log.glob(f"{version:020d}.checkpoint*.parquet")) if version <= checkpointed else []
        written += [*checkpoints, log / LAST_CHECKPOINT] if checkpoints else []
    for path in written:
        sync_file(path)
    sync_folder(log)
    sync_folder(table)
    if 0 in versions:  # a new table: its name, and that of the folder it lies in, must last too
        sync_folder(table.parent)
        sync_folder(table.parent.parent)


def _checkpointed(log: Path) -> int:
    """Return the version of the newest checkpoint; -1 before the first; any later one where that cannot be read."""
    try:
        return int(json.loads((log / LAST_CHECKPOINT).read_bytes())["version"])
    except FileNotFoundError:
        return -1
    except (OSError, ValueError, KeyError, TypeError):
        return sys.maxsize


def write_whole(path: StorePath, text: str) -> None:
    """Write a small file so that a reader, also after a loss of power, finds all of the old text or all of the new.

    Raises:
        OSError: nothing was changed.
    """
    if not isinstance(path, Path):
        path.write_text(text)
        return
    # A name of its own: of two processes that write at once, the slower one must find its own file.
    fresh = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: StorePath) -> None:
    """Flush one file."""
    if not isinstance(path, Path):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: StorePath) -> None:
    """Flush the names in a folder; systems that cannot open a folder need no such call."""
    if os.name == "posix":
        sync_file(path)
