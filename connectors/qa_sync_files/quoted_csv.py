"""Delimited text with quotes, split by the strict reader of the standard library.

A quote that is never closed would swallow the lines behind it. So a record that breaks the rules of quoting costs its
first line only: reading resumes on the next. (Values of more than 128 KiB count as such, which bounds the search.)
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack

import pyarrow as pa

from qa_sync_files.finding import Found
from qa_sync_files.rows import BadRow, Rows
from qa_sync_files.text_lines import BOMS, NOT_TEXT, as_lines, content_hash, has_escape, opened

_BROKEN = "breaks the rules of quoting, or holds a value of more than 128 KiB"


class Pushback(Iterator[str]):
    """Lines that can be put back; remembers those of the record in work."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._back: list[str] = []
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def back_to_second_line(self) -> str:
        """Put back all but the first line of the record in work, and return that one."""
        first, *rest = self.taken
        self._back.extend(reversed(rest))
        self.taken.clear()
        return first


def strict_rows(file: Found, names: list[str], delimiter: str, encoding: str, size: int) -> Iterator[Rows]:
    """Yield the rows of a file behind its header."""
    with opened(file) as raw, ExitStack() as stack:
        mark = next((mark for mark, name in BOMS if name == encoding and raw.read(4).startswith(mark)), b"")
        raw.seek(len(mark))
        number, bad, values, numbers = 0, list[BadRow](), list[list[str]](), list[int]()
        lines = stack.enter_context(as_lines(raw, encoding))
        split = records(Pushback(lines), delimiter)
        next(split, None)  # the header
        for record, text in split:
            number += 1
            if record is None:
                bad.append(BadRow(number=number, reason=_BROKEN, content_hash=content_hash(text)))
            elif len(record) != len(names):
                reason = f"{len(record)} values for {len(names)} columns"
                bad.append(BadRow(number=number, reason=reason, content_hash=content_hash(text)))
            else:
                numbers.append(number)
                values.append(record)
            if len(values) + len(bad) >= size:
                yield _columns(numbers, names, values, bad, number)
                bad, values, numbers = [], [], []
        if values or bad:
            yield _columns(numbers, names, values, bad, number)


def records(lines: Pushback, delimiter: str) -> Iterator[tuple[list[str] | None, str]]:
    """Yield (values, text) of each record that is not blank; values is None where the rules are broken."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None, lines.back_to_second_line()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if record:
            yield record, "".join(lines.taken)
        lines.taken.clear()


def _columns(numbers: list[int], names: list[str], values: list[list[str]], bad: list[BadRow], until: int) -> Rows:
    good = [not has_escape("".join(row)) for row in values]
    if not all(good):
        bad = [
            *bad,
            *(
                BadRow(number=number, reason=NOT_TEXT, content_hash=content_hash("\x1f".join(row)))
                for number, row, fine in zip(numbers, values, good, strict=True)
                if not fine
            ),
        ]
        bad.sort(key=lambda row: row.number)
        numbers = [number for number, fine in zip(numbers, good, strict=True) if fine]
        values = [row for row, fine in zip(values, good, strict=True) if fine]
    by_column = zip(*values, strict=True) if values else ([] for _ in names)
    made = {name: pa.array(list(column), pa.string()) for name, column in zip(names, by_column, strict=True)}
    return Rows(numbers=pa.array(numbers, pa.int64()), columns=made, until=until, bad=bad)
