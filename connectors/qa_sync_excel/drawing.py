"""Draw a workbook from sheets: tables with filters, formats, colours; charts and notes where they hide nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from qa_sync.dashboards.cells import Cell, Field, Input
from qa_sync_excel.colours import (
    ANALYST,
    FONT,
    LINE,
    LINK,
    PAPER,
    RULE,
    SLATE,
    TABS,
    alignment,
    conditions,
    number_format,
    total_condition,
)
from qa_sync_excel.figures import Figures
from qa_sync_excel.foreign import ForeignSheet, draw_foreign
from qa_sync_excel.measures import OWN_WIDTH, column_pixels, header_pixels, needs_wrapping, row_pixels
from qa_sync_excel.merging import OwnCell, Sheet
from qa_sync_excel.pen import Pen, write_own
from qa_sync_excel.registry import SHEET, Registered, identity, rows_of
from qa_sync_excel.texts import displayable, displayable_options, table_names

#: Equal contents are equal bytes, so a workbook says when its data are from, not when it was drawn.
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - Excel's properties have no zone
#: Excel's limits: letters of an address, and links of a sheet (65,530, for all its columns together).
_LONGEST_LINK, _MOST_LINKS = 2_079, 20_000
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_format_properties": FONT,
}


def draw(
    sheets: Sequence[Sheet], hashes: Mapping[str, str], *, title: str, foreign: Sequence[ForeignSheet] = ()
) -> bytes:
    """Return a workbook's bytes.

    Args:
        sheets: our tabs in order; the first that is not hidden is what opens.
        hashes: identity of a tab → hash of its look.
        title: for the document's properties.
        foreign: people's own sheets, to be put behind ours.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, _OPTIONS)
    notes = [note for sheet in sheets if not sheet.shape.hidden for note in sheet.shape.notes]
    book.set_properties(
        {"title": title, "author": "qa-sync", "comments": "\n".join(dict.fromkeys(notes))[:2000], "created": _CREATED}
    )
    pen = Pen(book)
    worksheets = [book.add_worksheet(sheet.title) for sheet in sheets]
    names = table_names([(sheet.shape.dashboard, sheet.shape.name) for sheet in sheets])
    for at, (worksheet, sheet) in enumerate(zip(worksheets, sheets, strict=True)):
        worksheet.set_tab_color(TABS[min(at, len(TABS) - 1)])
        _draw_table(worksheet, sheet, names[at], pen)
        _dress(worksheet, sheet)
        if sheet.shape.hidden:
            worksheet.hide()
    figures = Figures(book, {identity(sheet.shape): sheet for sheet in sheets})
    for worksheet, sheet in zip(worksheets, sheets, strict=True):
        figures.place(worksheet, sheet)
    for one in foreign:
        draw_foreign(book.add_worksheet(one.title), one, pen)
    _draw_registry(book, sheets, hashes)
    visible = [worksheet for worksheet, sheet in zip(worksheets, sheets, strict=True) if not sheet.shape.hidden]
    if visible:
        visible[0].activate()
        visible[0].set_first_sheet()
    book.close()
    return target.getvalue()


def _draw_table(worksheet: Any, sheet: Sheet, name: str, pen: Pen) -> None:
    fields = sheet.shape.fields
    height = max(sheet.height, 1)  # a table has at least one row
    width = len(fields) + len(sheet.own_headers)
    head = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": RULE}
    # Figures are right-aligned, but their headers centred: the filter's button covers the right end.
    columns = [
        {
            "header": label,
            "header_format": pen(
                **head,
                bg_color=SLATE,
                font_color=PAPER,
                **({"align": "left", "indent": 1} if one.kind == "text" else {"align": "center"}),
            ),
        }
        for one, label in zip(fields, sheet.labels, strict=True)
    ]
    columns += [{"header": label, "header_format": pen(**head, bg_color=ANALYST)} for label in sheet.own_headers]
    worksheet.add_table(0, 0, height, width - 1, {"name": name, "style": "Table Style Light 1", "columns": columns})
    widths = [
        column_pixels(one, label, cells) for one, label, cells in zip(fields, sheet.labels, sheet.columns, strict=True)
    ]
    worksheet.set_row_pixels(
        0, header_pixels([*sheet.labels, *sheet.own_headers], [*widths, *[OWN_WIDTH] * len(sheet.own_headers)])
    )
    worksheet.freeze_panes(1, 1)
    worksheet.ignore_errors({"number_stored_as_text": _span(height, width)})
    wrapped = [
        at for at, one in enumerate(fields) if one.kind == "text" and needs_wrapping(sheet.columns[at], widths[at])
    ]
    for row in range(sheet.height):
        # Said outright, because not every program fits heights to wrapped texts when it opens a workbook.
        worksheet.set_row_pixels(row + 1, row_pixels([(sheet.columns[at][row], widths[at]) for at in wrapped]))
    hot = [cell for one, cells in zip(fields, sheet.columns, strict=True) if one.tone == "heat" for cell in cells]
    for at, (one, cells) in enumerate(zip(fields, sheet.columns, strict=True)):
        look: dict[str, Any] = {"num_format": number_format(one), "align": alignment(one), **LINE}
        if one.kind == "text":
            look["indent"] = 1  # or it would stick to the figure on its left
        if at in wrapped:
            look["text_wrap"] = True
        if one.name == sheet.shape.key:
            look["bold"] = True
        _write_column(worksheet, at, one, cells, pen, look)
        worksheet.set_column_pixels(at, at, widths[at])
        for condition in (*total_condition(sheet.shape), *conditions(one, hot if one.tone == "heat" else cells)):
            if "format" in condition:
                condition["format"] = pen.book.add_format(condition["format"])
            worksheet.conditional_format(1, at, height, at, condition)
        _offer(worksheet, at, height, one)
    inputs = {one.label: one for one in sheet.shape.inputs}
    for at, own in enumerate(sheet.own, start=len(fields)):
        asked = inputs.get(sheet.own_headers[at - len(fields)])
        worksheet.set_column_pixels(at, at, asked.width if asked else OWN_WIDTH)
        if asked:
            _offer(worksheet, at, height, asked)
            _explain(worksheet, at, asked)
        for row, cell in enumerate(own, start=1):
            if cell is not None:
                write_own(worksheet, row, at, cell, pen, {**LINE, "num_format": cell.number_format})


