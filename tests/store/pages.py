"""Small pages of raw records for store tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from qa_sync.model.system import PAGE

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
