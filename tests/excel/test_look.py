"""What a workbook looks like: tables, formats, colours, charts, notes."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from excel.workbook import ExcelWorld

from qa_sync.dashboards.cells import Chart, Field, Tab
from qa_sync.testing.sink_contract import SHAPE, publish, wanted_tab

NOTE = "Data as of 2026-11-22 03:00."


@pytest.fixture
def world(tmp_path: Path) -> ExcelWorld:
    return ExcelWorld(tmp_path)


def parts(world: ExcelWorld, containing: str) -> list[str]:
    with zipfile.ZipFile(world.path) as packed:
        return [packed.read(name).decode() for name in packed.namelist() if containing in name]


def test_a_tab_is_a_table_with_filters_a_frozen_header_and_a_frozen_key(world: ExcelWorld) -> None:
    publish(world, wanted_tab())
    sheet = world.opened()["Pairs & more"]
    table = sheet.tables["qa_pairs"]
    assert (table.ref, table.autoFilter.ref, sheet.freeze_panes) == ("A1:I4", "A1:I4", "B2")
    assert [column.name for column in table.tableColumns] == [field.label for field in SHAPE.fields]


def test_an_empty_tab_is_still_a_table(world: ExcelWorld) -> None:
    publish(world, wanted_tab(()))
    assert world.opened()["Pairs & more"].tables["qa_pairs"].ref == "A1:I2"


def test_numbers_percents_dates_and_times_have_their_formats(world: ExcelWorld) -> None:
    publish(world, wanted_tab())
    row = world.opened()["Pairs & more"][2]
    formats = {field.name: cell.number_format for field, cell in zip(SHAPE.fields, row, strict=True)}
    assert formats == {
        "pair_id": "General",
        "note": "General",
        "outcome": "General",
        "n": "#,##0",
        "delta": "+#,##0.0000;-#,##0.0000;#,##0.0000",
        "agreement": "0.0%",
        "day": "yyyy-mm-dd",
        "at": "yyyy-mm-dd hh:mm",
        "is_blind": '"TRUE";"TRUE";"FALSE"',
    }
    assert (row[6].value.isoformat(), row[8].value) == ("2025-12-09T00:00:00", True)


def test_colours_follow_the_meaning_of_a_column(world: ExcelWorld) -> None:
    publish(world, wanted_tab())
    sheet = world.opened()["Pairs & more"]
    rules = {str(area.sqref): [rule.type for rule in area.rules] for area in sheet.conditional_formatting}
    assert set(rules["C2:C4"]) == {"beginsWith"}
    assert (rules["D2:D4"], rules["E2:E4"], rules["F2:F4"]) == (["dataBar"], ["colorScale"], ["colorScale"])


def test_leniency_is_white_at_zero_and_equally_strong_on_both_sides(world: ExcelWorld) -> None:
    publish(world, wanted_tab())
    sheet = world.opened()["Pairs & more"]
    scale = next(area.rules[0].colorScale for area in sheet.conditional_formatting if str(area.sqref) == "E2:E4")
    low, middle, high = (float(one.val) for one in scale.cfvo)
    assert (low, middle) == (-high, 0.0)
    assert high == 12.5


def test_headers_explain_themselves(world: ExcelWorld) -> None:
    publish(world, wanted_tab())
    sheet = world.opened()["Pairs & more"]
    assert "Auditee minus auditor." in sheet["E1"].comment.text
    assert sheet["B1"].comment is None


def test_charts_are_drawn_from_the_columns_of_any_tab(world: ExcelWorld) -> None:
    charts = (
        Chart(
            name="a", title="Agreement", kind="line", data="pairs", x="pair_id", series=("agreement", "n"), percent=True
        ),
        Chart(name="b", title="By day", kind="column", data="pairs", x="day", series=("n",)),
        Chart(name="c", title="Deltas", kind="bar", data="pairs", x="pair_id", series=("delta",)),
        Chart(name="d", title="Nowhere", kind="bar", data="no such tab", x="pair_id", series=("delta",)),
        Chart(name="e", title="No field", kind="bar", data="pairs", x="pair_id", series=("no such field",)),
    )
    summary = Tab(
        shape=replace(SHAPE, name="summary", title="Summary", charts=charts, notes=(NOTE,)),
        columns=wanted_tab().columns,
    )
    pairs = Tab(shape=replace(SHAPE, charts=()), columns=wanted_tab().columns)
    publish(world, summary, pairs)
    drawn = parts(world, "charts/chart")
    assert len(drawn) == 3
    line = next(xml for xml in drawn if "<c:lineChart>" in xml)
    assert "'Pairs &amp; more'!$F$2:$F$4" in line
    assert "'Pairs &amp; more'!$A$2:$A$4" in line
    assert 'formatCode="0%"' in line
    assert 'dispBlanksAs val="zero"' not in line  # a gap is what a chart does without the element
    assert line.count("<c:ser>") == 2
    assert any("<c:dateAx>" in xml for xml in drawn)


def test_notes_stand_beside_the_table_and_are_no_rows_of_it(world: ExcelWorld) -> None:
    publish(world, Tab(shape=replace(SHAPE, notes=(NOTE,)), columns=wanted_tab().columns))
    assert any(NOTE in xml for xml in parts(world, "drawings/drawing"))
    assert world.opened()["Pairs & more"].max_row == 4
    assert world.opened().properties.description == NOTE


def test_the_workbook_opens_on_the_first_tab_that_is_shown(world: ExcelWorld) -> None:
    hidden = Tab(shape=replace(SHAPE, name="data", title="Data", hidden=True), columns=wanted_tab().columns)
    publish(world, hidden, wanted_tab())
    book = world.opened()
    assert book.active.title == "Pairs & more"
    assert [sheet.sheet_state for sheet in book.worksheets] == ["hidden", "visible", "veryHidden"]


def test_titles_and_labels_that_excel_refuses_are_made_acceptable(world: ExcelWorld) -> None:
    shape = replace(
        SHAPE,
        title="[Pairs]: in/out? of a very long programme name",
        charts=(),
        fields=(
            Field(name="pair_id", label="Pair"),
            Field(name="a", label="Score"),
            Field(name="b", label="score"),
            Field(name="c", label=""),
        ),
    )
    wanted = Tab(shape=shape, columns={"pair_id": ["1"], "a": [None], "b": ["x"], "c": ["y"]})
    publish(world, wanted)
    book = world.opened()
    assert book.sheetnames[0] == "_Pairs__ in_out_ of a very long"
    assert [cell.value for cell in book.worksheets[0][1]] == ["Pair", "Score", "score (2)", "Column 4"]
    assert publish(world, wanted).data_cells == 0


def test_a_wide_number_makes_its_column_wider(world: ExcelWorld) -> None:
    def width(number: float) -> Any:
        fields = (Field(name="pair_id", label="Pair"), Field(name="n", label="n", kind="number", width=40))
        publish(world, Tab(shape=replace(SHAPE, fields=fields, charts=()), columns={"pair_id": ["1"], "n": [number]}))
        return world.opened()["Pairs & more"].column_dimensions["B"].width

    assert width(1.0) < width(123_456_789.0)


def test_long_texts_get_rows_that_are_high_enough(world: ExcelWorld) -> None:
    fields = (Field(name="pair_id", label="Pair"), Field(name="t", label="Text", width=200))
    publish(
        world,
        Tab(
            shape=replace(SHAPE, fields=fields, charts=()),
            columns={"pair_id": ["1", "2"], "t": ["short", "a long text " * 20]},
        ),
    )
    heights = world.opened()["Pairs & more"].row_dimensions
    assert heights[3].height > 5 * 12 > (heights[2].height or 0)


def test_a_managed_column_with_options_has_a_dropdown_and_the_row_of_totals_is_set_off(world: ExcelWorld) -> None:
    wanted = wanted_tab()
    fields = tuple(
        replace(one, options=("upheld", "overturned"), policy="keep") if one.name == "note" else one
        for one in wanted.shape.fields
    )
    total = str(wanted.columns["pair_id"][0])
    publish(world, Tab(shape=replace(wanted.shape, fields=fields, total=total), columns=wanted.columns))
    sheet = world.opened()["Pairs & more"]
    (offered,) = sheet.data_validations.dataValidation
    assert (str(offered.sqref), offered.formula1) == ("B2:B4", '"upheld,overturned"')
    rules = [rule for rules in sheet.conditional_formatting for rule in rules.rules if rule.type == "expression"]
    assert {rule.formula[0] for rule in rules} == {f'$A2="{total}"'}
    assert (len(rules), all(rule.dxf.font.b for rule in rules)) == (len(fields), True)


@pytest.mark.parametrize("rows", [3, 400])
def test_a_text_is_never_cut_whatever_its_width_and_however_many_rows(world: ExcelWorld, rows: int) -> None:
    texts = {"short": "in", "long": "no limits: fewer than 12 points in the baseline " * 3, "lines": "one\ntwo\nthree"}
    fields = (Field(name="k", label="Key"), *(Field(name=name, label=name, width=90) for name in texts))
    columns: dict[str, Any] = {"k": [f"row {at}" for at in range(rows)]} | {
        name: ["x"] * (rows - 1) + [text] for name, text in texts.items()
    }
    publish(world, Tab(shape=replace(SHAPE, key="k", fields=fields), columns=columns))
    sheet = world.opened()["Pairs & more"]
    short, long, lines = (sheet.cell(rows + 1, at) for at in (2, 3, 4))
    assert [bool(cell.alignment.wrap_text) for cell in (short, long, lines)] == [False, True, True]
    # Letters of seven pixels fit on the lines that the row is high enough for; widths are in digits of seven pixels.
    on_a_line = sheet.column_dimensions["C"].width - 3
    assert sheet.row_dimensions[rows + 1].height * 4 / 3 >= 16 * len(texts["long"]) / on_a_line
    assert (sheet.row_dimensions[rows].height or 15) == 15
