"""Requests that write cells: update, repeat, append, copy, cut, find and replace, merge."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.cell import BLANK, Cell, Formula, update_cell
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.masks import Mask, parse_mask
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]


def _mask(body: Json) -> Mask:
    mask = parse_mask(body.get("fields") or "")
    if not mask:
        raise Refusal(400, "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    return mask


def update_cells(book: Workbook, body: Json) -> None:
    """Write CellData from a start or over a range; inside a range, what the rows lack is cleared."""
    mask = _mask(body)
    rows = body.get("rows") or []
    if body.get("range") is not None:
        grid, box = book.grid_range(body["range"])
        top, bottom, left, right = grid.bounded(box)
    else:
        start = body.get("start") or {}
        grid = book.sheet(start.get("sheetId"))
        top, left = start.get("rowIndex") or 0, start.get("columnIndex") or 0
        bottom = top + len(rows)
        right = -1
        width = max((len(row.get("values") or []) for row in rows), default=0)
        if bottom > len(grid.rows) or left + width > len(grid.columns):
            limits = f"Max rows: {len(grid.rows)}, max columns: {len(grid.columns)}"
            place = f"column: {left + width - 1}, row: {bottom - 1}"
            raise Refusal(400, f"Attempting to write {place}, beyond the grid. {limits}")
    for offset in range(bottom - top):
        given = (rows[offset].get("values") or []) if offset < len(rows) and rows[offset] else []
        end = left + len(given) if right < 0 else right
        grid.put(
            top + offset,
            [
                (
                    column,
                    update_cell(
                        grid.cell(top + offset, column),
                        (given[column - left] or {}) if column - left < len(given) else {},
                        mask,
                    ),
                )
                for column in range(left, end)
            ],
        )


def repeat_cell(book: Workbook, body: Json) -> None:
    """Give every cell of a range the same masked fields."""
    mask, data = _mask(body), body.get("cell") or {}
    grid, box = book.grid_range(body.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    changed: dict[Cell, Cell] = {}
    for row in range(top, bottom):
        line = []
        for column in range(left, right):
            cell = grid.cell(row, column)
            # Blank cells are the many: work their look out once and share it.
            if cell is BLANK:
                new = changed.get(BLANK) if BLANK in changed else update_cell(cell, data, mask)
                changed[BLANK] = new  # type: ignore[assignment]
            else:
                new = update_cell(cell, data, mask)
            line.append((column, new))
        grid.put(row, line)  # type: ignore[arg-type]


def append_cells(book: Workbook, body: Json) -> None:
    """Write rows below the last row that has data."""
    grid = book.sheet(body.get("sheetId"))
    rows = body.get("rows") or []
    top = grid.used()[0]
    if top + len(rows) > len(grid.rows):
        book.insert(grid, "ROWS", len(grid.rows), top + len(rows) - len(grid.rows))
    update_cells(
        book,
        {
            "start": {"sheetId": grid.sheet_id, "rowIndex": top, "columnIndex": 0},
            "rows": rows,
            "fields": body.get("fields"),
        },
    )


def _block(grid: Grid, box: Box) -> list[list[Cell]]:
    top, bottom, left, right = grid.bounded(box)
    return [[grid.cell(row, column) for column in range(left, right)] for row in range(top, bottom)]


def _paste(old: Cell, new: Cell, kind: str) -> Cell:
    if kind in {"", "PASTE_NORMAL", "PASTE_NO_BORDERS"}:
        return new
    if kind in {"PASTE_VALUES", "PASTE_FORMULA"}:
        return Cell(new.value, old.format, old.note, old.validation, old.other)
    if kind == "PASTE_FORMAT":
        return Cell(old.value, new.format, old.note, old.validation, old.other)
    if kind == "PASTE_DATA_VALIDATION":
        return Cell(old.value, old.format, old.note, new.validation, old.other)
    return old


def copy_paste(book: Workbook, body: Json) -> None:
    """Copy a block over a range, repeated when the range is larger."""
    grid, box = book.grid_range(body.get("source") or {})
    block = _block(grid, box)
    target, target_box = book.grid_range(body.get("destination") or {})
    top, bottom, left, right = target.bounded(target_box)
    bottom, right = max(bottom, top + len(block)), max(right, left + len(block[0]))
    kind = body.get("pasteType") or ""
    for row in range(top, min(bottom, len(target.rows))):
        line = block[(row - top) % len(block)]
        target.put(
            row,
            [
                (column, _paste(target.cell(row, column), line[(column - left) % len(line)], kind))
                for column in range(left, min(right, len(target.columns)))
            ],
        )


def cut_paste(book: Workbook, body: Json) -> None:
    """Move a block of cells. Metadata stays behind: it hangs on lines, not on cells."""
    grid, box = book.grid_range(body.get("source") or {})
    block = _block(grid, box)
    top, bottom, left, right = grid.bounded(box)
    for row in range(top, bottom):
        grid.put(row, [(column, BLANK) for column in range(left, right)])
    place = body.get("destination") or {}
    target = book.sheet(place.get("sheetId"))
    down, across = place.get("rowIndex") or 0, place.get("columnIndex") or 0
    for offset, line in enumerate(block):
        target.put(
            down + offset,
            [
                (across + shift, _paste(target.cell(down + offset, across + shift), cell, body.get("pasteType") or ""))
                for shift, cell in enumerate(line)
            ],
        )


def find_replace(book: Workbook, body: Json) -> Json:
    """Replace a text in values (not in formulas, unless asked)."""
    find, new = str(body.get("find") or ""), str(body.get("replacement") or "")
    if not find:
        raise Refusal(400, "find must not be empty")
    if body.get("range") is not None:
        places = [book.grid_range(body["range"])]
    elif body.get("allSheets"):
        places = [(grid, Box()) for grid in book.sheets]
    else:
        places = [(book.sheet(body.get("sheetId")), Box())]
    counts = {"valuesChanged": 0, "occurrencesChanged": 0, "rowsChanged": 0, "sheetsChanged": 0}
    for grid, box in places:
        top, bottom, left, right = grid.bounded(box)
        before = counts["valuesChanged"]
        for row in range(top, bottom):
            changed = []
            for column in range(left, right):
                cell = grid.cell(row, column)
                if isinstance(cell.value, str) and not isinstance(cell.value, Formula) and find in cell.value:
                    counts["occurrencesChanged"] += cell.value.count(find)
                    text = cell.value.replace(find, new) or None
                    changed.append((column, Cell(text, cell.format, cell.note, cell.validation, cell.other)))
            if changed:
                counts["valuesChanged"] += len(changed)
                counts["rowsChanged"] += 1
                grid.put(row, changed)
        counts["sheetsChanged"] += counts["valuesChanged"] > before
    return {name: count for name, count in counts.items() if count}


def merge_cells(book: Workbook, body: Json) -> None:
    """Merge a range: all of it, row by row, or column by column. Only the top left value stays."""
    grid, box = book.grid_range(body.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    kind = body.get("mergeType") or "MERGE_ALL"
    boxes = {
        "MERGE_ALL": [(top, bottom, left, right)],
        "MERGE_ROWS": [(row, row + 1, left, right) for row in range(top, bottom)],
        "MERGE_COLUMNS": [(top, bottom, column, column + 1) for column in range(left, right)],
    }[kind]
    unmerge_cells(book, body)
    for one in boxes:
        first_row, last_row, first, last = one
        for row in range(first_row, last_row):
            grid.put(
                row,
                [
                    (column, Cell(None, cell.format, cell.note, cell.validation, cell.other))
                    for column in range(first, last)
                    if (row, column) != (first_row, first) and (cell := grid.cell(row, column)) is not BLANK
                ],
            )
        grid.parts["merges"].append(
            {
                "sheetId": grid.sheet_id,
                "startRowIndex": first_row,
                "endRowIndex": last_row,
                "startColumnIndex": first,
                "endColumnIndex": last,
            }
        )


def unmerge_cells(book: Workbook, body: Json) -> None:
    """Undo the merges that a range touches."""
    grid, box = book.grid_range(body.get("range") or {})
    top, bottom, left, right = grid.bounded(box)
    grid.parts["merges"] = [
        one
        for one in grid.parts["merges"]
        if one["endRowIndex"] <= top
        or one["startRowIndex"] >= bottom
        or one["endColumnIndex"] <= left
        or one["startColumnIndex"] >= right
    ]


CHANGES = {
    "updateCells": update_cells,
    "repeatCell": repeat_cell,
    "appendCells": append_cells,
    "copyPaste": copy_paste,
    "cutPaste": cut_paste,
    "findReplace": find_replace,
    "mergeCells": merge_cells,
    "unmergeCells": unmerge_cells,
}
