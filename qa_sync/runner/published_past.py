"""What was published before a run, as reports of it ask: rows as they stood when their week had ended."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_sync.dashboards.definition import Definition
from qa_sync.errors import ConfigError
from qa_sync.model.system import TIME
from qa_sync.reports.as_published import same_rows
from qa_sync.reports.report import Ask, FirstPublished, Scene
from qa_sync.runner.materials import definition_from_text
from qa_sync.store.published import Publish

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

_WANTED = pa.schema([*((name, pa.string()) for name in ("dashboard", "sink", "tab", "key")), ("until", TIME)])


#: A row on a tab: dashboard, sink, tab, key.
_Row = tuple[str, str, str, str]


@dataclass(slots=True)
class PublishedPast:
    """The past of one run, from the ledger: what other runs had published when it finished (``before``), or so far.

    A run's own publish is none of its past: its reports say the same before and after it.
    """

    workspace: Workspace
    run_id: str
    before: datetime | None = None
    _runs: list[Publish] | None = field(default=None, init=False)
    _texts: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    def first_published(self, name: str, ask: Ask, ended: Mapping[str, datetime]) -> Mapping[str, FirstPublished]:
        """Return rows of a report as they stood at the first publish after their week had ended; see ``Past``."""
        wanted: dict[_Row, Publish] = {}
        covered: set[_Row] = set()
        for place in sorted({place for run in self._publishes() for place in run.places}):
            dashboard, _, sink = place.partition(" > ")
            value = sink.partition("/")[2]
            runs = [run for run in self._publishes() if place in run.places]
            first = {key: run for key, moment in ended.items() if (run := _first(runs, moment))}
            texts = self._definitions(dashboard, {run.run_id for run in first.values()})
            tabs = {run: self._tabs(dashboard, value, text, name, ask) for run, text in texts.items()}
            for key, run in first.items():
                for tab, is_whole in tabs.get(run.run_id, {}).items():
                    wanted[dashboard, sink, tab, key] = run
                    if is_whole:
                        covered.add((dashboard, sink, tab, key))
        found: dict[str, FirstPublished] = {}
        shown = self._read(wanted)
        if covered - shown.keys() and self.workspace.store.published.has_let_go():
            covered.clear()  # a row that is not there may have been shown, and gone since
        # Several places may have shown a row: the earliest counts, and of one run the first by name.
        for cell, run in sorted(wanted.items(), key=lambda one: (one[0] not in shown, one[1].at, one[0])):
            if cell in shown or cell in covered:
                found.setdefault(cell[-1], FirstPublished(run_id=run.run_id, at=run.at, cells=shown.get(cell, {})))
        return found

    @contextmanager
    def scene(self, run_id: str) -> Iterator[Scene]:
        """Open the scene of an earlier run."""
        with self.workspace.open(run_id) as it:
            yield it.scene

    def _publishes(self) -> list[Publish]:
        if self._runs is None:
            found = self.workspace.store.published.publishes(self.before)
            self._runs = [run for run in found if run.run_id != self.run_id]
        return self._runs

    def _definitions(self, dashboard: str, runs: set[str]) -> dict[str, str]:
        """Return run → the definition it worked with; each is read once, whatever the number of places."""
        missing = sorted(run for run in runs if (dashboard, run) not in self._texts)
        found = self.workspace.store.published.definitions(dashboard, missing)
        self._texts |= {(dashboard, run): found.get(run, "") for run in missing}
        return {run: text for run in sorted(runs) if (text := self._texts[dashboard, run])}

    def _tabs(self, dashboard: str, value: str, text: str, name: str, ask: Ask) -> dict[str, bool]:
        """Return the tabs of a definition that showed rows of a report as asked for now, and whether all of them."""
        settings = self.workspace.settings.dashboards.get(dashboard)
        column = settings.for_each if settings else ""
        if value and not column:
            return {}
        definition = _definition(text, dashboard)
        own = {column: value} if value else {}
        asked = {
            tab.name: replace(tab.ask, where={**tab.ask.where, **own})
            for tab in (definition.tabs if definition else ())
            if tab.report == name
        }
        return {
            tab: then.where.items() <= ask.where.items()
            for tab, then in asked.items()
            if same_rows(name, then) == same_rows(name, ask)
        }

    def _read(self, wanted: Mapping[_Row, Publish]) -> dict[_Row, dict[str, Any]]:
        if not wanted:
            return {}
        columns = [list(column) for column in zip(*wanted, strict=True)]
        rows = pa.table([*columns, [run.at for run in wanted.values()]], schema=_WANTED)
        found = self.workspace.store.published.then(rows)
        return {(row["dashboard"], row["sink"], row["tab"], row["key"]): row["cells"] for row in found}


@lru_cache(maxsize=16)
def _definition(text: str, name: str) -> Definition | None:
    """Most runs worked with one and the same text; one that no longer can be read shows nothing."""
    try:
        return definition_from_text(text, name)
    except ConfigError:
        return None


def _first(runs: Sequence[Publish], moment: datetime) -> Publish | None:
    """Return the first of some runs, oldest first, that finished at a moment or later."""
    at = bisect_left(runs, moment, key=lambda run: run.at)
    return runs[at] if at < len(runs) else None
