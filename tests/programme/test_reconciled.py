"""Reconciling a programme finds what the generator meant: two ways to one result, at three moments."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest

from qa_sync.engine.duck import DuckEngine
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.reconcile.programme import Programme as Rules
from qa_sync.reconcile.run import reconcile
from qa_sync.testing.programme import Pair, Programme, common_tables
from qa_sync.testing.programme.common import HISTORIES


@pytest.fixture(scope="module")
def tables(programme: Programme) -> dict[str, pa.Table]:
    return common_tables(programme)


def _engine(tables: dict[str, pa.Table]) -> DuckEngine:
    engine = DuckEngine(threads=1)
    for name, schema in TABLES.items():
        table = tables.get(name, pa.schema([*schema.arrow, *VERSION]).empty_table())
        if name not in HISTORIES:
            engine.register(name, table)
            continue
        engine.register(f"{name}_history", table)
        engine.table(
            name,
            f"""SELECT * EXCLUDE (place) FROM (
            SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY source_stamp DESC) AS place
            FROM {name}_history) WHERE place = 1""",
        )
    return engine


def test_the_tables_are_those_of_the_common_schema(tables: dict[str, pa.Table]) -> None:
    assert {name: table.schema for name, table in tables.items()} == {
        name: pa.schema([*TABLES[name].arrow, *VERSION]) for name in tables
    }
    for name, table in tables.items():
        for column in TABLES[name].columns:
            if column.required:
                assert table[column.name].null_count == 0, (name, column.name)
            if column.values:
                assert set(table[column.name].unique().to_pylist()) <= {*column.values, None}, (name, column.name)
            if column.event:
                assert table[f"{column.stem}_week"].null_count == table[column.name].null_count


def test_weeks_are_iso_weeks_of_the_programmes_zone(programme: Programme, tables: dict[str, pa.Table]) -> None:
    first = tables["interactions"].select(["created_at", "created_date", "created_week"]).slice(0, 1).to_pylist()[0]
    assert (str(first["created_date"]), first["created_week"]) == ("2026-08-31", "2026-W36")
    assert sorted(tables["interactions"]["created_week"].unique().to_pylist()) == [f"2026-W{n}" for n in range(36, 48)]


@pytest.mark.parametrize("weeks", [5, 12])
def test_reconciling_finds_what_was_meant(programme: Programme, tables: dict[str, pa.Table], weeks: int) -> None:
    moment = programme.week_end(weeks)
    truth = programme.until(moment).truth()
    engine = _engine(tables)
    reconcile(engine, Rules(time_zone=programme.zone), as_of=moment)
    ends = engine.fetch("SELECT bucket, reason FROM buckets").to_pylist()
    assert Counter((row["bucket"], row["reason"] or "") for row in ends) == truth.buckets
    found = {row["auditor_evaluation_id"]: row for row in engine.fetch("SELECT * FROM pairs").to_pylist()}
    assert set(found) == {f"E{pair.audit_no}" for pair in truth.pairs}
    misreported = {f"E{number}" for number in truth.misreported}
    findings = engine.fetch("SELECT evaluation_id FROM score_findings")["evaluation_id"].to_pylist()
    assert sorted(findings) == sorted(misreported)
    for pair in truth.pairs:
        row = found[f"E{pair.audit_no}"]
        assert _said(row) == _meant(pair)
        assert row["delta"] == (pair.delta if pair.delta is None else pytest.approx(pair.delta, abs=1e-6))
        assert ("AUDITEE_EDITED_AFTER_AUDIT" in row["flags"]) == pair.edited_after
        if not pair.reason:
            assert ("SCORE_MISMATCH" in row["flags"]) == (row["auditee_evaluation_id"] in misreported)
            assert (row["items_compared"], row["items_agree"]) == (pair.items, pair.agreed)


def _said(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(
        row[name]
        for name in (
            "auditee_evaluation_id",
            "outcome",
            "reason",
            "site",
            "queue",
            "week",
            "is_headline",
            "is_blind",
            "auditee_id",
            "auditor_id",
            "form_id",
        )
    )


def _meant(pair: Pair) -> tuple[object, ...]:
    return (
        f"E{pair.evaluation_no}",
        pair.outcome,
        pair.reason or None,
        pair.site,
        pair.queue,
        pair.week,
        pair.headline,
        pair.is_blind,
        f"P{pair.evaluator_no}",
        f"P{pair.auditor_no}",
        pair.form_id,
    )
