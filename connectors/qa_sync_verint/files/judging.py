"""Rows judged many at a time, as ``rows.RowChecker`` judges one: whose, when, taken back?

Only what is beyond doubt is decided here. A row that may be no record, or a reject, is *odd*: it is looked at alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync_verint.files import jsontext
from qa_sync_verint.files.blocks import Block, Places
from qa_sync_verint.files.layout import Layout
from qa_sync_verint.files.names import fold
from qa_sync_verint.files.refusal import MAX_ID
from qa_sync_verint.files.rows import RowChecker

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was decided about some rows, in their order.

    Attributes:
        identities: the evaluation's id; means nothing for an odd row.
        deleted: whether the row takes its evaluation back.
        odd: whether the row has to be looked at by itself.
        heads: the payload up to the answers, as JSON text: ``{"columns":{...},"times":{...},"rows":[``.
    """

    identities: list[str]
    deleted: Flags
    odd: Flags
    heads: pa.Array


def columns_read(checker: RowChecker, layout: Layout) -> list[int]:
    """Return the positions of the cells that decide something, or are stored."""
    stored = {at for at, _key in (*layout.evaluation, *layout.answer)}
    rated = {at for part in layout.competencies for at in (part.rating, part.reason, part.comment) if at >= 0}
    return sorted({0, *checker.judged, *checker.early, *stored, *rated})


class Judge:
    """Judges rows of the blocks of one part by the settings of its ``RowChecker``."""

    def __init__(self, checker: RowChecker, layout: Layout) -> None:
        self._checker = checker
        self._layout = layout
        first = min((at for at, _name in checker.required), default=layout.width - 1)
        #: The first of these cells that says anything tells a row of totals.
        self._may_total = range(first + 1) if checker.skips else range(0)

    def judge(self, block: Block, places: Places) -> Judged:
        """Judge the rows at some places of a block, which holds every column of ``columns_read``."""
        odd = np.zeros(len(places), dtype=bool)
        for at in self._may_total:
            odd |= told(block, at, places, self._checker.is_total)
        header = self._checker.header[0]
        odd |= told(block, 0, places, lambda text: text.strip() == header)
        for at, _name in self._checker.required:
            odd |= told(block, at, places, lambda text: not text or text.isspace())
        identities = self._identities(block, places)
        odd |= np.array([not _is_id(identity) for identity in identities], dtype=bool)
        deleted = np.zeros(len(places), dtype=bool)
        for at in self._checker.statuses:
            deleted |= told(block, at, places, lambda text: fold(text) in self._checker.gone)
        times, undated = self._times(block, places)
        columns = [jsontext.members(key, block.encoded(at), places) for at, key in self._layout.evaluation]
        heads = jsontext.text(
            '{"columns":{',
            jsontext.joined(columns, len(places)),
            '},"times":{',
            jsontext.joined(times, len(places)),
            '},"rows":[',
        )
        return Judged(identities=identities, deleted=deleted, odd=odd | undated, heads=heads)

    def _identities(self, block: Block, places: Places) -> list[str]:
        key = self._checker.key
        columns = [_texts(block, at, places).to_pylist() for at in key]
        if self._checker.plain_key:
            return [text.strip() for text in columns[0]]
        return [self._checker.hashed(dict(zip(key, texts, strict=True))) for texts in zip(*columns, strict=True)]

    def _times(self, block: Block, places: Places) -> tuple[list[pa.Array], Flags]:
        """Return the members of ``times``, and which rows have a text that is no date where it must be one."""
        members: list[pa.Array] = []
        undated = np.zeros(len(places), dtype=bool)
        for name, at, column, is_strict, by in self._checker.dates:
            texts = _texts(block, at, places)
            moments = column.read_all(texts, _texts(block, by, places) if by >= 0 else None)
            members.append(pc.fill_null(jsontext.text(f',"{name}":"', moments, '"'), ""))
            if is_strict and moments.null_count:
                blank = told(block, at, places, lambda text: not text or text.isspace())
                undated |= moments.is_null().to_numpy(zero_copy_only=False) & ~blank
        return members, undated


def _is_id(identity: str) -> bool:
    return bool(identity) and len(identity) <= MAX_ID and identity.isprintable()


def _texts(block: Block, at: int, places: Places) -> pa.Array:
    return block.columns[at].take(pa.array(places))


def told(block: Block, at: int, places: Places, tells: Callable[[str], bool]) -> Flags:
    """Return whether something is true of the text each row has in a column; asked once for each different text."""
    encoded = block.encoded(at)
    answers = np.array([tells(text) for text in encoded.dictionary.to_pylist()], dtype=bool)
    found: Flags = answers[encoded.indices.to_numpy()[places]]
    return found
