"""The colours a cell ends up with: its own format, alternating bands, and conditional rules over both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from qa_sync_gsheets.a1 import Box, column_index
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.typed import CellFailure

Json = dict[str, Any]
Rgb = tuple[float, float, float]


@dataclass(slots=True)
class Look:
    """What a cell looks like, as far as the page shows it."""

    fill: str = ""
    ink: str = ""
    bold: bool = False
    italic: bool = False
    align: str = ""
    valign: str = ""
    size: int = 10
    wrap: bool = False
    borders: Json = field(default_factory=dict)


def rgb_of(colour: Json | None, style: Json | None = None) -> Rgb | None:
    """Return a colour's red, green and blue (0..1); unset parts are 0."""
    if style is not None:
        colour = style.get("rgbColor")
    if colour is None:
        return None
    return float(colour.get("red", 0)), float(colour.get("green", 0)), float(colour.get("blue", 0))


def css(rgb: Rgb | None) -> str:
    """Return a colour as CSS text.

    >>> css((1.0, 0.5, 0.0))
    '#ff8000'
    """
    return "" if rgb is None else "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def cell_look(form: Json | None) -> Look:
    """Return the look that a cell's own format gives."""
    form = form or {}
    text = form.get("textFormat") or {}
    return Look(
        fill=css(rgb_of(form.get("backgroundColor"), form.get("backgroundColorStyle"))),
        ink=css(rgb_of(text.get("foregroundColor"), text.get("foregroundColorStyle"))),
        bold=bool(text.get("bold")),
        italic=bool(text.get("italic")),
        align=str(form.get("horizontalAlignment", "")).lower(),
        valign={"TOP": "top", "MIDDLE": "middle", "BOTTOM": "bottom"}.get(str(form.get("verticalAlignment")), ""),
        size=int(text.get("fontSize", 10)),
        wrap=form.get("wrapStrategy") == "WRAP",
        borders=form.get("borders") or {},
    )


def box_of(where: Json) -> Box:
    """Return the rectangle of a GridRange."""
    rows, columns = ("startRowIndex", "endRowIndex"), ("startColumnIndex", "endColumnIndex")
    return Box(*(where.get(name) for name in (*rows, *columns)))


def inside(grid: Grid, where: Json, row: int, column: int) -> bool:
    """Tell whether a position lies in a GridRange of this sheet."""
    box = box_of(where)
    return (box.top or 0) <= row < (len(grid.rows) if box.bottom is None else box.bottom) and (
        box.left or 0
    ) <= column < (len(grid.columns) if box.right is None else box.right)


def band_fill(grid: Grid, row: int, column: int) -> str:
    """Return the colour of the alternating band at a position."""
    for band in grid.parts["bandedRanges"]:
        where = band["range"]
        if not inside(grid, where, row, column):
            continue
        rows = band.get("rowProperties") or {}
        offset = row - (where.get("startRowIndex") or 0)
        header = rows.get("headerColorStyle") or rows.get("headerColor")
        if header and offset == 0:
            name = "headerColor"
        else:
            name = "firstBandColor" if (offset - bool(header)) % 2 == 0 else "secondBandColor"
        return css(rgb_of(rows.get(name), rows.get(name + "Style")))
    return ""


