"""Make the tabs that a definition asks for, as cells: from reports, and from free queries beside them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType

import pyarrow as pa

from qa_sync.dashboards.aliases import aliases_of, hide_people
from qa_sync.dashboards.canonical import cells_of, day_of
from qa_sync.dashboards.cells import GONE_SINCE, Cell, Tab
from qa_sync.dashboards.definition import Definition, TabDefinition, cut, tab_shape
from qa_sync.dashboards.selected import report_of
from qa_sync.dashboards.totals import sums, total_key, with_totals
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports import REPORTS, Scene, build
from qa_sync.reports.grouping import strangers_to
from qa_sync.reports.report import Report
from qa_sync.runner.opened import Opened
from qa_sync.runner.query import select

#: The table that a query returns.
Answer = Callable[[str], pa.Table]


@dataclass(slots=True)
class Questions:
    """Answers the queries of tabs, each once, over a snapshot opened for nothing else when the first one comes.

    The guards of ``qa-sync query`` hold: one select, no files, network or settings, bounded time and memory.
    """

    open_snapshot: Callable[[], AbstractContextManager[Opened]]
    _stack: ExitStack = field(default_factory=ExitStack)
    _engine: DuckEngine | None = None
    _known: dict[str, pa.Table] = field(default_factory=dict)

    def __enter__(self) -> Questions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def answer(self, sql: str) -> pa.Table:
        """Return what a query selects.

        Raises:
            ConfigError: it is not one select, reaches for what is not allowed, does not run, or takes too much.
        """
        if sql not in self._known:
            if self._engine is None:
                engine = self._stack.enter_context(self.open_snapshot()).engine
                assert isinstance(engine, DuckEngine)  # noqa: S101  (raw opens one)
                self._engine = engine
            self._known[sql] = select(self._engine, sql)
        return self._known[sql]


def make_tabs(definition: Definition, scene: Scene, answer: Answer | None = None) -> list[Tab]:
    """Return the tabs of a definition, as cells. Equal snapshots give equal tabs.

    Without an ``answer`` to queries, tabs from a select are left out.

    Raises:
        ConfigError: a tab cannot be made so; the message names it.
    """
    tabs = []
    for tab in definition.tabs:
        where = f"dashboard {definition.name}, tab {tab.name}"
        if not tab.sql:
            tabs.append(_tab(definition, tab, build(tab.report, scene, tab.ask), scene, where))
        elif answer is not None:
            try:
                rows = answer(tab.sql)
            except ConfigError as error:
                raise ConfigError([replace(one, what=f"{where}: {one.what}") for one in error.problems]) from None
            tabs.append(_tab(definition, tab, report_of(tab, rows, where=where), scene, where))
    return tabs


def make_tabs_of(
    definition: Definition, scene: Scene, column: str, value: str, *, salt: str = "", answer: Answer | None = None
) -> list[Tab]:
    """Return the tabs of a definition with the rows of one value of a column only; without a column, of all.

    With a ``salt``, people who are in no row of that value stand under an alias.
    """
    if not column:
        return make_tabs(definition, scene, answer)
    whole = [name for name, spec in REPORTS.items() if not spec.holds_data]
    tabs = make_tabs(cut(definition, column, value, same_for_all=whole), scene, answer)
    aliases = aliases_of(strangers_to(scene.engine, column, value), salt=salt) if salt else {}
    return [hide_people(tab, aliases) for tab in tabs]


def _tab(definition: Definition, tab: TabDefinition, report: Report, scene: Scene, where: str) -> Tab:
    total = total_key(report.rows[report.key].to_pylist()) if tab.totals else ""
    shape = tab_shape(definition, tab, report, total=total)
    zone = scene.time_zone
    names = report.rows.column_names
    columns = {f.name: cells_of(report.rows[f.name], f.kind, zone=zone) for f in shape.fields if f.name in names}
    if shape.vanished == "mark":
        columns[GONE_SINCE] = [None] * report.rows.num_rows
    made = Tab(shape=shape, columns=columns, day=day_of(scene.as_of, zone=zone))
    if not tab.totals or not made.height:
        return made
    if isinstance(tab.totals, tuple):
        return with_totals(made, sums(made, tab.totals, where=where))
    return with_totals(made, _whole(tab, made, scene, where))


def _whole(tab: TabDefinition, made: Tab, scene: Scene, where: str) -> dict[str, Cell]:
    """The same report over everything: a share or a coefficient of all is not the sum of its parts, nor their mean."""
    everything = build(tab.report, scene, replace(tab.ask, by=("all",)))
    if everything.rows.num_rows != 1:
        what = f"{where}: the report {tab.report} has no total: over everything it has {everything.rows.num_rows} rows"
        raise ConfigError(Problem(what=what, hint="leave totals out, or list columns to add up"))
    kinds = {f.name: f.kind for f in made.shape.fields}
    return {
        name: cells_of(everything.rows[name], kinds[name], zone=scene.time_zone)[0]
        for name in everything.rows.column_names
        if name in kinds
    }
