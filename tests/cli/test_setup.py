"""A new workspace, what is wrong with one, what is installed, and how commands explain themselves."""

from __future__ import annotations

import contextlib
import io
import tomllib
from pathlib import Path

import pytest
from program.command import ask, qa_sync
from program.finished import Finished
from program.worlds import edit

from qa_sync.cli import main
from qa_sync.runner.starting import IGNORED

PROJECT = Path(__file__).resolve().parents[2]


def test_init_makes_a_workspace_that_only_lacks_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ZENDESK_URL", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "mine"
    told = qa_sync(tmp_path, "init", str(folder)).out
    assert "check" in told
    for line in told.splitlines():
        if line.startswith("made "):
            assert Path(line.removeprefix("made ")).is_file()
    qa_sync(folder, "check", "--offline")
    missing = qa_sync(folder, "check", expect=2).err
    assert all(name in missing for name in ("ZENDESK_URL", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"))
    assert "sources.verint" in missing  # its folder of files is not there yet
    assert "data/" in (folder / ".gitignore").read_text()


def test_init_touches_nothing_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "zendesk.yaml").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine\n")
    qa_sync(tmp_path, "init")
    assert (tmp_path / "mappings" / "zendesk.yaml").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text().splitlines() == ["mine", *IGNORED]
    (tmp_path / "qa-sync.yaml").write_text("programme: {name: Mine}\n")
    again = qa_sync(tmp_path, "init").out
    assert f"kept {tmp_path / 'qa-sync.yaml'}" in again
    assert "already is a workspace" in again
    assert (tmp_path / "qa-sync.yaml").read_text() == "programme: {name: Mine}\n"


def test_init_writes_through_no_link_and_makes_nothing_where_a_name_is_taken(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.yaml", tmp_path / "mine"
    folder.mkdir()
    (folder / "qa-sync.yaml").symlink_to(outside)
    (folder / "mappings").write_text("a file")
    told = qa_sync(tmp_path, "init", str(folder), expect=2).err
    assert f"{folder / 'qa-sync.yaml'} is neither a file nor free" in told
    assert not outside.exists()
    assert sorted(path.name for path in folder.iterdir()) == ["mappings", "qa-sync.yaml"]
    assert "neither a file nor free" in qa_sync(tmp_path, "init", str(folder / "mappings"), expect=2).err
    assert "cannot be made a workspace" in qa_sync(tmp_path, "init", "/proc/nowhere", expect=2).err
    assert "qa-sync init" in qa_sync(folder / "mappings", "run", expect=2).err, "a file is no workspace"


def test_init_completes_what_version_control_must_leave_out(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc\n/data\nout")
    qa_sync(tmp_path, "init")
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines == ["*.pyc", "/data", "out", *(name for name in IGNORED if name not in ("data/", "out/"))]
    qa_sync(tmp_path, "init")
    assert (tmp_path / ".gitignore").read_text().splitlines() == lines


def test_a_second_init_tells_what_it_kept_and_brings_back_what_is_missing(tmp_path: Path) -> None:
    qa_sync(tmp_path, "init")
    (tmp_path / "mappings" / "roster.yaml").unlink()
    (tmp_path / "qa-sync.yaml").write_text("programme: {name: Mine}\n")
    told = ask(tmp_path, "init")
    assert told["made"] == ["mappings/roster.yaml"]
    assert {"qa-sync.yaml", "mappings/zendesk.yaml", ".gitignore"} <= set(told["kept"])
    assert (tmp_path / "qa-sync.yaml").read_text() == "programme: {name: Mine}\n"


def test_a_workspace_in_order_is_said_to_be(finished: Finished) -> None:
    assert "in order" in qa_sync(finished.folder, "check", "--quiet").out
    assert qa_sync(finished.folder, "check", "--offline", "--format", "json").data == {"status": "done", "problems": []}


def test_check_tells_everything_at_once_and_changes_nothing(finished: Finished, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("data", "sandboxes", "out"))
    shutil.rmtree(folder / "roster")

    def spoil(settings: object) -> None:
        settings["sources"]["zendesk"]["auth"]["client_secret"] = "${NOT_SET_ANYWHERE}"  # type: ignore[index]
        settings["sources"]["verint"]["files"]["folder"] = "./nowhere"  # type: ignore[index]
        settings["sinks"]["workbook"]["path"] = "./out/weekly.pdf"  # type: ignore[index]

    edit(folder, spoil)
    done = qa_sync(folder, "check", "--format", "json", "--quiet", expect=2)
    paths = {problem["path"] for problem in done.data["problems"]}
    assert paths >= {"sources.zendesk.auth.client_secret", "sources.roster.folder", "sinks.workbook.path"}
    assert any(path.startswith("sources.verint.files") for path in paths)
    assert all(problem["file"] == "qa-sync.yaml" and problem["line"] for problem in done.data["problems"])
    assert len(paths) == len(done.data["problems"])
    assert not (folder / "data" / "raw").exists()
    assert not (folder / "out").exists()


def test_connectors_are_those_that_the_project_registers(tmp_path: Path) -> None:
    listed = {(row["connector"], row["kind"]) for row in ask(tmp_path, "connectors")}
    points = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["entry-points"]
    wanted = {
        (name, group.removeprefix("qa_sync.").removesuffix("es" if group.endswith("boxes") else "s"))
        for group, entries in points.items()
        for name in entries
    }
    assert listed >= wanted


def test_help_and_version_explain_themselves(tmp_path: Path) -> None:
    told = qa_sync(tmp_path, "--help").out
    for command in (
        "init",
        "check",
        "run",
        "sync",
        "map",
        "reconcile",
        "publish",
        "refresh",
        "report",
        "query",
        "runs",
        "mapping",
        "store",
        "connectors",
        "sandbox",
        "demo",
    ):
        assert f"\n    {command}" in told
        assert "usage: qa-sync" in qa_sync(tmp_path, command, "--help").out
    assert "exit codes" in told
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main([]) == 0
    assert out.getvalue() == told, "without a command it says what it can do"
    assert qa_sync(tmp_path, "--version").out.startswith("qa-sync ")
    assert qa_sync(tmp_path, "reprot", expect=2).err == "error: there is no command 'reprot'; did you mean report?\n"


def test_the_store_tells_its_tables_and_merges_small_files(finished: Finished, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes"))
    before = {row["table"]: row for row in ask(folder, "store", "status")}
    assert {"raw/zendesk.tickets", "tables/evaluations", "runs", "published"} <= set(before)
    assert all(
        row["missing_files"] == 0 and row["commits"] > 0 and row["bytes"] > 0 for row in before.values() if row["files"]
    )
    report = qa_sync(folder, "report", "pairs", "--format", "csv", "--quiet").out
    merged = {row["table"]: row for row in ask(folder, "store", "compact")}
    assert merged["runs"]["files_before"] > merged["runs"]["files_after"] == 1
    after = {row["table"]: row for row in ask(folder, "store", "status")}
    assert all(after[name]["files"] <= 1 for name in after)
    assert {name: row["commits"] for name, row in after.items()} == {
        name: row["commits"] for name, row in before.items()
    }
    assert qa_sync(folder, "report", "pairs", "--format", "csv", "--quiet").out == report
    again = ask(folder, "run")["counts"]
    assert all(counts["commits"] == 0 for counts in again["sync"].values())
    assert again["publish"]["weekly > workbook"]["data_cells"] == 0


def test_a_store_with_a_lost_file_is_said_to_be_damaged(finished: Finished, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    next((folder / "data" / "tables" / "answers").glob("*.parquet")).unlink()
    assert "1 file is lost or damaged" in qa_sync(folder, "store", "status", expect=1).out
    told = qa_sync(folder, "report", "summary", "--quiet", expect=1).err
    assert "store status" in told
    assert "fault of qa-sync" not in told
