"""Calibration sessions: what everybody said of one interaction, beside what was agreed.

Nobody disappears: the late count like the others, whoever was invited and did not come is a row without a score,
and a session with one late participant keeps all others. The agreed answer is the session's declared one, else its
consensus, else its gold answer; without any, each is set beside the mean of the others.
"""

from __future__ import annotations

from datetime import datetime

from qa_sync.reconcile import dialect
from qa_sync.reconcile.programme import Programme


def session_evaluations() -> str:
    """Select the live evaluations of every session, and which one holds what was agreed.

    Those that carry the session's id and were made in one, and those that the session or its participants name.
    """
    return """
        WITH named AS (
            SELECT session_id, baseline_evaluation_id AS evaluation_id, 0 AS rank FROM calibrations
            WHERE NOT deleted AND baseline_evaluation_id IS NOT NULL
            UNION ALL
            SELECT session_id, evaluation_id, NULL FROM calibration_participants
            WHERE NOT deleted AND evaluation_id IS NOT NULL
            UNION ALL
            SELECT session_id, evaluation_id, CASE kind_used WHEN 'consensus' THEN 1 WHEN 'gold' THEN 2 END
            FROM rc_evaluations
            WHERE session_id IS NOT NULL AND kind_used IN ('calibration', 'consensus', 'gold')
        ), once AS (
            SELECT session_id, evaluation_id, min(rank) AS rank FROM named GROUP BY session_id, evaluation_id
        )
        SELECT x.*, rank IS NOT NULL AND place = 1 AS is_baseline FROM (
            SELECT o.session_id, o.evaluation_id, o.rank, e.evaluator_id AS person_id, e.interaction_id, e.segment_id,
                   e.form_id, e.form_family, e.submitted_at,
                   row_number() OVER (PARTITION BY o.session_id, e.interaction_id, e.segment_id, e.form_family
                                      ORDER BY o.rank NULLS LAST, e.submitted_at DESC NULLS LAST, o.evaluation_id)
                       AS place
            FROM once o JOIN rc_evaluations e ON e.evaluation_id = o.evaluation_id AND e.state = 'live') x"""


def session_links() -> str:
    """Select every participant's evaluation beside the agreed one of its session, interaction and form."""
    return """
        SELECT DISTINCT b.evaluation_id AS auditor_evaluation_id, e.evaluation_id AS auditee_evaluation_id,
               'session' AS link, 'calibration' AS relation
        FROM rc_session_evaluations e
        JOIN rc_session_evaluations b ON b.session_id = e.session_id AND b.is_baseline
             AND b.interaction_id IS NOT DISTINCT FROM e.interaction_id AND b.segment_id = e.segment_id
             AND b.form_family = e.form_family
        WHERE e.rank IS NULL"""


def attendance(programme: Programme, as_of: datetime, only: str = "true") -> str:
    """Select one row a session, person and evaluation: everybody invited, and everybody who scored.

    ``only`` is the condition on the sessions that are looked at.

    A person is late who scored after the session was due (or closed, where no day was set), or whom the source
    calls late; absent who has not scored by then.
    """
    end = dialect.moment(as_of)
    return f"""
        SELECT y.*, {dialect.local_date("coalesce(opened_at, submitted_at, due_at)", programme.time_zone)} AS basis_date
        FROM (
            SELECT coalesce(p.session_id, e.session_id) AS session_id, coalesce(p.person_id, e.person_id) AS person_id,
                   e.evaluation_id, coalesce(e.interaction_id, s.interaction_id) AS interaction_id,
                   coalesce(e.form_id, s.form_id) AS form_id, e.form_family, e.segment_id,
                   p.person_id IS NOT NULL AS was_invited,
                   coalesce(e.is_baseline, false) AS is_baseline, coalesce(e.rank IS NOT NULL, false) AS is_agreed,
                   e.submitted_at, s.opened_at, coalesce(s.due_at, s.closed_at) AS due_at,
                   CASE WHEN e.evaluation_id IS NOT NULL THEN
                             CASE WHEN p.status = 'late' OR e.submitted_at > coalesce(s.due_at, s.closed_at)
                                  THEN 'late' ELSE 'done' END
                        WHEN p.status IN ('done', 'late', 'absent') THEN p.status
                        WHEN coalesce(s.due_at, s.closed_at) <= {end} THEN 'absent' ELSE 'invited' END AS status
            FROM (SELECT q.session_id, coalesce(i.person_id, q.person_id) AS person_id, max(q.status) AS status
                  FROM calibration_participants q
                  LEFT JOIN identities i ON i.account_id = q.person_id AND NOT i.deleted
                  WHERE NOT q.deleted AND {only}
                  GROUP BY q.session_id, coalesce(i.person_id, q.person_id)) p
            FULL JOIN rc_session_evaluations e ON e.session_id = p.session_id AND e.person_id = p.person_id
            LEFT JOIN calibrations s ON s.session_id = coalesce(p.session_id, e.session_id) AND NOT s.deleted) y"""


