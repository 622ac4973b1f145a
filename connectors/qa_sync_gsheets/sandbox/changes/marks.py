"""Requests about developer metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qa_sync_gsheets.sandbox.lookup import entries_of, to_json
from qa_sync_gsheets.sandbox.masks import parse_mask
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.workbook import Metadata, Workbook

Json = dict[str, Any]


def _place(book: Workbook, location: Json) -> dict[str, Any]:
    where = location.get("dimensionRange")
    if where:
        grid = book.sheet(where.get("sheetId"))
        start, end = where.get("startIndex") or 0, where.get("endIndex") or 0
        if end - start != 1 or where.get("dimension") not in {"ROWS", "COLUMNS"}:
            raise Refusal(400, "A metadata location must be a single row or column.")
        line = grid.line(where["dimension"])
        if start >= len(line):
            raise Refusal(400, f"The sheet has no {where['dimension'].lower()} at index {start}.")
        return {"sheet_id": grid.sheet_id, "dimension": where["dimension"], "line_id": line[start]}
    if location.get("sheetId") is not None:
        return {"sheet_id": book.sheet(location["sheetId"]).sheet_id, "dimension": None, "line_id": None}
    if location.get("spreadsheet"):
        return {"sheet_id": None, "dimension": None, "line_id": None}
    raise Refusal(400, "Developer metadata must have a location.")


def create(book: Workbook, body: Json) -> Json:
    """Hang a metadata entry on the spreadsheet, a sheet, a row or a column."""
    given = body.get("developerMetadata") or {}
    if not given.get("metadataKey"):
        raise Refusal(400, "Developer metadata must always have a key specified.")
    if given.get("visibility") not in {"DOCUMENT", "PROJECT"}:
        raise Refusal(400, "Developer metadata must always have visibility specified.")
    number = given.get("metadataId")
    if number is not None and number <= 0:
        raise Refusal(400, "A metadata ID must be positive.")
    entry = Metadata(
        id=number or book.new_id(),
        key=given["metadataKey"],
        value=given.get("metadataValue") or "",
        visibility=given["visibility"],
        **_place(book, given.get("location") or {}),
    )
    book.add_metadata(entry)
    return {"developerMetadata": to_json(book, entry)}


def update(book: Workbook, body: Json) -> Json:
    """Change the masked fields of every entry that the filters select."""
    given = body.get("developerMetadata") or {}
    mask = parse_mask(body.get("fields") or "")
    found = [entry for one in body.get("dataFilters") or [] for entry in entries_of(book, one)]
    if not found:
        raise Refusal(400, "No developer metadata matched the data filters.")
    changed: list[Json] = []
    for entry in found:
        new = entry
        if "metadataKey" in mask or "*" in mask:
            new = replace(new, key=given.get("metadataKey") or "")
        if "metadataValue" in mask or "*" in mask:
            new = replace(new, value=given.get("metadataValue") or "")
        if "visibility" in mask or "*" in mask:
            new = replace(new, visibility=given.get("visibility") or "")
        if "location" in mask or ("*" in mask and given.get("location")):
            new = replace(new, **_place(book, given.get("location") or {}))
        book.drop_metadata(entry)
        book.freed.discard(entry.id)
        book.add_metadata(new)
        changed.append(to_json(book, new))
    return {"developerMetadata": changed}


def delete(book: Workbook, body: Json) -> Json:
    """Delete what a filter selects. Whether selecting nothing is an error, nobody has shown: a switch."""
    found = entries_of(book, body.get("dataFilter") or {})
    if not found and book.switches.delete_missing_metadata_fails:
        raise Refusal(400, "No developer metadata matched the data filter.")
    gone = [to_json(book, entry) for entry in found]
    for entry in found:
        book.drop_metadata(entry)
    return {"deletedDeveloperMetadata": gone} if gone else {}


CHANGES = {
    "createDeveloperMetadata": create,
    "updateDeveloperMetadata": update,
    "deleteDeveloperMetadata": delete,
}
