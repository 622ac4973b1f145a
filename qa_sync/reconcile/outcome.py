"""From counts and scores to one outcome class a pair, and how far apart the two sides are."""

from __future__ import annotations

from qa_sync.reconcile.answers import after_auto_fail
from qa_sync.reconcile.programme import Programme

#: Keeps the rounding of binary fractions from deciding: 5.000000000001 is within a tolerance of 5.
EPSILON = "1e-9"


def measured(programme: Programme) -> str:
    """Select scores, failures and comparability of each variant of a pair.

    Points forms: scores recomputed over the common criteria, 0 to 100, the auditor's rules for both sides; by the
    form's methods where the catalogue has them (``is_reported``: else the reported ones, on both sides).
    Ordinal and nominal forms: the level of the only criterion; no score where a form has several.
    ``common_weight`` is the smaller of the two shares of a form's weight (weight times points available) that
    lie on common criteria; where a form has no weights, of its criteria.
    """
    flagged = {}
    for side in ("auditee", "auditor"):
        vendor = f"is_same_version AND coalesce({side}_flag, false)"
        flagged[side] = f"(coalesce({side}_failures, 0) > 0 OR {vendor})"
    share = {
        name: f"""CASE WHEN {name}.total_weight > 0 THEN coalesce(t.{common}, 0e0) / {name}.total_weight
                       WHEN {name}.criteria > 0 THEN CAST(coalesce(t.criteria, 0) AS DOUBLE) / {name}.criteria
                       ELSE 0e0 END"""
        for name, common in (("es", "auditee_common_weight"), ("au", "common_weight"))
    }
    return f"""
        SELECT z.*, {_score("auditee")} AS auditee_score, {_score("auditor")} AS auditor_score,
               {_raw("auditee")} AS auditee_before, {_raw("auditor")} AS auditor_before
        FROM (
            SELECT y.*, {flagged["auditee"]} AS auditee_auto_failed, {flagged["auditor"]} AS auditor_auto_failed,
                   CASE WHEN auditee_state IS NULL THEN 'NO_ORIGINAL_REVISION'
                        WHEN NOT is_same_form THEN 'FORM_MISMATCH'
                        WHEN auditee_criteria IS NULL OR auditor_criteria IS NULL OR higher_is IS NULL
                        THEN 'FORM_UNKNOWN'
                        WHEN NOT is_same_version AND (common_weight < {programme.min_common_weight!r} - {EPSILON}
                                                      OR coalesce(criteria, 0) = 0) THEN 'COMMON_WEIGHT_BELOW_MIN'
                        WHEN auditee_missing > 0 THEN 'AUDITEE_INCOMPLETE'
                        WHEN auditor_missing > 0 THEN 'AUDITOR_INCOMPLETE'
                        WHEN off_scale > 0 THEN 'OFF_SCALE' END AS reason
            FROM (
                SELECT s.pair_no, s.variant, s.auditee_state, s.auditor_state, s.own_state, s.is_same_form,
                       s.is_same_version, t.criteria, t.value_pairs, t.items_agree, t.applicability_disagreements,
                       t.items_compared, t.auditee_missing, t.auditor_missing, t.off_scale, t.auditee_failures,
                       t.auditor_failures, t.other_failures, t.auditee_level, es.scoring AS auditee_scoring,
                       au.scoring AS auditor_scoring, {_either("auditee")} AS auditee_raw,
                       {_either("auditor")} AS auditor_raw, {_REPORTED} AS is_reported,
                       t.auditor_level, f.scale, f.higher_is, f.auto_fail, f.auto_fail_cap, f.pass_mark,
                       coalesce(f.tolerance, CASE WHEN f.scale = 'points' THEN {programme.tolerance!r} ELSE 0e0 END)
                           AS tolerance,
                       es.auto_failed AS auditee_flag, au.auto_failed AS auditor_flag, es.criteria AS auditee_criteria,
                       au.criteria AS auditor_criteria, es.is_mismatch OR au.is_mismatch AS is_mismatch,
                       es.extra_answers + au.extra_answers AS extra_answers,
                       es.left_over + au.left_over AS left_over,
                       es.payload_hash AS auditee_payload_hash, au.payload_hash AS auditor_payload_hash,
                       coalesce(es.reported_percent, es.score) AS auditee_reported,
                       least({share["es"]}, {share["au"]}) AS common_weight
                FROM rc_sides s
                JOIN rc_states a ON a.state_no = s.auditor_state
                JOIN rc_scores au ON au.state_no = s.auditor_state
                LEFT JOIN rc_scores es ON es.state_no = s.auditee_state
                LEFT JOIN rc_totals t ON t.pair_no = s.pair_no AND t.variant = s.variant
                LEFT JOIN forms f ON f.form_id = a.form_id AND f.form_version = a.form_version
                                 AND NOT f.deleted) y) z"""


