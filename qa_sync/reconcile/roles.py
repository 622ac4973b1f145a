"""What part every evaluation plays: the work itself, an audit, a reference, or none of them."""

from __future__ import annotations

from datetime import datetime

from qa_sync.reconcile import dialect
from qa_sync.reconcile.programme import Programme


def form_versions() -> str:
    """Select the version that an evaluation without a stated one was made on: the newest of its form.

    Versions that are numbers are compared as numbers, others by their text.
    """
    return """
        SELECT form_id, form_version
        FROM (SELECT form_id, form_version, row_number() OVER (PARTITION BY form_id ORDER BY
                         TRY_CAST(form_version AS DOUBLE) DESC NULLS LAST, form_version DESC) AS place
              FROM forms WHERE NOT deleted) f
        WHERE place = 1"""


def interactions() -> str:
    """Select the interactions that evaluations name, each with its queue; read once, for it may be a costly view."""
    return """
        SELECT i.interaction_id, i.agent_id, i.site, i.closed_at, i.dimensions,
               coalesce(i.queue, l.lookup_value) AS queue
        FROM interactions i
        JOIN (SELECT DISTINCT interaction_id FROM rc_versions) v ON v.interaction_id = i.interaction_id
        LEFT JOIN lookups l ON l.lookup = 'queue' AND l.lookup_key = i.group_id AND NOT l.deleted
        WHERE NOT i.deleted"""


def person_days(programme: Programme) -> str:
    """Select every evaluator and local day of submission."""
    return f"""
        SELECT DISTINCT coalesce(i.person_id, v.evaluator_id) AS person_id,
               {dialect.local_date("v.submitted_at", programme.time_zone)} AS day
        FROM rc_versions v LEFT JOIN identities i ON i.account_id = v.evaluator_id AND NOT i.deleted
        WHERE v.evaluator_id IS NOT NULL AND v.submitted_at IS NOT NULL"""


def shared_work(programme: Programme) -> str:
    """Select the evaluations that several people made of the same work without a session, and the session they make.

    Same interaction, part, form and version, by at least ``calibration_evaluators`` people, none of whom audits. Some
    systems know no sessions: there this is what a calibration looks like.
    """
    people = programme.calibration_evaluators
    return f"""
        WITH work AS (
            SELECT v.evaluation_id, v.interaction_id, coalesce(v.segment_id, '') AS segment_id, v.form_id,
                   coalesce(v.form_version, n.form_version, '') AS form_version,
                   coalesce(e.person_id, v.evaluator_id) AS person_id
            FROM rc_latest v
            LEFT JOIN identities e ON e.account_id = v.evaluator_id AND NOT e.deleted
            LEFT JOIN rc_form_versions n ON n.form_id = v.form_id
            LEFT JOIN rc_role_days d ON d.person_id = coalesce(e.person_id, v.evaluator_id)
                 AND d.day = {dialect.local_date("v.first_submitted_at", programme.time_zone)}
            WHERE {people} > 1 AND coalesce(v.kind, 'standard') = 'standard' AND v.session_id IS NULL
                  AND v.audited_evaluation_id IS NULL AND v.blind_task_id IS NULL AND v.interaction_id IS NOT NULL
                  AND coalesce(v.about, 'agent_work') = 'agent_work' AND NOT v.is_gone
                  AND v.status NOT IN ('draft', 'retracted', 'deleted') AND coalesce(v.repeat_no, 1) = 1
                  AND NOT coalesce(d.is_auditor, false)
        )
        SELECT w.evaluation_id,
               concat_ws('|', 'shared', w.interaction_id, w.segment_id, w.form_id, w.form_version) AS session_id
        FROM work w
        JOIN (SELECT interaction_id, segment_id, form_id, form_version FROM work
              GROUP BY interaction_id, segment_id, form_id, form_version
              HAVING count(DISTINCT person_id) >= {people}) g
             ON g.interaction_id = w.interaction_id AND g.segment_id = w.segment_id AND g.form_id = w.form_id
             AND g.form_version = w.form_version"""


_SHOWN = "('released', 'in_review', 'final')"


