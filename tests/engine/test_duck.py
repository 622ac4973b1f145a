"""DuckDB as the engine: its threads and memory, where the rest goes, and what engines that share a database see."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from qa_sync.engine import databases, parsed
from qa_sync.engine.databases import MEMORY, THREADS
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError


def _threads(engine: DuckEngine) -> int:
    try:
        return int(engine.fetch("SELECT current_setting('threads') AS n")["n"][0].as_py())
    finally:
        engine.close()


def test_the_environment_says_how_many_threads_unless_the_caller_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, "3")
    assert (_threads(DuckEngine()), _threads(DuckEngine(threads=2))) == (3, 2)


@pytest.mark.parametrize("wanted", ["0", "-1", "many", "1.5", " 2", "99999", "\u0663"])
def test_what_is_no_number_of_threads_is_refused(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, wanted)
    with pytest.raises(ConfigError, match="QA_SYNC_THREADS is no number of threads"):
        DuckEngine()


def test_engines_of_one_process_see_nothing_of_each_other() -> None:
    one, other = DuckEngine(), DuckEngine()
    one.table("numbers", "SELECT 1 AS n")
    one.view("twice", "SELECT 2 * n AS n FROM numbers")
    one.register("given", pa.table({"n": [3]}))
    assert one.names() == ["given", "numbers", "twice"]
    assert other.names() == []
    other.table("numbers", "SELECT 5 AS n")
    assert [e.fetch("SELECT n FROM numbers")["n"].to_pylist() for e in (one, other)] == [[1], [5]]
    other.close()
    assert one.fetch("SELECT n FROM twice UNION ALL SELECT n FROM given")["n"].to_pylist() == [2, 3]
    one.close()
    third = DuckEngine()
    assert third.names() == []
    third.close()


def test_a_statement_is_parsed_once_in_a_process_and_read_by_each_engine_in_its_own_tables() -> None:
    one, other = DuckEngine(), DuckEngine()
    one.table("numbers", "SELECT 1 AS n")
    other.table("numbers", "SELECT 'five' AS n")
    asked = "SELECT n, count(*) AS times FROM numbers GROUP BY n"
    first = [engine.fetch(asked).to_pylist() for engine in (one, other)]
    kept = parsed.parsed(one._con, asked)
    assert [engine.fetch(asked).to_pylist() for engine in (one, other)] == first
    assert first == [[{"n": 1, "times": 1}], [{"n": "five", "times": 1}]]
    assert parsed.parsed(other._con, asked) is kept
    one.close()
    assert other.fetch(asked).to_pylist() == first[1], "nothing of the engine that said it first is needed"
    other.close()


def test_what_is_kept_of_statements_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed, "_known", {})
    monkeypatch.setattr(parsed, "_MOST", 3)
    engine = DuckEngine()
    for n in range(5):
        assert engine.fetch(f"SELECT {n} AS n")["n"].to_pylist() == [n]
    engine.fetch(f"SELECT '{'x' * 20_000}' AS n")
    assert list(parsed._known) == ["SELECT 3 AS n", "SELECT 4 AS n"]
    with pytest.raises(duckdb.ParserException):
        engine.fetch("SELEKT 1")
    engine.close()


def test_an_engine_is_locked_alone() -> None:
    beside, locked = DuckEngine(), DuckEngine(lockable=True)
    locked.lock(megabytes=100)
    with pytest.raises(duckdb.PermissionException):
        locked.fetch("SELECT * FROM read_csv('pyproject.toml')")
    for engine in (beside, DuckEngine()):
        engine.execute("SET threads=1")
        engine.close()
    locked.close()
    shared = DuckEngine()
    with pytest.raises(RuntimeError, match="lockable=True"):
        shared.lock()
    shared.close()


def test_a_database_that_a_fault_made_unusable_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    DuckEngine().close()
    real, failed = databases._set, []

    def once(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        if not failed:
            failed.append(connection)
            msg = "database has been invalidated"
            raise duckdb.FatalException(msg)
        return real(connection)

    monkeypatch.setattr(databases, "_set", once)
    engine = DuckEngine()
    assert failed
    assert engine.fetch("SELECT 1 AS n")["n"].to_pylist() == [1]
    engine.close()


def test_a_forked_process_has_a_database_of_its_own() -> None:
    DuckEngine().close()
    child = os.fork()
    if not child:
        engine = DuckEngine()
        os._exit(0 if engine.fetch("SELECT 1 AS n")["n"].to_pylist() == [1] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_environment_says_how_much_memory_unless_the_caller_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, "1500MB")
    rooms = []
    for engine in (DuckEngine(threads=1), DuckEngine(threads=1, memory_limit="300MB")):
        rooms.append(engine.room() or 0)
        engine.close()
    assert [1.35e9 < rooms[0] <= 1.5e9, 2.9e8 < rooms[1] <= 3e8] == [True, True], rooms  # DuckDB tells two digits


@pytest.mark.parametrize("wanted", ["0MB", "1500", "1.5GB", "-1GB", "all", "80%", "1500 MB"])
def test_what_is_no_amount_of_memory_is_refused(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, wanted)
    with pytest.raises(ConfigError, match="QA_SYNC_MEMORY is no amount of memory"):
        DuckEngine()


def test_what_is_kept_lies_in_a_file_that_nobody_else_reads_and_that_goes_with_the_engine() -> None:
    engine, other = DuckEngine(), DuckEngine()
    for each in (engine, other):
        each.append("numbers", "SELECT range AS n FROM range(3)")
    engine.append("numbers", "SELECT 10 * range FROM range(2)")
    file = Path(engine._file)
    assert (stat.S_IMODE(file.parent.stat().st_mode), file.is_file()) == (0o700, True)
    assert sorted(engine.fetch("SELECT n FROM numbers")["n"].to_pylist()) == [0, 0, 1, 2, 10]
    assert sorted(other.fetch("SELECT n FROM numbers")["n"].to_pylist()) == [0, 1, 2]
    engine.drop("numbers")
    engine.drop("never_there")
    assert (engine.names(), other.names()) == ([], ["numbers"])
    engine.close()
    other.close()
    assert list(file.parent.glob(f"{file.name}*")) == []


def test_an_engine_that_uses_the_disk_can_still_be_locked() -> None:
    engine = DuckEngine(threads=1, memory_limit="40MB", lockable=True)
    try:
        engine.table("wide", "SELECT range AS n, hash(range) AS h, 'x' || range AS text FROM range(1_500_000)")
        assert engine.fetch("SELECT sum(temporary_storage_bytes) > 0 AS away FROM duckdb_memory()")["away"][0].as_py()
        engine.lock(megabytes=200)
        assert engine.fetch("SELECT count(*) AS rows, max(n) AS most FROM wide").to_pylist() == [
            {"rows": 1_500_000, "most": 1_499_999}
        ]
    finally:
        engine.close()


def test_what_is_shared_can_be_closed_and_is_opened_anew() -> None:
    shared = databases.Databases()
    open_one = shared.connect({})
    shared.close()
    with pytest.raises(duckdb.ConnectionException):
        open_one.execute("SELECT 1")
    assert shared.connect({}).execute("SELECT 1").fetchall() == [(1,)]
    shared.close()
