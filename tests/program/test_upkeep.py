"""Upkeep by itself: after a run, never within it; every retained run prints the same bytes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from program.command import ask, qa_sync
from program.finished import Finished

from qa_sync.runner import upkeep as runner_upkeep
from qa_sync.runner.progress import Silent
from qa_sync.runner.workspace import Workspace
from qa_sync.store import shorten, upkeep


class Told(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(finished.folder, copy, ignore=shutil.ignore_patterns("sandboxes"))
    return copy


def test_small_files_are_merged_and_old_states_removed_when_due(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "CROWDED", 2)
    monkeypatch.setattr(shorten, "LONG", 2)
    first, last = sorted(run["run"] for run in ask(folder, "runs") if run["snapshot"])[:2]
    printed = qa_sync(folder, "report", "pairs", "--format", "csv", "--quiet").out
    told = Told()
    Workspace(folder, progress=told).map()
    assert [line.partition(" of ")[0] for line in told.lines if "upkeep" in line] == ["upkeep: merged the small files"]
    assert {path.parent.name for path in (folder / "data").rglob("_old_log")} > {"runs", "evaluations"}
    assert qa_sync(folder, "report", "pairs", "--format", "csv", "--quiet", "--as-of", first).out == printed
    told = Told()
    late = Workspace(folder, progress=told, clock=lambda: datetime.now(UTC) + timedelta(days=402))
    late.map()
    assert "upkeep: removed files that no retained run needs" in told.lines
    swept = late.store.swept_before
    assert swept is not None
    for run in (first, last):  # some of their files were merged away, and nobody needs them now
        assert "can no longer be shown" in qa_sync(folder, "report", "pairs", "--as-of", run, expect=1).err
    assert ask(folder, "store", "status") != []
    told.lines.clear()
    late.map()
    assert told.lines == [] or "upkeep: removed" not in " ".join(told.lines)


def test_an_upkeep_that_fails_does_not_fail_the_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "CROWDED", 2)

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner_upkeep.Upkeep, "compact", full)
    told = Told()
    assert Workspace(folder, progress=told).map().exit_code == 0
    assert any("upkeep: put off" in line for line in told.lines)


def test_a_vacuum_is_recorded_as_a_run(folder: Path) -> None:
    planned = ask(folder, "store", "vacuum", "--dry-run")
    assert {"tables/evaluations", "runs"} <= {row["table"] for row in planned}
    ask(folder, "store", "vacuum")
    assert ask(folder, "runs", "--limit", "1")[0]["command"] == "vacuum"
    assert qa_sync(folder, "report", "summary", "--quiet").code == 0
