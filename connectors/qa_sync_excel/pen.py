"""Formats, each made once for a workbook, and cells written with them as a person had them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_sync_excel.colours import FONT
from qa_sync_excel.merging import OwnCell
from qa_sync_excel.texts import displayable


@dataclass(slots=True)
class Pen:
    """Gives the format with some properties, on top of the workbook's font."""

    book: Any
    made: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def __call__(self, **properties: Any) -> Any:
        """Return the format; the same object for the same properties."""
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format({**FONT, "valign": "top", **properties})
        return self.made[key]


def write_own(
    worksheet: Any, row: int, column: int, cell: OwnCell, pen: Pen, look: Mapping[str, Any] | None = None
) -> None:
    """Write a cell as a person had it."""
    properties = dict(look or {})
    if cell.number_format != "General":
        properties["num_format"] = cell.number_format
    made = pen(**properties)
    if cell.formula is not None:
        worksheet.write_formula(row, column, cell.formula, made, 0 if cell.value is None else cell.value)
    elif isinstance(cell.value, str):
        worksheet.write_string(row, column, displayable(cell.value), made)
    elif isinstance(cell.value, bool):
        worksheet.write_boolean(row, column, cell.value, made)
    elif cell.value is None:
        worksheet.write_blank(row, column, None, made)
    else:
        worksheet.write_number(row, column, cell.value, made)
