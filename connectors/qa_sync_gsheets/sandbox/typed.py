"""Typing into a cell: what USER_ENTERED makes of a text, and what a cell shows of its value."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.cell import CELL_TEXT_LIMIT, Cell, Formula, Value, plain_number
from qa_sync_gsheets.sandbox.formula import NO_SUCH_PLACE, FormulaError, evaluate
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.serial import DATE_KINDS, general, show, to_serial
from qa_sync_gsheets.sandbox.workbook import Workbook

_NUMBER = re.compile(r"^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?$")
_DATES = (
    ("%Y-%m-%d", "DATE", "yyyy-mm-dd"),
    ("%m/%d/%Y", "DATE", "m/d/yyyy"),
    ("%Y-%m-%d %H:%M:%S", "DATE_TIME", "yyyy-mm-dd hh:mm:ss"),
    ("%Y-%m-%d %H:%M", "DATE_TIME", "yyyy-mm-dd hh:mm"),
)


class CellFailure(str):
    """An error value that a formula shows, such as #DIV/0!."""

    __slots__ = ()


def entered(value: Any, cell: Cell, *, parse: bool) -> Cell | None:
    """Return the cell after a value is written to it; None when nothing is to change.

    null leaves a cell as it is, "" clears its value. With ``parse`` the text is read as if typed.
    """
    if value is None:
        return None
    new: Value
    look = cell.format
    if isinstance(value, bool):
        new = value
    elif isinstance(value, (int, float)):
        new = float(value)
    elif isinstance(value, str):
        if len(value) > CELL_TEXT_LIMIT:
            raise Refusal(400, "Your input contains more than the maximum of 50000 characters in a single cell.")
        new, form = _typed(value) if parse else (value or None, None)
        if form and not (look or {}).get("numberFormat"):
            look = {**(look or {}), "numberFormat": form}
    else:
        raise Refusal(400, f"Invalid values: cannot write a {type(value).__name__}")
    return Cell(new, look, cell.note, cell.validation, cell.other)


def _typed(text: str) -> tuple[Value, dict[str, str] | None]:
    if not text:
        return None, None
    if text.startswith("'"):
        return text[1:], None
    if text.startswith("=") and len(text) > 1:
        return Formula(text), None
    if text.upper() in {"TRUE", "FALSE"}:
        return text.upper() == "TRUE", None
    bare = text.strip()
    if _NUMBER.match(bare) and any(letter.isdigit() for letter in bare):
        return float(bare.replace(",", "")), None
    if bare.endswith("%") and _NUMBER.match(bare[:-1]) and any(letter.isdigit() for letter in bare):
        pattern = "0.00%" if "." in bare else "0%"
        return float(bare[:-1].replace(",", "")) / 100, {"type": "PERCENT", "pattern": pattern}
    for form, kind, pattern in _DATES:
        try:
            moment = datetime.strptime(bare, form)  # noqa: DTZ007  (a sheet's dates have no zone)
        except ValueError:
            continue
        return to_serial(moment), {"type": kind, "pattern": pattern}
    return text, None


def effective(book: Workbook, grid: Grid, cell: Cell, depth: int = 0) -> Value | CellFailure:
    """Return the value that a cell shows: its own, or what its formula gives."""
    if not isinstance(cell.value, Formula):
        return cell.value
    if depth > 20:
        return CellFailure("#REF!")

    def look(title: str | None, box: Box) -> list[Any]:
        sheet = grid if title is None else book.titled(title)
        if sheet is None:
            raise FormulaError(NO_SUCH_PLACE)
        top, bottom, left, right = sheet.bounded(box)
        used = sheet.used()
        values = []
        for row in range(top, max(min(bottom, used[0]), top + 1)):
            for column in range(left, right):
                value = effective(book, sheet, sheet.cell(row, column), depth + 1)
                if isinstance(value, CellFailure):
                    raise FormulaError(str(value))
                values.append(value)
        return values

    try:
        value = evaluate(cell.value, look)
    except FormulaError as error:
        return CellFailure(str(error))
    except (TypeError, IndexError, OverflowError, ValueError, Refusal):
        return CellFailure("#ERROR!")
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def formatted(value: Value | CellFailure, form: dict[str, Any] | None) -> str:
    """Return the text that a person sees."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return str(value)
    return show(value, form)


def rendered(book: Workbook, grid: Grid, cell: Cell, value_option: str, date_option: str) -> Any:
    """Return a cell as the values methods do; an empty one is ""."""
    if cell.value is None:
        return ""
    if value_option == "FORMULA" and isinstance(cell.value, Formula):
        return str(cell.value)
    value = effective(book, grid, cell)
    form = (cell.format or {}).get("numberFormat")
    if value_option in {"", "FORMATTED_VALUE"}:
        return formatted(value, form)
    if isinstance(value, float):
        dated = form is not None and form.get("type") in DATE_KINDS
        return formatted(value, form) if dated and date_option == "FORMATTED_STRING" else plain_number(value)
    return value if value is not None else ""


def plain(value: Value | CellFailure) -> str:
    """Return a value as unformatted text."""
    return general(value) if isinstance(value, float) and not isinstance(value, bool) else formatted(value, None)
