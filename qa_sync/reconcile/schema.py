"""The columns of what reconciling makes, each with its meaning: the tables that reports and queries read."""

from __future__ import annotations

from qa_sync.model.columns import Column, TableSchema
from qa_sync.reconcile.outcomes import BUCKETS, LINKS, OUTCOMES, SCORE_REASONS, TREATMENTS

_PLACE = (
    Column(name="queue", type="text", doc="Queue of the interaction; where unknown, the auditee's on the roster."),
    Column(name="site", type="text", doc="Site on the auditee's roster that day; where unknown, as the records say."),
    Column(name="site_kind", type="text", values=("in_house", "bpo"), doc="Own site or an outsourcer's, that day."),
    Column(name="team", type="text", doc="The auditee's team that day."),
    Column(name="week", type="text", doc="ISO week of basis_date."),
    Column(name="basis_date", type="date", doc="Local day of the programme's basis event."),
)


def _beside(prefix: str, what: str) -> tuple[Column, ...]:
    return (
        Column(name=f"{prefix}_outcome", type="text", values=tuple(OUTCOMES), doc=f"Outcome {what}."),
        Column(name=f"{prefix}_reason", type="text", doc=f"Reason {what}."),
        Column(name=f"{prefix}_auditee_score", type="number", doc=f"Auditee's score {what}."),
        Column(name=f"{prefix}_auditor_score", type="number", doc=f"Auditor's score {what}."),
        Column(name=f"{prefix}_delta", type="number", doc=f"delta {what}."),
        Column(name=f"{prefix}_delta_raw", type="number", doc=f"delta_raw {what}."),
        Column(name=f"{prefix}_leniency", type="number", doc=f"leniency {what}."),
    )


PAIRS = TableSchema(
    name="pairs",
    doc="One row an audit or reference and the evaluation it belongs to.",
    key=("pair_id",),
    columns=(
        Column(name="pair_id", type="text", required=True, doc="auditee_evaluation_id|auditor_evaluation_id."),
        Column(
            name="relation",
            type="text",
            required=True,
            values=("audit", "self_audit", "repeat", "inter_auditor", "calibration"),
            doc="audit in pairs; the others in other_pairs: one person on both sides, a repeat against the first "
            "scoring, two audits of one evaluation, a calibration against what the session agreed.",
        ),
        Column(
            name="basis",
            type="text",
            required=True,
            values=("original", "current"),
            doc="original: the auditee's own revision when the audit was submitted; current: as both are today.",
        ),
        Column(
            name="is_headline",
            type="boolean",
            required=True,
            doc="Whether it is the one pair that speaks for the auditee's evaluation.",
        ),
        Column(
            name="link",
            type="text",
            required=True,
            values=tuple(LINKS),
            doc="How the two were found to belong together.",
        ),
        Column(name="outcome", type="text", required=True, values=tuple(OUTCOMES), doc="Outcome class."),
        Column(name="reason", type="text", doc="Why the two cannot be compared."),
        Column(
            name="auditee_score",
            type="number",
            doc="Recomputed, over the criteria compared; null where undefined.",
            unit="points, or levels",
        ),
        Column(
            name="auditor_score",
            type="number",
            doc="Recomputed, over the criteria compared; null where undefined.",
            unit="points, or levels",
        ),
        Column(name="auditee_score_raw", type="number", doc="The same before auto-fail.", unit="points, or levels"),
        Column(name="auditor_score_raw", type="number", doc="The same before auto-fail.", unit="points, or levels"),
        Column(
            name="delta", type="number", doc="auditee_score - auditor_score, after auto-fail.", unit="points, or levels"
        ),
        Column(name="delta_raw", type="number", doc="The same before auto-fail.", unit="points, or levels"),
        Column(
            name="leniency",
            type="number",
            doc="delta, turned so that lenient is positive; null on neutral forms.",
            unit="points, or levels",
        ),
        Column(
            name="tolerance", type="number", doc="Largest |delta| that counts as agreement.", unit="points, or levels"
        ),
        Column(
            name="items_compared",
            type="integer",
            required=True,
            doc="Criteria compared, those that do not apply included.",
        ),
        Column(name="items_agree", type="integer", required=True, doc="Of these, with equal answers."),
        Column(name="value_pairs", type="integer", required=True, doc="Criteria with a value on both sides."),
        Column(
            name="applicability_disagreements",
            type="integer",
            required=True,
            doc="Criteria with a value on one side only.",
        ),
        Column(name="common_weight", type="number", doc="Share of the forms' weight that was compared, 0 to 1."),
        Column(name="auditee_auto_failed", type="boolean", doc="Whether the auditee found a critical failure."),
        Column(name="auditor_auto_failed", type="boolean", doc="Whether the auditor found a critical failure."),
        Column(name="is_compared", type="boolean", required=True, doc="False for NOT_COMPARABLE."),
        Column(name="higher_is", type="text", values=("better", "more_severe", "neutral"), doc="Of the form."),
        Column(name="about", type="text", required=True, doc="What the auditee's evaluation judges."),
        Column(name="auditee_evaluation_id", type="text", required=True, doc="The evaluation that was audited."),
        Column(name="auditor_evaluation_id", type="text", required=True, doc="The audit or reference."),
        Column(name="auditee_id", type="text", doc="Person who was audited."),
        Column(name="auditor_id", type="text", doc="Person who audited."),
        Column(name="agent_id", type="text", doc="Person whose work the auditee judged."),
        Column(name="interaction_id", type="text", doc="Interaction."),
        Column(name="form_id", type="text", doc="Form of the auditee's evaluation."),
        Column(name="form_version", type="text", doc="Version of the auditee's form."),
        Column(name="auditor_form_version", type="text", doc="Version of the auditor's form."),
        Column(name="auditee_kind", type="text", doc="Kind of the auditee's evaluation."),
        Column(name="auditor_kind", type="text", doc="Kind of the auditor's evaluation."),
        Column(name="is_blind", type="boolean", doc="Proven blind or proven not; null is unknown."),
        Column(
            name="is_embargoed",
            type="boolean",
            required=True,
            doc="Blind and not known to be released: a tab for auditees must not show it.",
        ),
        Column(
            name="sampling",
            type="text",
            values=("random", "targeted"),
            doc="How the audit was picked; null is unknown.",
        ),
        Column(name="gap_days", type="number", unit="days", doc="Time between the two submissions."),
        Column(
            name="is_intra_rater",
            type="boolean",
            required=True,
            doc="One person twice, blind, self_audit_gap_days apart or more: counts for intra-rater reliability.",
        ),
        Column(name="flags", type="texts", required=True, doc="What else is true of it, sorted."),
        *_PLACE,
        Column(name="auditee_submitted_at", type="time", doc="When the auditee submitted."),
        Column(name="auditor_submitted_at", type="time", doc="When the auditor submitted."),
        Column(name="auditee_payload_hash", type="text", doc="Raw record of the auditee's revision compared."),
        Column(name="auditor_payload_hash", type="text", doc="Raw record of the auditor's revision compared."),
        Column(
            name="dimensions", type="labels", doc="The interaction's and the auditee's evaluation's, the latter first."
        ),
        Column(name="agent_score", type="number", doc="The score the agent sees today.", unit="points"),
        *_beside("current", "as both sides are today"),
        *_beside("before", "before the audit's own dispute was decided; null where there was none"),
    ),
)

