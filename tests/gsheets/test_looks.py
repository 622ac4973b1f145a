"""How tabs look: what is sent, what is left to people, and what a browser shows of the emulated sheet."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import requests
from gsheets.gsheet_world import SHAPE, World, rows, tab

from qa_sync.dashboards.cells import Chart, Field
from qa_sync_gsheets import palette
from qa_sync_gsheets.looks import header_height
from qa_sync_gsheets.sandbox.changes import apply_all
from qa_sync_gsheets.sandbox.grid import Grid


def grid_of(world: World, title: str = "Pairs") -> Grid:
    found = world.sandbox.book(world.spreadsheet).titled(title)
    assert found is not None
    return found


def kinds(world: World, start: int) -> list[str]:
    bodies = [one.body for one in list(world.sandbox.log)[start:] if one.is_write and one.body]
    return [kind for body in bodies for request in body["requests"] for kind in request]


def page(world: World, title: str = "Pairs") -> str:
    url = f"{world.sandbox.page_url(world.spreadsheet)}?gid={grid_of(world, title).sheet_id}"
    with requests.Session() as session:
        answer = session.get(url)
    assert answer.status_code == 200
    return answer.text


def test_a_tab_is_dressed_when_it_is_made_and_not_again(world: World) -> None:
    world.publish(tab(rows(5)))
    grid = grid_of(world)
    assert grid.grid_properties == {"frozenRowCount": 1, "frozenColumnCount": 1}
    widths = [grid.sizes["COLUMNS"][cid]["pixelSize"] for cid in grid.columns[:3]]
    assert widths == [120, 110, 150]
    number = grid.cell(1, 4).format or {}
    assert number["numberFormat"] == {"type": "PERCENT", "pattern": "0.0%"}
    assert grid.cell(0, 0).note == "Identity of the pair.\n\nAudits of the last 12 weeks."
    assert all(one["warningOnly"] for one in grid.parts["protectedRanges"])
    start = len(world.sandbox.log)
    world.publish(tab(rows(5, salt=1.0)))
    assert set(kinds(world, start)) == {"createDeveloperMetadata", "deleteDeveloperMetadata", "updateCells"}


def test_a_changed_shape_is_drawn_once_and_leaves_no_twins(world: World) -> None:
    world.publish(tab(rows(5)))
    before = {name: len(parts) for name, parts in grid_of(world).parts.items()}
    fields = tuple(replace(f, width=200, label=f.label + "!") for f in SHAPE.fields)
    after = tab(rows(5), replace(SHAPE, fields=fields))
    assert world.publish(after).data_cells == 0
    grid = grid_of(world)
    assert {name: len(parts) for name, parts in grid.parts.items()} == before
    assert world.cells()[0] == ["Pair!", "Evaluator!", "Outcome!", "Leniency!", "Agreement!", "Week of!"]
    assert world.publish(after).calls == 1


def test_peoples_own_rules_bands_and_charts_are_left_alone(world: World) -> None:
    world.publish(tab(rows(5)))
    book, sheet = world.sandbox.book(world.spreadsheet), grid_of(world).sheet_id
    rule = {
        "ranges": [{"sheetId": sheet, "startColumnIndex": 2, "endColumnIndex": 3}],
        "booleanRule": {
            "condition": {"type": "TEXT_CONTAINS", "values": [{"userEnteredValue": "x"}]},
            "format": {"backgroundColor": {"red": 1.0}},
        },
    }
    spec = {"title": "mine", "basicChart": {"chartType": "LINE"}}
    chart: dict[str, Any] = {
        "chartId": 77,
        "spec": spec,
        "position": {"overlayPosition": {"anchorCell": {"sheetId": sheet}}},
    }
    ours = grid_of(world).parts["charts"][0]["chartId"]
    with book.changing() as draft:
        apply_all(
            draft,
            [
                {"addConditionalFormatRule": {"rule": rule, "index": 0}},
                {"addChart": {"chart": chart}},
                {
                    "updateEmbeddedObjectPosition": {
                        "objectId": ours,
                        "fields": "anchorCell",
                        "newPosition": {"overlayPosition": {"anchorCell": {"sheetId": sheet, "rowIndex": 40}}},
                    }
                },
            ],
        )
    shape = replace(SHAPE, fields=tuple(replace(f, width=99) for f in SHAPE.fields))
    world.publish(tab(rows(5), shape))
    parts = grid_of(world).parts
    assert rule in parts["conditionalFormats"]
    assert sum(palette.is_ours(one) for one in parts["conditionalFormats"]) == len(parts["conditionalFormats"]) - 1
    assert {one["chartId"] for one in parts["charts"]} == {77, ours}


def test_a_band_of_somebody_elses_keeps_ours_away(world: World) -> None:
    world.publish(tab(rows(5)))
    book, sheet = world.sandbox.book(world.spreadsheet), grid_of(world).sheet_id
    theirs = {
        "bandedRangeId": 5,
        "range": {"sheetId": sheet, "startColumnIndex": 0, "endColumnIndex": 9},
        "rowProperties": {"firstBandColor": {"red": 1.0}, "secondBandColor": {"blue": 1.0}},
    }
    with book.changing() as draft:
        grid = next(one for one in draft.sheets if one.sheet_id == sheet)
        apply_all(
            draft,
            [
                {"deleteBanding": {"bandedRangeId": grid.parts["bandedRanges"][0]["bandedRangeId"]}},
                {"addBanding": {"bandedRange": theirs}},
            ],
        )
    world.publish(tab(rows(5), replace(SHAPE, fields=tuple(replace(f, width=99) for f in SHAPE.fields))))
    assert [one["bandedRangeId"] for one in grid_of(world).parts["bandedRanges"]] == [5]


def test_a_chart_of_another_tab_is_drawn_from_it_and_grows_with_it(world: World) -> None:
    summary = replace(
        SHAPE,
        name="summary",
        title="Summary",
        charts=(
            Chart(
                name="t",
                title="Trend",
                kind="column",
                data="pairs",
                x="pair_id",
                series=("agreement", "leniency"),
            ),
        ),
    )
    pairs = replace(SHAPE, charts=())
    world.publish(tab(rows(2), summary), tab(rows(6), pairs))
    data, chart = grid_of(world), grid_of(world, "Summary").parts["charts"][0]

    def last_row() -> int:
        series = grid_of(world, "Summary").parts["charts"][0]["spec"]["basicChart"]["series"]
        return int(series[0]["series"]["sourceRange"]["sources"][0]["endRowIndex"])

    assert chart["spec"]["basicChart"]["series"][0]["series"]["sourceRange"]["sources"][0]["sheetId"] == data.sheet_id
    assert last_row() == 8
    world.publish(tab(rows(2), summary), tab(rows(9), pairs))
    assert last_row() == 11
    assert world.publish(tab(rows(2), summary), tab(rows(9), pairs)).calls == 1


def test_rows_below_the_header_get_colours_however_they_come(world: World) -> None:
    world.publish(tab(rows(0)))
    world.publish(tab(rows(4)))
    text = page(world)
    assert re.search(r'<td class="w" style="background-color:#f4c7c3;color:#a50e0e[^"]*">CRITICAL_MISS</td>', text)
    assert text.count('">EXACT</td>') == 1


def test_the_page_shows_formats_widths_and_charts(world: World) -> None:
    world.publish(tab(rows(5)))
    text = page(world)
    assert '<td class="k w n" style="background-color:#1f3a5f;color:#ffffff;font-weight:bold' in text
    assert ">50.0%</td>" in text
    assert ">+0.0</td>" not in text
    assert ">-4.0</td>" in text
    assert ">2024-01-08</td>" in text
    assert 'col style="width:150px"' in text
    assert "<svg" in text
    assert "<polyline" in text
    assert 'title="Identity of the pair.' in text


def test_the_page_cannot_be_injected(world: World) -> None:
    columns = rows(1)
    columns["evaluator"] = ["<script>alert(1)</script>"]
    world.publish(tab(columns))
    assert "<script" not in page(world)


def test_a_header_is_high_enough_for_its_longest_label() -> None:
    assert header_height([Field(name="a", label="Short")]) == 28
    assert header_height([Field(name="a", label="Agreement with the auditor, weighted", width=110)]) == 64


def test_number_formats_say_what_the_kind_is() -> None:
    def pattern(**options: Any) -> str:
        form = palette.number_format(Field(name="x", label="X", **options))
        return "" if form is None else f"{form['type']} {form['pattern']}"

    assert pattern(kind="integer") == "NUMBER #,##0"
    assert pattern(kind="number", decimals=0) == "NUMBER #,##0"
    assert pattern(kind="number", decimals=1, tone="leniency") == "NUMBER +#,##0.0;-#,##0.0;#,##0.0"
    assert pattern(kind="percent", decimals=1) == "PERCENT 0.0%"
    assert pattern(kind="time") == "DATE_TIME yyyy-mm-dd hh:mm"
    assert pattern() == "TEXT @"
    assert pattern(kind="boolean") == ""
