"""Which evaluations could be what an audit judges, and how well each of them fits."""

from __future__ import annotations

from qa_sync.reconcile.programme import Programme

#: How well a candidate fits an audit; 0 fits, the lowest other grade found is why an audit stays unmatched.
GRADES = {1: "VOIDED", 2: "DRAFT", 3: "OUT_OF_WINDOW", 4: "AGENT_MISMATCH", 5: "FORM_MISMATCH", 6: "AUDITEE_EXCLUDED"}
UNRELATED = 9


def named() -> str:
    """Select what audits name: link explicit. The named evaluation counts whatever its interaction or date."""
    return f"""
        SELECT a.evaluation_id AS auditor_evaluation_id, e.evaluation_id AS auditee_evaluation_id, 'explicit' AS link,
               e.evaluator_id,
               CASE WHEN e.state = 'voided' THEN 1 WHEN e.state = 'draft' THEN 2
                    WHEN e.role NOT IN ('standard', 'auditor') THEN 6
                    WHEN e.evaluation_id = a.evaluation_id THEN {UNRELATED} ELSE 0 END AS grade
        FROM rc_evaluations a JOIN rc_evaluations e ON e.evaluation_id = a.audited_evaluation_id
        WHERE a.state = 'live' AND a.role = 'auditor'"""


def of_blind_task() -> str:
    """Select the work made for the same blind task as an audit that names nothing: link blind_task."""
    return """
        SELECT a.evaluation_id AS auditor_evaluation_id, e.evaluation_id AS auditee_evaluation_id,
               'blind_task' AS link, e.evaluator_id,
               CASE WHEN e.state = 'voided' THEN 1 WHEN e.state = 'draft' THEN 2 ELSE 0 END AS grade
        FROM rc_evaluations a JOIN rc_evaluations e ON e.blind_task_id = a.blind_task_id
        WHERE a.state = 'live' AND a.role = 'auditor' AND a.audited_evaluation_id IS NULL AND e.role = 'standard'"""


def of_key(programme: Programme) -> str:
    """Select the work on the same interaction and part as an audit that has no stronger link: link key.

    A blind audit may come before the work; any other comes after it. An unknown time is no reason to refuse. Work of
    the same blind task is the stronger link, also where it was retracted: nobody else's work takes its place.
    """
    days = f"INTERVAL '{programme.audit_window_days:d}' DAY"
    blind = "(a.kind = 'blind' OR coalesce(a.is_blind, false))"
    in_window = f"""
        e.submitted_at <= a.submitted_at + CASE WHEN {blind} THEN {days} ELSE INTERVAL '0' DAY END
        AND a.submitted_at <= e.submitted_at + {days}"""
    return f"""
        SELECT auditor_evaluation_id, auditee_evaluation_id, 'key' AS link, evaluator_id,
               CASE WHEN state <> 'live' AND NOT (is_same_form AND is_same_agent AND is_in_window) THEN {UNRELATED}
                    WHEN NOT is_same_form THEN 5 WHEN NOT is_same_agent THEN 4 WHEN NOT is_in_window THEN 3
                    WHEN state = 'voided' THEN 1 WHEN state = 'draft' THEN 2 ELSE 0 END AS grade
        FROM (
            SELECT a.evaluation_id AS auditor_evaluation_id, e.evaluation_id AS auditee_evaluation_id, e.state,
                   e.evaluator_id,
                   e.form_family = a.form_family AS is_same_form,
                   coalesce(e.agent_id, '') = coalesce(a.agent_id, '') AS is_same_agent,
                   coalesce({in_window}, true) AS is_in_window
            FROM rc_evaluations a
            JOIN rc_evaluations e ON e.interaction_id = a.interaction_id AND e.segment_id = a.segment_id
            LEFT JOIN (SELECT DISTINCT auditor_evaluation_id FROM rc_blind_candidates) b
                   ON b.auditor_evaluation_id = a.evaluation_id
            WHERE a.state = 'live' AND a.role = 'auditor' AND a.audited_evaluation_id IS NULL
              AND b.auditor_evaluation_id IS NULL AND e.role = 'standard') c"""


def of_reference() -> str:
    """Select every piece of work on the item and form of a reference answer: link reference, one to many."""
    return """
        SELECT a.evaluation_id AS auditor_evaluation_id, e.evaluation_id AS auditee_evaluation_id,
               'reference' AS link, e.evaluator_id
        FROM rc_evaluations a
        JOIN rc_evaluations e ON e.interaction_id = a.interaction_id AND e.segment_id = a.segment_id
                             AND e.form_family = a.form_family
        WHERE a.state = 'live' AND a.role = 'reference'
          AND e.state = 'live' AND e.role IN ('standard', 'auditor') AND e.kind_used = 'standard'"""
