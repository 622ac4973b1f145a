"""What the spreadsheet has beside values: sheets, and what they wear. Read only when a tab is made or dressed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_sync_gsheets.looks import Dressing

Json = dict[str, Any]
FIELDS = (
    "sheets(properties(sheetId,title,index),conditionalFormats,bandedRanges(bandedRangeId,range),"
    "protectedRanges(protectedRangeId,description),charts(chartId,spec.altText))"
)


@dataclass(slots=True)
class Inventory:
    """Sheets in order, by id: titles and dressings. Grows as tabs are planned."""

    titles: dict[int, str] = field(default_factory=dict)
    dressings: Mapping[int, Dressing] = field(default_factory=dict)

    def free_title(self, title: str) -> str:
        """Return the title, with a number where a tab of that name exists."""
        taken = {one.casefold() for one in self.titles.values()}
        title = title[:90] or "Tab"
        shown, number = title, 2
        while shown.casefold() in taken:
            shown, number = f"{title} ({number})", number + 1
        return shown

    def free_id(self, sheet_id: int) -> int:
        """Return the sheet id, or the next one that no sheet has."""
        while sheet_id in self.titles:
            sheet_id = sheet_id % (2**31 - 2) + 1
        return sheet_id

    def add(self, sheet_id: int, title: str, index: int) -> None:
        """Take in a sheet that is about to be made at ``index``."""
        items = list(self.titles.items())
        items.insert(index, (sheet_id, title))
        self.titles = dict(items)

    def place(self, sheet_id: int) -> int:
        """Return the index of a sheet, -1 where there is none."""
        return next((at for at, one in enumerate(self.titles) if one == sheet_id), -1)


def read_inventory(call: Callable[..., Any]) -> Inventory:
    """Ask for all sheets."""
    answer = call("GET", "", params={"fields": FIELDS})
    sheets = sorted(answer.get("sheets") or [], key=lambda sheet: sheet["properties"].get("index", 0))
    return Inventory(
        titles={sheet["properties"].get("sheetId", 0): sheet["properties"]["title"] for sheet in sheets},
        dressings={
            sheet["properties"].get("sheetId", 0): Dressing(
                rules=sheet.get("conditionalFormats") or [],
                bands=sheet.get("bandedRanges") or [],
                protections=sheet.get("protectedRanges") or [],
                charts=sheet.get("charts") or [],
            )
            for sheet in sheets
        },
    )
