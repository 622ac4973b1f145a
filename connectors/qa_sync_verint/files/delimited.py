"""Rows of delimited text: whatever one row does, the rows behind it are read.

A quote that is never closed would swallow the rest of the file; here it costs its own row. The lines it took
are given back and read again as rows of their own; those that have not the width of a row belong to the broken one.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from qa_sync_verint.files import refusal
from qa_sync_verint.files.encodings import BROKEN_BYTES
from qa_sync_verint.files.refusal import Refused

#: One row: the number of its first line, its cells, and why it cannot be read ("" when it can).
Row = tuple[int, list[str], str]

_NEVER_CLOSED = "a quote opened in this row is never closed, or the row was cut"
_MAX_GIVEN_BACK = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How cells are told apart."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None


class _BrokenRowError(Exception):
    """The row being read cannot be one."""


class Lines:
    """Physical lines with their line ends, of bounded length, that can be given back."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        text = io.TextIOWrapper(stream, encoding=encoding, errors=BROKEN_BYTES, newline="")
        self._text = text
        self._read = text.readline
        self._back: deque[str] = deque()
        self._budget = _MAX_GIVEN_BACK
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        if self._back:
            line = self._back.popleft()
        else:
            line = self._read(refusal.MAX_LINE)
            if len(line) == refusal.MAX_LINE and line[-1] not in "\r\n":
                self._skip_line()
                self.number += 1
                raise _BrokenRowError(f"a line of more than {refusal.MAX_LINE:,} characters")  # noqa: EM102
            if not line:
                raise StopIteration
        if line[0] == "\ufeff":
            # Files that were put together as they are: each begins with a mark of its own.
            line = line.lstrip("\ufeff")
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > refusal.MAX_ROW_LINES:
            raise _BrokenRowError(_NEVER_CLOSED)
        return line

    def _skip_line(self) -> None:
        while (rest := self._read(refusal.MAX_LINE)) and rest[-1] not in "\r\n":
            pass

    def first(self, count: int) -> list[str]:
        """Return up to ``count`` lines from here; one that is too long is returned as blank."""
        found: list[str] = []
        while len(found) < count:
            self.taken.clear()
            try:
                found.append(next(self))
            except StopIteration:
                break
            except _BrokenRowError:
                found.append("\n")
        return found

    def give_back(self) -> None:
        """Give back all lines of the current row but its first."""
        again = self.taken[1:]
        self._budget -= len(again)
        if self._budget < 0:
            raise Refused(field="file", reason="too many quotes that are never closed: is the quote character right?")
        self._back.extendleft(reversed(again))
        self.number -= len(again)

    def close(self) -> None:
        """Close the stream."""
        self._text.close()


def read_rows(lines: Lines, dialect: Dialect, width: int, *, suspicious: bool) -> Iterator[Row]:
    """Yield the rows from here on; blank lines are none. ``width`` is the number of cells a row should have.

    ``suspicious``: the file has bytes that do not fit its encoding; every row is looked at.
    """
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        doublequote=True,
        strict=True,
    )
    taken = lines.taken
    recovering = False
    while True:
        taken.clear()
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.give_back()
            recovering = True
            yield start, [], _csv_fault(error)
            continue
        except _BrokenRowError as error:
            lines.give_back()
            recovering = True
            yield start, [], str(error)
            continue
        if not cells or (len(cells) == 1 and not cells[0].strip("\x1a \t")):
            continue
        if recovering and len(cells) != width:
            continue
        recovering = False
        fault = ""
        for line in taken:
            if "\0" in line:
                fault = "contains a NUL character"
            elif suspicious and not line.isascii() and any("\ud800" <= letter <= "\udfff" for letter in line):
                fault = "contains bytes that do not fit the file's encoding"
        yield start, cells, fault


def _csv_fault(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return _NEVER_CLOSED
    if "field larger" in text:
        return "a cell is longer than 131,072 characters"
    return "a quote stands in the middle of a quoted cell"
