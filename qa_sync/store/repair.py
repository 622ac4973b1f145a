"""Mend what can be mended of a store's files; what is taken away is kept as a copy."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from qa_sync.store import delta
from qa_sync.store.durable import sync_folder
from qa_sync.store.health import Fault
from qa_sync.store.log import LAST_CHECKPOINT, LOG, actions_of, checkpoints, entries
from qa_sync.store.path import StorePath
from qa_sync.store.shorten import put_back
from qa_sync.store.storage import copy

#: Where copies of what a repair took away are kept, below the store's folder.
COPIES = "repaired"


def mend(store: StorePath, fault: Fault, *, at: datetime, schema: pa.Schema | None = None) -> str:
    """Mend one fault; return what was done. The caller holds the store's lock.

    Args:
        store: the store's folder.
        fault: what to mend.
        at: the moment of the repair, which names the folder of its copies.
        schema: the table's columns, where it is to be made anew.
    """
    path = store / fault.table
    copies = store / COPIES / f"{at:%Y%m%dT%H%M%SZ}" / fault.table
    if fault.remedy == "take back":
        moved = _take_back(path, fault.version, copies)
        return f"commits from {fault.version} on taken back ({moved} files kept in {COPIES}/)"
    if fault.remedy == "drop shortcuts":
        moved = _drop_shortcuts(path, copies)
        return f"checkpoints dropped ({moved} files kept in {COPIES}/); the log itself is whole"
    if fault.remedy == "make anew" and schema is not None:
        empty_derived(path, schema)
        return "emptied, to be made anew from raw records by the next 'qa-sync map' or 'run'"
    return "left as it is: restore the folder from a backup"


def empty_derived(path: StorePath, schema: pa.Schema) -> None:
    """Empty a table and forget what it covers: the next mapping makes it anew; older versions stay as they are."""
    n = delta.position(delta.open_table(path), path).n
    none = schema.empty_table()
    note: dict[str, object] = {"coverage": {}}
    delta.commit(path, schema, none, expected_n=n, note=note, statistics=(schema.names[0],), mode="overwrite")


def _take_back(path: StorePath, first: int, copies: StorePath) -> int:
    """Take away the commits from ``first`` on, newest first, so that a repair that is cut short can be begun again."""
    moved = _drop_shortcuts(path, copies, beyond=first)
    for version, commit in reversed(entries(path)):
        if version < first:
            break
        for action in actions_of(commit) or ():
            data = path / action["add"]["path"] if "add" in action else None
            if data and data.exists():
                _copy(data, path, copies)
                moved += 1
        _move(commit, path, copies)
        moved += 1
    sync_folder(path / LOG)
    return moved


def _drop_shortcuts(path: StorePath, copies: StorePath, *, beyond: int = 0) -> int:
    put_back(path)
    log = path / LOG
    found = [file for version, file in checkpoints(path).items() if version >= beyond]
    pointer = log / LAST_CHECKPOINT
    found += [pointer] if pointer.exists() else []
    for file in found:
        _move(file, path, copies)
    sync_folder(log)
    return len(found)


def _copy(file: StorePath, path: StorePath, copies: StorePath) -> StorePath:
    target = copies / file.relative_to(path).as_posix()
    target.parent.mkdir(parents=True, exist_ok=True)
    copy(file, target)
    return target


def _move(file: StorePath, path: StorePath, copies: StorePath) -> None:
    _copy(file, path, copies)
    file.unlink()
