"""Raw records: what sources sent, append-only, one table a stream, the cursor in the same commit as the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.engine.duck import DuckEngine
from qa_sync.engine.files import Files
from qa_sync.errors import StoreError
from qa_sync.model.system import PAGE, RAW
from qa_sync.store import delta
from qa_sync.store.lock import StoreLock
from qa_sync.store.path import StorePath
from qa_sync.store.payloads import hashes, valid_payloads
from qa_sync.store.tombstones import Tombstones

STATISTICS = ("id", "source_stamp", "n")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPosition:
    """Where a stream stands: ``n`` commits, and the cursor to read on from.

    The cursor is None before the first commit, and again while a complete listing was cut short: only a
    listing read from its beginning can say what is absent.
    """

    n: int
    cursor: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCounts:
    """What became of the records of a batch: read = accepted + unchanged + rejected.

    ``erased``: accepted without a person who had been erased, and whom the source still names.
    """

    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    repaired: int = 0
    tombstones: int = 0
    erased: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch ready to be committed, what must be set aside, and the counts of both."""

    rows: pa.Table
    rejects: pa.Table
    counts: BatchCounts


class RawStream:
    """The stored records of one stream of one source."""

    def __init__(
        self,
        folder: StorePath,
        source: str,
        stream: str,
        lock: StoreLock,
        erased: Callable[[], Tombstones | None] = lambda: None,
    ) -> None:
        if not _NAME.fullmatch(source) or not _NAME.fullmatch(stream):
            msg = f"{source}.{stream} cannot be the name of a stream; use letters, digits, _ and -"
            raise StoreError(msg)
        self.name = f"{source}.{stream}"
        self.source = source
        self.stream = stream
        self.path = folder / "raw" / self.name
        self._lock = lock
        self._erased = erased

    def position(self) -> StreamPosition:
        """Return how far the stream has been read; n = 0 and cursor None before the first commit."""
        here = delta.position(delta.open_table(self.path), self.path)
        cursor = None if here.note.get("listing") == "partial" else here.note.get("cursor")
        return StreamPosition(n=here.n, cursor=cursor, version=here.version)

    def identity(self) -> str:
        """Return what tells this table from another that once stood in its place; "" before the first commit."""
        table = delta.open_table(self.path)
        return "" if table is None else str(table.metadata().id)

    def files(self, version: int | None = None) -> Files:
        """Return the Parquet files of the stream (at a version)."""
        return delta.files_at(self.path, version)

    def prepare(self, page: pa.Table, *, at: datetime, by_arrival: bool) -> Prepared:
        """Make a batch of PAGE rows fit to be stored: hash, validate, and drop what is known already.

        A version is dropped when the very same one is stored. Where arrival is the only order, it is also
        dropped when it equals the newest stored one. Anything else is kept, because an older version may still
        arrive between two equal ones; a kept version that equals its predecessor counts as unchanged.

        Args:
            page: rows of schema PAGE.
            at: the moment of arrival, the stamp of versions whose order is arrival.
            by_arrival: whether (source_stamp, source_seq) of the rows mean nothing.
        """
        gone = self._erased()
        page, own = self._renamed(page.cast(PAGE), gone)
        valid, rejects, repaired = valid_payloads(page)
        table = delta.open_table(self.path)
        if by_arrival:
            newest = self._newest(delta.files(table, self.path))
            # A clock that was set back must not put what arrives now before what is stored.
            arrived = at if newest is None else max(at, newest + timedelta(microseconds=1))
            stamp = pa.array([arrived] * valid.num_rows, RAW.field("source_stamp").type)
            valid = valid.set_column(1, "source_stamp", stamp)
            valid = valid.set_column(2, "source_seq", pa.array(range(valid.num_rows), pa.int64()))
        span = pc.min_max(valid["id"]).as_py()
        stored = delta.files_within(table, self.path, "id", span["min"], span["max"]) if valid.num_rows else Files()
        judged = self._judge(stored, valid, _ARRIVAL if by_arrival else _SOURCE)
        same = judged["same"]
        # The hash is that of what came: a record that comes again is known although it is kept without the person.
        rows = valid.append_column("payload_hash", judged["payload_hash"]).filter(judged["kept"])
        erased = 0
        if gone is not None:
            at_payload = rows.schema.get_field_index("payload")
            payloads, erased = gone.payloads(rows["payload"], (one in own for one in rows["id"].to_pylist()))
            rows = rows.set_column(at_payload, "payload", payloads)
        unchanged = pc.sum(same).as_py() or 0
        tombstones = pc.sum(pc.and_(pc.invert(same), valid["deleted"])).as_py() or 0
        counts = BatchCounts(
            accepted=valid.num_rows - unchanged,
            unchanged=unchanged,
            rejected=rejects.num_rows,
            repaired=repaired,
            tombstones=tombstones,
            erased=erased,
        )
        return Prepared(rows=rows, rejects=rejects, counts=counts)

    def _renamed(self, page: pa.Table, gone: Tombstones | None) -> tuple[pa.Table, frozenset[str]]:
        """Return a page with the ids that records of erased people have since, and those of their own records."""
        if gone is None:
            return page, frozenset()
        ids, own = gone.ids(self.source, self.stream, page["id"].combine_chunks())
        return page.set_column(0, "id", ids), frozenset(pc.filter(ids, pa.array(own, pa.bool_())).to_pylist())

    def _newest(self, files: Files) -> datetime | None:
        with _engine(files) as engine:
            found: datetime | None = engine.fetch("SELECT max(source_stamp) AS at FROM stored")["at"][0].as_py()
        return found

    def _judge(self, files: Files, rows: pa.Table, kept: str) -> pa.Table:
        """Return, row for row: the payload's hash, whether it equals its predecessor, and whether to keep it.

        ``files`` are those in which one of the ids can be.
        """
        digests, count = hashes(rows["payload"]), rows.num_rows
        all_new = pa.table({"payload_hash": digests, "same": pa.repeat(False, count), "kept": pa.repeat(True, count)})
        differ = pc.count_distinct(rows["id"]).as_py() == count
        if differ and not files:  # as in most of a first pull: nothing to compare
            return all_new
        slim = rows.drop_columns(["payload"]).append_column("payload_hash", digests)
        with _engine(files) as engine:
            engine.register("batch", slim.append_column("pos", pa.array(range(count), pa.int64())))
            known = "SELECT EXISTS (SELECT 1 FROM stored WHERE id IN (SELECT id FROM batch)) AS known"
            if differ and not engine.fetch(known)["known"][0].as_py():
                return all_new
            return engine.fetch(_JUDGE.format(kept=kept))

    def commit(
        self,
        rows: pa.Table,
        *,
        cursor: str,
        expected_n: int,
        run_id: str,
        at: datetime,
        note: dict[str, Any] | None = None,
    ) -> int:
        """Store prepared rows and the next cursor in one commit; return the new n.

        Raises:
            LostRace: another sync of this stream committed since ``expected_n`` was read.
        """
        full = _with_run(rows, at=at, run_id=run_id, n=expected_n + 1)
        with self._lock.writing():
            return delta.commit(
                self.path,
                RAW,
                full,
                expected_n=expected_n,
                statistics=STATISTICS,
                note={"cursor": cursor, "run": run_id, **(note or {})},
            )

    def absent(self, listed: pa.Array) -> pa.Table:
        """Return PAGE rows, one tombstone for each current record whose id is not among ``listed``."""
        gone = self._erased()
        if gone is not None:
            listed, _ = gone.ids(self.source, self.stream, listed)
        with _engine(self.files()) as engine:
            engine.register("listed", pa.table({"id": listed}))
            return engine.fetch("""
                SELECT id, NULL::TIMESTAMPTZ AS source_stamp, 0::BIGINT AS source_seq, true AS deleted,
                       NULL::VARCHAR AS payload
                FROM (SELECT id, deleted, row_number() OVER (PARTITION BY id
                             ORDER BY source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC) AS newest
                      FROM stored)
                WHERE newest = 1 AND NOT deleted AND id NOT IN (SELECT id FROM listed) ORDER BY id""").cast(PAGE)


