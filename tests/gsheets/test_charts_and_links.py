"""Charts of every kind, one scale for a heat map, links and filters: as Google's contract has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from gsheets.gsheet_world import World, tab

from qa_sync.dashboards import Chart, Field, TabShape
from qa_sync.dashboards.definition import parse
from qa_sync.errors import ConfigError
from qa_sync.yamlfile import parse as parse_yaml
from qa_sync_gsheets.sandbox.view import pages_of

SHAPE = TabShape(
    dashboard="d",
    name="causes",
    title="Causes",
    key="k",
    fields=(
        Field(name="k", label="Cause", link="http://127.0.0.1/causes/{id}?whole={value}"),
        Field(name="n", label="n", kind="integer", tone="heat"),
        Field(name="m", label="m", kind="integer", tone="heat"),
        Field(name="share", label="Share", kind="percent"),
        Field(name="low", label="Low", kind="percent"),
        Field(name="high", label="High", kind="percent"),
    ),
    charts=(
        Chart(name="p", title="Causes", kind="pareto", data="causes", x="k", series=("n", "share")),
        Chart(name="i", title="Shares", kind="interval", data="causes", x="k", series=("share", "low", "high")),
        Chart(name="l", title="Trend", kind="line", data="causes", x="k", series=("share",), limits=("low", "high")),
    ),
)
COLUMNS: dict[str, Any] = {
    "k": ["cause:form", "cause:training & more", "other"],
    "n": [6.0, 3.0, 1.0],
    "m": [0.0, 4.0, 9.0],
    "share": [0.6, 0.9, 1.0],
    "low": [0.4, 0.7, 0.9],
    "high": [0.8, 1.0, 1.0],
}


def charts(world: World) -> dict[str, Any]:
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Causes")
    return {chart["spec"]["title"]: chart["spec"] for chart in grid.parts["charts"]}


def columns_of(data: Any) -> tuple[int, int]:
    (source,) = data["sourceRange"]["sources"]
    return source["startColumnIndex"], source["startRowIndex"]


def test_a_pareto_is_columns_and_the_line_of_their_share_on_its_own_axis(world: World) -> None:
    world.publish(tab(COLUMNS, SHAPE))
    basic = charts(world)["Causes"]["basicChart"]
    assert basic["chartType"] == "COMBO"
    drawn = [(one["type"], one["targetAxis"], columns_of(one["series"])) for one in basic["series"]]
    assert drawn == [("COLUMN", "LEFT_AXIS", (1, 0)), ("LINE", "RIGHT_AXIS", (3, 0))]


def test_an_interval_runs_from_its_low_to_its_high_end_with_a_mark_at_the_value(world: World) -> None:
    world.publish(tab(COLUMNS, SHAPE))
    (candle,) = charts(world)["Shares"]["candlestickChart"]["data"]
    assert {name: columns_of(one["data"]) for name, one in candle.items()} == {
        "lowSeries": (4, 1),
        "openSeries": (3, 1),
        "closeSeries": (3, 1),
        "highSeries": (5, 1),
    }


def test_limits_are_dashed_lines_beside_the_series(world: World) -> None:
    world.publish(tab(COLUMNS, SHAPE))
    series = charts(world)["Trend"]["basicChart"]["series"]
    dashed = [(columns_of(one["series"])[0], (one.get("lineStyle") or {}).get("type")) for one in series]
    assert dashed == [(3, None), (4, "MEDIUM_DASHED"), (5, "MEDIUM_DASHED")]


def test_a_heat_map_has_one_scale_for_all_its_columns(world: World) -> None:
    world.publish(tab(COLUMNS, SHAPE))
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Causes")
    (rule,) = grid.parts["conditionalFormats"]
    assert [(one["startColumnIndex"], one["endColumnIndex"]) for one in rule["ranges"]] == [(1, 2), (2, 3)]
    again = replace(SHAPE, notes=("Another look.",))
    world.publish(tab(COLUMNS, again))
    assert len(grid.parts["conditionalFormats"]) == 1


def test_links_lead_where_the_template_says_and_travel_with_their_cells(world: World) -> None:
    world.publish(tab(COLUMNS, SHAPE))
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Causes")

    def links() -> list[Any]:
        runs = [(grid.cell(row, 0).other or {}).get("textFormatRuns") for row in range(1, 4)]
        return [run[0]["format"]["link"]["uri"] if run else None for run in runs]

    expected = [
        "http://127.0.0.1/causes/form?whole=cause%3Aform",
        "http://127.0.0.1/causes/training%20%26%20more?whole=cause%3Atraining%20%26%20more",
        "http://127.0.0.1/causes/other?whole=other",
    ]
    assert links() == expected
    world.sandbox.human.sort(world.spreadsheet, "Causes", 0, descending=True)
    assert links() == list(reversed(expected))
    assert world.publish(tab(COLUMNS, SHAPE)).data_cells == 0


def test_a_new_tab_has_filter_buttons_and_one_whose_filter_was_taken_away_keeps_none(world: World) -> None:
    world.publish(tab(COLUMNS, SHAPE))
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Causes")
    assert grid.basic_filter is not None
    assert (grid.basic_filter["range"]["startRowIndex"], grid.basic_filter["range"]["endColumnIndex"]) == (0, 6)
    grid.basic_filter = None
    world.publish(tab(COLUMNS, replace(SHAPE, notes=("Another look.",))))
    assert grid.basic_filter is None


@pytest.mark.parametrize(
    ("tab_yaml", "message"),
    [
        ("charts: [{kind: pie, x: a, series: [b]}]", "there is no kind of chart 'pie'"),
        ("charts: [{kind: pareto, x: a, series: [b]}]", "a chart of kind pareto has 2 series, not 1"),
        ("charts: [{series: [b]}]", "a chart needs x"),
        ("charts: [{x: a}]", "a chart needs series"),
        ("charts: {x: a}", "must be a list of charts"),
        ("charts: [{x: a, series: [b], low: much}]", "low and high are numbers"),
        ("columns: {site: {link: 'javascript:alert(1)'}}", "a link starts with https://"),
        ("inputs: [{name: Root cause}]", "an input needs a name"),
        ("inputs: [{name: a}, {name: a}]", "two inputs are called 'a'"),
        ("inputs: [{name: a, options: yes please}]", "options must be a list"),
        ("vanished: delete", "must be empty, keep or mark"),
        ("audience: everybody", "must be auditees, or left out"),
    ],
)
def test_a_definition_says_what_is_wrong_with_it(tab_yaml: str, message: str) -> None:
    document = parse_yaml(f"tabs: [{{report: summary, {tab_yaml}}}]", file="d.yaml")
    with pytest.raises(ConfigError, match=message):
        parse(document, name="d", reports=("summary",))


def test_a_link_set_later_reaches_every_cell_of_its_column_that_is_ours(world: World) -> None:
    bare = replace(SHAPE, fields=(*SHAPE.fields, Field(name="ticket", label="Ticket", policy="keep")), charts=())
    columns = {**COLUMNS, "ticket": ["t:1", "t:2", None]}
    first = tab(columns, bare)
    world.publish(first)
    human, sheet = world.sandbox.human, world.spreadsheet
    human.edit(sheet, "Causes", 2, 6, "mine")
    human.sort(sheet, "Causes", 1)
    linked = replace(bare, fields=(*bare.fields[:-1], replace(bare.fields[-1], link="https://a.invalid/{id}")))
    base = {"causes": {key: {name: columns[name][at] for name in columns} for at, key in enumerate(columns["k"])}}
    assert world.publish(tab(columns, linked), base=base).data_cells == 0
    grid = next(one for one in world.sandbox.book(sheet).sheets if one.title == "Causes")
    shown = {}
    for row in range(1, 4):
        runs = (grid.cell(row, 6).other or {}).get("textFormatRuns")
        shown[world.cells("Causes")[row][6]] = runs[0]["format"]["link"]["uri"] if runs else None
    assert shown == {"t:1": "https://a.invalid/1", "mine": None, None: None}


def test_the_row_of_totals_is_set_off_wherever_it_is_sorted_to_and_no_longer_when_it_is_gone(world: World) -> None:
    shape = replace(SHAPE, total='all "in"', charts=())
    columns = {name: [*cells] for name, cells in COLUMNS.items()}
    columns["k"][0] = 'all "in"'
    world.publish(tab(columns, shape))

    def rules() -> list[Any]:
        grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Causes")
        return [rule for rule in grid.parts["conditionalFormats"] if "booleanRule" in rule]

    (rule,) = rules()
    assert rule["booleanRule"]["condition"]["values"] == [{"userEnteredValue": '=$A1="all ""in"""'}]
    assert [one["startColumnIndex"] for one in rule["ranges"]] == list(range(6))

    def bold() -> list[str]:
        world.sandbox.human.sort(world.spreadsheet, "Causes", 0)
        lines = "".join(pages_of(world.sandbox.book(world.spreadsheet)).values()).split("<tr")
        return [line for line in lines if "font-weight:bold" in line and "Cause" not in line]

    (line,) = bold()
    assert "all &quot;in" in line
    world.publish(tab(columns, replace(shape, total="")))
    assert (rules(), bold()) == ([], [])
