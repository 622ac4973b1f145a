"""The common schema: every table, every column, with its meaning, type, unit and key.

Ids are texts, unique in their table across the workspace; starters prefix them with their source
(``zendesk:55501``). ``None`` means "not known" or "not applicable" and is never 0. Times are UTC.
Every stored row also carries the columns of ``qa_sync.model.system.VERSION``.
"""

from __future__ import annotations

from qa_sync.model.columns import Column as C
from qa_sync.model.columns import TableSchema

EVALUATION_KINDS = ("standard", "ata", "blind", "calibration", "consensus", "gold", "self", "peer", "training", "auto")
EVALUATION_STATUSES = ("draft", "submitted", "released", "in_review", "final", "retracted", "deleted")
ANSWER_STATES = ("valued", "na", "not_asked", "missing")
CRITICAL_CLASSES = ("customer", "business", "compliance")

INTERACTIONS = TableSchema(
    name="interactions",
    doc="What is judged: a ticket, call, chat or case, and the agent's part in it.",
    key=("interaction_id",),
    columns=(
        C(name="interaction_id", type="text", required=True, doc="Identity of the interaction."),
        C(
            name="kind",
            type="text",
            required=True,
            values=("ticket", "call", "chat", "conversation", "case", "item"),
            doc="What kind of interaction it is; a ticket is one kind.",
        ),
        C(name="ticket_id", type="text", doc="The ticket's number in the help desk, as people know it."),
        C(name="contact_id", type="text", doc="The contact's id in the recording or telephony system."),
        C(name="segment_id", type="text", doc="The part of a contact that one agent handled; null for the whole."),
        C(name="agent_id", type="text", doc="Who handled it: a person or account id."),
        C(name="requester_id", type="text", doc="Who asked, as a keyed hash; never a name or address."),
        C(name="group_id", type="text", doc="The group that holds it, as the source names it."),
        C(
            name="queue",
            type="text",
            doc="The queue it belongs to; where null, the lookup 'queue' of group_id decides.",
        ),
        C(name="site", type="text", doc="The site that handled it, where the source says so."),
        C(name="brand", type="text", doc="Brand or account line."),
        C(name="channel", type="text", doc="How it came in: email, chat, voice, web."),
        C(name="direction", type="text", values=("inbound", "outbound", "internal"), doc="Who started it."),
        C(name="language", type="text", doc="Language of the interaction."),
        C(name="region", type="text", doc="Region or market."),
        C(name="product", type="text", doc="Product it is about."),
        C(name="policy", type="text", doc="Policy that was applied."),
        C(name="policy_version", type="text", doc="Version of that policy in force."),
        C(name="severity", type="text", doc="Severity of the matter."),
        C(name="escalation_level", type="text", doc="Level it reached."),
        C(name="status", type="text", doc="Status category: new, open, pending, hold, solved, closed."),
        C(name="priority", type="text", doc="Priority as the source names it."),
        C(name="satisfaction", type="text", values=("good", "bad"), doc="Customer satisfaction, where one was given."),
        C(name="subject", type="text", doc="Subject line; null unless the workspace keeps it on purpose."),
        C(name="url", type="text", doc="Where a person can open it."),
        C(name="created_at", type="time", event=True, doc="When it began."),
        C(name="solved_at", type="time", doc="When it was last solved."),
        C(name="closed_at", type="time", event=True, doc="When it was closed for good."),
        C(name="updated_at", type="time", doc="When the source last changed it."),
        C(name="duration", type="number", unit="seconds", doc="Length of a call or chat."),
        C(name="dimensions", type="labels", doc="Any further columns to group and filter by, by name."),
    ),
)

PEOPLE = TableSchema(
    name="people",
    doc="Accounts of agents, evaluators and auditors in each source. Customers are not people in this sense.",
    key=("person_id",),
    columns=(
        C(name="person_id", type="text", required=True, doc="Identity of the account."),
        C(name="name", type="text", doc="Display name."),
        C(name="email", type="text", doc="Work e-mail address."),
        C(name="employee_number", type="text", doc="Number in the personnel system."),
        C(name="user_name", type="text", doc="Login name."),
        C(name="role", type="text", doc="Role as the source names it."),
        C(name="supervisor_id", type="text", doc="Account of the supervisor."),
        C(name="organization", type="text", doc="Organisation or business unit as the source names it."),
        C(name="is_active", type="boolean", doc="Whether the account may still be used."),
        C(name="created_at", type="time", doc="When the account was made."),
        C(name="updated_at", type="time", doc="When the source last changed it."),
    ),
)

