"""Compaction beside writers and other compactions: each of these once doubled or lost rows."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pyarrow as pa
import pytest
from store.pages import day, page

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import LostRace
from qa_sync.model.system import RAW
from qa_sync.store import Store, Upkeep


def _compact(folder: str) -> None:
    Upkeep(Store(Path(folder))).compact()


def _append(folder: str, first: int, count: int) -> None:
    raw = Store(Path(folder)).raw("s", "t")
    for number in range(first, first + count):
        rows = page((str(number), 0, "{}"))
        while True:
            here = raw.position()
            prepared = raw.prepare(rows, at=day(0), by_arrival=False)
            try:
                raw.commit(prepared.rows, cursor=str(number), expected_n=here.n, run_id="r", at=day(0))
            except LostRace:
                continue
            break


def ids(store: Store) -> list[str]:
    engine = DuckEngine()
    engine.scan("it", store.raw("s", "t").files(), RAW)
    found: list[str] = engine.fetch("SELECT id FROM it ORDER BY CAST(id AS INTEGER)")["id"].to_pylist()
    engine.close()
    return found


def test_writers_and_compactions_at_once_neither_lose_nor_double_a_row(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    _append(folder, 0, 4)
    spawn = multiprocessing.get_context("spawn")
    work = [spawn.Process(target=_append, args=(folder, 100 * n, 6)) for n in (1, 2)]
    work += [spawn.Process(target=_compact, args=(folder,)) for _ in range(3)]
    for process in work:
        process.start()
    for process in work:
        process.join(timeout=120)
        assert process.exitcode == 0
    store = Store(Path(folder))
    assert ids(store) == [str(n) for n in (*range(4), *range(100, 106), *range(200, 206))]
    assert store.raw("s", "t").position().n == 16


def test_a_snapshot_reads_the_same_after_compaction(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    _append(str(tmp_path / "data"), 0, 5)
    raw = store.raw("s", "t")
    version = raw.position().version
    before = sorted(raw.files(version))
    Upkeep(store).compact()
    _append(str(tmp_path / "data"), 50, 1)
    assert sorted(raw.files(version)) == before
    assert all(Path(file).exists() for file in before)


def test_every_engine_counts_time_in_utc() -> None:
    engine = DuckEngine()
    assert engine.fetch("SELECT CAST(TIMESTAMPTZ '2026-07-01 12:00:00+00' AS VARCHAR) AS t")["t"].to_pylist() == [
        "2026-07-01 12:00:00+00"
    ]
    engine.close()


def test_times_without_a_zone_are_refused(tmp_path: Path) -> None:
    from qa_sync.errors import StoreError
    from qa_sync.store import delta

    naive = pa.table({f.name: pa.array([], pa.timestamp("us") if f.name == "ingested_at" else f.type) for f in RAW})
    with pytest.raises(StoreError, match="ingested_at"):
        delta.commit(tmp_path / "t", RAW, naive, expected_n=0, note={}, statistics=("id",))


def test_a_store_of_an_earlier_release_takes_rows_of_a_newer_one(tmp_path: Path) -> None:
    from qa_sync.store import delta

    old, new = pa.schema([("id", pa.string())]), pa.schema([("id", pa.string()), ("note", pa.string())])
    path = tmp_path / "t"
    delta.commit(path, old, pa.table({"id": ["1"]}, schema=old), expected_n=0, note={}, statistics=("id",))
    engine = DuckEngine()
    engine.scan("it", delta.files(delta.open_table(path), path), new)
    assert engine.fetch("SELECT * FROM it").to_pylist() == [{"id": "1", "note": None}]
    fresh = pa.table({"id": ["2"], "note": ["n"]}, schema=new)
    delta.commit(path, new, fresh, expected_n=1, note={}, statistics=("id",))
    engine.scan("it", delta.files(delta.open_table(path), path), new)
    assert engine.fetch("SELECT * FROM it ORDER BY id").to_pylist() == [
        {"id": "1", "note": None},
        {"id": "2", "note": "n"},
    ]
    engine.close()
