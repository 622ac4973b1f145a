"""Answer rows in columns: the rows of one evaluation are judged by their first one, and put away whole.

Gives what reading row by row gives, at a cost an evaluation instead of a cost an answer: rows that agree in every
cell that decides something are judged alike, and the few hundred different answers of a block are written as JSON
once each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qa_sync_verint.files import jsontext
from qa_sync_verint.files.blocks import Block, Places
from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.grouping import Groups
from qa_sync_verint.files.judging import Judge, told
from qa_sync_verint.files.layout import Layout
from qa_sync_verint.files.rows import Reject, RowChecker

#: Takes one row the ordinary way.
TakeRow = Callable[[Row], Iterator[Reject]]


class BlockTaker:
    """Puts the answers of blocks away.

    Args:
        checker: judges the rows.
        groups: where accepted ones go.
        layout: what the columns mean.
        key: canonical columns that identify an answer.
        base: number of rows of the delivery before this part.
        one: what is done with a row that has to be looked at by itself.
    """

    def __init__(
        self, checker: RowChecker, groups: Groups, layout: Layout, key: Sequence[str], base: int, one: TakeRow
    ) -> None:
        self._checker = checker
        self._groups = groups
        self._layout = layout
        self._key = [at for at, name in layout.answer if name in key]
        self._base = base
        self._one = one
        self._judge = Judge(checker, layout)

    def take(self, block: Block) -> Iterator[Reject]:
        """Put a block away; yield what is rejected, in the order of the rows."""
        block, starts = self._runs(block)
        ends = np.append(starts[1:], len(block))
        answers = self._answers(block)
        judged = self._judge.judge(block, starts)
        alone = judged.odd | self._looked_at_alone(block, starts, ends)
        rejects: list[tuple[int, Reject]] = []
        for identity, head, deleted, number, start, end, is_alone in zip(
            judged.identities,
            judged.heads.cast(pa.binary()).to_pylist(),
            judged.deleted.tolist(),
            block.lines[starts].tolist(),
            starts.tolist(),
            ends.tolist(),
            alone.tolist(),
            strict=True,
        ):
            if is_alone or not self._groups.has_room(identity, end - start):
                for row in block.whole(range(start, end)):
                    rejects += [(row[0], reject) for reject in self._one(row)]
            else:
                self._groups.take_run(identity, self._base + number, head, answers[start:end], deleted=deleted)
                self._checker.counts.staged += end - start
                self._checker.counts.loaded += end - start
        yield from (reject for _number, reject in sorted(rejects, key=lambda pair: pair[0]))

    def _runs(self, block: Block) -> tuple[Block, Places]:
        """Return the block with the rows of each evaluation together, and where runs that are judged alike start.

        Evaluations stand in the order of their first rows, and the rows of each in their own order.
        """
        identity = _joined([block.codes(at) for at in self._checker.key])
        starts = _starts(identity)
        first, inverse = _first_places(identity)
        if len(starts) > len(first):
            block = block.ordered(np.argsort(inverse, kind="stable"))
        return block, _starts(_joined([block.codes(at) for at in self._checker.judged]))

    def _answers(self, block: Block) -> list[bytes]:
        """Return each row's answer as JSON; equal ones are written once."""
        if not self._layout.answer:
            return [b"{}"] * len(block)
        first, inverse = _first_places(_joined([block.codes(at) for at, _key in self._layout.answer]))
        members = [jsontext.members(key, block.encoded(at), first) for at, key in self._layout.answer]
        written = jsontext.text("{", jsontext.joined(members, len(first)), "}").cast(pa.binary()).to_pylist()
        return [written[at] for at in inverse.tolist()]

    def _looked_at_alone(self, block: Block, starts: Places, ends: Places) -> npt.NDArray[np.bool_]:
        """Whether the rows of a run are to be looked at one by one: an answer comes twice, or one may hold totals."""
        runs = np.repeat(np.arange(len(starts)), ends - starts)
        alone = np.zeros(len(starts), dtype=bool)
        if self._key:
            joined = _joined([runs, *(block.codes(at) for at in self._key)])
            first, inverse = _first_places(joined)
            is_repeat = first[inverse] != np.arange(len(joined))
            alone[runs[is_repeat]] = True
        for at in self._checker.early:
            alone[runs[told(block, at, np.arange(len(block)), self._checker.is_total)]] = True
        return alone


def _joined(columns: Sequence[Places]) -> Places:
    """Return a number for each row, equal for rows that are equal in all columns."""
    joined, size = columns[0], int(columns[0].max()) + 1
    for column in columns[1:]:
        values = int(column.max()) + 1
        if size * values >= 1 << 62:
            joined = _first_places(joined)[1]
            size = int(joined.max()) + 1
        joined, size = joined * values + column, size * values
    return joined


def _first_places(codes: Places) -> tuple[Places, Places]:
    """Return where each different number stands first, in that order, and for each place which of them it has."""
    encoded = pa.array(codes).dictionary_encode()
    inverse: Places = encoded.indices.to_numpy().astype(np.int64)
    first = np.empty(len(encoded.dictionary), dtype=np.int64)
    first[inverse[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first, inverse


def _starts(codes: Places) -> Places:
    return np.flatnonzero(np.diff(codes, prepend=codes[0] - 1))
