"""Compile a mapping: one select per (stream, table), pure text in, pure text out.

A table's select can stand alone, reading raw records; or the tables of a stream are compiled together, and read
from what one pass over the records has left.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from qa_sync.mapping.draft import Draft, draft
from qa_sync.mapping.extract import Records
from qa_sync.mapping.language import LANGUAGE_VERSION, Mapping, TableMapping
from qa_sync.mapping.rows import SYSTEM_COLUMNS, select

#: Raised when compiled rows change without the language changing.
COMPILER_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTable:
    """A select and the columns it returns. ``hash`` changes whenever equal raw rows could give other rows."""

    sql: str
    columns: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledStream:
    """The tables of a stream, compiled together: ``sql`` reads the records once, the tables' selects read the rest."""

    sql: str
    tables: dict[str, CompiledTable]


def compile_table(mapping: Mapping, *, source: str, stream: str, table: str, zone: str, relation: str) -> CompiledTable:
    """Return the select that makes rows of ``table`` from raw records of ``stream``.

    ``relation`` has the columns of ``qa_sync.model.system.RAW``; ``zone`` is the programme's time zone, in which
    local dates and weeks are counted; ``source`` is what ``_source`` stands for. KeyError when the mapping has no
    such table. The select returns ``columns`` in this order, and never fails because of a record.
    """
    spec = mapping.streams[stream][table]
    return _compiled(spec, draft(spec, source=source, relation=relation), source, stream, zone)


def compile_stream(
    mapping: Mapping, *, source: str, stream: str, zone: str, relation: str, records: str
) -> CompiledStream:
    """Compile all tables of a stream to read from one pass over its raw records.

    ``records`` is the name under which the caller keeps what ``CompiledStream.sql`` selects from ``relation``; the
    selects of the tables read from there, and return what those of ``compile_table`` return. KeyError when the
    mapping has no such stream.
    """
    specs = mapping.streams[stream]
    plan = Records(list(specs.values()))
    tables = {
        table: _compiled(spec, draft(spec, source=source, relation=records, shared=plan), source, stream, zone)
        for table, spec in specs.items()
    }
    return CompiledStream(sql=plan.select(relation), tables=tables)


def _compiled(spec: TableMapping, drafted: Draft, source: str, stream: str, zone: str) -> CompiledTable:
    schema = drafted.schema
    columns = (*(column.name for column in schema.stored_columns), *SYSTEM_COLUMNS)
    meaning = [
        LANGUAGE_VERSION,
        COMPILER_VERSION,
        source,
        stream,
        spec.table,
        zone,
        asdict(spec),
        [(c.name, c.type, c.required, c.values, c.event) for c in schema.columns],
    ]
    digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
    return CompiledTable(sql=select(drafted, zone), columns=columns, hash=digest)
