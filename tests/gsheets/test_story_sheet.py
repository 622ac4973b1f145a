"""User story: somebody sorted, overwrote and extended the sheet; the next run restores ours, and keeps theirs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from gsheets.gsheet_world import World
from program.command import ask
from program.finished import Finished
from program.worlds import edit, own_copy

WEEKLY = "mappings/dashboards/weekly.yaml"


@pytest.fixture
def folder(finished: Finished, world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    own_copy(folder, "dashboards/weekly.yaml")
    edit(folder, lambda d: d.update(tabs=[{"name": "summary", "report": "summary", "title": "Summary"}]), WEEKLY)
    sheet = {
        "connector": "gsheets",
        "spreadsheet": world.spreadsheet,
        "base_url": world.sandbox.url,
        "credentials": "anonymous",
    }
    edit(folder, lambda w: w.update(sinks={"sheet": sheet}))
    edit(folder, lambda w: w["dashboards"]["weekly"].update(sinks=["sheet"]))
    return folder


def test_a_run_restores_what_is_ours_reports_it_and_keeps_what_is_theirs(folder: Path, world: World) -> None:
    human, sheet = world.sandbox.human, world.spreadsheet
    ask(folder, "publish")
    was = {row[0]: row for row in world.cells("Summary")}
    labels = was["Key"]
    pairs = labels.index("Pairs")
    width = len(labels)

    # Owned cells are overwritten, one by a formula; notes stand beside, and in a column put between ours.
    keys = [row[0] for row in world.cells("Summary")[1:4]]
    human.edit(sheet, "Summary", 1, pairs, 9_999.0)
    human.edit(sheet, "Summary", 2, pairs, "=1+1")
    human.edit(sheet, "Summary", 0, width, "Remark")
    human.edit(sheet, "Summary", 2, width, "ask Manila")
    human.insert_column(sheet, "Summary", 2)
    human.edit(sheet, "Summary", 0, 2, "Mine")
    human.edit(sheet, "Summary", 3, 2, "between")
    human.sort(sheet, "Summary", 0, descending=True)
    human.move_column(sheet, "Summary", pairs + 1, 1)
    human.rename_tab(sheet, "Summary", "Our week")

    told = ask(folder, "publish", "--dry-run")
    restored = {change["key"]: change["cells"] for change in told["changes"]}
    assert restored == {
        keys[0]: {"pairs": {"was": 9_999.0, "becomes": was[keys[0]][pairs]}},
        keys[1]: {"pairs": {"was": "=1+1", "becomes": was[keys[1]][pairs]}},
    }
    counts: dict[str, Any] = ask(folder, "publish")["counts"]["publish"]["weekly > sheet"]
    assert (counts["conflicts"], counts["data_cells"], counts["added_rows"]) == (2, 2, 0)

    shown = world.cells("Our week")
    head = shown[0]
    now = {row[0]: dict(zip(head, row, strict=True)) for row in shown[1:]}
    assert [row[0] for row in shown[1:]] == sorted((key for key in was if key != "Key"), reverse=True)
    for key, row in was.items():
        if key != "Key":
            assert [now[key][label] for label in labels if label] == [
                cell for label, cell in zip(labels, row, strict=True) if label
            ]
    assert {key: row["Remark"] for key, row in now.items() if row["Remark"]} == {keys[1]: "ask Manila"}
    assert {key: row["Mine"] for key, row in now.items() if row["Mine"]} == {keys[2]: "between"}
    assert (head[1], head.index("Mine") > 0) == ("Pairs", True)
    assert ask(folder, "publish")["counts"]["publish"]["weekly > sheet"]["data_cells"] == 0
