"""Charts and notes: in a row below a short table, in a column to the right of a long one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa_sync.dashboards.cells import SERIES_OF, Chart
from qa_sync_excel.colours import INK, LIMIT, RULE, SERIES
from qa_sync_excel.merging import Sheet
from qa_sync_excel.texts import displayable

#: A table of more rows pushes what is below it off the first screen.
_SHORT = 25
_CHART, _NOTES, _GAP = (680, 330), 420, 20
_FONT = {"name": "Calibri", "size": 9, "color": INK}


class Figures:
    """Places the figures of each sheet; knows all sheets, because a chart may show another one's columns."""

    def __init__(self, book: Any, sheets: Mapping[str, Sheet]) -> None:
        self._book = book
        self._sheets = sheets

    def place(self, worksheet: Any, sheet: Sheet) -> None:
        """Put the charts and notes of one sheet beside or below its table."""
        charts = [
            (made, self._height(sheet, chart))
            for chart in sheet.shape.charts
            if (made := self._chart(sheet, chart)) is not None
        ]
        width = len(sheet.shape.fields) + len(sheet.own_headers)
        below = sheet.height <= _SHORT
        row, column = (max(sheet.height, 1) + 2, 0) if below else (1, width + 1)
        boxes: list[tuple[Any, int, int]] = [(made, _CHART[0], high) for made, high in charts]
        if sheet.shape.notes:
            text = "\n\n".join(displayable(note) for note in sheet.shape.notes)
            wide = _NOTES if charts and below else 620
            lines = sum(1 + len(line) * 7 // (wide - 20) for line in text.split("\n"))
            notes = (text, wide, 20 + 16 * lines)
            boxes.insert(1 if charts and below else 0, notes)
        x = y = tallest = 0
        for at, (box, wide, high) in enumerate(boxes):
            options = {"x_offset": x + 4, "y_offset": y + 4, "object_position": 2 if below else 3}
            if isinstance(box, str):
                worksheet.insert_textbox(
                    row,
                    column,
                    box,
                    {
                        **options,
                        "width": wide,
                        "height": high,
                        "fill": {"color": "#F7F9FA"},
                        "line": {"color": RULE},
                        "font": {**_FONT, "size": 10},
                        "align": {"vertical": "top"},
                        "description": "Notes on this sheet",
                    },
                )
            else:
                box.set_size({"width": wide, "height": high})
                worksheet.insert_chart(row, column, box, {**options, "description": box.title_text})
            tallest = max(tallest, high)
            if below and at % 2 == 0:
                x += wide + _GAP
            else:
                x, y, tallest = 0, y + tallest + _GAP, 0

    def _height(self, sheet: Sheet, chart: Chart) -> int:
        """Bars lie one below the other and need room for their names."""
        data = self._data(sheet, chart)
        return min(max(_CHART[1], 90 + 17 * data.wanted), 900) if chart.kind == "bar" and data else _CHART[1]

    def _data(self, sheet: Sheet, chart: Chart) -> Sheet | None:
        return self._sheets.get(f"{sheet.shape.dashboard}/{chart.data}")

    def _chart(self, sheet: Sheet, chart: Chart) -> Any:
        """Return a chart, or None where its tab or columns are not in this workbook or hold nothing."""
        data = self._data(sheet, chart)
        names = data.shape.field_names if data else ()
        series = [name for name in chart.series if name in names]
        if data is None or not data.wanted or chart.x not in names or not series:
            return None
        if len(series) < SERIES_OF.get(chart.kind, 1):
            return None
        drawn_as = {"pareto": "column", "interval": "stock"}.get(chart.kind, chart.kind)
        made = self._book.add_chart({"type": drawn_as})
        x = names.index(chart.x)
        if chart.kind == "interval":
            self._add_intervals(made, data, names, x, series)
            series = []
        if chart.kind == "pareto":
            made.combine(self._share_line(data, names, x, series.pop()))
        for at, name in enumerate(series):
            column = names.index(name)
            colour = SERIES[at % len(SERIES)]
            look: dict[str, Any] = (
                {"fill": {"color": colour}, "gap": 60}
                if drawn_as != "line"
                else {
                    "line": {"color": colour, "width": 2.25},
                    "marker": {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}},
                }
            )
            made.add_series({**_ranges(data, column, x), **look})
        for name in (one for one in chart.limits if one in names):
            made.add_series(
                {
                    **_ranges(data, names.index(name), x),
                    "line": {"color": LIMIT, "width": 1, "dash_type": "dash"},
                    "marker": {"type": "none"},
                }
            )
        values: dict[str, Any] = {
            "num_format": "0%" if chart.percent else "General",
            "num_font": _FONT,
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": RULE, "width": 0.75}},
        }
        ends: dict[str, Any] = {"min": chart.low, "max": chart.high}
        values |= {name: end for name, end in ends.items() if end is not None}
        kinds = {one.name: one.kind for one in data.shape.fields}
        names_axis: dict[str, Any] = {
            "num_font": _FONT,
            "line": {"color": RULE},
            "label_position": "low",
            "major_tick_mark": "none",
        }
        if chart.kind == "interval":
            names_axis["text_axis"] = True
        if kinds[chart.x] in ("date", "time"):
            names_axis |= {"date_axis": True, "num_format": "yyyy-mm-dd"}
        if chart.kind == "bar":  # the first row of the table is the upmost bar
            names_axis["reverse"] = True
            made.set_y_axis(names_axis)
            made.set_x_axis({**values, "label_position": "high"})
        else:
            made.set_x_axis(names_axis)
            made.set_y_axis(values)
        made.title_text = chart.title
        made.set_title(
            {
                "name": chart.title,
                "name_font": {"name": "Calibri", "size": 12, "bold": True, "color": INK},
                "overlay": False,
            }
        )
        many = len(series) + len(chart.limits) > 1 or chart.kind == "pareto"
        made.set_legend({"position": "bottom", "font": _FONT} if many else {"none": True})
        made.set_chartarea({"border": {"color": RULE}})
        made.show_blanks_as("gap")
        made.show_hidden_data()
        return made

    def _add_intervals(self, made: Any, data: Sheet, names: Sequence[str], x: int, series: Sequence[str]) -> None:
        """High, low and value of a stock chart: a mark on a line, in every program that opens workbooks."""
        value, low, high = series[:3]
        for name in (high, low, value):
            marker: dict[str, Any] = {"type": "none"}
            if name == value:
                marker = {"type": "square", "size": 7, "fill": {"color": SERIES[0]}, "border": {"color": SERIES[0]}}
            ranges = _ranges(data, names.index(name), x)
            made.add_series({**ranges, "line": {"none": True}, "marker": marker})
        made.set_high_low_lines({"line": {"color": SERIES[0], "width": 1.75}})

    def _share_line(self, data: Sheet, names: Sequence[str], x: int, name: str) -> Any:
        """The line of a Pareto chart: the cumulative share, on an axis of its own at the right."""
        line = self._book.add_chart({"type": "line"})
        look = {"color": SERIES[1], "width": 2}
        ranges = _ranges(data, names.index(name), x)
        line.add_series({**ranges, "line": look, "marker": {"type": "circle", "size": 4}, "y2_axis": True})
        line.set_y2_axis({"num_format": "0%", "min": 0, "max": 1, "num_font": _FONT, "line": {"none": True}})
        return line


def _ranges(data: Sheet, column: int, x: int) -> dict[str, Any]:
    """Return where a series has its name, its categories and its values."""
    return {
        "name": [data.title, 0, column],
        "categories": [data.title, 1, x, data.wanted, x],
        "values": [data.title, 1, column, data.wanted, column],
    }
