"""A1 notation: 'My sheet'!B2:D, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CELL = re.compile(r"^\$?([A-Za-z]{1,3})?\$?([1-9]\d*)?$")
_PLAIN_TITLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_LOOKS_LIKE_CELL = re.compile(r"^([A-Za-z]{1,3}[0-9]+|[Rr]\d*[Cc]\d*)$")


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open rectangle of a sheet; None is unbounded."""

    top: int | None = None
    bottom: int | None = None
    left: int | None = None
    right: int | None = None


def column_letters(index: int) -> str:
    """Return the letters of a column counted from 0.

    >>> column_letters(0), column_letters(25), column_letters(26), column_letters(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Return the column of some letters, counted from 0.

    >>> column_index("A"), column_index("aa")
    (0, 26)
    """
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def quote_title(title: str) -> str:
    """Quote a sheet title where A1 notation needs it.

    >>> quote_title("Sheet1"), quote_title("A1"), quote_title("Bob's tab")
    ('Sheet1', "'A1'", "'Bob''s tab'")
    """
    if _PLAIN_TITLE.match(title) and not _LOOKS_LIKE_CELL.match(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def split_range(text: str) -> tuple[str | None, str]:
    """Split "'My sheet'!A1:B2" into title (None when absent) and cells ("" when absent)."""
    if text.startswith("'"):
        match = re.match(r"^'((?:[^']|'')*)'(?:!(.*))?$", text)
        if match:
            return match[1].replace("''", "'"), match[2] or ""
        return text, ""
    title, mark, cells = text.rpartition("!")
    return (title, cells) if mark else (None, text)


def parse_cells(text: str) -> Box | None:
    """Return the rectangle that "B2:D" means, or None when it is not a range of cells.

    >>> parse_cells("B2:D"), parse_cells("C"), parse_cells("?")
    (Box(top=1, bottom=None, left=1, right=4), None, None)
    """
    first, colon, last = text.partition(":")
    a = _CELL.match(first)
    if not a or not first:
        return None
    if not colon:
        if not (a[1] and a[2]):
            return None
        row, column = int(a[2]) - 1, column_index(a[1])
        return Box(row, row + 1, column, column + 1)
    b = _CELL.match(last)
    if not b or not last:
        return None
    rows = sorted(int(part[2]) - 1 for part in (a, b) if part[2])
    columns = sorted(column_index(part[1]) for part in (a, b) if part[1])
    top = rows[0] if rows else None
    bottom = rows[1] + 1 if len(rows) == 2 else None
    left = columns[0] if columns else None
    right = columns[1] + 1 if len(columns) == 2 else None
    if b[2] and not a[2]:
        top, bottom = None, int(b[2])
    return Box(top, bottom, left, right)


def format_range(title: str, top: int, bottom: int, left: int, right: int) -> str:
    """Return the A1 text of a bounded rectangle; one cell has no colon."""
    first = f"{column_letters(left)}{top + 1}"
    last = f"{column_letters(right - 1)}{bottom}"
    return f"{quote_title(title)}!{first}" + ("" if first == last else f":{last}")
