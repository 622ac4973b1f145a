"""Small pages of raw records for store tests."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import PAGE
from qa_sync.store import Store

START = datetime(2026, 1, 5, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def page(*rows: tuple[str, int | None, str | None]) -> pa.Table:
    """Rows of (id, day or None, payload); a payload of None is a deletion."""
    return pa.table(
        {
            "id": pa.array([r[0] for r in rows], pa.string()),
            "source_stamp": pa.array(
                [None if r[1] is None else day(r[1]) for r in rows], PAGE.field("source_stamp").type
            ),
            "source_seq": pa.array([0] * len(rows), pa.int64()),
            "deleted": pa.array([r[2] is None for r in rows]),
            "payload": pa.array([r[2] for r in rows], pa.string()),
        },
        schema=PAGE,
    )


def seen(store: Store, run: str) -> list[str]:
    """Return the ids of the stream ``s.t`` that a run's snapshot holds."""
    snapshot = store.ledger.snapshot_run(run).snapshot
    assert snapshot is not None
    with closing(DuckEngine(threads=1)) as engine:
        store.register(engine, snapshot, raw=True)
        found: list[str] = engine.fetch("SELECT id FROM raw_s_t ORDER BY id")["id"].to_pylist()
    return found
