"""The answers of a state, laid on the criteria of its form version, and the score they make.

The scale, the weights and the critical rules come from the form, never from the data.
"""

from __future__ import annotations

from qa_sync.reconcile import dialect

#: The one item of a form without criteria: its result in words.
OUTCOME_KEY = "outcome_label"


def criteria() -> str:
    """Select the criteria of every form version with their points, weight and scale.

    ``scale`` is equal for two versions of a criterion exactly when their answers can be compared; ``failing`` and
    ``passing`` are the levels that the form says fail it or do not. A criterion
    without a weight has weight 1; one without points available has no part in the score. A form without
    criteria is judged by its outcome label. ``common_key`` is the key that other versions and systems know the
    criterion by.
    """
    return f"""
        SELECT u.*, {dialect.row_no()} AS criterion_no FROM (
        WITH scales AS (
            SELECT form_id, form_version, criterion_key, count(*) AS options, max(points) AS top,
                   array_sort(array_agg(concat_ws('=', coalesce(counts_as, option), CAST(level AS STRING),
                                                  CAST(CAST(points AS DOUBLE) AS STRING)))) AS scale,
                   array_agg(level) FILTER (WHERE is_fail) AS failing,
                   array_agg(level) FILTER (WHERE NOT is_fail) AS passing
            FROM options WHERE NOT deleted GROUP BY form_id, form_version, criterion_key
        )
        SELECT c.form_id, c.form_version, c.criterion_key,
               CASE WHEN count(*) OVER (PARTITION BY c.form_id, c.form_version, coalesce(c.counts_as, c.criterion_key))
                         = 1 THEN coalesce(c.counts_as, c.criterion_key) ELSE c.criterion_key END AS common_key,
               c.label, c.position, c.critical_class,
               coalesce(c.is_critical, c.critical_class IS NOT NULL) AS is_critical,
               coalesce(c.max_points, s.top) AS max_points, coalesce(c.weight, 1e0) AS weight,
               coalesce(s.options, 0) AS options, s.scale, s.failing, s.passing, false AS is_optional
        FROM criteria c
        LEFT JOIN scales s ON s.form_id = c.form_id AND s.form_version = c.form_version
                          AND s.criterion_key = c.criterion_key
        WHERE NOT c.deleted
        UNION ALL
        SELECT f.form_id, f.form_version, '{OUTCOME_KEY}', '{OUTCOME_KEY}', 'Outcome', 1, NULL, false, NULL, 0e0, 0,
               NULL, NULL, NULL, coalesce(f.scoring = 'reported', false)
        FROM forms f
        LEFT JOIN (SELECT DISTINCT form_id, form_version FROM criteria WHERE NOT deleted) c
               ON c.form_id = f.form_id AND c.form_version = f.form_version
        WHERE NOT f.deleted AND c.form_id IS NULL) u"""


def delivered() -> str:
    """Select the answers that belong to each state, as often as they were delivered."""
    return """
        SELECT s.state_no, c.rev, a.criterion_key, a.state, a.option, a.points, a.max_points, a.is_fail
        FROM rc_states s
        JOIN rc_changes c ON c.evaluation_id = s.evaluation_id AND NOT c.is_tombstone
             AND c.from_rev <= s.rev AND (c.until_rev IS NULL OR s.rev < c.until_rev)
        JOIN rc_wanted_answers a ON a.evaluation_id = c.evaluation_id AND a.record_id = c.record_id
             AND a.payload_hash = c.payload_hash AND a.source_seq = c.source_seq
             AND a.source_stamp IS NOT DISTINCT FROM c.source_stamp
             AND a.source = c.source AND a.stream = c.stream"""


