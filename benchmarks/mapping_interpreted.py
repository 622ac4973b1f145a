"""Mapping record by record by what the mapping file says: closures, and pydantic models of raw records and of rows.

It gives all that the compiled selects give: rows with the columns of the common schema, local dates and weeks, the
raw version each came from, markers for what is gone, and the problems of a row by field, reason and severity.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from mapping_by_hand import local
from mapping_tickets import PAGE, ZONE, mapping_of, stored
from measure import Work
from pydantic import BaseModel, ConfigDict, create_model
from pydantic_core import from_json

from qa_sync.mapping import TableMapping
from qa_sync.mapping.convert import NUMBER, REASONS
from qa_sync.mapping.draft import REQUIRED
from qa_sync.mapping.express import UNLISTED
from qa_sync.mapping.extract import CONTAINER
from qa_sync.mapping.language import (
    Coalesce,
    Combined,
    Condition,
    Const,
    CustomField,
    Expression,
    Field,
    From,
    Scale,
)
from qa_sync.mapping.rows import NOT_A_LIST, NOT_JSON
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION

PYTHON_TYPES: dict[str, Any] = {
    "text": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "time": datetime,
    "date": date,
    "labels": list[tuple[str, str]],
    "texts": list[str],
}
_BLANK = " \t\r\n"
#: Columns of a raw record that mapping reads.
OF_RAW = ("id", "source_stamp", "source_seq", "payload_hash", "ingested_at", "deleted", "payload")
_PROBLEMS = pa.list_(pa.struct([(name, pa.string()) for name in ("field", "reason", "severity")]))
_SYSTEM = pa.schema(
    [
        *(VERSION.field(name) for name in ("record_id", "source_stamp", "source_seq", "payload_hash", "ingested_at")),
        pa.field("deleted", pa.bool_()),
        pa.field("skipped", pa.bool_()),
        pa.field("problems", _PROBLEMS),
    ]
)


class Raw(BaseModel):
    """A raw record version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    source_stamp: datetime | None
    source_seq: int
    payload_hash: str
    ingested_at: datetime
    deleted: bool | None
    payload: str | None


