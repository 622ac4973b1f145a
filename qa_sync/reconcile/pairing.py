"""From candidates to pairs: one evaluation an audit, never guessed; every evaluation a reference has."""

from __future__ import annotations

from qa_sync.reconcile import calibrations, dialect
from qa_sync.reconcile.candidates import GRADES, UNRELATED
from qa_sync.reconcile.programme import Programme


def verdicts() -> str:
    """Select one row an audit (references apart): how many people's evaluations fit, and why none did.

    There are candidates by key only where there is no evaluation of the blind task.
    """
    reasons = " ".join(f"WHEN {grade} THEN {dialect.text(reason)}" for grade, reason in GRADES.items())
    return f"""
        SELECT a.evaluation_id AS auditor_evaluation_id,
               count(DISTINCT CASE WHEN c.grade = 0 THEN coalesce('p' || c.evaluator_id, 'e' || c.auditee_evaluation_id)
                              END) AS people,
               array_sort(array_agg(c.auditee_evaluation_id) FILTER (WHERE c.grade = 0)) AS candidates,
               max(CASE WHEN a.audited_evaluation_id = a.evaluation_id THEN 1 ELSE 0 END) = 1 AS names_itself,
               CASE min(coalesce(c.grade, {UNRELATED})) WHEN 0 THEN NULL {reasons} ELSE 'NO_AUDITEE_EVAL' END AS reason
        FROM rc_evaluations a LEFT JOIN rc_candidates c ON c.auditor_evaluation_id = a.evaluation_id
        WHERE a.state = 'live' AND a.role = 'auditor'
        GROUP BY a.evaluation_id"""


def chosen() -> str:
    """Select the one evaluation each unambiguous audit judges.

    Among several by one person: the last submitted before the audit began, else the earliest.
    """
    return """
        SELECT auditor_evaluation_id, auditee_evaluation_id, link
        FROM (SELECT c.auditor_evaluation_id, c.auditee_evaluation_id, c.link,
                     row_number() OVER (PARTITION BY c.auditor_evaluation_id ORDER BY
                         CASE WHEN e.submitted_at < coalesce(a.started_at, a.submitted_at)
                              THEN e.submitted_at END DESC NULLS LAST,
                         e.submitted_at NULLS LAST, e.evaluation_id) AS place
              FROM rc_candidates c
              JOIN rc_verdicts v ON v.auditor_evaluation_id = c.auditor_evaluation_id AND v.people = 1
              JOIN rc_evaluations a ON a.evaluation_id = c.auditor_evaluation_id
              JOIN rc_evaluations e ON e.evaluation_id = c.auditee_evaluation_id
              WHERE c.grade = 0) x
        WHERE place = 1"""


def links() -> str:
    """Select every pair that is kept, as ``relation`` audit; the same person on both sides is a self_audit.

    Beside them: repeat (a later against the first scoring of one item by one person) and inter_auditor (two
    audits of one evaluation), and calibration (a participant's evaluation against what the session agreed).
    """
    return f"""
        WITH audits AS (
            SELECT c.*, CASE WHEN a.evaluator_id = e.evaluator_id THEN 'self_audit' ELSE 'audit' END AS relation
            FROM (SELECT * FROM rc_chosen UNION ALL
                  SELECT auditor_evaluation_id, auditee_evaluation_id, link FROM rc_reference_candidates) c
            JOIN rc_evaluations a ON a.evaluation_id = c.auditor_evaluation_id
            JOIN rc_evaluations e ON e.evaluation_id = c.auditee_evaluation_id
        ), repeats AS (
            SELECT f.evaluation_id AS auditor_evaluation_id, r.evaluation_id AS auditee_evaluation_id, 'key' AS link,
                   'repeat' AS relation
            FROM rc_evaluations r
            JOIN rc_evaluations f ON f.interaction_id = r.interaction_id AND f.segment_id = r.segment_id
                 AND f.form_family = r.form_family AND f.evaluator_id = r.evaluator_id AND f.kind_used = r.kind_used
            WHERE r.role_reason = 'REPEAT' AND r.state = 'live' AND f.state = 'live' AND NOT f.is_repeat
        ), between_auditors AS (
            SELECT b.auditor_evaluation_id, a.auditor_evaluation_id AS auditee_evaluation_id, 'key' AS link,
                   'inter_auditor' AS relation
            FROM audits a JOIN audits b ON b.auditee_evaluation_id = a.auditee_evaluation_id
                 AND a.auditor_evaluation_id < b.auditor_evaluation_id
            WHERE a.relation = 'audit' AND b.relation = 'audit' AND a.link <> 'reference' AND b.link <> 'reference'
        )
        SELECT *, {dialect.row_no()} AS pair_no FROM (
            SELECT auditor_evaluation_id, auditee_evaluation_id, link, relation FROM audits
            UNION ALL SELECT * FROM repeats
            UNION ALL SELECT DISTINCT * FROM between_auditors
            UNION ALL {calibrations.session_links()}) u"""


