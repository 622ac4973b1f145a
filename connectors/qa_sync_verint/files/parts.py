"""Open one part: choose the encoding, find the columns, and hand out its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from qa_sync_verint.files.blocks import Block, read_blocks
from qa_sync_verint.files.containers import Part
from qa_sync_verint.files.delimited import Dialect, Lines, Row, read_rows
from qa_sync_verint.files.encodings import Encoding, choose_encoding
from qa_sync_verint.files.layout import Layout, find_in_lines, find_in_rows
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import Refused
from qa_sync_verint.files.workbook import WORKBOOK_FORMATS, Sheet, open_sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A part whose columns are known. ``encoding`` is None and ``sheet`` named for workbooks.

    ``rows`` gives its rows one by one, ``blocks`` the same rows in columns wherever that can be done safely
    (of these, only the columns at the positions it is given).
    """

    layout: Layout
    rows: Callable[[], Iterator[Row]]
    blocks: Callable[[Sequence[int]], Iterator[Block | Row]]
    encoding: Encoding | None = None
    sheet: str = ""
    date_formats: tuple[str, ...] = ()


def open_part(part: Part, profile: StreamProfile) -> Opened | None:
    """Return a part ready to read; None when there is nothing in it, as on a quiet day.

    Raises:
        Refused: it cannot be read, or no header was found.
    """
    if part.refused is not None:
        raise part.refused
    return _open_workbook(part, profile) if part.kind == "workbook" else _open_text(part, profile)


def _open_text(part: Part, profile: StreamProfile) -> Opened | None:
    encoding = choose_encoding(part.open, profile.encodings)
    if encoding.empty:
        return None
    lines = Lines(part.open(), encoding.name)
    try:
        head = lines.first(profile.header_lines + 20)
    finally:
        lines.close()
    layout = find_in_lines(head, profile)
    rows = partial(_text_rows, part, layout, encoding)
    is_whole = encoding.broken == 0 and layout.dialect is not None
    blocks = partial(_text_blocks if is_whole else _text_rows, part, layout, encoding)
    return Opened(layout=layout, rows=rows, blocks=blocks, encoding=encoding)


def _text_rows(part: Part, layout: Layout, encoding: Encoding, _columns: Sequence[int] = ()) -> Iterator[Row]:
    lines = Lines(part.open(), encoding.name)
    try:
        lines.first(layout.skipped)
        dialect = layout.dialect or Dialect(delimiter=",")
        yield from read_rows(lines, dialect, layout.width, suspicious=encoding.broken > 0)
    finally:
        lines.close()


def _text_blocks(part: Part, layout: Layout, encoding: Encoding, columns: Sequence[int]) -> Iterator[Block | Row]:
    with part.open() as stream:
        dialect = layout.dialect or Dialect(delimiter=",")
        yield from read_blocks(stream, encoding.name, layout.skipped, dialect, layout.width, columns)


def _open_workbook(part: Part, profile: StreamProfile) -> Opened | None:
    refused: Refused | None = None
    for sheet in open_sheets(part, sheet=profile.sheet, formulas=profile.formulas):
        head = [row for row in islice(sheet.rows(), profile.header_lines) if row[0] <= profile.header_lines]
        if not head:
            continue
        try:
            layout = find_in_rows(head, profile)
        except Refused as error:
            refused = refused or error
            continue
        return Opened(
            layout=layout,
            rows=partial(_sheet_rows, sheet, layout),
            blocks=partial(sheet.blocks, layout.skipped, layout.width),
            sheet=sheet.name,
            date_formats=WORKBOOK_FORMATS,
        )
    if refused is not None:
        raise refused
    return None


def _sheet_rows(sheet: Sheet, layout: Layout) -> Iterator[Row]:
    for number, cells, fault in sheet.rows():
        if number > layout.skipped:
            # A sheet's rectangle may be wider or narrower than its header.
            short = layout.width - len(cells)
            yield number, cells + [""] * short if short > 0 else cells, fault
