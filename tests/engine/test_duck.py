"""DuckDB as the engine: how many threads it takes, and what engines that share a database see of each other."""

from __future__ import annotations

import os

import duckdb
import pyarrow as pa
import pytest

from qa_sync.engine import duck
from qa_sync.engine.duck import THREADS, DuckEngine
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
    real, failed = duck._set, []

    def once(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        if not failed:
            failed.append(connection)
            msg = "database has been invalidated"
            raise duckdb.FatalException(msg)
        return real(connection)

    monkeypatch.setattr(duck, "_set", once)
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
