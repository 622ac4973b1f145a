"""The evaluations behind numbers of a tab in two states, held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from qa_sync.dashboards.aliases import aliases_of, hidden_text
from qa_sync.dashboards.changes import RowChange
from qa_sync.dashboards.definition import Definition, TabDefinition, cut
from qa_sync.dashboards.totals import total_key
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError
from qa_sync.reports import REPORTS, Scene, build
from qa_sync.reports.behind import Behind, Place, behind
from qa_sync.reports.build import scene_for
from qa_sync.reports.explain import NUMBERS
from qa_sync.reports.grouping import strangers_to
from qa_sync.reports.report import Report
from qa_sync.runner.materials import definition_from_text
from qa_sync.runner.places import alias_salt
from qa_sync.runner.publish_records import counts_as
from qa_sync.store import Run

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

#: An evaluation, and the pair that it counts in; None where it counts alone.
Member = tuple[str, str | None]
#: Reports with one row a record: its key says which, and nothing has to be traced.
_OF_RECORDS = ("pairs", "exceptions")
#: A dashboard, whose rows it shows ("" for all), and one of its tabs.
TabPlace = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The numbers of one tab in one state. ``sums``: key of a row that adds up the others; "" without one."""

    behind: Behind
    sums: str = ""


def trace_tabs(
    workspace: Workspace, run: Run, scene: Scene, changes: Mapping[TabPlace, Sequence[RowChange]]
) -> dict[TabPlace, Traced]:
    """Return what the changed numbers of tabs are made of in the state of a run.

    Tabs of records and from selects are left out.
    """
    found: dict[TabPlace, Traced] = {}
    definitions: dict[tuple[str, str], Definition | None] = {}
    for (dashboard, value, name), rows in changes.items():
        if (dashboard, value) not in definitions:
            definitions[dashboard, value] = _definition(workspace, run, dashboard, value)
        definition = definitions[dashboard, value]
        tab = next((one for one in definition.tabs if one.name == name), None) if definition else None
        if tab is None or not tab.report or tab.report in _OF_RECORDS:
            continue
        try:
            found[dashboard, value, name] = _traced(tab, scene, _aliases(workspace, scene, dashboard, value), rows)
        except ConfigError:
            continue  # it cannot be made in this state, so it was not made of anything
    return found


def _definition(workspace: Workspace, run: Run, dashboard: str, value: str) -> Definition | None:
    """Return the definition that a run published with, cut to a value."""
    contents = run.snapshot.contents if run.snapshot else {}
    text = contents.get("dashboards", {}).get(dashboard)
    settings = workspace.settings.dashboards.get(dashboard)
    try:
        definition = definition_from_text(text, dashboard) if text else workspace.materials.dashboards.get(dashboard)
        if definition is None or settings is None or not (settings.for_each and value):
            return definition
        whole = [name for name, spec in REPORTS.items() if not spec.holds_data]
        return cut(definition, settings.for_each, value, same_for_all=whole)
    except ConfigError:
        return None


def _aliases(workspace: Workspace, scene: Scene, dashboard: str, value: str) -> Mapping[str, str]:
    settings = workspace.settings.dashboards.get(dashboard)
    if settings is None or not (settings.for_each and value) or settings.names == "all":
        return {}
    strangers = strangers_to(scene.engine, settings.for_each, value)
    return aliases_of(strangers, salt=alias_salt(workspace.store.state))


def _traced(tab: TabDefinition, scene: Scene, aliases: Mapping[str, str], changes: Sequence[RowChange]) -> Traced:
    seen = scene_for(tab.report, scene, tab.ask)
    report = build(tab.report, seen, tab.ask)
    cells = _asked(report, changes)
    rows = {hidden_text(row[report.key], aliases, "|"): row for row in report.rows.to_pylist()}
    first = behind(report, seen.engine, rows, cells)
    if not tab.totals:
        return Traced(behind=first)
    total = total_key(list(rows))
    if tab.totals is not True:
        return Traced(behind=first, sums=total)
    everything = build(tab.report, seen, replace(tab.ask, by=("all",)))
    whole = everything.rows.to_pylist()
    last = behind(everything, seen.engine, {total: whole[0]} if len(whole) == 1 else {}, cells)
    return Traced(behind=_joined(first, last))


def _asked(report: Report, changes: Sequence[RowChange]) -> list[Place]:
    """Return the cells to trace: all numbers that changed, and of a row in which only texts did, its first number."""
    numbers = [one.name for one in report.fields if one.kind in NUMBERS]
    asked = {row.key: [name for name in numbers if name in row.cells] or numbers[:1] for row in changes}
    return [(key, name) for key, names in asked.items() for name in names]


