"""Mapping record by record by what the mapping file says: closures, and a pydantic model of each table's rows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from mapping_by_hand import local
from mapping_tickets import ZONE, mapping_of, payloads_of, stored
from measure import Work
from pydantic import ConfigDict, create_model
from pydantic_core import from_json

from qa_sync.mapping import TableMapping
from qa_sync.mapping.language import Coalesce, Combined, Condition, Const, CustomField, Expression, From
from qa_sync.model import TABLES

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


def interpreted(rows: int, lists: bool) -> Work:
    """Decode each payload, call the mapping's closures, validate each row with pydantic, hand over Arrow tables."""
    path = stored(rows, lists=lists)

    def work() -> dict[str, float]:
        mapping = mapping_of(lists)
        makers = [TableMaker(table) for table in mapping.streams["tickets"].values()]
        made = sum(table.num_rows for page in payloads_of(path) for table in rows_of(makers, page))
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def rows_of(makers: list[TableMaker], payloads: list[str]) -> list[pa.Table]:
    """Return a table of rows for each maker."""
    out: list[list[dict[str, Any]]] = [[] for _ in makers]
    for payload in payloads:
        record = from_json(payload)
        custom = {str(one["id"]): one["value"] for one in record.get("custom_fields") or ()}
        for maker, held in zip(makers, out, strict=True):
            held += maker.rows(record, custom)
    return [
        pa.Table.from_pylist(held, schema=TABLES[maker.spec.table].arrow)
        for maker, held in zip(makers, out, strict=True)
    ]


Read = Callable[[Any, Any, dict[str, Any]], str | None]


class TableMaker:
    """One table of a mapping, as closures and a pydantic model of its rows."""

    def __init__(self, spec: TableMapping) -> None:
        self.spec = spec
        schema = TABLES[spec.table]
        wanted = {
            column.name: (
                PYTHON_TYPES[column.type] if column.required else PYTHON_TYPES[column.type] | None,
                ... if column.required else None,
            )
            for column in schema.columns
        }
        self.model: Any = create_model(spec.table, __config__=ConfigDict(frozen=True, extra="forbid"), **wanted)
        self.fields = [(field.column, field, closure(field.expression)) for field in spec.fields]
        self.labels = [(field.column, closure(field.expression)) for field in spec.dimensions]
        self.when = asked(spec.when) if spec.when else None
        self.events = [column for column in schema.columns if column.event]
        self.zone = ZoneInfo(ZONE)

    def rows(self, record: Any, custom: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a record: one, or one an element."""
        for element in at(record, self.spec.each.segments) or () if self.spec.each else (record,):
            if self.when is None or self.when(record, element, custom):
                yield self.row(record, element, custom)

    def row(self, record: Any, element: Any, custom: dict[str, Any]) -> dict[str, Any]:
        """Return one validated row with its local dates and weeks."""
        given: dict[str, Any] = {}
        for name, field, read in self.fields:
            try:
                value: Any = read(record, element, custom)
                if field.scale and value is not None:
                    value = (float(value) - field.scale.start) * field.scale.factor + field.scale.offset
                given[name] = value
            except ValueError:
                if field.on_bad == "reject":
                    raise
        if self.labels:
            read_labels = ((name, read(record, element, custom)) for name, read in self.labels)
            given["dimensions"] = [(name, value) for name, value in read_labels if value is not None]
        made: dict[str, Any] = self.model(**given).model_dump()
        for column in self.events:
            made[f"{column.stem}_date"], made[f"{column.stem}_week"] = local(made[column.name], self.zone)
        return made


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
        return value.strip() or None if value else None
    if isinstance(value, (dict, list)):
        raise ValueError
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
                raise ValueError
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
