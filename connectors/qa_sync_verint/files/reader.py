"""Pages of raw evaluations from a folder of export files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from qa_sync.errors import SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page
from qa_sync_verint.files.cursor import Position, file_key, whole_key
from qa_sync_verint.files.deliveries import find_deliveries
from qa_sync_verint.files.delivery import DeliveryReading, layouts_of
from qa_sync_verint.files.grouping import Record
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.rows import Reject

PAGE_RECORDS = 2_000
PAGE_BYTES = 16_000_000
_EDITION_SHIFT = 24
_NUMBER_SHIFT = 32


class FilesReader:
    """Reads one stream of export files.

    Args:
        folder: where the files are.
        profile: their layout.
        notify: told one line a file: its name, and rows staged, loaded and rejected.
        page_records: evaluations on one page.
    """

    def __init__(
        self,
        folder: Path,
        profile: StreamProfile,
        *,
        notify: Callable[[str], None] = lambda _line: None,
        page_records: int = PAGE_RECORDS,
    ) -> None:
        self._folder = folder
        self._profile = profile
        self._fingerprint = profile.fingerprint
        self._notify = notify
        self._page_records = page_records

    def read(self, cursor: str | None) -> Iterator[Page]:
        """Yield the pages behind a position; files read before are not opened again.

        Raises:
            SourceError: the folder is not there, or the cursor is not one of ours.
        """
        if not self._folder.is_dir():
            msg = "the folder of export files is not there; check files.folder in qa-sync.yaml"
            raise SourceError(msg)
        position = Position.parse(cursor)
        deliveries = find_deliveries(self._folder, self._profile)
        page = _PageMaker()
        for delivery in deliveries:
            if position.is_read(delivery, self._fingerprint):
                continue
            whole = whole_key(delivery, self._fingerprint)
            edition = position.edition(delivery, whole)
            given = position.part[1] if position.part and position.part[0] == whole else 0
            base = (delivery.number << _NUMBER_SHIFT) + (edition << _EDITION_SHIFT)
            for count, item in enumerate(DeliveryReading(self._profile, self._notify).items(delivery), start=1):
                if count <= given:
                    continue
                page.add(item, delivery.stamp, base)
                if page.items >= self._page_records or page.size >= PAGE_BYTES:
                    yield page.made(position.within(whole, count, edition).text())
                    page = _PageMaker()
            position = position.after(delivery, self._fingerprint, edition)
        present = (file_key(file, delivery, self._fingerprint) for delivery in deliveries for file in delivery.files)
        yield page.made(position.bounded(present).text(), last=True)

    def left_out(self) -> tuple[str, ...]:
        """Return the headers of the newest delivery that can be read which no setting of the profile reads."""
        for delivery in reversed(find_deliveries(self._folder, self._profile)) if self._folder.is_dir() else ():
            layouts = list(layouts_of(delivery, self._profile))
            if layouts:
                return tuple(dict.fromkeys(name for layout in layouts for name in layout.unmapped))
        return ()


class _PageMaker:
    """Collects what goes on one page."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._stamps: list[datetime | None] = []
        self._numbers: list[int] = []
        self._deleted: list[bool] = []
        self._payloads: list[bytes | None] = []
        self._rejects: list[Reject] = []
        self.size = 0

    @property
    def items(self) -> int:
        """Records and rejects so far."""
        return len(self._ids) + len(self._rejects)

    def add(self, item: Record | Reject, stamp: datetime | None, base: int) -> None:
        """Add a record, or something that could not be read."""
        if isinstance(item, Reject):
            self._rejects.append(item)
            return
        identity, row, deleted, payload = item
        self._ids.append(identity)
        self._stamps.append(stamp)
        self._numbers.append(base + row)
        self._deleted.append(deleted)
        self._payloads.append(payload)
        self.size += len(payload) if payload else 0

    def made(self, cursor: str, *, last: bool = False) -> Page:
        """Return the page."""
        records = pa.table(
            [
                pa.array(self._ids, pa.string()),
                pa.array(self._stamps, PAGE.field("source_stamp").type),
                pa.array(self._numbers, pa.int64()),
                pa.array(self._deleted, pa.bool_()),
                pa.array(self._payloads, pa.binary()).cast(pa.string()),
            ],
            schema=PAGE,
        )
        rejects = pa.table(
            [
                pa.array([reject.place for reject in self._rejects], pa.string()),
                pa.array([reject.field for reject in self._rejects], pa.string()),
                pa.array([reject.reason for reject in self._rejects], pa.string()),
                pa.array([reject.digest for reject in self._rejects], pa.string()),
            ],
            schema=PAGE_REJECTS,
        )
        return Page(records=records, rejects=rejects, cursor=cursor, last=last)
