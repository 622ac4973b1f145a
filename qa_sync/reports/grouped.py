"""Reports with one row a group of pairs: summary, evaluators, queues, forms, weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.grouping import UNASKED, Grouping, groupings
from qa_sync.reports.measures import COUNTS, MEASURES, conclude, count_groups, counted, finite
from qa_sync.reports.naming import names_of
from qa_sync.reports.notes import told
from qa_sync.reports.population import POPULATION_FIELDS, is_known, population
from qa_sync.reports.report import Ask, Inputs, Report, Scene


def summary(scene: Scene, ask: Ask) -> Report:
    """Agreement by site and week (or any other grouping): what a head of quality reads first."""
    by = groupings(scene.engine, ask.by or UNASKED["summary"])
    return _grouped(scene, ask, by, name="summary", title="Agreement of auditees with auditors")


def evaluators(scene: Scene, ask: Ask) -> Report:
    """One row an audited evaluator: where they stand, with honest intervals and no rank."""
    by = groupings(scene.engine, ask.by or UNASKED["evaluators"])
    return _grouped(scene, ask, by, name="evaluators", title="Evaluators as their audits see them", named="auditee")


def _grouped(
    scene: Scene,
    ask: Ask,
    by: Sequence[Grouping],
    *,
    name: str,
    title: str,
    named: str = "",
) -> Report:
    keep = scope.of_pairs(scene, ask)
    asked = [*(g.name for g in by), *ask.where]
    counts = count_groups(scene, by, keep, pairs_that_count=counted(asked))
    made: dict[str, pa.Array | pa.ChunkedArray] = {g.name: counts[g.name].cast(pa.string()) for g in by}
    key = assemble.keys([made[g.name] for g in by], counts.num_rows)
    measures = conclude(counts, scene)
    made = {"key": key, **made}
    fields = [
        assemble.key_field(by),
        *(g.field for g in by),
    ]
    if named in made:
        made["name"] = pa.array(names_of(scene, counts[named].to_pylist()), pa.string())
        fields.insert(2, Field(name="name", label="Name", width=150, doc="Name of the person."))
    made["pairs"] = counts["pairs"].cast(pa.int64())
    covered, population_notes = population(scene, by, ask, counts)
    made |= covered
    if covered:
        measures |= finite(measures, counts, covered["evaluations"], scene.n_min)
    fields += [MEASURES[0], *(POPULATION_FIELDS if covered else ()), *MEASURES[1:]]
    made |= measures
    rows = pa.table({f.name: made[f.name] for f in fields})
    rows = rows.take(
        pc.sort_indices(rows, sort_keys=[(g.name, _direction(g.name)) for g in by] or [("key", "ascending")])
    )
    notes = (
        *told(scene, asked),
        *population_notes,
    )

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        return _inputs(scene, ask, by, row, column)

    return Report(name=name, title=title, fields=tuple(fields), key="key", rows=rows, notes=notes, trace=trace)


def _inputs(scene: Scene, ask: Ask, by: Sequence[Grouping], row: Mapping[str, Any], column: str) -> Inputs:
    """The pairs of a group; for a count of a class its pairs only; for N, all evaluations that could be audited."""
    group = lineage.same_group(by, row)
    asked = [*(g.name for g in by), *ask.where]
    kept = f"{counted(asked)} AND {scope.of_pairs(scene, ask)} AND {group}"
    of_pairs = lineage.of_pairs("measured", kept)
    if column in COUNTS:
        counted_here = lineage.of_pairs("measured", f"{kept} AND {COUNTS[column]}")
        return Inputs(sql=counted_here, population=of_pairs, borrowed=lineage.OTHERS)
    is_end = column.endswith(("_low", "_high"))
    if column not in ("evaluations", "coverage") and not (is_end and is_known(scene, by, ask)):
        return Inputs(sql=of_pairs)
    whole = lineage.of_evaluations("auditees", f"{scope.of_evaluations(scene, ask)} AND {group}")
    if column == "coverage":
        return Inputs(sql=f"{whole} UNION ALL {of_pairs}")
    if is_end:
        return Inputs(sql=of_pairs, population=whole, borrowed="the evaluations that the audits were drawn from (N)")
    return Inputs(sql=whole, population=of_pairs, borrowed="the audits for which the row is shown at all")


def _direction(name: str) -> str:
    return "descending" if name == "week" else "ascending"
