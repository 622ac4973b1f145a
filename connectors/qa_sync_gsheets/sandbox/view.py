"""A page that shows an emulated spreadsheet in a browser: formats, colours, widths, frozen lines, charts."""

from __future__ import annotations

import html
import re
from typing import Any

from qa_sync_gsheets.a1 import column_letters
from qa_sync_gsheets.sandbox.cell import Cell
from qa_sync_gsheets.sandbox.chart_svg import chart_svg
from qa_sync_gsheets.sandbox.drive import Drive
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.paint import Look, Rules, band_fill, cell_look
from qa_sync_gsheets.sandbox.typed import effective, formatted
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]
MOST_ROWS = 1000
ROW_HEIGHT = 24
_MARGIN = 46
_PATH = re.compile(r"^/(?:view|spreadsheets/d)/([^/]+)(?:/edit|/)?$")

_STYLE = """
body{margin:0;font:13px Arial,Helvetica,sans-serif;color:#202124;background:#f8f9fa}
header{padding:10px 16px;background:#fff;border-bottom:1px solid #dadce0;display:flex;align-items:baseline;gap:14px}
header h1{font-size:18px;font-weight:400;margin:0}header small{color:#5f6368}
nav{padding:6px 10px;background:#f1f3f4;border-bottom:1px solid #dadce0;white-space:nowrap;overflow-x:auto}
nav a{display:inline-block;padding:6px 14px;margin-right:2px;color:#5f6368;text-decoration:none}
nav a.on{background:#fff;color:#188038;font-weight:bold;box-shadow:inset 0 -3px #188038}
main{position:relative;overflow:auto;height:calc(100vh - 92px);background:#fff}
table{border-collapse:separate;border-spacing:0;table-layout:fixed}
th{background:#f8f9fa;color:#5f6368;font-weight:400;font-size:11px}
th{border-right:1px solid #dadce0;border-bottom:1px solid #dadce0}
thead th{position:sticky;top:0;z-index:3}thead th:first-child{left:0;z-index:5}
tbody th{position:sticky;left:0;z-index:2}
td{border-right:1px solid #e8eaed;border-bottom:1px solid #e8eaed;padding:0 5px;overflow:hidden;white-space:nowrap;
text-overflow:clip;background-color:#fff;vertical-align:bottom;line-height:20px}
td.w{white-space:pre-wrap;overflow-wrap:anywhere;line-height:17px;padding-top:3px;padding-bottom:3px}
td.n{background-image:linear-gradient(225deg,#f9ab00 5px,transparent 5.5px)}
td a{color:#1155cc}
tr.f td,tr.f th{position:sticky;top:22px;z-index:2}
td.k{position:sticky;left:46px;z-index:1;border-right:2px solid #bdc1c6}
tr.f td.k{z-index:4}.chart{position:absolute;box-shadow:0 1px 3px #0003}
"""


def page_for(drive: Drive, path: str, query: dict[str, list[str]]) -> str | None:
    """Return the page of a path, or None where there is none."""
    if path in {"/", "/view", "/view/"}:
        return _index(drive)
    match = _PATH.match(path)
    file = drive.files.get(match[1]) if match else None
    if file is None:
        return None
    book = file.book
    shown = _visible(book)
    wanted = query.get("gid", [""])[-1]
    grid = next((one for one in book.sheets if str(one.sheet_id) == wanted), shown[0])
    return _page(book, grid, {one.sheet_id: f"?gid={one.sheet_id}" for one in shown})


def pages_of(book: Workbook) -> dict[str, str]:
    """Return a page for each visible tab that holds anything, by file name, with links between them."""
    shown = [grid for grid in _visible(book) if grid.used() != (0, 0)]
    slugs = [re.sub(r"[^a-z0-9]+", "-", grid.title.lower()).strip("-") or str(grid.sheet_id) for grid in shown]
    names = {
        grid.sheet_id: "sheet.html" if at == 0 else f"sheet-{at + 1}-{slug}.html"
        for at, (grid, slug) in enumerate(zip(shown, slugs, strict=True))
    }
    return {names[grid.sheet_id]: _page(book, grid, names) for grid in shown}


def _visible(book: Workbook) -> list[Grid]:
    return [grid for grid in book.sheets if not grid.properties.get("hidden")]


def _index(drive: Drive) -> str:
    items = "".join(
        f'<li><a href="/view/{html.escape(file_id)}">{html.escape(file.book.title)}</a></li>'
        for file_id, file in drive.files.items()
    )
    return f"<!doctype html><meta charset=utf-8><title>Sheets sandbox</title><h1>Spreadsheets</h1><ul>{items}</ul>"


def _page(book: Workbook, grid: Grid, links: dict[int, str]) -> str:
    """Return the page of one tab; ``links`` leads to the tabs (by sheet id) that are shown at all."""
    tabs = "".join(
        f'<a class="{"on" if one is grid else ""}" href="{links[one.sheet_id]}">{html.escape(one.title)}</a>'
        for one in book.sheets
        if one.sheet_id in links
    )
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{html.escape(book.title)}</title>"
        f"<style>{_STYLE}</style></head><body><header><h1>{html.escape(book.title)}</h1>"
        f"<small>emulated spreadsheet on this computer; nothing here is at Google</small></header><nav>{tabs}</nav>"
        f"<main>{_table(book, grid)}{_charts(book, grid)}</main></body></html>"
    )


