"""Map: turn raw records that are not yet covered into rows of the common schema, table by table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.engine.duck import DuckEngine, literal, quoted
from qa_sync.errors import ConservationError, LostRace, StoreError
from qa_sync.model import TABLES, TableSchema
from qa_sync.model.system import RAW
from qa_sync.runner.batch import MAPPED, Batch
from qa_sync.runner.feeds import RELATION, Feed
from qa_sync.runner.progress import Progress
from qa_sync.store import Coverage, Store, StoredTable, TablePosition, aside_rows, stored_schema

#: Raw versions mapped at a time: bounds the memory of a rebuild.
CHUNK = 50_000
RACES = 20

#: Coverage of the form catalogue in the tables forms, criteria and options; written by the catalogue step.
CATALOGUE = "catalogue.forms"


@dataclass(slots=True)
class MapCounts:
    """What one stream gave one table: versions read = kept + set aside whole; rows are counted apart.

    ``versions`` raw record versions read; ``rows`` rows stored; ``markers`` tombstones and skipped records
    among them; ``rejected`` rows set aside; ``findings`` values left out with a finding.
    """

    versions: int = 0
    rows: int = 0
    markers: int = 0
    rejected: int = 0
    new_rejects: int = 0
    findings: int = 0
    rebuilt: bool = False

    def add(self, other: MapCounts) -> None:
        """Add the counts of one more chunk."""
        for name in ("versions", "rows", "markers", "rejected", "new_rejects", "findings"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def map_all(
    store: Store, feeds: list[Feed], *, run_id: str, clock: Callable[[], datetime], progress: Progress
) -> dict[str, MapCounts]:
    """Bring every table up to the raw streams as they stand now; return counts by "stream > table".

    Tables made from one stream end with equal coverage, so that a snapshot can be taken.
    """
    targets = {feed.name: store.raw(feed.source, feed.stream).position().n for feed in feeds}
    by_table: dict[str, list[Feed]] = {}
    by_stream: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_table.setdefault(feed.table, []).append(feed)
        by_stream.setdefault(feed.name, []).append(feed)
    for name in TABLES:  # a table that lost its last feed is emptied, not left stale
        fed = [stream for stream in store.table(name).position().coverage if stream != CATALOGUE]
        if fed and name not in by_table:
            by_table[name] = []
    counts = {f"{feed.name} > {feed.table}": MapCounts() for listed in by_table.values() for feed in listed}
    steps = {
        table: _TableStep(store, store.table(table), listed, targets, run_id, clock, progress, counts)
        for table, listed in by_table.items()
    }
    for step in steps.values():
        step.open()
    for listed in by_stream.values():
        _map_together(store, progress, {feed.table: (steps[feed.table], feed) for feed in listed})
    for table, step in steps.items():
        for _ in range(RACES):
            try:
                step.finish()
                break
            except LostRace:
                progress.say(f"{table}: another run mapped it first; going on from there")
                step.open()
        else:
            msg = f"{table}: lost {RACES} races against other runs"
            raise LostRace(msg)
    return counts


def _map_together(store: Store, progress: Progress, listed: Mapping[str, tuple[_TableStep, Feed]]) -> None:
    """Map the tables of one stream that lack the same records from one pass over these.

    A table that loses a race against another run drops out, as does one that lacks other records than the rest;
    ``finish`` brings it up afterwards.
    """
    lacking: dict[int, list[str]] = {}
    for table, (step, feed) in listed.items():
        lacking.setdefault(step.covered(feed), []).append(table)
    for covered, tables in lacking.items():
        if len(tables) == 1:
            continue
        first_step, first_feed = listed[tables[0]]
        chunks = first_step.chunks(first_feed, covered)
        if not chunks:
            continue
        engine = DuckEngine()
        try:
            for first, last in chunks:
                if len(tables) == 1:
                    break
                batch = Batch(engine, store, first_feed, first, last)
                try:
                    batch.read(first_feed.together.sql)
                    for table in list(tables):
                        step, feed = listed[table]
                        try:
                            step.map(feed, batch, feed.together.tables[table].sql)
                        except LostRace:
                            progress.say(f"{table}: another run mapped it first; going on from there")
                            tables.remove(table)
                            step.open()
                finally:
                    batch.close()
        finally:
            engine.close()


def judged_rows(mapped: str) -> str:
    """Return SQL of the rows of a compiled select, each with whether it is set aside: ``_rejected``."""
    return (
        "SELECT *, len(list_filter(coalesce(_problems, []), lambda p: p.severity = 'reject')) > 0 AS _rejected "
        f"FROM {mapped}"
    )


def kept_rows(schema: TableSchema, *, source: str, stream: str, judged: str) -> str:
    """Return SQL of the row versions that a table stores of ``judged`` rows: the columns of ``stored_schema``."""
    own = ", ".join(quoted(column.name) for column in schema.stored_columns)
    return f"""
        SELECT {own}, {literal(source)} AS source, {literal(stream)} AS stream, record_id, source_stamp,
               source_seq, payload_hash, ingested_at, deleted
        FROM {judged} WHERE NOT _rejected"""


@dataclass(slots=True)
class _TableStep:
    store: Store
    table: StoredTable
    feeds: list[Feed]
    targets: Mapping[str, int]
    run_id: str
    clock: Callable[[], datetime]
    progress: Progress
    counts: dict[str, MapCounts]
    _rebuild: bool = False
    _coverage: dict[str, Coverage] = field(default_factory=dict)
    _n: int = 0

    def open(self) -> None:
        """Read where the table stands; again after a lost race."""
        here = self.table.position()
        self._rebuild = self._must_rebuild(here)
        self._coverage = {} if self._rebuild else dict(here.coverage)
        self._n = here.n

    def covered(self, feed: Feed) -> int:
        """Return the commit of the stream up to which the table holds its records."""
        return self._coverage.get(feed.name, Coverage(n=0, mapping_hash=feed.compiled.hash)).n

    def finish(self) -> None:
        """Map whatever is still lacking; LostRace when another run committed in between."""
        for feed in self.feeds:
            chunks = self.chunks(feed, self.covered(feed))
            if not chunks:
                continue
            engine = DuckEngine()
            try:
                for first, last in chunks:
                    batch = Batch(engine, self.store, feed, first, last)
                    try:
                        self.map(feed, batch, feed.compiled.sql)
                    finally:
                        batch.close()
            finally:
                engine.close()
        if self._rebuild:  # nothing left that feeds it, or nothing in the streams: the table becomes empty
            empty = stored_schema(self.table.schema).empty_table()
            self._n = self.table.commit(empty, expected_n=self._n, coverage={}, run_id=self.run_id, rebuild=True)
            self._rebuild = False

    def map(self, feed: Feed, batch: Batch, sql: str) -> None:
        """Commit the rows that ``sql`` makes of a batch; LostRace when another run committed in between."""
        chunk = MapCounts()
        rows = self._map(feed, batch, sql, chunk)
        covered = Coverage(n=batch.last, mapping_hash=feed.compiled.hash, raw_id=self._raw_id(feed))
        coverage = self._coverage | {feed.name: covered}
        self._n = self.table.commit(
            rows, expected_n=self._n, coverage=coverage, run_id=self.run_id, rebuild=self._rebuild
        )
        self._coverage = coverage
        counts = self.counts[f"{feed.name} > {feed.table}"]
        counts.add(chunk)  # only what was committed: a lost race counts nothing
        counts.rebuilt = counts.rebuilt or self._rebuild
        self._rebuild = False
        self.progress.counted(f"{feed.name} > {feed.table}", counts.versions)

    def _must_rebuild(self, here: TablePosition) -> bool:
        """A changed mapping, or a stream that no longer feeds the table, means making it anew from raw."""
        wanted = {feed.name: feed.compiled.hash for feed in self.feeds}
        for feed in self.feeds:
            covered = here.coverage.get(feed.name)
            if covered is None:
                continue
            if covered.raw_id and self._raw_id(feed) != covered.raw_id:
                return True  # the raw table was lost and read anew: what the table covers is another one's
            if covered.n > self.targets[feed.name]:
                msg = (
                    f"{feed.name}: the stored records end at commit {self.targets[feed.name]}, but {feed.table} covers "
                    f"{covered.n}; restore raw and tables from the same backup"
                )
                raise StoreError(msg)
        return any(
            wanted.get(name) != covered.mapping_hash for name, covered in here.coverage.items() if name != CATALOGUE
        )

    def _raw_id(self, feed: Feed) -> str:
        return self.store.raw(feed.source, feed.stream).identity()

    def chunks(self, feed: Feed, covered: int) -> list[tuple[int, int]]:
        """Cut the commits that are not covered into runs of about CHUNK raw versions."""
        target = self.targets[feed.name]
        if covered >= target:
            return []
        engine = DuckEngine()
        try:
            engine.scan("stored", self.store.raw(feed.source, feed.stream).files(), RAW)
            sizes = engine.fetch(
                f"SELECT n, count(*) AS size FROM stored WHERE n > {covered:d} AND n <= {target:d} GROUP BY n"
            )
        finally:
            engine.close()
        by_n = dict(zip(sizes["n"].to_pylist(), sizes["size"].to_pylist(), strict=True))
        chunks: list[tuple[int, int]] = []
        first, held = covered + 1, 0
        for n in range(covered + 1, target + 1):
            held += by_n.get(n, 0)
            if held >= CHUNK or n == target:
                chunks.append((first, n))
                first, held = n + 1, 0
        return chunks

    def _map(self, feed: Feed, batch: Batch, sql: str, counts: MapCounts) -> pa.Table:
        at = self.clock()
        engine = batch.engine
        engine.table(MAPPED, sql)
        engine.view("judged", judged_rows("mapped"))
        self._check(engine, feed)
        problems = engine.fetch("""
            SELECT record_id, payload_hash, p.field AS field, p.reason AS reason, p.severity AS severity
            FROM (SELECT record_id, payload_hash, unnest(_problems) AS p FROM mapped)
            ORDER BY record_id, field, reason""").to_pylist()
        counts.versions += engine.fetch(f"SELECT count(*) AS n FROM {RELATION}")["n"][0].as_py()
        counts.rejected += engine.fetch("SELECT count(*) AS n FROM judged WHERE _rejected")["n"][0].as_py()
        kept = kept_rows(self.table.schema, source=feed.source, stream=feed.stream, judged="judged")
        rows = engine.fetch(kept).cast(stored_schema(self.table.schema))
        counts.rows += rows.num_rows
        counts.markers += pc.sum(rows["deleted"]).as_py() or 0
        self._set_aside(feed, problems, at, counts)
        return rows

    def _check(self, engine: DuckEngine, feed: Feed) -> None:
        """Every raw version must come out, as rows, as a marker or as rejects."""
        version = "record_id, source_stamp, source_seq, payload_hash"
        sizes = engine.fetch(f"""
            SELECT (SELECT count(*) FROM {RELATION}) AS versions,
                   (SELECT count(*) FROM (SELECT DISTINCT {version} FROM mapped)) AS came_out""")
        versions, came_out = sizes["versions"][0].as_py(), sizes["came_out"][0].as_py()
        if versions != came_out:
            msg = f"{feed.name} > {feed.table}: {versions} raw versions went in, {came_out} came out"
            raise ConservationError(msg)

    def _set_aside(self, feed: Feed, problems: list[dict[str, str]], at: datetime, counts: MapCounts) -> None:
        for severity, ledger in (("reject", "rejects"), ("finding", "findings")):
            rows = [
                (p["record_id"], p["field"], p["reason"], p["payload_hash"])
                for p in problems
                if p["severity"] == severity
            ]
            if not rows:
                continue
            made = aside_rows(
                run_id=self.run_id,
                at=at,
                source=feed.source,
                stream=feed.stream,
                stage="map",
                table=feed.table,
                severity=severity,
                mapping_hash=feed.compiled.hash,
                rows=rows,
            )
            unseen = self.store.ledger.unseen_rejects(made)
            self.store.ledger.append(ledger, unseen)  # type: ignore[arg-type]
            if severity == "reject":
                counts.new_rejects += unseen.num_rows
            else:
                counts.findings += len(rows)
