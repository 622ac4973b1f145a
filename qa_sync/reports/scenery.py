"""Tables that several reports read, made once when a snapshot is opened.

Reports read these and never the tables beneath them: here audits under embargo are already gone and, in a scene for
auditees, other people have no names.
"""

from __future__ import annotations

from qa_sync.reports import measures
from qa_sync.reports.audience import mask, name_people
from qa_sync.reports.grouping import INTERACTION_COLUMNS
from qa_sync.reports.report import Scene

#: Who a pair tells of; auditees read pseudonyms of them.
PEOPLE = ("auditee_id", "auditor_id", "agent_id")


def prepare(scene: Scene) -> None:
    """Make the shared tables of a scene whose engine has been reconciled.

    ``audited`` is pairs, and ``others`` the other pairs (audits of one evaluation against each other, repeats,
    self-audits), with the columns of their interaction that people group by. ``ended`` holds every evaluation with
    the bucket it ended in, ``auditees`` those that could be audited, audited or not; ``cases`` disputes, ``taken_part``
    what people did in calibration sessions.
    """
    name_people(scene)
    own = ", ".join(f"i.{name}" for name in INTERACTION_COLUMNS)
    for name, source in (("audited", "pairs"), ("others", "other_pairs")):
        people = ", ".join(f"{mask(scene, f'p.{column}')} AS {column}" for column in PEOPLE)
        make = scene.engine.table if name == "audited" else scene.engine.view
        make(
            name,
            f"""
            SELECT p.* EXCLUDE ({", ".join(PEOPLE)}), {people}, {own}
            FROM {source} p LEFT JOIN interactions i ON i.interaction_id = p.interaction_id""",
        )
    measures.prepare(scene)
    evaluator = mask(scene, "b.evaluator_id")
    scene.engine.view(
        "ended",
        f"""
        SELECT b.* EXCLUDE (evaluator_id, agent_id), {evaluator} AS evaluator_id, {evaluator} AS auditee_id,
               {mask(scene, "b.agent_id")} AS agent_id, {own}
        FROM buckets b LEFT JOIN interactions i ON i.interaction_id = b.interaction_id""",
    )
    scene.engine.view("auditees", "SELECT * FROM ended WHERE bucket IN ('PAIRED_AUDITEE', 'AUDITEE_ONLY')")
    _cases(scene, own)


def _cases(scene: Scene, own: str) -> None:
    """Disputes as ``cases`` and calibration sessions as ``taken_part``, with the columns that people group by."""
    people = (*PEOPLE, "raised_by", "decided_by")
    shown = ", ".join(f"{mask(scene, f'd.{column}')} AS {column}" for column in people)
    scene.engine.view(
        "cases",
        f"""
        SELECT d.* EXCLUDE ({", ".join(people)}), {shown}, b.payload_hash, {own}
        FROM dispute_cases d LEFT JOIN buckets b ON b.evaluation_id = d.evaluation_id
        LEFT JOIN interactions i ON i.interaction_id = d.interaction_id""",
    )
    scene.engine.view(
        "taken_part",
        f"""
        SELECT r.* EXCLUDE (person_id), {mask(scene, "r.person_id")} AS auditee_id, b.payload_hash, b.queue,
               {mask(scene, "b.agent_id")} AS agent_id, {own}
        FROM calibration_results r LEFT JOIN buckets b ON b.evaluation_id = r.evaluation_id
        LEFT JOIN interactions i ON i.interaction_id = r.interaction_id""",
    )
