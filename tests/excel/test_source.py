"""What people write in the workbook, or in a copy of it, comes back as raw records."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import openpyxl
import pytest
from excel.workbook import SHAPE, ExcelWorld, context, tab
from program.command import ask, query
from program.finished import Finished, finished
from program.worlds import edit, own_copy

from qa_sync.dashboards.cells import Input
from qa_sync.errors import ConfigError, SourceError
from qa_sync.ports import Page, Source
from qa_sync.testing.contract import SourceContract, SourceWorld
from qa_sync.testing.sink_contract import publish
from qa_sync_excel import connect_source

__all__ = ["finished"]

DECISION = Input(name="decision", label="Decision", options=("upheld", "overturned"))
ASKING = replace(SHAPE, inputs=(DECISION, Input(name="note", label="Note")))
DECISION_AT, NOTE_AT, OWN = 4, 5, 6


@pytest.fixture
def world(tmp_path: Path) -> ExcelWorld:
    return ExcelWorld(tmp_path)


def source(folder: Path, path: str = "out/weekly.xlsx", **options: Any) -> Source:
    keep = options.pop("keep", None)
    settings = {"path": path, "tabs": {"pairs": {"managed": "weekly/pairs", "keep": keep}}, **options}
    return connect_source(settings, context(folder))


def read(folder: Path, cursor: str | None = None, **options: Any) -> list[Page]:
    return list(source(folder, **options).read("pairs", cursor))


def payloads(pages: list[Page]) -> dict[str, dict[str, Any]]:
    rows = [row for page in pages for row in page.records.to_pylist()]
    return {row["id"]: json.loads(row["payload"]) for row in rows}


def typed(*cells: tuple[int, int, Any]) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        for row, column, value in cells:
            book["Pairs"].cell(row, column).value = value

    return change


def test_what_people_wrote_comes_back_by_key_whatever_they_sorted_moved_and_renamed(world: ExcelWorld) -> None:
    publish(world, tab("P1", "P2", "P3", shape=ASKING))

    def change(book: Any) -> None:
        sheet = book["Pairs"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        rows[2][DECISION_AT - 1], rows[3][NOTE_AT - 1] = "overturned", "ask Ben"
        rows = [[*row, own] for row, own in zip(rows, ["Seen", None, date(2026, 11, 2), 7], strict=True)]
        rows = [rows[0], *reversed(rows[1:]), [None, None, None, "beside no row of ours", None, None]]
        for number, row in enumerate(rows, start=1):
            # Their own column stands first now.
            for column, value in enumerate([row[-1], *row[:-1]], start=1):
                sheet.cell(number, column).value = value
        sheet.title = "Our pairs"

    world.edit(change)
    here = {"dashboard": "weekly", "tab": "pairs"}
    pages = read(world.workspace)
    assert payloads(pages) == {
        "P2": {"key": "P2", "decision": "overturned", "Seen": "2026-11-02", **here},
        "P3": {"key": "P3", "note": "ask Ben", "Seen": 7, **here},
    }
    assert (pages[-1].listing, pages[-1].last) == (True, True)
    kept = payloads(read(world.workspace, keep=["decision"]))
    assert kept == {"P2": {"key": "P2", "decision": "overturned", **here}}


def test_a_copy_that_somebody_edited_is_read_as_well(world: ExcelWorld) -> None:
    publish(world, tab("P1", "P2", shape=ASKING))
    copy = world.workspace / "in" / "weekly (Ana).xlsx"
    copy.parent.mkdir()
    world.edit(typed((3, DECISION_AT, "upheld")))
    shutil.move(world.path, copy)
    publish(world, tab("P1", "P2", shape=ASKING))
    assert payloads(read(world.workspace, path="in/weekly (Ana).xlsx")).keys() == {"P2"}
    assert payloads(read(world.workspace)) == {}


def test_values_keep_their_kind(world: ExcelWorld) -> None:
    publish(world, tab("P1", shape=ASKING))
    cells = {
        "Day": (date(2026, 11, 2), "2026-11-02"),
        "At": (datetime.fromisoformat("2026-11-02T14:30"), "2026-11-02T14:30:00"),
        "Sure": (True, True),
        "Count": (12, 12),
        "Share": (0.25, 0.25),
        "Words": ("=not a formula", None),
    }

    def change(book: Any) -> None:
        for column, (head, (value, _)) in enumerate(cells.items(), start=OWN):
            book["Pairs"].cell(1, column, head)
            cell = book["Pairs"].cell(2, column, value)
            if isinstance(value, str):
                cell.data_type = "s"
        book["Pairs"].cell(2, OWN + 4).number_format = '0% "days"'

    world.edit(change)
    found = payloads(read(world.workspace))["P1"]
    expected = {head: "=not a formula" if head == "Words" else value for head, (_, value) in cells.items()}
    assert {head: found[head] for head in cells} == expected
    assert [type(found[head]) for head in ("Sure", "Count", "Share")] == [bool, int, float]


def test_nothing_written_since_is_nothing_read_and_a_note_taken_back_is_gone(world: ExcelWorld) -> None:
    publish(world, tab("P1", "P2", shape=ASKING))
    world.edit(typed((2, DECISION_AT, "upheld"), (3, DECISION_AT, "overturned")))
    first = read(world.workspace)
    # A refresh of ours changes the file, and nothing that people wrote.
    publish(world, tab("P1", "P2", "P3", shape=ASKING, score=60.0))
    (again,) = read(world.workspace, first[-1].cursor)
    assert (again.records.num_rows, again.listing, again.last) == (0, False, True)
    world.edit(typed((2, DECISION_AT, None)))
    assert payloads(read(world.workspace, again.cursor)).keys() == {"P2"}


def test_who_saved_the_file_is_told_of_what_is_new_then(world: ExcelWorld) -> None:
    publish(world, tab("P1", "P2", shape=ASKING))

    def change(who: str, when: datetime, row: int) -> None:
        def write(book: Any) -> None:
            book["Pairs"].cell(row, DECISION_AT, "upheld")
            book.properties.lastModifiedBy, book.properties.modified = who, when

        # openpyxl puts the moment of saving over it.
        with mock.patch("openpyxl.writer.excel.datetime") as clock:
            clock.datetime.now.return_value = when
            world.edit(write)

    change("Ana & Co", datetime.fromisoformat("2026-11-02T09:00"), 2)
    first = read(world.workspace, who="file")
    assert payloads(first)["P1"]["edited_by"] == "Ana & Co"
    change("Ben", datetime.fromisoformat("2026-11-03T09:00"), 3)
    found = payloads(read(world.workspace, first[-1].cursor, who="file"))
    assert {key: (one["edited_by"], one["edited_at"][:10]) for key, one in found.items()} == {
        "P1": ("Ana & Co", "2026-11-02"),
        "P2": ("Ben", "2026-11-03"),
    }


def test_before_the_first_publish_there_is_nothing_and_later_a_missing_file_is_no_empty_one(world: ExcelWorld) -> None:
    (page,) = read(world.workspace)
    assert (page.records.num_rows, page.last) == (0, True)
    publish(world, tab("P1", shape=ASKING))
    world.edit(typed((2, DECISION_AT, "upheld")))
    cursor = read(world.workspace, page.cursor)[-1].cursor
    world.path.unlink()
    with pytest.raises(ConfigError, match=r"weekly/pairs in out/weekly\.xlsx is gone, and with it what people wrote"):
        read(world.workspace, cursor)


def test_other_peoples_workbooks_and_half_saved_ones_are_refused_in_words(world: ExcelWorld) -> None:
    world.path.parent.mkdir()
    openpyxl.Workbook().save(world.path)
    with pytest.raises(ConfigError, match="was not made by qa-sync"):
        read(world.workspace)
    world.path.write_bytes(b"PK half")
    with pytest.raises(SourceError, match="cannot be read as a workbook"):
        read(world.workspace)
    assert [problem.what for problem in source(world.workspace).check()]
    world.path.unlink()
    publish(world, tab("P1", shape=ASKING))
    wrong = connect_source(
        {"path": "out/weekly.xlsx", "tabs": {"a": {"managed": "weekly/pair"}}}, context(world.workspace)
    )
    (problem,) = wrong.check()
    assert problem.hint == "did you mean weekly/pairs?"
    with pytest.raises(ConfigError, match=r"path.*must end in \.xlsx"):
        source(world.workspace, path="out/weekly.csv")


def test_a_decision_in_the_workbook_reaches_the_tables_by_a_mapping(tmp_path: Path, finished: Finished) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    own_copy(folder, "dashboards/weekly.yaml")
    asked = [{"name": "decision", "options": ["upheld", "overturned"]}]
    edit(folder, lambda d: d.update(tabs=[{"report": "pairs", "inputs": asked}]), "mappings/dashboards/weekly.yaml")
    (folder / "mappings" / "review.yaml").write_text(MAPPING)

    def change(workspace: dict[str, Any]) -> None:
        workspace["sources"] = {
            "review": {
                "connector": "excel",
                "path": "./out/weekly.xlsx",
                "mapping": "mappings/review.yaml",
                "tabs": {"pairs": {"managed": "weekly/pairs"}},
            }
        }
        workspace["sinks"] = {"workbook": {"connector": "excel", "path": "./out/weekly.xlsx"}}
        workspace["dashboards"]["weekly"]["sinks"] = ["workbook"]

    edit(folder, change)
    ask(folder, "publish")
    book = ExcelWorld(folder)
    sheet = book.opened()["Pairs"]
    column = [cell.value for cell in sheet[1]].index("Decision") + 1
    key = sheet.cell(4, 1).value
    book.edit(typed((4, column, "overturned")))
    ask(folder, "sync")
    ask(folder, "map")
    found = query(folder, "SELECT dispute_id, evaluation_id, outcome FROM disputes WHERE source = 'review'")
    assert found == [{"dispute_id": key, "evaluation_id": key.partition("|")[0], "outcome": "overturned_full"}]


MAPPING = """
version: 1
streams:
  pairs:
    disputes:
      fields:
        dispute_id: {from: key}
        event_no: {const: 1}
        event: {const: resolved}
        evaluation_id: {from: key, match: "^([^|]+)[|].*$"}
        outcome: {from: decision, values: {upheld: upheld, overturned: overturned_full}}
"""


class NotesWorld(SourceWorld):
    stream = "pairs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected_ids = {f"P{at:02d}" for at in range(1, 8)}
        world = ExcelWorld(folder)
        publish(world, tab(*sorted(self.expected_ids), shape=ASKING))
        world.edit(typed(*((row, DECISION_AT, "upheld") for row in range(2, 9))))

    def connect(self) -> Source:
        return source(self.folder, page_rows=3)


class TestExcelSource(SourceContract):
    def world(self, tmp_path: Path) -> NotesWorld:
        return NotesWorld(tmp_path)
