"""Keep the log that Delta Lake lists short, and lose nothing of it.

Every opening of a table lists the whole of its log, and reads a newest checkpoint which names every file that was ever
removed. Both grow with each commit for as long as old states are kept. So the entries before a checkpoint are set
aside, in a folder that Delta Lake does not look into, and a fresh checkpoint names current files only.
``qa_sync.store.log`` reads what was set aside together with the rest.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from qa_sync.store.durable import sync_file, sync_folder
from qa_sync.store.log import LOG, SET_ASIDE, checkpoints, entry, numbered
from qa_sync.store.path import StorePath
from qa_sync.store.storage import copy, read_all

#: A log is shortened when it has so many entries; so many of the newest stay, for states that are asked for often.
LONG = 1000
STAYING = 300


def is_long(table: StorePath) -> bool:
    """Whether a table's log is due to be shortened."""
    return sum(1 for _ in (table / LOG).glob("*.json")) >= LONG


def shorten(table: StorePath, *, staying: int = STAYING) -> int:
    """Set aside the old entries of a table's log; return how many. The caller holds the store's lock.

    Cut short at any point, the table opens at each of its versions, and shortening goes on the next time.

    Raises:
        OSError: the disk refused; the table is as it was, or partly shortened.
    """
    listed = numbered(table / LOG)
    if not listed:
        return 0
    newest = listed[-1][0]
    held = checkpoints(table)
    if newest not in held:
        _checkpoint(table, newest, since=max(held, default=-1))
        held = checkpoints(table)
    first = max((at for at in held if at <= newest - staying), default=min(held))
    aside = table / SET_ASIDE
    aside.mkdir(exist_ok=True, mode=0o700)
    gone = [(version, path) for version, path in listed if version < first]
    for version, path in reversed(gone):  # what is still there has its beginning, and opens
        path.replace(entry(table, version, folder=SET_ASIDE))
    for version, path in held.items():
        if version < first:
            path.unlink(missing_ok=True)  # a shortcut through entries that are no longer there
    for folder in (aside, table / LOG, table):
        sync_folder(folder)
    return len(gone)


def put_back(table: StorePath) -> None:
    """Undo ``shorten``: whoever takes away checkpoints needs the log from its beginning. The caller holds the lock."""
    for version, path in numbered(table / SET_ASIDE):
        if entry(table, version).is_file():
            path.unlink()  # a bucket copies before it removes
        else:
            path.replace(entry(table, version))
    sync_folder(table / LOG)


def _checkpoint(table: StorePath, version: int, *, since: int) -> None:
    """Write the checkpoint of ``version`` without the files that earlier versions had.

    Delta Lake makes it, of a copy of the log's end: in the table itself it would carry all removed files along, since
    those must not expire, and no file that a reader may have open is ever written over.
    """
    from deltalake import DeltaTable

    with tempfile.TemporaryDirectory(prefix="qa-sync-") as name:
        replica = Path(name)
        (replica / LOG).mkdir()
        needed = [path for at, path in numbered(table / LOG) if since < at <= version]
        needed += [path for at, path in checkpoints(table).items() if at == since]
        for path, held in zip(needed, read_all(needed), strict=True):
            if held is None:
                msg = f"{path.name} cannot be read"
                raise OSError(msg)
            (replica / LOG / path.name).write_bytes(held)
        DeltaTable(name, version=version).create_checkpoint()
        made = checkpoints(replica)[version]
        actions = pq.read_table(made)
        current = actions.filter(actions["remove"].is_null())
        pq.write_table(current, made, compression="zstd")
        target = table / LOG / made.name
        staged = target.with_name(f"{target.name}#shortened")  # a name that a vacuum knows for waste
        copy(made, staged)
        sync_file(staged)
        staged.replace(target)
        sync_folder(table / LOG)
