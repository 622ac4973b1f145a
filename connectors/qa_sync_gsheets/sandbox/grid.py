"""One sheet of cells. Rows and columns have identities, so whatever hangs on them moves with them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.cell import BLANK, Cell, Formula
from qa_sync_gsheets.sandbox.refusal import Refusal

Dimension = Literal["ROWS", "COLUMNS"]
#: From an old position to the new one; None where the line is gone.
Place = Callable[[int], int | None]
#: Names of the parts of a sheet that hold ranges and move with the grid.
PARTS = (
    "merges",
    "conditionalFormats",
    "protectedRanges",
    "bandedRanges",
    "charts",
    "filterViews",
    "tables",
    "slicers",
    "rowGroups",
    "columnGroups",
)


class Grid:
    """A sheet: its properties, its cells by (row id, column id), and the objects laid over it."""

    def __init__(self, sheet_id: int, title: str, rows: int = 1000, columns: int = 26) -> None:
        self.sheet_id = sheet_id
        self.title = title
        self.properties: dict[str, Any] = {"sheetType": "GRID"}
        self.grid_properties: dict[str, Any] = {}
        self.rows: list[int] = list(range(rows))
        self.columns: list[int] = list(range(columns))
        self._next = {"ROWS": rows, "COLUMNS": columns}
        self.cells: dict[int, dict[int, Cell]] = {}
        self.sizes: dict[str, dict[int, dict[str, Any]]] = {"ROWS": {}, "COLUMNS": {}}
        self.parts: dict[str, list[dict[str, Any]]] = {name: [] for name in PARTS}
        self.basic_filter: dict[str, Any] | None = None

    def restart_ids(self) -> None:
        """Number new lines behind every line there is, after the lists were set from outside."""
        self._next = {"ROWS": max(self.rows, default=0) + 1, "COLUMNS": max(self.columns, default=0) + 1}

    def snapshot(self) -> Grid:
        """Return a copy that later changes do not touch. Row dictionaries are shared, and never mutated."""
        twin = copy.copy(self)
        twin.properties = copy.deepcopy(self.properties)
        twin.grid_properties = dict(self.grid_properties)
        twin.rows, twin.columns = list(self.rows), list(self.columns)
        twin._next = dict(self._next)
        twin.cells = dict(self.cells)
        twin.sizes = {name: dict(part) for name, part in self.sizes.items()}
        twin.parts = copy.deepcopy(self.parts)
        twin.basic_filter = copy.deepcopy(self.basic_filter)
        return twin

    # -- cells ---------------------------------------------------------------------------------------------

    def cell(self, row: int, column: int) -> Cell:
        """Return the cell at a position; beyond the grid it is blank."""
        if row >= len(self.rows) or column >= len(self.columns):
            return BLANK
        return self.cells.get(self.rows[row], {}).get(self.columns[column], BLANK)

    def put(self, row: int, cells: Iterable[tuple[int, Cell]]) -> None:
        """Store cells of one row, by column position."""
        rid = self.rows[row]
        changed = dict(self.cells.get(rid, {}))
        for column, cell in cells:
            if cell.is_blank:
                changed.pop(self.columns[column], None)
            else:
                changed[self.columns[column]] = cell
        if changed:
            self.cells[rid] = changed
        else:
            self.cells.pop(rid, None)

    def bounded(self, box: Box) -> tuple[int, int, int, int]:
        """Return (top, bottom, left, right) of a box inside this grid.

        Raises:
            Refusal: the box starts beyond the grid.
        """
        height, width = len(self.rows), len(self.columns)
        top, left = box.top or 0, box.left or 0
        bottom = height if box.bottom is None else min(box.bottom, height)
        right = width if box.right is None else min(box.right, width)
        if top >= height or left >= width:
            msg = f"exceeds grid limits. Max rows: {height}, max columns: {width}"
            raise Refusal(400, f"Range ({self.title}) {msg}")
        return top, bottom, left, right

    def used(self) -> tuple[int, int]:
        """Return (rows, columns) of the smallest top-left rectangle that holds every value."""
        order = {cid: position for position, cid in enumerate(self.columns)}
        height = width = 0
        for position, rid in enumerate(self.rows):
            filled = [order[cid] for cid, cell in self.cells.get(rid, {}).items() if cell.value is not None]
            if filled:
                height, width = position + 1, max(width, max(filled) + 1)
        return height, width

    # -- rows and columns ------------------------------------------------------------------------------------

    def line(self, dimension: Dimension) -> list[int]:
        """Return the list of row or column ids, in order."""
        return self.rows if dimension == "ROWS" else self.columns

    def insert(self, dimension: Dimension, start: int, count: int, *, inherit_before: bool = False) -> Place:
        """Insert rows or columns, which take their format from the neighbour before or after.

        Like ``delete`` and ``move`` it returns where each old position is now, for whatever refers to it.
        """
        line = self.line(dimension)
        if start > len(line):
            raise Refusal(400, f"Invalid requests: cannot insert at {start}, grid has {len(line)} {dimension.lower()}")
        fresh = list(range(self._next[dimension], self._next[dimension] + count))
        self._next[dimension] += count
        neighbour = start - 1 if inherit_before else start
        donor = line[neighbour] if 0 <= neighbour < len(line) else None
        line[start:start] = fresh
        if donor is not None:
            self._inherit(dimension, donor, fresh)
        return lambda index: index if index < start else index + count

    def _inherit(self, dimension: Dimension, donor: int, fresh: list[int]) -> None:
        if donor in self.sizes[dimension]:
            size = {k: v for k, v in self.sizes[dimension][donor].items() if k != "hiddenByUser"}
            self.sizes[dimension].update(dict.fromkeys(fresh, size))
        if dimension == "ROWS":
            look = {
                cid: Cell(format=cell.format, validation=cell.validation)
                for cid, cell in self.cells.get(donor, {}).items()
                if cell.format or cell.validation
            }
            if look:
                self.cells.update(dict.fromkeys(fresh, look))
            return
        for rid, row in list(self.cells.items()):
            cell = row.get(donor)
            if cell is not None and (cell.format or cell.validation):
                twin = Cell(format=cell.format, validation=cell.validation)
                self.cells[rid] = {**row, **dict.fromkeys(fresh, twin)}

    def delete(self, dimension: Dimension, start: int, end: int) -> tuple[list[int], Place]:
        """Delete rows or columns; return their ids, and where the others are now."""
        line = self.line(dimension)
        end = min(end, len(line))
        if start >= len(line) or end <= start:
            raise Refusal(400, f"Invalid requests: cannot delete {start}:{end} of {len(line)} {dimension.lower()}")
        if end - start == len(line):
            raise Refusal(400, f"Invalid requests: You can't delete all the {dimension.lower()} on the sheet.")
        gone = line[start:end]
        del line[start:end]
        dead = set(gone)
        if dimension == "ROWS":
            for rid in gone:
                self.cells.pop(rid, None)
        else:
            for rid, row in list(self.cells.items()):
                if not dead.isdisjoint(row):
                    self.cells[rid] = {cid: cell for cid, cell in row.items() if cid not in dead}
        for one in gone:
            self.sizes[dimension].pop(one, None)
        count = end - start
        return gone, lambda i: i if i < start else None if i < end else i - count

    def move(self, dimension: Dimension, start: int, end: int, destination: int) -> Place:
        """Move rows or columns in front of the index ``destination`` of the old order."""
        line = self.line(dimension)
        if not 0 <= start < end <= len(line) or not 0 <= destination <= len(line) or start < destination < end:
            raise Refusal(400, f"Invalid requests: cannot move {start}:{end} to {destination}")
        before = list(line)
        moved = line[start:end]
        rest = line[:start] + line[end:]
        at = destination if destination <= start else destination - len(moved)
        line[:] = rest[:at] + moved + rest[at:]
        place = {one: position for position, one in enumerate(line)}
        return lambda index: place[before[index]] if index < len(before) else index

    # -- order -----------------------------------------------------------------------------------------------

    def sort(
        self, box: Box, specs: Iterable[tuple[int, bool]], value: Callable[[int, int], Any], *, rows_move: bool = False
    ) -> None:
        """Sort the rows of a rectangle by columns (position, descending): numbers, text, booleans, blanks last.

        ``rows_move`` answers whether row identities (and metadata on them) follow a sort: unknown upstream.
        """
        top, bottom, left, right = self.bounded(box)
        order = list(range(top, bottom))
        for column, descending in reversed(list(specs)):
            keys = {row: sort_key(value(row, column)) for row in order}
            filled = [row for row in order if keys[row] is not None]
            filled.sort(key=lambda row: keys[row], reverse=descending)  # type: ignore[arg-type, return-value]
            order = filled + [row for row in order if keys[row] is None]
        whole = left == 0 and right == len(self.columns)
        if rows_move and whole:
            self.rows[top:bottom] = [self.rows[row] for row in order]
            return
        columns = set(self.columns[left:right])
        contents = [{c: cell for c, cell in self.cells.get(self.rows[r], {}).items() if c in columns} for r in order]
        for row, content in zip(range(top, bottom), contents, strict=True):
            rid = self.rows[row]
            kept = {c: cell for c, cell in self.cells.get(rid, {}).items() if c not in columns}
            merged = {**kept, **content}
            if merged:
                self.cells[rid] = merged
            else:
                self.cells.pop(rid, None)


def sort_key(value: Any) -> tuple[int, Any] | None:
    """Return the rank of a value in Google's order, None for a blank.

    >>> sorted([True, "b", 2.0, "A"], key=sort_key)
    [2.0, 'A', 'b', True]
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, str):
        return (1, str(value).casefold())
    return (0, value)