IDENTITIES = TableSchema(
    name="identities",
    doc="Which accounts are one human being. An account without a row stands for itself.",
    key=("account_id",),
    columns=(
        C(name="account_id", type="text", required=True, doc="Account as sources name it (people.person_id)."),
        C(name="person_id", type="text", required=True, doc="The account that stands for the human being."),
        C(name="evidence", type="text", doc="Why: employee_number, email, user_name, name or declared."),
    ),
)

ROSTERS = TableSchema(
    name="rosters",
    doc="Where a person worked and as what, from a date to a date.",
    key=("person_id", "role", "valid_from"),
    columns=(
        C(name="person_id", type="text", required=True, doc="Whose row it is."),
        C(
            name="role",
            type="text",
            required=True,
            values=("agent", "evaluator", "auditor", "senior_auditor", "manager"),
            doc="What the person did in that time.",
        ),
        C(name="valid_from", type="date", required=True, doc="First local day."),
        C(name="valid_to", type="date", doc="Last local day; null while it lasts."),
        C(name="site", type="text", doc="Site."),
        C(name="site_kind", type="text", values=("in_house", "bpo"), doc="Own site or an outsourcer's."),
        C(name="team", type="text", doc="Team."),
        C(name="queue", type="text", doc="Queue the person is assigned to."),
        C(name="supervisor_id", type="text", doc="Supervisor in that time."),
    ),
)

LOOKUPS = TableSchema(
    name="lookups",
    doc="Small tables of keys and values kept by people, such as group to queue.",
    key=("lookup", "lookup_key"),
    columns=(
        C(name="lookup", type="text", required=True, doc="Name of the lookup, such as queue."),
        C(name="lookup_key", type="text", required=True, doc="What is looked up."),
        C(name="lookup_value", type="text", doc="What it means."),
    ),
)

FORMS = TableSchema(
    name="forms",
    doc="Versions of evaluation forms (scorecards).",
    key=("form_id", "form_version"),
    columns=(
        C(name="form_id", type="text", required=True, doc="The form family: the same form through its versions."),
        C(name="form_version", type="text", required=True, doc="Version of the form."),
        C(name="name", type="text", doc="Name people know it by."),
        C(
            name="higher_is",
            type="text",
            required=True,
            values=("better", "more_severe", "neutral"),
            doc="What a higher value means; leniency follows from it.",
        ),
        C(
            name="scale",
            type="text",
            required=True,
            values=("points", "ordinal", "nominal"),
            doc="points: 0-100 scores from criteria; ordinal, nominal: levels of one or more criteria.",
        ),
        C(
            name="tolerance",
            type="number",
            doc="Largest difference that counts as agreement; null: the programme's.",
            unit="points, or levels on an ordinal form",
        ),
        C(name="pass_mark", type="number", unit="points", doc="Score from which an evaluation passes."),
        C(name="auto_fail", type="text", values=("zero", "cap", "none"), doc="What a failed critical criterion does."),
        C(name="auto_fail_cap", type="number", unit="points", doc="The cap, where auto_fail is cap."),
        C(
            name="scoring",
            type="text",
            values=("weighted", "methods", "reported"),
            doc="How it makes a score: weighted share of points (as does null), methods as in scoring_rule, or "
            "reported: only the source knows.",
        ),
        C(name="scoring_rule", type="text", doc="The rule, where scoring is methods, as JSON."),
        C(name="about", type="text", values=("agent_work", "evaluator_work"), doc="What the form judges."),
        C(name="status", type="text", doc="draft, published or retired."),
        C(
            name="counts_as",
            type="text",
            doc="form_id of the form that it is in another system: the two are paired and compared as versions are.",
        ),
    ),
)

