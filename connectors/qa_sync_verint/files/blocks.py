"""Rows of delimited text many at a time, in columns; whatever is unusual about a stretch of text is read row by row.

A stretch of text may be read in columns when its quotes are beyond doubt: each one opens a cell, closes a cell, or
stands doubled inside one. Then a line break outside quotes ends a row, and nothing later can change that. The first
doubt hands the rest of the text to ``delimited.read_rows``, which says what is wrong with which row.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from qa_sync_verint.files import refusal
from qa_sync_verint.files.delimited import Dialect, Lines, Row, read_rows

#: Bytes of text that are looked at together.
BLOCK = 1 << 22
#: A row of more bytes is read by itself: the row reader knows the limits of a line and of a cell.
_LONG_ROW = 100_000
_CR, _LF = 13, 10
_BOM = codecs.BOM_UTF8
#: Positions, of rows or of bytes.
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows that all have the width of the header.

    Attributes:
        columns: the texts of the columns that are read, by position.
        lines: the number of each row's first line.
        origin: which of the rows that were read together each row is.
        cells: gives all cells of a row by that number.
    """

    columns: dict[int, pa.Array]
    lines: Places
    origin: Places
    cells: Callable[[int], list[str]]
    _encoded: dict[int, pa.DictionaryArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def encoded(self, at: int) -> pa.DictionaryArray:
        """Return a column as its different texts and which of them each row has; made once."""
        found = self._encoded.get(at)
        if found is None:
            found = self._encoded[at] = self.columns[at].dictionary_encode()
        return found

    def codes(self, at: int) -> Places:
        """Return a number for each text of a column, equal for equal texts."""
        numbers: Places = self.encoded(at).indices.to_numpy().astype(np.int64)
        return numbers

    def ordered(self, order: Places) -> Block:
        """Return the same rows in another order."""
        chosen = pa.array(order)
        return Block(
            columns={at: column.take(chosen) for at, column in self.columns.items()},
            lines=self.lines[order],
            origin=self.origin[order],
            cells=self.cells,
            _encoded={
                at: pa.DictionaryArray.from_arrays(column.indices.take(chosen), column.dictionary)
                for at, column in self._encoded.items()
            },
        )

    def whole(self, places: Sequence[int]) -> Iterator[Row]:
        """Yield some rows with all their cells."""
        for at in places:
            yield int(self.lines[at]), self.cells(int(self.origin[at])), ""


def read_blocks(
    stream: BinaryIO, encoding: str, skip: int, dialect: Dialect, width: int, columns: Sequence[int]
) -> Iterator[Block | Row]:
    """Yield everything behind the first ``skip`` lines of a text whose bytes all fit ``encoding``.

    ``columns`` are the positions of cells that are read.

    Raises:
        Refused: as ``read_rows``.
    """
    chunks = _utf8(stream, encoding)
    text = next(chunks, b"")
    ends = _line_ends(np.frombuffer(text, np.uint8))
    if skip and len(ends) <= skip:
        yield from _row_by_row(_Chained(text, chunks), 0, dialect, width, skip=skip)
        return
    rest, number = text[int(ends[skip - 1]) + 1 if skip else 0 :], skip
    while True:
        more = next(chunks, b"")
        text = rest + more
        if not text:
            return
        if not more and not text.endswith((b"\n", b"\r")):
            # The last row may have been cut: the row reader says so.
            stretch = None
        else:
            stretch = _Stretch.of(text, dialect, is_last=not more)
        if stretch is None:
            yield from _row_by_row(_Chained(text, chunks), number, dialect, width)
            return
        block = stretch.block(number, dialect, width, columns)
        if block is not None:
            if len(block):
                yield block
        else:
            yield from _row_by_row(_Chained(text[: stretch.end], iter(())), number, dialect, width)
        number += stretch.lines
        rest = text[stretch.end :]


def _row_by_row(stream: io.RawIOBase, number: int, dialect: Dialect, width: int, *, skip: int = 0) -> Iterator[Row]:
    lines = Lines(io.BufferedReader(stream), "utf-8")
    lines.number = number
    try:
        lines.first(skip)
        yield from read_rows(lines, dialect, width, suspicious=False)
    finally:
        lines.close()


def _utf8(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield the text as UTF-8 without a byte-order mark, a block at a time."""
    if encoding == "utf-8-sig":
        first = stream.read(BLOCK).removeprefix(_BOM)
        if first:
            yield first
        while chunk := stream.read(BLOCK):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    while chunk := stream.read(BLOCK):
        if text := decoder.decode(chunk).encode():
            yield text
    if text := decoder.decode(b"", True).encode():
        yield text


def _line_ends(data: npt.NDArray[np.uint8]) -> Places:
    """Return where lines end: at each line feed, and at each carriage return without one."""
    is_end = data == _LF
    returns = np.flatnonzero(data == _CR)
    if len(returns):
        is_end[returns[(returns + 1 >= len(data)) | (data[np.minimum(returns + 1, len(data) - 1)] != _LF)]] = True
    return np.flatnonzero(is_end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A run of whole rows: where they and their lines end. ``end`` and ``lines`` count bytes and lines of all rows."""

    text: bytes
    row_ends: Places
    line_of_end: Places
    end: int
    lines: int

    @classmethod
    def of(cls, text: bytes, dialect: Dialect, *, is_last: bool) -> _Stretch | None:
        """Return the whole rows at the beginning of a text; None where its quotes leave a doubt or there are none."""
        if not (dialect.quote + dialect.delimiter + (dialect.escape or "")).isascii():
            return None
        if dialect.escape and dialect.escape.encode() in text:
            return None
        data = np.frombuffer(text, np.uint8)
        ends = _line_ends(data)
        quotes = np.flatnonzero(data == ord(dialect.quote))
        # Where each line end stands among the quotes: outside of cells behind an even number of them.
        outside = np.searchsorted(quotes, ends) % 2 == 0 if len(quotes) else np.ones(len(ends), dtype=bool)
        if not is_last and len(ends) and ends[-1] == len(data) - 1 and data[-1] == _CR:
            outside[-1] = False
        places = np.flatnonzero(outside)
        if not len(places):
            return None
        row_ends = ends[places]
        end = int(row_ends[-1]) + 1
        if is_last and end < len(data):
            return None
        if np.any(data[row_ends] == _CR) or not _quotes_are_plain(data[:end], quotes[quotes < end], dialect):
            return None
        if int(np.max(np.diff(row_ends, prepend=-1))) > _LONG_ROW:
            return None
        return cls(text=text, row_ends=row_ends, line_of_end=places, end=end, lines=int(places[-1]) + 1)

    def block(self, number: int, dialect: Dialect, width: int, columns: Sequence[int]) -> Block | None:
        """Return the rows in columns; None when not all of them have ``width`` cells, or one is to be looked at."""
        if b"\0" in self.text or width < 2 or self.text.startswith(_BOM) or b"\n" + _BOM in self.text:
            return None
        if int(np.max(np.diff(self.line_of_end, prepend=-1))) > refusal.MAX_ROW_LINES:
            return None
        starts, ends = np.concatenate(([0], self.row_ends[:-1] + 1)), self.row_ends + 1
        lines = number + np.concatenate(([0], self.line_of_end[:-1] + 1)) + 1
        data = np.frombuffer(self.text, np.uint8)
        size = ends - starts
        is_blank = (size == 1) | ((size == 2) & (data[starts] == _CR))
        if is_blank.any():
            starts, ends, lines = starts[~is_blank], ends[~is_blank], lines[~is_blank]
        read: dict[int, pa.Array] = {}
        if len(starts):
            try:
                table = self._parsed(dialect, width, columns)
            except pa.ArrowInvalid:
                return None
            if table.num_rows != len(lines):
                return None
            read = {int(name): table.column(name).combine_chunks() for name in table.column_names}
        text = self.text

        def cells(at: int) -> list[str]:
            row = text[starts[at] : ends[at]].decode()
            (found,) = csv.reader([row], delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
            return found

        return Block(columns=read, lines=lines, origin=np.arange(len(lines)), cells=cells)

    def _parsed(self, dialect: Dialect, width: int, columns: Sequence[int]) -> pa.Table:
        names = [str(at) for at in columns]
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(self.text).slice(0, self.end)),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(at) for at in range(width)], block_size=max(self.end, 1024), use_threads=False
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter, quote_char=dialect.quote, newlines_in_values=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=names,
                strings_can_be_null=False,
                null_values=[],
                check_utf8=False,
            ),
        )


def _quotes_are_plain(data: npt.NDArray[np.uint8], quotes: Places, dialect: Dialect) -> bool:
    """Whether each quote opens a cell, closes one, or is one of two inside a cell."""
    if not len(quotes):
        return True
    quote, delimiter = ord(dialect.quote), ord(dialect.delimiter)
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[np.maximum(opening - 1, 0)]
    opens = (opening == 0) | (before == delimiter) | (before == _LF) | (before == quote)
    after = data[np.minimum(closing + 1, len(data) - 1)]
    closes = (after == delimiter) | (after == _LF) | (after == _CR) | (after == quote)
    return bool(opens.all() and closes.all())


class _Chained(io.RawIOBase):
    """The bytes of a first piece, then those of the others."""

    def __init__(self, first: bytes, others: Iterator[bytes]) -> None:
        self._piece = memoryview(first)
        self._others = others

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece:
            self._piece = memoryview(next(self._others, b""))
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size
