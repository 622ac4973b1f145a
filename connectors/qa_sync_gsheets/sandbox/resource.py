"""A spreadsheet as the API shows it: properties, sheets, and the grid data that a mask asks for."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.cell import Cell, Formula, plain_number, to_extended
from qa_sync_gsheets.sandbox.grid import Dimension, Grid, iter_values
from qa_sync_gsheets.sandbox.lookup import location_type, to_json
from qa_sync_gsheets.sandbox.masks import Mask, select, within
from qa_sync_gsheets.sandbox.typed import CellFailure, effective, formatted
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]
Boxes = list[tuple[Grid, Box]]

_ONE: Json = {"red": 1, "green": 1, "blue": 1}
_THEME = {
    "TEXT": {},
    "BACKGROUND": _ONE,
    "ACCENT1": {"red": 0.25882354, "green": 0.52156866, "blue": 0.95686275},
    "ACCENT2": {"red": 0.91764706, "green": 0.2627451, "blue": 0.20784314},
    "ACCENT3": {"red": 0.9843137, "green": 0.7372549, "blue": 0.015686275},
    "ACCENT4": {"red": 0.20392157, "green": 0.65882355, "blue": 0.3254902},
    "ACCENT5": {"red": 1, "green": 0.42745098, "blue": 0.003921569},
    "ACCENT6": {"red": 0.27450982, "green": 0.7411765, "blue": 0.7764706},
    "LINK": {"red": 0.06666667, "green": 0.33333334, "blue": 0.8},
}
_DEFAULTS: Json = {
    "autoRecalc": "ON_CHANGE",
    "defaultFormat": {
        "backgroundColor": _ONE,
        "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
        "verticalAlignment": "BOTTOM",
        "wrapStrategy": "OVERFLOW_CELL",
        "textFormat": {
            "foregroundColor": {},
            "fontFamily": "arial,sans,sans-serif",
            "fontSize": 10,
            "bold": False,
            "italic": False,
            "strikethrough": False,
            "underline": False,
            "foregroundColorStyle": {"rgbColor": {}},
        },
        "backgroundColorStyle": {"rgbColor": _ONE},
    },
    "spreadsheetTheme": {
        "primaryFontFamily": "Arial",
        "themeColors": [{"colorType": kind, "color": {"rgbColor": rgb}} for kind, rgb in _THEME.items()],
    },
}


def sheet_properties(book: Workbook, grid: Grid) -> Json:
    """Return the SheetProperties of a sheet."""
    answer: Json = {"sheetId": grid.sheet_id, "title": grid.title, "index": book.sheets.index(grid)}
    answer["sheetType"] = grid.properties.get("sheetType", "GRID")
    sizes = {"rowCount": len(grid.rows), "columnCount": len(grid.columns)}
    answer["gridProperties"] = {**sizes, **{k: v for k, v in grid.grid_properties.items() if v}}
    return answer | {k: v for k, v in grid.properties.items() if k != "sheetType" and v}


def spreadsheet(book: Workbook, url: str, mask: Mask, boxes: Boxes | None, *, grid_data: bool) -> Json:
    """Return the Spreadsheet resource.

    Args:
        book: the spreadsheet.
        url: where a person can look at it.
        mask: the field mask; with one, it alone decides about grid data.
        boxes: the ranges asked for; None for all of every sheet.
        grid_data: what the request said, where there is no mask.
    """
    wants_data = within(mask, "sheets", "data") is not None if mask else grid_data
    answer: Json = {
        "spreadsheetId": book.id,
        "properties": {"title": book.title, **book.properties, **_DEFAULTS},
        "sheets": [],
        "spreadsheetUrl": url,
    }
    for grid in book.sheets:
        mine = None if boxes is None else [box for other, box in boxes if other is grid]
        if mine == []:
            continue
        answer["sheets"].append(_sheet(book, grid, mine, mask, wants_data=wants_data))
    if book.named_ranges:
        answer["namedRanges"] = [_plain(one) for one in book.named_ranges]
    top = [to_json(book, entry) for entry in book.all_metadata() if entry.sheet_id is None]
    if top:
        answer["developerMetadata"] = top
    chosen: Json = select(mask, answer)
    return chosen


def _sheet(book: Workbook, grid: Grid, boxes: list[Box] | None, mask: Mask, *, wants_data: bool) -> Json:
    answer: Json = {"properties": sheet_properties(book, grid)}
    if wants_data:
        below = within(mask, "sheets", "data") or {}
        answer["data"] = [_grid_data(book, grid, box, below) for box in (boxes or [Box()])]
    for name, parts in grid.parts.items():
        if parts:
            answer[name] = [_plain(part) for part in parts]
    if grid.basic_filter:
        answer["basicFilter"] = _plain(grid.basic_filter)
    on_sheet = [
        to_json(book, entry)
        for entry in book.all_metadata()
        if entry.sheet_id == grid.sheet_id and location_type(entry) == "SHEET"
    ]
    if on_sheet:
        answer["developerMetadata"] = on_sheet
    return answer


def _plain(part: Any) -> Any:
    """Return an object as answers show it: a sheet id of 0 inside a range is left out."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    ranged = "startRowIndex" in part or "startColumnIndex" in part or "dimension" in part
    return {key: _plain(one) for key, one in part.items() if not (ranged and key == "sheetId" and one == 0)}


