"""Cells on the wire: values as they are read, ExtendedValues as they are written. Nothing is ever parsed."""

from __future__ import annotations

import math
from typing import Any

from qa_sync.dashboards.cells import Cell

MAX_TEXT = 50_000
Json = dict[str, Any]


def read_cell(value: Any) -> Cell:
    """Return the cell of a JSON value; "" is empty.

    >>> read_cell(3), read_cell(""), read_cell(True), read_cell("3")
    (3.0, None, True, '3')
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool | str):
        return value
    return float(value)


def write_cell(cell: Cell) -> Json:
    """Return the CellData that holds a cell's value and nothing else; an empty one clears the value.

    >>> write_cell("=1+1"), write_cell(2.0), write_cell(None), write_cell(float("nan"))
    ({'userEnteredValue': {'stringValue': '=1+1'}}, {'userEnteredValue': {'numberValue': 2}}, {}, {})
    """
    if cell is None or cell == "":
        return {}
    if isinstance(cell, bool):
        return {"userEnteredValue": {"boolValue": cell}}
    if isinstance(cell, str):
        # Half a surrogate pair has no UTF-8; the planner cuts and repairs too, but no sink relies on that.
        text = cell.encode("utf-8", "replace").decode()[:MAX_TEXT]
        return {"userEnteredValue": {"stringValue": text}}
    number = float(cell)
    if not math.isfinite(number):
        return {}
    return {"userEnteredValue": {"numberValue": int(number) if number.is_integer() and abs(number) < 2**53 else number}}


def same_key(left: Cell, right: Cell) -> bool:
    """Tell whether two key cells name the same row, also where a sheet made a number of a text."""
    return key_text(left) == key_text(right)


def key_text(cell: Cell) -> str:
    """Return a key cell as the text it stands for; "" for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
