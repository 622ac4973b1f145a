"""DuckDB as the engine: how many threads it takes."""

from __future__ import annotations

import pytest

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
