"""Action labels: who enforces too much, too little, or wrongly, on forms whose options are actions by severity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_sync.agreement import proportion
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, number, selected
from qa_sync.reports.grouping import groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.notes import told
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_ERRORS = {
    "over": "auditee_level > 0 AND auditor_level = 0",
    "under": "auditee_level = 0 AND auditor_level > 0",
    "wrong_selection": "auditee_level > 0 AND auditor_level > 0 AND auditee_level <> auditor_level",
}


def actions(scene: Scene, ask: Ask) -> Report:
    """Over-enforcement, under-enforcement and wrong selection, on forms whose options grow in severity."""
    by = groupings(scene.engine, ask.by or ("form",))
    asked = [*(g.name for g in by), *ask.where]
    scene.engine.table(
        "action_rows",
        f"""
        SELECT p.*, c.auditee_level, c.auditor_level
        FROM (SELECT * FROM measured WHERE {counted(asked)} AND higher_is = 'more_severe'
              AND {scope.of_pairs(scene, ask)}) p
        JOIN (SELECT pair_id, auditee_level, auditor_level FROM comparisons
              WHERE treatment = 'value' AND auditee_level IS NOT NULL AND auditor_level IS NOT NULL) c
          ON c.pair_id = p.pair_id""",
    )
    chosen, names = selected(by)
    sums = ", ".join(f"sum(CASE WHEN {test} THEN 1 ELSE 0 END) AS {name}" for name, test in _ERRORS.items())
    groups = scene.engine.fetch(f"SELECT {chosen}, count(*) AS n, {sums} FROM action_rows GROUP BY {names}")
    n = floats(groups, "n")
    columns = [*number("actions.answers", n, width=70)]
    for name in _ERRORS:
        columns += estimated(f"actions.{name}", proportion(floats(groups, name), n), hidden=n < scene.n_min)

    def trace(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (all columns are made of the same pairs)
        return Inputs(sql=lineage.of_pairs("action_rows", lineage.same_group(by, row)))

    notes = ("The lowest option of a form is 'no action'; every other one is an action.", *told(scene, asked))
    return assemble.report(
        "actions", "Actions: too many, too few, the wrong ones", by, groups, columns, notes=notes, trace=trace
    )
