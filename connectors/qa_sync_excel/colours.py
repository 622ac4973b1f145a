"""Colours and number formats, by meaning. Few, pale, and told apart by people who see no red or green."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa_sync.dashboards.cells import Field, TabShape

INK, PAPER, SLATE, RULE = "#1F2933", "#FFFFFF", "#2F4858", "#D9DEE3"
ANALYST = "#FFF4CE"
FONT = {"font_name": "Calibri", "font_size": 10, "font_color": INK}
SERIES = ("#2F6690", "#E07A1F", "#4C9A6A", "#8E5EA2", "#B03A48", "#6B7B8C", "#C9A227", "#3CAEA3")
LIMIT = "#8A6D6D"
LINK = "#1F5FA8"
TABS = ("#2F4858", "#2F6690", "#4C9A6A", "#E07A1F", "#8E5EA2", "#6B7B8C")
#: The line under each cell, which takes the place of the grid.
LINE = {"bottom": 1, "bottom_color": "#E4E8EB"}

_RED = {"bg_color": "#F8CBC6", "font_color": "#8C1D18"}
_ORANGE = {"bg_color": "#FCE0BF", "font_color": "#7F4A00"}
_BLUE = {"bg_color": "#CFE2F3", "font_color": "#174A7C"}
_GREEN = {"bg_color": "#D5EBD8", "font_color": "#1E5631"}
_PALE_GREEN = {"bg_color": "#EAF5EC", "font_color": "#1E5631"}
_YELLOW = {"bg_color": "#FFF4CE", "font_color": "#6B5200"}
_TOTAL = {"bg_color": "#E6EBF2", "bold": True}
_GREY = {"bg_color": "#E9ECEF", "font_color": "#52606D"}

#: First match wins. A class may be written as CRITICAL_MISS or as "Critical miss".
OUTCOMES: tuple[tuple[str, dict[str, str]], ...] = (
    ("CRITICAL", _RED),
    ("LENIENT", _ORANGE),
    ("STRICT", _BLUE),
    ("EXACT", _GREEN),
    ("WITHIN", _PALE_GREEN),
    ("SAME", _YELLOW),
    ("DIFFERENT", _YELLOW),
    ("UNSCORED", _YELLOW),
    ("AMBIGUOUS", _GREY),
    ("UNMATCHED", _GREY),
    ("NOT", _GREY),
    ("EXCLUDED", _GREY),
    ("VOIDED", _GREY),
    ("AUDITEE", _GREY),
)


def number_format(field: Field) -> str:
    """Return Excel's number format of a column; signed numbers show their sign."""
    decimals = "." + "0" * field.decimals if field.decimals else ""
    if field.kind == "integer":
        return "#,##0"
    if field.kind == "number":
        plain = f"#,##0{decimals}"
        return f"+{plain};-{plain};{plain}" if field.tone == "leniency" else plain
    if field.kind == "percent":
        plain = f"0{decimals}%"
        return f"+{plain};-{plain};{plain}" if field.tone == "leniency" else plain
    # Excel shows booleans as words whatever the format; others take them for 1 and 0 and need to be told.
    words = '"TRUE";"TRUE";"FALSE"'
    return {"date": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm", "boolean": words}.get(field.kind, "General")


def alignment(field: Field) -> str:
    """Return how a column is aligned: figures to the right, words to the left."""
    return {"text": "left", "boolean": "center", "date": "center", "time": "center"}.get(field.kind, "right")


def total_condition(shape: TabShape) -> list[dict[str, Any]]:
    """Return the conditional format that sets off the row of totals, wherever people have sorted it to."""
    if not shape.total:
        return []
    # The key is a tab's first column; the formula is read from the first data row on.
    quoted = shape.total.replace('"', '""')
    return [{"type": "formula", "criteria": f'=$A2="{quoted}"', "format": _TOTAL, "stop_if_true": True}]


def conditions(field: Field, cells: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the conditional formats of a column; a "format" in them is the properties of one, yet to be made."""
    if field.tone == "outcome":
        return [
            {"type": "text", "criteria": "begins with", "value": name, "format": look, "stop_if_true": True}
            for name, look in OUTCOMES
        ]
    numbers = [abs(cell) for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool)]
    if not numbers:
        return []
    if field.tone == "leniency":
        edge = max(*numbers, 1e-9) if len(numbers) > 1 else numbers[0] or 1e-9
        return [
            {
                "type": "3_color_scale",
                "min_type": "num",
                "mid_type": "num",
                "max_type": "num",
                "min_value": -edge,
                "mid_value": 0,
                "max_value": edge,
                "min_color": "#8DB8DE",
                "mid_color": PAPER,
                "max_color": "#F5B36B",
            }
        ]
    if field.tone == "share":
        return [
            {
                "type": "3_color_scale",
                "min_type": "num",
                "mid_type": "num",
                "max_type": "num",
                "min_value": 0.4,
                "mid_value": 0.75,
                "max_value": 1,
                "min_color": "#F2A49B",
                "mid_color": "#FFF4CE",
                "max_color": "#A8D5B0",
            }
        ]
    if field.tone == "share_bad":
        return [
            {
                "type": "2_color_scale",
                "min_type": "num",
                "max_type": "num",
                "min_value": 0,
                "max_value": 0.3,
                "min_color": PAPER,
                "max_color": "#F2A49B",
            }
        ]
    if field.tone == "heat":
        return [
            {
                "type": "2_color_scale",
                "min_type": "num",
                "max_type": "num",
                "min_value": 0,
                "max_value": max(*numbers, 1),
                "min_color": PAPER,
                "max_color": "#8DB8DE",
            }
        ]
    if field.tone == "bar":
        return [
            {
                "type": "data_bar",
                "data_bar_2010": True,
                "bar_solid": True,
                "bar_color": "#BBD3E6",
                "bar_border_color": "#BBD3E6",
                "min_type": "num",
                "min_value": 0,
            }
        ]
    return []
