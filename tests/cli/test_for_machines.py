"""With ``--format json`` standard output is one JSON value, however a command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from program.command import qa_sync
from program.rating_files import workspace, write_ratings

from qa_sync.cli import parser
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import TransientError
from qa_sync.store import Store

COMMANDS = {
    "init": (),
    "check": (),
    "run": (),
    "sync": (),
    "map": (),
    "reconcile": (),
    "publish": (),
    "refresh": ("weekly",),
    "report": ("summary",),
    "query": ("SELECT 1",),
    "runs": (),
    "mapping": ("check",),
    "store": ("status",),
    "connectors": (),
    "sandbox": (),
    "demo": (),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_ratings(tmp_path / "ratings", items=4, raters=2)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    return workspace(tmp_path, tmp_path / "ratings")[0]


def test_every_command_is_tried_here() -> None:
    assert set(COMMANDS) >= set(parser.COMMANDS) - {"explain", "watch"}


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("PLANTED words"), "failed", "unexpected ValueError"),
        (KeyboardInterrupt(), "stopped", "run again"),
        (OSError(28, "No space left on device"), "failed", "No space left"),
        (TransientError("the line is dead"), "failed", "the line is dead"),
        (RecursionError("PLANTED"), "failed", "unexpected RecursionError"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_error_is_an_object_that_says_what_happened(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    error: BaseException,
    status: str,
    said: str,
) -> None:
    def fail(_self: object, _arguments: object) -> None:
        raise error

    monkeypatch.setattr(parser._Lazy, "__call__", fail)
    done = qa_sync(tmp_path, command, *COMMANDS[command], "--format=json", expect=1)
    told = done.data
    assert (told["status"], told["exit_code"], told["problems"], told["run_id"]) == (status, 1, [], None)
    assert said in told["error"]
    assert said in done.err
    assert "PLANTED" not in done.out + done.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("reprot",), "there is no command 'reprot'; did you mean report?"),
        (("runs", "--limit", "none"), "argument --limit: a whole number from 1; qa-sync runs --help"),
        (("run", "--nowhere"), "unrecognized arguments: --nowhere; qa-sync --help"),
        (("store", "statsu"), "what: 'statsu' is not known; did you mean status?"),
        (("refresh",), "qa-sync refresh needs more words: dashboard; qa-sync refresh --help"),
    ],
)
def test_a_command_line_that_cannot_be_understood_is_told_like_any_other_fault(
    tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    done = qa_sync(tmp_path, *words, "--format", "json", expect=2)
    assert done.data["error"] == what
    assert done.err == f"error: {what}\n"
    assert qa_sync(tmp_path, *words, expect=2).out == ""


def test_what_goes_well_is_json_too(folder: Path) -> None:
    def told(*words: str) -> Any:
        return qa_sync(folder, *words, "--format", "json", "--quiet").data

    assert told("check") == told("check", "--offline") == {"status": "done", "problems": []}
    assert told("mapping", "check") == {"status": "done", "problems": [], "cases": 0}
    assert told("run")["status"] == "done"
    assert told("publish", "--dry-run")["status"] == "planned"
    record = Store(folder / "data").raw("ratings", "gold")
    assert record.position().n
    assert "ratings.gold" in told("mapping", "try", "gal_adultcontent2_gold.csv|I0001", "--stream", "gold")["lines"][0]
    assert {row["report"] for row in told("report")} >= {"summary", "agreement"}
    for words in (("runs",), ("store", "status"), ("connectors",), ("query", "--tables"), ("query", "SELECT 1 AS a")):
        assert isinstance(told(*words), list)
    assert told("init", str(folder.parent / "fresh"))["made"][0] == "qa-sync.yaml"


def test_a_failure_that_nobody_listens_to_keeps_its_exit_code(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "qa_sync", "--workspace", str(tmp_path), "run", "--format", "json"]
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, "Traceback" in done.stderr, "Exception" in done.stderr) == (2, False, False)


def test_a_failed_run_tells_how_far_it_came(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object, **_options: object) -> None:
        msg = "PLANTED"
        raise KeyError(msg)

    monkeypatch.setattr("qa_sync.runner.stages.map_all", fail)
    told = qa_sync(folder, "run", "--format", "json", "--quiet", expect=1).data
    assert told["counts"]["sync"]["ratings.gold"]["accepted"] == 4
    (run,) = qa_sync(folder, "runs", "--format", "json", "--quiet").data
    assert (run["run"], run["status"]) == (told["run_id"], "failed")
    assert run["error"].startswith("unexpected KeyError at cli/test_for_machines.py:")


def test_a_run_that_is_stopped_is_in_the_ledger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_given: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qa_sync.runner.stages.map_all", stop)
    told = qa_sync(folder, "run", "--format", "json", "--quiet", expect=1).data
    assert (told["status"], told["exit_code"]) == ("stopped", 1)
    monkeypatch.undo()
    (run,) = qa_sync(folder, "runs", "--format", "json", "--quiet").data
    assert (run["run"], run["status"], run["error"]) == (told["run_id"], "failed", "stopped")


def test_a_scheduler_that_ends_the_run_is_answered_as_a_person_who_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_given: object, **_options: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("qa_sync.runner.stages.map_all", end)
    told = qa_sync(folder, "run", "--format", "json", "--quiet", expect=1).data
    assert (told["status"], told["exit_code"]) == ("stopped", 1)
    assert signal.getsignal(signal.SIGTERM) == before
    monkeypatch.undo()
    assert not list((folder / "data" / "leases").glob("*.json")), "nobody holds the workspace any more"


def test_a_stop_while_the_engine_is_at_work_is_a_stop_and_no_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long(*_given: object, **_options: object) -> None:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        DuckEngine(threads=1).fetch("SELECT count(*) FROM range(100000000000)")

    monkeypatch.setattr("qa_sync.runner.stages.map_all", long)
    told = qa_sync(folder, "run", "--format", "json", "--quiet", expect=1).data
    assert (told["status"], told["error"]) == ("stopped", "stopped; what was committed stays, run again to go on")
    monkeypatch.undo()
    assert [run["error"] for run in qa_sync(folder, "runs", "--format", "json").data] == ["stopped"]


def test_where_a_fault_happened_is_shown_to_who_asks_for_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object, **_options: object) -> None:
        raise KeyError

    monkeypatch.setattr("qa_sync.runner.stages.map_all", fail)
    assert "Traceback" not in qa_sync(folder, "map", expect=1).err
    monkeypatch.setenv("QA_SYNC_DEBUG", "1")
    done = qa_sync(folder, "map", "--format", "json", expect=1)
    assert "Traceback" in done.err
    assert done.data["status"] == "failed"
    assert "Traceback" not in qa_sync(folder, "report", "nothing", expect=2).err
