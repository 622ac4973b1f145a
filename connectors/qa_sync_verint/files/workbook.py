"""Rows of a workbook, as text. The workbook's XML is checked before anything parses it into memory."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

from qa_sync_verint.files import refusal
from qa_sync_verint.files.containers import Part, check_workbook, read_some
from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.refusal import Refused

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_CELL = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')

#: How a true date cell is written as text, and therefore a format every date column of a workbook understands.
WORKBOOK_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
#: Above this, a number cell cannot hold every whole number: an id has lost its last digits.
_EXACT = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of a workbook; ``rows`` starts at its first row each time."""

    name: str
    rows: Callable[[], Iterator[Row]]


def open_sheets(part: Part, *, sheet: str | None, formulas: str) -> list[Sheet]:
    """Return the sheets of a workbook in order; ``sheet`` picks one by name.

    Raises:
        Refused: too large, damaged, protected, holds formulas (unless their stored values are wanted), no such sheet.
    """
    from python_calamine import CalamineError, load_workbook

    with part.open() as stream:
        data = read_some(stream, refusal.MAX_WORKBOOK + 1)
    _look_inside(data, formulas=formulas)
    try:
        book = load_workbook(io.BytesIO(data))
        wanted = [name for name in book.sheet_names if sheet in (None, name)]
        found = [Sheet(name=name, rows=partial(_rows, book.get_sheet_by_name(name))) for name in wanted]
    except (CalamineError, ValueError, OSError, KeyError) as error:
        raise Refused(field="file", reason="the workbook is damaged or protected") from error
    if sheet is not None and not found:
        raise Refused(field="sheet", reason=f"no sheet called {sheet!r}")
    return found


def _look_inside(data: bytes, *, formulas: str) -> None:
    """Unpack once, in pieces: count true sizes (declared ones may lie), look for formulas and far-away cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_workbook(archive.infolist())
            total = 0
            for info in archive.infolist():
                sheet = info.filename.startswith("xl/worksheets/")
                tail, area = b"", (0, 0)
                with archive.open(info) as stream:
                    while piece := stream.read(1 << 20):
                        total += len(piece)
                        if total > refusal.MAX_WORKBOOK:
                            raise Refused(field="file", reason="the workbook unpacks to more than it says: a zip bomb?")
                        if sheet:
                            area = _check_piece(tail + piece, area, formulas)
                            tail = piece[-32:]
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise Refused(field="file", reason="the workbook is damaged or protected") from error


def _check_piece(seen: bytes, area: tuple[int, int], formulas: str) -> tuple[int, int]:
    if formulas == "reject" and _FORMULA.search(seen):
        raise Refused(field="file", reason="the workbook holds formulas: save values, or set formulas: values")
    rows, columns = area
    for letters, digits in _CELL.findall(seen):
        rows = max(rows, int(digits))
        if len(letters) > 1 or columns < 26:
            columns = max(columns, _column(letters))
    # A sheet is held as a full rectangle: one cell in the far corner would cost all memory.
    if rows * columns > refusal.MAX_CELLS:
        raise Refused(field="file", reason=f"a sheet spans more than {refusal.MAX_CELLS:,} cells: export text")
    return rows, columns


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    # The reader leaves out empty columns on the left, and a file without a header is read by position.
    left: list[str] = [""] * (sheet.start[1] if sheet.start else 0)
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = left + cells
        texts = [_text(cell) for cell in row]
        if not any(texts):
            continue
        fault = ""
        if any(isinstance(cell, float) and cell.is_integer() and abs(cell) >= _EXACT for cell in row):
            fault = "a number of 16 or more digits has lost its last ones in the workbook: store ids as text"
        elif any("\0" in text for text in texts):
            fault = "contains a NUL character"
        yield number, texts, fault


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT else repr(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    return str(cell) if isinstance(cell, int | time | timedelta) else ""
