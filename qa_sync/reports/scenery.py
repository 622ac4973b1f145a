"""Tables that several reports read, made once when a snapshot is opened."""

from __future__ import annotations

from qa_sync.reports import measures
from qa_sync.reports.report import Scene


def prepare(scene: Scene) -> None:
    """Make the shared tables of a scene whose engine has been reconciled."""
    measures.prepare(scene)
    scene.engine.table("evaluations_last", """
        SELECT evaluation_id, kind, form_id, interaction_id, evaluator_id, submitted_at, submitted_week
        FROM (SELECT *, row_number() OVER (PARTITION BY evaluation_id ORDER BY source_stamp DESC NULLS LAST,
                     source_seq DESC, payload_hash DESC, source, stream, record_id) AS place
              FROM evaluations_history WHERE NOT deleted AND evaluation_id IS NOT NULL)
        WHERE place = 1""")
