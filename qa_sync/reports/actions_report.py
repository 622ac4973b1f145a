"""Action labels: who enforces too much, too little, or wrongly, on forms whose options are actions by severity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number, selected
from qa_sync.reports.grouping import groupings
from qa_sync.reports.measures import clustered, counted
from qa_sync.reports.notes import told
from qa_sync.reports.population import frame_sizes, narrowed, row_factors, with_frame
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
    listed = [g.name for g in by]
    found = {
        name: scene.engine.fetch(_sums(test, chosen, names)).sort_by(_order(listed)) for name, test in _ERRORS.items()
    }
    groups = found["over"]
    n, pairs = floats(groups, "items"), floats(groups, "pairs")
    sizes = frame_sizes(scene, by, ask, f"SELECT {chosen}, form_id, form_version FROM action_rows", listed)
    factor = row_factors(scene, sizes, groups, listed, pairs)
    columns = [*number("actions.pairs", pairs, width=60), *number("actions.answers", n, width=70)]
    for name, sums in found.items():
        share, low, high, _ = clustered(sums, pairs)
        low, high = narrowed(share, low, factor), narrowed(share, high, factor)
        columns += number(f"actions.{name}", share, low=low, high=high, hidden=pairs < scene.n_min)

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        return with_frame(scene, by, ask, column, group, Inputs(sql=lineage.of_pairs("action_rows", group)))

    notes = ("The lowest option of a form is 'no action'; every other one is an action.", *told(scene, asked))
    return assemble.report(
        "actions", "Actions: too many, too few, the wrong ones", by, groups, columns, notes=notes, trace=trace
    )


def _sums(test: str, chosen: str, names: str) -> str:
    """Select what the share of answers of a kind and its interval are made of, the evaluation being the cluster."""
    return f"""
        SELECT {names}, count(*) AS pairs, sum(x) AS items_agree, sum(m) AS items, sum(x * x) AS sxx,
               sum(x * m) AS sxm, sum(m * m) AS smm
        FROM (SELECT {chosen}, pair_id, sum(CASE WHEN {test} THEN 1 ELSE 0 END) AS x, count(*) AS m
              FROM action_rows GROUP BY {names}, pair_id) y GROUP BY {names}"""


def _order(names: list[str]) -> list[tuple[str, str]]:
    return [(name, "ascending") for name in names or ["everything"]]
