"""Tables of a stream that are mapped from one pass over its records hold what each would hold if mapped alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from qa_sync.engine.duck import DuckEngine
from qa_sync.mapping import parse
from qa_sync.model.system import PAGE
from qa_sync.runner import mapping_step
from qa_sync.runner.batch import Batch
from qa_sync.runner.feeds import Feed, feeds_of
from qa_sync.runner.mapping_step import MapCounts, map_all
from qa_sync.runner.progress import Silent
from qa_sync.store import Store, stored_schema

AT = datetime(2026, 1, 5, tzinfo=UTC)
TABLES = ("interactions", "timeline_events")
MAPPING = """
version: 1
streams:
  tickets:
    interactions:
      fields:
        interaction_id: {template: "zd:{id}"}
        kind: {const: ticket}
        channel: {from: via.channel, values: {email: email, chat: chat}}
        queue: {custom_field: 7}
        duration: {from: minutes, type: number, on_bad: missing}
    timeline_events:
      each: comments
      fields:
        event_id: {template: "zd:{$.id}:{id}"}
        case_review_id: {template: "zd:{$.id}"}
        kind: {from: type}
        at: {from: created_at, type: time}
"""
PAYLOADS = (
    '{"id":1,"via":{"channel":"email"},"custom_fields":[{"id":7,"value":"q"}],"comments":[{"id":1,"type":"a"}]}',
    '{"id":2,"via":{"channel":"fax"},"comments":[{"id":1},{"id":2,"type":"b","created_at":"2026-01-05T10:00:00Z"}]}',
    '{"id":3,"minutes":"many","comments":[{"id":1}]}',
    '{"id":4,"minutes":2.5,"comments":"none"}',
    '{"id":5,"comments":[]}',
)


class Written:
    """A store with a stream of two commits, and its feeds."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.feeds = feeds_of({"zd": parse(MAPPING, file="zd.yaml")}, "Europe/Dublin")
        self.n = 0
        self.pull(PAYLOADS[:3])
        self.pull(PAYLOADS[3:])

    def pull(self, payloads: tuple[str, ...]) -> None:
        """Commit one more page."""
        columns: dict[str, list[Any]] = {
            "id": [f"{self.n}-{at}" for at in range(len(payloads))],
            "source_stamp": [AT] * len(payloads),
            "source_seq": list(range(len(payloads))),
            "deleted": [False] * len(payloads),
            "payload": list(payloads),
        }
        page = pa.table({field.name: pa.array(columns[field.name], field.type) for field in PAGE}, schema=PAGE)
        stream = self.store.raw("zd", "tickets")
        rows = stream.prepare(page, at=AT, by_arrival=False).rows
        self.n = stream.commit(rows, cursor=str(self.n), expected_n=self.n, run_id="pull", at=AT)

    def map(self, *tables: str) -> dict[str, MapCounts]:
        """Map these tables; with one at a time nothing is shared."""
        feeds = [feed for feed in self.feeds if feed.table in (tables or TABLES)]
        return map_all(self.store, feeds, run_id="map", clock=lambda: AT, progress=Silent())

    def rows(self) -> dict[str, list[str]]:
        """Return the stored row versions of both tables, in an order of their own."""
        return {table: sorted(map(repr, self._rows(table).to_pylist())) for table in TABLES}

    def _rows(self, table: str) -> pa.Table:
        engine = DuckEngine()
        try:
            stored = self.store.table(table)
            engine.scan("stored", stored.files(), stored_schema(stored.schema))
            return engine.fetch("SELECT * FROM stored")
        finally:
            engine.close()


@pytest.fixture
def alone(tmp_path: Path) -> tuple[dict[str, list[str]], dict[str, MapCounts]]:
    """What is stored and counted when the tables are mapped one after the other."""
    rows, counts = {}, {}
    for table in TABLES:
        made = Written(tmp_path / f"alone-{table}")
        counts |= made.map(table)
        rows[table] = made.rows()[table]
    return rows, counts


def test_tables_mapped_together_hold_what_they_hold_mapped_alone(
    tmp_path: Path, alone: tuple[dict[str, list[str]], dict[str, MapCounts]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, passes = Written(tmp_path / "together"), []
    monkeypatch.setattr(Batch, "read", _counted(passes))
    assert (made.map(), made.rows()) == (alone[1], alone[0])
    assert len(passes) == 1
    assert {name: one.versions for name, one in made.map().items()} == dict.fromkeys(alone[1], 0)


def _counted(passes: list[str]) -> Any:
    read = Batch.read

    def counted(self: Batch, sql: str) -> None:
        passes.append(sql)
        read(self, sql)

    return counted


def test_a_chunk_at_a_time_gives_the_same(
    tmp_path: Path, alone: tuple[dict[str, list[str]], dict[str, MapCounts]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping_step, "CHUNK", 1)
    made, passes = Written(tmp_path / "together"), []
    monkeypatch.setattr(Batch, "read", _counted(passes))
    assert (made.map(), made.rows()) == (alone[1], alone[0])
    assert len(passes) == 2


def test_a_table_that_lacks_other_records_is_brought_up_by_itself(
    tmp_path: Path, alone: tuple[dict[str, list[str]], dict[str, MapCounts]]
) -> None:
    made = Written(tmp_path / "together")
    made.map("timeline_events")
    made.pull(PAYLOADS[:1])
    counts = made.map()
    assert {name: one.versions for name, one in counts.items()} == {
        "zd.tickets > interactions": 6,
        "zd.tickets > timeline_events": 1,
    }
    other = Written(tmp_path / "other")
    other.pull(PAYLOADS[:1])
    other.map()
    assert made.rows() == other.rows()


@pytest.mark.parametrize("lost", TABLES)
def test_a_table_that_loses_a_race_goes_on_from_where_the_other_run_left_it(
    tmp_path: Path,
    alone: tuple[dict[str, list[str]], dict[str, MapCounts]],
    monkeypatch: pytest.MonkeyPatch,
    lost: str,
) -> None:
    monkeypatch.setattr(mapping_step, "CHUNK", 1)
    made = Written(tmp_path / "together")
    step, overtaken = mapping_step._TableStep.map, []

    def overtake(self: Any, feed: Feed, batch: Batch, sql: str) -> None:
        if feed.table == lost and not overtaken:
            overtaken.append(made)  # another run maps the first of the two commits in between
            other = Written.__new__(Written)
            other.store, other.feeds = Store(tmp_path / "together"), made.feeds
            with monkeypatch.context() as patch:
                patch.setattr(other.store, "raw", _only_first(other.store))
                other.map()
        step(self, feed, batch, sql)

    monkeypatch.setattr(mapping_step._TableStep, "map", overtake)
    counts = made.map()
    assert made.rows() == alone[0]
    before = TABLES[: TABLES.index(lost)]  # committed before the other run came by
    assert {name: one.versions for name, one in counts.items()} == {
        f"zd.tickets > {table}": 5 if table in before else 2 for table in TABLES
    }


def _only_first(store: Store) -> Any:
    """Return ``Store.raw`` as it looks to a run that began after the first commit."""
    raw = store.raw

    def first(source: str, stream: str) -> Any:
        found = raw(source, stream)
        position = found.position
        found.position = lambda: replace(position(), n=1)  # type: ignore[method-assign]
        return found

    return first
