"""Published numbers that a changed mapping would change: dashboards as all their places would show them, twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from qa_sync.dashboards.cells import Cell, Field, Tab
from qa_sync.reports import Scene
from qa_sync.reports.grouping import values_of
from qa_sync.runner.connections import placing
from qa_sync.runner.making_tabs import Answer, make_tabs_of
from qa_sync.runner.places import places_of
from qa_sync.runner.workspace import Workspace

#: Dashboard, value whose spreadsheet it is ("" for one of all), and title of a tab.
Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """One published cell that would change; ``row`` is the row's key. A row that comes or goes has no column.

    ``value``: whose spreadsheet it stands in, where each value of a column has its own. A value that goes from a place
    leaves its tabs there as they were: that is one change, without row and column.
    """

    dashboard: str
    value: str
    tab: str
    row: str
    column: str
    before: str
    after: str


def shown_tabs(workspace: Workspace, scene: Scene, answer: Answer, salt: str) -> dict[Place, Tab]:
    """Return every tab of every dashboard as each of its places would show it.

    Raises:
        ConfigError: a tab cannot be made.
    """
    return {
        (name, value, tab.shape.title): tab
        for name, definition in workspace.materials.dashboards.items()
        for column, value in _shown_to(workspace, name, scene)
        for tab in make_tabs_of(definition, scene, column, value, salt=_salt(workspace, name, salt), answer=answer)
    }


def _shown_to(workspace: Workspace, dashboard: str, scene: Scene) -> Iterable[tuple[str, str]]:
    """Return the column and each value that has a spreadsheet of its own, as publishing would find them."""
    settings = workspace.settings.dashboards[dashboard]
    if not settings.for_each:
        return [("", "")]
    values = values_of(scene.engine, settings.for_each)
    placed: list[str] = []
    for sink in settings.sinks:
        with placing(workspace, ("sinks", sink)):
            places, _unplaced = places_of(sink, workspace.settings.sinks[sink], settings.for_each, values)
        placed += [place.value for place in places]
    return [(settings.for_each, value) for value in dict.fromkeys(placed)]


def _salt(workspace: Workspace, dashboard: str, salt: str) -> str:
    settings = workspace.settings.dashboards[dashboard]
    return salt if settings.for_each and settings.names != "all" else ""


def number_changes(before: Mapping[Place, Tab], after: Mapping[Place, Tab]) -> Iterator[NumberChange]:
    """Yield every published cell that is another in ``after``, in its order."""
    for place, tab in after.items():
        fields = {field.name: field for field in tab.shape.fields}
        was, now = before[place].by_key() if place in before else {}, tab.by_key()
        for row in dict.fromkeys([*was, *now]):
            if row not in was or row not in now:
                yield _number(place, row, "", *(("", "a row") if row in now else ("a row", "")))
                continue
            for name, cell in now[row].items():
                if was[row].get(name) != cell:
                    field = fields[name]
                    words = (_shown(was[row].get(name), field), _shown(cell, field))
                    yield _number(place, row, field.label, *words)
    for place in before:
        if place not in after:
            yield _number(place, "", "", "refreshed", "left as it is")


def _number(place: Place, row: str, column: str, before: str, after: str) -> NumberChange:
    dashboard, value, tab = place
    return NumberChange(dashboard=dashboard, value=value, tab=tab, row=row, column=column, before=before, after=after)


def _shown(cell: Cell, field: Field) -> str:
    """Return a cell as people read it."""
    if cell is None:
        return ""
    if not isinstance(cell, float):
        return str(cell)
    if field.kind == "percent":
        return f"{cell:.{field.decimals}%}"
    if field.kind in {"date", "time"}:
        from datetime import datetime

        moment = datetime(1899, 12, 30) + timedelta(days=cell)  # noqa: DTZ001 - a local clock's reading
        return f"{moment:%Y-%m-%d}" if field.kind == "date" else f"{moment:%Y-%m-%d %H:%M}"
    decimals = 0 if field.kind == "integer" else field.decimals
    return re.sub(r"^-(0(\.0+)?)$", r"\1", f"{cell:,.{decimals}f}")
