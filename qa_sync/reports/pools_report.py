"""Site against site, in-house or outsourced: differences with intervals, the case mix, and what both have scored."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import cross_reliability
from qa_sync.agreement.estimate import divide
from qa_sync.dashboards.cells import Field
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number, text
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import conclude, count_groups, counted
from qa_sync.reports.notes import told
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_POOLS = ("site", "site_kind", "team")


def pools(scene: Scene, ask: Ask) -> Report:
    """Each pair of sites (or kinds of site, or teams): how far apart they are, and whether they see the same alike."""
    name = ask.by[0] if ask.by else "site"
    if len(ask.by) > 1 or name not in _POOLS:
        what = "the report pools compares one kind of group"
        raise ConfigError(Problem(what=what, hint=f"group by one of: {', '.join(_POOLS)}"))
    of = groupings(scene.engine, (name,))
    asked = [name, *ask.where]
    keep = f"{scope.of_pairs(scene, ask)} AND {name} IS NOT NULL"
    counts = count_groups(scene, of, keep, pairs_that_count=counted(asked)).sort_by(name)
    made = pa.table(conclude(counts, scene))
    shared = _shared(scene, ask, name)
    both = list(combinations(range(counts.num_rows), 2))
    first, second = (np.array([pair[side] for pair in both], dtype=np.intp) for side in (0, 1))
    places = counts[name].to_pylist()
    names = [(places[a], places[b]) for a, b in both]
    found = [_compared(shared, a, b) for a, b in names]
    table = np.array(found, dtype=np.float64).reshape(len(found), 3)
    n, scored = floats(counts, "pairs"), floats(counts, "leniencies")
    few = np.minimum(n[first], n[second]) < scene.n_min
    few_scored = np.minimum(scored[first], scored[second]) < scene.n_min
    mix = _mix(counts)
    columns = [
        *number("pools.pairs_a", n[first]),
        *number("pools.pairs_b", n[second]),
        *_difference("pools.accuracy", made, "line_accuracy", first, second, few),
        *_difference("pools.leniency", made, "bias", first, second, few_scored),
        *number("pools.defects_a", mix[first]),
        *number("pools.defects_b", mix[second]),
        *number("pools.shared", table[:, 0]),
        *number("pools.shared_agreement", table[:, 1]),
        *number("pools.xrr", table[:, 2]),
        text("undefined", "Why no shared", ["" if n else "no shared items" for n in table[:, 0]], "Why it is empty."),
    ]
    by = [_pool("first", "First"), _pool("second", "Second")]
    groups = pa.table(
        {
            "first": pa.array([a for a, _ in names], pa.string()),
            "second": pa.array([b for _, b in names], pa.string()),
        }
    )

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        sides = {"a": (row["first"],), "b": (row["second"],)}.get(
            column.rpartition("_")[2], (row["first"], row["second"])
        )
        two = f"{name} IN ({lineage.text(row['first'])}, {lineage.text(row['second'])})"
        base = f"{counted(asked)} AND {keep}"
        every = lineage.of_pairs("measured", f"{base} AND {two}")
        if column.startswith(("shared", "xrr")):
            own = lineage.of_evaluations("pool_answers", two, role="participant")
            return Inputs(sql=own, population=every, borrowed="the pairs for which the row is shown at all")
        own = lineage.of_pairs("measured", f"{base} AND {name} IN ({', '.join(lineage.text(one) for one in sides)})")
        return Inputs(sql=own, population=every, borrowed="the pairs for which the row is shown at all")

    notes = (
        "Without shared items a difference may be one of cases and not of people: read the case mix beside it.",
        "Shared items are criteria of calibration sessions. xRR is assumed: not yet checked against its paper.",
        *told(scene, asked),
    )
    return assemble.report("pools", "Site against site", by, groups, columns, notes=notes, trace=trace)


def _pool(name: str, label: str) -> Grouping:
    return Grouping(name=name, sql=name, field=Field(name=name, label=label, width=140, doc=f"The {name} of the two."))


def _difference(
    metric: str, made: pa.Table, name: str, first: np.ndarray, second: np.ndarray, few: np.ndarray
) -> list[assemble.Column]:
    """Difference with an interval from the two intervals (MOVER): neither needs to be symmetric."""
    value, low, high = (floats(made, f"{name}{end}") for end in ("", "_low", "_high"))
    a, b = value[first], value[second]
    lower = a - b - np.sqrt((a - low[first]) ** 2 + (high[second] - b) ** 2)
    upper = a - b + np.sqrt((high[first] - a) ** 2 + (b - low[second]) ** 2)
    return number(metric, a - b, low=lower, high=upper, hidden=few)


def _mix(counts: pa.Table) -> np.ndarray:
    cells = {name: np.nan_to_num(floats(counts, name)) for name in ("d_00", "d_01", "d_10", "d_11")}
    return divide(cells["d_01"] + cells["d_11"], sum(cells.values()))


def _shared(scene: Scene, ask: Ask, name: str) -> dict[str, dict[str, list[int]]]:
    """Answers of calibration sessions as defect or not: pool → item → counts of (no defect, defect)."""
    scene.engine.table(
        "pool_answers",
        f"""
        SELECT t.*, a.criterion_key,
               CASE WHEN a.is_failed THEN 1 WHEN f.higher_is = 'more_severe' AND a.level > 0 THEN 1
                    WHEN f.higher_is = 'better' AND a.level < o.top THEN 1 ELSE 0 END AS defect
        FROM calibration_answers a
        JOIN (SELECT * FROM taken_part WHERE NOT is_baseline AND {scope.of_evaluations(scene, Ask(only=ask.only))}) t
             ON t.session_id = a.session_id AND t.evaluation_id = a.evaluation_id
        JOIN forms f ON f.form_id = a.form_id AND f.form_version = a.form_version AND f.higher_is <> 'neutral'
        JOIN (SELECT form_id, form_version, criterion_key, max(level) AS top FROM options GROUP BY ALL) o
             ON o.form_id = a.form_id AND o.form_version = a.form_version AND o.criterion_key = a.criterion_key
        WHERE NOT a.is_baseline AND a.level IS NOT NULL AND t.{name} IS NOT NULL""",
    )
    rows = scene.engine.fetch(f"""
        SELECT {name} AS pool, session_id || '|' || criterion_key AS item, defect, count(*) AS n
        FROM pool_answers GROUP BY ALL ORDER BY ALL""").to_pylist()
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        found.setdefault(row["pool"], {}).setdefault(row["item"], [0, 0])[row["defect"]] += row["n"]
    return found


def _compared(shared: dict[str, dict[str, list[int]]], a: str, b: str) -> tuple[float, float, float]:
    """Items of both pools, agreement of pairs across, and the cross-replication reliability."""
    mine, theirs = shared.get(a, {}), shared.get(b, {})
    items = sorted(mine.keys() & theirs.keys())
    if not items:
        return 0.0, float("nan"), float("nan")
    made = cross_reliability([mine[item] for item in items], [theirs[item] for item in items])
    nothing = float("nan")
    agreed = nothing if made.observed is None else made.observed
    return float(len(items)), agreed, nothing if made.value is None else made.value
