"""What people type wrong on their first day, and what they are told."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from program.command import ask, qa_sync
from program.finished import Finished

from qa_sync import Workspace, cli
from qa_sync.cli.parser import connector_command
from qa_sync.errors import ConfigError

pytestmark = pytest.mark.usefixtures("kept_open")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mapping", "qa-sync mapping needs one more word: check, try, coverage, "),
        ("store", "qa-sync store needs one more word: status, repair, compact, vacuum, "),
        ("explain summary", "qa-sync explain needs more words: row, column"),
        ("mapping try record.json", "record.json: no such file"),
        ("query 'DELETE FROM pairs'", "a query is one SELECT, and this is none"),
        ("query SELEC", 'a query is one SELECT: syntax error at or near "SELEC"'),
        ("report summary --as-of yesterday", "'yesterday' is neither a run's id nor a time such as 2026-01-12T09:00Z"),
        ("report summary --as-of 2026-13-01", "'2026-13-01' is neither a run's id nor a time"),
        ("report summary --as-of 2001-01-01", "no run with a snapshot had finished by 2001-01-01"),
        ("report summary --as-of 20010101T000000Z-abcdef", "no run with a snapshot is called 20010101T000000Z-abcdef"),
        ("runs diff yesterday today", "'yesterday' is neither a run's id nor a time"),
    ],
)
def test_a_slip_gets_one_clear_message(finished: Finished, line: str, said: str) -> None:
    told = qa_sync(finished.folder, *shlex.split(line), expect=2).err
    assert said in told
    assert told.count("error: ") == 1


@pytest.fixture
def own(finished: Finished, tmp_path: Path) -> Path:
    """A copy of the finished workspace: what is refused here is a run that failed, and stays on record."""
    return shutil.copytree(finished.folder, tmp_path / "own", ignore=shutil.ignore_patterns("sandboxes", "out"))


def test_an_erasure_of_nobody_says_so(own: Path) -> None:
    told = qa_sync(own, "store", "erase", "--person", "Nobodie.Nowhere", expect=2).err
    assert "no record holds that text: nothing was erased" in told
    assert told.count("error: ") == 1


def test_a_filter_that_fits_nothing_says_so_and_names_the_value_that_may_be_meant(finished: Finished) -> None:
    site = ask(finished.folder, "report", "summary", "--by", "site")["rows"][0]["site"]
    wrong = site[:-2] + site[-1]
    told = ask(finished.folder, "report", "summary", "--where", f"site={wrong}")
    assert (told["rows"], told["notes"][0]) == ([], f"No site is {wrong!r}; did you mean {site}?")
    assert not any(
        "No site is" in note for note in ask(finished.folder, "report", "summary", "--where", f"site={site}")["notes"]
    )


def test_an_exact_number_is_not_shown_twice_and_a_rounded_one_is(finished: Finished) -> None:
    row = ask(finished.folder, "report", "summary", "--by", "site")["rows"][0]
    told = qa_sync(finished.folder, "explain", "summary", row["key"], "pairs", "--by", "site", "--quiet").out
    assert f"Pairs of {row['key']} is {row['pairs']:,}\n" in told
    assert f"Made again from the {2 * row['pairs']:,} evaluations below: the same number." in told
    told = qa_sync(finished.folder, "explain", "summary", row["key"], "evaluations", "--by", "site", "--quiet").out
    assert f"Evaluations of {row['key']} is {row['evaluations']:,}\n" in told


@pytest.mark.parametrize("before", [["--workspace", "there"], ["--workspace=there"]])
def test_a_connectors_command_is_found_behind_the_workspace(
    before: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*before, "verint", "inspect", "nothing.csv"]) == 2
    assert "nothing.csv" in capsys.readouterr().err
    assert connector_command([*before, "run"]) is None
    assert connector_command(before) is None


def test_the_library_takes_one_name_for_a_list_of_one(own: Path) -> None:
    workspace = Workspace(own)
    assert workspace.report("summary", by="site").equals(workspace.report("summary", by=["site"]))
    with pytest.raises(ConfigError, match="there is no dashboard 'wekly'"):
        workspace.publish("wekly")
    with pytest.raises(ConfigError, match="there is no source 'verin'"):
        workspace.sync("verin")
    with pytest.raises(ConfigError, match="where is not a mapping"):
        workspace.report("summary", where="site=Dublin")  # type: ignore[arg-type]


def test_an_explanation_is_a_frame_and_prints_short(finished: Finished) -> None:
    workspace = Workspace(finished.folder)
    row = workspace.report("summary", by="site").iloc[0]
    told = workspace.explain("summary", row["key"], "pairs", by="site")
    assert list(told.frame.columns) == told.evaluations.column_names
    assert len(told.frame) == told.evaluations.num_rows
    assert "payload_hash" not in repr(told)


def test_commands_are_told_as_they_can_be_typed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / ".venv" / "bin" / "qa-sync"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.argv", [".venv/bin/qa-sync"])
    assert cli.program() == ".venv/bin/qa-sync"
    monkeypatch.setenv("PATH", str(program.parent))
    assert cli.program() == "qa-sync"
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert cli.program() == "qa-sync"
