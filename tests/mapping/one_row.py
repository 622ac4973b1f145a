"""One record through one mapping: the rows of its only table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine
from qa_sync.mapping.compile import compile_table
from qa_sync.mapping.files import parse
from qa_sync.mapping.language import Mapping
from qa_sync.model.system import RAW

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ENGINE = DuckEngine(threads=1)


def raw(payload: Any, *, record_id: str = "r1", deleted: bool = False) -> dict[str, Any]:
    return {
        "id": record_id,
        "source_stamp": AT,
        "source_seq": 0,
        "ingested_at": AT,
        "run_id": "run",
        "deleted": deleted,
        "payload": payload if isinstance(payload, str | None) else json.dumps(payload),
        "payload_hash": "h",
        "n": 1,
    }


def rows_of(text: str, *payloads: Any) -> list[dict[str, Any]]:
    mapping = parse(text, file="one.yaml")
    ((stream, tables),) = mapping.streams.items()
    (table,) = tables
    return mapped(mapping, stream, table, [raw(one, record_id=f"r{at}") for at, one in enumerate(payloads, start=1)])


def mapped(
    mapping: Mapping, stream: str, table: str, rows: list[dict[str, Any]], *, zone: str = "UTC"
) -> list[dict[str, Any]]:
    ENGINE.register("one_raw", pa.Table.from_pylist(rows, RAW))
    compiled = compile_table(mapping, source="zd", stream=stream, table=table, zone=zone, relation="one_raw")
    found = ENGINE.fetch(compiled.sql)
    assert tuple(found.column_names) == compiled.columns
    return list(found.to_pylist())
