"""Read one delivery: its files, their parts, the rows of each, and the evaluations they make up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from qa_sync.errors import ConservationError
from qa_sync_verint.files.blocks import Block
from qa_sync_verint.files.containers import Part, parts_of
from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.deliveries import Delivery, FoundFile
from qa_sync_verint.files.grouping import Groups, Record, evaluation_row
from qa_sync_verint.files.judging import columns_read
from qa_sync_verint.files.layout import Layout
from qa_sync_verint.files.parts import Opened, open_part
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import MAX_ANSWERS, MAX_ROWS, Refused
from qa_sync_verint.files.rows import Counts, Reject, RowChecker
from qa_sync_verint.files.runs import BlockTaker
from qa_sync_verint.files.whole_rows import WholeRows

Item = TypeVar("Item")


class DeliveryReading:
    """One reading of one delivery. ``counts`` holds the rows of each part that was read, by name."""

    def __init__(self, profile: StreamProfile, notify: Callable[[str], None] = lambda _line: None) -> None:
        self._profile = profile
        self._notify = notify
        self._base = 0
        self.counts: dict[str, Counts] = {}

    def items(self, delivery: Delivery) -> Iterator[Record | Reject]:
        """Yield the records and rejects of a delivery, always in the same order.

        Raises:
            ConservationError: a row was neither loaded nor rejected, which is a bug.
        """
        if self._profile.grain == "evaluation":
            for file in delivery.files:
                yield from self._file(file, None)
            return
        groups = Groups(self._profile)
        try:
            for file in delivery.files:
                yield from self._file(file, groups)
            yield from groups.records()
        finally:
            groups.close()

    def _file(self, file: FoundFile, groups: Groups | None) -> Iterator[Record | Reject]:
        try:
            if file.refused is not None:
                raise file.refused
            for part in parts_of(file.path, file.name, self._profile.members):
                yield from self._part(part, groups)
        except Refused as refused:
            yield _whole(file.name, refused)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or 'it changed while being read'}"
            yield _whole(file.name, Refused(field="file", reason=reason))

    def _part(self, part: Part, groups: Groups | None) -> Iterator[Record | Reject]:
        checker: RowChecker | None = None
        try:
            opened = open_part(part, self._profile)
            if opened is None:
                self._told(part, Counts())
                return
            checker = RowChecker(part.name, opened.layout, self._profile, date_formats=opened.date_formats)
            yield from self._answers(opened, checker, groups) if groups else self._evaluations(opened, checker)
        except Refused as refused:
            yield _whole(part.name, refused)
        self._told(part, checker.counts if checker else Counts())

    def _evaluations(self, opened: Opened, checker: RowChecker) -> Iterator[Record | Reject]:
        layout = opened.layout

        def one(row: Row) -> Iterator[Record | Reject]:
            identity = checker.identify(row)
            if isinstance(identity, Reject):
                yield identity
            elif identity is not None:
                payload = None if checker.deleted else evaluation_row(row[1], layout, checker.times)
                checker.counts.loaded += 1
                yield identity, self._base + row[0], checker.deleted, payload

        taker = WholeRows(checker, layout, self._base, one)
        yield from self._taken(opened, checker, taker.take, one)

    def _answers(self, opened: Opened, checker: RowChecker, groups: Groups) -> Iterator[Reject]:
        layout = opened.layout

        def one(row: Row) -> Iterator[Reject]:
            identity = checker.identify(row)
            if isinstance(identity, Reject):
                yield identity
            elif identity is not None:
                place = self._base + row[0]
                if groups.take(identity, place, row[1], layout, checker.times, deleted=checker.deleted):
                    checker.counts.loaded += 1
                else:
                    reason = f"the evaluation has more than {MAX_ANSWERS:,} answers"
                    yield checker.reject(row[0], "row", reason, row[1])

        taker = BlockTaker(checker, groups, layout, self._profile.key.answer, self._base, one)
        yield from self._taken(opened, checker, taker.take, one)

    def _taken(
        self,
        opened: Opened,
        checker: RowChecker,
        many: Callable[[Block], Iterator[Item]],
        one: Callable[[Row], Iterator[Item]],
    ) -> Iterator[Item]:
        """Hand out the rows of a part, many at a time where they can be, and count them."""
        last = 0
        for found in opened.blocks(columns_read(checker, opened.layout)):
            if isinstance(found, Block):
                last = self._numbered(int(found.lines[-1]))
                yield from many(found)
            else:
                last = self._numbered(found[0])
                yield from one(found)
        self._base += last

    def _numbered(self, number: int) -> int:
        if self._base + number > MAX_ROWS:
            raise Refused(field="file", reason=f"a delivery of more than {MAX_ROWS:,} rows: split it by date")
        return number

    def _told(self, part: Part, counts: Counts) -> None:
        self.counts[part.name] = replace(counts)
        told = f"{counts.staged:,} rows staged, {counts.loaded:,} loaded, {counts.rejected:,} rejected"
        self._notify(f"{part.name}: {told}")
        if counts.staged != counts.loaded + counts.rejected:
            msg = f"{part.name}: {counts.staged} rows staged, {counts.loaded} loaded and {counts.rejected} rejected"
            raise ConservationError(msg)


def layouts_of(delivery: Delivery, profile: StreamProfile) -> Iterator[Layout]:
    """Yield the layouts of those parts of a delivery that can be read; their rows are not looked at."""
    for file in delivery.files:
        if file.refused is not None:
            continue
        with suppress(Refused, OSError):
            for part in parts_of(file.path, file.name, profile.members):
                with suppress(Refused, OSError):
                    opened = open_part(part, profile)
                    if opened is not None:
                        yield opened.layout


def _whole(name: str, refused: Refused) -> Reject:
    digest = hashlib.sha256(f"{name}\n{refused.reason}".encode()).hexdigest()
    return Reject(place=name, field=refused.field, reason=refused.reason, digest=digest)
