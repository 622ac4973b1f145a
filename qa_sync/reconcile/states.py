"""Which state of the two evaluations of a pair is compared: the headline's, today's, and the one before a dispute."""

from __future__ import annotations


def wanted() -> str:
    """Select the evaluations whose answers are needed."""
    return """
        SELECT auditee_evaluation_id AS evaluation_id FROM rc_links
        UNION SELECT auditor_evaluation_id FROM rc_links
        UNION SELECT evaluation_id FROM rc_evaluations WHERE role = 'evaluator_work' AND state = 'live'
        UNION SELECT evaluation_id FROM rc_session_evaluations
        UNION SELECT evaluation_id FROM rc_unconfirmed"""


def ends() -> str:
    """Select how each evaluation ended: its newest state, its newest own one, and whether a dispute made the newest."""
    return """
        SELECT evaluation_id, max(rev) AS current_rev,
               max(CASE WHEN is_state AND NOT is_adjudicated THEN rev END) AS own_rev,
               coalesce(max(CASE WHEN is_state AND is_adjudicated THEN rev END), 0)
                   > coalesce(max(CASE WHEN is_state AND NOT is_adjudicated THEN rev END), 0) AS is_adjudicated
        FROM rc_changes GROUP BY evaluation_id"""


def originals() -> str:
    """Select the auditee's own revision in force when the audit was submitted, for each audit.

    Where none was known to be in force by then (exports tell late), or the moment is unknown: the first own
    revision known, so that no later edit can improve a headline. Null where only adjudicated ones are known.
    """
    return """
        SELECT p.pair_no, max(o.rev) AS first_rev,
               coalesce(max(CASE WHEN o.in_force_at <= p.auditor_submitted_at THEN o.rev END),
                        max(CASE WHEN o.in_force_at = o.first_at THEN o.rev END)) AS original_rev
        FROM rc_ranked p
        JOIN (SELECT evaluation_id, rev, in_force_at, min(in_force_at) OVER (PARTITION BY evaluation_id) AS first_at
              FROM rc_changes WHERE is_state AND NOT is_adjudicated) o ON o.evaluation_id = p.auditee_evaluation_id
        WHERE p.relation IN ('audit', 'self_audit')
        GROUP BY p.pair_no"""


def variants() -> str:
    """Select the comparisons to make of each pair, as ``variant``.

    original (the headline: the auditee's original revision against the audit as finally decided), current (both
    as they are today, where that differs) and before (the audit before its own dispute was decided).
    """
    return """
        WITH ends AS (
            SELECT p.pair_no, p.auditee_evaluation_id, p.auditor_evaluation_id,
                   CASE WHEN p.relation IN ('audit', 'self_audit') THEN o.original_rev ELSE e.current_rev
                        END AS original_rev,
                   e.current_rev, e.own_rev, a.current_rev AS auditor_rev,
                   CASE WHEN a.is_adjudicated THEN a.own_rev END AS before_rev
            FROM rc_ranked p
            LEFT JOIN rc_originals o ON o.pair_no = p.pair_no
            LEFT JOIN rc_ends e ON e.evaluation_id = p.auditee_evaluation_id
            LEFT JOIN rc_ends a ON a.evaluation_id = p.auditor_evaluation_id
        )
        SELECT pair_no, 'original' AS variant, auditee_evaluation_id, original_rev AS auditee_rev,
               auditor_evaluation_id, auditor_rev, own_rev
        FROM ends
        UNION ALL
        SELECT pair_no, 'current', auditee_evaluation_id, current_rev, auditor_evaluation_id, auditor_rev, NULL
        FROM ends WHERE original_rev IS NULL OR current_rev <> original_rev
        UNION ALL
        SELECT pair_no, 'before', auditee_evaluation_id, original_rev, auditor_evaluation_id, before_rev, NULL
        FROM ends WHERE before_rev IS NOT NULL"""


def states() -> str:
    """Select every state that is compared, or whose reported score is, numbered, with its form version and result."""
    return f"""
        WITH needed AS (
            SELECT auditee_evaluation_id AS evaluation_id, auditee_rev AS rev FROM rc_variants
            WHERE auditee_rev IS NOT NULL
            UNION SELECT auditor_evaluation_id, auditor_rev FROM rc_variants
            UNION SELECT auditee_evaluation_id, own_rev FROM rc_variants WHERE own_rev IS NOT NULL
            UNION SELECT e.evaluation_id, n.current_rev
                  FROM rc_evaluations e JOIN rc_ends n ON n.evaluation_id = e.evaluation_id
                  WHERE e.role = 'evaluator_work' AND e.state = 'live'
            UNION SELECT s.evaluation_id, n.current_rev
                  FROM rc_session_evaluations s JOIN rc_ends n ON n.evaluation_id = s.evaluation_id
            UNION SELECT r.evaluation_id, n.current_rev
                  FROM rc_unconfirmed r JOIN rc_ends n ON n.evaluation_id = r.evaluation_id
        ), held AS (
            SELECT n.evaluation_id, n.rev, max(c.rev) AS held_by
            FROM needed n
            JOIN rc_changes c ON c.evaluation_id = n.evaluation_id AND c.is_own AND NOT c.is_tombstone
                 AND c.from_rev <= n.rev AND (c.until_rev IS NULL OR n.rev < c.until_rev)
            GROUP BY n.evaluation_id, n.rev
        )
        SELECT s.change_no AS state_no, h.evaluation_id, h.rev, c.form_id,
               coalesce(c.form_version, n.form_version) AS form_version, c.auto_failed, c.outcome_label,
               c.payload_hash, c.dimensions,
               coalesce(f.counts_as, c.form_id) AS form_family,
               {percent("c")} AS reported_percent
        FROM held h
        JOIN rc_changes s ON s.evaluation_id = h.evaluation_id AND s.rev = h.rev
        JOIN rc_changes c ON c.evaluation_id = h.evaluation_id AND c.rev = h.held_by
        LEFT JOIN rc_form_versions n ON n.form_id = c.form_id
        LEFT JOIN forms f ON f.form_id = c.form_id AND f.form_version = coalesce(c.form_version, n.form_version)
                         AND NOT f.deleted"""


def percent(alias: str) -> str:
    """Return the expression of what a source reported, as a percentage."""
    return f"""CASE WHEN {alias}.reported_max > 0 THEN 1e2 * {alias}.reported_score / {alias}.reported_max
                    WHEN {alias}.reported_max IS NULL THEN {alias}.reported_score END"""
