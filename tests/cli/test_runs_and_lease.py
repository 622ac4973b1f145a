"""One run at a time holds the workspace; whoever waits learns for whom; every run is in the list."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from program.command import ask, opened_once, qa_sync
from program.finished import Finished
from program.rating_files import workspace, write_ratings

from qa_sync.runner.progress import Silent
from qa_sync.runner.workspace import Workspace
from qa_sync.store import lease


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_ratings(tmp_path / "ratings", items=6, raters=3)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    folder, _ = workspace(tmp_path, tmp_path / "ratings")
    (folder / "data").mkdir()
    return folder


def test_an_overlapping_run_learns_who_holds_the_workspace(folder: Path) -> None:
    with lease(folder / "data", "run", run_id="the-other-run"):
        for command in ("run", "refresh"):
            more = ("ratings",) if command == "refresh" else ()
            refused = qa_sync(folder, command, *more, "--quiet", expect=1)
            assert "the-other-run" in refused.err
            assert "--wait" in refused.err
        told = qa_sync(folder, "run", "--wait", "0.05", expect=1)
        assert "waiting for run the-other-run" in told.err
        # Pulling and asking need no lease: they cannot get in each other's way.
        qa_sync(folder, "sync", "--quiet")
        qa_sync(folder, "map", "--quiet")
        ask(folder, "report", "summary")
    assert [row["command"] for row in ask(folder, "runs")] == ["map", "sync"]
    qa_sync(folder, "run", "--quiet")


class _Releasing(Silent):
    """Lets the holder go as soon as somebody is told to wait for it."""

    def __init__(self) -> None:
        self.told = threading.Event()

    def say(self, line: str) -> None:
        if line.startswith("waiting for"):
            self.told.set()


def test_who_waits_gets_the_workspace_when_the_holder_ends(folder: Path) -> None:
    progress, holding = _Releasing(), threading.Event()

    def hold() -> None:
        with lease(folder / "data", "run", run_id="the-other-run"):
            holding.set()
            progress.told.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(20)
    report = Workspace(folder, progress=progress, wait=20).run()
    holder.join(20)
    assert progress.told.is_set()
    assert report.status == "done"
    assert not list((folder / "data" / "leases").glob("*.json"))


def test_runs_are_listed_newest_first(finished: Finished) -> None:
    listed = ask(finished.folder, "runs")
    ids = [row["run"] for row in listed]
    assert ids[-2:] == [finished.second["run_id"], finished.first["run_id"]]
    assert [row["status"] for row in listed[-2:]] == ["done", "done"]
    assert ask(finished.folder, "runs", "--limit", "1") == listed[:1]
    assert qa_sync(finished.folder, "runs", "--format", "csv", "--quiet").out.splitlines()[1].startswith(ids[0])
    assert ids[0] in qa_sync(finished.folder, "runs", "--quiet").out


def test_the_parts_of_a_run_do_what_a_run_does(folder: Path, tmp_path: Path) -> None:
    for command in ("sync", "map", "reconcile", "publish"):
        qa_sync(folder, command, "--quiet")
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole, ignore=shutil.ignore_patterns("data", "out"))
    qa_sync(whole, "run", "--quiet")
    with opened_once():
        for name in ("agreement", "evaluators", "exceptions"):
            assert ask(folder, "report", name) == ask(whole, "report", name)
    assert [row["command"] for row in ask(folder, "runs")] == ["publish", "reconcile", "map", "sync"]


def test_a_question_before_the_first_run_says_what_to_do(folder: Path) -> None:
    for command in (("report", "summary"), ("query", "SELECT 1"), ("publish",), ("reconcile",)):
        assert "qa-sync run" in qa_sync(folder, *command, "--quiet", expect=2).err
    assert [(row["command"], row["status"]) for row in ask(folder, "runs")] == [
        ("reconcile", "failed"),
        ("publish", "failed"),
    ]
