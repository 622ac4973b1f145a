"""Data filters: which metadata entries a lookup selects, and which cells a filter means."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.workbook import Metadata, Workbook

Json = dict[str, Any]


def location_type(entry: Metadata) -> str:
    """Return SPREADSHEET, SHEET, ROW or COLUMN."""
    if entry.sheet_id is None:
        return "SPREADSHEET"
    if entry.dimension is None:
        return "SHEET"
    return "ROW" if entry.dimension == "ROWS" else "COLUMN"


def position(book: Workbook, entry: Metadata) -> int:
    """Return where the row or column of an entry is now."""
    grid = book.sheet(entry.sheet_id)
    assert entry.dimension is not None  # noqa: S101
    return grid.line(entry.dimension).index(entry.line_id or 0)


def to_json(book: Workbook, entry: Metadata) -> Json:
    """Return the DeveloperMetadata of an entry."""
    location: Json = {"locationType": location_type(entry)}
    if entry.sheet_id is None:
        location["spreadsheet"] = True
    elif entry.dimension is None:
        location["sheetId"] = entry.sheet_id
    else:
        at = position(book, entry)
        location["dimensionRange"] = {
            "sheetId": entry.sheet_id,
            "dimension": entry.dimension,
            "startIndex": at,
            "endIndex": at + 1,
        }
    answer: Json = {"metadataId": entry.id, "metadataKey": entry.key}
    if entry.value:
        answer["metadataValue"] = entry.value
    return {**answer, "location": location, "visibility": entry.visibility}


def matches(book: Workbook, entry: Metadata, lookup: Json) -> bool:
    """Tell whether an entry satisfies every field of a DeveloperMetadataLookup."""
    if lookup.get("metadataId") is not None and entry.id != lookup["metadataId"]:
        return False
    if lookup.get("metadataKey") is not None and entry.key != lookup["metadataKey"]:
        return False
    if lookup.get("metadataValue") is not None and entry.value != lookup["metadataValue"]:
        return False
    if lookup.get("visibility") and entry.visibility != lookup["visibility"]:
        return False
    if lookup.get("locationType") and location_type(entry) != lookup["locationType"]:
        return False
    place = lookup.get("metadataLocation")
    if not place:
        if lookup.get("locationMatchingStrategy"):
            raise Refusal(400, "locationMatchingStrategy requires a metadataLocation.")
        return True
    return _at(book, entry, place, exact=lookup.get("locationMatchingStrategy") == "EXACT_LOCATION")


def _at(book: Workbook, entry: Metadata, place: Json, *, exact: bool) -> bool:
    if place.get("spreadsheet"):
        return entry.sheet_id is None
    if entry.sheet_id is None:
        return False
    if place.get("dimensionRange"):
        where = place["dimensionRange"]
        if entry.sheet_id != where.get("sheetId", 0):
            return False
        start, end = where.get("startIndex", 0), where.get("endIndex", 0)
        if end - start != 1:
            raise Refusal(400, "A metadata location must be a single row or column.")
        if entry.dimension == where.get("dimension"):
            return bool(position(book, entry) == start)
        return not exact  # the sheet, and every crossing line, intersects
    if entry.sheet_id != place.get("sheetId", 0):
        return False
    return entry.dimension is None or not exact


def entries_of(book: Workbook, data_filter: Json) -> list[Metadata]:
    """Return the metadata entries that one data filter selects."""
    lookup = data_filter.get("developerMetadataLookup")
    if lookup is not None:
        return [entry for entry in _candidates(book, lookup) if matches(book, entry, lookup)]
    boxes = boxes_of(book, data_filter)
    return [entry for entry in book.all_metadata() if any(_inside(book, entry, grid, box) for grid, box in boxes)]


def _candidates(book: Workbook, lookup: Json) -> list[Metadata]:
    """An id names one entry: thousands of filters by id need no search through all."""
    number = lookup.get("metadataId")
    if number is None:
        return book.all_metadata()
    first = [book.metadata[number]] if number in book.metadata else []
    return first + [entry for entry in book.doubles if entry.id == number]


def _inside(book: Workbook, entry: Metadata, grid: Grid, box: Box) -> bool:
    if entry.sheet_id != grid.sheet_id:
        return False
    if entry.dimension is None:
        return True
    top, bottom, left, right = grid.bounded(box)
    at = position(book, entry)
    return top <= at < bottom if entry.dimension == "ROWS" else left <= at < right


def boxes_of(book: Workbook, data_filter: Json) -> list[tuple[Grid, Box]]:
    """Return the rectangles of cells that one data filter selects; none when nothing matches."""
    if data_filter.get("a1Range") is not None:
        return [book.resolve(data_filter["a1Range"])]
    if data_filter.get("gridRange") is not None:
        return [book.grid_range(data_filter["gridRange"])]
    found: list[tuple[Grid, Box]] = []
    for entry in entries_of(book, data_filter):
        if entry.sheet_id is None:
            found.extend((grid, Box()) for grid in book.sheets)
        elif entry.dimension is None:
            found.append((book.sheet(entry.sheet_id), Box()))
        else:
            at = position(book, entry)
            box = Box(at, at + 1, None, None) if entry.dimension == "ROWS" else Box(None, None, at, at + 1)
            found.append((book.sheet(entry.sheet_id), box))
    return found
