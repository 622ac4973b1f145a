"""The mapping language as values: what ``files`` reads and ``compile`` turns into SQL.

Everything is text until the end: an expression yields a text (or none), a conversion turns it into the
column's type. Steps of an expression always run in the same order: source, match, values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass
from typing import Any, Literal

from qa_sync.mapping.paths import Path
from qa_sync.mapping.patterns import Pattern
from qa_sync.mapping.times import TimeFormat
from qa_sync.model.columns import Type

#: Raised when the meaning of a mapping changes without its text changing: tables are then rebuilt.
LANGUAGE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """The value at a path."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """The value of the entry of ``custom_fields: [{id, value}]`` with this id."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Const:
    """The same value for every row; None is no value."""

    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Texts and values put together; no value as soon as one of its values is none."""

    parts: tuple[str | From | CustomField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coalesce:
    """The first of several expressions that gives a value (or a problem)."""

    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Keep the part of a text that a group of a pattern matches (0: the whole match); none where nothing does."""

    pattern: Pattern
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Translate texts. What is not listed gives ``default``, or a problem where ``rejects``."""

    table: tuple[tuple[str, str | None], ...]
    default: str | None
    rejects: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """How one text is made. With ``when``, it gives a value only where the condition holds."""

    source: From | CustomField | Const | Template | Coalesce
    when: Condition | None = None
    match: Match | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one text. Of no value, ``in`` and ``matches`` are false."""

    expression: Expression
    op: Literal["in", "matches", "is_null"]
    texts: tuple[str, ...] = ()
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """``all``, ``any`` or ``not`` of conditions (``not`` of exactly one)."""

    how: Literal["all", "any", "not"]
    parts: tuple[Condition, ...]


Condition = Question | Combined


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """``(x - start) * factor + offset``; with ``low`` and ``high``, x outside them is a problem."""

    start: float = 0.0
    factor: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How one column (or dimension) is filled. ``formats`` and ``time_zone`` serve times and dates."""

    column: str
    type: Type
    expression: Expression
    formats: tuple[TimeFormat, ...] = ()
    time_zone: str | None = None
    scale: Scale | None = None
    on_bad: Literal["reject", "missing"] = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """How the records of a stream become rows of one table: one row a record, or with ``each`` one an element."""

    table: str
    fields: tuple[Field, ...]
    dimensions: tuple[Field, ...] = ()
    when: Condition | None = None
    each: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A record (JSON text) and what must become of it: per table the rows, as far as their columns are named.

    ``rejects``: per table, the columns that must set the row aside. ``at`` is its place among the cases, from 0.
    """

    name: str
    stream: str
    payload: str
    deleted: bool
    expected: Dictionary[str, tuple[Dictionary[str, Any], ...]]
    rejects: Dictionary[str, tuple[str, ...]]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A mapping file: per stream, per table, how rows are made. ``hash`` changes when its meaning does."""

    file: str
    text: str
    streams: Dictionary[str, Dictionary[str, TableMapping]]
    cases: tuple[Case, ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 of the meaning: comments and layout do not count."""
        meaning = {
            stream: {name: asdict(table) for name, table in tables.items()} for stream, tables in self.streams.items()
        }
        text = json.dumps([LANGUAGE_VERSION, meaning], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def custom_fields(self, stream: str) -> frozenset[str]:
        """Return the custom field ids that the tables of ``stream`` read."""
        return frozenset(
            source.id
            for table in self.streams.get(stream, {}).values()
            for source in sources(table)
            if isinstance(source, CustomField)
        )


def sources(table: TableMapping) -> Iterator[From | CustomField]:
    """Yield every path and custom field that a table reads, in the order of the file, repeats included."""
    if table.when:
        yield from _of_condition(table.when)
    for field in (*table.fields, *table.dimensions):
        yield from _of_expression(field.expression)


def _of_condition(condition: Condition) -> Iterator[From | CustomField]:
    if isinstance(condition, Question):
        yield from _of_expression(condition.expression)
    else:
        for part in condition.parts:
            yield from _of_condition(part)


def _of_expression(expression: Expression) -> Iterator[From | CustomField]:
    source = expression.source
    if expression.when:
        yield from _of_condition(expression.when)
    if isinstance(source, (From, CustomField)):
        yield source
    elif isinstance(source, Template):
        yield from (part for part in source.parts if not isinstance(part, str))
    elif isinstance(source, Coalesce):
        for option in source.options:
            yield from _of_expression(option)
