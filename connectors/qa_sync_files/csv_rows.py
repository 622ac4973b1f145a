"""Delimited text. Everything is text; an empty value is null.

Two ways through, with equal results: a fast one for files without any double quote, a patient one for the others.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from qa_sync_files.finding import Found, Print
from qa_sync_files.plain_csv import BLOCK, plain_rows
from qa_sync_files.quoted_csv import Pushback, records, strict_rows
from qa_sync_files.rows import Rows, Unreadable, require, unique_names
from qa_sync_files.settings import StreamSettings
from qa_sync_files.text_lines import BOMS, NOT_TEXT, as_lines, has_escape, opened


class CsvReader:
    """csv and its relatives: the delimiter is taken from the header line unless settings name it."""

    def names(self, file: Found, stream: StreamSettings) -> Sequence[str]:
        """Return the names of the columns."""
        with opened(file) as raw:
            return unique_names(self._header(raw, stream)[0])

    def __call__(self, file: Found, printed: Print, stream: StreamSettings, size: int) -> Iterator[Rows]:
        """Yield the rows of a file, at most ``size`` at a time."""
        try:
            with opened(file) as raw:
                header, delimiter, encoding, skip = self._header(raw, stream)
                names = unique_names(header)
                require(names, stream)
            if not printed.quoted and encoding == "utf-8" and not file.name.endswith(".gz") and skip <= BLOCK // 2:
                until = 0
                try:
                    for rows in plain_rows(file, names, delimiter, skip, size):
                        until = rows.until
                        yield rows
                    return
                except pa.ArrowInvalid:  # such as a line longer than a block: the patient way takes over
                    yield from (rows.after(until) for rows in strict_rows(file, names, delimiter, encoding, size))
                    return
            yield from strict_rows(file, names, delimiter, encoding, size)
        except (OSError, EOFError) as error:
            reason = f"cannot be read: {type(error).__name__}"
            raise Unreadable(reason) from None
        except UnicodeDecodeError:
            raise Unreadable(NOT_TEXT) from None

    def _header(self, raw: BinaryIO, stream: StreamSettings) -> tuple[list[str], str, str, int]:
        """Return header, delimiter, encoding and the number of bytes up to the first data row."""
        start = raw.read(4)
        mark, encoding = next(((mark, name) for mark, name in BOMS if start.startswith(mark)), (b"", "utf-8"))
        if stream.encoding and codecs.lookup(stream.encoding).name not in ("utf-8", "utf-16", "utf-8-sig"):
            mark, encoding = b"", codecs.lookup(stream.encoding).name
        elif stream.encoding and not mark and codecs.lookup(stream.encoding).name == "utf-16":
            encoding = "utf-16-le"
        raw.seek(len(mark))
        lines, seen = as_lines(raw, encoding), list[str]()
        for line in lines:
            seen.append(line)
            if line.strip("\r\n"):
                break
        if not seen or not seen[-1].strip("\r\n"):
            msg = "is empty: a header line with the names of the columns is needed"
            raise Unreadable(msg)
        if has_escape(seen[-1]):
            reason = f"the header is {NOT_TEXT}; set 'encoding'"
            raise Unreadable(reason)
        delimiter = stream.delimiter or _delimiter(seen[-1])
        header, _ = next(records(Pushback(chain(seen[-1:], lines)), delimiter))
        lines.detach()
        if header is None:
            reason = "its header breaks the rules of quoting"
            raise Unreadable(reason)
        skip = len(mark) + len("".join(seen).encode(encoding, "surrogateescape"))
        return header, delimiter, encoding, skip


def _delimiter(header: str) -> str:
    """The candidate that stands most often outside quotes; a comma when none does."""
    outside = "".join(header.split('"')[::2])
    return max(",;\t|", key=lambda mark: (outside.count(mark), mark == ","))
