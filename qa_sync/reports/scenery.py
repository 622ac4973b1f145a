"""Tables that several reports read, made once when a snapshot is opened."""

from __future__ import annotations

from qa_sync.reports import measures
from qa_sync.reports.report import Scene


def prepare(scene: Scene) -> None:
    """Make the shared tables of a scene whose engine has been reconciled.

    ``auditees`` holds every evaluation that could be audited, audited or not, with the columns that pairs have.
    """
    measures.prepare(scene)
    scene.engine.view("auditees", """
        SELECT *, evaluator_id AS auditee_id FROM buckets WHERE bucket IN ('PAIRED_AUDITEE', 'AUDITEE_ONLY')""")