def _raw(side: str) -> str:
    return f"CASE WHEN scale = 'points' THEN {side}_raw ELSE CAST({side}_level AS DOUBLE) END"


#: Whether the reported scores are compared: the catalogue does not hold the rule of a form, but both have one.
_REPORTED = """(coalesce(f.scale = 'points' AND (es.scoring = 'reported' OR au.scoring = 'reported'
                 OR (es.scoring = 'unknown' OR au.scoring = 'unknown')
                    AND es.reported_percent IS NOT NULL AND au.reported_percent IS NOT NULL), false))"""


def _either(side: str) -> str:
    """The score before auto-fail: reported, by the form's methods, or the weighted share over the common criteria."""
    alias = {"auditee": "es", "auditor": "au"}[side]
    return f"""
        CASE WHEN {_REPORTED} THEN {alias}.reported_percent
             WHEN s.is_same_version AND au.scoring = 'methods' THEN {alias}.raw_score ELSE t.{side}_raw END"""


def _score(side: str) -> str:
    scored = after_auto_fail(f"{side}_raw", f"{side}_auto_failed", "auto_fail", "auto_fail_cap")
    # A reported score has been through the source's own rules.
    scored = f"CASE WHEN is_reported THEN {side}_raw ELSE {scored} END"
    return f"CASE WHEN scale = 'points' THEN {scored} ELSE CAST({side}_level AS DOUBLE) END"


def classed() -> str:
    """Select the outcome of each variant of a pair; deltas are null where the two are not comparable."""
    tau = f"tolerance + {EPSILON}"
    return f"""
        SELECT *,
               CASE WHEN reason IS NOT NULL THEN 'NOT_COMPARABLE'
                    WHEN auditor_auto_failed AND NOT auditee_auto_failed THEN 'CRITICAL_MISS'
                    WHEN auditee_auto_failed AND NOT auditor_auto_failed THEN 'CRITICAL_FALSE'
                    WHEN auditee_failures > 0 AND auditor_failures > 0 AND other_failures > 0
                    THEN 'CRITICAL_WRONG_REASON'
                    WHEN items_agree = items_compared AND (NOT is_reported OR coalesce(delta, 0e0) = 0)
                    THEN 'EXACT'
                    WHEN delta = 0 THEN 'SAME_SCORE_DIFFERENT_ITEMS'
                    WHEN delta IS NULL THEN 'UNSCORED_DIFFERENCE'
                    WHEN abs(delta) <= {tau} THEN 'WITHIN_TOLERANCE'
                    WHEN leniency > {tau} THEN 'LENIENT'
                    WHEN leniency < 0 - ({tau}) THEN 'STRICT'
                    ELSE 'DIFFERENT' END AS outcome
        FROM (
            SELECT *, CASE higher_is WHEN 'better' THEN delta WHEN 'more_severe' THEN 0e0 - delta END AS leniency
            FROM (
                SELECT pair_no, variant, is_reported, auditee_state, auditor_state, own_state, is_same_version, reason,
                       tolerance, higher_is, pass_mark, is_mismatch, extra_answers, left_over, auditee_payload_hash,
                       auditor_payload_hash, auditee_reported, common_weight, auditee_failures, auditor_failures,
                       other_failures,
                       coalesce(items_compared, 0) AS items_compared, coalesce(items_agree, 0) AS items_agree,
                       coalesce(value_pairs, 0) AS value_pairs,
                       coalesce(applicability_disagreements, 0) AS applicability_disagreements,
                       auditee_auto_failed, auditor_auto_failed,
                       CASE WHEN reason IS NULL THEN auditee_score END AS auditee_score,
                       CASE WHEN reason IS NULL THEN auditor_score END AS auditor_score,
                       CASE WHEN reason IS NULL THEN auditee_before END AS auditee_score_raw,
                       CASE WHEN reason IS NULL THEN auditor_before END AS auditor_score_raw,
                       CASE WHEN reason IS NULL THEN {_difference("auditee_score", "auditor_score")} END AS delta,
                       CASE WHEN reason IS NULL THEN {_difference("auditee_before", "auditor_before")} END AS delta_raw
                FROM rc_measured) d) l"""


def _difference(left: str, right: str) -> str:
    return f"CASE WHEN abs({left} - {right}) <= {EPSILON} THEN 0e0 ELSE {left} - {right} END"