def ranked(programme: Programme) -> str:
    """Select the pairs with everything known of both evaluations, and which pair is the auditee's headline.

    The headline's reference has the best rank (consensus, adjudicated dispute, senior, auditor), then was
    submitted last, then has the smallest id: a total order, so arrival never decides. Ranks hold whether or not
    the two turn out to be comparable.
    """
    basis = {"submitted_at": "e.submitted_at", "closed_at": "e.closed_at", "auditor_submitted_at": "a.submitted_at"}
    basis_on = dialect.local_date(basis[programme.basis_event], programme.time_zone)
    gap = f"abs({dialect.days_between('e.submitted_at', 'a.submitted_at')})"
    return f"""
        WITH ranks AS (
            SELECT l.pair_no, row_number() OVER (PARTITION BY l.relation, l.auditee_evaluation_id ORDER BY
                       CASE coalesce(a.reference_rank, CASE WHEN a.kind_used IN ('consensus', 'gold') THEN 'consensus'
                                                            WHEN s.is_adjudicated THEN 'dispute'
                                                            WHEN a.is_senior THEN 'senior' ELSE 'auditor' END)
                            WHEN 'consensus' THEN 1 WHEN 'dispute' THEN 2 WHEN 'senior' THEN 3 ELSE 4 END,
                       a.submitted_at DESC NULLS LAST, l.auditor_evaluation_id) AS place
            FROM rc_links l
            JOIN rc_evaluations a ON a.evaluation_id = l.auditor_evaluation_id
            LEFT JOIN rc_ends s ON s.evaluation_id = l.auditor_evaluation_id
        )
        SELECT l.auditee_evaluation_id || '|' || l.auditor_evaluation_id AS pair_id, l.*,
               l.relation = 'audit' AND r.place = 1 AS is_headline,
               e.evaluator_id AS auditee_id, a.evaluator_id AS auditor_id, e.agent_id, e.interaction_id,
               e.form_id, e.form_version, a.form_id AS auditor_form_id, a.form_version AS auditor_form_version,
               e.about, e.kind_used AS auditee_kind, a.kind_used AS auditor_kind, a.sampling,
               CASE WHEN a.is_blind IS NOT NULL THEN a.is_blind WHEN l.link = 'blind_task' THEN true END AS is_blind,
               a.is_released AS auditor_is_released, {gap} AS gap_days,
               l.relation IN ('self_audit', 'repeat') AND {gap} >= {programme.self_audit_gap_days:d}
                   AND coalesce(CASE WHEN l.relation = 'repeat' THEN e.is_blind ELSE a.is_blind END, false)
                   AS is_intra_rater, e.queue, e.record_site,
               e.submitted_at AS auditee_submitted_at, a.submitted_at AS auditor_submitted_at,
               a.submitted_on AS auditor_submitted_on, {basis_on} AS basis_date
        FROM rc_links l
        JOIN ranks r ON r.pair_no = l.pair_no
        JOIN rc_evaluations a ON a.evaluation_id = l.auditor_evaluation_id
        JOIN rc_evaluations e ON e.evaluation_id = l.auditee_evaluation_id
        WHERE NOT (l.relation = 'inter_auditor' AND e.evaluator_id = a.evaluator_id)"""
