"""What people wrote beside the rows of a tab that qa-sync keeps up: decisions, root causes, notes.

Columns are told apart by their marks, so it does not matter what anybody renamed, moved or sorted: our own are left
out, columns made for people are called by the name of their input, and people's own columns by their header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa_sync.notes import Note
from qa_sync_gsheets.grid_rows import cell_value
from qa_sync_gsheets.looks import runs
from qa_sync_gsheets.marks import COLUMN, HEAD, INPUT, KEY, TAB, found_entries, search_request

Json = dict[str, Any]
FIELDS = (
    "sheets(properties(sheetId),data(startRow,startColumn,"
    "rowData.values(effectiveValue,effectiveFormat.numberFormat.type,formattedValue)))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    sheet_id: int
    head: int
    key: int
    managed: frozenset[int]
    inputs: Mapping[int, str]


def read_notes(call: Callable[..., Any], managed: str, keep: Sequence[str] | None) -> list[Note] | str | None:
    """Read what people wrote beside a managed tab (``dashboard/tab``).

    Returns:
        the notes; None where the tab has not been published yet; a text that says what is wrong with it.

    Args:
        call: sends a request below the spreadsheet.
        managed: the value of the tab's mark.
        keep: columns to read; None for all.
    """
    layout = _layout(found_entries(call("POST", "/developerMetadata:search", body=search_request())), managed)
    if layout is None or isinstance(layout, str):
        return layout
    width = _width(call, layout.sheet_id)
    others = [column for column in range(width) if column not in layout.managed]
    ranges = [(layout.key, layout.key + 1), *runs(others)]
    filters = [
        {"gridRange": {"sheetId": layout.sheet_id, "startColumnIndex": first, "endColumnIndex": last}}
        for first, last in ranges
    ]
    body = {"dataFilters": filters, "includeGridData": True}
    answer = call("POST", ":getByDataFilter", params={"fields": FIELDS}, body=body)
    cells = _cells(answer)
    names = _names(layout, cells, others, keep)
    notes: list[Note] = []
    seen: set[str] = set()
    for row in sorted({row for row, column in cells if column == layout.key and row > layout.head}):
        key = str(cells[row, layout.key]).strip()
        values = {name: cells[row, column] for column, name in names.items() if (row, column) in cells}
        if key and key not in seen and values:
            notes.append(Note(key=key, number=row + 1, values=values))
        # A row copied with its key: the first counts, as in a refresh.
        seen.add(key)
    return notes


def _layout(entries: Sequence[Json], managed: str) -> _Layout | str | None:
    sheets = [(e.get("location") or {}).get("sheetId", 0) for e in entries if _is(e, TAB, managed)]
    if not sheets:
        return None
    mine = [(e, w) for e in entries if (w := _place(e)) and w.get("sheetId", 0) == sheets[0]]
    columns = {w.get("startIndex", 0): str(e.get("metadataValue", "")) for e, w in mine if e["metadataKey"] == COLUMN}
    if not columns:
        return f"the tab that qa-sync keeps up as {managed} has lost its columns; publish it again"
    heads = [w.get("startIndex", 0) for e, w in mine if e["metadataKey"] == HEAD]
    inputs = {w.get("startIndex", 0): str(e.get("metadataValue", "")) for e, w in mine if e["metadataKey"] == INPUT}
    on_sheet = [e for e in entries if e["metadataKey"] == KEY]
    field = next((e.get("metadataValue") for e in on_sheet if e["location"].get("sheetId", 0) == sheets[0]), None)
    key = next((column for column, name in columns.items() if name == field), None)
    if key is None:
        return f"the tab that qa-sync keeps up as {managed} has lost its key column; undo that, or publish it anew"
    return _Layout(
        sheet_id=sheets[0], head=heads[0] if heads else 0, key=key, managed=frozenset(columns), inputs=inputs
    )


def _is(entry: Json, key: str, value: str) -> bool:
    return bool(entry["metadataKey"] == key and entry.get("metadataValue") == value)


def _place(entry: Json) -> Json:
    place: Json = (entry.get("location") or {}).get("dimensionRange") or {}
    return place


def _width(call: Callable[..., Any], sheet_id: int) -> int:
    answer = call("GET", "", params={"fields": "sheets.properties(sheetId,gridProperties.columnCount)"})
    for sheet in answer.get("sheets") or []:
        if sheet["properties"].get("sheetId", 0) == sheet_id:
            return int(sheet["properties"]["gridProperties"]["columnCount"])
    return 0


def _cells(answer: Json) -> dict[tuple[int, int], Any]:
    """Return (row, column) → value of the cells that hold something."""
    found: dict[tuple[int, int], Any] = {}
    for sheet in answer.get("sheets") or []:
        for data in sheet.get("data") or []:
            top, left = int(data.get("startRow", 0)), int(data.get("startColumn", 0))
            for down, row in enumerate(data.get("rowData") or []):
                for right, cell in enumerate(row.get("values") or []):
                    value = cell_value(cell)
                    if value is not None:
                        found[top + down, left + right] = value
    return found


def _names(
    layout: _Layout, cells: Mapping[tuple[int, int], Any], columns: Sequence[int], keep: Sequence[str] | None
) -> dict[int, str]:
    names: dict[int, str] = {}
    for column in columns:
        head = str(cells.get((layout.head, column), "")).strip()
        name = layout.inputs.get(column, head)
        if name and name not in names.values() and (keep is None or name in keep or head in keep):
            names[column] = name
    return names