COMPARISONS = TableSchema(
    name="comparisons",
    doc="One row a pair and a criterion that both sides' form versions have.",
    key=("pair_id", "criterion_key"),
    columns=(
        Column(name="pair_id", type="text", required=True, doc="Pair."),
        Column(name="is_headline", type="boolean", required=True, doc="As in pairs."),
        Column(name="is_compared", type="boolean", required=True, doc="As in pairs: false rows count in no statistic."),
        Column(name="criterion_key", type="text", required=True, doc="Criterion."),
        Column(name="criterion_label", type="text", doc="Its text on the auditor's form version."),
        Column(name="position", type="integer", doc="Its place on the form."),
        Column(name="critical_class", type="text", doc="Whose harm a failure is; null when not critical."),
        Column(
            name="treatment",
            type="text",
            required=True,
            values=tuple(TREATMENTS),
            doc="How the two answers were treated.",
        ),
        Column(name="auditee_state", type="text", required=True, doc="State of the auditee's answer."),
        Column(name="auditor_state", type="text", required=True, doc="State of the auditor's answer."),
        Column(name="auditee_option", type="text", doc="Option the auditee chose."),
        Column(name="auditor_option", type="text", doc="Option the auditor chose."),
        Column(name="auditee_level", type="integer", doc="Its rank on the form's scale.", unit="levels"),
        Column(name="auditor_level", type="integer", doc="Its rank on the form's scale.", unit="levels"),
        Column(name="auditee_points", type="number", unit="points", doc="Points the auditee gave."),
        Column(name="auditor_points", type="number", unit="points", doc="Points the auditor gave."),
        Column(name="max_points", type="number", unit="points", doc="Points available."),
        Column(name="weight", type="number", doc="Weight in the score."),
        Column(name="auditee_failed", type="boolean", doc="Whether the auditee found it critically failed."),
        Column(name="auditor_failed", type="boolean", doc="Whether the auditor found it critically failed."),
        Column(name="delta", type="number", doc="Auditee's less auditor's points; levels where there are no points."),
        Column(name="agrees", type="boolean", doc="Whether the answers are equal; null where one is missing."),
    ),
)