@contextmanager
def _engine(files: Files) -> Iterator[DuckEngine]:
    """An engine that reads these files of raw records as ``stored``."""
    engine = DuckEngine()
    try:
        engine.scan("stored", files, RAW)
        yield engine
    finally:
        engine.close()


# A new version is compared with its predecessor in the order of versions, among what is stored and the batch.
_JUDGE = """
    WITH known AS (
        SELECT id, source_stamp, source_seq, deleted, payload_hash, -1 AS pos FROM stored
        WHERE id IN (SELECT id FROM batch)
        UNION ALL
        SELECT id, source_stamp, source_seq, deleted, payload_hash, pos FROM batch
    ), ordered AS (
        SELECT pos, payload_hash,
               payload_hash = lag(payload_hash) OVER versions AND deleted = lag(deleted) OVER versions AS same,
               source_stamp IS NOT DISTINCT FROM lag(source_stamp) OVER versions
                   AND source_seq = lag(source_seq) OVER versions AS same_place
        FROM known
        WINDOW versions AS (PARTITION BY id ORDER BY source_stamp NULLS FIRST, source_seq, payload_hash, pos)
    )
    SELECT payload_hash, coalesce(same, false) AS same, {kept} AS kept
    FROM ordered WHERE pos >= 0 ORDER BY pos"""
_ARRIVAL = "NOT coalesce(same, false)"
_SOURCE = "NOT coalesce(same AND same_place, false)"


def _with_run(rows: pa.Table, *, at: datetime, run_id: str, n: int) -> pa.Table:
    height = rows.num_rows
    columns = {
        "ingested_at": pa.repeat(pa.scalar(at, RAW.field("ingested_at").type), height),
        "run_id": pa.repeat(run_id, height),
        "n": pa.repeat(pa.scalar(n, pa.int64()), height),
    }
    return pa.table(
        [columns.get(f.name, rows[f.name] if f.name in rows.column_names else None) for f in RAW], schema=RAW
    )
