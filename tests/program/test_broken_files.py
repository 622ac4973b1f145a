"""Whatever is wrong with the files of a workspace is told at once, with file and line, before anything is pulled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from program.command import Done, qa_sync
from program.rating_files import workspace, write_ratings
from program.worlds import edit


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_ratings(tmp_path / "ratings", items=5, raters=3)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    return workspace(tmp_path, tmp_path / "ratings")[0]


def _spoil(folder: Path, name: str, old: str, new: str) -> int:
    """Replace a text that stands once in a file; return its line."""
    path = folder / name
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} does not stand once in {name}"
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def _spoil_all(folder: Path) -> dict[str, int]:
    """Break every kind of file but the settings; return the line of the fault in each."""
    form = min((folder / "mappings" / "forms").glob("*.yaml")).relative_to(folder).as_posix()
    return {
        "mappings/ratings.yaml": _spoil(
            folder, "mappings/ratings.yaml", "option: {from: gold}", "option: {form: gold}"
        ),
        form: _spoil(folder, form, "higher_is: more_severe", "higher_is: worse"),
        "mappings/dashboards/ratings.yaml": _spoil(
            folder, "mappings/dashboards/ratings.yaml", "report: agreement}", "report: agrement}"
        ),
    }


def _places(done: Done) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for file, line in re.findall(r"^(?:error: )?([\w/.-]+\.yaml):(\d+):\d+: ", done.err, re.MULTILINE):
        found.setdefault(file, set()).add(int(line))
    return found


def _lines(done: Done) -> list[str]:
    return done.err.removeprefix("error: ").splitlines()


def test_faults_of_all_files_are_told_together_whatever_is_asked(folder: Path) -> None:
    wanted = {name: {line} for name, line in _spoil_all(folder).items()}
    wanted["qa-sync.yaml"] = {_spoil(folder, "qa-sync.yaml", "name: Content ratings", "nam: Content ratings")}
    for command in (("run",), ("check",), ("check", "--offline"), ("sync",), ("map",), ("publish",)):
        done = qa_sync(folder, *command, "--quiet", expect=2)
        assert _places(done) == wanted, command
        assert len(_lines(done)) == len(set(_lines(done))), "a problem is told twice"
    assert not (folder / "data").exists()


def test_faults_of_files_and_of_connectors_are_told_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {name: {line} for name, line in _spoil_all(folder).items()}
    monkeypatch.delenv("QA_SYNC_RATINGS")
    wanted["qa-sync.yaml"] = {_spoil(folder, "qa-sync.yaml", "path: ./out/ratings.xlsx", "pth: ./out/ratings.xlsx")}
    wanted["qa-sync.yaml"].add(_line_of(folder, "folder: ${QA_SYNC_RATINGS}"))
    for command in ("run", "check"):
        done = qa_sync(folder, command, "--quiet", expect=2)
        assert _places(done) == wanted
        assert len(_lines(done)) == len(set(_lines(done)))


def _line_of(folder: Path, text: str) -> int:
    lines = (folder / "qa-sync.yaml").read_text().splitlines()
    return next(at for at, line in enumerate(lines, 1) if text in line)


def test_a_fault_of_a_sink_is_told_before_anything_is_pulled(folder: Path) -> None:
    edit(folder, lambda settings: settings["sinks"]["workbook"].update(colour="blue"))
    done = qa_sync(folder, "run", "--quiet", expect=2)
    assert "sinks.workbook.colour" in done.err
    assert not (folder / "data" / "raw").exists()


def test_programs_get_the_problems_as_data(folder: Path) -> None:
    wanted = _spoil_all(folder)
    done = qa_sync(folder, "run", "--format", "json", "--quiet", expect=2)
    told = done.data
    assert (told["status"], told["exit_code"]) == ("failed", 2)
    assert {problem["file"]: problem["line"] for problem in told["problems"]} == wanted
    assert all(problem["what"] for problem in told["problems"])
    names = [problem["hint"] for problem in told["problems"] if problem["file"].endswith("dashboards/ratings.yaml")]
    assert "agreement" in names[0]


def test_a_file_that_is_named_and_not_there_is_told_at_its_name(folder: Path) -> None:
    edit(folder, lambda settings: settings["sources"]["ratings"].update(mapping="mappings/rating.yaml"))
    done = qa_sync(folder, "run", "--quiet", expect=2)
    assert f"qa-sync.yaml:{_line_of(folder, 'mappings/rating.yaml')}:" in done.err
    assert "there is no file mappings/rating.yaml" in done.err


def test_a_folder_that_is_no_workspace_says_what_to_do(tmp_path: Path) -> None:
    done = qa_sync(tmp_path, "run", expect=2)
    assert "qa-sync init" in done.err


def test_a_repaired_workspace_runs(folder: Path) -> None:
    before = {path: path.read_text() for path in (folder / "mappings").rglob("*.yaml")}
    _spoil_all(folder)
    qa_sync(folder, "run", "--quiet", expect=2)
    for path, text in before.items():
        path.write_text(text)
    qa_sync(folder, "run", "--quiet")
