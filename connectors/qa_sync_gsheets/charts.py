"""Charts beside a tab's data, drawn from managed columns. A chart that a person moved stays where they put it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa_sync.dashboards.cells import Chart, TabShape
from qa_sync_gsheets import palette
from qa_sync_gsheets.looks import SIGN
from qa_sync_gsheets.marks import stable_number

Json = dict[str, Any]
WIDTH, HEIGHT, GAP = 640, 340, 24
#: Empty columns that a tab with charts has to the right of its data: one apart, and room for the chart.
ROOM = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Where the columns of a tab are once everything is written. ``end``: row index behind the last data row."""

    sheet_id: int
    head: int
    end: int
    places: Mapping[str, int]


def chart_id(shape: TabShape, chart: Chart) -> int:
    """Return the id of a chart: the same wherever and whenever it is made."""
    return 1 + stable_number(f"chart {shape.dashboard}/{shape.name}/{chart.name}", 2**31 - 2)


def sign(shape: TabShape, chart: Chart) -> str:
    """Return the text by which a chart is known as ours."""
    return f"{SIGN} chart {shape.dashboard}/{shape.name}/{chart.name}: {chart.title}"


def draw(shape: TabShape, here: Drawn, tabs: Mapping[str, Drawn], worn: Sequence[Json]) -> list[Json]:
    """Return the requests that make the charts of a tab what its shape says.

    Args:
        shape: whose charts.
        here: the tab they are shown on.
        tabs: all tabs of the dashboard that data may come from, by name.
        worn: the charts on the sheet now (chartId and spec.altText).
    """
    requests: list[Json] = []
    there = {one["chartId"] for one in worn}
    wanted = {chart_id(shape, chart) for chart in shape.charts}
    for one in worn:
        is_ours = str((one.get("spec") or {}).get("altText", "")).startswith(f"{SIGN} chart ")
        if is_ours and one["chartId"] not in wanted:
            requests.append({"deleteEmbeddedObject": {"objectId": one["chartId"]}})
    for number, chart in enumerate(shape.charts):
        data = tabs.get(chart.data)
        if data is None or any(name not in data.places for name in (chart.x, *chart.series, *chart.limits)):
            continue
        spec = _spec(shape, chart, data)
        if chart_id(shape, chart) in there:
            requests.append({"updateChartSpec": {"chartId": chart_id(shape, chart), "spec": spec}})
        else:
            requests.append(
                {
                    "addChart": {
                        "chart": {
                            "chartId": chart_id(shape, chart),
                            "spec": spec,
                            "position": _position(here, number, len(shape.inputs)),
                        }
                    }
                }
            )
    return requests


def _position(here: Drawn, number: int, beside: int) -> Json:
    column = max(here.places.values()) + 2 + beside
    return {
        "overlayPosition": {
            "anchorCell": {"sheetId": here.sheet_id, "rowIndex": here.head + 1, "columnIndex": column},
            "offsetXPixels": 0,
            "offsetYPixels": number * (HEIGHT + GAP),
            "widthPixels": WIDTH,
            "heightPixels": HEIGHT,
        }
    }


def _source(data: Drawn, name: str, *, head: bool = True) -> Json:
    # One empty row more than the data: rows inserted below the last one are then inside, and the chart grows.
    column = data.places[name]
    where = {
        "sheetId": data.sheet_id,
        "startRowIndex": data.head if head else data.head + 1,
        "endRowIndex": data.end + 1,
        "startColumnIndex": column,
        "endColumnIndex": column + 1,
    }
    return {"sourceRange": {"sources": [where]}}


_COLOURS = ("1f6fb2", "d9822b", "2e8b57", "9b3fa0", "b3261e", "5f6b7a")


def _ends(chart: Chart) -> Json:
    ends = {name: end for name, end in (("viewWindowMin", chart.low), ("viewWindowMax", chart.high)) if end is not None}
    return {"viewWindowOptions": {**ends, "viewWindowMode": "EXPLICIT"}} if ends else {}


def _spec(shape: TabShape, chart: Chart, data: Drawn) -> Json:
    spec = _intervals(chart, data) if chart.kind == "interval" else {"basicChart": _basic(chart, data)}
    return {
        "title": chart.title,
        "altText": sign(shape, chart),
        "titleTextFormat": {"fontSize": 13, "bold": True},
        **spec,
    }


def _intervals(chart: Chart, data: Drawn) -> Json:
    """Sheets draws no error bars; a candle without a body is a mark on a line from end to end."""
    value, low, high = ({"data": _source(data, name, head=False)} for name in chart.series)
    candle = {"lowSeries": low, "openSeries": value, "closeSeries": value, "highSeries": high}
    domain = {"data": _source(data, chart.x, head=False)}
    return {"candlestickChart": {"domain": domain, "data": [candle]}}


def _basic(chart: Chart, data: Drawn) -> Json:
    across = chart.kind == "bar"
    value_axis = "BOTTOM_AXIS" if across else "LEFT_AXIS"
    label_axis = "LEFT_AXIS" if across else "BOTTOM_AXIS"
    series = [
        {
            "series": _source(data, name),
            "targetAxis": value_axis,
            "colorStyle": palette.rgb(_COLOURS[at % len(_COLOURS)]),
        }
        for at, name in enumerate(chart.series)
    ]
    # The value axis is shown in the format of the data's own cells, percents as percents.
    axes = [{"position": label_axis}, {"position": value_axis, **_ends(chart)}]
    kind = chart.kind.upper()
    if chart.kind == "pareto":
        kind = "COMBO"
        series[0]["type"] = "COLUMN"
        series[1] |= {"type": "LINE", "targetAxis": "RIGHT_AXIS"}
        window = {"viewWindowMin": 0, "viewWindowMax": 1, "viewWindowMode": "EXPLICIT"}
        axes.append({"position": "RIGHT_AXIS", "viewWindowOptions": window})
    series += [
        {
            "series": _source(data, name),
            "targetAxis": value_axis,
            "colorStyle": palette.LIMIT,
            "lineStyle": {"type": "MEDIUM_DASHED", "width": 1},
            **({"type": "LINE"} if kind == "COMBO" else {}),
        }
        for name in chart.limits
    ]
    return {
        "chartType": kind,
        "legendPosition": "TOP_LEGEND",
        "headerCount": 1,
        "axis": axes,
        "domains": [{"domain": _source(data, chart.x)}],
        "series": series,
    }
