"""What people do to a workbook between two runs, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from excel.workbook import SHAPE, ExcelWorld, tab
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font, PatternFill

from qa_sync.dashboards.cells import Field, Tab, TabShape
from qa_sync.dashboards.plan import plan_tab
from qa_sync.testing.sink_contract import base_of, publish, wanted_tab


@pytest.fixture
def world(tmp_path: Path) -> ExcelWorld:
    made = ExcelWorld(tmp_path)
    publish(made, tab("p1", "p2", "p3"))
    return made


def rows(world: ExcelWorld, title: str = "Pairs") -> list[list[Any]]:
    return [[cell.value for cell in row] for row in world.opened()[title].iter_rows()]


def present(world: ExcelWorld, shape: TabShape = SHAPE) -> Any:
    return world.connect().present([shape]).tabs[shape.name]


def test_a_key_with_a_blank_beside_it_keeps_its_row_and_what_people_wrote_there(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1", "p2"))

    def change(book: Any) -> None:
        sheet = book["Pairs"]
        sheet["D1"], sheet["D3"], sheet["A3"] = "Remark", "mine", "p2 "

    world.edit(change)
    publish(world, tab("p1", "p2", score=70.0), base={"pairs": base_of(tab("p1", "p2"))})
    rows = [[cell.value for cell in row] for row in world.opened()["Pairs"].iter_rows()]
    assert rows == [
        ["Pair", "Score", "Outcome", "Remark"],
        ["p1", 70, "EXACT", None],
        ["p2", 71, "EXACT", "mine"],
    ]


def test_formulas_of_analysts_move_with_their_row(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        sheet = book["Pairs"]
        sheet["D1"], sheet["D3"], sheet["D4"] = "Double", "=B3*2", "=SUM($B$2:B4)"
        sheet["D3"].number_format = "0.00%"

    world.edit(change)
    publish(world, tab("p0", "p1", "p2", "p3"))
    assert rows(world)[3:5] == [["p2", 52.0, "EXACT", "=B4*2"], ["p3", 53.0, "EXACT", "=SUM($B$2:B5)"]]
    assert world.opened()["Pairs"]["D4"].number_format == "0.00%"


def test_formulas_become_values_when_columns_move_and_that_is_said(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"]["D1"], book["Pairs"]["D3"] = "Double", "=B3*2"

    world.edit(change)
    shape = replace(SHAPE, fields=(SHAPE.fields[0], Field(name="week", label="Week"), *SHAPE.fields[1:]))
    receipt = publish(world, tab("p1", "p2", "p3", shape=shape))
    assert receipt.notes == ("1 formulas of analysts are values now, because columns have moved",)
    assert all(not str(cell).startswith("=") for row in rows(world) for cell in row)


def test_rows_without_a_key_are_peoples_own_and_stay_at_the_end(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"]["B5"], book["Pairs"]["C5"] = 123, "my sum"

    world.edit(change)
    assert list(present(world).columns["pair"]) == ["p1", "p2", "p3"]
    publish(world, tab("p1", "p2", "p3", "p4"))
    assert rows(world)[4:] == [["p4", 53.0, "EXACT"], [None, 123, "my sum"]]
    assert publish(world, tab("p1", "p2", "p3", "p4")).data_cells == 0


def test_a_vanished_row_stays_only_where_somebody_wrote_beside_it(world: ExcelWorld) -> None:
    world.type_in(SHAPE, "p2", "Remark", "discussed on Monday")
    publish(world, tab("p1"), base={"pairs": base_of(tab("p1", "p2", "p3"))})
    assert rows(world) == [
        ["Pair", "Score", "Outcome", "Remark"],
        ["p1", 50, "EXACT", None],
        ["p2", None, None, "discussed on Monday"],
    ]


def test_columns_are_found_wherever_they_were_moved(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        sheet = book["Pairs"]
        for row in sheet.iter_rows(min_row=1, max_row=4):
            first, second, third = (cell.value for cell in row)
            row[0].value, row[1].value, row[2].value = third, first, second
        sheet.insert_cols(1)
        sheet["A1"], sheet["A3"] = "Mine", "kept"

    world.edit(change)
    there = present(world)
    assert {name: list(cells) for name, cells in there.columns.items()} == {
        "pair": ["p1", "p2", "p3"],
        "score": [50.0, 51.0, 52.0],
        "outcome": ["EXACT"] * 3,
    }
    publish(world, tab("p1", "p2", "p3", score=60))
    assert rows(world)[:3] == [
        ["Pair", "Score", "Outcome", "Mine"],
        ["p1", 60, "EXACT", None],
        ["p2", 61, "EXACT", "kept"],
    ]


def as_excel_does(world: ExcelWorld, change: Any, references: dict[str, str]) -> None:
    """Change the workbook and its references, as Excel does for moves and renames."""

    def both(book: Any) -> None:
        change(book)
        for row in book["_qa_sync_columns"].iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value in references:
                    cell.value = references[cell.value]

    world.edit(both)


def test_a_renamed_sheet_is_found_by_its_references_and_keeps_its_name(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"].title = "Ann's pairs"
        book["Ann's pairs"]["A1"] = "Our pair"

    letters = {"A": "A", "B": "B", "C": "C"}
    as_excel_does(world, change, {f"='Pairs'!${c}$1": f"='Ann''s pairs'!${c}$1" for c in letters})
    assert list(present(world).columns["pair"]) == ["p1", "p2", "p3"]
    publish(world, tab("p1", "p2", "p3", "p4"))
    assert world.opened().sheetnames == ["Ann's pairs", "_qa_sync_columns"]
    assert rows(world, "Ann's pairs")[0] == ["Pair", "Score", "Outcome"]


def test_a_sheet_renamed_by_a_simple_program_is_found_by_its_labels(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"].title = "Mine"

    world.edit(change)
    assert list(present(world).columns["pair"]) == ["p1", "p2", "p3"]


def test_rewritten_headers_are_still_ours(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"]["B1"] = "Punkte"

    world.edit(change)
    there = present(world)
    assert (set(there.columns), plan_tab(tab("p1", "p2", "p3"), there).data_cells) == ({"pair", "score", "outcome"}, 0)


def test_a_column_of_ours_that_was_deleted_comes_back_and_takes_no_other(world: ExcelWorld) -> None:
    world.type_in(SHAPE, "p2", "Remark", "kept")

    def change(book: Any) -> None:
        book["Pairs"].delete_cols(3)  # the remarks slide into the place of the outcomes

    # The header of the analyst's column was drawn by us once, so that it is known.
    publish(world, tab("p1", "p2", "p3", score=60))
    world.edit(change)
    assert set(present(world).columns) == {"pair", "score"}
    publish(world, tab("p1", "p2", "p3", score=60))
    assert rows(world)[2] == ["p2", 61, "EXACT", "kept"]


def test_rows_above_the_header_do_no_harm(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"].insert_rows(1, 2)
        book["Pairs"]["A1"] = "Please read before the meeting"

    world.edit(change)
    assert list(present(world).columns["pair"]) == ["p1", "p2", "p3"]


def test_a_formula_in_a_managed_cell_is_seen_and_written_over(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"]["B3"] = "=1+1"

    world.edit(change)
    assert present(world).formulas == frozenset({(1, "score")})
    receipt = publish(world, tab("p1", "p2", "p3"), base={"pairs": base_of(tab("p1", "p2", "p3"))})
    assert (receipt.data_cells, rows(world)[2]) == (1, ["p2", 51, "EXACT"])


def test_duplicated_rows_are_reported_and_not_deleted(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book["Pairs"].append(["p1", 1, "COPY"])

    world.edit(change)
    plan = plan_tab(tab("p1", "p2", "p3", score=60), present(world))
    assert plan.duplicate_keys == ("p1",)
    publish(world, tab("p1", "p2", "p3", score=60))
    assert rows(world)[1:] == [["p1", 60, "EXACT"], ["p2", 61, "EXACT"], ["p3", 62, "EXACT"], ["p1", 1, "COPY"]]


def test_a_key_that_became_a_number_is_still_the_key(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("101", "102"))
    world.type_in(SHAPE, "102", "Remark", "kept")

    def change(book: Any) -> None:
        book["Pairs"]["A3"] = 102

    world.edit(change)
    publish(world, tab("100", "101", "102"))
    assert rows(world)[3] == ["102", 52, "EXACT", "kept"]


def test_a_program_that_saves_true_as_a_formula_changes_nothing(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, wanted_tab())

    def change(book: Any) -> None:
        for row in (2, 3):
            cell = book["Pairs & more"].cell(row, 9)
            cell.value = f"={str(cell.value).upper()}()"

    world.edit(change)
    assert publish(world, wanted_tab()).data_cells == 0


def test_own_sheets_are_carried_over_with_formulas_and_looks(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        sheet = book.create_sheet("Team notes", 0)
        sheet["A1"], sheet["B2"], sheet["C3"] = "Bold", "=SUM(Pairs!B2:B4)", 0.5
        sheet["A1"].font, sheet["A1"].fill = Font(bold=True), PatternFill("solid", fgColor="FFFF00")
        sheet["C3"].number_format = "0%"
        sheet.column_dimensions["A"].width = 42
        sheet.merge_cells("A5:B5")
        sheet["A5"] = "merged"

    world.edit(change)
    receipt = publish(world, tab("p1", "p2", "p3", score=60))
    book = world.opened()
    sheet = book["Team notes"]
    assert (book.sheetnames, receipt.notes) == (["Pairs", "Team notes", "_qa_sync_columns"], ())
    assert (sheet["A1"].value, sheet["B2"].value, sheet["C3"].value) == ("Bold", "=SUM(Pairs!B2:B4)", 0.5)
    assert (sheet["A1"].font.b, sheet["A1"].fill.fgColor.rgb[-6:], sheet["C3"].number_format) == (True, "FFFF00", "0%")
    assert round(sheet.column_dimensions["A"].width) in (42, 43)
    assert ([str(one) for one in sheet.merged_cells.ranges], sheet["A5"].value) == (["A5:B5"], "merged")


def test_own_charts_cannot_be_carried_so_the_workbook_before_is_kept(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        sheet = book.create_sheet("My chart")
        sheet["A1"] = 1
        chart = BarChart()
        chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=1))
        sheet.add_chart(chart, "C3")

    world.edit(change)
    before = world.path.read_bytes()
    receipt = publish(world, tab("p1", "p2", "p3", score=60))
    kept = [path for path in world.path.parent.iterdir() if ".kept-" in path.name]
    assert [path.read_bytes() for path in kept] == [before]
    assert kept[0].name in receipt.notes[0]


def test_tabs_that_are_not_published_now_stay_as_they_are(world: ExcelWorld) -> None:
    other = replace(SHAPE, dashboard="site", name="pairs", title="Site pairs")
    publish(world, tab("s1", shape=other))
    world.type_in(SHAPE, "p2", "Remark", "kept")
    publish(world, tab("s1", "s2", shape=other))
    book = world.opened()
    assert book.sheetnames == ["Pairs", "Site pairs", "_qa_sync_columns"]
    assert rows(world)[2] == ["p2", 51, "EXACT", "kept"]
    assert {name for sheet in book.worksheets for name in sheet.tables} == {"qa_weekly_pairs", "qa_site_pairs"}
    assert publish(world, tab("p1", "p2", "p3")).data_cells == 0


def test_a_tab_whose_sheet_was_deleted_is_made_anew(world: ExcelWorld) -> None:
    def change(book: Any) -> None:
        book.create_sheet("Other")
        book.remove(book["Pairs"])

    world.edit(change)
    assert world.connect().present([SHAPE]).tabs == {}
    publish(world, tab("p1"))
    assert rows(world) == [["Pair", "Score", "Outcome"], ["p1", 50, "EXACT"]]


def test_people_cannot_smuggle_a_formula_through_our_cells(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    shape = replace(
        SHAPE, title="=Pairs!", fields=(SHAPE.fields[0], Field(name="x", label="=1+1", doc="=2+2")), notes=("=3+3",)
    )
    publish(
        world,
        Tab(
            shape=shape,
            columns={
                "pair": ["=cmd|' /C calc'!A0"],
                "x": [
                    "+1",
                ],
            },
        ),
    )
    book = openpyxl.load_workbook(world.path)
    found = [
        cell.data_type
        for sheet in book.worksheets
        if sheet.title != "_qa_sync_columns"
        for row in sheet.iter_rows()
        for cell in row
    ]
    assert "f" not in found
    registered = [cell.value for row in book["_qa_sync_columns"].iter_rows() for cell in row if cell.data_type == "f"]
    assert registered == ["='=Pairs!'!$A$1", "='=Pairs!'!$B$1"]
