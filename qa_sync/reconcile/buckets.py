"""Where every evaluation ended: exactly one bucket each, with the reason, and its place in the sampling frame."""

from __future__ import annotations

from datetime import datetime

from qa_sync.reconcile import dialect
from qa_sync.reconcile.calendar import frame_days
from qa_sync.reconcile.disputes import disputable
from qa_sync.reconcile.programme import Programme


def buckets(programme: Programme, columns: tuple[str, ...], as_of: datetime) -> str:
    """Select one row an evaluation. An audit that was itself audited counts as the audit it is.

    Evaluations in AUDITEE_ONLY and PAIRED_AUDITEE are the frame that audits are drawn from: the site, queue and
    week beside them are what coverage is counted by.
    """
    day = frame_days(programme)
    return f"""
        SELECT {", ".join(columns)} FROM (
            SELECT e.evaluation_id,
                   CASE WHEN e.state = 'voided' THEN 'VOIDED' WHEN e.state = 'draft' THEN 'DRAFT'
                        WHEN e.role = 'excluded' THEN 'EXCLUDED' WHEN e.role = 'evaluator_work' THEN 'EVALUATOR_WORK'
                        WHEN e.role IN ('auditor', 'reference') THEN
                            CASE WHEN a.is_audit = 1 THEN 'PAIRED_AUDITOR' WHEN v.people > 1 THEN 'AMBIGUOUS'
                                 WHEN a.is_audit = 0 OR v.names_itself THEN 'EXCLUDED'
                                 WHEN e.role = 'reference' THEN 'REFERENCE_UNUSED' ELSE 'UNMATCHED_AUDITOR' END
                        WHEN p.evaluation_id IS NOT NULL THEN 'PAIRED_AUDITEE' ELSE 'AUDITEE_ONLY' END AS bucket,
                   CASE WHEN e.state <> 'live' THEN e.state_reason WHEN e.role = 'excluded' THEN e.role_reason
                        WHEN e.role = 'reference' AND a.is_audit IS NULL THEN 'NO_AUDITEE_EVAL'
                        WHEN a.is_audit = 1 THEN NULL WHEN v.people > 1 THEN 'SEVERAL_EVALUATORS'
                        WHEN a.is_audit = 0 OR v.names_itself THEN 'SELF_AUDIT' ELSE v.reason END AS reason,
                   CASE WHEN v.people > 1 THEN v.candidates END AS candidates,
                   e.about, e.kind_used AS kind, e.interaction_id, e.form_id, e.form_version, e.evaluator_id,
                   e.agent_id, e.audited_evaluation_id, e.submitted_at, coalesce(e.queue, r.queue) AS queue,
                   coalesce(r.site, e.record_site) AS site, r.site_kind, r.team, {day} AS basis_date,
                   {dialect.iso_week(day)} AS week, e.sampling, {disputable(programme, as_of)},
                   e.payload_hash
            FROM rc_evaluations e
            LEFT JOIN rc_verdicts v ON v.auditor_evaluation_id = e.evaluation_id
            LEFT JOIN (SELECT auditor_evaluation_id, max(CASE WHEN relation = 'audit' THEN 1 ELSE 0 END) AS is_audit
                       FROM rc_links WHERE relation IN ('audit', 'self_audit')
                       GROUP BY auditor_evaluation_id) a ON a.auditor_evaluation_id = e.evaluation_id
            LEFT JOIN (SELECT DISTINCT auditee_evaluation_id AS evaluation_id FROM rc_links WHERE relation = 'audit') p
                   ON p.evaluation_id = e.evaluation_id
            LEFT JOIN (SELECT DISTINCT evaluation_id FROM rc_cases) k ON k.evaluation_id = e.evaluation_id
            LEFT JOIN rc_places r ON r.person_id = e.evaluator_id AND r.day = {day}) x"""


def conservation(evaluations: str, disputes: str) -> str:
    """Select the numbers that must agree, counted from the input and from the results independently.

    Args:
        evaluations: the input's evaluation versions, a table and a condition.
        disputes: its dispute events, likewise.
    """
    return f"""
        SELECT (SELECT count(DISTINCT evaluation_id) FROM {evaluations}) AS evaluations,
               (SELECT count(*) FROM buckets) AS in_buckets,
               (SELECT count(DISTINCT evaluation_id) FROM buckets) AS bucketed,
               (SELECT count(*) FROM buckets WHERE bucket = 'PAIRED_AUDITOR') AS paired_auditors,
               (SELECT count(DISTINCT auditor_evaluation_id) FROM pairs) AS auditors_in_pairs,
               (SELECT count(*) FROM rc_links WHERE relation = 'audit') AS links,
               (SELECT count(*) FROM pairs) AS pairs,
               (SELECT count(DISTINCT pair_id) FROM pairs) AS distinct_pairs,
               (SELECT count(*) FROM pairs WHERE is_headline) AS headlines,
               (SELECT count(DISTINCT auditee_evaluation_id) FROM pairs) AS auditees_in_pairs,
               (SELECT count(DISTINCT dispute_id) FROM {disputes}) AS disputes,
               (SELECT count(*) FROM dispute_cases) AS dispute_cases,
               (SELECT count(DISTINCT dispute_id) FROM dispute_cases) AS distinct_cases"""


def wholeness(evaluations: str, disputes: str) -> str:
    """Select the numbers that must agree when the results of parts have been put together; see ``conservation``."""
    return f"""
        SELECT (SELECT count(*) FROM (SELECT evaluation_id FROM {evaluations} GROUP BY evaluation_id)) AS evaluations,
               (SELECT count(*) FROM buckets) AS in_buckets,
               (SELECT count(DISTINCT dispute_id) FROM {disputes}) AS disputes,
               (SELECT count(*) FROM dispute_cases) AS dispute_cases"""


def whole_input(as_of: datetime) -> tuple[str, str]:
    """Return the evaluation versions and dispute events of the input at a moment: tables with conditions."""
    t = dialect.moment(as_of)
    known = f"WHERE NOT deleted AND ingested_at <= {t}"
    return (
        f"evaluations_history {known} AND (effective_at IS NULL OR effective_at <= {t})",
        f"disputes {known} AND (event_at IS NULL OR event_at <= {t})",
    )
