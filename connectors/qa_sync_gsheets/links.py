"""Columns whose texts lead somewhere: which they are, and which cells still lack their link."""

from __future__ import annotations

from collections.abc import Mapping

from qa_sync.dashboards.cells import Cell, Field, TabPlan
from qa_sync_gsheets.reading import Layout
from qa_sync_gsheets.wire import key_text


def links_of(plan: TabPlan, places: Mapping[str, int]) -> dict[int, Field]:
    """Return column → field of the columns that have links."""
    return {places[one.name]: one for one in plan.wanted.shape.fields if one.link and one.name in places}


def newly_linked(
    plan: TabPlan, layout: Layout, places: Mapping[str, int], written: set[tuple[int, int]]
) -> list[tuple[int, int, Cell]]:
    """Return (row, column, cell) of values that stand already and are written again for their links.

    Only where the look has changed, since a link may be new then. Cells that a person keeps, those in ``written`` and
    keys, which are never written to again, are not among them.
    """
    shape = plan.wanted.shape
    linked = [one.name for one in shape.fields if one.link and one.name in places and one.name != shape.key]
    if not plan.reshape or not linked:
        return []
    theirs = {(one.key, one.field) for one in plan.conflicts}
    at_key = {key_text(key): at for at, key in enumerate(plan.wanted.columns[shape.key])}
    found: list[tuple[int, int, Cell]] = []
    for position, there in layout.keys.items():
        key = key_text(there)
        at = at_key.pop(key, None)  # of a key that stands twice, the first row is ours
        if at is None:
            continue
        for name in linked:
            row, column, cell = layout.sheet_row(position), places[name], plan.wanted.columns[name][at]
            if (row, column) not in written and (key, name) not in theirs and cell is not None:
                found.append((row, column, cell))
    return found
