"""Vacuum removes what no retained run needs, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from store.pages import day, seen
from store.test_durable import add, ids, store_of, whats

from qa_sync.errors import ConfigError, StoreError
from qa_sync.store import Run, Snapshot, Store, Upkeep, upkeep
from qa_sync.store.log import read_log
from qa_sync.store.vacuum import GRACE, waste_of


def finished(store: Store, name: str, at: int) -> None:
    version = store.raw("s", "t").position().version
    store.ledger.finish(
        Run(
            run_id=name,
            command="run",
            status="done",
            started_at=day(at),
            finished_at=day(at),
            snapshot=Snapshot(raw_versions={"s.t": version}, streams={"s.t": 99}),
        )
    )


@pytest.fixture
def aged(tmp_path: Path) -> Store:
    """Three runs, a compaction after each: every version in files of its own; all removed long ago."""
    store = store_of(tmp_path, 2)
    for number, at in ((2, 0), (3, 100), (4, 200)):
        finished(store, f"run{at}", at)
        Upkeep(store).compact()
        add(store, number)
    return store


def test_every_state_within_retention_reads_as_before(aged: Store) -> None:
    then = {name: seen(aged, name) for name in ("run0", "run100", "run200")}
    now = max(read_log(aged.raw("s", "t").path).times.values()) + 2 * GRACE
    rows = Upkeep(aged).vacuum(horizon=day(50), now=now)
    raw = {row["table"]: row for row in rows}["raw/s.t"]
    assert (raw["expired"], raw["orphans"]) == (2, 0)
    assert raw["bytes"] > 0
    assert {name: seen(aged, name) for name in ("run100", "run200")} == {
        name: then[name] for name in ("run100", "run200")
    }
    assert ids(aged) == ["0", "1", "2", "3", "4"]
    with pytest.raises(
        StoreError,
        match=r"this state can no longer be shown: 2 of its files are gone. States older than retention_days",
    ):
        seen(aged, "run0")
    assert whats(aged) == [], "what was meant to go is no damage"


def test_the_newest_state_stays_however_old(aged: Store) -> None:
    finished(aged, "last", 300)
    now = max(read_log(aged.raw("s", "t").path).times.values()) + 2 * GRACE
    Upkeep(aged).vacuum(horizon=day(9000), now=now)
    assert seen(aged, "last") == ["0", "1", "2", "3", "4"]
    assert len(list(aged.raw("s", "t").path.glob("*.parquet"))) == 2


def test_what_was_needed_a_day_ago_stays_for_those_who_still_read_it(aged: Store) -> None:
    files = sorted(aged.raw("s", "t").path.glob("*.parquet"))
    now = max(read_log(aged.raw("s", "t").path).times.values()) + GRACE / 2
    Upkeep(aged).vacuum(horizon=day(9000), now=now)
    assert sorted(aged.raw("s", "t").path.glob("*.parquet")) == files


def test_a_dry_run_says_the_same_and_removes_nothing(aged: Store) -> None:
    now = max(read_log(aged.raw("s", "t").path).times.values()) + 2 * GRACE
    planned = Upkeep(aged).vacuum(horizon=day(50), now=now, dry_run=True)
    assert aged.swept_before is None
    assert Upkeep(aged).vacuum(horizon=day(50), now=now) == planned
    assert all(row["bytes"] == 0 for row in Upkeep(aged).vacuum(horizon=day(50), now=now))


def test_a_longer_retention_later_does_not_bring_states_back(aged: Store) -> None:
    now = max(read_log(aged.raw("s", "t").path).times.values()) + 2 * GRACE
    Upkeep(aged).vacuum(horizon=day(50), now=now)
    Upkeep(aged).vacuum(horizon=day(-900), now=now)
    assert aged.swept_before == day(50)
    assert whats(aged) == []


def test_orphans_are_swept_and_foreign_files_left(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    path = store.raw("s", "t").path
    orphans = [path / "part-9-c000.zstd.parquet", path / "part-9-c000.zstd.parquet#1", path / "_delta_log" / "9.json#2"]
    foreign = [path / "notes.txt", path / "mine.parquet"]
    young = path / "part-8-c000.zstd.parquet"
    for file in (*orphans, *foreign, young):
        file.write_bytes(b"x")
        os.utime(file, (0, 0))
    os.utime(young)
    now = max(read_log(path).times.values()) + GRACE / 2
    assert waste_of(path, kept=(), now=now).orphans == tuple(sorted(orphans))
    Upkeep(store).vacuum(horizon=day(0), now=now)
    assert [file.exists() for file in (*orphans, *foreign, young)] == [False] * 3 + [True] * 3
    assert ids(store) == ["0", "1", "2"]


def test_nothing_goes_from_a_table_whose_log_is_damaged(aged: Store) -> None:
    path = aged.raw("s", "t").path
    now = max(read_log(path).times.values()) + 2 * GRACE
    (path / "_delta_log" / f"{2:020d}.json").write_text("{")
    before = sorted(path.iterdir())
    Upkeep(aged).vacuum(horizon=day(9000), now=now)
    assert sorted(path.iterdir()) == before


def test_nothing_goes_while_the_ledger_cannot_be_read(aged: Store) -> None:
    (aged.folder / "runs" / "_delta_log" / f"{1:020d}.json").write_text("{")
    with pytest.raises(StoreError, match="nobody can say which files are needed"):
        Upkeep(aged).vacuum(horizon=day(50), now=day(9000))
    assert ids(aged) == ["0", "1", "2", "3", "4"]


def test_only_a_table_of_many_small_files_is_crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "CROWDED", 4)
    store = store_of(tmp_path, 3)
    assert Upkeep(store).crowded() == []
    add(store, 3)
    (path,) = Upkeep(store).crowded()
    assert path == store.raw("s", "t").path
    Upkeep(store).compact([path])
    assert Upkeep(store).crowded() == [], "the files of older versions are no crowd"
    assert (ids(store), store.raw("s", "t").position().n) == (["0", "1", "2", "3"], 4)


def test_unknown_runs_are_still_refused(aged: Store) -> None:
    with pytest.raises(ConfigError):
        seen(aged, "nobody")
    assert timedelta(0) < GRACE
