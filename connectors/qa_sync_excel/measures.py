"""How wide and high cells must be, so that no number shows as #### and no header is cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from qa_sync.dashboards.cells import Field

#: Width of an analyst's column in pixels.
OWN_WIDTH = 150
#: Pixels of a digit and of a bold letter of Calibri 10, rounded up: other systems draw with wider fonts.
_DIGIT, _LETTER = 7.5, 7.0
_PADDING, _BUTTON, _LINE, _ROW, _INDENT = 14, 20, 16, 20, 9
_WIDEST, _HIGHEST = 800, 400
#: A column of texts grows to this before its texts are wrapped.
_READ = 320


def column_pixels(field: Field, label: str, cells: Sequence[Any]) -> int:
    """Return a column's width: as wished, or more where a number or a word of the header needs it."""
    word = max((len(part) for part in label.split()), default=0) * _LETTER + _BUTTON
    if field.kind == "text":
        needed = max(min(_longest(cells) * _LETTER + _PADDING + _INDENT, _READ), word + _INDENT)
    else:
        needed = max(_characters(field, cells) * _DIGIT + _PADDING, word)
    return min(max(field.width, math.ceil(needed)), _WIDEST)


def needs_wrapping(cells: Sequence[Any], width: int) -> bool:
    """Tell whether a text of a column does not fit its width in one line."""
    return _longest(cells) > letters_in(width) or any(isinstance(cell, str) and "\n" in cell for cell in cells)


def letters_in(width: int) -> int:
    """Return how many letters of a text a column of this width holds in one line."""
    return int((width - _PADDING - _INDENT) / _LETTER)


def _longest(cells: Sequence[Any]) -> int:
    return max((len(cell) for cell in cells if isinstance(cell, str)), default=0)


def _characters(field: Field, cells: Sequence[Any]) -> int:
    fixed = {"date": 10, "time": 16, "boolean": 6}.get(field.kind)
    if fixed:
        return fixed
    numbers = [cell for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool)]
    if not numbers:
        return 0
    extremes = (min(numbers), max(numbers))
    if field.kind == "percent":
        return max(len(f"{number * 100:+.{field.decimals}f}%") for number in extremes)
    decimals = 0 if field.kind == "integer" else field.decimals
    return max(len(f"{number:+,.{decimals}f}") for number in extremes)


def header_pixels(labels: Sequence[str], widths: Sequence[int]) -> int:
    """Return the height of the header row, so that each label fits in its width.

    >>> header_pixels(["Pairs", "A label of some forty letters, in 100 px"], [80, 100])
    76
    """
    lines = max(
        (_lines(label, width - _BUTTON, _LETTER) for label, width in zip(labels, widths, strict=True)), default=1
    )
    return min(max(36, 12 + _LINE * lines), 140)


def row_pixels(wrapped: Sequence[tuple[Any, int]]) -> int:
    """Return a row's height, given its wrapped cells and their widths."""
    lines = 1
    for cell, width in wrapped:
        if isinstance(cell, str) and (len(cell) > letters_in(width) or "\n" in cell):
            room = width - _PADDING - _INDENT
            lines = max(lines, sum(_lines(line, room, _LETTER) for line in cell.split("\n")))
    return min(_ROW + _LINE * (lines - 1), _HIGHEST)


def _lines(label: str, room: float, letter: float) -> int:
    room, lines, used = max(room, 20), 1, 0.0
    for word in label.split(" "):
        pixels = len(word) * letter
        if used and used + letter / 2 + pixels > room:
            lines, used = lines + 1, 0.0
        used += pixels + (letter / 2 if used else 0)
        while used > room:  # a word longer than the line is broken
            lines, used = lines + 1, used - room
    return lines
