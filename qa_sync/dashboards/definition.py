"""Dashboard definitions: which reports make which tabs, and how they look. YAML that an analyst can read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from qa_sync.dashboards.cells import SERIES_OF, Chart, ChartKind, Field, Input, TabShape
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports.report import Ask, Report
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document

_TAB_KEYS = ("name", "title", "report", "by", "where", "columns", "notes", "audience", "inputs", "charts")
_INPUT_KEYS = ("name", "label", "options", "doc", "width")
_CHART_KEYS = ("name", "title", "kind", "x", "series", "limits", "percent", "low", "high")
_AUDIENCES = ("", "auditees")
_COLUMN_KEYS = ("label", "width", "decimals", "hide", "policy", "link")

_INPUT_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class TabDefinition:
    """One tab: a report, what is asked of it, and changes to the look of its columns (by field name)."""

    name: str
    title: str
    report: str
    ask: Ask = field(default_factory=Ask)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One dashboard."""

    name: str
    title: str
    tabs: tuple[TabDefinition, ...]


def parse(document: Document, *, name: str, reports: Sequence[str]) -> Definition:
    """Return the definition in a YAML document.

    Args:
        document: the file.
        name: the dashboard's name in the workspace.
        reports: names of the reports there are.

    Raises:
        ConfigError: with every problem of the file.
    """
    problems: list[Problem] = []
    data = document.data if isinstance(document.data, dict) else {}
    _unknown(document, (), data, ("version", "title", "tabs"), problems)
    tabs = data.get("tabs")
    if not isinstance(tabs, list) or not tabs:
        problems.append(document.problem(("tabs",), "a dashboard needs a list of tabs"))
        tabs = []
    found = [_tab(document, at, tab, reports, problems) for at, tab in enumerate(tabs)]
    names = [tab.name for tab in found if tab]
    for at, tab in enumerate(found):
        if tab and names.count(tab.name) > 1:
            problems.append(document.problem(("tabs", at, "name"), f"two tabs are called {tab.name!r}"))
    if problems:
        raise ConfigError(problems)
    return Definition(name=name, title=str(data.get("title") or name), tabs=tuple(tab for tab in found if tab))


def _tab(
    document: Document, at: int, tab: object, reports: Sequence[str], problems: list[Problem]
) -> TabDefinition | None:
    path = ("tabs", at)
    if not isinstance(tab, dict):
        problems.append(document.problem(path, "a tab has keys: " + ", ".join(_TAB_KEYS)))
        return None
    _unknown(document, path, tab, _TAB_KEYS, problems)
    report = tab.get("report")
    if report not in reports:
        problems.append(
            document.problem((*path, "report"), f"there is no report {report!r}", did_you_mean(str(report), reports))
        )
        return None
    columns = tab.get("columns") or {}
    for name, changes in columns.items() if isinstance(columns, dict) else ():
        _unknown(document, (*path, "columns", name), changes, _COLUMN_KEYS, problems)
        link = changes.get("link", "") if isinstance(changes, dict) else ""
        if link and not (str(link).startswith(("https://", "http://")) and re.search(r"\{(value|id)\}", str(link))):
            what = "a link starts with https:// and has {value} or {id} where the cell goes"
            problems.append(document.problem((*path, "columns", name, "link"), what))
    by = tab.get("by") or []
    where = tab.get("where") or {}
    for key, given, kind, what in (
        ("by", by, list, "a list of columns"),
        ("where", where, dict, "columns and their values"),
        ("columns", columns, dict, "columns and what changes in them"),
    ):
        if not isinstance(given, kind):
            problems.append(document.problem((*path, key), f"must be {what}"))
            return None
    audience = tab.get("audience") or ""
    if audience not in _AUDIENCES:
        problems.append(document.problem((*path, "audience"), "must be auditees, or left out"))
        return None
    name = str(tab.get("name") or report)
    return TabDefinition(
        name=name,
        title=str(tab.get("title") or name.capitalize()),
        report=str(report),
        ask=Ask(
            by=tuple(str(part) for part in by),
            where={str(k): str(v) for k, v in where.items()},
            audience="auditees" if audience else "",
        ),
        columns=columns if isinstance(columns, dict) else {},
        notes=tuple(str(note) for note in tab.get("notes") or ()),
        inputs=_inputs(document, (*path, "inputs"), tab.get("inputs") or [], problems),
        charts=_charts(document, (*path, "charts"), tab.get("charts") or [], name, problems),
    )


