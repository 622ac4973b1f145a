"""The columns of disputes and calibrations as reconciling leaves them."""

from __future__ import annotations

from qa_sync.model.columns import Column, TableSchema
from qa_sync.reconcile.outcomes import OUTCOMES

_STATES = ("open", "in_review", "retracted", "expired", "resolved")
_OUTCOMES = ("upheld", "overturned_full", "overturned_partial")
_STATUSES = ("done", "late", "absent", "invited")

DISPUTE_CASES = TableSchema(
    name="dispute_cases",
    doc="One row a dispute: its state, its decision, and whose work is at stake.",
    key=("dispute_id",),
    columns=(
        Column(name="dispute_id", type="text", required=True, doc="Dispute."),
        Column(name="evaluation_id", type="text", required=True, doc="The evaluation or audit that is challenged."),
        Column(name="is_known", type="boolean", required=True, doc="Whether that evaluation is known."),
        Column(
            name="challenges",
            type="text",
            values=("work", "audit"),
            doc="work: an agent's dispute of an evaluation; audit: an auditee's dispute of an audit.",
        ),
        Column(
            name="state",
            type="text",
            required=True,
            values=_STATES,
            doc="resolved once a round was decided; else as the last event says.",
        ),
        Column(name="outcome", type="text", values=_OUTCOMES, doc="Decision of the last decided round."),
        Column(name="is_open", type="boolean", required=True, doc="Whether it, or an appeal of it, waits."),
        Column(name="is_overturned", type="boolean", doc="Whether the decision changed anything; null undecided."),
        Column(name="rounds", type="integer", required=True, doc="1, or 2 with an appeal."),
        Column(name="items", type="integer", required=True, doc="Criteria it names; 0: the whole evaluation."),
        Column(name="category", type="text", doc="Category, as last said."),
        Column(name="reason", type="text", doc="Reason code, as last said."),
        Column(name="raised_by", type="text", doc="Person who opened it."),
        Column(name="decided_by", type="text", doc="Person who decided last."),
        Column(name="opened_at", type="time", doc="When it was opened."),
        Column(name="closed_at", type="time", doc="When it was decided, withdrawn or expired; null while open."),
        Column(
            name="days",
            type="number",
            unit="days",
            doc="From opening to closing; to the moment of the report while open, which is a censored time.",
        ),
        Column(name="score_before", type="number", unit="points", doc="Score before, as the events say."),
        Column(name="score_after", type="number", unit="points", doc="Score after, as the events say."),
        Column(name="auditor_id", type="text", doc="Who made the challenged audit; null for work."),
        Column(name="auditee_id", type="text", doc="Evaluator whose scoring is at stake."),
        Column(name="agent_id", type="text", doc="Person whose work was judged."),
        Column(name="interaction_id", type="text", doc="Interaction."),
        Column(name="form_id", type="text", doc="Form."),
        Column(name="queue", type="text", doc="Queue."),
        Column(name="site", type="text", doc="Site of the auditee that day."),
        Column(name="site_kind", type="text", values=("in_house", "bpo"), doc="Own site or an outsourcer's."),
        Column(name="team", type="text", doc="The auditee's team that day."),
        Column(name="week", type="text", doc="ISO week of the work judged: the quality view."),
        Column(name="basis_date", type="date", doc="Its local day."),
        Column(name="opened_week", type="text", doc="ISO week of the opening."),
        Column(name="closed_week", type="text", doc="ISO week of the decision: the workload view."),
    ),
)

DISPUTE_ITEMS = TableSchema(
    name="dispute_items",
    doc="One row a dispute and a criterion that it names.",
    key=("dispute_id", "criterion_key"),
    columns=(
        Column(name="dispute_id", type="text", required=True, doc="Dispute."),
        Column(name="criterion_key", type="text", required=True, doc="Criterion."),
        Column(name="evaluation_id", type="text", required=True, doc="The evaluation that is challenged."),
        Column(name="state", type="text", required=True, values=_STATES, doc="Of the dispute."),
        Column(name="outcome", type="text", values=_OUTCOMES, doc="The criterion's own decision, else the dispute's."),
        Column(name="is_overturned", type="boolean", doc="Whether it was overturned; null undecided."),
        Column(name="option_before", type="text", doc="Answer before, as the events say."),
        Column(name="option_after", type="text", doc="Answer after, as the events say."),
    ),
)

