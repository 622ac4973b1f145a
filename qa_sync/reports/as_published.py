"""Closed weeks as they were published beside what is so now: the headline number then, and what has come since.

An audit counts in the week of the work it judges, so a week that has ended, and was shown to people, still moves: by
late audits, disputes, edits, new rules. What it is held against is the row as it stood at the first publish after its
week had ended. Rows that still say the same show nothing here, as do those of tabs that were not published then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from qa_sync.dashboards.canonical import cells_of
from qa_sync.dashboards.cells import Cell, Field
from qa_sync.reports.grouping import UNASKED
from qa_sync.reports.published import PUBLISHED_BY_ID
from qa_sync.reports.report import Ask, FirstPublished, Inputs, Report, Scene

#: Report → the number of a row that is shown as it was; none where a row holds the same number of several sites.
HEADLINES = {
    "summary": "line_accuracy",
    "evaluators": "line_accuracy",
    "control": "line_accuracy",
    "agreement": "percent_agreement",
    "critical": "sensitivity",
    "trend": "",
}
#: The column of that number, and of what differs since.
PUBLISHED, SINCE = "as_published", "since_published"
_NUMBERS = ("integer", "number", "percent")
#: Counts that follow the pairs, and say nothing beside them.
_SIZES = ("answers", "items", "auditees")

#: The numbers of each row that were others when it was published: (field, was, is).
_Moves = dict[str, list[tuple[Field, Cell, Cell]]]


def beside_published(report: Report, scene: Scene, ask: Ask) -> Report:
    """Return a report by week with the columns ``as_published`` and ``since_published``; any other as it is.

    Rows without a headline have ``since_published`` only.
    """
    headline = HEADLINES.get(report.name)
    if headline is None or "week" not in report.rows.column_names or ask.only:
        return report
    then = first_published(report, scene, ask)
    moved = _moved(report, then)
    made = [_since(then, moved, ZoneInfo(scene.time_zone))]
    at = len(report.fields)
    if headline:
        made.insert(0, _published(report, headline, then, moved))
        # Behind the number itself and its interval.
        ends = (headline, f"{headline}_low", f"{headline}_high")
        at = 1 + max(i for i, f in enumerate(report.fields) if f.name in ends)
    fields = (*report.fields[:at], *(field for field, _ in made), *report.fields[at:])
    columns = {**{name: report.rows[name] for name in report.rows.column_names}, **{f.name: c for f, c in made}}
    trace = report.trace

    def traced(row: Mapping[str, Any], column: str) -> Inputs:
        assert trace is not None  # noqa: S101  (it is of the report that had one)
        return trace(row, headline if column == PUBLISHED else column)

    rows = pa.table({field.name: columns[field.name] for field in fields})
    return replace(report, fields=fields, rows=rows, trace=traced if trace else None)


def _published(report: Report, headline: str, then: Mapping[str, FirstPublished], moved: _Moves) -> tuple[Field, Any]:
    """The headline as it stood, where the row says something else now."""
    own = next(field for field in report.fields if field.name == headline)
    told = PUBLISHED_BY_ID[f"{'summary' if report.name == 'evaluators' else report.name}.{PUBLISHED}"]
    doc = f"{told.formula[0].upper()}{told.formula[1:]}."
    values = [then[key].cells.get(headline) if numbers else None for key, numbers in moved.items()]
    return replace(own, name=PUBLISHED, label=told.name, tone="", doc=doc), pa.array(values, pa.float64())


def _since(then: Mapping[str, FirstPublished], moved: _Moves, zone: ZoneInfo) -> tuple[Field, Any]:
    """When the row was published and what differs since, in words."""
    words = [
        f"{then[key].at.astimezone(zone):%Y-%m-%d}: {_said(then[key], numbers)}" if numbers else None
        for key, numbers in moved.items()
    ]
    field = Field(
        name=SINCE,
        label="Since published",
        width=170,
        doc="When that was, and by how much its counts differ now; empty where the row still says the same.",
    )
    return field, pa.array(words, pa.string())


def first_published(report: Report, scene: Scene, ask: Ask) -> Mapping[str, FirstPublished]:
    """Return the rows of a report as they were first published after their week had ended, by their key."""
    if scene.past is None or not report.rows.num_rows:
        return {}
    keys, weeks = report.rows[report.key].to_pylist(), report.rows["week"].to_pylist()
    ended = {key: end_of(week, scene.time_zone) for key, week in zip(keys, weeks, strict=True) if week is not None}
    return scene.past.first_published(report.name, ask, ended)


def end_of(week: str, zone: str) -> datetime:
    """Return the moment at which an ISO week ends on the local clock of a zone.

    >>> end_of("2026-W53", "Europe/Dublin").isoformat()
    '2027-01-04T00:00:00+00:00'
    """
    year, _, number = week.partition("-W")
    monday = date.fromisocalendar(int(year), int(number), 1) + timedelta(days=7)
    return datetime.combine(monday, time(), ZoneInfo(zone))


def same_rows(name: str, ask: Ask) -> tuple[object, ...]:
    """Return what decides on the numbers of a report: where it is equal, rows of equal keys are the same.

    A filter by what rows are grouped by takes rows away and changes none.
    """
    by = ask.by or UNASKED.get(name, ())
    return by, frozenset((column, value) for column, value in ask.where.items() if column not in by), ask.audience


def _moved(report: Report, then: Mapping[str, FirstPublished]) -> _Moves:
    """Return for each row, in order, its numbers that were others then; ends of intervals follow them."""
    fields = [f for f in report.fields if f.kind in _NUMBERS and not f.name.endswith(("_low", "_high"))]
    now = {f.name: cells_of(report.rows[f.name], f.kind) for f in fields}
    found: _Moves = {}
    for at, key in enumerate(report.rows[report.key].to_pylist()):
        first = then.get(key)
        was = first.cells if first else {}
        # Of a row that was not there, everything is new.
        shown = fields if first and not was else [f for f in fields if f.name in was]
        both = ((f, was.get(f.name), now[f.name][at]) for f in shown)
        found[key] = [one for one in both if one[1] != one[2]]
    return found


def _said(first: FirstPublished, moved: Sequence[tuple[Field, Cell, Cell]]) -> str:
    """What differs, in words: counts by how much; without any, the names of the numbers."""
    if not first.cells:
        return "not shown then"
    counts = [
        f"{field.label} {'+' if is_ > was else '−'}{abs(is_ - was):,.0f}"
        for field, was, is_ in moved
        if field.kind == "integer" and field.name not in _SIZES and isinstance(was, float) and isinstance(is_, float)
    ]
    return ", ".join(counts) or f"other answers or rules ({', '.join(field.label for field, _, _ in moved)})"