def _resolved(programme: Programme, as_of: datetime) -> str:
    """Every evaluation with its people, form version, agent and queue resolved, and its local day.

    Released is what the source calls so, or has a date of release that has come: a date to come is a plan.
    """
    return f"""
        SELECT v.evaluation_id, coalesce(v.about, f.about, 'agent_work') AS about, v.kind, v.status,
               v.interaction_id, coalesce(v.segment_id, '') AS segment_id,
               v.form_id, coalesce(v.form_version, n.form_version) AS form_version,
               coalesce(f.counts_as, v.form_id) AS form_family,
               coalesce(e.person_id, v.evaluator_id) AS evaluator_id,
               coalesce(g.person_id, v.agent_id, i.agent_id) AS agent_id,
               v.audited_evaluation_id, v.blind_task_id, coalesce(v.session_id, w.session_id) AS session_id, v.is_blind,
               CASE WHEN v.released_at > {dialect.moment(as_of)} THEN false
                    ELSE coalesce(v.is_released, CASE WHEN v.released_at IS NOT NULL OR v.status IN {_SHOWN}
                                                      THEN true END) END AS is_released,
               v.reference_rank,
               v.sampling, v.started_at, v.first_submitted_at AS submitted_at, i.closed_at,
               CASE WHEN v.status IN {_SHOWN} OR v.is_released OR v.released_at IS NOT NULL
                    THEN coalesce(v.released_at, v.first_submitted_at) END AS released_at,
               {dialect.local_date("v.first_submitted_at", programme.time_zone)} AS submitted_on,
               coalesce(v.queue, i.queue) AS queue, coalesce(v.site, i.site) AS record_site,
               v.payload_hash, v.is_gone, v.gone_reason,
               coalesce(v.repeat_no, 1) > 1 AS is_repeat,
               CASE WHEN coalesce(v.kind, 'standard') <> 'standard' THEN v.kind
                    WHEN coalesce(v.session_id, w.session_id) IS NULL THEN 'standard' ELSE 'calibration' END
                   AS kind_used,
               coalesce(v.kind, '') = 'consensus'
                   AND (v.audited_evaluation_id IS NOT NULL OR v.reference_rank IS NOT NULL) AS is_declared_consensus
        FROM rc_latest v
        LEFT JOIN rc_shared_work w ON w.evaluation_id = v.evaluation_id
        LEFT JOIN rc_interactions i ON i.interaction_id = v.interaction_id
        LEFT JOIN identities e ON e.account_id = v.evaluator_id AND NOT e.deleted
        LEFT JOIN identities g ON g.account_id = coalesce(v.agent_id, i.agent_id) AND NOT g.deleted
        LEFT JOIN rc_form_versions n ON n.form_id = v.form_id
        LEFT JOIN forms f ON f.form_id = v.form_id AND f.form_version = coalesce(v.form_version, n.form_version)
                         AND NOT f.deleted"""


def evaluations(programme: Programme, as_of: datetime) -> str:
    """Select every evaluation with its ``state`` (live, voided, draft), ``role`` and the reason of both.

    Roles: standard (the work itself), auditor, reference, evaluator_work, excluded. A session makes a standard
    evaluation a calibration, and so does a missing kind; a consensus that names what it audits, or has a rank,
    is on the auditor's side.
    """
    references = ", ".join(dialect.text(kind) for kind in programme.references) or "NULL"
    return f"""
        SELECT x.*,
               CASE WHEN role <> 'excluded' THEN NULL
                    WHEN is_repeat
                         AND (kind_used IN ('standard', 'ata', 'blind', {references}) OR is_declared_consensus)
                    THEN 'REPEAT' ELSE upper(kind_used) END AS role_reason
        FROM (
            SELECT k.*, coalesce(d.is_senior, false) AS is_senior,
                   CASE WHEN is_gone OR status IN ('retracted', 'deleted') THEN 'voided'
                        WHEN status = 'draft' THEN 'draft' ELSE 'live' END AS state,
                   CASE WHEN is_gone THEN gone_reason WHEN status IN ('retracted', 'deleted') THEN upper(status)
                        END AS state_reason,
                   CASE WHEN is_repeat THEN 'excluded'
                        WHEN kind_used IN ({references}) THEN 'reference'
                        WHEN is_declared_consensus THEN 'auditor'
                        WHEN kind_used NOT IN ('standard', 'ata', 'blind') THEN 'excluded'
                        WHEN about = 'evaluator_work' THEN 'evaluator_work'
                        WHEN kind_used IN ('ata', 'blind') OR audited_evaluation_id IS NOT NULL OR d.is_auditor
                        THEN 'auditor' ELSE 'standard' END AS role
            FROM ({_resolved(programme, as_of)}) k
            LEFT JOIN rc_role_days d ON d.person_id = k.evaluator_id AND d.day = k.submitted_on) x"""
