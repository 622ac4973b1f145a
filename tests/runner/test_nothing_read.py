"""A run that read nothing says so plainly, to people and to programs; it is no fault, and no success in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program.command import qa_sync
from program.rating_files import workspace, write_ratings
from program.worlds import edit

NOTHING_TO_COMPARE = "the store holds no evaluation: there is nothing to compare"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_ratings(tmp_path / "ratings", items=4, raters=2)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    return workspace(tmp_path, tmp_path / "ratings")[0]


def _run(folder: Path, command: str = "run") -> Any:
    done = qa_sync(folder, command, "--format", "json", "--quiet").data
    assert (done["status"], done["exit_code"]) == ("done", 0)
    return done["notes"]


def test_a_pattern_that_matches_no_file_is_told(folder: Path) -> None:
    edit(folder, lambda settings: settings["sources"]["ratings"]["streams"]["labels"].update(glob="*.cvs"))
    assert _run(folder, "sync") == ["ratings: labels: no file matches '*.cvs'"]
    told = qa_sync(folder, "sync", "--quiet").out
    assert "note: ratings: labels: no file matches '*.cvs'" in told


def test_a_run_that_read_something_has_no_notes_and_files_gone_later_are_told_although_records_are_stored(
    folder: Path,
) -> None:
    assert _run(folder) == []
    assert _run(folder) == [], "nothing new is nothing to speak of"
    (folder.parent / "ratings" / "gal_adultcontent2_gold.csv").unlink()
    (note,) = _run(folder, "sync")
    assert note.startswith("ratings: gold: no file matches ")


def test_a_stream_without_a_record_is_told_once_it_is_known_to_be_empty(folder: Path) -> None:
    labels = folder.parent / "ratings" / "gal_adultcontent2_labels.csv"
    text = labels.read_text()
    labels.write_text(text.splitlines()[0] + "\n")
    empty = "ratings.labels: the source has no record, and none is stored from before"
    assert _run(folder, "sync") == [empty]
    labels.write_text(text)
    assert _run(folder, "sync") == []


def test_a_workspace_without_a_source_says_so(folder: Path) -> None:
    edit(folder, lambda settings: settings["sources"].clear())
    assert _run(folder) == ["qa-sync.yaml names no source: nothing was read", NOTHING_TO_COMPARE]
    assert "names no source" in qa_sync(folder, "sync", "--quiet").out


def test_a_stream_that_no_mapping_reads_is_told(folder: Path) -> None:
    def add(settings: Any) -> None:
        settings["sources"]["ratings"]["streams"]["more"] = {"glob": "*_gold.csv"}

    edit(folder, add)
    assert _run(folder) == ["ratings.more: no mapping reads it; it is stored all the same"]