class Problem(BaseModel):
    """What is bad in a row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    reason: str
    severity: str


class Bad(Exception):
    """A value cannot be made; the argument is the reason."""


def interpreted(rows: int, lists: bool) -> Work:
    """Validate and decode each record, call the mapping's closures, validate each row, hand over Arrow tables."""
    path = stored(rows, lists=lists)

    def work() -> dict[str, float]:
        mapping = mapping_of(lists)
        makers = [TableMaker(table) for table in mapping.streams["tickets"].values()]
        made = sum(table.num_rows for page in records_of(path) for table in rows_of(makers, page))
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def records_of(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the raw records of a file, a page at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(PAGE, columns=list(OF_RAW)):
            yield batch.to_pylist()


def rows_of(makers: list[TableMaker], records: list[dict[str, Any]]) -> list[pa.Table]:
    """Return a table of rows for each maker."""
    out: list[list[dict[str, Any]]] = [[] for _ in makers]
    for given in records:
        raw = Raw.model_validate(given)
        gone = bool(raw.deleted) or raw.payload is None
        record: Any = None
        custom: dict[str, Any] = {}
        bad = False
        if raw.payload is not None and not gone:
            try:
                record = from_json(raw.payload)
            except ValueError:
                bad = True
            else:
                listed = record.get("custom_fields") if isinstance(record, dict) else None
                custom = {str(one["id"]): one["value"] for one in listed or ()}
        for maker, held in zip(makers, out, strict=True):
            if gone or bad:
                held.append(maker.marker(raw, [Problem(field="payload", reason=NOT_JSON, severity="reject")] * bad))
            else:
                held += maker.rows(raw, record, custom)
    return [pa.Table.from_pylist(held, schema=maker.arrow) for maker, held in zip(makers, out, strict=True)]


Read = Callable[[Any, Any, dict[str, Any]], str | None]


class TableMaker:
    """One table of a mapping, as closures and a pydantic model of its rows."""

    def __init__(self, spec: TableMapping) -> None:
        self.spec = spec
        schema = TABLES[spec.table]
        wanted = {column.name: (PYTHON_TYPES[column.type] | None, None) for column in schema.columns}
        events = [column for column in schema.columns if column.event]
        for column in events:
            wanted |= {f"{column.stem}_date": (date | None, None), f"{column.stem}_week": (str | None, None)}
        wanted |= {
            "record_id": (str, ...),
            "source_stamp": (datetime | None, ...),
            "source_seq": (int, ...),
            "payload_hash": (str, ...),
            "ingested_at": (datetime, ...),
            "deleted": (bool, ...),
            "skipped": (bool, ...),
            "problems": (list[Problem], ...),
        }
        self.model: Any = create_model(spec.table, __config__=ConfigDict(frozen=True, extra="forbid"), **wanted)
        columns = {column.name: column for column in schema.columns}
        self.fields = [
            (one.column, closure(one.expression), conversion(one), columns[one.column].values, one.on_bad)
            for one in spec.fields
        ]
        self.labels = [(one.column, closure(one.expression)) for one in spec.dimensions]
        self.required = [column.name for column in schema.columns if column.required]
        self.when = asked(spec.when) if spec.when else None
        self.events = [(column.name, f"{column.stem}_date", f"{column.stem}_week") for column in events]
        self.zone = ZoneInfo(ZONE)
        self.arrow = pa.schema([*schema.arrow, *_SYSTEM])

    def rows(self, raw: Raw, record: Any, custom: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a record: one, or one an element; a marker where none is left."""
        if self.spec.each is None:
            elements: Any = (record,)
        else:
            elements = at(record, self.spec.each.segments)
            if elements is not None and not isinstance(elements, list):
                yield self.marker(raw, [Problem(field="each", reason=NOT_A_LIST, severity="reject")])
                return
        kept = bad = False
        for element in elements or ():
            if self.when is None or self.when(record, element, custom):
                row, is_good = self.row(raw, record, element, custom)
                kept, bad = kept or is_good, bad or not is_good
                yield row
        if not kept and not (bad and self.spec.each is None):
            yield self.marker(raw, [], skipped=bool(elements) and not bad)

    def marker(self, raw: Raw, problems: list[Problem], *, skipped: bool = False) -> dict[str, Any]:
        """Return the row that supersedes what was there, or with problems sets the record aside."""
        made: dict[str, Any] = self.model(
            **_version(raw), deleted=not problems, skipped=skipped, problems=problems
        ).model_dump()
        return made

    def row(self, raw: Raw, record: Any, element: Any, custom: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Return one validated row with its local dates and weeks, and whether it is part of the table."""
        given: dict[str, Any] = _version(raw)
        problems: list[Problem] = []
        is_good = True
        for name, read, convert, allowed, on_bad in self.fields:
            try:
                value: Any = read(record, element, custom)
                if convert is not None and value is not None:
                    value = convert(value)
                if allowed and value is not None and value not in allowed:
                    raise Bad("not one of " + ", ".join(allowed))
                given[name] = value
            except Bad as error:
                severity = "finding" if on_bad == "missing" else "reject"
                problems.append(Problem(field=name, reason=str(error), severity=severity))
                is_good = is_good and severity == "finding"
        for name in self.required:
            if given.get(name) is None:
                problems.append(Problem(field=name, reason=REQUIRED, severity="reject"))
                is_good = False
        if self.labels:
            read_labels = ((name, read(record, element, custom)) for name, read in self.labels)
            given["dimensions"] = [(name, value) for name, value in read_labels if value is not None]
        for name, on, week in self.events:
            given[on], given[week] = local(given.get(name), self.zone)
        made: dict[str, Any] = self.model(**given, deleted=False, skipped=False, problems=problems).model_dump()
        return made, is_good


def _version(raw: Raw) -> dict[str, Any]:
    return {
        "record_id": raw.id,
        "source_stamp": raw.source_stamp,
        "source_seq": raw.source_seq,
        "payload_hash": raw.payload_hash,
        "ingested_at": raw.ingested_at,
    }


def conversion(field: Field) -> Callable[[str], Any] | None:
    """Return what turns a text into the type of the field; None where it stays text."""
    if field.type == "number":
        is_number, scale = re.compile(NUMBER).fullmatch, field.scale

        def number(text: str) -> float:
            value = float(text) if is_number(text) else math.inf
            if not math.isfinite(value):
                raise Bad(REASONS["number"])
            return scaled(scale, value) if scale else value + 0.0

        return number
    if field.type == "time":
        # The benchmark's times are all ISO with an offset.
        is_time = re.compile(field.formats[0].regex).fullmatch

        def moment(text: str) -> datetime:
            if not is_time(text):
                raise Bad(REASONS["time"])
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                raise Bad(REASONS["time"]) from None

        return moment
    return None


def scaled(scale: Scale, value: float) -> float:
    """Return a number on its new scale."""
    if scale.low is not None and scale.high is not None and not scale.low <= value <= scale.high:
        raise Bad(f"outside the scale from {scale.low:g} to {scale.high:g}")
    made = (value - scale.start) * scale.factor + scale.offset
    if not math.isfinite(made):
        raise Bad("out of range once scaled")
    return made + 0.0


def at(data: Any, segments: tuple[str | int, ...]) -> Any:
    """Return what stands at a path of names."""
    for segment in segments:
        if not isinstance(data, dict):
            return None
        data = data.get(segment)
    return data


def text(value: Any) -> str | None:
    """Return a JSON value as the language knows it."""
    if value is None or isinstance(value, str):
        return value.strip(_BLANK) or None if value else None
    if isinstance(value, (dict, list)):
        raise Bad(CONTAINER)
    return str(value).lower() if isinstance(value, bool) else str(value)


def closure(expression: Expression) -> Read:
    """Turn an expression into a function of a record, an element and the custom fields by id."""
    source, when = expression.source, asked(expression.when) if expression.when else None
    inner = _source(source)
    table = dict(expression.values.table) if expression.values else None
    pattern = re.compile(expression.match.pattern.regex) if expression.match else None

    def read(record: Any, element: Any, custom: dict[str, Any]) -> str | None:
        if when and not when(record, element, custom):
            return None
        value = inner(record, element, custom)
        if pattern and expression.match and value is not None:
            found = pattern.search(value)
            value = found.group(expression.match.group) if found else None
        if table is not None and expression.values and value is not None:
            if value not in table and expression.values.rejects:
                raise Bad(UNLISTED)
            value = table.get(value, expression.values.default)
        return value

    return inner if not when and not pattern and table is None else read


def _source(source: Any) -> Read:
    if isinstance(source, Const):
        return lambda _record, _element, _custom: source.value
    if isinstance(source, CustomField):
        return lambda _record, _element, custom: text(custom.get(source.id))
    if isinstance(source, From):
        segments = source.path.segments
        if source.path.scope == "record":
            return lambda record, _element, _custom: text(at(record, segments))
        return lambda _record, element, _custom: text(at(element, segments))
    if isinstance(source, Coalesce):
        options = [closure(option) for option in source.options]
        return lambda *row: next((value for option in options if (value := option(*row)) is not None), None)
    parts = [part if isinstance(part, str) else _source(part) for part in source.parts]

    def template(*row: Any) -> str | None:
        found = [part if isinstance(part, str) else part(*row) for part in parts]
        return None if None in found else "".join(found)

    return template


def asked(condition: Condition) -> Callable[[Any, Any, dict[str, Any]], bool]:
    """Turn a condition (of lists of texts, as here) into a function."""
    if isinstance(condition, Combined):
        parts = [asked(part) for part in condition.parts]
        if condition.how == "not":
            return lambda *row: not parts[0](*row)
        every = all if condition.how == "all" else any
        return lambda *row: every(part(*row) for part in parts)
    read, texts = closure(condition.expression), frozenset(condition.texts)
    return lambda *row: read(*row) in texts