def _grid_data(book: Workbook, grid: Grid, box: Box, mask: Mask) -> Json:
    top, bottom, left, right = grid.bounded(box)
    answer: Json = {}
    if top:
        answer["startRow"] = top
    if left:
        answer["startColumn"] = left
    below = within(mask, "rowData", "values")
    if below is not None:
        rows: list[Json] = []
        for cells in iter_values(grid, top, bottom, left, right):
            values = [_cell(book, grid, cell, below) for cell in cells]
            while values and not values[-1]:
                values.pop()
            rows.append({"values": values} if values else {})
        while rows and not rows[-1]:
            rows.pop()
        if rows:
            answer["rowData"] = rows
    for name, dimension, start, end in (
        ("rowMetadata", "ROWS", top, bottom),
        ("columnMetadata", "COLUMNS", left, right),
    ):
        if within(mask, name) is not None:
            answer[name] = _lines(book, grid, dimension, start, end)  # type: ignore[arg-type]
    return answer


def _lines(book: Workbook, grid: Grid, dimension: Dimension, start: int, end: int) -> list[Json]:
    default = 21 if dimension == "ROWS" else 100
    hung: dict[int, list[Json]] = {}
    for entry in book.all_metadata():
        if entry.sheet_id == grid.sheet_id and entry.dimension == dimension and entry.line_id is not None:
            hung.setdefault(entry.line_id, []).append(to_json(book, entry))
    answer: list[Json] = []
    for line_id in grid.line(dimension)[start:end]:
        size = grid.sizes[dimension].get(line_id, {})
        one = {"pixelSize": default, **{name: value for name, value in size.items() if value}}
        if line_id in hung:
            one["developerMetadata"] = hung[line_id]
        answer.append(one)
    return answer


def _cell(book: Workbook, grid: Grid, cell: Cell, mask: Mask) -> Json:
    answer: Json = {}
    whole = not mask or "*" in mask
    if cell.value is not None:
        if whole or "userEnteredValue" in mask:
            answer["userEnteredValue"] = to_extended(cell.value)
        if whole or "effectiveValue" in mask or "formattedValue" in mask:
            answer.update(_shown(book, grid, cell))
    if cell.format:
        answer["userEnteredFormat"] = cell.format
    if whole or "effectiveFormat" in mask:
        if cell.format:
            answer["effectiveFormat"] = {**_DEFAULTS["defaultFormat"], **cell.format}
        elif cell.value is not None:
            answer["effectiveFormat"] = _DEFAULTS["defaultFormat"]
    if cell.note:
        answer["note"] = cell.note
    if cell.validation:
        answer["dataValidation"] = cell.validation
    if cell.other:
        answer.update(cell.other)
    chosen: Json = select(mask, answer)
    return {name: part for name, part in chosen.items() if part not in ({}, None)}


def _shown(book: Workbook, grid: Grid, cell: Cell) -> Json:
    value = effective(book, grid, cell)
    shown: Json = {"formattedValue": formatted(value, (cell.format or {}).get("numberFormat"))}
    if isinstance(value, CellFailure):
        kinds = {"#DIV/0!": "DIVIDE_BY_ZERO", "#VALUE!": "VALUE", "#REF!": "REF", "#NAME?": "NAME"}
        shown["effectiveValue"] = {"errorValue": {"type": kinds.get(str(value), "ERROR"), "message": str(value)}}
    elif isinstance(value, float) and not isinstance(value, bool):
        shown["effectiveValue"] = {"numberValue": plain_number(value)}
    elif value is not None and not isinstance(value, Formula):
        shown["effectiveValue"] = to_extended(value)
    return shown
