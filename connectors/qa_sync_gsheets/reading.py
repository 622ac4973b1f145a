"""One read of all tabs: which columns to ask for, and what their answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_sync.dashboards.cells import Cell, PresentTab, TabShape
from qa_sync_gsheets.a1 import parse_cells, split_range
from qa_sync_gsheets.marks import Marks, TabMarks
from qa_sync_gsheets.wire import read_cell

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a tab's parts were when it was read: what a plan's row positions are turned into places with.

    ``head``: index of the header row, -1 when it is gone. ``columns``: field → index. ``labels``: field →
    header text. ``last_key``: position of the last keyed data row, -1 without any. ``keys``: position → key.
    """

    title: str
    marks: TabMarks
    head: int
    columns: Mapping[str, int]
    labels: Mapping[str, Cell]
    last_key: int
    keys: Mapping[int, Cell]
    rows: int
    width: int

    def sheet_row(self, position: int) -> int:
        """Return the row index in the sheet of a data row position."""
        return self.head + 1 + position


@dataclass(slots=True)
class Answered:
    """The parts of a values answer, by the id of the mark that was asked for."""

    columns: dict[int, tuple[int, list[Any]]] = field(default_factory=dict)
    heads: dict[int, tuple[int, int]] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    heights: dict[int, int] = field(default_factory=dict)


def tab_name(shape: TabShape) -> str:
    """Return the value of a tab's mark."""
    return f"{shape.dashboard}/{shape.name}"


def wanted_marks(marks: Marks, shapes: Sequence[TabShape]) -> list[int]:
    """Return the ids of the marks to ask for: header row and managed columns of every tab that exists."""
    ids: list[int] = []
    for shape in shapes:
        tab = marks.tabs.get(tab_name(shape))
        if tab is not None:
            ids += [tab.head_mark] if tab.head_mark else []
            ids += [tab.columns[name] for name in shape.field_names if name in tab.columns]
    return ids


def values_request(ids: Sequence[int]) -> Json:
    """Return the body of ``values:batchGetByDataFilter`` for some marks: by column, formulas as formulas."""
    return {
        "dataFilters": [{"developerMetadataLookup": {"metadataId": number}} for number in ids],
        "majorDimension": "COLUMNS",
        "valueRenderOption": "FORMULA",
        "dateTimeRenderOption": "SERIAL_NUMBER",
    }


def read_values(answer: Json, heads: frozenset[int]) -> Answered:
    """Sort the ranges of an answer by the marks they were asked for with."""
    found = Answered()
    for one in answer.get("valueRanges") or []:
        values = one["valueRange"]
        title, cells = split_range(values["range"])
        box = parse_cells(cells)
        if box is None:
            continue
        for asked in one.get("dataFilters") or []:
            number = (asked.get("developerMetadataLookup") or {}).get("metadataId", 0)
            found.titles[number] = title or ""
            if number in heads:
                found.heads[number] = (box.top or 0, box.right or 0)
            else:
                found.columns[number] = (box.left or 0, (values.get("values") or [[]])[0])
                found.heights[number] = box.bottom or 0
    return found


def missing(marks: Marks, shapes: Sequence[TabShape], found: Answered) -> bool:
    """Tell whether a mark that was asked for did not answer: what is remembered is not what is there."""
    return any(number not in found.columns and number not in found.heads for number in wanted_marks(marks, shapes))


def read_tab(shape: TabShape, tab: TabMarks, found: Answered) -> PresentTab | None:
    """Return a tab as it is now; None when nothing of it answered.

    Formulas are not told from texts that look like one here: ``suspects`` lists those to look at again.
    """
    there = {
        name: found.columns[tab.columns[name]]
        for name in shape.field_names
        if name in tab.columns and tab.columns[name] in found.columns
    }
    if shape.key not in there:
        return None
    head, width = found.heads.get(tab.head_mark, (-1, 0))
    first = head + 1
    keys = [read_cell(value) for value in there[shape.key][1][first:]]
    rows = [position for position, key in enumerate(keys) if key is not None]
    columns = {name: _at(values, first, rows) for name, (_, values) in there.items()}
    mark = tab.columns[shape.key]
    layout = Layout(
        title=found.titles[mark],
        marks=tab,
        head=head,
        columns={name: place for name, (place, _) in there.items()},
        labels={
            name: read_cell(values[head]) if 0 <= head < len(values) else None for name, (_, values) in there.items()
        },
        last_key=rows[-1] if rows else -1,
        keys={position: keys[position] for position in rows},
        rows=found.heights[mark],
        width=width,
    )
    return PresentTab(
        columns=columns,
        rows=rows,
        shape_hash=tab.shape_hash if head >= 0 else "",
        height=layout.last_key + 1,
        handle=layout,
    )


def _at(values: Sequence[Any], first: int, rows: Sequence[int]) -> list[Cell]:
    """Return the cells of a column at some data row positions; an answer ends with its last filled cell."""
    end = len(values)
    return [read_cell(values[first + row]) if first + row < end else None for row in rows]


def suspects(tab: PresentTab) -> list[tuple[int, str]]:
    """Return (row position, field) of every cell whose text may be a formula."""
    return [
        (row, name)
        for name, cells in tab.columns.items()
        for row, cell in zip(tab.rows, cells, strict=True)
        if isinstance(cell, str) and cell.startswith("=")
    ]
