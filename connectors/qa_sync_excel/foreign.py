"""Sheets that people added to the workbook: carried over with values, formulas and plain formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_sync_excel.book import Book, cell_of
from qa_sync_excel.merging import OwnCell
from qa_sync_excel.pen import Pen, write_own


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSheet:
    """A sheet that is not ours: (row, column) → cell and looks; widths by column in characters."""

    title: str
    cells: Mapping[tuple[int, int], tuple[OwnCell, Mapping[str, Any]]]
    widths: Mapping[int, float] = field(default_factory=dict)
    hidden: bool = False
    frozen: tuple[int, int] = (0, 0)
    merged: Sequence[tuple[int, int, int, int]] = ()


def read_foreign(book: Book, titles: Sequence[str]) -> list[ForeignSheet]:
    """Read people's own sheets. Formulas keep the value they last had."""
    if not titles:
        return []
    made: list[ForeignSheet] = []
    with book.opened(read_only=False) as opened:
        for title in titles:
            if title not in opened.sheetnames or not hasattr(opened[title], "iter_rows"):
                continue  # a chart sheet
            sheet, values = opened[title], book.cells(title)
            cells = {
                (cell.row - 1, cell.column - 1): (_own(cell, values), _look(cell))
                for row in sheet.iter_rows()
                for cell in row
                if cell.value is not None or (cell.has_style and cell.fill.fill_type == "solid")
            }
            frozen = sheet.freeze_panes
            at = sheet[frozen] if isinstance(frozen, str) else None
            made.append(
                ForeignSheet(
                    title=title,
                    cells=cells,
                    hidden=sheet.sheet_state != "visible",
                    widths=_widths(sheet),
                    frozen=(at.row - 1, at.column - 1) if at is not None else (0, 0),
                    merged=[
                        (one.min_row - 1, one.min_col - 1, one.max_row - 1, one.max_col - 1)
                        for one in sheet.merged_cells.ranges
                    ],
                )
            )
    return made


def _widths(sheet: Any) -> dict[int, float]:
    widths: dict[int, float] = {}
    for dimension in sheet.column_dimensions.values():
        if dimension.width and dimension.min and dimension.max and dimension.customWidth:
            widths |= dict.fromkeys(range(dimension.min - 1, min(dimension.max, 200)), dimension.width)
    return widths


def _own(cell: Any, values: Sequence[Sequence[Any]]) -> OwnCell:
    row, column = cell.row - 1, cell.column - 1
    known = values[row][column] if row < len(values) and column < len(values[row]) else None
    if cell.data_type == "f":
        formula = str(getattr(cell.value, "text", cell.value))
        return OwnCell(value=known, formula=formula, number_format=cell.number_format)
    return OwnCell(value=cell_of(cell.value) if cell.value is not None else None, number_format=cell.number_format)


def _look(cell: Any) -> dict[str, Any]:
    look: dict[str, Any] = {}
    if not cell.has_style:
        return look
    if cell.font.b:
        look["bold"] = True
    if cell.font.i:
        look["italic"] = True
    if cell.fill.fill_type == "solid" and (colour := _rgb(cell.fill.fgColor)):
        look["bg_color"] = colour
    if colour := _rgb(cell.font.color):
        look["font_color"] = colour
    if cell.alignment.wrap_text:
        look["text_wrap"] = True
    if cell.alignment.horizontal in ("left", "center", "right"):
        look["align"] = cell.alignment.horizontal
    return look


def _rgb(colour: Any) -> str:
    value = getattr(colour, "rgb", None)
    return f"#{value[-6:]}" if getattr(colour, "type", "") == "rgb" and isinstance(value, str) else ""


def draw_foreign(worksheet: Any, sheet: ForeignSheet, pen: Pen) -> None:
    """Draw a person's sheet as it was read."""
    for column, width in sheet.widths.items():
        worksheet.set_column(column, column, width)
    for first_row, first_column, last_row, last_column in sheet.merged:
        worksheet.merge_range(first_row, first_column, last_row, last_column, "")
    for (row, column), (cell, look) in sheet.cells.items():
        write_own(worksheet, row, column, cell, pen, look)
    if sheet.frozen != (0, 0):
        worksheet.freeze_panes(*sheet.frozen)
    if sheet.hidden:
        worksheet.hide()
