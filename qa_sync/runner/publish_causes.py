"""Which evaluations made the cells of a row change.

A row that is a pair or an evaluation itself: those. A number of a report: the evaluations behind it before and after,
as ``explain`` finds them, held against each other. A row of a select: what changed and fits what it is grouped by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa_sync.dashboards.changes import RowChange
from qa_sync.reports import REPORTS
from qa_sync.runner.publish_records import Cause, Record, differing, state_of
from qa_sync.runner.publish_traces import Moved, TabPlace, trace_tabs
from qa_sync.store import Run

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

#: Field → the texts that a row's cell had in either state.
Texts = Mapping[str, set[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """What moved one cell: ids of evaluations. ``borrowed``: what it borrows from, in words, where that moved too."""

    evaluations: tuple[str, ...] = ()
    borrowed: str = ""


class Causes:
    """What differs between two states, ready to be asked for rows."""

    def __init__(
        self, workspace: Workspace, old: Run, new: Run, changes: Mapping[TabPlace, Sequence[RowChange]]
    ) -> None:
        self._workspace = workspace
        self._changes = changes
        states, traced = [], []
        for run in (old, new):
            with workspace.open(run.run_id) as it:
                states.append(state_of(it))
                traced.append(trace_tabs(workspace, run, it.scene, changes))
        self._records = differing(*states)
        self._moved = {
            place: Moved(traced[0].get(place), traced[1].get(place), self._records.ids)
            for place in {**traced[0], **traced[1]}
        }

    def of(self, place: TabPlace, change: RowChange, texts: Texts) -> tuple[Mapping[str, Because], tuple[Cause, ...]]:
        """Return what moved each cell of a changed row, and all causes of the row."""
        moved = self._moved.get(place)
        if moved is not None and moved.is_traced:
            return self._traced(place, moved, change)
        parts = [change.key, *change.key.split("|")]
        mine = next((record for part in parts if (record := self._records.by_id.get(part))), None)
        where = self._where(place)
        records = [mine] if mine else [] if where is None else self._fitting(texts, where)
        causes = tuple({one.evaluation_id: one for record in records for one in record.causes}.values())
        causes = tuple(sorted(causes, key=lambda one: one.evaluation_id))
        everything = Because(evaluations=tuple(one.evaluation_id for one in causes))
        return dict.fromkeys(change.cells, everything), causes

    def _traced(
        self, place: TabPlace, moved: Moved, change: RowChange
    ) -> tuple[Mapping[str, Because], tuple[Cause, ...]]:
        found: dict[str, Because] = {}
        row: dict[str, Cause] = {}
        keys = [change.key]
        if change.key == moved.sums:
            keys = [other.key for other in self._changes[place] if other.key != moved.sums]
        for name in {*change.cells, *moved.columns(change.key)}:
            own = [one for key in keys for one in moved.own(key, name)]
            others = [] if change.key == moved.sums else moved.others(change.key, name)
            causes = self._records.causes(own or others)
            borrowed = moved.borrowed(change.key, name) if set(others) - set(own) else ""
            found[name] = Because(evaluations=tuple(one.evaluation_id for one in causes), borrowed=borrowed)
            row |= {one.evaluation_id: one for one in causes}
        # A text of the row, such as a verdict, follows its numbers.
        whole = Because(evaluations=tuple(sorted(row)))
        told = {name: found[name] if moved.is_number(name) else whole for name in change.cells}
        return told, tuple(row[name] for name in sorted(row))

    def _where(self, place: TabPlace) -> dict[str, str] | None:
        """Return column → value that a tab is cut to, by definition and place; None where it shows no evaluations."""
        dashboard, value, name = place
        definition = self._workspace.materials.dashboards.get(dashboard)
        found = next((one for one in definition.tabs if one.name == name), None) if definition else None
        if found is not None and found.report and not REPORTS[found.report].holds_data:
            return None
        where = dict(found.ask.where) if found else {}
        settings = self._workspace.settings.dashboards.get(dashboard)
        return {**where, settings.for_each: value} if settings and settings.for_each and value else where

    def _fitting(self, texts: Texts, where: Mapping[str, str]) -> list[Record]:
        # Most numbers are of pairs; only coverage counts evaluations without one.
        countable = [one for one in self._records.all if one.is_pair or "evaluations" in texts]
        return [one for one in countable if _belongs(one, texts, where)]


def _belongs(record: Record, texts: Texts, where: Mapping[str, str]) -> bool:
    for name, value in where.items():
        if name in record.values and value not in record.values[name]:
            return False
    for name, values in record.values.items():
        shown = {value for value in texts.get(name, ()) if not (value or "").startswith("person ")}
        if shown and not shown & values:
            return False
    return True