def given() -> str:
    """Select one answer a state and criterion, and the state's outcome label as one more.

    Where two differ, the one of the newer change counts, then the first by value: never the one that came first.
    """
    several = """
        SELECT state_no, criterion_key FROM rc_delivered GROUP BY state_no, criterion_key HAVING count(*) > 1"""
    columns = "state_no, criterion_key, state, option, points, max_points, is_fail"
    prefixed = ", ".join(f"d.{name}" for name in columns.split(", "))
    same = "m.state_no = d.state_no AND m.criterion_key = d.criterion_key"
    return f"""
        SELECT {prefixed} FROM rc_delivered d LEFT JOIN ({several}) m ON {same} WHERE m.state_no IS NULL
        UNION ALL
        SELECT {columns}
        FROM (SELECT {prefixed}, row_number() OVER (PARTITION BY d.state_no, d.criterion_key
                     ORDER BY d.rev DESC, d.state, d.option, d.points, d.max_points, d.is_fail) AS place
              FROM rc_delivered d JOIN ({several}) m ON {same}) x
        WHERE place = 1
        UNION ALL
        SELECT state_no, '{OUTCOME_KEY}', 'valued', outcome_label, NULL, NULL, NULL
        FROM rc_states WHERE outcome_label IS NOT NULL"""


def items() -> str:
    """Select one row for each state and each criterion of its form version, ``criterion_key`` being the common one.

    A criterion without an answer is missing, and so is a valued answer without any value; but one that the form's
    conditions rule out was not asked, whatever was left in it (``is_left_over``: a value was). Points are those of
    the form's option, else those of the record. A critical criterion fails as the form's option says, else as
    the record says, else when it earned nothing of what it could.
    """
    valued = "a.state = 'valued' AND u.state_no IS NULL"
    return f"""
        SELECT s.state_no, c.criterion_no, c.common_key AS criterion_key, c.weight, {graded(valued)},
               CASE WHEN u.state_no IS NULL THEN a.option END AS option, a.criterion_key IS NOT NULL AS is_given,
               CASE WHEN {valued} THEN o.level END AS level,
               CASE WHEN u.state_no IS NOT NULL OR a.state IS NULL AND c.is_optional THEN 'not_asked'
                    WHEN a.state IS NULL OR a.state = 'valued' AND a.option IS NULL AND a.points IS NULL THEN 'missing'
                    ELSE a.state END AS state,
               u.state_no IS NOT NULL AND a.state = 'valued' AND (a.option IS NOT NULL OR a.points IS NOT NULL)
                   AS is_left_over,
               {valued} AND a.option IS NOT NULL AND c.options > 0 AND o.option IS NULL AS is_off_scale
        FROM rc_states s
        JOIN rc_criteria c ON c.form_id = s.form_id AND c.form_version = s.form_version
        LEFT JOIN rc_given a ON a.state_no = s.state_no AND a.criterion_key = c.criterion_key
        LEFT JOIN rc_unasked u ON u.state_no = s.state_no AND u.criterion_no = c.criterion_no
        LEFT JOIN options o ON o.form_id = c.form_id AND o.form_version = c.form_version
                           AND o.criterion_key = c.criterion_key AND o.option = a.option AND NOT o.deleted"""


def graded(valued: str) -> str:
    """Return the columns of what answer ``a`` to criterion ``c`` is worth, where ``o`` is the form's option it chose.

    ``valued`` is the condition under which the answer counts as one.
    """
    return f"""coalesce(c.max_points, a.max_points) AS max_points,
               CASE WHEN {valued} THEN coalesce(o.points, a.points) END AS points,
               c.is_critical AND coalesce({valued}, false)
                   AND coalesce(o.is_fail, a.is_fail,
                                coalesce(o.points, a.points) <= 0 AND coalesce(c.max_points, a.max_points) > 0, false)
                   AS is_failed"""


