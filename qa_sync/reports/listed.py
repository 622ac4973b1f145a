"""Reports with one row a pair or an exception: what every published number can be traced to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qa_sync.dashboards.cells import Field
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports import lineage, scope
from qa_sync.reports.grouping import OF_ROSTERS, condition
from qa_sync.reports.measures import COMPARED
from qa_sync.reports.notes import counted_note
from qa_sync.reports.population import OF_EVALUATIONS
from qa_sync.reports.report import Ask, Inputs, Report, Scene


def pairs(scene: Scene, ask: Ask) -> Report:
    """Every pair: both evaluations, scores, difference, class, flags and payload hashes."""
    rows = scene.engine.fetch(f"""
        SELECT pair_id AS key, week, site, queue, p.form_id AS form, p.form_version, outcome, reason, interaction_id,
               auditee_id, a.name AS auditee_name, auditor_id, b.name AS auditor_name,
               auditee_score, auditor_score, unit, tolerance, delta, delta_raw, leniency,
               leniency_points, current_outcome, current_delta, before_outcome, before_delta, agent_score,
               items_agree, items_compared,
               array_to_string(flags, ', ') AS flags, link, ({COMPARED}) AS headline,
               is_embargoed AS embargoed,
               auditee_submitted_at, auditor_submitted_at, auditee_evaluation_id, auditor_evaluation_id,
               auditee_payload_hash, auditor_payload_hash
        FROM measured p
        LEFT JOIN persons a ON a.person_id = p.auditee_id LEFT JOIN persons b ON b.person_id = p.auditor_id
        WHERE basis = 'original' AND {scope.of_pairs(scene, ask)}
        ORDER BY week DESC NULLS LAST, site NULLS LAST, pair_id""")
    fields = (
        Field(name="key", label="Pair", width=220, doc="Auditee evaluation | auditor evaluation."),
        Field(name="week", label="Week", width=80, doc="ISO week of the event that counts."),
        Field(name="site", label="Site", width=110),
        Field(name="queue", label="Queue", width=120),
        Field(name="form", label="Form", width=150, doc="Evaluation form."),
        Field(name="form_version", label="Version", width=65, doc="Version of the auditee's form."),
        Field(name="outcome", label="Outcome", width=250, tone="outcome", doc="Class of the pair, see Definitions."),
        Field(name="reason", label="Reason", width=150, doc="Why it cannot be compared, where it cannot."),
        Field(name="interaction_id", label="Interaction", width=120),
        Field(name="auditee_id", label="Evaluator", width=120),
        Field(name="auditee_name", label="Evaluator's name", width=140),
        Field(name="auditor_id", label="Auditor", width=120),
        Field(name="auditor_name", label="Auditor's name", width=140),
        Field(
            name="auditee_score",
            label="Evaluator's score",
            kind="number",
            width=105,
            doc="Recomputed by the form's rule.",
        ),
        Field(
            name="auditor_score",
            label="Auditor's score",
            kind="number",
            width=100,
            doc="Recomputed by the form's rule.",
        ),
        Field(name="unit", label="Unit", width=60, doc="Unit of scores and differences: points of 100, or levels."),
        Field(
            name="tolerance", label="Tolerance", kind="number", width=75, doc="Largest |Δ| that counts as agreement."
        ),
        Field(name="delta", label="Δ", kind="number", width=65, doc="Auditee − auditor, auto-fail included."),
        Field(
            name="delta_raw",
            label="Δ before auto-fail",
            kind="number",
            width=110,
            doc="Auditee − auditor before auto-fail.",
        ),
        Field(
            name="leniency",
            label="Leniency",
            kind="number",
            width=75,
            tone="leniency",
            doc="Δ in its own unit, turned so that + is lenient; auto-fail included.",
        ),
        Field(
            name="leniency_points",
            label="Leniency (points)",
            kind="number",
            width=105,
            doc="The same before auto-fail, in points of 100: what Summary averages.",
        ),
        Field(
            name="current_outcome",
            label="Outcome today",
            width=250,
            tone="outcome",
            doc="Class with both sides as they are today, disputes included.",
        ),
        Field(name="current_delta", label="Δ today", kind="number", width=75, doc="Δ of both sides as they are today."),
        Field(
            name="before_outcome",
            label="Outcome before",
            width=250,
            tone="outcome",
            doc="Class before a dispute changed the audit, where one did.",
        ),
        Field(name="before_delta", label="Δ before", kind="number", width=75, doc="Δ before that dispute."),
        Field(
            name="agent_score",
            label="Agent's score",
            kind="number",
            width=95,
            doc="What the agent sees today: the reported score, decided disputes included.",
        ),
        Field(name="items_agree", label="Items alike", kind="integer", width=80),
        Field(name="items_compared", label="Items", kind="integer", width=60),
        Field(name="flags", label="Flags", width=230, doc="What else is true of the pair, see Definitions."),
        Field(name="link", label="Matched by", width=85, doc="explicit, blind_task, key or reference."),
        Field(
            name="headline",
            label="Headline",
            kind="boolean",
            width=75,
            doc="Whether the pair counts in the headline numbers.",
        ),
        Field(
            name="embargoed",
            label="Embargoed",
            kind="boolean",
            width=85,
            doc="Blind and not known to be released: not for auditees.",
        ),
        Field(name="auditee_submitted_at", label="Evaluated", kind="time", width=130),
        Field(name="auditor_submitted_at", label="Audited", kind="time", width=130),
        Field(name="auditee_evaluation_id", label="Evaluation", width=130),
        Field(name="auditor_evaluation_id", label="Audit", width=130),
        Field(name="auditee_payload_hash", label="Evaluation's hash", width=480, doc="SHA-256 of the stored record."),
        Field(name="auditor_payload_hash", label="Audit's hash", width=480, doc="SHA-256 of the stored record."),
    )
    return Report(
        name="pairs", title="Pairs", fields=fields, key="key", rows=rows, notes=(counted_note(scene),), trace=_pair
    )


def _pair(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (every trace is asked the same way)
    return Inputs(sql=lineage.of_pairs("audited", f"pair_id = {lineage.text(row['key'])}"))


def exceptions(scene: Scene, ask: Ask) -> Report:
    """Everything that is in no headline number and needs a look, each with its reason."""
    of_audits = [name for name in ask.where if name not in OF_EVALUATIONS]
    if of_audits:
        what = f"exceptions cannot be filtered by {of_audits[0]!r}: not all of them are audits"
        raise ConfigError(Problem(what=what, hint=f"known: {', '.join(sorted(OF_EVALUATIONS))}"))
    keep = scope.of_pairs(scene, ask)
    # An audit belongs where the evaluations are that it names or fits, as every pair does; its own place is that of the
    # auditor, who may sit elsewhere. Evaluations of another place are not named.
    place = condition(scene.engine, {name: value for name, value in ask.where.items() if name in OF_ROSTERS})
    others = {name: value for name, value in ask.where.items() if name not in OF_ROSTERS}
    rows = scene.engine.fetch(f"""
        WITH kept AS (SELECT evaluation_id FROM ended WHERE {place}),
        meant AS (
            SELECT evaluation_id, unnest(candidates) AS meant_id FROM ended
            UNION
            SELECT evaluation_id, audited_evaluation_id FROM ended),
        placed AS (
            SELECT m.evaluation_id AS placed_id, count(*) AS of_all, count(k.evaluation_id) AS of_these
            FROM meant m JOIN ended e ON e.evaluation_id = m.meant_id LEFT JOIN kept k ON k.evaluation_id = m.meant_id
            GROUP BY m.evaluation_id),
        odd AS (
            SELECT evaluation_id AS key, bucket AS what, reason,
                   CASE WHEN kind IN ('ata', 'blind') THEN audited_evaluation_id
                        ELSE evaluation_id END AS evaluation_id,
                   CASE WHEN kind IN ('ata', 'blind') THEN evaluation_id END AS audit_id,
                   CASE WHEN of_all IS NULL OR of_all = of_these THEN candidates END AS candidates, kind, form_id,
                   interaction_id, evaluator_id AS by_id, week, submitted_at
            FROM ended LEFT JOIN placed ON placed_id = evaluation_id
            WHERE bucket IN ('UNMATCHED_AUDITOR', 'AMBIGUOUS', 'EXCLUDED', 'VOIDED', 'REFERENCE_UNUSED')
              AND CASE WHEN of_all IS NULL THEN {place} ELSE of_these > 0 END
              AND {scope.of_evaluations(scene, replace(ask, where=others))}
            UNION ALL
            SELECT pair_id, 'NOT_COMPARABLE', reason, auditee_evaluation_id, auditor_evaluation_id, NULL, auditor_kind,
                   form_id, interaction_id, auditor_id, week, auditor_submitted_at
            FROM audited WHERE outcome = 'NOT_COMPARABLE' AND {keep}
            UNION ALL
            SELECT pair_id || '|score', 'SCORE_MISMATCH',
                   CASE WHEN f.reason = g.reason THEN f.reason ELSE nullif(concat_ws(', ', f.reason, g.reason), '') END,
                   auditee_evaluation_id, auditor_evaluation_id, NULL,
                   auditor_kind, p.form_id, interaction_id, auditor_id, week, auditor_submitted_at
            FROM (SELECT * FROM audited WHERE list_contains(flags, 'SCORE_MISMATCH') AND {keep}) p
            LEFT JOIN score_findings f ON f.evaluation_id = p.auditee_evaluation_id
            LEFT JOIN score_findings g ON g.evaluation_id = p.auditor_evaluation_id
        )
        SELECT o.key, o.what, o.reason, o.evaluation_id, o.audit_id, array_to_string(o.candidates, ', ') AS candidates,
               o.kind, o.form_id AS form, o.interaction_id, o.by_id, n.name AS by_name, o.week, o.submitted_at,
               coalesce(l.url, i.url) AS link
        FROM odd o LEFT JOIN persons n ON n.person_id = o.by_id
        LEFT JOIN (SELECT evaluation_id, min(url) AS url FROM evaluations GROUP BY evaluation_id) l
          ON l.evaluation_id = coalesce(o.audit_id, o.evaluation_id)
        LEFT JOIN interactions i ON i.interaction_id = o.interaction_id
        ORDER BY o.what, o.reason NULLS FIRST, o.week DESC NULLS LAST, o.key""")
    fields = (
        Field(name="key", label="Key", width=230, doc="Identity of the row."),
        Field(name="what", label="What", width=160, tone="outcome", doc="Why it is here, see Definitions."),
        Field(name="reason", label="Reason", width=210, doc="See Definitions."),
        Field(
            name="evaluation_id",
            label="Evaluation",
            width=130,
            doc="The evaluation concerned, or the one an audit names.",
        ),
        Field(name="audit_id", label="Audit", width=130, doc="The audit, where there is one."),
        Field(name="candidates", label="Candidates", width=220, doc="Evaluations that fit an ambiguous audit."),
        Field(name="kind", label="Kind", width=90),
        Field(name="form", label="Form", width=150),
        Field(name="interaction_id", label="Interaction", width=120),
        Field(name="by_id", label="By", width=120, doc="Who made the audit, or the evaluation where there is none."),
        Field(name="by_name", label="Name", width=140, doc="Name of the person."),
        Field(name="week", label="Week", width=80),
        Field(name="submitted_at", label="Submitted", kind="time", width=130),
        Field(
            name="link",
            label="Link",
            width=230,
            doc="Where a person can open the audit, or the evaluation where there is none; else the interaction.",
        ),
    )
    notes = (counted_note(scene),)
    return Report(name="exceptions", title="Exceptions", fields=fields, key="key", rows=rows, notes=notes)
