"""Critical errors: which classes auditees find, which they miss, which they see where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_sync.agreement import proportion
from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, number, selected, text
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.notes import told
from qa_sync.reports.population import frame_sizes, narrower, row_factors, with_frame
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_CLASS = Grouping(
    name="critical_class",
    sql="critical_class",
    field=Field(
        name="critical_class",
        label="Class",
        width=110,
        doc="Whose harm: customer, business or compliance; all of them.",
    ),
)
_ROLES = {
    "auditor_found": "auditor_found",
    "auditee_found": "auditee_found",
    "sensitivity": "auditor_found",
    "precision": "auditee_found",
    "missed": "auditor_found AND NOT auditee_found",
    "falsely": "auditee_found AND NOT auditor_found",
}


def critical(scene: Scene, ask: Ask) -> Report:
    """Critical errors by class: accuracy, how many of the auditor's are found, how many of the auditee's confirmed."""
    of_evaluations = groupings(scene.engine, ask.by)
    by = [_CLASS, *of_evaluations]
    asked = [*ask.by, *ask.where]
    scene.engine.table(
        "critical_rows",
        f"""
        SELECT p.*, c.critical_class, c.auditee_found, c.auditor_found, c.agrees
        FROM (SELECT * FROM measured WHERE {counted(asked)} AND {scope.of_pairs(scene, ask)}) p
        JOIN (SELECT pair_id, critical_class, auditee_found, auditor_found, agrees FROM critical_comparisons
              UNION ALL
              SELECT pair_id, 'all', bool_or(auditee_found), bool_or(auditor_found), bool_and(agrees)
              FROM critical_comparisons GROUP BY pair_id) c ON c.pair_id = p.pair_id""",
    )
    keys, names = selected(by)
    groups = scene.engine.fetch(f"""
        SELECT {keys}, count(*) AS n, {_count("agrees")} AS agreed, {_count("auditor_found")} AS auditor_found,
               {_count("auditee_found")} AS auditee_found, {_count("auditee_found AND auditor_found")} AS both_found,
               {_count("auditor_found AND NOT auditee_found")} AS missed,
               {_count("auditee_found AND NOT auditor_found")} AS falsely
        FROM critical_rows GROUP BY {names}""")
    n, listed = floats(groups, "n"), [g.name for g in by]
    rows = f"SELECT {keys}, form_id, form_version FROM critical_rows"
    factor = row_factors(scene, frame_sizes(scene, of_evaluations, ask, rows, listed), groups, listed, n)
    both, theirs, ours = (floats(groups, name) for name in ("both_found", "auditor_found", "auditee_found"))
    accuracy = proportion(floats(groups, "agreed"), n)
    sensitivity = proportion(both, theirs, empty="the auditor found none")
    precision = proportion(both, ours, empty="the auditee found none")
    why = [
        "; ".join(part for part in (one, other) if part)
        for one, other in zip(sensitivity.reason, precision.reason, strict=True)
    ]
    columns = [
        *number("critical.pairs", n, width=65),
        *estimated("critical.accuracy", narrower(accuracy, factor), hidden=n < scene.n_min, tone="share"),
        *number("critical.auditor_found", theirs),
        *estimated("critical.sensitivity", narrower(sensitivity, factor), hidden=theirs < scene.n_min, tone="share"),
        *number("critical.auditee_found", ours),
        *estimated("critical.precision", narrower(precision, factor), hidden=ours < scene.n_min, tone="share"),
        *number("critical.missed", floats(groups, "missed")),
        *number("critical.falsely", floats(groups, "falsely")),
        text("undefined", "Why empty", why, "Why a rate has no value.", width=220),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        whole = lineage.of_pairs("critical_rows", group)
        part = _ROLES.get(column.removesuffix("_low").removesuffix("_high"))
        own = lineage.of_pairs("critical_rows", f"{group} AND {part}")
        inputs = Inputs(sql=own, population=whole, borrowed=lineage.OTHERS) if part else Inputs(sql=whole)
        return with_frame(scene, of_evaluations, ask, column, lineage.same_group(of_evaluations, row), inputs)

    notes = (
        "Accuracy is the COPC-style definition, assumed: the standard's text was not available.",
        *told(scene, asked),
    )
    return assemble.report(
        "critical", "Critical errors: found, missed, confirmed", by, groups, columns, notes=notes, trace=trace
    )


def _count(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"
