"""A clock set back, a stream lost, a folder that cannot be written: nothing is lost and the reason is said."""

from __future__ import annotations

import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pytest
from store.pages import day, page

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, StoreError
from qa_sync.model.system import RAW
from qa_sync.runner.query import select
from qa_sync.store import Run, Snapshot, Store, lease


def test_what_arrives_after_the_clock_was_set_back_is_still_the_newest(tmp_path: Path) -> None:
    raw = Store(tmp_path / "data").raw("s", "t")
    first = raw.prepare(page(("1", None, '"old"')), at=day(9), by_arrival=True)
    raw.commit(first.rows, cursor="a", expected_n=0, run_id="r", at=day(9))
    second = raw.prepare(page(("1", None, '"new"')), at=day(2), by_arrival=True)
    assert second.rows["source_stamp"][0].as_py() > first.rows["source_stamp"][0].as_py()


def test_a_store_may_be_made_by_several_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for at in range(20):
            together = Barrier(8)

            def make(folder: Path = tmp_path / f"store{at}", together: Barrier = together) -> str:
                together.wait()
                Store(folder)
                return ",".join(path.name for path in folder.iterdir() if path.suffix == ".json")

            made = [pool.submit(make) for _ in range(8)]
            assert {one.result() for one in made} == {"store.json"}


def test_the_last_run_is_the_one_that_finished_last_whatever_the_clock_said(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    for run_id, at in (("first", 9), ("second", 2)):
        store.ledger.finish(
            Run(
                run_id=run_id,
                command="run",
                status="done",
                started_at=day(at),
                finished_at=day(at) + timedelta(minutes=1),
                snapshot=Snapshot(),
            )
        )
    assert store.ledger.snapshot_run().run_id == "second"


def test_a_raw_table_made_anew_is_not_the_one_that_was_covered(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    raw = store.raw("s", "t")
    raw.commit(
        raw.prepare(page(("1", 0, "{}")), at=day(0), by_arrival=False).rows,
        cursor="a",
        expected_n=0,
        run_id="r",
        at=day(0),
    )
    before = raw.identity()
    shutil.rmtree(raw.path)
    raw.commit(
        raw.prepare(page(("1", 0, "{}")), at=day(0), by_arrival=False).rows,
        cursor="a",
        expected_n=0,
        run_id="r",
        at=day(0),
    )
    assert before
    assert raw.identity() != before


@pytest.mark.parametrize("name", ["../../evil", "a/b", "", ".hidden", "a b"])
def test_a_stream_cannot_leave_its_folder_by_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name"):
        Store(tmp_path / "data").raw("s", name)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(word AS INTEGER) FROM t",
        "SELECT strptime(word, '%Y') FROM t",
        "SELECT error(word) FROM t",
        "SELECT regexp_matches('a', word || '(') FROM t",
    ],
)
def test_an_error_of_a_query_never_quotes_a_value(sql: str) -> None:
    from qa_sync.engine.duck import DuckEngine

    engine = DuckEngine(lockable=True)
    engine.register("t", pa.table({"word": ["planted-secret"]}))
    with pytest.raises(ConfigError) as caught:
        select(engine, sql)
    assert "planted" not in str(caught.value)


def test_two_columns_of_one_name_keep_their_own_values() -> None:
    from qa_sync.engine.duck import DuckEngine

    assert select(DuckEngine(lockable=True), "SELECT 1 AS a, 2 AS a").to_pylist() == [{"a": 1, "a_1": 2}]


@pytest.mark.parametrize(
    ("host", "hours", "refused"), [("elsewhere", 0.5, True), ("elsewhere", 2, False), ("here", 0.5, False)]
)
def test_a_run_of_another_host_is_not_joined(tmp_path: Path, host: str, hours: float, refused: bool) -> None:
    folder = Store(tmp_path / "data").folder
    (folder / "leases").mkdir()
    card = {
        "run": "theirs",
        "process": 1,
        "host": socket.gethostname() if host == "here" else host,
        "since": (datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
    }
    (folder / "leases" / "run.json").write_text(json.dumps(card))
    if refused:
        with (
            pytest.raises(StoreError, match=r"run theirs .process 1 on elsewhere.*delete data/leases/run.json"),
            lease(folder, "run", run_id="mine"),
        ):
            pass
        (folder / "leases" / "run.json").unlink()
    with lease(folder, "run", run_id="mine"):
        assert json.loads((folder / "leases" / "run.json").read_text())["run"] == "mine"
    assert not (folder / "leases" / "run.json").exists()


@pytest.mark.parametrize("name", ["My Drive", "Qualität", "100% ours", "R&D #1", "o'hara"])
def test_a_store_lives_below_a_folder_of_any_ordinary_name(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / name / "data")
    raw = store.raw("s", "t")
    for cursor, text in (("a", '"one"'), ("b", '"two"')):
        prepared = raw.prepare(page(("1", None, text)), at=day(9), by_arrival=True)
        raw.commit(prepared.rows, cursor=cursor, expected_n=raw.position().n, run_id="r", at=day(9))
    engine = DuckEngine()
    engine.scan("stored", raw.files(), RAW)
    assert engine.fetch("SELECT count(*) AS n FROM stored").to_pylist() == [{"n": 2}]


@pytest.mark.parametrize("name", ["a[1]", "a*", "what?", "x|y", "a%20b"])
def test_a_path_that_no_store_can_live_below_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="no store can be kept below a folder with"):
        Store(tmp_path / name / "data")
    assert not (tmp_path / name).exists()