def _widths(grid: Grid) -> list[int]:
    sizes = grid.sizes["COLUMNS"]
    return [
        0 if sizes.get(cid, {}).get("hiddenByUser") else int(sizes.get(cid, {}).get("pixelSize", 100))
        for cid in grid.columns
    ]


def _extent(grid: Grid) -> tuple[int, int]:
    """Return how much to show: what is used, some empty lines more, and what the charts cover."""
    height, width = grid.used()
    for chart in grid.parts["charts"]:
        anchor = _anchor(chart)
        width = max(width, int(anchor.get("columnIndex", 0)) + 7)
        height = max(height, int(anchor.get("rowIndex", 0)) + 17)
    return min(len(grid.rows), max(height + 3, 12), MOST_ROWS), min(len(grid.columns), max(width + 1, 6))


def _table(book: Workbook, grid: Grid) -> str:
    height, width = _extent(grid)
    widths = _widths(grid)[:width]
    frozen_rows = int(grid.grid_properties.get("frozenRowCount", 0))
    frozen_columns = int(grid.grid_properties.get("frozenColumnCount", 0))
    rules = Rules(grid, lambda row, column: effective(book, grid, grid.cell(row, column)))
    columns = [column for column in range(width) if widths[column]]
    out = [f'<table style="width:{_MARGIN + sum(widths)}px"><colgroup><col style="width:{_MARGIN}px">']
    out += [f'<col style="width:{widths[column]}px">' for column in columns]
    letters = "".join(f"<th>{column_letters(column)}</th>" for column in columns)
    out.append(f'</colgroup><thead><tr style="height:22px"><th></th>{letters}</tr></thead><tbody>')
    for row in range(height):
        size = grid.sizes["ROWS"].get(grid.rows[row], {})
        if size.get("hiddenByUser"):
            continue
        pixels = int(size.get("pixelSize", ROW_HEIGHT))
        kind = ' class="f"' if row < min(frozen_rows, 1) else ""
        out.append(f'<tr{kind} style="height:{pixels}px"><th>{row + 1}</th>')
        out += [_cell(book, grid, rules, row, column, key=column < min(frozen_columns, 1)) for column in columns]
        out.append("</tr>")
    used = grid.used()[0]
    out.append("</tbody></table>")
    if used > height:
        out.append(f"<p>… and {used - height} more rows</p>")
    return "".join(out)


def _cell(book: Workbook, grid: Grid, rules: Rules, row: int, column: int, *, key: bool) -> str:
    cell = grid.cell(row, column)
    value = effective(book, grid, cell)
    look = cell_look(cell.format)
    look.fill = look.fill or band_fill(grid, row, column)
    rules.paint(look, row, column, value)
    names = [name for name, on in (("k", key), ("w", look.wrap), ("n", bool(cell.note))) if on]
    text = formatted(value, (cell.format or {}).get("numberFormat"))
    if isinstance(value, bool) and ((cell.validation or {}).get("condition") or {}).get("type") == "BOOLEAN":
        text = "\u2611" if value else "\u2610"
    if not look.align and isinstance(value, float):
        look.align = "center" if isinstance(value, bool) else "right"
    css = _css(look)
    note = f' title="{html.escape(cell.note)}"' if cell.note else ""
    style = f' style="{css}"' if css else ""
    kind = f' class="{" ".join(names)}"' if names else ""
    inside = html.escape(text[:500])
    link = _link(cell)
    if link and inside:
        inside = f'<a href="{html.escape(link)}">{inside}</a>'
    return f"<td{kind}{style}{note}>{inside}</td>"


def _link(cell: Cell) -> str:
    """Return where the whole text of a cell leads; "" nowhere."""
    runs = (cell.other or {}).get("textFormatRuns") or []
    found = ((runs[0].get("format") or {}).get("link") or {}).get("uri", "") if runs else ""
    return str(found) if str(found).startswith(("https://", "http://")) else ""


def _css(look: Look) -> str:
    parts = [
        f"background-color:{look.fill}" if look.fill else "",
        f"color:{look.ink}" if look.ink else "",
        "font-weight:bold" if look.bold else "",
        "font-style:italic" if look.italic else "",
        f"text-align:{look.align}" if look.align else "",
        f"vertical-align:{look.valign}" if look.valign else "",
        f"font-size:{look.size + 3}px" if look.size != 10 else "",
    ]
    return ";".join(part for part in parts if part)


def _anchor(chart: Json) -> Json:
    overlay = (chart.get("position") or {}).get("overlayPosition") or {}
    anchor: Json = overlay.get("anchorCell") or {}
    return anchor


def _charts(book: Workbook, grid: Grid) -> str:
    widths = _widths(grid)
    out: list[str] = []
    for chart in grid.parts["charts"]:
        overlay = (chart.get("position") or {}).get("overlayPosition") or {}
        anchor = _anchor(chart)
        left = _MARGIN + sum(widths[: int(anchor.get("columnIndex", 0))]) + int(overlay.get("offsetXPixels", 0))
        above = grid.rows[: int(anchor.get("rowIndex", 0))]
        heights = (int(grid.sizes["ROWS"].get(rid, {}).get("pixelSize", ROW_HEIGHT)) for rid in above)
        top = 22 + sum(heights) + int(overlay.get("offsetYPixels", 0))
        width, height = int(overlay.get("widthPixels", 600)), int(overlay.get("heightPixels", 371))
        drawing = chart_svg(book, chart, width, height)
        out.append(f'<div class="chart" style="left:{left}px;top:{top}px">{drawing}</div>')
    return "".join(out)
