"""Pull: read a source's streams page by page and store them, the cursor with the rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from qa_sync.errors import ConservationError, LostRace, QASyncError, SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page, Source, Stream
from qa_sync.runner.connecting import guarded
from qa_sync.runner.progress import Progress
from qa_sync.store import BatchCounts, RawStream, Store, aside_rows

#: A batch is committed after this many pages or seconds, whichever comes first: what a crash can cost.
BATCH_PAGES = 10
BATCH_SECONDS = 5.0

#: How often a sync that lost a race starts again from the winner's cursor.
RACES = 20


@dataclass(slots=True)
class StreamCounts:
    """Records of one stream in one sync: read = accepted + unchanged + rejected.

    ``erased``: accepted without a person who had been erased, and whom the source still names.
    ``is_empty``: the source gave nothing, and nothing is stored from before.
    """

    read: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    new_rejects: int = 0
    repaired: int = 0
    deleted: int = 0
    erased: int = 0
    commits: int = 0
    order: str = "source"
    error: str = ""
    is_empty: bool = False

    def check(self, name: str) -> None:
        """Raise ConservationError when the counts do not add up."""
        if self.read != self.accepted + self.unchanged + self.rejected:
            msg = (
                f"{name}: read {self.read} is not accepted {self.accepted} + unchanged {self.unchanged}"
                f" + rejected {self.rejected}"
            )
            raise ConservationError(msg)


@dataclass(slots=True)
class _Batch:
    pages: list[pa.Table] = field(default_factory=list)
    rejects: list[pa.Table] = field(default_factory=list)
    cursor: str = ""
    listing: bool = False
    started: float = 0.0

    def add(self, page: Page) -> None:
        if not self.pages:
            self.started = time.monotonic()
        self.pages.append(page.records)
        self.rejects.append(page.rejects)
        self.cursor = page.cursor
        self.listing = self.listing or page.listing

    @property
    def is_full(self) -> bool:
        return len(self.pages) >= BATCH_PAGES or time.monotonic() - self.started >= BATCH_SECONDS


def sync_stream(
    store: Store,
    source: Source,
    name: str,
    stream: Stream,
    *,
    run_id: str,
    clock: Callable[[], datetime],
    progress: Progress,
    check: Callable[[], None] = lambda: None,
) -> StreamCounts:
    """Pull everything a stream has now; return what became of it.

    ``check`` is called between two pages; what it raises breaks the pull off, with nothing more committed.

    Raises:
        QASyncError: the source failed. What was pulled before is stored; the counts so far are on the
            error as ``counts``.
        ConservationError: the counts do not add up.
    """
    counts = StreamCounts(order=stream.order)
    puller = _Puller(store, source, name, stream, run_id, clock, progress, check, counts)
    for _ in range(RACES):
        try:
            puller.pull()
            break
        except LostRace:
            progress.say(f"{name}.{stream.name}: another sync was first; reading on from its position")
    else:
        msg = f"{name}.{stream.name}: lost {RACES} races against other syncs"
        raise LostRace(msg)
    counts.check(f"{name}.{stream.name}")
    counts.is_empty = not counts.read and not store.raw(name, stream.name).files()
    return counts


@dataclass(slots=True)
class _Puller:
    store: Store
    source: Source
    name: str
    stream: Stream
    run_id: str
    clock: Callable[[], datetime]
    progress: Progress
    check: Callable[[], None]
    counts: StreamCounts

    def pull(self) -> None:
        raw = self.store.raw(self.name, self.stream.name)
        here = raw.position()
        batch = _Batch()
        listed: list[pa.Array] = []
        complete = False
        n = here.n
        try:
            for page in self._pages(here.cursor):
                self.check()
                batch.add(page)
                # The last page has the last word: a listing that ends otherwise was not complete.
                complete = page.listing
                if page.listing:
                    listed.append(page.records["id"].combine_chunks())
                if page.last:
                    break
                if batch.is_full:
                    n = self._commit(raw, batch, n, listing="partial" if batch.listing else "no", before=here.cursor)
                    batch = _Batch()
        except LostRace:
            raise
        except QASyncError as error:
            # What was pulled stays: the pages before the failure stand, and so does their cursor.
            self._commit(raw, batch, n, listing="partial" if batch.listing else "no", before=here.cursor)
            error.counts = self.counts  # type: ignore[attr-defined]
            raise
        n = self._commit(raw, batch, n, listing="done" if complete else "no", before=here.cursor)
        if complete:
            self._bury(raw, pa.concat_arrays(listed) if listed else pa.array([], pa.string()), n)

    def _pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield the source's pages; a fault of the connector is a failure of this stream, like any other."""
        with guarded("the connector"):
            for page in self.source.read(self.stream.name, cursor):
                if not (page.records.schema.equals(PAGE) and page.rejects.schema.equals(PAGE_REJECTS)):
                    msg = "the connector gave a page whose columns are not those of qa_sync.model.system.PAGE"
                    raise SourceError(msg)
                yield page

    def _commit(self, raw: RawStream, batch: _Batch, n: int, *, listing: str, before: str | None) -> int:
        """Store one batch; return the stream's n. Rejects go first: met twice after a crash, they are one."""
        if not batch.pages:
            return n
        at = self.clock()
        by_arrival = batch.listing or self.stream.order == "arrival"
        records = pa.concat_tables(batch.pages)
        prepared = raw.prepare(records, at=at, by_arrival=by_arrival)
        unread = pa.concat_tables([*batch.rejects, prepared.rejects.cast(PAGE_REJECTS)])
        new = self._set_aside(unread, at)
        if prepared.rows.num_rows or batch.cursor != before or n == 0:
            n = raw.commit(
                prepared.rows, cursor=batch.cursor, expected_n=n, run_id=self.run_id, at=at, note={"listing": listing}
            )
            self.counts.commits += 1
        self._count(records.num_rows + sum(r.num_rows for r in batch.rejects), prepared.counts, unread.num_rows, new)
        return n

    def _count(self, read: int, made: BatchCounts, rejected: int, new: int) -> None:
        self.counts.read += read
        self.counts.accepted += made.accepted
        self.counts.unchanged += made.unchanged
        self.counts.rejected += rejected
        self.counts.new_rejects += new
        self.counts.repaired += made.repaired
        self.counts.deleted += made.tombstones
        self.counts.erased += made.erased
        self.progress.counted(f"{self.name}.{self.stream.name}", self.counts.read)

    def _set_aside(self, rejects: pa.Table, at: datetime) -> int:
        if not rejects.num_rows:
            return 0
        rows = [(r["record_id"], r["field"], r["reason"], r["payload_hash"]) for r in rejects.to_pylist()]
        made = aside_rows(run_id=self.run_id, at=at, source=self.name, stream=self.stream.name, stage="read", rows=rows)
        unseen = self.store.ledger.unseen_rejects(made)
        self.store.ledger.append("rejects", unseen)
        return int(unseen.num_rows)

    def _bury(self, raw: RawStream, listed: pa.Array, n: int) -> None:
        """Give a tombstone to each record that a complete listing no longer names."""
        absent = raw.absent(listed)
        if not absent.num_rows:
            return
        at = self.clock()
        prepared = raw.prepare(absent, at=at, by_arrival=True)
        cursor = raw.position().cursor or ""
        raw.commit(prepared.rows, cursor=cursor, expected_n=n, run_id=self.run_id, at=at, note={"listing": "done"})
        self.counts.commits += 1
        self.counts.deleted += absent.num_rows
