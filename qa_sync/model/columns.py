"""How a table of the common schema is written down: typed, documented columns with a key.

The types are few on purpose, so that every engine that reads the store means the same by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Type = Literal["text", "integer", "number", "boolean", "time", "date", "labels", "texts"]

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "labels": pa.map_(pa.string(), pa.string()),
    "texts": pa.list_(pa.string()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its meaning in the field's words, its type, its unit, and what it may hold.

    ``required`` columns are never null in a mapped row. ``values`` lists the allowed texts (empty: any).
    ``event`` marks a moment that weeks are counted by: ``<stem>_date`` and ``<stem>_week`` (ISO week,
    ``2026-W01``) of the programme's time zone are stored beside it.
    """

    name: str
    type: Type
    doc: str
    unit: str = ""
    required: bool = False
    values: tuple[str, ...] = ()
    event: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type in which the column is stored."""
        return ARROW_TYPES[self.type]

    @property
    def stem(self) -> str:
        """The name without ``_at``: ``submitted_at`` has ``submitted_date`` and ``submitted_week``."""
        return self.name.removesuffix("_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """One table of the common schema. ``parent`` names the table whose revision owns the rows, if any."""

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: str = ""

    def column(self, name: str) -> Column:
        """Return the column called ``name``; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns a mapping may fill, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def calendar_columns(self) -> tuple[Column, ...]:
        """The local date and ISO week that are stored beside each event time."""
        made: list[Column] = []
        for column in self.columns:
            if column.event:
                made.append(
                    Column(
                        name=f"{column.stem}_date",
                        type="date",
                        doc=f"Local date of {column.name} in the programme's time zone.",
                    )
                )
                made.append(
                    Column(
                        name=f"{column.stem}_week",
                        type="text",
                        doc=f"ISO week of {column.name} in the programme's time zone, as 2026-W01.",
                    )
                )
        return tuple(made)

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """Everything stored for a row version, before the system columns."""
        return self.columns + self.calendar_columns

    @property
    def arrow(self) -> pa.Schema:
        """Arrow schema of ``stored_columns``; every field is nullable, because tombstones hold no values."""
        return pa.schema([pa.field(c.name, c.arrow_type, metadata={"doc": c.doc}) for c in self.stored_columns])
