"""Delimited text without any double quote: one record a line, split by Arrow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from qa_sync_files.finding import Found
from qa_sync_files.rows import BadRow, Rows
from qa_sync_files.text_lines import NOT_TEXT, content_hash

#: Arrow reads so many bytes at a time; a line that is longer makes it give up.
BLOCK = 4 << 20


def plain_rows(file: Found, names: list[str], delimiter: str, skip: int, size: int) -> Iterator[Rows]:
    """Yield the rows behind the first ``skip`` bytes; ArrowInvalid where a line is longer than a block."""
    invalid: list[tuple[int, int, str]] = []  # number, values found, hash

    def set_aside(row: pc.InvalidRow) -> str:
        invalid.append((row.number, row.actual_columns, content_hash(row.text)))
        return "skip"

    with file.path.open("rb") as raw:
        raw.seek(skip)
        if not raw.read(1):
            return
        raw.seek(skip)
        reader = pc.open_csv(
            raw,
            read_options=pc.ReadOptions(column_names=names, block_size=BLOCK, use_threads=False),
            parse_options=pc.ParseOptions(delimiter=delimiter, quote_char=False, invalid_row_handler=set_aside),
            convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()), check_utf8=False),
        )
        until = 0
        for batch in reader:
            numbers = _numbers(until, batch.num_rows, {number for number, _, _ in invalid})
            until = max(until, int(numbers[-1]) if len(numbers) else 0)
            while any(number == until + 1 for number, _, _ in invalid):
                until += 1
            # Arrow looks ahead: rows set aside further down belong to a later batch.
            bad = _ragged(invalid, until, len(names))
            invalid = [row for row in invalid if row[0] > until]
            yield from _sliced(_as_text(pa.array(numbers), names, batch.columns, bad, until), size)
        if invalid:
            bad = _ragged(invalid, invalid[-1][0], len(names))
            yield Rows(
                numbers=pa.array([], pa.int64()),
                columns={name: pa.array([], pa.string()) for name in names},
                until=bad[-1].number,
                bad=bad,
            )


def _numbers(before: int, count: int, gaps: set[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Numbers of the next ``count`` good rows; Arrow counts rows from 1, and those set aside leave gaps."""
    if not gaps:
        return np.arange(before + 1, before + 1 + count, dtype=np.int64)
    candidates = np.arange(before + 1, before + 1 + count + len(gaps), dtype=np.int64)
    return candidates[~np.isin(candidates, list(gaps))][:count]


def _ragged(invalid: Sequence[tuple[int, int, str]], until: int, width: int) -> list[BadRow]:
    return [
        BadRow(number=number, reason=f"{found} values for {width} columns", content_hash=content)
        for number, found, content in invalid
        if number <= until
    ]


def _as_text(numbers: pa.Array, names: list[str], columns: Sequence[pa.Array], bad: list[BadRow], until: int) -> Rows:
    try:
        made = {name: column.cast(pa.string()) for name, column in zip(names, columns, strict=True)}
        return Rows(numbers=numbers, columns=made, until=until, bad=bad)
    except pa.ArrowInvalid:
        pass
    wrong: dict[int, str] = {}
    for column in columns:
        for at, value in enumerate(column.to_pylist()):
            try:
                value.decode()
            except UnicodeDecodeError:
                wrong.setdefault(at, hashlib.sha256(value).hexdigest())
    bad = [
        *bad,
        *(BadRow(number=numbers[at].as_py(), reason=NOT_TEXT, content_hash=content) for at, content in wrong.items()),
    ]
    keep = pa.array([at for at in range(len(numbers)) if at not in wrong], pa.int64())
    made = {name: column.take(keep).cast(pa.string()) for name, column in zip(names, columns, strict=True)}
    return Rows(numbers=numbers.take(keep), columns=made, until=until, bad=sorted(bad, key=lambda row: row.number))


def _sliced(rows: Rows, size: int) -> Iterator[Rows]:
    """Cut into pieces of at most ``size`` rows; a bad row goes with the piece that it stands in."""
    total = len(rows.numbers)
    if total <= size:
        yield rows
        return
    before = 0
    for start in range(0, total, size):
        end = min(start + size, total)
        until = rows.until if end == total else rows.numbers[end - 1].as_py()
        yield Rows(
            numbers=rows.numbers.slice(start, end - start),
            until=until,
            columns={name: column.slice(start, end - start) for name, column in rows.columns.items()},
            bad=[row for row in rows.bad if before < row.number <= until],
        )
        before = until
