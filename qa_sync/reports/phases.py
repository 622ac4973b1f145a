"""Phases of a series of weeks: where a new version of a form begins, what was learnt before holds no longer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qa_sync.reports.grouping import Grouping
from qa_sync.reports.report import Scene


def phases(scene: Scene, series: Sequence[Grouping], weeks: pa.Table) -> NDArray[np.int64]:
    """Return how many new versions of its forms a series had met by each week.

    Args:
        scene: whose view ``shown`` holds the pairs that were counted (``measures.count_groups`` makes it).
        series: what a series is grouped by.
        weeks: the columns of ``series`` and ``week``, one row a series and week, sorted by them.

    Returns:
        One number a row of ``weeks``, from 0, in its order.
    """
    names = [*(g.name for g in series), "week"]
    scene.engine.register("phase_weeks", weeks.select(names))
    keys = "".join(f'{g.sql} AS "{g.name}", ' for g in series)
    own = "".join(f'"{g.name}", ' for g in series)
    match = " AND ".join(f'v."{g.name}" IS NOT DISTINCT FROM w."{g.name}"' for g in series) or "true"
    order = ", ".join(f'w."{name}"' for name in names)
    found = scene.engine.fetch(f"""
        WITH met AS (SELECT {keys}form_id, form_version, min(week) AS since FROM shown GROUP BY ALL),
             later AS (SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY {own}form_id
                           ORDER BY since, form_version) AS nth FROM met) n WHERE nth > 1)
        SELECT {order}, count(v.since) AS phase
        FROM phase_weeks w LEFT JOIN later v ON {match} AND v.since <= w.week
        GROUP BY {order} ORDER BY {", ".join(f'w."{name}" ASC NULLS LAST' for name in names)}""")
    return np.asarray(found["phase"].to_numpy(), dtype=np.int64)


def versions_begun(scene: Scene) -> dict[str, str]:
    """Return, by week, the versions of forms that were first met in it, a form's first version left out.

    Of the pairs in the scene's view ``shown``: before and after such a week a line is not one line.
    """
    found = scene.engine.fetch("""
        SELECT since AS week, string_agg(form_id || ' ' || form_version, ', ' ORDER BY form_id, form_version) AS begun
        FROM (SELECT *, row_number() OVER (PARTITION BY form_id ORDER BY since, form_version) AS nth
              FROM (SELECT form_id, form_version, min(week) AS since FROM shown GROUP BY ALL) met) n
        WHERE nth > 1 AND since IS NOT NULL AND form_version IS NOT NULL GROUP BY since""")
    return dict(zip(found["week"].to_pylist(), found["begun"].to_pylist(), strict=True))
