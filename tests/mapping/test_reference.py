"""The compiled SQL agrees with the obvious interpreter, whatever the mapping and whatever the payload."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapping.reference import interpret
from mapping.strategies import mappings, payloads

from qa_sync.engine.duck import DuckEngine
from qa_sync.mapping.compile import compile_table
from qa_sync.mapping.files import parse
from qa_sync.model.system import RAW

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ENGINE = DuckEngine(threads=1)
PROFILE = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
}


def raw_rows(texts: list[str | None], deleted: list[bool]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"r{at}",
            "source_stamp": AT,
            "source_seq": at,
            "ingested_at": AT,
            "run_id": "run",
            "deleted": gone,
            "payload": text,
            "payload_hash": f"h{at}",
            "n": 1,
        }
        for at, (text, gone) in enumerate(zip(texts, deleted, strict=True))
    ]


def agree(text: str, rows: list[dict[str, Any]], zone: str) -> None:
    mapping = parse(text, file="random.yaml")
    ((table, spec),) = mapping.streams["s"].items()
    ENGINE.register("raw", pa.Table.from_pylist(rows, RAW))
    compiled = compile_table(mapping, source="zd", stream="s", table=table, zone=zone, relation="raw")
    found = ENGINE.fetch(compiled.sql)
    assert tuple(found.column_names) == compiled.columns
    wanted = [row for raw in rows for row in interpret(spec, raw, source="zd", zone=zone)]
    in_order = [{name: row[name] for name in compiled.columns} for row in wanted]
    assert sorted(map(repr, found.to_pylist())) == sorted(map(repr, map(_as_arrow, in_order)))


def _as_arrow(row: dict[str, Any]) -> dict[str, Any]:
    """Show times as Arrow hands them out, so that rows compare as text."""
    times = pa.array([row["ingested_at"]], pa.timestamp("us", tz="UTC"))
    zone = times[0].as_py().tzinfo
    return {name: value.replace(tzinfo=zone) if isinstance(value, datetime) else value for name, value in row.items()}


CASES = {
    "text": mappings(),
    "texts": st.lists(payloads(), min_size=4, max_size=10),
    "gone": st.integers(0, 9),
    "zone": st.sampled_from(["America/Los_Angeles", "Europe/Dublin", "UTC"]),
}


@settings(max_examples=50, **PROFILE)
@given(**CASES)
def test_compiled_select_agrees_with_the_interpreter(text: str, texts: list[str | None], gone: int, zone: str) -> None:
    agree(text, raw_rows(texts, [at == gone for at in range(len(texts))]), zone)


@pytest.mark.soak
@settings(max_examples=5000, **PROFILE)
@given(**CASES)
def test_compiled_select_agrees_with_the_interpreter_for_long(
    text: str, texts: list[str | None], gone: int, zone: str
) -> None:
    agree(text, raw_rows(texts, [at == gone for at in range(len(texts))]), zone)