CRITERIA = TableSchema(
    name="criteria",
    doc="The criteria of a form version.",
    key=("form_id", "form_version", "criterion_key"),
    parent="forms",
    columns=(
        C(name="form_id", type="text", required=True, doc="Form."),
        C(name="form_version", type="text", required=True, doc="Version of the form."),
        C(name="criterion_key", type="text", required=True, doc="Identity of the criterion; survives renaming."),
        C(name="label", type="text", doc="Text of the criterion."),
        C(name="section", type="text", doc="Section of the form."),
        C(name="category", type="text", doc="Category of the form."),
        C(name="position", type="integer", doc="Order on the form, from 1."),
        C(name="max_points", type="number", unit="points", doc="Points available."),
        C(name="weight", type="number", doc="Weight in the score; 0 for criteria that only pass or fail."),
        C(
            name="critical_class",
            type="text",
            values=CRITICAL_CLASSES,
            doc="Whose harm a failure is; null when the criterion is not critical.",
        ),
        C(name="is_critical", type="boolean", doc="Whether failing it triggers the form's auto-fail rule."),
        C(
            name="asked_when",
            type="text",
            doc="When it is asked, as JSON: clauses of tests on the answers to other criteria; null: always.",
        ),
        C(name="counts_as", type="text", doc="criterion_key that other versions or systems know it by."),
    ),
)

OPTIONS = TableSchema(
    name="options",
    doc="The answers a criterion allows, in the form's order: the scale of agreement.",
    key=("form_id", "form_version", "criterion_key", "option"),
    parent="forms",
    columns=(
        C(name="form_id", type="text", required=True, doc="Form."),
        C(name="form_version", type="text", required=True, doc="Version of the form."),
        C(name="criterion_key", type="text", required=True, doc="Criterion."),
        C(name="option", type="text", required=True, doc="The answer, as stored in answers.option."),
        C(name="label", type="text", doc="Text people see."),
        C(name="level", type="integer", required=True, doc="Rank on the scale, from 0.", unit="levels"),
        C(name="points", type="number", unit="points", doc="Points the answer earns."),
        C(name="is_fail", type="boolean", doc="Whether the answer fails a critical criterion."),
        C(name="counts_as", type="text", doc="The option that other versions or systems know it by."),
    ),
)

EVALUATIONS = TableSchema(
    name="evaluations",
    doc="One person's scoring of one interaction on one form. A later version of the record is a new revision.",
    key=("evaluation_id",),
    columns=(
        C(name="evaluation_id", type="text", required=True, doc="Identity of the evaluation."),
        C(name="about", type="text", required=True, values=("agent_work", "evaluator_work"), doc="What is judged."),
        C(name="kind", type="text", required=True, values=EVALUATION_KINDS, doc="Why it was made."),
        C(name="status", type="text", required=True, values=EVALUATION_STATUSES, doc="How far it has come."),
        C(name="interaction_id", type="text", doc="The interaction that was scored."),
        C(name="segment_id", type="text", doc="The part of it, where only a part was scored."),
        C(name="form_id", type="text", required=True, doc="Form (family)."),
        C(name="form_version", type="text", doc="Version of the form; null where the source does not say."),
        C(name="evaluator_id", type="text", doc="Who scored."),
        C(name="agent_id", type="text", doc="Whose work was scored."),
        C(
            name="audited_evaluation_id",
            type="text",
            doc="The evaluation that this one audits, where the source says so.",
        ),
        C(name="blind_task_id", type="text", doc="Task that gave the same interaction to several people blindly."),
        C(name="session_id", type="text", doc="Calibration session."),
        C(name="is_blind", type="boolean", doc="True or false only when the source proves it; null is unknown."),
        C(name="blind_proof", type="text", doc="What proves it: blind task, visibility setting."),
        C(
            name="is_released",
            type="boolean",
            doc="Whether the auditee may see it; null: as released_at and status tell.",
        ),
        C(
            name="reference_rank",
            type="text",
            values=("consensus", "dispute", "senior", "auditor"),
            doc="Which of several audits of one evaluation is the reference.",
        ),
        C(name="repeat_no", type="integer", doc="1 for the first time this person scored this item on this form."),
        C(
            name="cause",
            type="text",
            values=("work", "edit", "dispute"),
            doc="Why this revision exists; a dispute's revision is not the evaluator's own work.",
        ),
        C(name="sampling", type="text", values=("random", "targeted"), doc="How it was picked; null is unknown."),
        C(name="started_at", type="time", doc="When the evaluator began."),
        C(name="submitted_at", type="time", event=True, doc="When it was first submitted."),
        C(name="effective_at", type="time", doc="When this revision took effect at the source."),
        C(
            name="released_at",
            type="time",
            doc="From when on the auditee or agent can see it; a moment to come is a plan.",
        ),
        C(name="reported_score", type="number", doc="Score as the source computed it.", unit="the form's own scale"),
        C(name="reported_max", type="number", doc="Score available, as the source says.", unit="the form's own scale"),
        C(name="outcome_label", type="text", doc="Result in words, where the form has no score."),
        C(name="auto_failed", type="boolean", doc="Whether a critical failure zeroed it, where the source says so."),
        C(name="queue", type="text", doc="Queue, where the record says so."),
        C(name="site", type="text", doc="Site of the evaluator, where the record says so."),
        C(name="url", type="text", doc="Where a person can open it."),
        C(name="dimensions", type="labels", doc="Any further columns to group and filter by, by name."),
    ),
)

