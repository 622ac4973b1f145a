"""Agreement of all evaluations, and not of those that happened to be audited: every audit weighted by N_h / n_h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import stratified_ratio
from qa_sync.agreement.estimate import divide
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, number, text
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.notes import told
from qa_sync.reports.population import OF_EVALUATIONS
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_STRATA = ("auditee", "queue")


def weighted(scene: Scene, ask: Ask) -> Report:
    """Agreement of all evaluations: audits weighted by evaluator and queue, whoever was audited most."""
    assemble.allowed("weighted", [*ask.by, *ask.where], OF_EVALUATIONS)
    by = groupings(scene.engine, ask.by or ("site",))
    asked = [*(g.name for g in by), *ask.where]
    strata = [*by, *groupings(scene.engine, [name for name in _STRATA if name not in {g.name for g in by}])]
    keep = f"{counted(asked)} AND {scope.of_pairs(scene, ask)}"
    audits, sizes = _gather(scene, strata, keep, scope.of_evaluations(scene, ask))
    names = [g.name for g in by]
    key = assemble.keys([sizes[name] for name in names], sizes.num_rows).to_numpy(zero_copy_only=False).astype(str)
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    count, size, stratum = len(first), floats(sizes, "n"), audits["stratum"].to_numpy().astype(np.intp)
    x, m = floats(audits, "items_agree"), floats(audits, "items_compared")
    accuracy = stratified_ratio(x, m, stratum, size, group, count)
    free = stratified_ratio((x == m).astype(float), np.ones(len(x)), stratum, size, group, count)
    drawn = np.bincount(stratum, minlength=len(size))

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, weights=values, minlength=count).astype(np.float64)

    plain = divide(
        np.bincount(group[stratum], weights=x, minlength=count), np.bincount(group[stratum], weights=m, minlength=count)
    )
    weight = divide(size, drawn)[stratum]
    kish = divide(
        np.bincount(group[stratum], weights=weight**2, minlength=count) * accuracy.n, total(size * (drawn > 0)) ** 2
    )
    small = accuracy.n < scene.n_min
    columns = [
        *number("weighted.evaluations", total(size), width=85),
        *number("weighted.pairs", accuracy.n, width=60),
        *number("weighted.strata", total(np.ones(len(size))), width=60),
        *number("weighted.unaudited", total(drawn == 0), width=80),
        *number("weighted.covered", divide(total(size * (drawn > 0)), total(size)), tone="bar"),
        *number("weighted.plain", plain, hidden=small),
        *estimated("weighted.line_accuracy", accuracy, hidden=small, tone="share"),
        *estimated("weighted.defect_free", free, hidden=small, tone="share"),
        *number("weighted.effect", kish),
        text("undefined", "Why empty", accuracy.reason, "Why there is no value, or no interval.", width=240),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (all columns are made of the same)
        same = lineage.same_group(by, row)
        whole = lineage.of_evaluations("auditees", f"{scope.of_evaluations(scene, ask)} AND {same}")
        return Inputs(
            sql=f"{whole} UNION ALL {lineage.of_pairs('measured', f'{keep} AND {same}')}",
        )

    notes = (
        "Strata are evaluator and queue within each row; one audit speaks for N_h / n_h evaluations. Strata without an "
        "audit are in no number here: 'Covered' says how much the others are of the whole.",
        *told(scene, asked),
    )
    return assemble.report(
        "weighted", "Agreement of all evaluations", by, sizes.take(pa.array(first)), columns, notes=notes, trace=trace
    )


def _gather(scene: Scene, strata: list[Grouping], pairs: str, evaluations: str) -> tuple[pa.Table, pa.Table]:
    """Return the audits with the row number of their stratum, and the strata with their sizes, both sorted."""
    chosen, names = assemble.selected(strata)
    scene.engine.table(
        "strata_sizes",
        f"""
        SELECT *, row_number() OVER (ORDER BY {names}) - 1 AS stratum
        FROM (SELECT {chosen}, count(*) AS n FROM auditees WHERE {evaluations} GROUP BY {names}) x""",
    )
    match = " AND ".join(f's."{g.name}" IS NOT DISTINCT FROM p."{g.name}"' for g in strata)
    audits = scene.engine.fetch(f"""
        SELECT s.stratum, p.items_agree, p.items_compared
        FROM (SELECT {chosen}, pair_id, items_agree, items_compared FROM measured
              WHERE {pairs} AND items_compared > 0) p
        JOIN strata_sizes s ON {match} ORDER BY s.stratum, p.pair_id""")
    return audits, scene.engine.fetch("SELECT * FROM strata_sizes ORDER BY stratum")
