"""Requests that insert, delete, move, size and group rows and columns, and that order rows."""

from __future__ import annotations

from typing import Any, cast

from qa_sync_gsheets.sandbox.grid import Dimension, Grid
from qa_sync_gsheets.sandbox.masks import assign, parse_mask
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.typed import effective
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]


def _span(book: Workbook, body: Json) -> tuple[Grid, Dimension, int, int]:
    grid = book.sheet(body.get("sheetId"))
    dimension = cast("Dimension", body.get("dimension"))
    if dimension not in {"ROWS", "COLUMNS"}:
        raise Refusal(400, "range.dimension must be ROWS or COLUMNS")
    end = body.get("endIndex")
    return grid, dimension, body.get("startIndex") or 0, len(grid.line(dimension)) if end is None else end


def insert_dimension(book: Workbook, body: Json) -> None:
    """Insert empty rows or columns."""
    grid, dimension, start, end = _span(book, body.get("range") or {})
    if end <= start:
        raise Refusal(400, "range.endIndex must be greater than range.startIndex")
    before = bool(body.get("inheritFromBefore"))
    if before and start == 0:
        raise Refusal(400, "inheritFromBefore cannot be true at the first row or column")
    size = len(grid.line(dimension))
    if start > size or (start == size and not book.switches.insert_at_end_allowed):
        raise Refusal(400, f"range.startIndex[{start}] is too large: the sheet has {size} {dimension.lower()}")
    book.insert(grid, dimension, start, end - start, inherit_before=before)


def append_dimension(book: Workbook, body: Json) -> None:
    """Add rows or columns at the end."""
    grid = book.sheet(body.get("sheetId"))
    dimension = cast("Dimension", body.get("dimension"))
    book.insert(grid, dimension, len(grid.line(dimension)), int(body.get("length") or 0), inherit_before=True)


def delete_dimension(book: Workbook, body: Json) -> None:
    """Delete rows or columns, and the metadata on them."""
    grid, dimension, start, end = _span(book, body.get("range") or {})
    book.delete(grid, dimension, start, end)


def move_dimension(book: Workbook, body: Json) -> None:
    """Move rows or columns; the destination counts the places before the move."""
    grid, dimension, start, end = _span(book, body.get("source") or {})
    book.move(grid, dimension, start, end, int(body.get("destinationIndex") or 0))


def update_dimension_properties(book: Workbook, body: Json) -> None:
    """Set widths, heights and visibility."""
    grid, dimension, start, end = _span(book, body.get("range") or {})
    mask = parse_mask(body.get("fields") or "")
    for line_id in grid.line(dimension)[start:end]:
        size = grid.sizes[dimension].get(line_id, {})
        grid.sizes[dimension][line_id] = assign(size, body.get("properties") or {}, mask)


def auto_resize(book: Workbook, body: Json) -> None:
    """Fit columns to their text: seven pixels a letter, roughly what Google's font takes."""
    grid, dimension, start, end = _span(book, body.get("dimensions") or {})
    if dimension == "ROWS":
        return
    height, _ = grid.used()
    for column in range(start, min(end, len(grid.columns))):
        longest = max((len(str(grid.cell(row, column).value or "")) for row in range(height)), default=0)
        line_id = grid.columns[column]
        size = {"pixelSize": max(21, longest * 7 + 3)}
        grid.sizes["COLUMNS"][line_id] = {**grid.sizes["COLUMNS"].get(line_id, {}), **size}


def add_group(book: Workbook, body: Json) -> Json:
    """Group rows or columns; a group inside another is one deeper."""
    grid, dimension, start, end = _span(book, body.get("range") or {})
    groups = grid.parts["rowGroups" if dimension == "ROWS" else "columnGroups"]
    depth = 1 + sum(one["range"]["startIndex"] <= start and end <= one["range"]["endIndex"] for one in groups)
    where = {"sheetId": grid.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}
    groups.append({"range": where, "depth": depth})
    grid.grid_properties["rowGroupControlAfter" if dimension == "ROWS" else "columnGroupControlAfter"] = True
    return {"dimensionGroups": _shown(groups)}


def delete_group(book: Workbook, body: Json) -> Json:
    """Remove the innermost group over a span."""
    grid, dimension, start, end = _span(book, body.get("range") or {})
    groups = grid.parts["rowGroups" if dimension == "ROWS" else "columnGroups"]
    same = [one for one in groups if (one["range"]["startIndex"], one["range"]["endIndex"]) == (start, end)]
    if not same:
        raise Refusal(400, "There is no group over this range.")
    groups.remove(same[-1])
    return {"dimensionGroups": _shown(groups)} if groups else {}


def _shown(groups: list[Json]) -> list[Json]:
    return [
        {**one, "range": {key: value for key, value in one["range"].items() if key != "sheetId" or value}}
        for one in groups
    ]


def sort_range(book: Workbook, body: Json) -> None:
    """Sort the rows of a range by one or more of its columns."""
    grid, box = book.grid_range(body.get("range") or {})
    specs = [
        (int(spec.get("dimensionIndex") or 0), spec.get("sortOrder") == "DESCENDING")
        for spec in body.get("sortSpecs") or []
    ]
    grid.sort(
        box,
        specs,
        lambda row, column: effective(book, grid, grid.cell(row, column)),
        rows_move=book.switches.metadata_follows_sort,
    )


CHANGES = {
    "insertDimension": insert_dimension,
    "appendDimension": append_dimension,
    "deleteDimension": delete_dimension,
    "moveDimension": move_dimension,
    "updateDimensionProperties": update_dimension_properties,
    "autoResizeDimensions": auto_resize,
    "addDimensionGroup": add_group,
    "deleteDimensionGroup": delete_group,
    "sortRange": sort_range,
}
