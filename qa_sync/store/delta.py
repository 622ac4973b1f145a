"""The few Delta Lake calls the store makes, with the rules that each was learnt from.

Every function here expects the caller to hold the store's lock where it writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import pyarrow as pa

from qa_sync.engine.files import Files
from qa_sync.errors import LostRace, StoreError
from qa_sync.store.durable import settle
from qa_sync.store.log import LOG, SET_ASIDE, actions_in, entries, entry, read_log
from qa_sync.store.path import StorePath
from qa_sync.store.storage import delta_options, filesystem_of, read_all

if TYPE_CHECKING:
    from deltalake import DeltaTable

#: One app id for all writers of a table: its transaction number is the table's commit counter n.
APP = "qa-sync"

# Old versions stay readable for as long as a run refers to them: nothing expires by itself.
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 40000 days",
    "delta.deletedFileRetentionDuration": "interval 40000 days",
    "delta.enableExpiredLogCleanup": "false",
    "delta.checkpointInterval": "20",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a table has come: n counts its commits, ``note`` is what the newest of them said of itself."""

    n: int
    version: int
    note: Mapping[str, Any]


def open_table(path: StorePath, *, version: int | None = None) -> DeltaTable | None:
    """Open a table (at a version), or return None when nothing was ever written there.

    Raises:
        StoreError: the folder holds something that cannot be opened.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    if not (path / LOG).is_dir():
        return None
    for tries_left in (2, 1, 0):
        try:
            return DeltaTable(str(path), version=version, storage_options=delta_options(path))
        except (DeltaError, OSError, ValueError) as error:
            if tries_left and (path / SET_ASIDE).is_dir():
                continue  # entries may have been set aside between the listing of the log and the reading of it
            if isinstance(error, TableNotFoundError):
                if not entries(path):
                    return None  # a table of which nothing but the folder was made
                raise StoreError(_unopened(path, "its log has no beginning")) from None
            at = "" if version is None else f" at version {version}"
            raise StoreError(_unopened(path, f"{type(error).__name__}{at}")) from error
    raise AssertionError


def _unopened(path: StorePath, why: str) -> str:
    return f"{path.parent.name}/{path.name} cannot be opened ({why}); 'qa-sync store status' says what is wrong with it"


def create_table(path: StorePath, schema: pa.Schema, *, statistics: tuple[str, ...]) -> DeltaTable:
    """Create a table if it is not there, and return it. Only ``statistics`` columns get file statistics."""
    from deltalake import DeltaTable

    configuration = {**_CONFIGURATION, "delta.dataSkippingStatsColumns": ",".join(statistics)}
    return DeltaTable.create(
        str(path), schema, mode="ignore", configuration=configuration, storage_options=delta_options(path)
    )


def position(table: DeltaTable | None, path: StorePath) -> Position:
    """Return how far a table has come.

    The note is that of the newest commit which has one: compaction and vacuum are commits without.
    """
    if table is None:
        return Position(n=0, version=-1, note={})
    note = next(_notes(table, path), {})
    # Not by the app transaction: Delta Lake reads the whole end of the log for it, and compaction may drop it.
    return Position(n=int(note.get("n", 0)), version=table.version(), note=note)


def _notes(table: DeltaTable, path: StorePath) -> Iterator[dict[str, Any]]:
    """Yield the notes of commits, newest first."""
    # The newest nearly always has one; asking for the history would list the whole log first.
    held = read_all([entry(path, table.version())])[0]
    actions = actions_in(held)
    if held is not None and actions is None:  # cut off behind a line, or empty: Delta Lake opens that
        raise StoreError(_unopened(path, "its newest commit was only half written"))
    for action in actions or ():
        if "qa_sync" in action.get("commitInfo", ()):
            yield json.loads(action["commitInfo"]["qa_sync"])
    for limit in (20, None):
        yield from (json.loads(one["qa_sync"]) for one in table.history(limit) if "qa_sync" in one)


def commit(
    path: StorePath,
    schema: pa.Schema,
    rows: pa.Table,
    *,
    expected_n: int,
    note: Mapping[str, Any],
    statistics: tuple[str, ...],
    mode: Literal["append", "overwrite"] = "append",
) -> int:
    """Commit rows and the note about them in one step, if nobody committed since ``expected_n``; return the new n.

    When this returns, the commit survives a loss of power.

    Raises:
        LostRace: another writer committed first.
        StoreError: the rows do not have the declared schema (nothing is ever cast silently), or cannot be written.
    """
    from deltalake import CommitProperties, Transaction, WriterProperties, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError

    _same_schema(rows.schema, schema, path)
    table = open_table(path)
    before = -1 if table is None else table.version()
    try:
        table = table or create_table(path, schema, statistics=statistics)
    except (DeltaError, OSError) as error:
        raise StoreError(_unwritten(path, error)) from error
    n = position(table, path).n
    if n != expected_n:
        msg = f"{path.name}: another writer committed n={n} after n={expected_n} was read"
        raise LostRace(msg)
    # Written through this handle and never by path: the app transaction guards only commits newer than its handle.
    properties = CommitProperties(
        custom_metadata={"qa_sync": json.dumps({**note, "n": n + 1}, sort_keys=True)},
        app_transactions=[Transaction(APP, n + 1)],
    )
    writer = WriterProperties(compression="ZSTD", compression_level=1)
    options: dict[str, Any] = {"schema_mode": "overwrite"} if mode == "overwrite" else {}
    if mode == "append" and {field.name for field in table.schema().fields} < set(schema.names):
        options["schema_mode"] = "merge"  # made by an earlier release: its rows have no value in the new columns
    try:
        write_deltalake(table, rows, mode=mode, commit_properties=properties, writer_properties=writer, **options)
        settle(path, range(before + 1, table.version() + 1))
    except CommitFailedError as error:
        msg = f"{path.name}: another writer committed at the same moment"
        raise LostRace(msg) from error
    except (DeltaError, OSError) as error:
        raise StoreError(_unwritten(path, error)) from error
    return n + 1


def _unwritten(path: StorePath, error: Exception) -> str:
    """Say why nothing could be written, in the system's words where it has some."""
    text = str(error)
    known = (
        "No space left on device",
        "Read-only file system",
        "Permission denied",
        "Disk quota exceeded",
        "Input/output error",
        "Not a directory",
        "File exists",
    )
    why = next((words for words in known if words in text), type(error).__name__)
    return f"{path.parent.name}/{path.name} cannot be written: {why}; what was committed stands, mend it and run again"


