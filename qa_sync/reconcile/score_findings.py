"""Where the score a source reported is not the one its form's catalogue makes of the answers, and probably why."""

from __future__ import annotations

from qa_sync.reconcile.answers import raw_score


def score_findings(score_mismatch: float) -> str:
    """Select one row for each live evaluation, paired or not, whose reported score the catalogue's rule does not give.

    Columns: evaluation_id, form_id, form_version, reported, recomputed (percent; null where undefined), difference,
    reason (of ``outcomes.SCORE_REASONS``) and payload_hash. A form whose rule the catalogue does not hold has none.
    """
    near = f"<= {score_mismatch!r} + 1e-9"
    everything = "CASE WHEN state = 'na' THEN 'valued' ELSE state END"
    best, worst = (f"CASE WHEN state = 'na' THEN {given} ELSE points END" for given in ("max_points", "0e0"))
    return f"""
        WITH differing AS (
            SELECT c.state_no, s.evaluation_id, s.form_id, s.form_version, s.payload_hash,
                   c.reported_percent AS reported,
                   c.score AS recomputed, c.raw_score, c.is_failed, c.missing, c.off_scale, c.extra_answers, c.left_over
            FROM rc_scores c
            JOIN rc_states s ON s.state_no = c.state_no
            JOIN rc_ends e ON e.evaluation_id = s.evaluation_id AND e.current_rev = s.rev
            WHERE c.is_points AND c.scoring IN ('weighted', 'methods')
                  AND (c.is_mismatch OR c.score IS NULL AND c.reported_percent IS NOT NULL)
        ), otherwise AS (
            SELECT i.state_no, {raw_score("i.points", "i.max_points", "1e0", "i.state")} AS plain,
                   {raw_score(best, "max_points", "weight", everything)} AS most,
                   {raw_score(worst, "max_points", "weight", everything)} AS least
            FROM rc_items i JOIN differing d ON d.state_no = i.state_no GROUP BY i.state_no
        )
        SELECT d.evaluation_id, d.form_id, d.form_version, d.reported, d.recomputed,
               d.reported - d.recomputed AS difference,
               CASE WHEN d.missing > 0 THEN 'ANSWERS_MISSING'
                    WHEN d.off_scale > 0 THEN 'ANSWERS_OFF_SCALE'
                    WHEN d.extra_answers > 0 THEN 'ANSWERS_UNKNOWN'
                    WHEN d.left_over > 0 THEN 'ANSWERS_UNASKED'
                    WHEN d.recomputed IS NULL THEN 'UNDEFINED'
                    WHEN abs(round(d.recomputed, 0) - d.reported) <= 1e-9
                         OR abs(round(d.recomputed, 1) - d.reported) <= 1e-9 THEN 'ROUNDED'
                    WHEN d.is_failed AND abs(d.raw_score - d.reported) {near} THEN 'AUTO_FAIL_NOT_APPLIED'
                    WHEN d.reported = 0 AND NOT d.is_failed THEN 'AUTO_FAIL_NOT_FOUND'
                    WHEN abs(o.plain - d.reported) {near} THEN 'WEIGHTS_NOT_APPLIED'
                    WHEN abs(o.most - d.reported) {near} OR abs(o.least - d.reported) {near}
                    THEN 'NOT_APPLICABLE_COUNTED'
                    ELSE 'RULE_DIFFERS' END AS reason, d.payload_hash
        FROM differing d LEFT JOIN otherwise o ON o.state_no = d.state_no"""