BUCKET_ROWS = TableSchema(
    name="buckets",
    doc="One row an evaluation: where it ended and why.",
    key=("evaluation_id",),
    columns=(
        Column(name="evaluation_id", type="text", required=True, doc="Evaluation."),
        Column(name="bucket", type="text", required=True, values=tuple(BUCKETS), doc="Where it ended."),
        Column(name="reason", type="text", doc="Why, where the bucket does not say it all."),
        Column(name="candidates", type="texts", doc="For AMBIGUOUS: the evaluations that fit, sorted."),
        Column(name="about", type="text", doc="What it judges."),
        Column(name="kind", type="text", doc="Its kind, a calibration recognised by its session included."),
        Column(name="interaction_id", type="text", doc="Interaction."),
        Column(name="form_id", type="text", doc="Form."),
        Column(name="form_version", type="text", doc="Version of the form."),
        Column(name="evaluator_id", type="text", doc="Person who scored."),
        Column(name="agent_id", type="text", doc="Person whose work was scored."),
        Column(name="audited_evaluation_id", type="text", doc="The evaluation it names as audited."),
        Column(name="submitted_at", type="time", doc="When it was submitted."),
        *_PLACE,
        Column(name="sampling", type="text", doc="How it was picked."),
        Column(name="is_disputed", type="boolean", required=True, doc="Whether anybody disputed it."),
        Column(
            name="is_disputable",
            type="boolean",
            required=True,
            doc="Disputed, or released and the window to dispute has elapsed: the denominator of the dispute rate.",
        ),
        Column(name="payload_hash", type="text", doc="Raw record of its newest version."),
    ),
)

EVALUATOR_WORK = TableSchema(
    name="evaluator_work",
    doc="One row an audit that judges the evaluator on a form of its own.",
    key=("evaluation_id",),
    columns=(
        Column(name="evaluation_id", type="text", required=True, doc="The audit."),
        Column(name="audited_evaluation_id", type="text", doc="The evaluation it is about, as the audit names it."),
        Column(name="is_linked", type="boolean", required=True, doc="Whether that evaluation is known."),
        Column(name="reason", type="text", doc="What is wrong with the evaluation named."),
        Column(name="auditee_id", type="text", doc="The evaluator who was judged."),
        Column(name="auditor_id", type="text", doc="Who judged."),
        Column(name="agent_id", type="text", doc="Whose work the audited evaluation judged."),
        Column(name="interaction_id", type="text", doc="Interaction."),
        Column(name="form_id", type="text", doc="The audit's own form."),
        Column(name="form_version", type="text", doc="Its version."),
        Column(name="audited_form_id", type="text", doc="Form of the audited evaluation."),
        Column(name="kind", type="text", doc="Kind of the audit."),
        Column(name="score", type="number", doc="Result, recomputed where possible.", unit="points, or levels"),
        Column(name="outcome_label", type="text", doc="Result in words."),
        Column(name="is_auto_failed", type="boolean", doc="Whether it found a critical failure."),
        Column(name="is_passed", type="boolean", doc="Whether the score reaches the form's pass mark."),
        Column(name="higher_is", type="text", doc="Of the audit's form."),
        Column(name="submitted_at", type="time", doc="When it was submitted."),
        *_PLACE,
        Column(name="dimensions", type="labels", doc="The audit's own."),
        Column(name="payload_hash", type="text", doc="Raw record of the audit."),
    ),
)

SCORE_FINDINGS = TableSchema(
    name="score_findings",
    doc="One row a live evaluation, paired or not, whose reported score is not what its form makes of its answers.",
    key=("evaluation_id",),
    columns=(
        Column(name="evaluation_id", type="text", required=True, doc="Evaluation."),
        Column(name="form_id", type="text", required=True, doc="Form."),
        Column(name="form_version", type="text", doc="Its version."),
        Column(name="reported", type="number", required=True, doc="Score as its source reports it.", unit="percent"),
        Column(name="recomputed", type="number", doc="Score by the catalogue; null is undefined.", unit="percent"),
        Column(name="difference", type="number", doc="reported - recomputed.", unit="points"),
        Column(name="reason", type="text", required=True, values=tuple(SCORE_REASONS), doc="What explains it."),
        Column(name="payload_hash", type="text", doc="Raw record of the revision."),
    ),
)

CRITICAL_COMPARISONS = TableSchema(
    name="critical_comparisons",
    doc="One row a compared pair and class of critical errors that its form knows.",
    key=("pair_id", "critical_class"),
    columns=(
        Column(name="pair_id", type="text", required=True, doc="Pair."),
        Column(name="is_headline", type="boolean", required=True, doc="As in pairs."),
        Column(name="critical_class", type="text", required=True, doc="Whose harm a failure is."),
        Column(name="items", type="integer", required=True, doc="Critical criteria of the class."),
        Column(name="auditee_found", type="boolean", required=True, doc="Whether the auditee failed any of them."),
        Column(name="auditor_found", type="boolean", required=True, doc="Whether the auditor failed any of them."),
        Column(name="agrees", type="boolean", required=True, doc="Whether both judged every one of them alike."),
    ),
)
