"""Rows of a workbook, as text. The workbook's XML is checked before anything parses it into memory."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qa_sync_verint.files import refusal
from qa_sync_verint.files.blocks import Block
from qa_sync_verint.files.containers import DAMAGE, Part, check_workbook, read_some
from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.refusal import Refused

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_CELL_COLUMN = re.compile(rb' r="([A-Z]{1,3})[0-9]{1,7}"')
_CELL_ROW = re.compile(rb' r="[A-Z]{1,3}([0-9]{1,7})"')

#: How a true date cell is written as text, and therefore a format every date column of a workbook understands.
WORKBOOK_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
#: Above this, a number cell cannot hold every whole number: an id has lost its last digits.
_EXACT = 10**15
#: Rows that are looked at together.
ROWS_TOGETHER = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of a workbook; ``rows`` and ``blocks`` start at its first row each time.

    ``blocks`` takes the number of rows before the first wanted, the width of the header, and the columns read.
    """

    name: str
    rows: Callable[[], Iterator[Row]]
    blocks: Callable[[int, int, Sequence[int]], Iterator[Block | Row]]


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
        sheets = {name: book.get_sheet_by_name(name) for name in wanted}
        found = [
            Sheet(name=name, rows=partial(_rows, sheet), blocks=partial(_blocks, sheet))
            for name, sheet in sheets.items()
        ]
    except (CalamineError, *DAMAGE) as error:
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
    except DAMAGE as error:
        raise Refused(field="file", reason="the workbook is damaged or protected") from error


def _check_piece(seen: bytes, area: tuple[int, int], formulas: str) -> tuple[int, int]:
    if formulas == "reject" and _FORMULA.search(seen):
        raise Refused(field="file", reason="the workbook holds formulas: save values, or set formulas: values")
    rows, columns = area
    # A sheet says the same few column letters, and each row's number, over and over.
    columns = max([columns, *(_column(letters) for letters in set(_CELL_COLUMN.findall(seen)))])
    rows = max([rows, *map(int, set(_CELL_ROW.findall(seen)))])
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
    left = _left(sheet)
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = _row(number, left, cells)
        if row is not None:
            yield row


def _left(sheet: CalamineSheet) -> list[str]:
    """The reader leaves out empty columns on the left, and a file without a header is read by position."""
    return [""] * (sheet.start[1] if sheet.start else 0)


def _row(number: int, left: list[str], cells: Sequence[object]) -> Row | None:
    """Return a row of a sheet as text; None where nothing is in it."""
    texts = [*left, *map(_text, cells)]
    if not any(texts):
        return None
    fault = ""
    if any(_is_inexact(cell) for cell in cells):
        fault = "a number of 16 or more digits has lost its last ones in the workbook: store ids as text"
    elif any("\0" in text for text in texts):
        fault = "contains a NUL character"
    return number, texts, fault


def _blocks(sheet: CalamineSheet, skipped: int, width: int, columns: Sequence[int]) -> Iterator[Block | Row]:
    """Yield the rows behind the first ``skipped``, many at a time where nothing about them is unusual."""
    left = _left(sheet)
    rows = iter(sheet.iter_rows())
    for _skipped in islice(rows, skipped):
        pass
    number = skipped + 1
    while True:
        # One flat list: thousands of short ones alive at a time would keep the garbage collector busy.
        flat: list[Any] = []
        said: list[bool] = []
        for cells in islice(rows, ROWS_TOGETHER):
            flat += cells
            said.append(any(cells))
        if not said:
            return
        yield from _together(number, flat, np.array(said), left, width, columns)
        number += len(said)


def _together(
    first: int, flat: list[Any], said: npt.NDArray[np.bool_], left: list[str], width: int, columns: Sequence[int]
) -> Iterator[Block | Row]:
    """Yield rows in order: stretches of ordinary ones as blocks, the others one by one.

    ``flat`` holds the cells of one row behind those of the other, ``said`` whether anything is true in a row.
    """
    height = len(said)
    size = len(flat) // height
    odd = ~said
    texts: dict[int, list[str]] = {}
    for at, column in ((len(left) + place, flat[place::size]) for place in range(size)):
        kinds = set(map(type, column))
        if float in kinds:
            odd |= np.array([_is_inexact(cell) for cell in column], dtype=bool)
        texts[at] = column if kinds == {str} else [_text(cell) for cell in column]
        if at >= width:
            odd |= np.array([bool(text) for text in texts[at]], dtype=bool)
        if "\0" in "".join(texts[at]):
            odd |= np.array(["\0" in text for text in texts[at]], dtype=bool)
    read = {at: pa.array(texts.get(at, [""] * height), pa.string()) for at in columns}
    lines = np.arange(first, first + height)

    def cells_of(place: int) -> list[str]:
        return _padded([*left, *map(_text, flat[place * size : (place + 1) * size])], width)

    edges = np.flatnonzero(np.diff(odd, prepend=not odd[0])).tolist()
    for start, end in zip(edges, [*edges[1:], height], strict=True):
        if odd[start]:
            for place in range(start, end):
                row = _row(first + place, left, flat[place * size : (place + 1) * size])
                if row is not None:
                    yield row[0], _padded(row[1], width), row[2]
        else:
            parts = {at: column.slice(start, end - start) for at, column in read.items()}
            yield Block(columns=parts, lines=lines[start:end], origin=np.arange(start, end), cells=cells_of)


def _padded(cells: list[str], width: int) -> list[str]:
    """A sheet's rectangle may be narrower than its header; what is wider is left."""
    return cells + [""] * (width - len(cells))


def _is_inexact(cell: object) -> bool:
    return isinstance(cell, float) and cell.is_integer() and abs(cell) >= _EXACT


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
