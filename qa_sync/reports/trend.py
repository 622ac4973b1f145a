"""Line accuracy by week, one column a site: what the chart of the summary is drawn from."""

from __future__ import annotations

import pyarrow as pa

from qa_sync.dashboards.cells import Field
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
    return Report(name="trend", title="Line accuracy by week", fields=tuple(fields), key="week", rows=pa.table(columns))


def sites(scene: Scene) -> list[str]:
    """Return the sites with pairs, the largest first in case there are too many, then sorted."""
    found = scene.engine.fetch(f"""
        SELECT site, count(*) AS n FROM pairs WHERE {COUNTED} AND site IS NOT NULL GROUP BY site
        ORDER BY n DESC, site LIMIT {MOST_SITES}""")
    return sorted(str(site) for site in found["site"].to_pylist())
