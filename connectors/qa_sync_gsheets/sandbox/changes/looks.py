"""Requests about looks and rules: conditional formats, bands, borders, validation, filters, protection."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.sandbox.cell import Cell
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.masks import assign, parse_mask
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.tokens import EMAIL
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]


def _of_rule(book: Workbook, rule: Json) -> Grid:
    ranges = rule.get("ranges") or []
    if not ranges:
        raise Refusal(400, "rule.ranges must not be empty")
    if len({one.get("sheetId", 0) for one in ranges}) > 1:
        raise Refusal(400, "All the ranges of a rule must be on the same grid.")
    return book.sheet(ranges[0].get("sheetId"))


def add_rule(book: Workbook, body: Json) -> None:
    """Insert a conditional format rule at an index."""
    rule = body.get("rule") or {}
    if bool(rule.get("booleanRule")) == bool(rule.get("gradientRule")):
        raise Refusal(400, "rule: exactly one of booleanRule and gradientRule must be set")
    rules = _of_rule(book, rule).parts["conditionalFormats"]
    at = body.get("index") or 0
    if at > len(rules):
        raise Refusal(400, f"index {at} is beyond the {len(rules)} rules of the sheet")
    rules.insert(at, rule)


def delete_rule(book: Workbook, body: Json) -> Json:
    """Delete the rule at an index."""
    rules = book.sheet(body.get("sheetId")).parts["conditionalFormats"]
    at = body.get("index") or 0
    if at >= len(rules):
        raise Refusal(400, f"No conditional format on sheet: {body.get('sheetId', 0)} at index: {at}")
    return {"rule": rules.pop(at)}


def add_banding(book: Workbook, body: Json) -> Json:
    """Add alternating colours; two bandings may not overlap."""
    banding = dict(body.get("bandedRange") or {})
    grid, box = book.grid_range(banding.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    taken = {one["bandedRangeId"] for sheet in book.sheets for one in sheet.parts["bandedRanges"]}
    banding.setdefault("bandedRangeId", book.new_id())
    if banding["bandedRangeId"] in taken:
        raise Refusal(400, f"A banded range with the ID {banding['bandedRangeId']} already exists.")
    for other in grid.parts["bandedRanges"]:
        t, b, l, r = grid.bounded(book.grid_range(other["range"])[1])  # noqa: E741
        if t < bottom and top < b and l < right and left < r:
            taken_words = "a range that already has alternating background colors."
            raise Refusal(400, f"You cannot add alternating background colors to {taken_words}")
    grid.parts["bandedRanges"].append(banding)
    return {"bandedRange": banding}


def delete_banding(book: Workbook, body: Json) -> None:
    """Remove alternating colours."""
    _remove(book, "bandedRanges", "bandedRangeId", body.get("bandedRangeId"), "banded range")


def _remove(book: Workbook, part: str, name: str, number: Any, words: str) -> Json:
    for grid in book.sheets:
        for one in grid.parts[part]:
            if one.get(name) == number:
                grid.parts[part].remove(one)
                return one
    raise Refusal(400, f"No {words} with id: {number}")


def _find(book: Workbook, part: str, name: str, number: Any, words: str) -> tuple[Grid, int]:
    for grid in book.sheets:
        for at, one in enumerate(grid.parts[part]):
            if one.get(name) == number:
                return grid, at
    raise Refusal(400, f"No {words} with id: {number}")


def add_protected(book: Workbook, body: Json) -> Json:
    """Protect a range, by warning or for editors only."""
    given = {key: value for key, value in (body.get("protectedRange") or {}).items() if value is not None}
    grid, _ = book.grid_range(given.get("range") or {})
    if given.get("warningOnly") and (given.get("editors") or {}).get("users"):
        raise Refusal(400, "Editors are not supported with warning_only protection.")
    number = given.get("protectedRangeId") or book.new_id()
    protection: Json = {"protectedRangeId": number, "range": given.get("range")}
    for name in ("description", "namedRangeId", "unprotectedRanges"):
        if given.get(name):
            protection[name] = given[name]
    if given.get("warningOnly"):
        protection["warningOnly"] = True
    protection["requestingUserCanEdit"] = True
    # The reply leaves the editors out; a later read names at least the one who protected the range.
    users = (given.get("editors") or {}).get("users") or [EMAIL]
    grid.parts["protectedRanges"].append({**protection, "editors": {"users": users}})
    where = {key: value for key, value in protection["range"].items() if key != "sheetId" or value}
    return {"protectedRange": {**protection, "range": where, "editors": {}}}


def update_protected(book: Workbook, body: Json) -> None:
    """Change masked fields of a protection."""
    given = body.get("protectedRange") or {}
    grid, at = _find(book, "protectedRanges", "protectedRangeId", given.get("protectedRangeId"), "protected range")
    protections = grid.parts["protectedRanges"]
    protections[at] = assign(protections[at], given, parse_mask(body.get("fields") or ""))


def delete_protected(book: Workbook, body: Json) -> None:
    """Remove a protection."""
    _remove(book, "protectedRanges", "protectedRangeId", body.get("protectedRangeId"), "protected range")


def set_validation(book: Workbook, body: Json) -> None:
    """Set or clear the data validation of a range."""
    grid, box = book.grid_range(body.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    rule = body.get("rule") or None
    for row in range(top, bottom):
        cells = [(column, grid.cell(row, column)) for column in range(left, right)]
        grid.put(row, [(column, Cell(c.value, c.format, c.note, rule, c.other)) for column, c in cells])


def update_borders(book: Workbook, body: Json) -> None:
    """Set borders of a range's outline and insides."""
    grid, box = book.grid_range(body.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    for row in range(top, bottom):
        line = []
        for column in range(left, right):
            cell = grid.cell(row, column)
            borders = dict((cell.format or {}).get("borders") or {})
            edges = {
                "top": "top" if row == top else "innerHorizontal",
                "bottom": "bottom" if row == bottom - 1 else "innerHorizontal",
                "left": "left" if column == left else "innerVertical",
                "right": "right" if column == right - 1 else "innerVertical",
            }
            borders.update({edge: body[name] for edge, name in edges.items() if body.get(name)})
            look = {**(cell.format or {}), "borders": borders} if borders else cell.format
            line.append((column, Cell(cell.value, look, cell.note, cell.validation, cell.other)))
        grid.put(row, line)


def set_filter(book: Workbook, body: Json) -> None:
    """Put the filter of a sheet."""
    given = body.get("filter") or {}
    grid, box = book.grid_range(given.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    where = {
        "sheetId": grid.sheet_id,
        "startRowIndex": top,
        "endRowIndex": bottom,
        "startColumnIndex": left,
        "endColumnIndex": right,
    }
    grid.basic_filter = {**given, "range": where}


def clear_filter(book: Workbook, body: Json) -> None:
    """Take the filter of a sheet away."""
    book.sheet(body.get("sheetId")).basic_filter = None


def add_filter_view(book: Workbook, body: Json) -> Json:
    """Add a filter view, which orders nothing for anybody else."""
    view = dict(body.get("filter") or {})
    view.setdefault("filterViewId", book.new_id())
    grid, _ = book.grid_range(view.get("range") or {})
    grid.parts["filterViews"].append(view)
    return {"filter": view}


CHANGES = {
    "addConditionalFormatRule": add_rule,
    "deleteConditionalFormatRule": delete_rule,
    "addBanding": add_banding,
    "deleteBanding": delete_banding,
    "addProtectedRange": add_protected,
    "updateProtectedRange": update_protected,
    "deleteProtectedRange": delete_protected,
    "setDataValidation": set_validation,
    "updateBorders": update_borders,
    "setBasicFilter": set_filter,
    "clearBasicFilter": clear_filter,
    "addFilterView": add_filter_view,
}
