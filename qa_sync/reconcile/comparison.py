"""Criterion by criterion: how the two sides answered, and whether that is agreement."""

from __future__ import annotations

from qa_sync.reconcile import dialect
from qa_sync.reconcile.answers import raw_score


def sides() -> str:
    """Select each variant of each pair with its two states and how their form versions relate."""
    return """
        SELECT v.pair_no, v.variant, e.state_no AS auditee_state, a.state_no AS auditor_state,
               o.state_no AS own_state, e.form_family = a.form_family AS is_same_form,
               e.form_id = a.form_id AND e.form_version IS NOT DISTINCT FROM a.form_version AS is_same_version
        FROM rc_variants v
        JOIN rc_states a ON a.evaluation_id = v.auditor_evaluation_id AND a.rev = v.auditor_rev
        LEFT JOIN rc_states e ON e.evaluation_id = v.auditee_evaluation_id AND e.rev = v.auditee_rev
        LEFT JOIN rc_states o ON o.evaluation_id = v.auditee_evaluation_id AND o.rev = v.own_rev"""


#: Whether the auditee's answer fails its criterion by the rule that also judges the auditor's: the auditor's version's.
_AUDITEE_FAILED = """
                   CASE WHEN s.is_same_version THEN e.is_failed
                        WHEN NOT ac.is_critical OR e.state <> 'valued' THEN false
                        WHEN array_contains(ac.failing, e.level) THEN true
                        WHEN array_contains(ac.passing, e.level) THEN false
                        WHEN ec.is_critical THEN e.is_failed
                        ELSE coalesce(e.points <= 0 AND e.max_points > 0, false) END"""


def compared() -> str:
    """Select one row for each variant of a pair and each criterion that both form versions have alike.

    Equal versions share every criterion. Between versions, and between forms that count as one, a criterion is
    common when its common key, points available and whole scale are the same; labels may differ, and so may the words
    of options that count as each other. Its key is the auditee's form's. Weights and critical rules are then the
    auditor's version's, so that equal answers make equal scores.
    """
    off = "('na', 'not_asked')"
    return f"""
        SELECT *, CASE WHEN treatment = 'value' THEN
                            CASE WHEN NOT is_same_version AND auditee_level IS NOT NULL AND auditor_level IS NOT NULL
                                 THEN auditee_level = auditor_level
                                 WHEN auditee_option IS NOT NULL AND auditor_option IS NOT NULL
                                 THEN auditee_option = auditor_option
                                 ELSE coalesce(abs(auditee_points - auditor_points) <= 1e-9, false) END
                       WHEN treatment = 'applicability_agreement' THEN true
                       WHEN treatment = 'applicability_disagreement' THEN false END AS agrees,
               CASE WHEN treatment = 'value' THEN
                    coalesce(auditee_points - auditor_points, CAST(auditee_level - auditor_level AS DOUBLE))
               END AS delta
        FROM (
            SELECT s.pair_no, s.variant, s.is_same_version, ec.criterion_key, ac.label AS criterion_label, ac.position,
                   ac.critical_class,
                   CASE WHEN e.state = 'missing' OR a.state = 'missing' THEN 'missing'
                        WHEN e.state IN {off} AND a.state IN {off} THEN 'applicability_agreement'
                        WHEN e.state IN {off} OR a.state IN {off} THEN 'applicability_disagreement'
                        ELSE 'value' END AS treatment,
                   e.state AS auditee_state, a.state AS auditor_state, e.option AS auditee_option,
                   a.option AS auditor_option, e.level AS auditee_level, a.level AS auditor_level,
                   e.points AS auditee_points, a.points AS auditor_points, a.max_points, a.weight,
                   e.weight AS auditee_weight, {_AUDITEE_FAILED} AS auditee_failed, a.is_failed AS auditor_failed,
                   e.is_off_scale OR a.is_off_scale AS is_off_scale
            FROM rc_sides s
            JOIN rc_items a ON a.state_no = s.auditor_state
            JOIN rc_items e ON e.state_no = s.auditee_state AND e.criterion_key = a.criterion_key
            JOIN rc_criteria ac ON ac.criterion_no = a.criterion_no
            JOIN rc_criteria ec ON ec.criterion_no = e.criterion_no
            WHERE s.is_same_form AND (s.is_same_version OR e.max_points IS NOT DISTINCT FROM a.max_points
                                                           AND ec.scale IS NOT DISTINCT FROM ac.scale)) x"""


def totals() -> str:
    """Select, for each variant of a pair, counts over its common criteria and both scores over them."""
    count = "CAST(sum(CASE WHEN {} THEN 1 ELSE 0 END) AS BIGINT)".format
    return f"""
        SELECT pair_no, variant, count(*) AS criteria,
               {count("treatment = 'value'")} AS value_pairs,
               {count("agrees")} AS items_agree,
               {count("treatment = 'applicability_disagreement'")} AS applicability_disagreements,
               {count("treatment <> 'missing'")} AS items_compared,
               {count("auditee_state = 'missing'")} AS auditee_missing,
               {count("auditor_state = 'missing'")} AS auditor_missing,
               {count("is_off_scale")} AS off_scale,
               {count("auditee_failed")} AS auditee_failures,
               {count("auditor_failed")} AS auditor_failures,
               {count("auditee_failed <> auditor_failed")} AS other_failures,
               {raw_score("auditee_points", "max_points", "weight", "auditee_state")} AS auditee_raw,
               {raw_score("auditor_points", "max_points", "weight", "auditor_state")} AS auditor_raw,
               CASE WHEN count(*) = 1 THEN max(auditee_level) END AS auditee_level,
               CASE WHEN count(*) = 1 THEN max(auditor_level) END AS auditor_level,
               {dialect.exact_sum("coalesce(weight * max_points, 0e0)")} AS common_weight,
               {dialect.exact_sum("coalesce(auditee_weight * max_points, 0e0)")} AS auditee_common_weight
        FROM rc_compared GROUP BY pair_no, variant"""
