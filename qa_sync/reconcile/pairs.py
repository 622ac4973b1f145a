"""The tables that reports read: pairs, their comparisons, and how both looked on another basis."""

from __future__ import annotations

from qa_sync.reconcile import dialect
from qa_sync.reconcile.programme import Programme

_MEASURES = (
    "outcome",
    "reason",
    "auditee_score",
    "auditor_score",
    "auditee_score_raw",
    "auditor_score_raw",
    "delta",
    "delta_raw",
    "leniency",
    "tolerance",
    "items_compared",
    "items_agree",
    "value_pairs",
    "applicability_disagreements",
    "common_weight",
    "auditee_auto_failed",
    "auditor_auto_failed",
)

#: What a pair shows of its other variants beside the headline, as current_... and before_...
BESIDE = ("outcome", "reason", "auditee_score", "auditor_score", "delta", "delta_raw", "leniency")


def disputed() -> str:
    """Select the evaluations with a dispute that was not withdrawn, or with a revision that one caused."""
    return """
        SELECT evaluation_id FROM rc_changes WHERE cause = 'dispute' AND NOT is_tombstone
        UNION
        SELECT evaluation_id
        FROM (SELECT evaluation_id, event, row_number() OVER (PARTITION BY dispute_id
                     ORDER BY event_no DESC, event_at DESC NULLS LAST, event) AS place
              FROM rc_dispute_events) d
        WHERE place = 1 AND event <> 'retracted'"""


def edited() -> str:
    """Select the pairs whose auditee changed an answer after the revision that the headline compares."""
    return """
        WITH moved AS (
            SELECT pair_no, auditee_state, own_state FROM rc_sides
            WHERE variant = 'original' AND own_state <> auditee_state
        ), both_times AS (
            SELECT m.pair_no, g.criterion_key, g.state, g.option, g.points
            FROM moved m JOIN rc_given g ON g.state_no = m.auditee_state
            UNION ALL
            SELECT m.pair_no, g.criterion_key, g.state, g.option, g.points
            FROM moved m JOIN rc_given g ON g.state_no = m.own_state
        )
        SELECT DISTINCT pair_no FROM (
            SELECT pair_no FROM both_times GROUP BY pair_no, criterion_key, state, option, points
            HAVING count(*) <> 2) x"""


def flags() -> str:
    """Return the expression of a pair's flags, sorted; there is always one of the three about blindness."""
    mark = "p.pass_mark - 1e-9"
    return dialect.words(
        ("AUDITEE_EDITED_AFTER_AUDIT", "p.relation = 'audit' AND d.pair_no IS NOT NULL"),
        ("BLIND", "p.is_blind"),
        ("BLIND_UNKNOWN", "p.is_blind IS NULL"),
        ("BRIDGED", "NOT p.is_same_version AND p.outcome <> 'NOT_COMPARABLE'"),
        ("DISPUTED", "de.evaluation_id IS NOT NULL OR da.evaluation_id IS NOT NULL"),
        ("LATE", f"{dialect.iso_week('p.auditor_submitted_on')} > {dialect.iso_week('p.basis_date')}"),
        ("NOT_BLIND", "NOT p.is_blind"),
        ("PASS_FAIL_FLIP", f"(p.auditee_score >= {mark}) <> (p.auditor_score >= {mark})"),
        ("SCORE_MISMATCH", "p.is_mismatch"),
        ("UNASKED_ANSWER", "p.left_over > 0"),
        ("UNKNOWN_CRITERION", "p.extra_answers > 0"),
    )


def outcomes_on(basis: str) -> str:
    """Select one outcome a pair: of the headline (original), or of today (current) where that differs."""
    if basis == "original":
        return "SELECT * FROM rc_outcomes WHERE variant = 'original'"
    return """
        SELECT o.* FROM rc_outcomes o
        LEFT JOIN rc_outcomes c ON c.pair_no = o.pair_no AND c.variant = 'current'
        WHERE o.variant = 'current' OR o.variant = 'original' AND c.pair_no IS NULL"""


