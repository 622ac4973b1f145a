"""Rows that are whole evaluations, in columns: gives what ``grouping.evaluation_row`` gives, row for row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync_verint.files import jsontext
from qa_sync_verint.files.blocks import Block, Places
from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.grouping import Record
from qa_sync_verint.files.judging import Judge
from qa_sync_verint.files.layout import CompetencyColumns, Layout
from qa_sync_verint.files.rows import Reject, RowChecker


class WholeRows:
    """Makes the records of blocks.

    Args:
        checker: judges the rows.
        layout: what the columns mean.
        base: number of rows of the delivery before this part.
        one: what is done with a row that has to be looked at by itself.
    """

    def __init__(
        self, checker: RowChecker, layout: Layout, base: int, one: Callable[[Row], Iterator[Record | Reject]]
    ) -> None:
        self._counts = checker.counts
        self._judge = Judge(checker, layout)
        self._layout = layout
        self._base = base
        self._one = one

    def take(self, block: Block) -> Iterator[Record | Reject]:
        """Yield what becomes of each row, in order."""
        places = np.arange(len(block))
        judged = self._judge.judge(block, places)
        answers = [_competency(part, block, places) for part in self._layout.competencies]
        payloads = jsontext.text(judged.heads, jsontext.joined(answers, len(block)), "]}").cast(pa.binary())
        for at, (identity, payload, deleted, number, is_odd) in enumerate(
            zip(
                judged.identities,
                payloads.to_pylist(),
                judged.deleted.tolist(),
                block.lines.tolist(),
                judged.odd.tolist(),
                strict=True,
            )
        ):
            if is_odd:
                for row in block.whole([at]):
                    yield from self._one(row)
            else:
                self._counts.staged += 1
                self._counts.loaded += 1
                yield identity, self._base + number, deleted, None if deleted else payload


def _competency(part: CompetencyColumns, block: Block, places: Places) -> pa.Array:
    """Return the answer to one competency as JSON, with a comma before it; "" where all its cells are empty."""
    cells = ((part.rating, "rating"), (part.reason, "reason"), (part.comment, "comment"))
    said = jsontext.joined(
        [jsontext.members(key, block.encoded(at), places) for at, key in cells if at >= 0], len(block)
    )
    name = jsontext.member("name", part.name)
    return pc.if_else(pc.equal(said, ""), "", jsontext.text(f",{{{name},", said, "}"))
