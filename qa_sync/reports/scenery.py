"""Tables that several reports read, made once when a snapshot is opened."""

from __future__ import annotations

from qa_sync.reports import measures
from qa_sync.reports.grouping import INTERACTION_COLUMNS
from qa_sync.reports.report import Scene


def prepare(scene: Scene) -> None:
    """Make the shared tables of a scene whose engine has been reconciled.

    ``audited`` is pairs with the columns of their interaction that people group by; ``auditees`` holds every
    evaluation that could be audited, audited or not, with the same.
    """
    own = ", ".join(f"i.{name}" for name in INTERACTION_COLUMNS)
    scene.engine.table(
        "audited",
        f"""
        SELECT p.*, {own} FROM pairs p LEFT JOIN interactions i ON i.interaction_id = p.interaction_id""",
    )
    measures.prepare(scene)
    scene.engine.view(
        "auditees",
        f"""
        SELECT b.*, b.evaluator_id AS auditee_id, {own}
        FROM buckets b LEFT JOIN interactions i ON i.interaction_id = b.interaction_id
        WHERE b.bucket IN ('PAIRED_AUDITEE', 'AUDITEE_ONLY')""",
    )
