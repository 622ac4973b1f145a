"""Record where reported scores differ from recomputed ones, as findings of the ledger."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.model.system import REJECTS
from qa_sync.store import Store


def record_score_findings(store: Store, engine: Engine, *, run_id: str, at: datetime) -> int:
    """Append the findings of ``score_findings`` that were never recorded before; return how many.

    One is known by evaluation, revision and reason: an evaluation that was corrected can be a finding again.
    """
    found = engine.fetch("""
        SELECT evaluation_id, reason, coalesce(payload_hash, '') AS payload_hash
        FROM score_findings ORDER BY evaluation_id""")
    said = {
        "run_id": run_id,
        "at": at,
        "source": "",
        "stream": "",
        "stage": "reconcile",
        "table": "evaluations",
        "field": "reported_score",
        "severity": "finding",
        "mapping_hash": "",
    }
    columns = {
        name: pa.repeat(pa.scalar(value, REJECTS.field(name).type), found.num_rows) for name, value in said.items()
    }
    columns |= {"record_id": found["evaluation_id"], "reason": found["reason"], "payload_hash": found["payload_hash"]}
    rows = pa.table({name: columns[name] for name in REJECTS.names}, schema=REJECTS)
    unseen = store.ledger.unseen_rejects(rows)
    store.ledger.append("findings", unseen)
    return int(unseen.num_rows)
