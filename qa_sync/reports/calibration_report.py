"""Calibration: do people who score the same thing agree, with each other and with what was agreed? Late ones count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import ItemRatings, alpha_interval, line_item_accuracy, many_rater_agreement
from qa_sync.agreement.estimate import Estimate
from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, number, selected, text
from qa_sync.reports.grouping import INTERACTION_COLUMNS, Grouping, groupings
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_KNOWN = frozenset({"site", "site_kind", "team", "week", "form", "queue", *INTERACTION_COLUMNS})
_SESSION = Grouping(
    name="session", sql="session_id", field=Field(name="session", label="Session", width=110, doc="Session.")
)
_LATE = "Late scores count: leaving out every session with a latecomer would keep the tidy sessions only."


def calibration(scene: Scene, ask: Ask) -> Report:
    """Each criterion over all calibration sessions: alpha, AC2, and agreement with what the session agreed."""
    assemble.allowed("calibration", ask.by, _KNOWN | {"session"})
    assemble.allowed("calibration", list(ask.where), _KNOWN)
    by = [_own("form", "form_id", "Form"), _own("criterion", "criterion_key", "Criterion")]
    by += [_SESSION] if "session" in ask.by else []
    by += groupings(scene.engine, [name for name in ask.by if name not in ("form", "session")])
    scene.engine.table(
        "calibrated",
        f"""
        SELECT a.criterion_key, a.level, c.agrees, c.treatment, r.*, s.is_ordered, s.levels
        FROM calibration_answers a
        JOIN (SELECT * FROM taken_part WHERE NOT is_baseline AND {scope.of_evaluations(scene, ask)}) r
             ON r.session_id = a.session_id AND r.evaluation_id = a.evaluation_id
        LEFT JOIN other_comparisons c ON c.pair_id = r.pair_id AND c.criterion_key = a.criterion_key
        LEFT JOIN (SELECT o.form_id, o.form_version, o.criterion_key, max(o.level) + 1 AS levels,
                          bool_and(coalesce(f.scale <> 'nominal' AND f.higher_is <> 'neutral', false)) AS is_ordered
                   FROM options o LEFT JOIN forms f ON f.form_id = o.form_id AND f.form_version = o.form_version
                   GROUP BY o.form_id, o.form_version, o.criterion_key) s
             ON s.form_id = a.form_id AND s.form_version = a.form_version AND s.criterion_key = a.criterion_key
        WHERE NOT a.is_baseline""",
    )
    keys, names = selected(by)
    groups = scene.engine.fetch(f"""
        SELECT {keys}, count(DISTINCT session_id) AS sessions, count(level) AS ratings, max(levels) AS levels,
               coalesce(bool_and(is_ordered), false) AS is_ordered,
               sum(CASE WHEN treatment IS NOT NULL AND treatment <> 'missing' THEN 1 ELSE 0 END) AS compared,
               row_number() OVER (ORDER BY {names}) - 1 AS grp
        FROM calibrated GROUP BY {names} ORDER BY grp""")
    columns = [
        *number("calibration.sessions", floats(groups, "sessions"), width=70),
        *number("calibration.ratings", floats(groups, "ratings"), width=70),
        *_reliability(scene, by, groups),
        *number("calibration.compared", floats(groups, "compared")),
        *_as_agreed(scene, by, groups),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        own = lineage.of_evaluations("calibrated", group, role="participant")
        if not column.startswith(("agreed", "compared")):
            return Inputs(sql=own)
        return Inputs(sql=f"{own} UNION ALL {_baselines(group)}")

    return assemble.report(
        "calibration", "Calibration by criterion", by, groups, columns, notes=_notes(scene), trace=trace
    )


def _notes(scene: Scene) -> tuple[str, ...]:
    weeks = f"Weeks are ISO weeks of {scene.time_zone}, by when a session was opened (else scored, else due)."
    return (_LATE, weeks)


def _baselines(group: str) -> str:
    """What was agreed in the sessions of a group."""
    return f"""
        SELECT evaluation_id, 'agreed' AS role, CAST(NULL AS VARCHAR) AS pair_id, payload_hash FROM taken_part
        WHERE is_baseline AND session_id IN (SELECT session_id FROM calibrated WHERE {group})"""


def _own(name: str, sql: str, label: str) -> Grouping:
    doc = "Evaluation form." if name == "form" else "Criterion of the form."
    return Grouping(name=name, sql=sql, field=Field(name=name, label=label, width=170, doc=doc))


def _numbered(relation: str, by: list[Grouping]) -> str:
    """A relation with the number of each row's group, as the groups sorted by what they are grouped by are counted."""
    order = ", ".join(f"({g.sql})" for g in by)
    return f"(SELECT *, dense_rank() OVER (ORDER BY {order}) - 1 AS grp FROM {relation})"


