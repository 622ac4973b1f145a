"""Dates that have the full width of a format of plain numbers, such as 01/31/2025 09:05:00, many at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFormat:
    """Where the digits of a date stand: ``numbers`` by directive as (start, width), ``marks`` by position."""

    width: int
    numbers: dict[str, tuple[int, int]]
    marks: dict[int, int]

    def read(self, letters: npt.NDArray[np.uint8]) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Return local seconds since 1970, and whether a row is such a date; ``letters`` are rows × ``width``."""
        good = np.ones(len(letters), dtype=bool)
        for at, mark in self.marks.items():
            good &= letters[:, at] == mark
        values: dict[str, Numbers] = {}
        for directive in _WIDTHS:
            start, width = self.numbers.get(directive, (0, 0))
            digits = letters[:, start : start + width].astype(np.int64) - ord("0")
            good &= ((digits >= 0) & (digits <= 9)).all(axis=1)
            values[directive] = digits @ (10 ** np.arange(width - 1, -1, -1, dtype=np.int64))
        year, month, day = values["%Y"], values["%m"], values["%d"]
        good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
        good &= (values["%H"] <= 23) & (values["%M"] <= 59) & (values["%S"] <= 59)
        months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
        days = months.astype("M8[M]").astype("M8[D]") + np.where(good, day - 1, 0)
        good &= days.astype("M8[M]").astype(np.int64) == months
        clock = values["%H"] * 3600 + values["%M"] * 60 + values["%S"]
        return days.astype(np.int64) * 86_400 + clock, good


def plain_formats(formats: Sequence[str]) -> list[PlainFormat]:
    """Return the formats that can be read this way with the same result as trying all formats in order.

    A text of the full width of one could also be a date of an earlier one that has the same marks between its
    numbers, or other directives: such formats, and all behind the latter, are left out.
    """
    found: list[PlainFormat] = []
    seen: set[str] = set()
    for form in formats:
        pieces = re.findall(r"%.|[^%]+", form)
        directives = [piece for piece in pieces if piece.startswith("%")]
        if not form.isascii() or not set(directives) <= set(_WIDTHS) or len(set(directives)) < len(directives):
            break
        marks = "".join(re.sub(r"\s+", " ", piece) for piece in pieces if piece not in directives)
        if any(mark.isdigit() for mark in marks):
            break
        if marks not in seen and {"%Y", "%m", "%d"} <= set(directives):
            found.append(_placed(pieces))
        seen.add(marks)
    return found


def _placed(pieces: Sequence[str]) -> PlainFormat:
    numbers: dict[str, tuple[int, int]] = {}
    marks: dict[int, int] = {}
    width = 0
    for piece in pieces:
        if piece in _WIDTHS:
            numbers[piece] = (width, _WIDTHS[piece])
            width += _WIDTHS[piece]
        else:
            marks |= {width + at: ord(mark) for at, mark in enumerate(piece)}
            width += len(piece)
    return PlainFormat(width=width, numbers=numbers, marks=marks)
