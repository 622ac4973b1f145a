"""Where two people differ, answer by answer; and which answers are mistaken for which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.notes import counted_note, told
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: Treatments in which two answers differ.
_DIFFER = "c.agrees IS FALSE AND c.treatment IN ('value', 'applicability_disagreement')"


def disagreements(scene: Scene, ask: Ask) -> Report:
    """Every criterion that auditee and auditor answered differently: both answers, reasons, comments, link."""
    # Comments are other people's words: auditees get reasons, which are codes, and never comments.
    comments = scene.audience == ""
    said = "x.comment" if comments else "CAST(NULL AS VARCHAR)"
    scene.engine.table(
        "disagreement_rows",
        f"""
        SELECT p.*, c.criterion_key, coalesce(c.criterion_label, c.criterion_key) AS criterion, c.position,
               coalesce(c.auditee_option, CAST(c.auditee_points AS VARCHAR), c.auditee_state) AS auditee_answer,
               coalesce(c.auditor_option, CAST(c.auditor_points AS VARCHAR), c.auditor_state) AS auditor_answer,
               c.delta AS item_delta, c.critical_class
        FROM (SELECT * FROM measured WHERE basis = 'original' AND {scope.of_pairs(scene, ask)}) p
        JOIN comparisons c ON c.pair_id = p.pair_id
        WHERE {_DIFFER}""",
    )
    for side in ("auditee", "auditor"):
        scene.engine.table(
            f"{side}_said",
            f"""
            SELECT DISTINCT x.evaluation_id, x.criterion_key, array_to_string(x.reasons, ', ') AS reasons,
                   {said} AS comment
            FROM answers_history x
            JOIN disagreement_rows d ON d.{side}_evaluation_id = x.evaluation_id
                 AND d.{side}_payload_hash = x.payload_hash AND d.criterion_key = x.criterion_key
            WHERE NOT x.deleted""",
        )
    rows = scene.engine.fetch("""
        SELECT d.pair_id || '|' || d.criterion_key AS key, d.week, d.site, d.queue, d.form_id AS form, d.criterion,
               d.critical_class, d.auditee_answer, d.auditor_answer, d.item_delta AS delta, d.outcome,
               max(a.reasons) AS auditee_reasons, max(b.reasons) AS auditor_reasons,
               max(a.comment) AS auditee_comment, max(b.comment) AS auditor_comment,
               d.auditee_id, n.name AS auditee_name, d.auditor_id, m.name AS auditor_name, d.interaction_id,
               max(e.url) AS link, max(i.url) AS interaction_link, d.auditee_evaluation_id, d.auditor_evaluation_id
        FROM disagreement_rows d
        LEFT JOIN auditee_said a ON a.evaluation_id = d.auditee_evaluation_id AND a.criterion_key = d.criterion_key
        LEFT JOIN auditor_said b ON b.evaluation_id = d.auditor_evaluation_id AND b.criterion_key = d.criterion_key
        LEFT JOIN persons n ON n.person_id = d.auditee_id LEFT JOIN persons m ON m.person_id = d.auditor_id
        LEFT JOIN evaluations e ON e.evaluation_id = d.auditee_evaluation_id
        LEFT JOIN interactions i ON i.interaction_id = d.interaction_id
        GROUP BY ALL
        ORDER BY d.week DESC NULLS LAST, d.site NULLS LAST, key""")
    fields = (
        Field(name="key", label="Key", width=290, doc="Pair | criterion."),
        Field(name="week", label="Week", width=80, doc="ISO week of the event that counts."),
        Field(name="site", label="Site", width=110, doc="Site of the evaluator on the day that counts."),
        Field(name="queue", label="Queue", width=120, doc="Queue of the interaction."),
        Field(name="form", label="Form", width=150, doc="Evaluation form."),
        Field(name="criterion", label="Criterion", width=220, doc="Criterion, as the auditor's form words it."),
        Field(name="critical_class", label="Critical", width=90, doc="Whose harm a failure is, where it is critical."),
        Field(name="auditee_answer", label="Evaluator's answer", width=140, doc="Option, else points, else state."),
        Field(name="auditor_answer", label="Auditor's answer", width=140, doc="Option, else points, else state."),
        Field(
            name="delta",
            label="Δ",
            kind="number",
            width=65,
            doc="Auditee's points - auditor's; levels where the form has no points.",
        ),
        Field(name="outcome", label="Outcome", width=250, tone="outcome", doc="Class of the whole pair."),
        Field(name="auditee_reasons", label="Evaluator's reasons", width=160, doc="Reason codes of the answer."),
        Field(name="auditor_reasons", label="Auditor's reasons", width=160, doc="Reason codes of the answer."),
        Field(
            name="auditee_comment",
            label="Evaluator's comment",
            width=240,
            doc="Comment, where the workspace keeps comments; never for auditees.",
        ),
        Field(
            name="auditor_comment",
            label="Auditor's comment",
            width=240,
            doc="Comment, where the workspace keeps comments; never for auditees.",
        ),
        Field(name="auditee_id", label="Evaluator", width=120, doc="Who was audited."),
        Field(name="auditee_name", label="Evaluator's name", width=140, doc="Their name."),
        Field(name="auditor_id", label="Auditor", width=120, doc="Who audited."),
        Field(name="auditor_name", label="Auditor's name", width=140, doc="Their name."),
        Field(name="interaction_id", label="Interaction", width=120, doc="The interaction that was judged."),
        Field(name="link", label="Link", width=200, doc="Where the evaluation can be opened."),
        Field(
            name="interaction_link", label="Interaction's link", width=200, doc="Where the interaction can be opened."
        ),
        Field(name="auditee_evaluation_id", label="Evaluation", width=130, doc="The evaluation."),
        Field(name="auditor_evaluation_id", label="Audit", width=130, doc="The audit."),
    )

    def trace(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (every trace is asked the same way)
        return Inputs(
            sql=lineage.of_pairs("disagreement_rows", f"pair_id || '|' || criterion_key = {lineage.text(row['key'])}")
        )

    same = scene.engine.fetch(
        "SELECT count(DISTINCT pair_id) AS n FROM disagreement_rows WHERE outcome = 'SAME_SCORE_DIFFERENT_ITEMS'"
    )["n"][0].as_py()
    notes = (
        f"{same:,} pairs have equal scores and different answers: see SAME_SCORE_DIFFERENT_ITEMS.",
        counted_note(scene),
    )
    return Report(
        name="disagreements",
        title="Disagreements, answer by answer",
        fields=fields,
        key="key",
        rows=rows.select([f.name for f in fields]),
        notes=notes,
        trace=trace,
    )


def _own(name: str, sql: str, label: str, doc: str) -> Grouping:
    return Grouping(name=name, sql=sql, field=Field(name=name, label=label, width=150, doc=doc))


def confusion(scene: Scene, ask: Ask) -> Report:
    """Which answers auditees give where auditors give which, criterion by criterion: the cells of agreement."""
    by = [
        _own("form", "form_id", "Form", "Evaluation form."),
        _own("criterion", "criterion_key", "Criterion", "Criterion of the form."),
        *(g for g in groupings(scene.engine, ask.by) if g.name != "form"),
    ]
    cells = [
        _own("auditee_answer", "auditee_option", "Evaluator's answer", "Option that the auditee chose."),
        _own("auditor_answer", "auditor_option", "Auditor's answer", "Option that the auditor chose."),
    ]
    asked = [*ask.by, *ask.where]
    scene.engine.table(
        "confusion_rows",
        f"""
        SELECT p.*, c.criterion_key, c.auditee_option, c.auditor_option
        FROM (SELECT * FROM measured WHERE {counted(asked)} AND {scope.of_pairs(scene, ask)}) p
        JOIN comparisons c ON c.pair_id = p.pair_id
        WHERE c.treatment = 'value' AND c.auditee_option IS NOT NULL AND c.auditor_option IS NOT NULL""",
    )
    keys, names = assemble.selected([*by, *cells])
    own = ", ".join(f'"{g.name}"' for g in by)
    groups = scene.engine.fetch(f"""
        WITH counted AS (SELECT {keys}, count(*) AS answers FROM confusion_rows GROUP BY {names})
        SELECT *, sum(answers) OVER (PARTITION BY {own}, "auditor_answer") AS of_auditor,
               sum(answers) OVER (PARTITION BY {own}) AS pairs
        FROM counted""")
    answers = floats(groups, "answers")
    columns = [
        *number("confusion.answers", answers),
        *number("confusion.of_auditor", answers / floats(groups, "of_auditor")),
        *number("confusion.pairs", floats(groups, "pairs"), width=65),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        cell = lineage.of_pairs("confusion_rows", f"{group} AND {lineage.same_group(cells, row)}")
        whole = lineage.of_pairs("confusion_rows", group)
        if column == "pairs":
            return Inputs(sql=whole)
        of_auditor = lineage.of_pairs("confusion_rows", f"{group} AND {lineage.same_group(cells[1:], row)}")
        return Inputs(sql=cell, population=of_auditor, borrowed="all pairs with this answer of the auditor")

    return assemble.report(
        "confusion",
        "Which answers are mistaken for which",
        [*by, *cells],
        groups,
        columns,
        notes=told(scene, asked),
        trace=trace,
    )
