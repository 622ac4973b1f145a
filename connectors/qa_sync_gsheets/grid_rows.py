"""Rows of a tab as JSON values: what a cell holds, with dates as ISO text.

A number is a date when its cell is formatted as one: DATE gives "2026-01-05", DATE_TIME "2026-01-05T13:30:00"
and TIME "13:30:00", all without zone (a sheet's clock has none; the mapping says which it is). Numbers that
happen to be serials but have no date format stay numbers. Formulas give their result, errors the text shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qa_sync.wording import column_name

Json = dict[str, Any]
FIELDS = (
    "sheets(properties(sheetId,title),"
    "data(startRow,rowData.values(effectiveValue,effectiveFormat.numberFormat.type,formattedValue)))"
)
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  (a sheet's dates have no zone)
_DATES = frozenset({"DATE", "DATE_TIME", "TIME"})


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row that is not empty: its number as people count (from 1), and header → value without empty ones."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SheetTable:
    """The headers of a tab, in order, and its rows."""

    headers: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def cell_value(cell: Json) -> Any:
    """Return the JSON value of a CellData; None when it is empty.

    >>> cell_value({"effectiveValue": {"numberValue": 43831}, "effectiveFormat": {"numberFormat": {"type": "DATE"}}})
    '2020-01-01'
    >>> cell_value({"effectiveValue": {"numberValue": 43831}})
    43831
    """
    value = cell.get("effectiveValue") or {}
    if "numberValue" in value:
        number = float(value["numberValue"])
        kind = ((cell.get("effectiveFormat") or {}).get("numberFormat") or {}).get("type", "")
        if kind in _DATES:
            return _date_text(number, kind)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if "boolValue" in value:
        return bool(value["boolValue"])
    if "stringValue" in value:
        return value["stringValue"] or None
    if "errorValue" in value:
        return cell.get("formattedValue") or "#ERROR!"
    return None


def _date_text(number: float, kind: str) -> str | float:
    try:
        moment = _EPOCH + timedelta(seconds=round(number * 86_400, 3))
    except OverflowError:
        return number
    if kind == "DATE":
        return moment.date().isoformat()
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.partition("T")[2] if kind == "TIME" else text


def read_table(data: Sequence[Json], header_row: int) -> SheetTable:
    """Return the table of a tab's grid data; its header stands in row ``header_row`` (from 1).

    A header that stands twice gets " (2)"; a column without header is not read.
    """
    lines = list(_lines(data))
    heads = next((cells for number, cells in lines if number == header_row), [])
    names = _names([cell_value(cell) for cell in heads])
    rows = []
    for number, cells in lines:
        if number <= header_row:
            continue
        values = {
            name: value
            for at, name in names.items()
            if at < len(cells) and (value := cell_value(cells[at])) is not None
        }
        if values:
            rows.append(SheetRow(number, values))
    return SheetTable(tuple(names.values()), tuple(rows))


def _lines(data: Sequence[Json]) -> Iterator[tuple[int, Sequence[Json]]]:
    for part in data:
        start = int(part.get("startRow", 0))
        for offset, row in enumerate(part.get("rowData") or []):
            yield start + offset + 1, row.get("values") or []


def _names(heads: Sequence[Any]) -> dict[int, str]:
    """Return column index → name."""
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for at, head in enumerate(heads):
        name = column_name(head)
        if name:
            seen[name] = seen.get(name, 0) + 1
            names[at] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names