ANSWERS = TableSchema(
    name="answers",
    doc="The answer to one criterion in one revision of an evaluation.",
    key=("evaluation_id", "criterion_key"),
    parent="evaluations",
    columns=(
        C(name="evaluation_id", type="text", required=True, doc="Evaluation."),
        C(name="criterion_key", type="text", required=True, doc="Criterion."),
        C(
            name="state",
            type="text",
            required=True,
            values=ANSWER_STATES,
            doc="valued; na: does not apply; not_asked: a condition hid it; missing: should be there and is not.",
        ),
        C(name="option", type="text", doc="The option chosen, as in options.option."),
        C(name="points", type="number", unit="points", doc="Points earned; null is not 0."),
        C(name="max_points", type="number", unit="points", doc="Points available, where the record says so."),
        C(name="is_fail", type="boolean", doc="Whether it fails a critical criterion, where the record says so."),
        C(name="reasons", type="texts", doc="Reason codes, first tier first."),
        C(name="comment", type="text", doc="Evaluator's comment; null unless the workspace keeps it on purpose."),
    ),
)

DISPUTES = TableSchema(
    name="disputes",
    doc="What happened in a dispute, one row an event.",
    key=("dispute_id", "event_no"),
    columns=(
        C(name="dispute_id", type="text", required=True, doc="Identity of the dispute."),
        C(name="event_no", type="integer", required=True, doc="Order of the event in its dispute, from 1."),
        C(
            name="event",
            type="text",
            required=True,
            values=("opened", "in_review", "retracted", "resolved", "expired"),
            doc="What happened.",
        ),
        C(name="event_at", type="time", event=True, doc="When."),
        C(name="evaluation_id", type="text", required=True, doc="The evaluation that is challenged."),
        C(name="criterion_key", type="text", doc="The criterion; null when the whole evaluation is."),
        C(name="round", type="integer", doc="1 for a dispute, 2 for an appeal."),
        C(name="raised_by", type="text", doc="Who opened it."),
        C(name="decided_by", type="text", doc="Who decided."),
        C(name="outcome", type="text", values=("upheld", "overturned_full", "overturned_partial"), doc="Decision."),
        C(name="category", type="text", doc="Category of the dispute."),
        C(name="reason", type="text", doc="Reason code, not free text."),
        C(name="option_before", type="text", doc="Answer before."),
        C(name="option_after", type="text", doc="Answer after."),
        C(name="score_before", type="number", unit="points", doc="Score before."),
        C(name="score_after", type="number", unit="points", doc="Score after."),
    ),
)

CALIBRATIONS = TableSchema(
    name="calibrations",
    doc="Sessions in which several evaluators score one interaction.",
    key=("session_id",),
    columns=(
        C(name="session_id", type="text", required=True, doc="Identity of the session."),
        C(name="interaction_id", type="text", doc="What is scored."),
        C(name="form_id", type="text", doc="Form."),
        C(name="form_version", type="text", doc="Version of the form."),
        C(name="baseline_evaluation_id", type="text", doc="The agreed answer, once there is one."),
        C(name="opened_at", type="time", event=True, doc="When it opened."),
        C(name="due_at", type="time", doc="When answers were due."),
        C(name="closed_at", type="time", doc="When it closed."),
    ),
)

CALIBRATION_PARTICIPANTS = TableSchema(
    name="calibration_participants",
    doc="Everybody invited to a session, those who came late or not at all included.",
    key=("session_id", "person_id"),
    parent="calibrations",
    columns=(
        C(name="session_id", type="text", required=True, doc="Session."),
        C(name="person_id", type="text", required=True, doc="Who."),
        C(
            name="status",
            type="text",
            required=True,
            values=("invited", "done", "late", "absent"),
            doc="What became of it.",
        ),
        C(name="evaluation_id", type="text", doc="The person's evaluation, if any."),
        C(name="invited_at", type="time", doc="When invited."),
        C(name="done_at", type="time", doc="When done."),
    ),
)

SAMPLES = TableSchema(
    name="samples",
    doc="What was to be evaluated or audited, and how it was picked.",
    key=("sample_id",),
    columns=(
        C(name="sample_id", type="text", required=True, doc="Identity of the sampled unit."),
        C(name="week", type="text", doc="ISO week the sample is for."),
        C(name="stratum", type="text", doc="Stratum, such as queue and site."),
        C(name="interaction_id", type="text", doc="Interaction picked."),
        C(name="evaluation_id", type="text", doc="Evaluation picked for audit."),
        C(name="assignee_id", type="text", doc="Who is to do it."),
        C(name="target", type="integer", doc="Units wanted in the stratum."),
        C(name="frame_size", type="integer", doc="Units in the stratum before any filter (N)."),
        C(name="selected_by", type="text", values=("random", "targeted"), doc="How."),
        C(name="seed", type="text", doc="Seed of the selection."),
        C(name="due_at", type="time", doc="When it is due."),
        C(name="replaced_by", type="text", doc="Sample that took its place."),
        C(name="skipped_reason", type="text", doc="Why it was not done."),
    ),
)

CASE_REVIEWS = TableSchema(
    name="case_reviews",
    doc="Deep dives into one interaction or a group of them.",
    key=("case_review_id",),
    columns=(
        C(name="case_review_id", type="text", required=True, doc="Identity."),
        C(name="interaction_id", type="text", doc="Interaction it began with."),
        C(name="evaluation_id", type="text", doc="Evaluation it began with."),
        C(name="opened_by", type="text", doc="Who opened it."),
        C(name="opened_at", type="time", event=True, doc="When."),
        C(name="closed_at", type="time", doc="When it was closed."),
        C(name="root_cause", type="text", doc="Root cause code."),
        C(name="conclusion", type="text", doc="Conclusion code."),
    ),
)

ACTIONS = TableSchema(
    name="actions",
    doc="What was done about it: coaching, process changes, acknowledgement.",
    key=("action_id",),
    columns=(
        C(name="action_id", type="text", required=True, doc="Identity."),
        C(name="case_review_id", type="text", doc="Deep dive it follows from."),
        C(name="evaluation_id", type="text", doc="Evaluation it follows from."),
        C(name="person_id", type="text", doc="Whom it is for."),
        C(name="kind", type="text", doc="coaching, feedback, process, policy."),
        C(name="status", type="text", values=("open", "done", "dropped"), doc="How far it has come."),
        C(name="assigned_at", type="time", doc="When given."),
        C(name="due_at", type="time", doc="When due."),
        C(name="acknowledged_at", type="time", doc="When the person acknowledged it."),
        C(name="done_at", type="time", doc="When done."),
    ),
)

TIMELINE_EVENTS = TableSchema(
    name="timeline_events",
    doc="The timeline of an incident in a deep dive.",
    key=("event_id",),
    parent="case_reviews",
    columns=(
        C(name="event_id", type="text", required=True, doc="Identity."),
        C(name="case_review_id", type="text", required=True, doc="Deep dive."),
        C(name="kind", type="text", doc="What kind of event."),
        C(name="at", type="time", doc="When."),
        C(name="person_id", type="text", doc="Who acted."),
        C(name="policy_version", type="text", doc="Policy version in force."),
    ),
)

TABLES: dict[str, TableSchema] = {
    table.name: table
    for table in (
        INTERACTIONS,
        PEOPLE,
        IDENTITIES,
        ROSTERS,
        LOOKUPS,
        FORMS,
        CRITERIA,
        OPTIONS,
        EVALUATIONS,
        ANSWERS,
        DISPUTES,
        CALIBRATIONS,
        CALIBRATION_PARTICIPANTS,
        SAMPLES,
        CASE_REVIEWS,
        ACTIONS,
        TIMELINE_EVENTS,
    )
}

#: Further names for rows of these tables, which free queries know: name → select.
VIEWS = {"tickets": "SELECT * FROM interactions WHERE kind = 'ticket'"}
