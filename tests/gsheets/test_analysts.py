"""User story 9: people sort, move, rename and overwrite; theirs stays, ours is restored and reported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gsheets.gsheet_world import SHAPE, World, base_of, rows, tab

from qa_sync.dashboards.cells import Field, Tab
from qa_sync.dashboards.control import control_shape, control_tab
from qa_sync.errors import SinkError


def published(world: World, count: int = 6) -> Tab:
    one = tab(rows(count))
    world.publish(one)
    return one


def test_an_overwritten_cell_is_restored_and_reported_and_the_neighbour_is_kept(world: World) -> None:
    one = published(world)
    human, sheet = world.sandbox.human, world.spreadsheet
    row, outcome = world.find(world.sandbox, sheet, SHAPE, "P0002", "Outcome")
    human.edit(sheet, "Pairs", row, outcome, "I disagree")
    human.edit(sheet, "Pairs", row, 6, "note of an analyst")
    human.insert_column(sheet, "Pairs", 2)
    human.edit(sheet, "Pairs", row, 2, "inside")

    sink = world.sink()
    present = sink.present([SHAPE])
    plans = world.plan(present, one, base={"pairs": base_of(one)})
    assert [(c.key, c.field, c.theirs, c.action) for c in plans[0].conflicts] == [
        ("P0002", "outcome", "I disagree", "enforce")
    ]
    receipt = sink.apply(plans, present)
    sink.close()

    assert receipt.data_cells == 1
    line = world.cells()[row]
    assert line == ["P0002", "evaluator 2", "inside", "STRICT", -2.0, 0.52, 45306.0, "note of an analyst"]


def test_sorted_moved_and_renamed_are_followed(world: World) -> None:
    published(world)
    human, sheet = world.sandbox.human, world.spreadsheet
    for row in range(1, 7):
        human.edit(sheet, "Pairs", row, 7, f"about {human.value(sheet, 'Pairs', row, 0)}")
    human.sort(sheet, "Pairs", 0, descending=True)
    human.move_column(sheet, "Pairs", 4, 1)
    human.rename_tab(sheet, "Pairs", "Pairs of the week")
    human.edit(sheet, "Pairs of the week", 0, 1, "How much they agree")
    after = tab(rows(6, salt=1.0))
    receipt = world.publish(after)

    cells = world.cells("Pairs of the week")
    assert [line[0] for line in cells[1:]] == ["P0005", "P0004", "P0003", "P0002", "P0001", "P0000"]
    assert [line[7] for line in cells[1:]] == [f"about P000{n}" for n in (5, 4, 3, 2, 1, 0)]
    assert [line[1] for line in cells[1:]] == list(reversed(after.columns["agreement"]))
    assert receipt.notes == (
        "tab 'Pairs of the week': column 'Agreement' is headed 'How much they agree' there; left as it is",
    )
    assert world.publish(after).data_cells == 0


def test_rows_without_a_key_belong_to_analysts(world: World) -> None:
    published(world, 3)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.insert_row(sheet, "Pairs", 2)
    human.edit(sheet, "Pairs", 2, 1, "-- from here on: Dublin --")
    human.edit(sheet, "Pairs", 6, 2, "below everything")
    world.publish(tab(rows(5, salt=2.0)))
    cells = world.cells()
    assert [line[0] for line in cells] == ["Pair", "P0000", None, "P0001", "P0002", "P0003", "P0004", None, None]
    assert cells[2][1] == "-- from here on: Dublin --"
    assert cells[8][2] == "below everything"


def test_a_row_above_the_header_is_no_data(world: World) -> None:
    one = published(world, 3)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.insert_row(sheet, "Pairs", 0)
    human.edit(sheet, "Pairs", 0, 0, "Pairs of Dublin, please sort by outcome")
    assert world.publish(one).data_cells == 0
    world.publish(tab(rows(4)))
    assert [line[0] for line in world.cells()] == [
        "Pairs of Dublin, please sort by outcome",
        "Pair",
        "P0000",
        "P0001",
        "P0002",
        "P0003",
    ]


def test_a_deleted_header_row_is_made_again(world: World) -> None:
    one = published(world, 3)
    world.sandbox.human.delete_row(world.spreadsheet, "Pairs", 0)
    receipt = world.publish(one)
    assert receipt.data_cells == 0
    assert any("header row was gone" in note for note in receipt.notes)
    assert [line[0] for line in world.cells()] == ["Pair", "P0000", "P0001", "P0002"]
    assert world.publish(one).notes == ()


def test_a_deleted_tab_is_made_anew(world: World) -> None:
    one = published(world, 3)
    world.sandbox.human.delete_tab(world.spreadsheet, "Pairs")
    world.publish(one)
    assert len(world.shown(one)) == 3


def test_a_deleted_key_column_is_said_in_words_that_help(world: World) -> None:
    one = published(world, 3)
    world.sandbox.human.delete_column(world.spreadsheet, "Pairs", 0)
    with pytest.raises(SinkError, match="tab 'Pairs': its key column 'Pair' is gone; undo the deletion"):
        world.publish(one)


def test_a_deleted_managed_column_comes_back_beside_the_others(world: World) -> None:
    one = published(world, 3)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Pairs", 1, 6, "mine")
    human.delete_column(sheet, "Pairs", 2)
    world.publish(one)
    cells = world.cells()
    assert cells[0][:7] == ["Pair", "Evaluator", "Leniency", "Agreement", "Week of", "Outcome", None]
    assert cells[1][5:7] == ["EXACT", "mine"]
    assert world.publish(one).data_cells == 0


def test_an_analysts_formula_in_a_managed_cell_is_seen_and_one_beside_it_is_kept(world: World) -> None:
    one = published(world, 3)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Pairs", 1, 4, "=1/2")
    human.edit(sheet, "Pairs", 1, 6, "=COUNTA(A2:A99)")
    present = world.read(one)
    assert present.tabs["pairs"].formulas == {(0, "agreement")}
    plan = world.plan(present, one, base={"pairs": base_of(one)})[0]
    assert [(c.key, c.field, c.theirs) for c in plan.conflicts] == [("P0000", "agreement", "=1/2")]
    world.publish(one, base={"pairs": base_of(one)})
    assert world.cells()[1][4:7] == [0.5, 45292.0, 3.0]
    assert world.read(one).tabs["pairs"].formulas == frozenset()


def test_a_field_that_leaves_the_definition_leaves_its_column_to_people(world: World) -> None:
    published(world, 3)
    shape = replace(SHAPE, fields=tuple(f for f in SHAPE.fields if f.name != "outcome"), charts=())
    columns = {name: cells for name, cells in rows(3, salt=1.0).items() if name != "outcome"}
    receipt = world.publish(tab(columns, shape))
    assert "tab 'Pairs': no longer kept up, and left to you: outcome" in receipt.notes
    cells = world.cells()
    assert [line[2] for line in cells] == ["Outcome", "EXACT", "LENIENT", "STRICT"]
    assert world.publish(tab(columns, shape)).calls == 1


def test_a_new_field_pushes_analysts_columns_aside_with_their_notes(world: World) -> None:
    published(world, 3)
    world.sandbox.human.edit(world.spreadsheet, "Pairs", 2, 6, "mine")
    shape = replace(SHAPE, fields=(*SHAPE.fields, Field(name="n", label="n", kind="integer")))
    after = tab({**rows(3), "n": [1.0, 2.0, 3.0]}, shape)
    world.publish(after)
    assert [line[5:8] for line in world.cells()] == [
        ["Week of", "n", None],
        [45292.0, 1.0, None],
        [45299.0, 2.0, "mine"],
        [45306.0, 3.0, None],
    ]


def test_a_tab_of_the_same_name_is_not_taken_over(world: World) -> None:
    world.sandbox.add_tab(world.spreadsheet, "Pairs", [["somebody", "else's"], ["tab", 1]])
    receipt = world.publish(tab(rows(2)))
    assert receipt.notes == ("a tab 'Pairs' that is not ours exists; ours is called 'Pairs (2)'",)
    assert world.cells("Pairs") == [["somebody", "else's"], ["tab", 1.0]]
    assert world.cells("Pairs (2)")[1][0] == "P0000"


def test_a_copied_tab_is_left_alone(world: World) -> None:
    one = published(world, 3)
    from qa_sync_gsheets.sandbox.changes import apply_all

    book = world.sandbox.book(world.spreadsheet)
    with book.changing() as draft:
        sheet_id = next(grid.sheet_id for grid in draft.sheets if grid.title == "Pairs")
        apply_all(draft, [{"duplicateSheet": {"sourceSheetId": sheet_id, "newSheetName": "Pairs of last week"}}])
    world.publish(tab(rows(3, salt=3.0)), sink=None)
    assert [line[3] for line in world.cells("Pairs of last week")[1:]] == one.columns["leniency"]
    assert [line[3] for line in world.cells("Pairs")[1:]] == rows(3, salt=3.0)["leniency"]


def test_a_row_with_a_box_that_was_deleted_comes_back_with_its_box(world: World) -> None:
    shape = control_shape("weekly", takes_requests=True)
    control = control_tab(shape, None)
    world.publish(control)
    world.sandbox.human.delete_row(world.spreadsheet, "_qa_sync", 1)
    world.publish(control, base={"_qa_sync": base_of(control)})
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "_qa_sync")
    row = [line[0] for line in world.cells("_qa_sync")].index("refresh")
    box = grid.cell(row, 2)
    assert (row, box.value) == (control.height, False)
    assert (box.validation or {})["condition"] == {"type": "BOOLEAN"}
