"""Differences between reported and recomputed scores are findings of the ledger, each told once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import FINDINGS
from qa_sync.runner.score_step import record_score_findings
from qa_sync.store import Store

AT = datetime(2026, 1, 5, tzinfo=UTC)


def recorded(store: Store, *rows: tuple[str, str, str]) -> int:
    engine = DuckEngine()
    try:
        listed = ", ".join(f"('{evaluation}', '{reason}', '{digest}')" for evaluation, reason, digest in rows)
        engine.table("score_findings", f"SELECT * FROM (VALUES {listed}) t (evaluation_id, reason, payload_hash)")
        return record_score_findings(store, engine, run_id="r", at=AT)
    finally:
        engine.close()


def test_a_finding_is_recorded_once_until_the_evaluation_changes(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    assert recorded(store, ("e1", "ROUNDED", "a"), ("e2", "RULE_DIFFERS", "b")) == 2
    assert recorded(store, ("e1", "ROUNDED", "a"), ("e2", "RULE_DIFFERS", "b")) == 0
    assert recorded(store, ("e1", "ROUNDED", "a"), ("e2", "RULE_DIFFERS", "c")) == 1
    engine = DuckEngine()
    try:
        engine.scan("findings", store.ledger.files("findings"), FINDINGS)
        rows = engine.fetch("SELECT record_id, field, reason, severity FROM findings ORDER BY 1, payload_hash")
    finally:
        engine.close()
    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("e1", "reported_score", "ROUNDED", "finding"),
        ("e2", "reported_score", "RULE_DIFFERS", "finding"),
        ("e2", "reported_score", "RULE_DIFFERS", "finding"),
    ]
