"""Line accuracy by week, one column a site: and the chart of it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.dashboards.cells import Chart, Field
from qa_sync.reports import lineage, scope
from qa_sync.reports.grouping import groupings
from qa_sync.reports.measures import COUNTED, conclude, count_groups, counted
from qa_sync.reports.notes import told
from qa_sync.reports.phases import versions_begun
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: More lines than this cannot be told apart.
MOST_SITES = 8
_BEGINS = "begins"


def trend(scene: Scene, ask: Ask) -> Report:
    """Line accuracy by week and site, n beside every number, and where a form's new version begins another line."""
    keep = scope.of_pairs(scene, ask)
    names, left_out = _sites(scene, keep)
    by = groupings(scene.engine, ("site", "week"))
    counts = count_groups(scene, by, keep, pairs_that_count=counted(list(ask.where)))
    measures = conclude(counts, scene)
    cells = {
        (site, week): (value, n)
        for site, week, value, n in zip(
            counts["site"].to_pylist(),
            counts["week"].to_pylist(),
            measures["line_accuracy"].to_pylist(),
            counts["pairs"].to_pylist(),
            strict=True,
        )
    }
    weeks = sorted({week for _, week in cells if week is not None})
    fields = [Field(name="week", label="Week", width=90, doc="ISO week.")]
    columns = {"week": pa.array(weeks, pa.string())}
    for site in names:
        # Named after the site, so that a new site adds columns and moves none.
        name = field_name(site)
        found = [cells.get((site, week), (None, 0)) for week in weeks]
        fields.append(
            Field(
                name=name,
                label=site,
                kind="percent",
                decimals=1,
                width=110,
                tone="share",
                doc=f"Line accuracy of {site}; empty below {scene.n_min} pairs.",
            )
        )
        fields.append(Field(name=f"{name}_n", label=f"{site}: pairs", kind="integer", width=95, doc="Pairs (n)."))
        columns[name] = pa.array([value for value, _ in found], pa.float64())
        columns[f"{name}_n"] = pa.array([n for _, n in found], pa.int64())
    begun = versions_begun(scene)
    fields.append(
        Field(
            name=_BEGINS, label="New version", width=150, doc="Versions of forms that begin: the line is another one."
        )
    )
    columns[_BEGINS] = pa.array([begun.get(week) for week in weeks], pa.string())
    rows = pa.table(columns)
    sites = {name: field_name(name) for name in names}

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        site = next(site for site, field in sites.items() if column in (field, f"{field}_n"))
        group = lineage.same_group(by, {"site": site, "week": row["week"]})
        return Inputs(sql=lineage.of_pairs("measured", f"{counted(list(ask.where))} AND {keep} AND {group}"))

    notes = (*told(scene, list(ask.where)), *left_out)
    return Report(
        name="trend",
        title="Line accuracy by week",
        fields=tuple(fields),
        key="week",
        rows=rows,
        charts=_chart(rows),
        notes=notes,
        trace=trace,
    )


def field_name(site: str) -> str:
    """Return the field of a site: readable, and different for different sites."""
    plain = re.sub(r"[^a-z0-9]+", "_", site.casefold()).strip("_")
    return f"site_{plain}_{hashlib.sha256(site.encode()).hexdigest()[:4]}"


def _chart(rows: pa.Table) -> tuple[Chart, ...]:
    """The chart of the report, from just below its lowest point."""
    series = tuple(name for name in rows.column_names if name not in ("week", _BEGINS) and not name.endswith("_n"))
    lowest = [low for name in series if (low := pc.min(rows[name]).as_py()) is not None]
    if not lowest:
        return ()
    low = max(0, math.floor(min(lowest) * 10 - 0.2)) / 10
    return (
        Chart(
            name="trend",
            title="Line accuracy by week",
            kind="line",
            data="trend",
            x="week",
            series=series,
            percent=True,
            low=low,
            high=1.0,
        ),
    )


def _sites(scene: Scene, keep: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the sites with pairs, sorted, at most MOST_SITES of them, and a note about what is left out."""
    found = scene.engine.fetch(f"""
        SELECT site, count(*) AS n FROM measured WHERE {COUNTED} AND {keep} GROUP BY site ORDER BY n DESC, site""")
    known = [(site, n) for site, n in zip(found["site"].to_pylist(), found["n"].to_pylist(), strict=True) if site]
    missing = sum(found["n"].to_pylist()) - sum(n for _, n in known[:MOST_SITES])
    notes = (f"{missing:,} pairs of further sites, or of none, are not shown.",) if missing else ()
    return sorted(site for site, _ in known[:MOST_SITES]), notes
