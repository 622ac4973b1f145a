"""Coverage: what every field made of the records, by week, and which values nobody listed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from mapping.one_row import raw

from qa_sync.engine.duck import DuckEngine
from qa_sync.mapping import all_weeks, coverage, defaulted, parse
from qa_sync.model.system import RAW

MAPPING = parse(
    """version: 1
streams:
  tickets:
    interactions:
      when: {from: status, is_not: deleted}
      fields:
        interaction_id: {template: "zendesk:{id}"}
        kind: {const: ticket}
        queue: {custom_field: 7, values: {"1": Billing, "2": Claims}}
        channel: {coalesce: [{from: ch, values: {a: A}, default: O}, {const: Z}]}
        language: {coalesce: [{from: l}, {const: en}]}
        solved_at: {from: s, type: time, on_bad: missing}
      dimensions:
        market: {from: market}
    answers:
      each: rows
      fields:
        evaluation_id: {from: $.id}
        criterion_key: {from: k}
        state: {const: valued}
        points: {from: p, type: number, on_bad: missing}
""",
    file="m.yaml",
)
#: rows, filled, default, rejected, left out, unseen
Counts = tuple[int, int, int, int, int, tuple[tuple[str, int], ...]]


def records() -> list[dict[str, object]]:
    made = []
    for n in range(10):
        row = raw(
            {
                "id": n,
                "custom_fields": [{"id": 7, "value": str(n % 4)}],
                "ch": ["a", "b", None][n % 3],
                "l": "de" if n % 2 else None,
                "s": "soon" if n == 3 else None,
                "status": "deleted" if n > 8 else "open",
                "rows": [{"k": "x", "p": 1}, {"k": None, "p": "many"}] if n == 0 else [],
            },
            record_id=str(n),
        )
        made.append({**row, "source_stamp": datetime(2026, 1, 4 + (n >= 5), 23, 30, tzinfo=UTC)})
    return made


def counted(table: str, *, weekly: bool = False) -> dict[tuple[str, str], Counts]:
    engine = DuckEngine(threads=1)
    engine.register("r", pa.Table.from_pylist([*records(), raw("{", record_id="bad"), raw(None, deleted=True)], RAW))
    found = coverage(engine, MAPPING, source="zd", stream="tickets", table=table, zone="Europe/Warsaw", relation="r")
    engine.close()
    return {
        (one.field, one.week): (one.rows, one.filled, one.default, one.rejected, one.left_out, one.unseen)
        for one in (found if weekly else all_weeks(found))
    }


def test_every_field_is_counted_over_the_records_that_the_condition_lets_in() -> None:
    assert counted("interactions") == {
        ("when", ""): (10, 9, 0, 0, 0, ()),
        ("interaction_id", ""): (9, 9, 0, 0, 0, ()),
        ("kind", ""): (9, 9, 0, 0, 0, ()),
        ("queue", ""): (9, 4, 0, 5, 0, (("0", 3), ("3", 2))),
        ("channel", ""): (9, 9, 6, 0, 0, (("b", 3),)),
        ("language", ""): (9, 9, 5, 0, 0, ()),
        ("solved_at", ""): (9, 0, 0, 0, 1, ()),
        ("dimensions.market", ""): (9, 0, 0, 0, 0, ()),
    }


def test_a_list_is_counted_by_its_elements() -> None:
    assert counted("answers") == {
        ("evaluation_id", ""): (2, 2, 0, 0, 0, ()),
        ("criterion_key", ""): (2, 1, 0, 1, 0, ()),
        ("state", ""): (2, 2, 0, 0, 0, ()),
        ("points", ""): (2, 1, 0, 0, 1, ()),
    }


def test_weeks_are_those_of_the_programmes_zone() -> None:
    found = counted("interactions", weekly=True)
    # Sunday 23:30 in UTC is Monday in Warsaw.
    assert {week for _, week in found} == {"2026-W02"}
    assert found["queue", "2026-W02"] == (9, 4, 0, 5, 0, (("0", 3), ("3", 2)))


def test_only_values_that_fall_to_a_default_are_drift() -> None:
    engine = DuckEngine(threads=1)
    engine.register("r", pa.Table.from_pylist(records(), RAW))
    told = {
        table: defaulted(engine, MAPPING, source="zd", stream="tickets", table=table, relation="r")
        for table in ("interactions", "answers")
    }
    engine.close()
    assert told == {"interactions": [("channel", 3)], "answers": []}


def test_one_name_stands_for_a_stream_with_files_and_then_for_one_without(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(records(), RAW), tmp_path / "raw.parquet")
    engine = DuckEngine(threads=1)
    sizes = []
    for files in ([str(tmp_path / "raw.parquet")], [], [str(tmp_path / "raw.parquet")]):
        engine.scan("stored", files, RAW)
        sizes.append(engine.fetch("SELECT id, payload FROM stored").num_rows)
    assert engine.fetch("SELECT * FROM stored").schema.names == RAW.names
    engine.close()
    assert sizes == [10, 0, 10]
