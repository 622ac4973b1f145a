"""Requests that add, delete, copy and describe sheets and the spreadsheet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.masks import assign, parse_mask
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.resource import sheet_properties
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]
_PLAIN = ("hidden", "tabColor", "tabColorStyle", "rightToLeft")


def add_sheet(book: Workbook, body: Json) -> Json:
    """Add a sheet; a chosen id or a title that is taken is an error."""
    properties = body.get("properties") or {}
    title = properties.get("title") or _free_title(book)
    if book.titled(title):
        raise _name_taken(title)
    sheet_id = properties.get("sheetId")
    if sheet_id is None:
        sheet_id = book.new_id()
    elif sheet_id < 0 or any(grid.sheet_id == sheet_id for grid in book.sheets):
        raise Refusal(400, f"A sheet with the ID {sheet_id} already exists.")
    sizes = properties.get("gridProperties") or {}
    grid = Grid(sheet_id, title, sizes.get("rowCount") or 1000, sizes.get("columnCount") or 26)
    _set(grid, properties, {name: {} for name in properties})
    at = properties.get("index")
    book.sheets.insert(len(book.sheets) if at is None else at, grid)
    return {"properties": sheet_properties(book, grid)}


def _name_taken(title: str) -> Refusal:
    return Refusal(400, f'A sheet with the name "{title}" already exists. Please enter another name.')


def _free_title(book: Workbook) -> str:
    number = len(book.sheets) + 1
    while book.titled(f"Sheet{number}"):
        number += 1
    return f"Sheet{number}"


def _set(grid: Grid, properties: Json, mask: dict[str, Any]) -> None:
    for name in _PLAIN:
        if name in mask:
            value = properties.get(name)
            if name.startswith("tabColor"):
                _set_colour(grid, name, value, mask)
            elif value:
                grid.properties[name] = value
            else:
                grid.properties.pop(name, None)
    if "gridProperties" in mask:
        below = mask["gridProperties"]
        given = properties.get("gridProperties") or {}
        sizes = {"rowCount", "columnCount"}
        known = {k: v for k, v in given.items() if k not in sizes}
        kept = {k: v for k, v in below.items() if k not in sizes}
        if not below:
            grid.grid_properties.update(known)
        elif kept:
            grid.grid_properties = assign(grid.grid_properties, known, kept)


def _set_colour(grid: Grid, name: str, value: Json | None, mask: dict[str, Any]) -> None:
    """Keep tabColor and tabColorStyle in step, as Google does."""
    if value is None:
        other = "tabColorStyle" if name == "tabColor" else "tabColor"
        if other not in mask:
            grid.properties.pop(other, None)
        grid.properties.pop(name, None)
        return
    rgb = value.get("rgbColor") if name == "tabColorStyle" else value
    if rgb is None:
        grid.properties.pop("tabColor", None)
        grid.properties.pop("tabColorStyle", None)
        return
    rgb = {part: shade for part, shade in rgb.items() if shade}
    grid.properties["tabColor"] = rgb
    grid.properties["tabColorStyle"] = {"rgbColor": rgb}


def update_sheet_properties(book: Workbook, body: Json) -> None:
    """Change masked properties of a sheet: title, place, sizes, frozen lines, colour, hidden."""
    properties = body.get("properties") or {}
    mask = parse_mask(body.get("fields") or "")
    if not mask:
        raise Refusal(400, "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    if "*" in mask:
        mask = {name: {} for name in properties if name != "sheetId"}
    grid = book.sheet(properties.get("sheetId"))
    if "title" in mask:
        other = book.titled(properties.get("title", ""))
        if other is not None and other is not grid:
            raise _name_taken(properties["title"])
        grid.title = properties["title"]
    if "hidden" in mask and properties.get("hidden"):
        visible = [one for one in book.sheets if not one.properties.get("hidden") and one is not grid]
        if not visible:
            raise Refusal(400, "You can't hide all the sheets in a document.")
    if "index" in mask:
        _place(book, grid, int(properties.get("index") or 0))
    _set(grid, properties, mask)
    sizes = mask.get("gridProperties")
    if sizes is not None:
        given = properties.get("gridProperties") or {}
        for name, dimension in (("rowCount", "ROWS"), ("columnCount", "COLUMNS")):
            if given.get(name) is not None and (not sizes or name in sizes):
                book.resize(grid, dimension, given[name])  # type: ignore[arg-type]


def _place(book: Workbook, grid: Grid, at: int) -> None:
    """Move a sheet; the index counts the places before the move, so moving right lands one to the left."""
    old = book.sheets.index(grid)
    book.sheets.remove(grid)
    book.sheets.insert(at - 1 if at > old else at, grid)


def delete_sheet(book: Workbook, body: Json) -> None:
    """Delete a sheet, its metadata, and the named ranges and charts that show it."""
    grid = book.sheet(body.get("sheetId"))
    if len(book.sheets) == 1:
        raise Refusal(400, "You can't remove all the sheets in a document.")
    book.sheets.remove(grid)
    for entry in book.all_metadata():
        if entry.sheet_id == grid.sheet_id:
            book.drop_metadata(entry)
    book.named_ranges = [one for one in book.named_ranges if one["range"].get("sheetId", 0) != grid.sheet_id]


def duplicate_sheet(book: Workbook, body: Json) -> Json:
    """Copy a sheet within the spreadsheet. Metadata is copied too, under new ids."""
    source = book.sheet(body.get("sourceSheetId"))
    twin = source.snapshot()
    twin.sheet_id = body["newSheetId"] if body.get("newSheetId") is not None else book.new_id()
    twin.title = body.get("newSheetName") or f"Copy of {source.title}"
    if book.titled(twin.title) or any(grid.sheet_id == twin.sheet_id for grid in book.sheets):
        raise _name_taken(twin.title)
    twin.parts = {name: _moved(parts, source.sheet_id, twin.sheet_id, book) for name, parts in twin.parts.items()}
    at = body.get("insertSheetIndex")
    book.sheets.insert(len(book.sheets) if at is None else at, twin)
    for entry in book.all_metadata():
        if entry.sheet_id == source.sheet_id:
            book.add_metadata(replace(entry, id=book.new_id(), sheet_id=twin.sheet_id))
    return {"properties": sheet_properties(book, twin)}


def _moved(part: Any, old: int, new: int, book: Workbook) -> Any:
    if isinstance(part, list):
        return [_moved(one, old, new, book) for one in part]
    if not isinstance(part, dict):
        return part
    moved: Json = {}
    for key, value in part.items():
        if key == "sheetId" and value == old:
            moved[key] = new
        elif key in {"chartId", "bandedRangeId", "protectedRangeId", "filterViewId"}:
            moved[key] = book.new_id()
        else:
            moved[key] = _moved(value, old, new, book)
    return moved


def update_spreadsheet_properties(book: Workbook, body: Json) -> None:
    """Change masked properties of the spreadsheet."""
    properties = body.get("properties") or {}
    mask = parse_mask(body.get("fields") or "")
    if "title" in mask or "*" in mask:
        book.title = properties.get("title", book.title)
    for name in ("locale", "timeZone"):
        if (name in mask or "*" in mask) and properties.get(name):
            book.properties[name] = properties[name]


CHANGES = {
    "addSheet": add_sheet,
    "updateSheetProperties": update_sheet_properties,
    "deleteSheet": delete_sheet,
    "duplicateSheet": duplicate_sheet,
    "updateSpreadsheetProperties": update_spreadsheet_properties,
}
