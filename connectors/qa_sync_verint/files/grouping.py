"""From rows to evaluations: one record for each evaluation of a delivery, whichever way its rows are ordered.

Answer rows of one evaluation usually stand together, but nothing promises it. Each run of rows is written to a
spool (in memory while small, else a nameless temporary file) with an index by evaluation; evaluations whose rows
were scattered are put together when the spool is read back. So memory holds the index, not the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec

from qa_sync_verint.files.layout import Layout
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import MAX_ANSWERS
from qa_sync_verint.files.rows import pick

#: One record: id, row (counted over the delivery), deleted, payload (None for a tombstone).
Record = tuple[str, int, bool, bytes | None]

#: Where a run of rows stands in the spool: offset, size, first row, deleted, and answers up to its end.
_Piece = tuple[int, int, int, bool, int]

_SPOOL_IN_MEMORY = 32_000_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Groups:
    """Collects the answer rows of one delivery by evaluation."""

    def __init__(self, profile: StreamProfile) -> None:
        self._key = profile.key.answer
        self._spool: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY)  # noqa: SIM115
        self._end = 0
        self._index: dict[str, list[_Piece]] = {}
        self._run = _Run("", 0, {}, {}, 0)

    def take(
        self, identity: str, row: int, cells: Sequence[str], layout: Layout, times: dict[str, str], *, deleted: bool
    ) -> bool:
        """Add a row; False when its evaluation has too many already."""
        run = self._run
        if identity != run.identity:
            pieces = self._index.get(identity)
            before = pieces[-1][4] if pieces else 0
            if before >= MAX_ANSWERS:
                return False
            self._put_away()
            run = self._run = _Run(identity, row, pick(cells, layout.evaluation), times, before)
        answer = pick(cells, layout.answer)
        key = _answer_key(answer, self._key) or ("", row)
        if run.answers.pop(key, None) is not None:
            # The same answer again, further down: it is newer, and so is what its row says of the evaluation.
            run.columns, run.times = pick(cells, layout.evaluation), times
        elif run.before + len(run.answers) >= MAX_ANSWERS:
            return False
        run.answers[key] = answer
        run.deleted = deleted
        return True

    def has_room(self, identity: str, answers: int) -> bool:
        """Whether so many more answers of an evaluation can be taken."""
        run, pieces = self._run, self._index.get(identity)
        before = run.before + len(run.answers) if identity == run.identity else pieces[-1][4] if pieces else 0
        return before + answers <= MAX_ANSWERS

    def take_run(
        self,
        identity: str,
        row: int,
        head: bytes,
        answers: Sequence[bytes],
        *,
        deleted: bool,
    ) -> None:
        """Add rows of one evaluation that stand together, as JSON, no answer twice; there must be room.

        ``head`` is the payload up to the answers, as ``judging.Judged`` has it.
        """
        self._put_away()
        self._run = _Run("", 0, {}, {}, 0)
        pieces = self._index.get(identity)
        before = pieces[-1][4] if pieces else 0
        self._write(identity, head + b",".join(answers) + b"]}", row, before + len(answers), deleted=deleted)

    def _put_away(self) -> None:
        run = self._run
        if run.identity:
            data = _encode({"columns": run.columns, "times": run.times, "rows": list(run.answers.values())})
            self._write(run.identity, data, run.row, run.before + len(run.answers), deleted=run.deleted)

    def _write(self, identity: str, data: bytes, row: int, answers: int, *, deleted: bool) -> None:
        self._spool.write(data)
        self._index.setdefault(identity, []).append((self._end, len(data), row, deleted, answers))
        self._end += len(data)

    def records(self) -> Iterator[Record]:
        """Yield one record an evaluation, in the order of their first rows. Nothing can be added afterwards."""
        self._put_away()
        for identity, pieces in sorted(self._index.items(), key=lambda item: item[1][0][2]):
            deleted = pieces[-1][3]
            yield identity, pieces[0][2], deleted, None if deleted else self._read(pieces)

    def _read(self, pieces: list[_Piece]) -> bytes:
        found = []
        for offset, size, *_rest in pieces:
            self._spool.seek(offset)
            found.append(self._spool.read(size))
        return found[0] if len(found) == 1 else self._joined(found)

    def _joined(self, found: list[bytes]) -> bytes:
        whole: dict[str, Any] = _decode(found[0])
        answers: dict[object, Any] = {}
        for piece in found:
            part = _decode(piece)
            for answer in part["rows"]:
                key = _answer_key(answer, self._key) or ("", len(answers))
                if answers.pop(key, None) is not None:
                    whole = part
                answers[key] = answer
        return _encode({**whole, "rows": list(answers.values())})

    def close(self) -> None:
        """Give the spool back."""
        self._spool.close()


@dataclass(slots=True)
class _Run:
    """Rows of one evaluation that stand together."""

    identity: str
    row: int
    columns: dict[str, str]
    times: dict[str, str]
    before: int
    answers: dict[object, dict[str, str]] = field(default_factory=dict)
    deleted: bool = False


def _answer_key(answer: dict[str, str], names: Sequence[str]) -> tuple[str, ...] | None:
    key = tuple([answer.get(name, "") for name in names])
    return key if any(key) else None


def evaluation_row(cells: Sequence[str], layout: Layout, times: dict[str, str]) -> bytes:
    """Return the payload of a row that is a whole evaluation: its competencies become ``rows``."""
    answers: list[dict[str, str]] = []
    for part in layout.competencies:
        places = ((part.rating, "rating"), (part.reason, "reason"), (part.comment, "comment"))
        answer = pick(cells, [(at, key) for at, key in places if at >= 0])
        if answer:
            answers.append({"name": part.name, **answer})
    return _encode({"columns": pick(cells, layout.evaluation), "times": times, "rows": answers})
