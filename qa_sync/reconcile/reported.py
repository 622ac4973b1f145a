"""Which evaluations, paired or not, report a score that their form's rule may not give: a first look over all of them.

Comparing lays every answer of a state out; doing that for evaluations nobody audited, only to find that the reported
score holds, would cost more than all the rest. So one pass confirms what it can, and only the others are laid out.
"""

from __future__ import annotations

from qa_sync.reconcile import answers, states


def reported() -> str:
    """Select the live evaluations with a reported score on a form version whose full rule the catalogue holds."""
    return f"""
        SELECT v.evaluation_id, v.source, v.stream, v.record_id, v.source_stamp, v.source_seq, v.payload_hash,
               f.form_id, f.form_version, f.auto_fail, f.auto_fail_cap, v.auto_failed,
               coalesce(f.scoring, 'weighted') = 'weighted' AND t.form_id IS NULL AS is_plain,
               {states.percent("v")} AS reported_percent
        FROM rc_evaluations e
        JOIN rc_latest v ON v.evaluation_id = e.evaluation_id
        JOIN forms f ON f.form_id = e.form_id AND f.form_version = e.form_version AND NOT f.deleted
        LEFT JOIN ({answers.counted_forms()}) k ON k.form_id = f.form_id AND k.form_version = f.form_version
        LEFT JOIN (SELECT DISTINCT c.form_id, c.form_version
                   FROM rc_tests t JOIN rc_criteria c ON c.criterion_no = t.criterion_no) t
               ON t.form_id = f.form_id AND t.form_version = f.form_version
        WHERE e.state = 'live' AND {states.percent("v")} IS NOT NULL AND f.scale = 'points'
              AND coalesce(f.scoring, CASE WHEN k.is_counted THEN 'weighted' END) IN ('weighted', 'methods')"""


def unconfirmed(score_mismatch: float) -> str:
    """Select the evaluations of ``rc_reported`` whose score the answers of their newest version do not plainly give.

    Not confirmed either: forms by methods or with conditions (they are not plain), and answers that came twice or in
    records of their own. All these are laid out.
    """
    own = " AND ".join(f"a.{name} = r.{name}" for name in ("source", "stream", "record_id"))
    newest = "a.payload_hash = r.payload_hash AND a.source_seq = r.source_seq"
    # A sum of powers of two is their union exactly when no criterion comes twice; a form's 51st and 52nd seem one.
    places = """
        SELECT *, CAST(power(2, least(50, row_number() OVER (
                        PARTITION BY form_id, form_version ORDER BY criterion_no) - 1)) AS BIGINT) AS place
        FROM rc_criteria"""
    score = answers.after_auto_fail("raw_score", "is_failed", "auto_fail", "auto_fail_cap")
    return f"""
        SELECT r.evaluation_id
        FROM rc_reported r
        LEFT JOIN (
            SELECT evaluation_id, reported_percent, {score} AS score
            FROM (
                SELECT r.evaluation_id, r.reported_percent, r.auto_fail, r.auto_fail_cap,
                       {answers.raw_score("points", "max_points", "weight", "state")} AS raw_score,
                       coalesce(max(CASE WHEN r.is_failed THEN 1 ELSE 0 END) = 1 OR r.auto_failed, false) AS is_failed
                FROM (
                    SELECT r.*, a.state, c.place, c.weight, {answers.graded("a.state = 'valued'")},
                           NOT ({own}) AS is_elsewhere
                    FROM rc_reported r
                    JOIN rc_answers a ON a.evaluation_id = r.evaluation_id AND NOT a.deleted
                    LEFT JOIN ({places}) c ON c.form_id = r.form_id AND c.form_version = r.form_version
                         AND c.criterion_key = a.criterion_key
                    LEFT JOIN options o ON o.form_id = c.form_id AND o.form_version = c.form_version
                         AND o.criterion_key = c.criterion_key AND o.option = a.option AND NOT o.deleted
                    WHERE r.is_plain AND (NOT ({own}) OR {newest}
                          AND a.source_stamp IS NOT DISTINCT FROM r.source_stamp)) r
                GROUP BY r.evaluation_id, r.reported_percent, r.auto_fail, r.auto_fail_cap, r.auto_failed
                HAVING max(CASE WHEN is_elsewhere THEN 1 ELSE 0 END) = 0
                       AND coalesce(sum(place), 0) = coalesce(bit_or(place), 0)) m
        ) m ON m.evaluation_id = r.evaluation_id
               AND abs(m.score - m.reported_percent) <= {score_mismatch!r} + 1e-9
        WHERE m.evaluation_id IS NULL"""