def _charts(
    document: Document, path: tuple[str | int, ...], given: object, tab: str, problems: list[Problem]
) -> tuple[Chart, ...]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        what = "must be a list of charts, such as {title: Leniency, kind: bar, x: name, series: [leniency]}"
        problems.append(document.problem(path, what))
        return ()
    found: list[Chart] = []
    for at, one in enumerate(given):
        before = len(problems)
        _unknown(document, (*path, at), one, _CHART_KEYS, problems)
        kind, series, limits = one.get("kind", "line"), one.get("series") or [], one.get("limits") or []
        if kind not in get_args(ChartKind):
            what = f"there is no kind of chart {kind!r}"
            problems.append(document.problem((*path, at, "kind"), what, did_you_mean(str(kind), get_args(ChartKind))))
        if not isinstance(one.get("x"), str):
            problems.append(document.problem((*path, at, "x"), "a chart needs x: the column along its axis"))
        if not isinstance(series, list) or not series or not isinstance(limits, list):
            problems.append(document.problem((*path, at, "series"), "a chart needs series: a list of columns"))
        elif len(series) != SERIES_OF.get(str(kind), len(series)):
            what = f"a chart of kind {kind} has {SERIES_OF[str(kind)]} series, not {len(series)}"
            problems.append(document.problem((*path, at, "series"), what))
        ends = [one.get(name) for name in ("low", "high")]
        if not all(end is None or (isinstance(end, int | float) and not isinstance(end, bool)) for end in ends):
            problems.append(document.problem((*path, at), "low and high are numbers"))
        if len(problems) > before:
            continue
        found.append(
            Chart(
                name=str(one.get("name") or f"chart{at + 1}"),
                title=str(one.get("title") or ""),
                kind=kind,
                data=tab,
                x=one["x"],
                series=tuple(map(str, series)),
                limits=tuple(map(str, limits)),
                percent=bool(one.get("percent")),
                low=ends[0],
                high=ends[1],
            )
        )
    return tuple(found)


def _inputs(
    document: Document, path: tuple[str | int, ...], given: object, problems: list[Problem]
) -> tuple[Input, ...]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        problems.append(document.problem(path, "must be a list of columns for people, such as {name: root_cause}"))
        return ()
    found: list[Input] = []
    for at, one in enumerate(given):
        _unknown(document, (*path, at), one, _INPUT_KEYS, problems)
        name, options, width = one.get("name"), one.get("options") or [], one.get("width", 150)
        if not isinstance(name, str) or not _INPUT_NAME.match(name):
            what = "an input needs a name of lower-case letters, digits and _"
            problems.append(document.problem((*path, at, "name"), what))
            continue
        if any(name == other.name for other in found):
            problems.append(document.problem((*path, at, "name"), f"two inputs are called {name!r}"))
        if not isinstance(options, list) or not isinstance(width, int):
            problems.append(document.problem((*path, at), "options must be a list, and width a number of pixels"))
            continue
        label = str(one.get("label") or name.replace("_", " ").capitalize())
        texts = tuple(str(option) for option in options)
        found.append(Input(name=name, label=label, options=texts, doc=str(one.get("doc") or ""), width=width))
    return tuple(found)


def _unknown(
    document: Document, path: tuple[str | int, ...], given: object, known: Sequence[str], problems: list[Problem]
) -> None:
    names = given if isinstance(given, dict) else {}
    problems += [
        document.problem((*path, name), "this key is not known", did_you_mean(name, known))
        for name in names
        if name not in known
    ]


def cut(definition: Definition, column: str, value: str, *, same_for_all: Collection[str]) -> Definition:
    """Return the definition with every tab reduced to the rows of one value of a column.

    Args:
        definition: the dashboard.
        column: a grouping column or dimension, such as site.
        value: the value that is kept.
        same_for_all: reports that hold nothing of any value, and are shown whole.

    Raises:
        ConfigError: a tab is cut by that column already.
    """
    tabs = []
    for tab in definition.tabs:
        if tab.report in same_for_all:
            tabs.append(tab)
            continue
        if column in tab.ask.where:
            what = f"dashboard {definition.name}, tab {tab.name}: 'where' names {column}, and so does for_each"
            raise ConfigError(Problem(what=what, hint="leave it out of 'where'"))
        tabs.append(replace(tab, ask=replace(tab.ask, where={**tab.ask.where, column: value})))
    return replace(definition, tabs=tuple(tabs))


def tab_shape(definition: Definition, tab: TabDefinition, report: Report) -> TabShape:
    """Return the shape of a tab: the report's columns with the definition's changes."""
    fields = tuple(
        _changed(f, tab.columns.get(f.name) or {})
        for f in report.fields
        if not (tab.columns.get(f.name) or {}).get("hide")
    )
    charts = tuple(_bound(chart, definition) for chart in report.charts)
    return TabShape(
        dashboard=definition.name,
        name=tab.name,
        title=tab.title,
        key=report.key,
        fields=fields,
        charts=(*(chart for chart in charts if chart), *_own_charts(definition, tab, fields)),
        notes=(*report.notes, *tab.notes),
        inputs=tab.inputs,
    )


def _own_charts(definition: Definition, tab: TabDefinition, fields: Sequence[Field]) -> tuple[Chart, ...]:
    """The charts of the definition itself; what a report has for columns is known only here."""
    names = [field.name for field in fields]
    for chart in tab.charts:
        unknown = next((name for name in (chart.x, *chart.series, *chart.limits) if name not in names), None)
        if unknown is not None:
            what = (
                f"dashboard {definition.name}, tab {tab.name}: a chart is of a column {unknown!r}, which is not shown"
            )
            raise ConfigError(Problem(what=what, hint=did_you_mean(unknown, names)))
    return tab.charts


def _changed(original: Field, changes: Mapping[str, Any]) -> Field:
    return replace(original, **{key: value for key, value in changes.items() if key != "hide"})


def _bound(chart: Chart, definition: Definition) -> Chart | None:
    """A chart names the report its data comes from; here that becomes the tab showing the report."""
    for tab in definition.tabs:
        if tab.report == chart.data:
            return replace(chart, data=tab.name)
    return None
