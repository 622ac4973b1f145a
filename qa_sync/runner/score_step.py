"""Record where reported scores differ from recomputed ones, as findings of the ledger."""

from __future__ import annotations

from datetime import datetime

from qa_sync.engine import Engine
from qa_sync.store import Store, aside_rows


def record_score_findings(store: Store, engine: Engine, *, run_id: str, at: datetime) -> int:
    """Append the findings of ``score_findings`` that were never recorded before; return how many.

    One is known by evaluation, revision and reason: an evaluation that was corrected can be a finding again.
    """
    found = engine.fetch("""
        SELECT evaluation_id, reason, coalesce(payload_hash, '') AS payload_hash
        FROM score_findings ORDER BY evaluation_id""").to_pylist()
    if not found:
        return 0
    rows = aside_rows(
        run_id=run_id,
        at=at,
        source="",
        stream="",
        stage="reconcile",
        table="evaluations",
        severity="finding",
        rows=[(row["evaluation_id"], "reported_score", row["reason"], row["payload_hash"]) for row in found],
    )
    unseen = store.ledger.unseen_rejects(rows)
    store.ledger.append("findings", unseen)
    return int(unseen.num_rows)
