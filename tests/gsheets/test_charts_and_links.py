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
        ("audience: everybody", "must be auditees, or left out"),
    ],
)
def test_a_definition_says_what_is_wrong_with_it(tab_yaml: str, message: str) -> None:
    document = parse_yaml(f"tabs: [{{report: summary, {tab_yaml}}}]", file="d.yaml")
    with pytest.raises(ConfigError, match=message):
        parse(document, name="d", reports=("summary",))