class Rules:
    """The conditional rules of one sheet, with the extremes that gradients need worked out once."""

    def __init__(self, grid: Grid, value_at: Any) -> None:
        self._grid = grid
        self._value_at = value_at
        self._rules = [(rule, self._extremes(rule, value_at)) for rule in grid.parts["conditionalFormats"]]

    def _extremes(self, rule: Json, value_at: Any) -> tuple[float, float]:
        if "gradientRule" not in rule:
            return 0.0, 0.0
        height, _ = self._grid.used()
        numbers: list[float] = []
        for where in rule["ranges"]:
            top, bottom, left, right = self._grid.bounded(box_of(where))
            for row in range(top, min(bottom, height)):
                values = (value_at(row, column) for column in range(left, right))
                numbers += [value for value in values if isinstance(value, float) and not isinstance(value, bool)]
        return (min(numbers), max(numbers)) if numbers else (0.0, 0.0)

    def paint(self, look: Look, row: int, column: int, value: Any) -> None:
        """Let the first rule that holds colour a cell."""
        for rule, extremes in self._rules:
            if not any(inside(self._grid, where, row, column) for where in rule["ranges"]):
                continue
            if "gradientRule" in rule:
                fill = gradient(rule["gradientRule"], value, extremes)
                if fill:
                    look.fill = fill
                    return
            elif self._holds(rule, row, value):
                other = cell_look(rule["booleanRule"].get("format"))
                look.fill = other.fill or look.fill
                look.ink = other.ink or look.ink
                look.bold = other.bold or look.bold
                return

    def _holds(self, rule: Json, row: int, value: Any) -> bool:
        """A formula is understood where it compares a cell of the row with a text, such as =$A1="Total"."""
        condition = rule["booleanRule"].get("condition") or {}
        if condition.get("type") != "CUSTOM_FORMULA":
            return holds(condition, value)
        found = _ROW_FORMULA.match(condition["values"][0].get("userEnteredValue", ""))
        if not found:
            return False
        down = row - (rule["ranges"][0].get("startRowIndex") or 0)
        return bool(self._value_at(int(found[2]) - 1 + down, column_index(found[1])) == found[3].replace('""', '"'))


_ROW_FORMULA = re.compile(r'=\$([A-Z]{1,3})(\d+)="((?:[^"]|"")*)"\Z')


def holds(condition: Json, value: Any) -> bool:
    """Tell whether a condition of a rule holds for a value."""
    kind = condition.get("type", "")
    words = [str(one.get("userEnteredValue", "")) for one in condition.get("values") or []]
    if kind == "BLANK":
        return value in (None, "")
    if kind == "NOT_BLANK":
        return value not in (None, "")
    if kind.startswith("TEXT_"):
        if not isinstance(value, str) or isinstance(value, CellFailure):
            return False
        text, word = value.casefold(), words[0].casefold()
        return {
            "TEXT_EQ": text == word,
            "TEXT_CONTAINS": word in text,
            "TEXT_NOT_CONTAINS": word not in text,
            "TEXT_STARTS_WITH": text.startswith(word),
            "TEXT_ENDS_WITH": text.endswith(word),
        }.get(kind, False)
    if kind.startswith("NUMBER_") and isinstance(value, float) and not isinstance(value, bool):
        return _number_holds(kind, value, [float(word) for word in words])
    return False


def _number_holds(kind: str, value: float, bounds: Sequence[float]) -> bool:
    first, last = bounds[0], bounds[-1]
    return {
        "NUMBER_GREATER": value > first,
        "NUMBER_GREATER_THAN_EQ": value >= first,
        "NUMBER_LESS": value < first,
        "NUMBER_LESS_THAN_EQ": value <= first,
        "NUMBER_EQ": value == first,
        "NUMBER_NOT_EQ": value != first,
        "NUMBER_BETWEEN": first <= value <= last,
        "NUMBER_NOT_BETWEEN": not first <= value <= last,
    }.get(kind, False)


def gradient(rule: Json, value: Any, extremes: tuple[float, float]) -> str:
    """Return the colour of a number on a two- or three-point scale."""
    if not isinstance(value, float) or isinstance(value, bool):
        return ""
    points: list[tuple[float, Rgb]] = []
    for name in ("minpoint", "midpoint", "maxpoint"):
        point = rule.get(name)
        colour = rgb_of(point.get("color"), point.get("colorStyle")) if point else None
        if point and colour:
            points.append((_place(point, extremes), colour))
    if not points:
        return ""
    if value <= points[0][0]:
        return css(points[0][1])
    for (low, one), (high, other) in pairwise(points):
        if value <= high:
            share = (value - low) / (high - low) if high > low else 1.0
            return css(
                (
                    one[0] + (other[0] - one[0]) * share,
                    one[1] + (other[1] - one[1]) * share,
                    one[2] + (other[2] - one[2]) * share,
                )
            )
    return css(points[-1][1])


def _place(point: Json, extremes: tuple[float, float]) -> float:
    kind, (low, high) = point.get("type"), extremes
    if kind == "MIN":
        return low
    if kind == "MAX":
        return high
    number = float(point.get("value", 0))
    return low + (high - low) * number / 100 if kind in {"PERCENT", "PERCENTILE"} else number
