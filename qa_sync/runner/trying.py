"""Try the workspace's mappings on one record: one of the store, or one in a JSON file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.errors import ConfigError, Problem
from qa_sync.mapping import lines, try_out
from qa_sync.model.system import PAGE, RAW
from qa_sync.runner.feeds import RELATION
from qa_sync.runner.newest import NEWEST
from qa_sync.runner.workspace import Workspace
from qa_sync.store.payloads import valid_payloads

MAX_BYTES = 20_000_000


def try_record(workspace: Workspace, record: str, *, source: str = "", stream: str = "") -> list[str]:
    """Return lines that tell what the mappings make of one record, table by table and column by column.

    A stored record is shown in its newest version; nothing of it is printed but what the mapping reads of what
    the store was allowed to keep. A file holds one record as the source sends it.

    Args:
        workspace: whose mappings are tried.
        record: id of a stored raw record, or the name of a JSON file (one that exists, or ends in .json).
        source: only this source.
        stream: only this stream.

    Raises:
        ConfigError: there is no such record, source, stream or file, or several streams could be meant by a file.
    """
    streams = chosen_streams(workspace, source, stream)
    if record.endswith(".json") or Path(record).is_file():
        if not Path(record).exists():
            raise ConfigError(Problem(what="no such file", hint="it is looked for in the current folder", file=record))
        return _try_file(workspace, Path(record), streams)
    told: list[str] = []
    for name, stream_name in streams:
        found = _stored(workspace, name, stream_name, record)
        if found is not None:
            told += (
                ["", *_try_row(workspace, name, stream_name, found)]
                if told
                else _try_row(workspace, name, stream_name, found)
            )
    if not told:
        raise ConfigError(_not_there(workspace, record, streams))
    return told


def chosen_streams(workspace: Workspace, source: str, stream: str) -> list[tuple[str, str]]:
    """Return the (source, stream) pairs that mappings read, all or those named; ConfigError where there is none."""
    mappings = workspace.materials.mappings
    if source and source not in mappings:
        raise ConfigError(Problem(what=f"there is no source {source!r}", hint=f"known: {', '.join(mappings)}"))
    wanted = [(name, one) for name, mapping in mappings.items() if source in {"", name} for one in mapping.streams]
    chosen = [pair for pair in wanted if stream in {"", pair[1]}]
    if not chosen:
        known = ", ".join(".".join(pair) for pair in wanted) or "none"
        raise ConfigError(Problem(what=f"no mapping reads a stream {stream!r}", hint=f"known: {known}"))
    return chosen


def _try_file(workspace: Workspace, path: Path, streams: list[tuple[str, str]]) -> list[str]:
    if len(streams) > 1:
        listed = ", ".join(".".join(pair) for pair in streams)
        raise ConfigError(
            Problem(
                what=f"{path.name} could be a record of several streams: {listed}",
                hint="say which: --source NAME --stream NAME",
            )
        )
    ((source, stream),) = streams
    text, record_id, wrapped = _record_of(path)
    told = _try_row(workspace, source, stream, _raw_row(text, record_id, path))
    notes = [f"  the record is what stands under {wrapped}"] if wrapped else []
    notes.append("  a file is read as it is; of what a source sends, only what may be stored would be here")
    return [told[0], *notes, *told[1:]]


def _record_of(path: Path) -> tuple[str, str, str]:
    """Return the one record of a JSON file, its id, and the key it was wrapped in, if any; messages never quote it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(Problem(what=f"larger than {MAX_BYTES:,} bytes", file=str(path)))
        text = path.read_bytes().decode("utf-8-sig")
        data = json.loads(text)
    except FileNotFoundError:
        raise ConfigError(Problem(what="no such file", file=str(path))) from None
    except (IsADirectoryError, PermissionError) as error:
        raise ConfigError(Problem(what=f"cannot be read: {error.strerror}", file=str(path))) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem(what="not UTF-8 text", hint="save it as UTF-8", file=str(path))) from None
    except (json.JSONDecodeError, RecursionError) as error:
        line, column = getattr(error, "lineno", 0), getattr(error, "colno", 0)
        raise ConfigError(Problem(what="not JSON", file=str(path), line=line, column=column)) from None
    if not isinstance(data, dict):
        hint = "one record is an object: { ... }"
        raise ConfigError(Problem(what="holds no single record", hint=hint, file=str(path), line=1, column=1))
    inner = next(iter(data.values()), None)
    if len(data) == 1 and isinstance(inner, dict) and "id" in inner:  # as an interface answers: {"ticket": {"id": ...}}
        return json.dumps(inner), str(inner["id"]), next(iter(data))
    return text, str(data.get("id") or path.stem), ""


