"""Tell formulas from texts that begin with an equals sign: the values methods show both alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from qa_sync.dashboards.cells import PresentTab
from qa_sync_gsheets.looks import runs
from qa_sync_gsheets.reading import Layout, suspects

Json = dict[str, Any]
FIELDS = "sheets(properties.sheetId,data(startRow,startColumn,rowData.values.userEnteredValue.formulaValue))"
#: Ranges that are looked at one by one; with more, one range covers each column.
MOST_RANGES = 300


def find_formulas(tabs: Mapping[str, PresentTab], call: Callable[..., Any]) -> dict[str, PresentTab]:
    """Return the tabs with ``formulas`` filled in: one more call where any text begins with "=", else none."""
    asked = {name: found for name, tab in tabs.items() if (found := suspects(tab))}
    if not asked:
        return dict(tabs)
    ranges: list[Json] = []
    for name, cells in asked.items():
        ranges += _ranges(tabs[name].handle, cells)
    answer = call(
        "POST",
        ":getByDataFilter",
        params={"fields": FIELDS},
        body={
            "dataFilters": [{"gridRange": one} for one in ranges],
            "includeGridData": True,
        },
    )
    there = _formulas(answer)
    result = dict(tabs)
    for name, cells in asked.items():
        layout: Layout = tabs[name].handle
        sheet = layout.marks.sheet_id
        real = {(r, f) for r, f in cells if (sheet, layout.sheet_row(r), layout.columns[f]) in there}
        result[name] = replace(tabs[name], formulas=frozenset(real))
    return result


def _ranges(layout: Layout, cells: list[tuple[int, str]]) -> list[Json]:
    rows: dict[str, list[int]] = {}
    for row, name in cells:
        rows.setdefault(name, []).append(layout.sheet_row(row))
    found: list[Json] = []
    for name, places in rows.items():
        parts = runs(sorted(places))
        if len(parts) > MOST_RANGES:
            parts = [(parts[0][0], parts[-1][1])]
        column = layout.columns[name]
        found += [
            {
                "sheetId": layout.marks.sheet_id,
                "startRowIndex": top,
                "endRowIndex": bottom,
                "startColumnIndex": column,
                "endColumnIndex": column + 1,
            }
            for top, bottom in parts
        ]
    return found


def _formulas(answer: Json) -> set[tuple[int, int, int]]:
    found: set[tuple[int, int, int]] = set()
    for sheet in answer.get("sheets") or []:
        number = sheet["properties"].get("sheetId", 0)
        for data in sheet.get("data") or []:
            top, left = data.get("startRow", 0), data.get("startColumn", 0)
            for down, row in enumerate(data.get("rowData") or []):
                for across, cell in enumerate(row.get("values") or []):
                    if "formulaValue" in (cell.get("userEnteredValue") or {}):
                        found.add((number, top + down, left + across))
    return found
