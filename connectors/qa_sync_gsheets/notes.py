"""What people wrote beside the rows of a tab that qa-sync keeps up: decisions, root causes, notes, as raw records.

Columns are told apart by their marks, so it does not matter what anybody renamed, moved or sorted: our own are left
out, columns made for people are called by the name of their input, and people's own columns by their header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync_gsheets.drive import Edit
from qa_sync_gsheets.grid_rows import cell_value
from qa_sync_gsheets.looks import runs
from qa_sync_gsheets.marks import COLUMN, HEAD, INPUT, KEY, TAB, found_entries, search_request
from qa_sync_gsheets.settings import TabSettings

Json = dict[str, Any]
FIELDS = (
    "sheets(properties(sheetId),data(startRow,startColumn,"
    "rowData.values(effectiveValue,effectiveFormat.numberFormat.type,formattedValue)))"
)
_ENCODER = msgspec.json.Encoder(order="deterministic")
#: Above so many rows with something written, who and when are not kept for each: the position would grow too long.
MOST_STAMPED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One of our rows beside which somebody wrote: its key, its number in the sheet, and column → value."""

    key: str
    number: int
    values: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A hash of what was written."""
        return hashlib.sha256(_ENCODER.encode(dict(self.values))).hexdigest()[:16]


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


Stamped = dict[str, tuple[str, str, str]]


def stamped(
    notes: Sequence[Note], before: Mapping[str, tuple[str, str, str]], edit: Callable[[], Edit | None]
) -> Stamped:
    """Return row key → (hash of what is written, who, when), anew for rows that are not as they were ``before``."""
    if len(notes) > MOST_STAMPED:
        return {}
    fresh = [note for note in notes if before.get(note.key, ("",))[0] != note.digest]
    last = edit() if fresh else None
    new = (last.who, last.at) if last else ("", "")
    stamps = {note.key: before[note.key] for note in notes if note not in fresh}
    return stamps | {note.key: (note.digest, *new) for note in fresh}


def note_records(notes: Sequence[Note], edits: Stamped, tab: TabSettings) -> tuple[pa.Table, pa.Table, bool]:
    """Return the records (schema PAGE), no rejects, and that this is a whole listing: a note taken back is gone."""
    dashboard, _, name = str(tab.managed).partition("/")
    rows = []
    for note in notes:
        _, who, at = edits.get(note.key, ("", "", ""))
        told = {"edited_by": who, "edited_at": at} if at else {}
        payload = {"key": note.key, "dashboard": dashboard, "tab": name, **told, **_sayable(note.values)}
        rows.append(
            {
                "id": note.key,
                "source_stamp": None,
                "source_seq": note.number,
                "deleted": False,
                "payload": _ENCODER.encode(payload).decode(),
            }
        )
    return pa.Table.from_pylist(rows, schema=PAGE), PAGE_REJECTS.empty_table(), True


def _sayable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }
