"""Requests about named ranges and charts."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.sandbox.masks import assign, parse_mask
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]


def add_named_range(book: Workbook, body: Json) -> Json:
    """Name a range."""
    named = {key: value for key, value in (body.get("namedRange") or {}).items() if value is not None}
    if any(one["name"].casefold() == named.get("name", "").casefold() for one in book.named_ranges):
        raise Refusal(400, f"A named range with the name {named['name']!r} already exists.")
    named.setdefault("namedRangeId", str(book.new_id()))
    ordered = {"namedRangeId": named["namedRangeId"], "name": named.get("name", ""), "range": named.get("range")}
    book.grid_range(ordered["range"] or {})
    book.named_ranges.append(ordered)
    where = {key: value for key, value in (ordered["range"] or {}).items() if key != "sheetId" or value}
    return {"namedRange": {**ordered, "range": where}}


def update_named_range(book: Workbook, body: Json) -> None:
    """Rename or move a named range."""
    given = body.get("namedRange") or {}
    for at, one in enumerate(book.named_ranges):
        if one["namedRangeId"] == given.get("namedRangeId"):
            mask = parse_mask(body.get("fields") or "")
            changed = {name: given[name] for name in ("name", "range") if name in mask or "*" in mask}
            book.named_ranges[at] = {**one, **changed}
            return
    raise Refusal(400, f"No named range with id: {given.get('namedRangeId')}")


def delete_named_range(book: Workbook, body: Json) -> None:
    """Forget the name of a range."""
    kept = [one for one in book.named_ranges if one["namedRangeId"] != body.get("namedRangeId")]
    if len(kept) == len(book.named_ranges):
        raise Refusal(400, f"No named range with id: {body.get('namedRangeId')}")
    book.named_ranges = kept


def _chart(book: Workbook, number: Any) -> tuple[list[Json], int]:
    for grid in book.sheets:
        for at, one in enumerate(grid.parts["charts"]):
            if one.get("chartId") == number:
                return grid.parts["charts"], at
    raise Refusal(400, f"No chart with id: {number}")


def add_chart(book: Workbook, body: Json) -> Json:
    """Add a chart; a chosen id that is taken is an error."""
    chart = dict(body.get("chart") or {})
    if not chart.get("spec"):
        raise Refusal(400, "chart.spec is required")
    _check_sources(book, chart["spec"])
    taken = {one["chartId"] for grid in book.sheets for one in grid.parts["charts"]}
    chart.setdefault("chartId", book.new_id())
    if chart["chartId"] in taken:
        raise Refusal(400, f"An embedded object with the ID {chart['chartId']} already exists.")
    anchor = ((chart.get("position") or {}).get("overlayPosition") or {}).get("anchorCell") or {}
    book.sheet(anchor.get("sheetId")).parts["charts"].append(chart)
    return {"chart": chart}


def _check_sources(book: Workbook, part: Any) -> None:
    if isinstance(part, list):
        for one in part:
            _check_sources(book, one)
    elif isinstance(part, dict):
        for one in (part.get("sourceRange") or {}).get("sources") or []:
            book.grid_range(one)
        for one in part.values():
            _check_sources(book, one)


def update_chart(book: Workbook, body: Json) -> None:
    """Give a chart a new specification."""
    charts, at = _chart(book, body.get("chartId"))
    _check_sources(book, body.get("spec") or {})
    charts[at] = {**charts[at], "spec": body.get("spec") or {}}


def move_object(book: Workbook, body: Json) -> Json:
    """Place a chart elsewhere."""
    charts, at = _chart(book, body.get("objectId"))
    mask = parse_mask(body.get("fields") or "*")
    position = assign((charts[at].get("position") or {}), (body.get("newPosition") or {}), mask)
    charts[at] = {**charts[at], "position": position}
    return {"position": position}


def delete_object(book: Workbook, body: Json) -> None:
    """Delete a chart."""
    charts, at = _chart(book, body.get("objectId"))
    del charts[at]


CHANGES = {
    "addNamedRange": add_named_range,
    "updateNamedRange": update_named_range,
    "deleteNamedRange": delete_named_range,
    "addChart": add_chart,
    "updateChartSpec": update_chart,
    "updateEmbeddedObjectPosition": move_object,
    "deleteEmbeddedObject": delete_object,
}