def _raw_row(payload: str, record_id: str, path: Path) -> pa.Table:
    """Return a raw row with the payload as the store would keep it: odd characters repaired."""
    moment = datetime(1970, 1, 1, tzinfo=UTC)  # a file says nothing of its version, and no column reads it
    page = {"id": record_id, "source_stamp": moment, "source_seq": 0, "deleted": False, "payload": payload}
    valid, rejects, _ = valid_payloads(pa.Table.from_pylist([page], schema=PAGE))
    if rejects.num_rows:
        raise ConfigError(Problem(what=f"cannot be stored: {rejects['reason'][0].as_py()}", file=str(path)))
    kept = valid.to_pylist()[0]
    digest = hashlib.sha256(kept["payload"].encode()).hexdigest()
    row = {**kept, "ingested_at": moment, "run_id": "", "payload_hash": digest, "n": 1}
    return pa.Table.from_pylist([row], schema=RAW)


@contextmanager
def _engine() -> Iterator[DuckEngine]:
    engine = DuckEngine()
    try:
        yield engine
    finally:
        engine.close()


def _stored(workspace: Workspace, source: str, stream: str, record: str) -> pa.Table | None:
    """Return the newest version of a stored record as a table of one row, or None."""
    with _engine() as engine:
        engine.scan("stored", workspace.store.raw(source, stream).files(), RAW)
        found = engine.fetch(f"SELECT * FROM stored WHERE id = {literal(record)} ORDER BY {NEWEST} LIMIT 1")
    return found.cast(RAW) if found.num_rows else None


def _try_row(workspace: Workspace, source: str, stream: str, row: pa.Table) -> list[str]:
    mapping = workspace.materials.mappings[source]
    zone = workspace.settings.programme.time_zone
    version = row["source_stamp"][0].as_py()
    of = f", version of {version:%Y-%m-%d %H:%M:%S} UTC" if version and version.year > 1970 else ""
    told = [f"{source}.{stream} {row['id'][0].as_py()}{of}, mapped by {mapping.file}"]
    with _engine() as engine:
        engine.register(RELATION, row)
        for table in mapping.streams[stream]:
            told += [
                "",
                *lines(
                    try_out(engine, mapping, source=source, stream=stream, table=table, zone=zone, relation=RELATION)
                ),
            ]
    return told


def _not_there(workspace: Workspace, record: str, streams: list[tuple[str, str]]) -> Problem:
    """Say what was looked through, and what an id looks like there."""
    bare = record.partition(":")[2]
    looked: list[str] = []
    hints: list[str] = []
    with _engine() as engine:
        for source, stream in streams:
            engine.scan("stored", workspace.store.raw(source, stream).files(), RAW)
            size = engine.fetch(
                f"SELECT count(DISTINCT id) AS n, min(id) AS example, "
                f"coalesce(bool_or(id = {literal(bare)}), false) AS bare FROM stored"
            ).to_pylist()[0]
            looked.append(f"{source}.{stream} ({size['n']:,} records)")
            if size["bare"]:
                hints.insert(0, f"ids are those of the source, without a prefix: try {bare}")
            elif size["n"]:
                hints.append(f"ids are those of the source, such as {size['example']} in {source}.{stream}")
    hint = hints[0] if hints else "nothing is stored yet: qa-sync sync"
    return Problem(what=f"there is no record {record!r} in {', '.join(looked)}", hint=hint)