def every_pair(programme: Programme, basis: str) -> str:
    """Select one row a pair on a basis, whatever its relation, with the other variants' results beside it.

    ``agent_score`` is the score the agent sees: today's, as the source reported it.
    """
    agent_score = "coalesce(c.auditee_reported, p.auditee_reported)"
    if programme.propagate_ata_to_agent:
        agent_score = f"CASE WHEN b.pair_no IS NOT NULL THEN p.auditor_score ELSE {agent_score} END"
    measures = ", ".join(f"p.{name}" for name in _MEASURES)
    return f"""
        SELECT p.pair_no, p.pair_id, p.relation, '{basis}' AS basis, p.is_headline, p.link, {measures},
               p.outcome <> 'NOT_COMPARABLE' AS is_compared, p.higher_is, p.about, p.auditee_evaluation_id,
               p.auditor_evaluation_id, p.auditee_id, p.auditor_id, p.agent_id, p.interaction_id, p.form_id,
               p.form_version, p.auditor_form_version, p.auditee_kind, p.auditor_kind, p.is_blind,
               coalesce(p.is_blind AND NOT coalesce(p.auditor_is_released, false), false) AS is_embargoed,
               p.sampling, p.gap_days, coalesce(p.is_intra_rater, false) AS is_intra_rater,
               {flags()} AS flags, coalesce(p.queue, r.queue) AS queue,
               coalesce(r.site, p.record_site) AS site, r.site_kind, r.team,
               {dialect.iso_week("p.basis_date")} AS week, p.basis_date, p.auditee_submitted_at,
               p.auditor_submitted_at, p.auditee_payload_hash, p.auditor_payload_hash,
               {dialect.merged_labels("i.dimensions", "s.dimensions")} AS dimensions, {agent_score} AS agent_score,
               {_beside("c", "current", "p")}, {_beside("b", "before", "")}
        FROM (SELECT k.*, {", ".join("o." + name for name in _MEASURES)}, o.is_same_version, o.higher_is, o.pass_mark,
                     o.is_mismatch, o.extra_answers, o.left_over, o.auditee_payload_hash, o.auditor_payload_hash,
                     o.auditee_reported, o.auditee_state
              FROM rc_ranked k JOIN ({outcomes_on(basis)}) o ON o.pair_no = k.pair_no) p
        LEFT JOIN rc_outcomes c ON c.pair_no = p.pair_no AND c.variant = 'current'
        LEFT JOIN rc_outcomes b ON b.pair_no = p.pair_no AND b.variant = 'before'
        LEFT JOIN rc_places r ON r.person_id = p.auditee_id AND r.day = p.basis_date
        LEFT JOIN rc_interactions i ON i.interaction_id = p.interaction_id
        LEFT JOIN rc_states s ON s.state_no = coalesce(p.auditee_state, c.auditee_state)
        LEFT JOIN rc_edited d ON d.pair_no = p.pair_no
        LEFT JOIN rc_disputed de ON de.evaluation_id = p.auditee_evaluation_id
        LEFT JOIN rc_disputed da ON da.evaluation_id = p.auditor_evaluation_id"""


def _beside(alias: str, prefix: str, otherwise: str) -> str:
    """Return the outcome, scores and deltas of another variant; the headline's, or null, where there is none."""
    made = []
    for name in BESIDE:
        other = f"{otherwise}.{name}" if otherwise else "NULL"
        made.append(f"CASE WHEN {alias}.pair_no IS NULL THEN {other} ELSE {alias}.{name} END AS {prefix}_{name}")
    return ", ".join(made)


def of_relation(table: str, columns: tuple[str, ...], *, is_audit: bool) -> str:
    """Select the pairs that are audits, or all the others (self_audit, repeat, inter_auditor)."""
    return f"SELECT {', '.join(columns)} FROM {table} WHERE relation {'=' if is_audit else '<>'} 'audit'"


def comparisons(table: str, columns: tuple[str, ...], basis: str, *, is_audit: bool) -> str:
    """Select the criteria of the pairs of ``table`` (rows of ``every_pair``) on a basis."""
    of_pair = ("pair_id", "is_headline", "is_compared")
    listed = ", ".join(("p." if name in of_pair else "x.") + name for name in columns)
    variant = "x.variant = 'original'" if basis == "original" else ("x.variant = coalesce(v.variant, 'original')")
    today = (
        "" if basis == "original" else ("LEFT JOIN rc_outcomes v ON v.pair_no = p.pair_no AND v.variant = 'current'")
    )
    return f"""
        SELECT {listed}
        FROM {table} p {today} JOIN rc_compared x ON x.pair_no = p.pair_no AND {variant}
        WHERE p.relation {"=" if is_audit else "<>"} 'audit'"""


def critical_comparisons(columns: tuple[str, ...]) -> str:
    """Select, for each compared pair and class of critical errors on its form, what each side found.

    ``agrees`` is about every critical criterion of the class: two different fatals are found by both, not agreed.
    """
    return f"""
        SELECT {", ".join(columns)} FROM (
            SELECT pair_id, is_headline, critical_class, count(*) AS items,
                   max(CASE WHEN auditee_failed THEN 1 ELSE 0 END) = 1 AS auditee_found,
                   max(CASE WHEN auditor_failed THEN 1 ELSE 0 END) = 1 AS auditor_found,
                   min(CASE WHEN auditee_failed = auditor_failed THEN 1 ELSE 0 END) = 1 AS agrees
            FROM comparisons WHERE is_compared AND critical_class IS NOT NULL
            GROUP BY pair_id, is_headline, critical_class) x"""
