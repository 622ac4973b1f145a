"""Rows that are made one object at a time: json lines and spreadsheets, whose values know their own types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa

from qa_sync_files.finding import Found
from qa_sync_files.rows import OURS, BadRow, Rows
from qa_sync_files.settings import StreamSettings

#: A row's number with its object, or with why there is none.
Numbered = Iterator[tuple[int, dict[str, Any]] | BadRow]


def as_rows(file: Found, objects: Numbered, stream: StreamSettings, size: int) -> Iterator[Rows]:
    """Collect objects into pieces of at most ``size`` rows, with their payloads."""
    numbers: list[int] = []
    kept: list[dict[str, Any]] = []
    bad: list[BadRow] = []
    until = 0
    for one in objects:
        if isinstance(one, BadRow):
            bad.append(one)
            until = one.number
        else:
            until = one[0]
            numbers.append(until)
            kept.append(one[1])
        if len(kept) + len(bad) >= size:
            yield _rows(file, numbers, kept, bad, until, stream)
            numbers, kept, bad = [], [], []
    if kept or bad:
        yield _rows(file, numbers, kept, bad, until, stream)


def _rows(
    file: Found,
    numbers: list[int],
    objects: list[dict[str, Any]],
    bad: list[BadRow],
    until: int,
    stream: StreamSettings,
) -> Rows:
    needed = (*stream.key, *stream.needed)
    columns = {
        name: pa.array([scalar_text(row.get(name)) for row in objects], pa.string())
        for name in needed
        if name in stream.needed or any(name in row for row in objects)
    }
    encode = msgspec.json.Encoder().encode
    payload = [
        encode(_stored(file, number, row, stream)).decode() for number, row in zip(numbers, objects, strict=True)
    ]
    return Rows(
        numbers=pa.array(numbers, pa.int64()),
        columns=columns,
        until=until,
        payload=pa.array(payload, pa.string()),
        bad=bad,
    )


def _stored(file: Found, number: int, row: Mapping[str, Any], stream: StreamSettings) -> dict[str, Any]:
    kept = dict(row) if stream.keep is None else {name: row[name] for name in stream.keep if name in row}
    for name in OURS:
        kept.pop(name, None)
    if "file" in stream.metadata:
        kept["_file"] = file.name
    if "row" in stream.metadata:
        kept["_row"] = number
    return kept


def scalar_text(value: Any) -> str | None:
    """Return a value as the text that stands in an id; None for nothing and for lists and objects.

    >>> scalar_text(12.0), scalar_text(True), scalar_text([1])
    ('12', 'true', None)
    """
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
