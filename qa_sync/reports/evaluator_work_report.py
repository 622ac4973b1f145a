"""Audits on a form of their own that judge the evaluator: their score or word is the result, beside the pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import differences, proportion
from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, keys, number, selected, text
from qa_sync.reports.audience import mask
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.naming import name_column
from qa_sync.reports.notes import counted_note
from qa_sync.reports.report import Ask, Inputs, Report, Scene
from qa_sync.reports.scenery import PEOPLE

_OWN = frozenset(
    {"all", "site", "site_kind", "team", "queue", "form", "form_version", "week", "auditee", "auditor", "agent"}
)
_RESULT = Grouping(
    name="result",
    sql="outcome_label",
    field=Field(name="result", label="Result", width=130, doc="Result in words, where the form has them."),
)
#: Columns that count some of a row's audits, by their condition.
_PARTS = {
    "linked": "is_linked",
    "scored": "score IS NOT NULL",
    "score": "score IS NOT NULL",
    "failed": "is_auto_failed",
    "passed": "is_passed IS NOT NULL",
}


def evaluator_work(scene: Scene, ask: Ask) -> Report:
    """Audits that judge the evaluator on a form of their own: how many, mean score, passed, results in words."""
    assemble.allowed("evaluator_work", ask.by, _OWN | {"result"})
    assemble.allowed("evaluator_work", list(ask.where), _OWN)
    by = groupings(scene.engine, [name for name in ask.by or ("form", "auditee") if name != "result"])
    by += [_RESULT] if "result" in ask.by else []
    people = ", ".join(f"{mask(scene, f'w.{column}')} AS {column}" for column in PEOPLE)
    scene.engine.table(
        "work_rows",
        f"""
        SELECT * FROM (SELECT w.* EXCLUDE ({", ".join(PEOPLE)}), {people} FROM evaluator_work w) x
        WHERE {scope.of_evaluations(scene, ask)}""",
    )
    chosen, names = selected(by)
    parts = ", ".join(f"{_count(_PARTS[name])} AS {name}" for name in ("linked", "scored", "failed", "passed"))
    groups = scene.engine.fetch(f"""
        SELECT {chosen}, count(*) AS audits, {parts}, {_count("is_passed")} AS good,
               count(DISTINCT form_id || '|' || form_version) AS scales
        FROM work_rows GROUP BY {names}""")
    listed = [g.name for g in by]
    height = groups.num_rows
    place = {key: at for at, key in enumerate(keys([groups[name] for name in listed], height).to_pylist())}
    rows = scene.engine.fetch(f"SELECT {chosen}, score, outcome_label FROM work_rows ORDER BY evaluation_id")
    own = keys([rows[name] for name in listed], rows.num_rows).to_pylist()
    code = np.array([place[key] for key in own], dtype=np.intp)
    mean = differences(floats(rows, "score"), code, height).bias
    # A mean over forms with scales of their own says nothing.
    mixed = floats(groups, "scales") > 1
    low, high = (np.where(mixed, np.nan, end) for end in (mean.lower, mean.upper))
    audits, judged = floats(groups, "audits"), floats(groups, "passed")
    passed = proportion(floats(groups, "good"), judged, empty="no form here has a pass mark")
    columns = [
        *name_column(scene, groups, "auditee" if "auditee" in listed else "auditor"),
        *number("evaluator_work.audits", audits, width=65),
        *number("evaluator_work.linked", floats(groups, "linked"), width=65),
        *number("evaluator_work.scored", floats(groups, "scored"), width=65),
        *number("evaluator_work.score", mean.value, low=low, high=high, hidden=mixed | (mean.n < scene.n_min)),
        *estimated("evaluator_work.passed", passed, hidden=judged < scene.n_min, tone="share"),
        *number("evaluator_work.failed", floats(groups, "failed"), width=75),
        text("words", "Results", _words(rows, code, height), "Results in words, the most frequent first.", width=250),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        whole = lineage.of_evaluations("work_rows", group, role="auditor")
        part = _PARTS.get(column.removesuffix("_low").removesuffix("_high"))
        if not part:
            return Inputs(sql=whole)
        own = lineage.of_evaluations("work_rows", f"{group} AND {part}", role="auditor")
        return Inputs(sql=own, population=whole, borrowed="the other audits of the row")

    notes = (
        "These audits judge the evaluator, with a form of their own: nothing of them is compared with the form they "
        "are about, and none is among the pairs. Scores are of their forms; a mean over several forms is left out.",
        f"Rates and means of fewer than {scene.n_min} are left out; their intervals stand.",
        counted_note(scene),
    )
    return assemble.report(
        "evaluator_work", "Audits that judge the evaluator", by, groups, columns, notes=notes, trace=trace
    )


def _words(rows: pa.Table, code: np.ndarray, height: int) -> list[str]:
    """How often each result was given in words, of each group."""
    counts: list[dict[str, int]] = [{} for _ in range(height)]
    for at, word in zip(code.tolist(), rows["outcome_label"].to_pylist(), strict=True):
        if word is not None:
            counts[at][word] = counts[at].get(word, 0) + 1
    ordered = [sorted(one.items(), key=lambda item: (-item[1], item[0])) for one in counts]
    return [", ".join(f"{word} {n:,}" for word, n in one) for one in ordered]


def _count(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"
