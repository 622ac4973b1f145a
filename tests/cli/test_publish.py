"""Publishing: a dry run changes nothing, a refresh writes one dashboard, an earlier run can be shown again."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query
from program.finished import Finished
from program.worlds import edit, own_copy
from python_calamine import CalamineWorkbook

pytestmark = pytest.mark.usefixtures("kept_open")

WEEKLY = "mappings/dashboards/weekly.yaml"


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    """A copy of the finished workspace, whose dashboard shows more than was published."""
    return _copied(finished, tmp_path / "copy")


@pytest.fixture(scope="module")
def published(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another, published: to be looked at, or copied."""
    folder = _copied(finished, tmp_path_factory.mktemp("published") / "copy")
    ask(folder, "publish")
    return folder


def _copied(finished: Finished, folder: Path) -> Path:
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes"))
    own_copy(folder, "dashboards/weekly.yaml")
    edit(
        folder,
        lambda definition: definition.update(
            tabs=[{"name": "summary", "report": "summary"}, {"name": "queues", "report": "summary", "by": ["queue"]}]
        ),
        WEEKLY,
    )
    return folder


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def _tab(folder: Path, title: str) -> list[list[Any]]:
    return CalamineWorkbook.from_path(folder / "out" / "weekly.xlsx").get_sheet_by_name(title).to_python()


def test_a_dry_run_says_what_would_be_written_and_changes_nothing(folder: Path) -> None:
    before = _files(folder)
    told = qa_sync(folder, "publish", "--dry-run", "--quiet").out
    assert "Queues: new tab" in told
    planned = ask(folder, "publish", "--dry-run")
    assert planned["status"] == "planned"
    cells = planned["counts"]["publish"]["weekly > workbook"]["data_cells"]
    assert f"weekly > workbook: {cells:,} data cells would be written (" in told
    assert "cells written" not in told
    assert _files(folder) == before
    written = ask(folder, "publish")
    assert written["counts"]["publish"] == {
        name: {**counts, "calls": 1, "url": written["counts"]["publish"][name]["url"]}
        for name, counts in planned["counts"]["publish"].items()
    }
    assert {row[1] for row in _tab(folder, "Queues")[1:] if row[0]} >= {"Billing", "Account access"}


def test_a_dashboard_that_is_not_there_is_refused_by_name(folder: Path) -> None:
    for command in ("publish", "refresh"):
        assert "did you mean weekly?" in qa_sync(folder, command, "weakly", "--quiet", expect=2).err
    assert "no run with a snapshot" in qa_sync(folder, "publish", "--as-of", "20010101T000000Z-abcdef", expect=2).err


def test_refresh_pulls_everything_and_publishes_the_one_that_was_asked_for(finished: Finished, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes"))
    edit(folder, lambda settings: settings["dashboards"].update(other={"definition": WEEKLY, "sinks": ["workbook"]}))
    done = ask(folder, "refresh", "weekly")
    assert list(done["counts"]["publish"]) == ["weekly > workbook"]
    assert set(done["counts"]["sync"]) == set(finished.second["counts"]["sync"])


def test_what_a_person_wrote_over_a_managed_cell_is_told_and_put_right_as_the_policy_says(
    published: Path, tmp_path: Path
) -> None:
    from openpyxl import load_workbook

    folder = tmp_path / "written over"
    shutil.copytree(published, folder)
    path = folder / "out" / "weekly.xlsx"
    with warnings.catch_warnings(action="ignore"):  # openpyxl does not know all that Excel does
        book = load_workbook(path)
    sheet = book["Queues"]
    column = next(cell.column for cell in sheet[1] if cell.value == "Pairs")
    sheet.cell(row=2, column=column).value = 99_999
    book.save(path)
    planned = ask(folder, "publish", "--dry-run")["counts"]["publish"]["weekly > workbook"]
    assert planned["conflicts"] == 1
    assert 99_999 in _tab(folder, "Queues")[1]
    ask(folder, "publish")
    assert 99_999 not in _tab(folder, "Queues")[1]


def test_what_was_published_is_kept_as_it_was(published: Path) -> None:
    folder = published
    rows = query(
        folder,
        """
        SELECT key, json_extract(cells, '$.pairs') AS pairs FROM published WHERE tab = 'queues' AND NOT removed ORDER BY key""",
    )
    shown = [row for row in _tab(folder, "Queues")[1:] if row[0]]
    assert [row["key"] for row in rows] == sorted(row[0] for row in shown)
    assert all(row["pairs"] is not None for row in rows)
