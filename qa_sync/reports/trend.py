"""Line accuracy by week, one column a site: what the chart of the summary is drawn from."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.dashboards.cells import Chart, Field
from qa_sync.reports.grouping import condition, groupings
from qa_sync.reports.measures import COUNTED, conclude, count_groups
from qa_sync.reports.report import Ask, Report, Scene

#: More lines than this cannot be told apart.
MOST_SITES = 8


def trend(scene: Scene, ask: Ask) -> Report:
    """Line accuracy by week and site."""
    names = sites(scene)
    by = groupings(scene.engine, ("site", "week"))
    counts = count_groups(scene, by, condition(scene.engine, ask.where))
    measures = conclude(counts, scene)
    cells = {
        (site, week): value for site, week, value in zip(
            counts["site"].to_pylist(), counts["week"].to_pylist(), measures["line_accuracy"].to_pylist(), strict=True)
    }
    weeks = sorted({week for _, week in cells if week is not None})
    fields = [Field(name="week", label="Week", width=90, doc="ISO week.")]
    columns = {"week": pa.array(weeks, pa.string())}
    for at, site in enumerate(names):
        fields.append(Field(name=f"site_{at}", label=site, kind="percent", decimals=1, width=110, tone="share",
                            doc=f"Line accuracy of {site}; empty below {scene.n_min} pairs."))
        columns[f"site_{at}"] = pa.array([cells.get((site, week)) for week in weeks], pa.float64())
    rows = pa.table(columns)
    return Report(name="trend", title="Line accuracy by week", fields=tuple(fields), key="week", rows=rows,
                  charts=_chart(rows))


def _chart(rows: pa.Table) -> tuple[Chart, ...]:
    """The chart of the report, from just below its lowest point."""
    series = tuple(name for name in rows.column_names if name != "week")
    lowest = [low for name in series if (low := pc.min(rows[name]).as_py()) is not None]
    if not lowest:
        return ()
    low = max(0, math.floor(min(lowest) * 10 - 0.2)) / 10
    return (Chart(name="trend", title="Line accuracy by week", kind="line", data="trend", x="week", series=series,
                  percent=True, low=low, high=1.0),)


def sites(scene: Scene) -> list[str]:
    """Return the sites with pairs, the largest first in case there are too many, then sorted."""
    found = scene.engine.fetch(f"""
        SELECT site, count(*) AS n FROM pairs WHERE {COUNTED} AND site IS NOT NULL GROUP BY site
        ORDER BY n DESC, site LIMIT {MOST_SITES}""")
    return sorted(str(site) for site in found["site"].to_pylist())
