"""The ``values`` methods: read, write, append and clear ranges of plain values."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.a1 import Box, column_letters, format_range
from qa_sync_gsheets.sandbox.cell import Cell
from qa_sync_gsheets.sandbox.grid import Grid, iter_values
from qa_sync_gsheets.sandbox.lookup import boxes_of
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.typed import entered, rendered
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]


def read_range(book: Workbook, grid: Grid, box: Box, options: Json) -> Json:
    """Return a ValueRange: trailing empty rows, and empty cells at the end of a row, are left out."""
    top, bottom, left, right = grid.bounded(box)
    major = options.get("majorDimension") or "ROWS"
    value_option = options.get("valueRenderOption") or "FORMATTED_VALUE"
    date_option = options.get("dateTimeRenderOption") or "SERIAL_NUMBER"
    rows = [
        [rendered(book, grid, cell, value_option, date_option) for cell in cells]
        for cells in iter_values(grid, top, bottom, left, right)
    ]
    lines = [list(line) for line in zip(*rows, strict=True)] if major == "COLUMNS" else rows
    for line in lines:
        while line and line[-1] == "":
            line.pop()
    while lines and not lines[-1]:
        lines.pop()
    answer: Json = {"range": format_range(grid.title, top, bottom, left, right), "majorDimension": major}
    if lines:
        answer["values"] = lines
    return answer


def get(book: Workbook, a1: str, options: Json) -> Json:
    """spreadsheets.values.get."""
    return read_range(book, *book.resolve(a1), options)


def batch_get(book: Workbook, ranges: list[str], options: Json) -> Json:
    """spreadsheets.values.batchGet."""
    return {"spreadsheetId": book.id, "valueRanges": [get(book, a1, options) for a1 in ranges]}


def batch_get_by_filter(book: Workbook, body: Json) -> Json:
    """spreadsheets.values.batchGetByDataFilter: one match for each range that a filter selects."""
    found: list[Json] = []
    for data_filter in body.get("dataFilters") or []:
        for grid, box in boxes_of(book, data_filter):
            answer = read_range(book, grid, box, body)
            same = next((one for one in found if one["valueRange"]["range"] == answer["range"]), None)
            if same:
                same["dataFilters"].append(data_filter)
            else:
                found.append({"valueRange": answer, "dataFilters": [data_filter]})
    return {"spreadsheetId": book.id, "valueRanges": found}


def write_range(book: Workbook, grid: Grid, box: Box, values: list[list[Any]], *, major: str, parse: bool) -> Json:
    """Write values from the top left of a box; return an UpdateValuesResponse."""
    lines = [list(line) for line in values]
    if major == "COLUMNS":
        height = max((len(line) for line in lines), default=0)
        lines = [[line[row] if row < len(line) else None for line in lines] for row in range(height)]
    height, width = len(lines), max((len(line) for line in lines), default=0)
    top, left = box.top or 0, box.left or 0
    one_cell = box.bottom == top + 1 and box.right == left + 1  # a single cell is where to start, not how far
    if not one_cell:
        _within(grid, box, top + height, left + width)
    if top + height > len(grid.rows) or left + width > len(grid.columns):
        limits = f"Max rows: {len(grid.rows)}, max columns: {len(grid.columns)}"
        asked = format_range(grid.title, top, top + max(height, 1), left, left + max(width, 1))
        raise Refusal(400, f"Range ({asked}) exceeds grid limits. {limits}")
    rows, columns, cells = set(), set(), 0
    for offset, line in enumerate(lines):
        changed: list[tuple[int, Cell]] = []
        for shift, value in enumerate(line):
            new = entered(value, grid.cell(top + offset, left + shift), parse=parse)
            if new is not None:
                changed.append((left + shift, new))
                rows.add(offset)
                columns.add(shift)
                cells += 1
        if changed:
            grid.put(top + offset, changed)
    bottom, right = top + max(height, 1), left + max(width, 1)
    return {
        "spreadsheetId": book.id,
        "updatedRange": format_range(grid.title, top, bottom, left, right),
        "updatedRows": len(rows),
        "updatedColumns": len(columns),
        "updatedCells": cells,
    }


def _within(grid: Grid, box: Box, bottom: int, right: int) -> None:
    """Refuse values that reach beyond the range they are written to."""
    end_row = len(grid.rows) if box.bottom is None else box.bottom
    end_column = len(grid.columns) if box.right is None else box.right
    beyond = f"row [{end_row + 1}]" if box.bottom is not None and bottom > end_row else ""
    if not beyond and box.right is not None and right > end_column:
        beyond = f"column [{column_letters(end_column)}]"
    if beyond:
        asked = format_range(grid.title, box.top or 0, end_row, box.left or 0, end_column)
        raise Refusal(400, f"Requested writing within range [{asked}], but tried writing to {beyond}")


def update(book: Workbook, a1: str, body: Json, options: Json) -> Json:
    """spreadsheets.values.update."""
    grid, box = book.resolve(a1)
    return _write(book, grid, box, body, options)


def _write(book: Workbook, grid: Grid, box: Box, body: Json, options: Json) -> Json:
    option = options.get("valueInputOption")
    if option not in {"RAW", "USER_ENTERED"}:
        raise Refusal(400, "'valueInputOption' is required but not specified")
    major = body.get("majorDimension") or "ROWS"
    answer = write_range(book, grid, box, body.get("values") or [], major=major, parse=option == "USER_ENTERED")
    if str(options.get("includeValuesInResponse", "")).lower() == "true":
        written, written_box = book.resolve(answer["updatedRange"])
        shown = {
            "majorDimension": major,
            "valueRenderOption": options.get("responseValueRenderOption"),
            "dateTimeRenderOption": options.get("responseDateTimeRenderOption"),
        }
        answer["updatedData"] = read_range(book, written, written_box, shown)
    return answer


def batch_update(book: Workbook, body: Json) -> Json:
    """spreadsheets.values.batchUpdate."""
    answers = [_write(book, *book.resolve(one.get("range", "")), one, body) for one in body.get("data") or []]
    return _totals(book, answers)


def batch_update_by_filter(book: Workbook, body: Json) -> Json:
    """spreadsheets.values.batchUpdateByDataFilter."""
    answers: list[Json] = []
    for one in body.get("data") or []:
        for grid, box in boxes_of(book, one.get("dataFilter") or {}):
            answer = _write(book, grid, box, one, body)
            answer.pop("spreadsheetId")
            answers.append({**answer, "dataFilter": one.get("dataFilter")})
    return _totals(book, answers)


def _totals(book: Workbook, answers: list[Json]) -> Json:
    return {
        "spreadsheetId": book.id,
        "totalUpdatedRows": sum(one["updatedRows"] for one in answers),
        "totalUpdatedColumns": sum(one["updatedColumns"] for one in answers),
        "totalUpdatedCells": sum(one["updatedCells"] for one in answers),
        "totalUpdatedSheets": len({one["updatedRange"].rpartition("!")[0] for one in answers}),
        "responses": answers,
    }


def append(book: Workbook, a1: str, body: Json, options: Json) -> Json:
    """spreadsheets.values.append: find the table that the range touches, and write below it."""
    grid, box = book.resolve(a1)
    table = _table_at(grid, box)
    values = body.get("values") or []
    lines = values if (body.get("majorDimension") or "ROWS") == "ROWS" else list(zip(*values, strict=False))
    if table is None:
        top, left = box.top or 0, box.left or 0
    else:
        top, left = table.bottom or 0, table.left or 0
    missing = top + len(lines) - len(grid.rows)
    if missing > 0:
        book.insert(grid, "ROWS", len(grid.rows), missing)
    if options.get("insertDataOption") == "INSERT_ROWS" and lines:
        book.insert(grid, "ROWS", top, len(lines), inherit_before=top > 0)
    answer = _write(book, grid, Box(top, None, left, None), body, options)
    result: Json = {"spreadsheetId": book.id}
    if table is not None:
        result["tableRange"] = format_range(
            grid.title, table.top or 0, table.bottom or 1, table.left or 0, table.right or 1
        )
    return {**result, "updates": answer}


def _table_at(grid: Grid, box: Box) -> Box | None:
    """Return the block of non-empty cells around the last filled cell of ``box``, as append finds it."""
    height, width = grid.used()
    filled = {
        (row, column)
        for row, cells in enumerate(iter_values(grid, 0, height, 0, width))
        for column, cell in enumerate(cells)
        if cell.value is not None
    }
    top, left = box.top or 0, box.left or 0
    bottom = len(grid.rows) if box.bottom is None else box.bottom
    right = len(grid.columns) if box.right is None else box.right
    inside = sorted(place for place in filled if top <= place[0] < bottom and left <= place[1] < right)
    if not inside:
        return None
    rows = [inside[-1][0], inside[-1][0] + 1]
    columns = [inside[-1][1], inside[-1][1] + 1]
    grown = True
    while grown:
        near = [
            (row, column)
            for row, column in filled
            if rows[0] - 1 <= row <= rows[1] and columns[0] - 1 <= column <= columns[1]
        ]
        new_rows = [min(row for row, _ in near), max(row for row, _ in near) + 1]
        new_columns = [min(column for _, column in near), max(column for _, column in near) + 1]
        grown = (new_rows, new_columns) != (rows, columns)
        rows, columns = new_rows, new_columns
    return Box(rows[0], rows[1], columns[0], columns[1])


def clear(book: Workbook, a1: str) -> Json:
    """spreadsheets.values.clear: values go, formats and notes stay."""
    grid, box = book.resolve(a1)
    top, bottom, left, right = grid.bounded(box)
    for row in range(top, bottom):
        stored = grid.cells.get(grid.rows[row])
        if stored:
            kept = [(c, grid.cell(row, c)) for c in range(left, right)]
            grid.put(row, [(c, Cell(None, cell.format, cell.note, cell.validation, cell.other)) for c, cell in kept])
    return {"spreadsheetId": book.id, "clearedRange": format_range(grid.title, top, bottom, left, right)}


def batch_clear(book: Workbook, ranges: list[str]) -> Json:
    """spreadsheets.values.batchClear."""
    return {"spreadsheetId": book.id, "clearedRanges": [clear(book, a1)["clearedRange"] for a1 in ranges]}
