from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from store.pages import day

from qa_sync.errors import ConfigError, StoreError
from qa_sync.model.system import PUBLISHED
from qa_sync.store import Run, Snapshot, Store, aside_rows, lease


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def finished(store: Store, run_id: str, at: int, *, snapshot: Snapshot | None = None) -> None:
    store.ledger.finish(
        Run(
            run_id=run_id,
            command="run",
            status="done",
            started_at=day(at),
            finished_at=day(at) + timedelta(minutes=1),
            snapshot=snapshot,
        )
    )


def test_as_of_finds_a_run_by_id_by_time_and_the_last(store: Store) -> None:
    for number in range(3):
        finished(store, f"r{number}", number, snapshot=Snapshot(streams={"s.t": number}))
    finished(store, "sync-only", 3)
    assert store.ledger.snapshot_run().run_id == "r2"
    assert store.ledger.snapshot_run("r0").run_id == "r0"
    assert store.ledger.snapshot_run("2026-01-06T12:00Z").run_id == "r1"
    with pytest.raises(ConfigError, match="qa-sync runs"):
        store.ledger.snapshot_run("r9")
    with pytest.raises(ConfigError):
        store.ledger.snapshot_run("2025-01-01")


def test_a_reject_met_twice_is_new_once(store: Store) -> None:
    made = aside_rows(
        run_id="r1", at=day(0), source="s", stream="t", stage="map", rows=[("1", "score", "not a number", "h")] * 2
    )
    unseen = store.ledger.unseen_rejects(made)
    assert unseen.num_rows == 1
    store.ledger.append("rejects", unseen)
    again = aside_rows(
        run_id="r2", at=day(1), source="s", stream="t", stage="map", rows=[("1", "score", "not a number", "h")]
    )
    assert store.ledger.unseen_rejects(again).num_rows == 0


def test_what_was_published_is_what_was_written_last(store: Store) -> None:
    def row(at: int, key: str, cells: str, *, removed: bool = False) -> dict[str, object]:
        return {
            "run_id": "r",
            "at": day(at),
            "dashboard": "d",
            "sink": "s",
            "tab": "t",
            "key": key,
            "cells": cells,
            "removed": removed,
        }

    assert store.published.tabs("d", "s") == {}
    rows = [row(0, "a", '{"v": 1}'), row(0, "b", '{"v": 2}'), row(1, "a", '{"v": 3}'), row(1, "b", "{}", removed=True)]
    store.ledger.append("published", pa.Table.from_pylist(rows, schema=PUBLISHED))
    assert store.published.tabs("d", "s") == {"t": {"a": {"v": 3}}}


def test_a_lease_says_who_holds_it(store: Store) -> None:
    with (
        lease(store.folder, "run", run_id="first"),
        pytest.raises(StoreError, match="run first"),
        lease(store.folder, "run", run_id="second"),
    ):
        pass
    with lease(store.folder, "run", run_id="third"):
        pass
