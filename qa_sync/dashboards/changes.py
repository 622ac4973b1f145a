"""Cells before and after: of a plan that is not carried out yet, and of two publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qa_sync.dashboards.cells import Cell, PresentTab, TabPlan
from qa_sync.dashboards.plan import Base, key_text, same

#: "new": the row was not there; "gone": its record is no longer shown; "changed": some cells differ.
What = Literal["new", "gone", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One row: ``cells`` is field → (was, becomes), of cells that differ only."""

    tab: str
    key: str
    what: What
    cells: Mapping[str, tuple[Cell, Cell]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        cells = {name: {"was": was, "becomes": becomes} for name, (was, becomes) in self.cells.items()}
        return {"tab": self.tab, "key": self.key, "what": self.what, "cells": cells}


def planned_changes(plan: TabPlan, present: PresentTab | None) -> list[RowChange]:
    """Return what a plan would change, row by row: changed ones as they stand, then new ones in order."""
    shape = plan.wanted.shape
    rows: dict[int, dict[str, tuple[Cell, Cell]]] = {}
    places = {row: at for at, row in enumerate(present.rows)} if present else {}
    for name, (positions, cells) in plan.updates.items():
        there = present.columns.get(name) if present else None
        for row, cell in zip(positions, cells, strict=True):
            was = there[places[row]] if there is not None else None
            rows.setdefault(row, {})[name] = (was, cell)
    gone = set(plan.blanks)
    found = [
        RowChange(
            tab=shape.name,
            key=key_text(present.columns[shape.key][places[row]]) if present else "",
            what="gone" if row in gone else "changed",
            cells=rows[row],
        )
        for row in sorted(rows)
    ]
    new = plan.inserts.get(shape.key, ())
    return found + [
        RowChange(
            tab=shape.name,
            key=str(key),
            what="new",
            cells={name: (None, column[at]) for name, column in plan.inserts.items() if column[at] is not None},
        )
        for at, key in enumerate(new)
    ]


def published_changes(before: Mapping[str, Base], after: Mapping[str, Base]) -> list[RowChange]:
    """Return what differs between two states of a dashboard (tab → key → field → cell), in order of tab and key."""
    found = []
    for tab in sorted({*before, *after}):
        old, new = before.get(tab, {}), after.get(tab, {})
        for key in sorted({*old, *new}):
            was, becomes = old.get(key, {}), new.get(key, {})
            cells = {
                name: (was.get(name), becomes.get(name))
                for name in dict.fromkeys([*was, *becomes])
                if not same(was.get(name), becomes.get(name))
            }
            if cells:
                what: What = "new" if key not in old else "gone" if key not in new else "changed"
                found.append(RowChange(tab=tab, key=key, what=what, cells=cells))
    return found