def _reliability(scene: Scene, by: list[Grouping], groups: pa.Table) -> list[assemble.Column]:
    """Alpha and AC2 of each criterion: raters per session and level, one table a criterion."""
    cells = scene.engine.fetch(f"""
        SELECT r.grp, r.session_id, r.level, count(*) AS n FROM {_numbered("calibrated", by)} r
        WHERE r.level IS NOT NULL GROUP BY ALL ORDER BY ALL""")
    group = cells["grp"].to_numpy()
    sessions = np.array(cells["session_id"].to_pylist(), dtype=object)
    level, n = cells["level"].to_numpy(), cells["n"].to_numpy()
    sizes, ordered = groups["levels"].to_pylist(), groups["is_ordered"].to_pylist()
    alphas: list[Estimate] = []
    ac2s: list[Estimate] = []
    for at in range(groups.num_rows):
        mine = group == at
        found, place = np.unique(sessions[mine].astype(str), return_inverse=True)
        counts = np.zeros((len(found), int(sizes[at] or 1)))
        np.add.at(counts, (place, level[mine].astype(np.intp)), n[mine])
        ratings = ItemRatings.of_counts(counts)
        alphas.append(alpha_interval(ratings, metric="ordinal" if ordered[at] else "nominal", method="jackknife"))
        ac2s.append(many_rater_agreement(ratings, "gwet_ac", "ordinal" if ordered[at] else "identity"))
    why = [alpha.reason or ac2.reason for alpha, ac2 in zip(alphas, ac2s, strict=True)]
    return [
        *_estimates("calibration.alpha", alphas),
        *_estimates("calibration.ac2", ac2s),
        text("undefined", "Why empty", why, "Why alpha, AC2 or an interval has no value.", width=230),
    ]


def _estimates(metric: str, found: list[Estimate]) -> list[assemble.Column]:
    # An interval from the replicates that happened to be defined is too narrow to show.
    ends = [(None, None) if one.reason else (one.lower, one.upper) for one in found]
    cells = [[one.value, *end] for one, end in zip(found, ends, strict=True)]
    table = np.array(cells, dtype=np.float64).reshape(len(found), 3)
    return number(metric, table[:, 0], low=table[:, 1], high=table[:, 2])


def _as_agreed(scene: Scene, by: list[Grouping], groups: pa.Table) -> list[assemble.Column]:
    """Answers equal to what was agreed; the session is the cluster."""
    found = scene.engine.fetch(f"""
        SELECT r.grp, r.session_id, sum(CASE WHEN r.agrees THEN 1 ELSE 0 END) AS x, count(*) AS m
        FROM {_numbered("calibrated", by)} r
        WHERE r.treatment IS NOT NULL AND r.treatment <> 'missing' GROUP BY ALL ORDER BY ALL""")
    batch = line_item_accuracy(floats(found, "x"), floats(found, "m"), found["grp"].to_numpy(), groups.num_rows)
    return estimated("calibration.agreed", batch, tone="share")


def sessions(scene: Scene, ask: Ask) -> Report:
    """Each calibration session: who came, in time or late, and how far from what was agreed."""
    assemble.allowed("sessions", [*ask.by, *ask.where], _KNOWN)
    opened = Grouping(
        name="week", sql="week", field=Field(name="week", label="Week", width=80, doc="ISO week of the opening.")
    )
    by = [_SESSION, opened, *(g for g in groupings(scene.engine, ask.by) if g.name != "week")]
    scene.engine.table(
        "session_rows",
        f"""
        SELECT t.*, abs(coalesce(t.delta_raw, t.delta)) * u.points AS apart
        FROM (SELECT * FROM taken_part WHERE {_limited(scene, ask)}) t
        LEFT JOIN form_units u ON u.form_id = t.form_id AND u.form_version = t.form_version""",
    )
    keys, names = selected(by)
    groups = scene.engine.fetch(f"""
        SELECT {keys}, count(*) AS invited, sum(CASE WHEN status = 'done' THEN 1 ELSE 0 END) AS done,
               sum(CASE WHEN status = 'late' THEN 1 ELSE 0 END) AS late,
               sum(CASE WHEN status IN ('absent', 'invited') THEN 1 ELSE 0 END) AS missing,
               sum(items_compared) AS compared, sum(items_agree) AS agree,
               CAST(sum(CAST(apart AS DECIMAL(38, 15))) AS DOUBLE) / count(apart) AS deviation,
               row_number() OVER (ORDER BY {names}) - 1 AS grp
        FROM session_rows WHERE NOT is_baseline GROUP BY {names} ORDER BY grp""")
    rows = scene.engine.fetch(f"""
        SELECT r.grp, r.items_agree AS x, r.items_compared AS m
        FROM {_numbered("(SELECT * FROM session_rows WHERE NOT is_baseline)", by)} r
        WHERE r.items_compared > 0 ORDER BY r.grp, r.evaluation_id""")
    batch = line_item_accuracy(floats(rows, "x"), floats(rows, "m"), rows["grp"].to_numpy(), groups.num_rows)
    invited, missing = floats(groups, "invited"), floats(groups, "missing")
    columns = [
        *number("sessions.invited", invited, width=65),
        *number("sessions.done", floats(groups, "done"), width=65),
        *number("sessions.late", floats(groups, "late"), width=65),
        *number("sessions.missing", missing, width=65),
        *number("sessions.completion", (invited - missing) / invited, tone="bar"),
        *number("sessions.compared", floats(groups, "compared")),
        *estimated("sessions.agreed", batch, tone="share"),
        *number("sessions.deviation", floats(groups, "deviation")),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        own = lineage.of_evaluations("session_rows", f"NOT is_baseline AND evaluation_id IS NOT NULL AND {group}")
        if column not in ("compared", "deviation") and not column.startswith("agreed"):
            return Inputs(sql=own)
        session = f"is_baseline AND session_id = {lineage.text(row['session'])}"
        return Inputs(sql=f"{own} UNION ALL {lineage.of_evaluations('taken_part', session, role='agreed')}")

    return assemble.report("sessions", "Calibration sessions", by, groups, columns, notes=_notes(scene), trace=trace)


def _limited(scene: Scene, ask: Ask) -> str:
    """Somebody who did not come has no evaluation, and is part of a session all the same."""
    kept = scope.of_evaluations(scene, Ask(where=ask.where))
    return f"{kept} AND (evaluation_id IS NULL OR {scope.limited(ask, 'evaluation_id')})"
