"""Tables and columns: of the common schema, of reconciling, and those that qa-sync keeps for itself."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from qa_sync.model import TABLES
from qa_sync.model.columns import Column, TableSchema
from qa_sync.model.system import VERSION
from qa_sync.reconcile.tables import RESULTS

from .markdown import code, codes, table

_TYPES = {pa.string(): "text", pa.int64(): "integer", pa.bool_(): "boolean", pa.timestamp("us", tz="UTC"): "time"}


def contents() -> str:
    """Return the list of all tables with their line and key."""
    return table(
        ("table", "one row is", "key"),
        ((f"[`{one.name}`](#{one.name})", one.doc, codes(one.key)) for one in (*TABLES.values(), *RESULTS)),
    )


def common_schema() -> str:
    """Return a section for each table of the common schema."""
    return "\n\n".join(section(one) for one in TABLES.values())


def results() -> str:
    """Return a section for each table that reconciling makes."""
    return "\n\n".join(section(one) for one in RESULTS)


def section(one: TableSchema) -> str:
    """Return heading, sentence, key and columns of a table."""
    owner = f" Rows belong to a revision of {code(one.parent)}." if one.parent else ""
    head = f"### {one.name}\n\n{one.doc} Key: {codes(one.key)}.{owner}"
    return f"{head}\n\n" + table(("column", "type", "unit", "null?", "meaning"), columns(one.stored_columns))


def columns(some: Iterable[Column]) -> Iterable[tuple[str, str, str, str, str]]:
    """Yield the rows of a table of columns."""
    for column in some:
        values = f" One of {codes(column.values)}." if column.values else ""
        yield code(column.name), column.type, column.unit, "never" if column.required else "", column.doc + values


def version_columns() -> str:
    """Return the columns that every stored row carries besides its own."""
    return table(
        ("column", "type", "meaning"),
        ((code(one.name), _TYPES[one.type], (one.metadata or {}).get(b"doc", b"").decode()) for one in VERSION),
    )
