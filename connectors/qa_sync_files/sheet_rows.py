"""Spreadsheet files (xlsx, xlsm, xls, xlsb, ods) by calamine: the first visible sheet, or the one named."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

from qa_sync_files.documents import Numbered, as_rows
from qa_sync_files.finding import Found, Print
from qa_sync_files.rows import Rows, Unreadable, require, unique_names
from qa_sync_files.settings import StreamSettings

_WHOLE = 2**53


class SheetReader:
    """A table with its header in the first row that is not empty. Numbers, dates and booleans keep their type."""

    def names(self, file: Found, stream: StreamSettings) -> Sequence[str]:
        """Return the names of the columns."""
        return _table(file, stream)[0]

    def __call__(self, file: Found, printed: Print, stream: StreamSettings, size: int) -> Iterator[Rows]:  # noqa: ARG002
        """Yield the rows of a file, at most ``size`` at a time."""
        names, rows = _table(file, stream)
        require(names, stream)
        yield from as_rows(file, _objects(names, rows), stream, size)


def _table(file: Found, stream: StreamSettings) -> tuple[list[str], Iterator[list[Any]]]:
    try:
        # Opened from memory, so that no handle stays open on a file that its owner wants to save.
        with warnings.catch_warnings(), file.path.open("rb") as raw:
            book = calamine.CalamineWorkbook.from_filelike(raw)
            rows = book.get_sheet_by_name(_sheet_name(book, stream)).iter_rows()
            for row in rows:
                if any(cell != "" for cell in row):
                    return unique_names(row), rows
    except calamine.PasswordError:
        msg = "is protected by a password"
        raise Unreadable(msg) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        reason = f"is no readable spreadsheet: {type(error).__name__}"
        raise Unreadable(reason) from None
    msg = "its sheet is empty: a header row with the names of the columns is needed"
    raise Unreadable(msg)


def _sheet_name(book: calamine.CalamineWorkbook, stream: StreamSettings) -> str:
    if stream.sheet is not None:
        if stream.sheet not in book.sheet_names:
            reason = f"no sheet {stream.sheet!r}"
            raise Unreadable(reason)
        return stream.sheet
    for sheet in book.sheets_metadata:
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet and sheet.visible == calamine.SheetVisibleEnum.Visible:
            return sheet.name
    msg = "has no visible sheet"
    raise Unreadable(msg)


def _objects(names: Sequence[str], rows: Iterator[list[Any]]) -> Numbered:
    for number, row in enumerate(rows, start=1):
        if any(cell != "" for cell in row):
            yield number, {name: _value(cell) for name, cell in zip(names, row, strict=False)}


def _value(cell: Any) -> Any:
    """Return a cell as JSON can hold it: whole numbers as integers, dates and times as ISO text, empty as null."""
    if cell == "" and isinstance(cell, str):
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE:
        return int(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return cell