def remap_ranges(part: Any, sheet_id: int, dimension: Dimension, place: Place) -> Any:
    """Return an API object with all ranges on this sheet carried over, or None when its range vanished."""
    if isinstance(part, list):
        kept = [remap_ranges(one, sheet_id, dimension, place) for one in part]
        return [one for one in kept if one is not None]
    if not isinstance(part, dict):
        return part
    start, end = ("startRowIndex", "endRowIndex") if dimension == "ROWS" else ("startColumnIndex", "endColumnIndex")
    if part.get("dimension") == dimension and "startIndex" in part:
        start, end = "startIndex", "endIndex"
    elif "dimension" in part and "startIndex" in part:
        return part
    here = part.get("sheetId", 0) == sheet_id
    if here and (start in part or end in part) and end in part:
        low, high = part.get(start, 0), part[end]
        places = [new for index in range(low, high) if (new := place(index)) is not None]
        return {**part, start: min(places), end: max(places) + 1} if places else None
    if here and start in part:
        moved = place(part[start])
        return {**part, start: moved} if moved is not None else part
    result: dict[str, Any] = {}
    for key, value in part.items():
        kept = remap_ranges(value, sheet_id, dimension, place)
        if kept is None and isinstance(value, dict) and value:
            return None
        result[key] = kept
    return result


def iter_values(grid: Grid, top: int, bottom: int, left: int, right: int) -> Iterator[list[Cell]]:
    """Yield the cells of a rectangle, row by row."""
    cids = grid.columns[left:right]
    for rid in grid.rows[top:bottom]:
        row = grid.cells.get(rid)
        yield [row.get(cid, BLANK) for cid in cids] if row else [BLANK] * len(cids)


def is_formula(cell: Cell) -> bool:
    """True when the cell holds a formula."""
    return isinstance(cell.value, Formula)
