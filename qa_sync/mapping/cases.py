"""Tests that live in a mapping file: a record, and the rows it must become.

A case names only the columns it is about. Cases are no part of a mapping's meaning: changing one rebuilds nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dictionary
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.errors import Problem
from qa_sync.mapping.compile import compile_table
from qa_sync.mapping.language import Case, Mapping, TableMapping
from qa_sync.mapping.problems import Place, Problems
from qa_sync.mapping.telling import text_of
from qa_sync.model import TABLES
from qa_sync.model.system import RAW
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import parse

KEYS = ("name", "stream", "record", "deleted", "expect", "rejects")
MAX_CASES = 500
_RELATION = "case_record"


def read_cases(
    data: Any, problems: Problems, streams: Dictionary[str, Dictionary[str, TableMapping]]
) -> tuple[Case, ...]:
    """Read ``cases:`` of a mapping file; every problem is noted where it stands."""
    if not isinstance(data, list):
        problems.add(("cases",), "cases is a list", "begin each with - name:")
        return ()
    if len(data) > MAX_CASES:
        problems.add(("cases",), f"more than {MAX_CASES} cases")
        return ()
    found = []
    for at, item in enumerate(data):
        place: Place = ("cases", at)
        body = problems.mapping(item, place, of="name:, stream:, record: and expect:")
        if not body:
            continue
        problems.keys(body, place, KEYS, of="a case")
        name = problems.text(body.get("name"), (*place, "name"), of="what the case shows, in a few words")
        stream = str(body.get("stream") or (next(iter(streams)) if len(streams) == 1 else ""))
        if stream not in streams:
            hint = did_you_mean(stream, streams)
            problems.add((*place, "stream"), "stream is one of the streams of this file", hint)
            continue
        record = _record(body, place, problems)
        expected = {
            table: _rows(rows, table, (*place, "expect", table), problems)
            for table, rows in _tables(body, "expect", place, problems, streams[stream])
        }
        rejects = {
            table: _columns(names, (*place, "rejects", table), problems)
            for table, names in _tables(body, "rejects", place, problems, streams[stream])
        }
        if not (body.get("expect") or body.get("rejects")):
            problems.add(place, "nothing is expected", "add expect: {table: {column: value}}, or rejects:")
        if name and record is not None:
            case = Case(
                name=name,
                stream=stream,
                payload=record,
                deleted=body.get("deleted") is True,
                expected=expected,
                rejects=rejects,
                at=at,
            )
            found.append(case)
    return tuple(found)


def _record(body: Dictionary[str, Any], place: Place, problems: Problems) -> str | None:
    """Return the record as JSON text: it stands there as keys and values, or as a text of JSON."""
    given = body.get("record")
    if isinstance(given, dict):
        return json.dumps(given)
    if isinstance(given, str):
        try:
            if isinstance(json.loads(given), dict):
                return given
        except (ValueError, RecursionError):
            pass
        problems.add((*place, "record"), "not a JSON object", "write it as { ... }, as the source sends it")
        return None
    problems.add((*place, "record"), "a record is keys and values, as the source sends it", "such as {id: 55501}")
    return None


def _tables(
    body: Dictionary[str, Any], key: str, place: Place, problems: Problems, known: Dictionary[str, Any]
) -> Iterator[tuple[str, Any]]:
    where = (*place, key)
    for table, given in problems.mapping(body.get(key, {}), where, of="tables and what they hold").items():
        if table in known:
            yield table, given
        else:
            problems.add((*where, table), f"the stream fills no table {table}", did_you_mean(table, known))


def _rows(data: Any, table: str, place: Place, problems: Problems) -> tuple[Dictionary[str, Any], ...]:
    listed = data if isinstance(data, list) else [data]
    known = [column.name for column in TABLES[table].stored_columns]
    rows = []
    for at, item in enumerate(listed):
        where = (*place, at) if isinstance(data, list) else place
        row = problems.mapping(item, where, of="columns and their values, or [] for no row,")
        problems.keys(row, where, known, of=table)
        rows.append(row)
    return tuple(rows)


def _columns(data: Any, place: Place, problems: Problems) -> tuple[str, ...]:
    listed = data if isinstance(data, list) else [data]
    names = [problems.text(item, place, of="the name of a column") for item in listed]
    return tuple(name for name in names if name)


def failed_cases(engine: Engine, mapping: Mapping, *, source: str, zone: str) -> list[Problem]:
    """Run the cases of a mapping; return what does not come out as expected, in the order of the file.

    Every case runs through the very selects of a run. Messages quote only what the mapping file itself holds.
    """
    if not mapping.cases:
        return []
    document = parse(mapping.text, file=mapping.file)
    made = _made(engine, mapping, source=source, zone=zone)
    found: list[Problem] = []
    for case in mapping.cases:
        for table in dict.fromkeys([*case.expected, *case.rejects]):
            for key, what in _differences(case, table, made[case.at, table]):
                hint = f"see {mapping.file}, streams.{case.stream}"
                found.append(document.problem(("cases", case.at, key, table), f"{case.name}: {what}", hint))
    return found


def _made(
    engine: Engine, mapping: Mapping, *, source: str, zone: str
) -> dict[tuple[int, str], list[Dictionary[str, Any]]]:
    """Return the rows of every case and table: one select for all cases of a stream, told apart by ``source_seq``."""
    found: dict[tuple[int, str], list[Dictionary[str, Any]]] = {}
    for stream in dict.fromkeys(case.stream for case in mapping.cases):
        cases = [case for case in mapping.cases if case.stream == stream]
        engine.register(_RELATION, pa.Table.from_pylist([_raw(case) for case in cases], schema=RAW))
        for table in dict.fromkeys(name for case in cases for name in (*case.expected, *case.rejects)):
            found |= {(case.at, table): [] for case in cases}
            compiled = compile_table(mapping, source=source, stream=stream, table=table, zone=zone, relation=_RELATION)
            for row in engine.fetch(compiled.sql).to_pylist():
                found[row["source_seq"], table].append(row)
    return found


def _raw(case: Case) -> dict[str, Any]:
    moment = datetime(1970, 1, 1, tzinfo=UTC)
    record_id = json.loads(case.payload).get("id")
    return {
        "id": str(case.name if record_id is None else record_id),
        "source_stamp": moment,
        "source_seq": case.at,
        "ingested_at": moment,
        "run_id": "",
        "deleted": case.deleted,
        "payload": None if case.deleted else case.payload,
        "payload_hash": hashlib.sha256(case.payload.encode()).hexdigest(),
        "n": 1,
    }


def _differences(case: Case, table: str, made: Sequence[Dictionary[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield (``expect`` or ``rejects``, what differs)."""
    bad = {p["field"]: p["reason"] for row in made for p in row["_problems"] if p["severity"] == "reject"}
    for column in case.rejects.get(table, ()):
        if column not in bad:
            yield "rejects", f"{column} should set the row aside, and does not"
    unforeseen = {column: reason for column, reason in bad.items() if column not in case.rejects.get(table, ())}
    for column, reason in sorted(unforeseen.items()):
        yield "expect" if table in case.expected else "rejects", f"set aside: {column} is {reason}"
    rows = [row for row in made if not row["deleted"] and not _is_rejected(row)]
    wanted = case.expected.get(table)
    if wanted is None or unforeseen:
        return
    if len(rows) != len(wanted):
        yield "expect", f"{_counted(len(wanted))} expected, {_counted(len(rows))} made"
        return
    left = list(rows)  # a list's rows come in no particular order
    unmet = []
    for number, columns in enumerate(wanted, start=1):
        match = next((row for row in left if not list(_unlike(row, columns))), None)
        if match is None:
            unmet.append((number, columns))
        else:
            left.remove(match)
    for (number, columns), row in zip(unmet, left, strict=True):
        which = f"row {number}: " if len(wanted) > 1 else ""
        for what in _unlike(row, columns):
            yield "expect", which + what