def _same_schema(found: pa.Schema, declared: pa.Schema, path: StorePath) -> None:
    if found.names != declared.names or any(
        _plain(f.type) != _plain(d.type) for f, d in zip(found, declared, strict=True)
    ):
        msg = f"{path.name}: refused rows whose columns are not those declared: {_difference(found, declared)}"
        raise StoreError(msg)


def _plain(kind: pa.DataType) -> str:
    return (
        str(kind)
        .replace("element:", "item:")
        .replace(" not null", "")
        .replace(" ('entries')", "")
        .replace("large_", "")
        .replace(" ('key_value')", "")
    )


def _difference(found: pa.Schema, declared: pa.Schema) -> str:
    names = [f"{f.name}: {f.type}" for f in found if f.name not in declared.names]
    names += [f"missing {d.name}" for d in declared if d.name not in found.names]
    for d in declared:
        if d.name in found.names and _plain(found.field(d.name).type) != _plain(d.type):
            names.append(f"{d.name}: {found.field(d.name).type} instead of {d.type}")
    return ", ".join(names) or "their order differs"


def files(table: DeltaTable | None, path: StorePath) -> Files:
    """Return the Parquet files of a table, to be read through the engine.

    Delta Lake tells addresses, in which a folder "My Drive" is "My%20Drive".
    """
    uris = [] if table is None else table.file_uris()
    return Files((unquote(uri.removeprefix("file://")) for uri in uris), filesystem=filesystem_of(path))


def sizes(table: DeltaTable | None) -> list[int]:
    """Return the bytes of each file of a table."""
    found: list[int] = [] if table is None else pa.table(table.get_add_actions())["size_bytes"].to_pylist()
    return found


def files_at(path: StorePath, version: int | None) -> Files:
    """Return the Parquet files of a table at a version, the newest when None.

    Raises:
        StoreError: there is no such version, or the table cannot be opened.
    """
    if version is None or entry(path, version).is_file():
        try:
            return files(open_table(path, version=version), path)
        except StoreError:
            if version is None or entry(path, version).is_file():
                raise
    log = read_log(path)  # Delta Lake no longer knows what was set aside
    if version not in log.versions:
        raise StoreError(_unopened(path, f"it has no version {version}"))
    held = (path / span.path for span in log.spans if span.is_in([version]))
    return Files(sorted(str(file) for file in held), filesystem=filesystem_of(path))


def files_within(table: DeltaTable | None, path: StorePath, column: str, low: str, high: str) -> Files:
    """Return the files that can hold a text between ``low`` and ``high``: by their statistics, all without any.

    ``column`` is one that has statistics. Texts are in the order of their UTF-8 bytes.
    """
    if table is None:
        return Files()
    actions = pa.table(table.get_add_actions(flatten=True))
    least, most = f"min.{column}", f"max.{column}"
    if least not in actions.column_names or most not in actions.column_names:
        return files(table, path)
    spans = zip(*(actions[name].to_pylist() for name in ("path", least, most)), strict=True)
    others = {
        name for name, first, last in spans if first is not None and last is not None and (last < low or high < first)
    }
    held = files(table, path)
    return Files((file for file in held if file.rpartition("/")[2] not in others), filesystem=held.filesystem)


def compact(path: StorePath, note: Mapping[str, Any]) -> Mapping[str, Any]:
    """Merge small files; the note and app transaction of the last real commit are carried along.

    Raises:
        StoreError: it could not be done; the table is as it was.
    """
    from deltalake import CommitProperties, Transaction
    from deltalake.exceptions import DeltaError

    table = open_table(path)
    if table is None:
        return {}
    here = position(table, path)
    properties = CommitProperties(
        custom_metadata={"qa_sync": json.dumps({**here.note, **note, "n": here.n}, sort_keys=True)},
        app_transactions=[Transaction(APP, here.n)] if here.n else [],
    )
    try:
        metrics: Mapping[str, Any] = table.optimize.compact(commit_properties=properties)
        settle(path, range(here.version + 1, table.version() + 1))
    except (DeltaError, OSError) as error:
        raise StoreError(_unwritten(path, error)) from error
    return metrics
