"""Audits with a form of their own that judge the evaluator: their score or word is the result, nothing is compared."""

from __future__ import annotations

from qa_sync.reconcile import dialect
from qa_sync.reconcile.programme import Programme


def judged(programme: Programme) -> str:
    """Select every live evaluation of evaluator's work with whom it judges and the evaluation it is about, if known.

    It counts in the week of the audited evaluation where that is known, else in its own.
    """
    own = dialect.local_date("w.submitted_at", programme.time_zone)
    basis = {"submitted_at": "e.submitted_at", "closed_at": "e.closed_at", "auditor_submitted_at": "w.submitted_at"}
    return f"""
        SELECT w.evaluation_id, w.audited_evaluation_id, coalesce(e.evaluator_id, w.agent_id) AS auditee_id,
               w.evaluator_id AS auditor_id, e.agent_id, coalesce(w.interaction_id, e.interaction_id) AS interaction_id,
               w.form_id, w.form_version, e.form_id AS audited_form_id, w.kind_used AS kind, w.submitted_at,
               e.evaluation_id IS NOT NULL AS is_linked,
               CASE WHEN w.audited_evaluation_id IS NULL THEN NULL
                    WHEN e.evaluation_id IS NULL THEN 'NO_AUDITEE_EVAL' WHEN e.state = 'voided' THEN 'VOIDED'
                    WHEN e.state = 'draft' THEN 'DRAFT' END AS reason,
               coalesce(e.queue, w.queue) AS queue, coalesce(e.record_site, w.record_site) AS record_site,
               coalesce({dialect.local_date(basis[programme.basis_event], programme.time_zone)}, {own}) AS basis_date
        FROM rc_evaluations w
        LEFT JOIN rc_evaluations e ON e.evaluation_id = w.audited_evaluation_id AND e.evaluation_id <> w.evaluation_id
        WHERE w.role = 'evaluator_work' AND w.state = 'live'"""


def evaluator_work(columns: tuple[str, ...]) -> str:
    """Select the results: the recomputed score where the form's catalogue allows, else the reported one, or a word."""
    return f"""
        SELECT {", ".join(columns)} FROM (
            SELECT j.*, coalesce(s.score, s.reported_percent, CAST(s.level AS DOUBLE)) AS score, s.outcome_label,
                   coalesce(s.failures > 0 OR s.auto_failed, false) AS is_auto_failed,
                   coalesce(s.score, s.reported_percent) >= f.pass_mark - 1e-9 AS is_passed, f.higher_is,
                   coalesce(r.site, j.record_site) AS site, r.site_kind, r.team,
                   {dialect.iso_week("j.basis_date")} AS week, s.payload_hash, t.dimensions
            FROM rc_judged j
            LEFT JOIN rc_ends n ON n.evaluation_id = j.evaluation_id
            LEFT JOIN rc_states t ON t.evaluation_id = j.evaluation_id AND t.rev = n.current_rev
            LEFT JOIN rc_scores s ON s.state_no = t.state_no
            LEFT JOIN forms f ON f.form_id = j.form_id AND f.form_version = j.form_version AND NOT f.deleted
            LEFT JOIN rc_places r ON r.person_id = j.auditee_id AND r.day = j.basis_date) x"""
