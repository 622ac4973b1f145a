from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from store.pages import day

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import LostRace
from qa_sync.model import TABLES
from qa_sync.store import Coverage, Store, stored_schema
from qa_sync.store.tables import register_table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def version(
    table: str, record: str, at: int, *, deleted: bool = False, hash_: str = "", **values: Any
) -> dict[str, Any]:
    return {
        "source": "s",
        "stream": "t",
        "record_id": record,
        "source_stamp": day(at),
        "source_seq": 0,
        "payload_hash": hash_ or f"{record}{at}",
        "ingested_at": day(at),
        "deleted": deleted,
        **values,
    }


def rows(table: str, *versions: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(versions), schema=stored_schema(TABLES[table]))


def put(store: Store, table: str, *versions: dict[str, Any], n: int = 0) -> None:
    store.table(table).commit(
        rows(table, *versions), expected_n=n, coverage={"s.t": Coverage(n=n + 1, mapping_hash="h")}, run_id="r"
    )


def seen(store: Store, sql: str, *tables: str) -> list[dict[str, Any]]:
    engine = DuckEngine()
    for name in tables:
        register_table(engine, TABLES[name], store.table(name).files())
    found: list[dict[str, Any]] = engine.fetch(sql).to_pylist()
    engine.close()
    return found


def test_the_newest_version_is_current_whatever_arrived_last(store: Store) -> None:
    put(store, "people", version("people", "a", 3, person_id="p1", name="new"))
    put(store, "people", version("people", "a", 1, person_id="p1", name="old"), n=1)
    assert seen(store, "SELECT name FROM people", "people") == [{"name": "new"}]
    history = seen(store, "SELECT name, revision FROM people_history ORDER BY revision", "people")
    assert history == [{"name": "old", "revision": 1}, {"name": "new", "revision": 2}]


def test_a_tombstone_ends_a_record_even_when_it_came_first(store: Store) -> None:
    put(store, "people", version("people", "a", 5, deleted=True))
    put(store, "people", version("people", "a", 1, person_id="p1"), n=1)
    assert seen(store, "SELECT * FROM people", "people") == []
    put(store, "people", version("people", "a", 6, person_id="p1"), n=2)
    assert len(seen(store, "SELECT * FROM people", "people")) == 1


def test_an_answer_removed_from_a_revision_is_gone(store: Store) -> None:
    put(
        store,
        "evaluations",
        version("evaluations", "e", 1, evaluation_id="e"),
        version("evaluations", "e", 2, evaluation_id="e"),
    )
    put(
        store,
        "answers",
        version("answers", "e", 1, evaluation_id="e", criterion_key="q1"),
        version("answers", "e", 1, evaluation_id="e", criterion_key="q2"),
        version("answers", "e", 2, evaluation_id="e", criterion_key="q1"),
    )
    assert seen(store, "SELECT criterion_key FROM answers", "evaluations", "answers") == [{"criterion_key": "q1"}]


def test_children_follow_the_version_their_parent_is_of(store: Store) -> None:
    """The parent's newest version was set aside: its answers must not mix with the version that stands."""
    put(store, "evaluations", version("evaluations", "e", 1, evaluation_id="e"))
    put(
        store,
        "answers",
        version("answers", "e", 1, evaluation_id="e", criterion_key="q1", option="old"),
        version("answers", "e", 2, evaluation_id="e", criterion_key="q1", option="new"),
    )
    assert seen(store, "SELECT option FROM answers", "evaluations", "answers") == [{"option": "old"}]


def test_equal_neighbours_are_one_revision(store: Store) -> None:
    put(
        store,
        "people",
        version("people", "a", 1, hash_="x", person_id="p"),
        version("people", "a", 2, hash_="x", person_id="p"),
        version("people", "a", 3, hash_="y", person_id="p"),
        version("people", "a", 4, hash_="x", person_id="p"),
    )
    history = seen(store, "SELECT revision FROM people_history ORDER BY source_stamp", "people")
    assert [row["revision"] for row in history] == [1, 1, 2, 3]


def test_one_key_claimed_by_two_records_is_one_row(store: Store) -> None:
    put(
        store,
        "people",
        version("people", "a", 1, person_id="p", name="first"),
        version("people", "b", 2, person_id="p", name="second"),
    )
    assert seen(store, "SELECT name FROM people", "people") == [{"name": "second"}]


def test_coverage_is_part_of_the_commit_and_compared(store: Store) -> None:
    put(store, "people", version("people", "a", 1, person_id="p"))
    place = store.table("people").position()
    assert (place.n, place.coverage["s.t"]) == (1, Coverage(n=1, mapping_hash="h"))
    with pytest.raises(LostRace):
        put(store, "people", version("people", "b", 1, person_id="q"), n=0)


def test_a_rebuild_replaces_rows_and_keeps_the_old_version_readable(store: Store) -> None:
    put(store, "people", version("people", "a", 1, person_id="p"))
    table = store.table("people")
    old = table.position().version
    table.commit(
        rows("people", version("people", "z", 1, person_id="z")), expected_n=1, coverage={}, run_id="r", rebuild=True
    )
    assert [row["person_id"] for row in seen(store, "SELECT person_id FROM people", "people")] == ["z"]
    engine = DuckEngine()
    register_table(engine, TABLES["people"], table.files(old))
    assert engine.fetch("SELECT person_id FROM people")["person_id"].to_pylist() == ["p"]
    engine.close()


def test_no_snapshot_is_taken_while_tables_of_one_stream_differ(store: Store) -> None:
    feeds = {"s.t": ["evaluations", "answers"]}
    put(store, "evaluations", version("evaluations", "e", 1, evaluation_id="e"))
    assert store.snapshot({}, feeds=feeds) is None
    put(store, "answers", version("answers", "e", 1, evaluation_id="e", criterion_key="q"))
    snapshot = store.snapshot({}, feeds=feeds)
    assert snapshot is not None
    assert snapshot.streams == {"s.t": 1}