def scores(score_mismatch: float) -> str:
    """Select the score of each state on its own form version: recomputed, 0 to 100, null where undefined.

    ``scoring``: whether the catalogue holds the form's rule (weighted, methods), says that only the source knows it
    (reported), or says nothing of points (unknown).
    ``extra_answers`` counts answers to criteria that the form version does not have, ``left_over`` those to criteria
    that its conditions ruled out. ``is_mismatch``: the score its source reported is further away than
    ``score_mismatch`` points.
    """
    raw = "CASE WHEN f.scoring = 'methods' THEN m.method_score ELSE t.raw_score END"
    failed = "coalesce(t.failures > 0 OR s.auto_failed, false)"
    score = after_auto_fail("x.raw_score", "x.is_failed", "x.auto_fail", "x.auto_fail_cap")
    return f"""
        SELECT y.*, coalesce(abs(score - reported_percent) > {score_mismatch!r} + 1e-9, false) AS is_mismatch
        FROM (SELECT x.*, CASE WHEN x.is_points AND x.scoring <> 'reported' THEN {score} END AS score FROM (
            SELECT s.state_no, t.criteria, t.total_weight, s.auto_failed, t.failures, t.level, s.payload_hash,
                   s.outcome_label, CASE WHEN f.scale = 'points' THEN s.reported_percent END AS reported_percent,
                   CASE WHEN f.scale = 'points' THEN {raw} END AS raw_score, t.missing, t.off_scale,
                   t.left_over, {failed} AS is_failed, f.auto_fail, f.auto_fail_cap,
                   coalesce(f.scale = 'points', false) AS is_points,
                   coalesce(f.scoring, CASE WHEN k.is_counted THEN 'weighted' ELSE 'unknown' END) AS scoring,
                   coalesce(g.answers, 0) - coalesce(t.answers, 0) AS extra_answers
            FROM rc_states s
            LEFT JOIN rc_method_scores m ON m.state_no = s.state_no
            LEFT JOIN ({counted_forms()}) k
                   ON k.form_id = s.form_id AND k.form_version = s.form_version
            LEFT JOIN forms f ON f.form_id = s.form_id AND f.form_version = s.form_version AND NOT f.deleted
            LEFT JOIN (
                SELECT state_no, count(*) AS criteria,
                       {dialect.exact_sum("coalesce(weight * max_points, 0e0)")} AS total_weight,
                       {raw_score("points", "max_points", "weight", "state")} AS raw_score,
                       sum(CASE WHEN state = 'missing' THEN 1 ELSE 0 END) AS missing,
                       sum(CASE WHEN is_off_scale THEN 1 ELSE 0 END) AS off_scale,
                       coalesce(sum(CASE WHEN is_left_over THEN 1 ELSE 0 END), 0) AS left_over,
                       sum(CASE WHEN is_failed THEN 1 ELSE 0 END) AS failures,
                       sum(CASE WHEN is_given AND criterion_key <> '{OUTCOME_KEY}' THEN 1 ELSE 0 END) AS answers,
                       CASE WHEN count(*) = 1 THEN max(level) END AS level
                FROM rc_items GROUP BY state_no) t ON t.state_no = s.state_no
            LEFT JOIN (SELECT state_no, count(*) AS answers FROM rc_given
                       WHERE criterion_key <> '{OUTCOME_KEY}' GROUP BY state_no) g ON g.state_no = s.state_no) x) y"""


def counted_forms() -> str:
    """Select the form versions that have criteria, and whether any of them counts in a score."""
    return """
        SELECT form_id, form_version, max(weight * max_points) > 0 AS is_counted
        FROM rc_criteria GROUP BY form_id, form_version"""


def raw_score(points: str, top: str, weight: str, state: str) -> str:
    """Return the expression of a score before auto-fail: 100 times weighted points earned of those applicable.

    Null where nothing that counts applies, and where points that count are not known.
    """
    counts = f"{state} = 'valued' AND {top} > 0 AND {weight} > 0"
    earned = dialect.exact_sum(f"CASE WHEN {counts} THEN {weight} * {points} END")
    available = dialect.exact_sum(f"CASE WHEN {counts} THEN {weight} * {top} END")
    return f"""
        CASE WHEN sum(CASE WHEN {counts} AND {points} IS NULL THEN 1 ELSE 0 END) > 0 THEN NULL
             WHEN {available} > 0 THEN 1e2 * {earned} / {available} END"""


def after_auto_fail(raw: str, failed: str, mode: str, cap: str) -> str:
    """Return the expression of a score after the form's auto-fail rule (zero where the form names none)."""
    return f"""
        CASE WHEN NOT {failed} OR {mode} = 'none' THEN {raw}
             WHEN {mode} = 'cap' THEN CASE WHEN {raw} > coalesce({cap}, 0e0) THEN coalesce({cap}, 0e0) ELSE {raw} END
             ELSE 0e0 END"""