def _joined(one: Behind, other: Behind) -> Behind:
    """Two reports of one tab: the lists of the second are numbered on."""
    on = 1 + max([*one.own.values(), *one.population.values(), -1])
    moved = pa.array([number + on for number in other.members["source"].to_pylist()], pa.int32())
    return Behind(
        members=pa.concat_tables([one.members, other.members.set_column(0, "source", moved)]),
        own={**one.own, **{place: at + on for place, at in other.own.items()}},
        population={**one.population, **{place: at + on for place, at in other.population.items()}},
        borrowed={**one.borrowed, **other.borrowed},
    )


class Moved:
    """What moved the numbers of one tab: from the lists of evaluations behind them in both states.

    An evaluation moved a number where it is in one list only, where another revision of it was used, or where it (or
    the pair that it counts in) is among ``differing``, records that were counted otherwise.
    """

    def __init__(self, old: Traced | None, new: Traced | None, differing: pa.Table) -> None:
        self._old, self._new = old or Traced(behind=Behind()), new or Traced(behind=Behind())
        own = {self._own(place) for place in {**self._old.behind.own, **self._new.behind.own}}
        others = {self._others(place) for place in {**self._old.behind.population, **self._new.behind.population}}
        lists = sorted(own | others)
        self._found = _between(lists, self._old.behind.members, self._new.behind.members, differing)
        self._columns: dict[str, set[str]] = {}
        for key, column in (*self._old.behind.own, *self._new.behind.own):
            self._columns.setdefault(key, set()).add(column)
        self._numbers = {column for columns in self._columns.values() for column in columns}

    @property
    def is_traced(self) -> bool:
        """Whether any number of the tab is known to be made of evaluations."""
        return bool(self._numbers)

    @property
    def sums(self) -> str:
        """Key of the row that adds up the others; "" without one."""
        return self._new.sums or self._old.sums

    def is_number(self, column: str) -> bool:
        """Whether a column holds numbers that are made of evaluations."""
        return column in self._numbers

    def columns(self, key: str) -> set[str]:
        """Return the columns of a row that were traced."""
        return self._columns.get(key, set())

    def own(self, key: str, column: str) -> list[Member]:
        """Return those of a number's own evaluations that moved it."""
        return self._found.get(self._own((key, column)), [])

    def others(self, key: str, column: str) -> list[Member]:
        """Return those that moved it among the evaluations that a number borrows from."""
        return self._found.get(self._others((key, column)), [])

    def borrowed(self, key: str, column: str) -> str:
        """Return in words what a number borrows from."""
        place = (key, column)
        return self._new.behind.borrowed.get(place) or self._old.behind.borrowed.get(place, "")

    def _own(self, place: Place) -> tuple[int, int]:
        """Return the numbers of a place's lists in both states, -1 for none."""
        return self._old.behind.own.get(place, -1), self._new.behind.own.get(place, -1)

    def _others(self, place: Place) -> tuple[int, int]:
        return self._old.behind.population.get(place, -1), self._new.behind.population.get(place, -1)


def _between(
    lists: Sequence[tuple[int, int]], old: pa.Table, new: pa.Table, differing: pa.Table
) -> dict[tuple[int, int], list[Member]]:
    """Return for each pair of lists (number before, number after) what is not the same in both."""
    numbers = pa.schema([("old_list", pa.int32()), ("new_list", pa.int32())])
    columns = {"old_list": [before for before, _ in lists], "new_list": [after for _, after in lists]}
    engine = DuckEngine(threads=1)
    try:
        engine.register("lists", pa.table(columns, numbers))
        for name, table in (("old_members", old), ("new_members", new), ("differing", differing)):
            engine.register(name, table)
        rows = engine.fetch(f"""
            WITH o AS (SELECT *, {counts_as("m")} AS id FROM lists JOIN old_members m ON source = old_list),
            n AS (SELECT *, {counts_as("m")} AS id FROM lists JOIN new_members m ON source = new_list),
            held AS (
                SELECT coalesce(o.old_list, n.old_list) AS old_list, coalesce(o.new_list, n.new_list) AS new_list,
                       coalesce(o.evaluation_id, n.evaluation_id) AS evaluation_id,
                       coalesce(o.pair_id, n.pair_id) AS pair_id, coalesce(o.id, n.id) AS id,
                       o.id IS NULL OR n.id IS NULL OR o.payload_hash IS DISTINCT FROM n.payload_hash AS moved
                FROM o FULL JOIN n ON o.old_list = n.old_list AND o.new_list = n.new_list
                     AND o.evaluation_id = n.evaluation_id AND o.id = n.id)
            SELECT DISTINCT old_list, new_list, evaluation_id, pair_id FROM held
            WHERE moved OR id IN (SELECT id FROM differing)
            -- That an evaluation by itself is counted otherwise elsewhere moves nothing where others came or went.
            QUALIFY moved OR id <> evaluation_id OR NOT bool_or(moved OR id <> evaluation_id)
                    OVER (PARTITION BY old_list, new_list)
            ORDER BY ALL""")
    finally:
        engine.close()
    found: dict[tuple[int, int], list[Member]] = {}
    for before, after, evaluation, pair in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        found.setdefault((before, after), []).append((evaluation, pair))
    return found
