"""Dashboard definitions: which reports make which tabs, and how they look. YAML that an analyst can read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qa_sync.dashboards.cells import GONE_SINCE, Chart, Field, Input, TabShape, Vanished
from qa_sync.dashboards.control import CONTROL
from qa_sync.dashboards.definition_parts import charts_of, columns_of, inputs_of, unknown
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports.report import Ask, Report
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document

_TAB_KEYS = (
    "name",
    "title",
    "report",
    "by",
    "where",
    "sql",
    "key",
    "columns",
    "totals",
    "notes",
    "audience",
    "inputs",
    "charts",
    "vanished",
)
_AUDIENCES = ("", "auditees")
_VANISHED: dict[str, Vanished] = {"empty": "empty", "keep": "keep", "mark": "mark"}
_GONE_SINCE = Field(
    name=GONE_SINCE,
    label="Gone since",
    kind="date",
    width=95,
    doc="The day of the data in which the row's record was no longer there; the row shows what it showed last.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TabDefinition:
    """One tab: a report and what is asked of it, or a select; and changes to the look of columns (by field name).

    ``sql`` with ``key``, the columns that identify a row: a free query instead of a report. ``totals``: true for a
    first row with the report over everything; or columns whose sums stand there. ``vanished``: see ``TabShape``.
    """

    name: str
    title: str
    report: str = ""
    sql: str = ""
    key: tuple[str, ...] = ()
    totals: bool | tuple[str, ...] = ()
    ask: Ask = field(default_factory=Ask)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    charts: tuple[Chart, ...] = ()
    vanished: Vanished = "empty"


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
    unknown(document, (), data, ("version", "title", "tabs"), problems)
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
    before = len(problems)
    unknown(document, path, tab, _TAB_KEYS, problems)
    report, sql = tab.get("report"), tab.get("sql")
    if sql is not None:
        _check_select(document, path, tab, problems)
    elif report not in reports:
        hint = did_you_mean(str(report), reports) if report else "or sql: a select of its own"
        problems.append(document.problem((*path, "report"), f"there is no report {report!r}", hint))
    elif "key" in tab:
        problems.append(document.problem((*path, "key"), "a report has its own key", "leave it out; it is for sql"))
    by, where = tab.get("by") or [], tab.get("where") or {}
    for name, given, kind, what in (
        ("by", by, list, "a list of columns"),
        ("where", where, dict, "columns and their values"),
    ):
        if not isinstance(given, kind):
            problems.append(document.problem((*path, name), f"must be {what}"))
    columns = columns_of(document, (*path, "columns"), tab.get("columns") or {}, problems)
    audience = tab.get("audience") or ""
    if audience not in _AUDIENCES:
        problems.append(document.problem((*path, "audience"), "must be auditees, or left out"))
    totals = tab.get("totals") or ()
    if not (totals is True or (isinstance(totals, list | tuple) and all(isinstance(one, str) for one in totals))):
        problems.append(document.problem((*path, "totals"), "must be true, or a list of columns to add up"))
    elif totals is True and sql is not None:
        what = "a select has no total of its own"
        problems.append(document.problem((*path, "totals"), what, "list columns to add up"))
    elif totals and tab.get("charts"):
        what = "a tab with totals has no charts: the total would stand among the bars"
        problems.append(document.problem((*path, "charts"), what, "show the report in two tabs"))
    if str(tab.get("vanished", "empty")) not in _VANISHED:
        problems.append(document.problem((*path, "vanished"), "must be empty, keep or mark"))
    name = str(tab.get("name") or report or "")
    if name == CONTROL:
        problems.append(document.problem((*path, "name"), f"{CONTROL} is the tab that qa-sync keeps", "choose another"))
    if len(problems) > before:
        return None
    return TabDefinition(
        name=name,
        title=str(tab.get("title") or name.replace("_", " ").capitalize()),
        report="" if sql is not None else str(report),
        sql=str(sql or ""),
        key=_names(tab.get("key")),
        totals=True if totals is True else tuple(totals),
        ask=Ask(
            by=tuple(str(part) for part in by),
            where={str(k): str(v) for k, v in where.items()},
            audience="auditees" if audience else "",
        ),
        columns=columns,
        notes=tuple(str(note) for note in tab.get("notes") or ()),
        inputs=inputs_of(document, (*path, "inputs"), tab.get("inputs") or [], problems),
        charts=charts_of(document, (*path, "charts"), tab.get("charts") or [], name, problems),
        vanished=_VANISHED[str(tab.get("vanished", "empty"))],
    )


def _check_select(
    document: Document, path: tuple[str | int, ...], tab: dict[str, Any], problems: list[Problem]
) -> None:
    """A select says itself what it groups and keeps; and nothing in it can be held back from auditees."""
    if not isinstance(tab["sql"], str) or not tab["sql"].strip():
        problems.append(document.problem((*path, "sql"), "must be one SELECT, as after 'qa-sync query'"))
    for name, hint in (
        ("report", "a tab shows a report, or a select"),
        ("by", "write GROUP BY"),
        ("where", "write WHERE"),
        ("audience", "a select holds nothing back: show auditees a report"),
    ):
        if tab.get(name):
            problems.append(document.problem((*path, name), f"sql and {name} do not go together", hint))
    if not tab.get("name"):
        problems.append(document.problem((*path, "name"), "a tab from sql needs a name"))
    if not _names(tab.get("key")):
        what = "a tab from sql needs a key: the column, or columns, whose values identify a row"
        problems.append(document.problem((*path, "key"), what))


def _names(given: object) -> tuple[str, ...]:
    """Return a name or a list of names as names; nothing where it is neither."""
    if isinstance(given, str):
        return (given,) if given else ()
    return tuple(map(str, given)) if isinstance(given, list) else ()


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


def tab_shape(definition: Definition, tab: TabDefinition, report: Report, *, total: str = "") -> TabShape:
    """Return the shape of a tab: the report's columns with the definition's changes. ``total``: key of its total's row.

    Raises:
        ConfigError: a column is to be shown as what it cannot be, or a chart is of one that is not shown.
    """
    fields = tuple(
        _changed(f, tab.columns.get(f.name) or {}, f"dashboard {definition.name}, tab {tab.name}")
        for f in report.fields
        if not (tab.columns.get(f.name) or {}).get("hide")
    )
    charts = tuple(_bound(chart, definition) for chart in report.charts)
    return TabShape(
        dashboard=definition.name,
        name=tab.name,
        title=tab.title,
        key=report.key,
        fields=(*fields, _GONE_SINCE) if tab.vanished == "mark" else fields,
        charts=(*(chart for chart in charts if chart), *_own_charts(definition, tab, fields)),
        notes=(*report.notes, *tab.notes),
        inputs=tab.inputs,
        total=total,
        vanished=tab.vanished,
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


_NUMBERS = frozenset({"integer", "number", "percent"})


def _changed(original: Field, changes: Mapping[str, Any], where: str) -> Field:
    kind = changes.get("kind", original.kind)
    if kind not in (original.kind, "text") and not {kind, original.kind} <= _NUMBERS:
        what = f"{where}: column {original.name!r} is of kind {original.kind}, and cannot be shown as {kind}"
        raise ConfigError(Problem(what=what, hint="numbers can be integer, number or percent; anything can be text"))
    return replace(original, **{key: value for key, value in changes.items() if key != "hide"})


def _bound(chart: Chart, definition: Definition) -> Chart | None:
    """A chart names the report its data comes from; here that becomes the tab showing the report."""
    for tab in definition.tabs:
        if tab.report == chart.data and not tab.totals:
            return replace(chart, data=tab.name)
    return None