def _unlike(row: Dictionary[str, Any], columns: Dictionary[str, Any]) -> Iterator[str]:
    """Say how a row differs from the columns that a case names."""
    for column, value in columns.items():
        shown = row[column]
        if column == "dimensions" and isinstance(value, dict):
            labels = dict(shown or ())
            for label, text in value.items():
                if not _same(labels.get(label), text):
                    yield f"{label} is {text_of(labels.get(label))}, not {text_of(text)}"
        elif not _same(shown, value):
            yield f"{column} is {text_of(shown)}, not {text_of(value)}"


def _is_rejected(row: Dictionary[str, Any]) -> bool:
    return any(problem["severity"] == "reject" for problem in row["_problems"])


def _counted(rows: int) -> str:
    return "no row" if rows == 0 else "1 row" if rows == 1 else f"{rows} rows"


def _same(made: Any, wanted: Any) -> bool:
    """Whether a value is what the file says: times by moment, numbers by size, texts by spelling."""
    if made is None or wanted is None:
        return made is None and wanted is None
    if isinstance(made, bool) or isinstance(wanted, bool):
        return made is wanted or str(made).lower() == str(wanted).lower()
    if isinstance(made, datetime):
        try:
            moment = datetime.fromisoformat(str(wanted))
        except ValueError:
            return False
        return made == (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if isinstance(made, date):
        return made.isoformat() == str(wanted)
    if isinstance(made, int | float):
        try:
            return float(made) == float(wanted)
        except (TypeError, ValueError):
            return False
    if isinstance(made, list):
        return isinstance(wanted, list) and [str(one) for one in wanted] == made
    return str(made) == str(wanted)