def _offer(worksheet: Any, at: int, height: int, asked: Field | Input) -> None:
    """Offer the options of a column for people; another text is taken after a question."""
    offered = displayable_options(asked.options)
    if offered:
        worksheet.data_validation(
            1, at, height, at, {"validate": "list", "source": offered, "error_type": "warning", "ignore_blank": True}
        )


def _explain(worksheet: Any, at: int, asked: Input) -> None:
    if asked.doc:
        worksheet.write_comment(0, at, displayable(asked.doc), {"width": 260, "font_size": 9, "author": "qa-sync"})


def _write_column(
    worksheet: Any, at: int, one: Field, cells: Sequence[Cell | OwnCell], pen: Pen, look: dict[str, Any]
) -> None:
    plain = pen(**look)
    linked = pen(**{**look, "font_color": LINK, "underline": 1}) if one.link else plain
    # Serial numbers before 1900-03-01 are other days in Excel than everywhere else: they are shown as numbers.
    early = pen(**{**look, "num_format": "General"}) if one.kind in ("date", "time") else plain
    for row, cell in enumerate(cells, start=1):
        if isinstance(cell, OwnCell):
            write_own(worksheet, row, at, cell, pen, look)
        elif isinstance(cell, str):
            address = one.address(cell)
            if not address or len(address) > _LONGEST_LINK or row > _MOST_LINKS:
                worksheet.write_string(row, at, displayable(cell), plain)
            else:
                worksheet.write_url(row, at, address, linked, displayable(cell))
        elif isinstance(cell, bool):
            worksheet.write_boolean(row, at, cell, plain)
        elif cell is None:
            worksheet.write_blank(row, at, None, plain)
        else:
            worksheet.write_number(row, at, cell, early if cell < 61 else plain)


def _dress(worksheet: Any, sheet: Sheet) -> None:
    """Header comments and what concerns printing."""
    for at, one in enumerate(sheet.shape.fields):
        if one.doc:
            lines = 2 + len(one.doc) // 42 + one.doc.count("\n")
            worksheet.write_comment(
                0,
                at,
                displayable(one.doc),
                {"width": 260, "height": 18 * lines, "font_size": 9, "color": "#FFFDF5", "author": "qa-sync"},
            )
    worksheet.hide_gridlines(2)
    worksheet.set_landscape()
    worksheet.set_paper(9)
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(0)
    worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    worksheet.set_footer("&L&A&RPage &P of &N")


def _span(height: int, width: int) -> str:
    return str(xlsxwriter.utility.xl_range(0, 0, height, width - 1))


def _draw_registry(book: Any, sheets: Sequence[Sheet], hashes: Mapping[str, str]) -> None:
    registered = [
        Registered(
            shape=sheet.shape,
            shape_hash=hashes[identity(sheet.shape)],
            title=sheet.title,
            labels=dict(zip(sheet.shape.field_names, sheet.labels, strict=True)),
            own=sheet.own_headers,
            texts=sheet.texts(),
        )
        for sheet in sheets
    ]
    worksheet = book.add_worksheet(SHEET)
    for at, row in enumerate(rows_of(registered)):
        for column, text in enumerate(row):
            if row[0] == "field" and column == 3:
                worksheet.write_formula(at, column, text, None, row[4])
            else:
                worksheet.write_string(at, column, text)
    worksheet.very_hidden()
