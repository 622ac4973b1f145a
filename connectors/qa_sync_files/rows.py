"""What every reader of a format gives: rows by column, numbered, with the bad ones set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.wording import column_name
from qa_sync_files.finding import Found, Print
from qa_sync_files.settings import StreamSettings

#: Column names that are ours in a payload.
OURS = ("_file", "_row")


class Unreadable(Exception):
    """A file, or the rest of it, cannot be read. ``field`` names the column that is missing, if that is why."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """One row that cannot be read; ``content_hash`` recognises it next time, ``reason`` never quotes it."""

    number: int
    reason: str
    content_hash: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a file. ``numbers`` counts data rows from 1, bad ones included.

    ``columns`` has the values by name. Where ``payload`` is given, it is the finished JSON text of each row and
    ``columns`` holds only what ids and order need, as text. ``until`` is the number of the last row looked at.
    """

    numbers: pa.Array
    columns: dict[str, pa.Array]
    until: int
    payload: pa.Array | None = None
    bad: Sequence[BadRow] = field(default_factory=tuple)

    def after(self, number: int) -> Rows:
        """Return the rows behind row ``number``."""
        if not number or (len(self.numbers) and self.numbers[0].as_py() > number and not self.bad):
            return self
        mask = pc.greater(self.numbers, number)
        return Rows(
            numbers=self.numbers.filter(mask),
            until=self.until,
            columns={name: column.filter(mask) for name, column in self.columns.items()},
            payload=None if self.payload is None else self.payload.filter(mask),
            bad=[row for row in self.bad if row.number > number],
        )


class Reader(Protocol):
    """Reads one format, at most ``size`` rows at a time."""

    def __call__(self, file: Found, printed: Print, stream: StreamSettings, size: int) -> Iterator[Rows]:
        """Yield the rows of a file; Unreadable when it, or the rest of it, cannot be read."""
        ...

    def names(self, file: Found, stream: StreamSettings) -> Sequence[str] | None:
        """Return the names of the columns; None when every row has its own."""
        ...


def unique_names(header: Sequence[Any]) -> list[str]:
    r"""Return usable, distinct column names: on one line, nameless ones get a number, repeated ones a suffix.

    >>> unique_names(["a", "", "a", "_row", "b\nc"])
    ['a', 'column_2', 'a_2', '_row_2', 'b c']
    """
    taken: set[str] = set(OURS)
    names: list[str] = []
    for at, raw in enumerate(header, start=1):
        stem = name = column_name(raw) or f"column_{at}"
        suffix = 2
        while name in taken:
            name, suffix = f"{stem}_{suffix}", suffix + 1
        taken.add(name)
        names.append(name)
    return names


def require(names: Sequence[str], stream: StreamSettings) -> None:
    """Raise Unreadable when a column that ids or order need is not among ``names``."""
    for name in stream.needed:
        if name not in names:
            reason = f"no column {name!r}"
            raise Unreadable(reason, field=name)
