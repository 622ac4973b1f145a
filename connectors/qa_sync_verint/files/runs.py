"""Answer rows in columns: runs of rows that belong to one evaluation are judged by their first row and put away whole.

Gives what reading row by row gives, at a cost an evaluation instead of a cost an answer: rows of one run differ only
in columns that decide nothing, and the few hundred different answers of a block are written as JSON once each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from qa_sync_verint.files.blocks import Block
from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.grouping import Groups
from qa_sync_verint.files.layout import Layout
from qa_sync_verint.files.rows import Reject, RowChecker, pick

_Codes = npt.NDArray[np.int64]
_encode = msgspec.json.Encoder().encode
#: Below this, codes of two columns can be joined by multiplying without an overflow.
_DENSE = 1 << 31

#: Takes one row the ordinary way.
TakeRow = Callable[[Row], Iterator[Reject]]


def take_block(
    block: Block, checker: RowChecker, groups: Groups, layout: Layout, key: tuple[str, ...], base: int, one: TakeRow
) -> Iterator[Reject]:
    """Put the answers of a block away; yield what is rejected.

    Args:
        block: the rows.
        checker: judges the first row of each run.
        groups: where accepted runs go.
        layout: what the columns mean.
        key: canonical columns that identify an answer.
        base: number of the first row of this part in its delivery.
        one: what is done with a row that has to be looked at by itself.
    """
    judged = [_codes(block, at) for at in checker.judged]
    starts = _run_starts(judged)
    ends = np.append(starts[1:], block.table.num_rows)
    answers = _answers(block, layout)
    repeats = _runs_with_repeats(block, layout, key, starts, ends)
    firsts = block.rows(starts)
    numbers = block.lines.tolist()
    for run, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        cells = firsts[run]
        identity = None if run in repeats else checker.identify((numbers[start], cells, ""))
        if isinstance(identity, str) and groups.has_room(identity, end - start):
            checker.counts.staged += end - start - 1
            checker.counts.loaded += end - start
            columns = pick(cells, layout.evaluation)
            place = base + numbers[start]
            groups.take_run(identity, place, columns, checker.times, answers[start:end], deleted=checker.deleted)
            continue
        if isinstance(identity, str):
            checker.counts.staged -= 1  # it is judged again below, with its neighbours
        elif run not in repeats:
            if identity is not None:
                yield identity
            start += 1
        for number, row in zip(numbers[start:end], block.rows(np.arange(start, end)), strict=True):
            yield from one((number, row, ""))


def _codes(block: Block, at: int) -> _Codes:
    """Return a number for each text of a column, equal for equal texts."""
    indices = block.table.column(at).combine_chunks().dictionary_encode().indices
    codes: _Codes = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _joined(columns: list[_Codes]) -> _Codes:
    """Return a number for each row, equal for rows that are equal in all columns."""
    joined = columns[0]
    for column in columns[1:]:
        if int(joined.max(initial=0)) >= _DENSE:
            joined = np.unique(joined, return_inverse=True)[1]
        joined = joined * (int(column.max(initial=0)) + 1) + column
    return joined


def _run_starts(columns: list[_Codes]) -> _Codes:
    changes = np.zeros(len(columns[0]), dtype=bool)
    changes[0] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def _answers(block: Block, layout: Layout) -> list[bytes]:
    """Return each row's answer as JSON; equal ones are written once."""
    if not layout.answer:
        return [b"{}"] * block.table.num_rows
    joined = _joined([_codes(block, at) for at, _key in layout.answer])
    _values, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
    written = [_encode(pick(cells, layout.answer)) for cells in block.rows(first)]
    return [written[at] for at in inverse.tolist()]


def _runs_with_repeats(
    block: Block, layout: Layout, key: tuple[str, ...], starts: _Codes, ends: _Codes
) -> frozenset[int]:
    """Return the runs in which one answer comes twice; an answer without a key is never another's repeat."""
    places = [at for at, name in layout.answer if name in key]
    if not places:
        return frozenset()
    runs = np.repeat(np.arange(len(starts)), ends - starts)
    joined = _joined([runs, *(_codes(block, at) for at in places)])
    order = np.argsort(joined, kind="stable")
    again = order[1:][joined[order][1:] == joined[order][:-1]]
    return frozenset(runs[again].tolist())