def results(columns: tuple[str, ...]) -> str:
    """Select each participant's score and how far it lies from the agreed one, and from the mean of the others."""
    total = dialect.exact_sum("score")
    return f"""
        WITH scored AS (
            SELECT a.*, t.form_version, coalesce(s.score, s.reported_percent, CAST(s.level AS DOUBLE)) AS score,
                   t.state_no
            FROM rc_attendance a
            LEFT JOIN rc_ends n ON n.evaluation_id = a.evaluation_id
            LEFT JOIN rc_states t ON t.evaluation_id = a.evaluation_id AND t.rev = n.current_rev
            LEFT JOIN rc_scores s ON s.state_no = t.state_no
        ), sums AS (
            SELECT session_id, interaction_id, segment_id, form_family, count(score) AS scores, {total} AS total
            FROM scored WHERE NOT is_agreed GROUP BY session_id, interaction_id, segment_id, form_family
        )
        SELECT {", ".join(columns)} FROM (
            SELECT x.session_id, x.person_id, x.evaluation_id, x.interaction_id, x.form_id, x.form_version, x.status,
                   x.was_invited, x.is_baseline, x.submitted_at, x.due_at, x.score,
                   CASE WHEN NOT x.is_agreed AND x.score IS NOT NULL AND m.scores > 1
                        THEN (m.total - x.score) / (m.scores - 1) END AS others_score,
                   CASE WHEN NOT x.is_agreed AND x.score IS NOT NULL THEN m.scores - 1 END AS others,
                   p.pair_id, p.outcome, p.reason, p.auditor_score AS agreed_score, p.delta, p.delta_raw, p.leniency,
                   p.items_compared, p.items_agree, r.site, r.site_kind, r.team,
                   {dialect.iso_week("x.basis_date")} AS week, x.basis_date
            FROM scored x
            LEFT JOIN sums m ON m.session_id = x.session_id AND m.form_family IS NOT DISTINCT FROM x.form_family
                            AND m.interaction_id IS NOT DISTINCT FROM x.interaction_id
                            AND m.segment_id IS NOT DISTINCT FROM x.segment_id
            LEFT JOIN rc_session_evaluations b ON b.session_id = x.session_id AND b.is_baseline
                  AND b.interaction_id IS NOT DISTINCT FROM x.interaction_id AND b.segment_id = x.segment_id
                  AND b.form_family = x.form_family AND NOT x.is_agreed
            LEFT JOIN rc_pairs_original p ON p.relation = 'calibration' AND p.auditee_evaluation_id = x.evaluation_id
                  AND p.auditor_evaluation_id = b.evaluation_id
            LEFT JOIN rc_places r ON r.person_id = x.person_id AND r.day = x.basis_date) y"""


def answers(columns: tuple[str, ...]) -> str:
    """Select everybody's answer to every criterion of the form: the ratings that alpha and AC2 of a session need."""
    return f"""
        SELECT {", ".join(columns)} FROM (
            SELECT x.session_id, x.person_id, x.evaluation_id, x.status, x.is_baseline, t.form_id, t.form_version,
                   c.criterion_key, c.label AS criterion_label, c.position, c.critical_class, i.state, i.option,
                   i.level, i.points, i.max_points, i.is_failed
            FROM rc_attendance x
            JOIN rc_ends n ON n.evaluation_id = x.evaluation_id
            JOIN rc_states t ON t.evaluation_id = x.evaluation_id AND t.rev = n.current_rev
            JOIN rc_items i ON i.state_no = t.state_no
            JOIN rc_criteria c ON c.criterion_no = i.criterion_no) y"""
