"""What auditees may see: no audit under embargo, no name but their own.

Held back means never there: the programme is reconciled anew without the audits under embargo, as if they had not
been made. What auditees read is then a function of everything else, so nothing about such an audit can be found by
subtracting one number of theirs from another.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.reports.report import Scene

#: Read by reconcile and by reports: what is under embargo leaves all of them.
_HOLDING = ("evaluations", "evaluations_history", "answers", "answers_history", "disputes", "disputes_history")


def embargoed(engine: Engine) -> pa.Table:
    """Return the evaluation_id of every audit under embargo, of an engine that has been reconciled.

    Blind and not known to be released. The kind "blind" counts as blind here unless the source says otherwise, proven
    or not: an audience is kept from too much rather than told too much. What judges such an audit is held back with
    it, for it names what nobody may know of.
    """
    found = engine.fetch("""
        SELECT evaluation_id FROM rc_evaluations
        WHERE role IN ('auditor', 'reference', 'evaluator_work', 'excluded') AND NOT coalesce(is_released, false)
          AND coalesce(is_blind, kind_used = 'blind' OR role = 'auditor' AND blind_task_id IS NOT NULL)""")
    hidden = set(found["evaluation_id"].to_pylist())
    of_audits = engine.fetch("""
        SELECT a.evaluation_id, a.audited_evaluation_id
        FROM rc_evaluations a JOIN rc_evaluations e ON e.evaluation_id = a.audited_evaluation_id
        WHERE e.role <> 'standard'""").to_pylist()
    while more := {
        row["evaluation_id"]
        for row in of_audits
        if row["audited_evaluation_id"] in hidden and row["evaluation_id"] not in hidden
    }:
        hidden |= more
    return pa.table({"evaluation_id": pa.array(sorted(hidden), pa.string())})


def withhold(engine: Engine, hidden: pa.Table) -> None:
    """Take evaluations out of an engine whose tables are registered and that is not reconciled yet.

    Args:
        engine: with the views of the common schema.
        hidden: a table with the column evaluation_id.
    """
    engine.register("withheld", hidden)
    there = set(engine.names())
    for name in _HOLDING:
        if name in there:
            engine.rename(name, f"{name}_unheld")
            # A tombstone names no evaluation: it stays, and finds nothing to delete.
            engine.view(
                name,
                f"""
                SELECT * FROM {name}_unheld
                WHERE evaluation_id IS NULL OR evaluation_id NOT IN (SELECT evaluation_id FROM withheld)""",
            )


def name_people(scene: Scene) -> None:
    """Make ``persons``: what everyone may know of people, and in a scene for auditees a pseudonym for each.

    The pseudonym is the same in every report and every run of a programme. It keeps names out of what is passed
    around; it is no secret from somebody who has a list of the ids.
    """
    engine = scene.engine
    if not scene.audience:
        engine.view("persons", "SELECT person_id, name, person_id AS shown FROM people")
        return
    ids = [
        str(person)
        for person in engine.fetch("""
            SELECT auditee_id AS person_id FROM pairs UNION SELECT auditor_id FROM pairs
            UNION SELECT auditee_id FROM other_pairs UNION SELECT auditor_id FROM other_pairs
            UNION SELECT evaluator_id FROM buckets UNION SELECT auditee_id FROM evaluator_work
            UNION SELECT agent_id FROM pairs UNION SELECT agent_id FROM other_pairs UNION SELECT agent_id FROM buckets
            UNION SELECT agent_id FROM dispute_cases
            UNION SELECT agent_id FROM evaluator_work
            UNION SELECT person_id FROM people ORDER BY person_id""")["person_id"].to_pylist()
        if person is not None
    ]
    shown = [person if person == scene.viewer else pseudonym(person, scene.seed) for person in ids]
    engine.register("masks", pa.table({"person_id": pa.array(ids, pa.string()), "shown": pa.array(shown, pa.string())}))
    engine.view(
        "persons",
        """
        SELECT m.shown AS person_id, CASE WHEN m.shown = m.person_id THEN p.name END AS name, m.shown
        FROM masks m LEFT JOIN people p ON p.person_id = m.person_id""",
    )


def pseudonym(person: str, seed: int) -> str:
    """Return what a person is called where peers read.

    >>> pseudonym("verint:7", 1) == pseudonym("verint:7", 1) != pseudonym("verint:8", 1)
    True
    """
    return f"person-{hashlib.sha256(f'{seed}|{person}'.encode()).hexdigest()[:10]}"


def mask(scene: Scene, column: str) -> str:
    """Return the SQL of a person's id as the scene's readers may see it."""
    if not scene.audience:
        return column
    return f"(SELECT k.shown FROM masks k WHERE k.person_id = {column})"