CALIBRATION_RESULTS = TableSchema(
    name="calibration_results",
    doc="One row a session, person and evaluation; who did not come has no evaluation.",
    key=("session_id", "person_id", "evaluation_id"),
    columns=(
        Column(name="session_id", type="text", required=True, doc="Session."),
        Column(name="person_id", type="text", doc="Who was invited or scored."),
        Column(name="evaluation_id", type="text", doc="The person's evaluation; null without one."),
        Column(name="interaction_id", type="text", doc="What was scored."),
        Column(name="form_id", type="text", doc="Form."),
        Column(name="form_version", type="text", doc="Version of the form the person used."),
        Column(
            name="status",
            type="text",
            required=True,
            values=_STATUSES,
            doc="done or late with a score, absent, or invited while there is time.",
        ),
        Column(name="was_invited", type="boolean", required=True, doc="Whether the session lists the person."),
        Column(name="is_baseline", type="boolean", required=True, doc="Whether the row is what was agreed."),
        Column(name="submitted_at", type="time", doc="When the person submitted."),
        Column(name="due_at", type="time", doc="When answers were due, else when the session closed."),
        Column(name="score", type="number", unit="points, or levels", doc="The person's score, auto-fail included."),
        Column(name="agreed_score", type="number", unit="points, or levels", doc="Of the baseline, same criteria."),
        Column(name="delta", type="number", unit="points, or levels", doc="score - agreed, after auto-fail."),
        Column(name="delta_raw", type="number", unit="points, or levels", doc="The same before auto-fail."),
        Column(name="leniency", type="number", unit="points, or levels", doc="delta, lenient positive."),
        Column(name="outcome", type="text", values=tuple(OUTCOMES), doc="Outcome class against the baseline."),
        Column(name="reason", type="text", doc="Why it cannot be compared."),
        Column(name="items_compared", type="integer", doc="Criteria compared with the baseline."),
        Column(name="items_agree", type="integer", doc="Of these, with equal answers."),
        Column(
            name="others_score",
            type="number",
            unit="points, or levels",
            doc="Mean score of the other participants: what to compare with where nothing was agreed.",
        ),
        Column(name="others", type="integer", doc="How many others that is."),
        Column(name="pair_id", type="text", doc="Its row in other_pairs, and in other_comparisons by criterion."),
        Column(name="site", type="text", doc="Site on the person's roster that day."),
        Column(name="site_kind", type="text", values=("in_house", "bpo"), doc="Own site or an outsourcer's."),
        Column(name="team", type="text", doc="The person's team that day."),
        Column(name="week", type="text", doc="ISO week of the session's opening, else of the submission."),
        Column(name="basis_date", type="date", doc="Its local day."),
    ),
)

CALIBRATION_ANSWERS = TableSchema(
    name="calibration_answers",
    doc="One row an evaluation of a session and a criterion: the ratings that reliability is computed from.",
    key=("session_id", "evaluation_id", "criterion_key"),
    columns=(
        Column(name="session_id", type="text", required=True, doc="Session."),
        Column(name="person_id", type="text", doc="Who scored."),
        Column(name="evaluation_id", type="text", required=True, doc="The person's evaluation."),
        Column(name="status", type="text", required=True, values=_STATUSES, doc="done or late."),
        Column(name="is_baseline", type="boolean", required=True, doc="Whether it is what was agreed."),
        Column(name="form_id", type="text", required=True, doc="Form."),
        Column(name="form_version", type="text", doc="Version of the form."),
        Column(name="criterion_key", type="text", required=True, doc="Criterion."),
        Column(name="criterion_label", type="text", doc="Its text."),
        Column(name="position", type="integer", doc="Its place on the form."),
        Column(name="critical_class", type="text", doc="Whose harm a failure is; null when not critical."),
        Column(name="state", type="text", required=True, doc="valued, na, not_asked or missing."),
        Column(name="option", type="text", doc="Option chosen."),
        Column(name="level", type="integer", unit="levels", doc="Its rank on the form's scale."),
        Column(name="points", type="number", unit="points", doc="Points given."),
        Column(name="max_points", type="number", unit="points", doc="Points available."),
        Column(name="is_failed", type="boolean", required=True, doc="Whether it was critically failed."),
    ),
)
