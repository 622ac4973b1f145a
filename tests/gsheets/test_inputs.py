"""Columns made for people: with dropdowns, never written to again, and read back as records."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest
from gsheets.gsheet_world import SHAPE, World, base_of, context, rows, tab
from program.command import ask, query
from program.finished import Finished
from program.worlds import edit, own_copy

from qa_sync.dashboards import Field, Input
from qa_sync.errors import ConfigError
from qa_sync.ports import Page
from qa_sync_gsheets import connect_source

DECISION = Input(name="decision", label="Decision", options=("upheld", "overturned"), doc="What became of it.")
CAUSE = Input(name="root_cause", label="Root cause", options=("form", "training"))
ASKING = replace(SHAPE, inputs=(DECISION, CAUSE))
FIRST = len(SHAPE.fields)


def settings(world: World, **tab_settings: Any) -> dict[str, Any]:
    return {
        "spreadsheet": world.spreadsheet,
        "base_url": world.sandbox.url,
        "credentials": "anonymous",
        "who": "drive",
        "tabs": {"notes": {"managed": "weekly/pairs", **tab_settings}},
    }


def read(world: World, cursor: str | None = None, **tab_settings: Any) -> list[Page]:
    source = connect_source(settings(world, **tab_settings), context(world.folder, "input"))
    try:
        return list(source.read("notes", cursor))
    finally:
        source.close()


def payloads(pages: list[Page]) -> dict[str, dict[str, Any]]:
    found = (json.loads(one) for page in pages for one in page.records["payload"].to_pylist())
    return {one["key"]: one for one in found}


def options(world: World, row: int, column: int, title: str = "Pairs") -> list[str]:
    book = world.sandbox.book(world.spreadsheet)
    grid = next(one for one in book.sheets if one.title == title)
    condition = (grid.cell(row, column).validation or {}).get("condition") or {}
    return [value["userEnteredValue"] for value in condition.get("values") or []]


def test_people_get_columns_with_dropdowns_that_also_new_rows_have(world: World) -> None:
    world.publish(tab(rows(3), ASKING))
    world.publish(tab(rows(5), ASKING))
    cells = world.cells()
    assert cells[0][FIRST : FIRST + 2] == ["Decision", "Root cause"]
    assert [options(world, row, FIRST) for row in range(1, 6)] == [["upheld", "overturned"]] * 5
    assert options(world, 5, FIRST + 1) == ["form", "training"]


def test_what_people_fill_in_is_never_written_to(world: World) -> None:
    one = tab(rows(4), ASKING)
    world.publish(one)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Pairs", 2, FIRST, "overturned")
    human.sort(sheet, "Pairs", 0, descending=True)
    human.move_column(sheet, "Pairs", FIRST, 1)
    world.publish(tab(rows(6, salt=2.0), ASKING), base={"pairs": base_of(one)})
    shown = {line[0]: line[1] for line in world.cells()}
    assert shown == {
        "Pair": "Decision",
        "P0001": "overturned",
        **dict.fromkeys(["P0000", "P0002", "P0003", "P0004", "P0005"]),
    }


def test_an_input_that_comes_later_stands_beside_ours_and_new_options_reach_moved_columns(world: World) -> None:
    first = replace(SHAPE, inputs=(DECISION,))
    world.publish(tab(rows(3), first))
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Pairs", 0, FIRST + 1, "My own")
    human.edit(sheet, "Pairs", 1, FIRST + 1, "mine")
    human.edit(sheet, "Pairs", 1, FIRST, "upheld")
    human.move_column(sheet, "Pairs", FIRST, 0)
    changed = replace(DECISION, options=("upheld", "overturned", "withdrawn"))
    later = replace(SHAPE, inputs=(changed, CAUSE))
    world.publish(tab(rows(3), later))
    head, line = world.cells()[:2]
    assert head == ["Decision", *(f.label for f in SHAPE.fields), "Root cause", "My own"]
    assert (line[0], line[FIRST + 1], line[FIRST + 2]) == ("upheld", None, "mine")
    assert options(world, 1, 0) == ["upheld", "overturned", "withdrawn"]
    assert world.publish(tab(rows(3), later)).calls == 1


def test_what_people_wrote_comes_back_by_key_whatever_they_moved_and_renamed(world: World) -> None:
    world.publish(tab(rows(4), ASKING))
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Pairs", 0, FIRST, "Verdict")
    human.edit(sheet, "Pairs", 2, FIRST, "overturned")
    human.edit(sheet, "Pairs", 0, FIRST + 2, "Remark")
    human.edit(sheet, "Pairs", 3, FIRST + 2, "ask Ben")
    human.edit(sheet, "Pairs", 3, FIRST + 3, "without a header")
    human.edit(sheet, "Pairs", 9, FIRST, "beside no row of ours")
    human.sort(sheet, "Pairs", 0, descending=True)
    human.move_column(sheet, "Pairs", FIRST, 0)
    human.rename_tab(sheet, "Pairs", "Our pairs")
    pages = read(world)
    edit = {"edited_by": "analyst@example.invalid", "dashboard": "weekly", "tab": "pairs"}
    found = payloads(pages)
    assert {key: {name: one[name] for name in one if name != "edited_at"} for key, one in found.items()} == {
        "P0001": {"key": "P0001", "decision": "overturned", **edit},
        "P0002": {"key": "P0002", "Remark": "ask Ben", **edit},
    }
    assert (pages[-1].listing, pages[-1].last) == (True, True)
    assert payloads(read(world, keep=["decision"])).keys() == {"P0001"}


def test_nothing_written_since_is_nothing_read_and_a_note_taken_back_is_gone(world: World) -> None:
    one = tab(rows(4), ASKING)
    world.publish(one)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Pairs", 2, FIRST, "overturned")
    human.edit(sheet, "Pairs", 3, FIRST, "upheld")
    first = read(world)
    cursor = first[-1].cursor
    # A refresh of ours changes the file, and nothing that people wrote.
    world.publish(tab(rows(4, salt=1.0), ASKING))
    (again,) = read(world, cursor)
    assert (again.records.num_rows, again.listing, again.last) == (0, False, True)
    human.name = "ben@example.invalid"
    human.edit(sheet, "Pairs", 3, FIRST, "")
    human.edit(sheet, "Pairs", 1, FIRST, "upheld")
    later = payloads(read(world, again.cursor))
    assert later.keys() == {"P0000", "P0001"}
    # Who wrote it is told of what is new; what stood there before keeps its name.
    assert later["P0001"] == payloads(first)["P0001"]
    assert later["P0000"]["edited_by"] == "ben@example.invalid"


def test_a_tab_that_is_not_published_yet_holds_nothing_and_one_without_its_key_is_refused(world: World) -> None:
    (page,) = read(world)
    assert (page.records.num_rows, page.last) == (0, True)
    world.publish(tab(rows(2), ASKING))
    world.sandbox.human.edit(world.spreadsheet, "Pairs", 1, FIRST, "upheld")
    assert payloads(read(world, page.cursor)).keys() == {"P0000"}
    cursor = read(world, page.cursor)[-1].cursor
    world.sandbox.human.delete_column(world.spreadsheet, "Pairs", 0)
    with pytest.raises(ConfigError, match="has lost its key column"):
        read(world)
    # A tab deleted by mistake takes nothing back that people wrote beside it.
    world.sandbox.human.delete_tab(world.spreadsheet, "Pairs")
    with pytest.raises(ConfigError, match="is gone, and with it what people wrote beside 1 of its rows"):
        read(world, cursor)


def test_a_managed_tab_is_told_apart_from_one_that_people_keep(world: World) -> None:
    with pytest.raises(ConfigError, match="a managed tab has its own key"):
        read(world, key=["Pair"])


def test_a_decision_in_the_sheet_reaches_the_tables_by_a_mapping(world: World, finished: Finished) -> None:
    folder = world.folder / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    own_copy(folder, "dashboards/weekly.yaml")
    asked = [{"name": "decision", "options": ["upheld", "overturned"]}]
    edit(folder, lambda d: d.update(tabs=[{"report": "pairs", "inputs": asked}]), "mappings/dashboards/weekly.yaml")
    (folder / "mappings" / "review.yaml").write_text(MAPPING)
    place = {name: settings(world)[name] for name in ("spreadsheet", "base_url", "credentials")}

    def change(workspace: dict[str, Any]) -> None:
        workspace["sources"] = {
            "review": {
                "connector": "gsheets",
                **place,
                "mapping": "mappings/review.yaml",
                "tabs": {"pairs": {"managed": "weekly/pairs"}},
            }
        }
        workspace["sinks"] = {"sheet": {"connector": "gsheets", **place}}
        workspace["dashboards"]["weekly"]["sinks"] = ["sheet"]

    edit(folder, lambda workspace: change(workspace))
    ask(folder, "publish")
    shown = world.cells("Pairs")
    column = shown[0].index("Decision")
    world.sandbox.human.edit(world.spreadsheet, "Pairs", 3, column, "overturned")
    world.sandbox.human.sort(world.spreadsheet, "Pairs", 0, descending=True)
    ask(folder, "sync")
    ask(folder, "map")
    found = query(folder, "SELECT dispute_id, evaluation_id, outcome FROM disputes WHERE source = 'review'")
    key = shown[3][0]
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


def test_a_managed_column_with_options_offers_them_and_keeps_what_people_choose(world: World) -> None:
    status = Field(name="status", label="Status", policy="keep", options=("open", "closed"))
    shape = replace(SHAPE, fields=(*SHAPE.fields, status))
    at = len(SHAPE.fields)
    first = tab({**rows(3), "status": ["open"] * 3}, shape)
    world.publish(first)
    assert [options(world, row, at) for row in range(1, 4)] == [["open", "closed"]] * 3
    world.sandbox.human.edit(world.spreadsheet, "Pairs", 2, at, "closed")
    later = tab({**rows(4), "status": ["waiting", "waiting", "waiting", "open"]}, shape)
    world.publish(later, base={"pairs": base_of(first)})
    assert [line[at] for line in world.cells()[1:5]] == ["waiting", "closed", "waiting", "open"]
    assert options(world, 4, at) == ["open", "closed"]
