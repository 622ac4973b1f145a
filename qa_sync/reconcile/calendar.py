"""Local days and ISO weeks of the programme's zone; never the time of a sync."""

from __future__ import annotations

from qa_sync.reconcile import dialect
from qa_sync.reconcile.programme import Programme


def frame_days(programme: Programme) -> str:
    """Return the expression of the local day an evaluation counts in, over ``rc_evaluations`` as ``e``.

    Null where the basis is the audit's submission, which an evaluation without an audit does not have.
    """
    times = {"submitted_at": "e.submitted_at", "closed_at": "e.closed_at"}
    time = times.get(programme.basis_event)
    return dialect.local_date(time, programme.time_zone) if time else "CAST(NULL AS DATE)"


def person_days(programme: Programme) -> str:
    """Select every person and day that a roster is looked up for."""
    return f"""
        SELECT DISTINCT person_id, day FROM (
            SELECT e.evaluator_id AS person_id, {frame_days(programme)} AS day FROM rc_evaluations e
            UNION ALL SELECT auditee_id, basis_date FROM rc_ranked
            UNION ALL SELECT person_id, basis_date FROM rc_attendance) d
        WHERE person_id IS NOT NULL AND day IS NOT NULL"""
