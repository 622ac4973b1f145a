"""How a tab looks: header, widths, formats, bands, colours, warnings. Sent only when the shape has changed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa_sync.dashboards.cells import Field, Input, TabShape
from qa_sync_gsheets import palette
from qa_sync_gsheets.a1 import column_letters
from qa_sync_gsheets.marks import stable_number

Json = dict[str, Any]
LINE_PIXELS = 18
LETTER_PIXELS = 7.0
#: Tells our protections and charts from other people's.
SIGN = "qa-sync"
#: Our columns of one tab, parted by analysts' columns, make at most so many runs.
MOST_RUNS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressing:
    """What a sheet already wears: rules, bands, protections and charts, as the API shows them."""

    rules: Sequence[Json] = ()
    bands: Sequence[Json] = ()
    protections: Sequence[Json] = ()
    charts: Sequence[Json] = ()


def dress(
    shape: TabShape, sheet_id: int, head: int, places: Mapping[str, int], worn: Dressing, *, fresh: bool
) -> list[Json]:
    """Return the requests that give a tab its look: what we put there before goes first.

    Args:
        shape: what the tab is to look like.
        sheet_id: of the sheet.
        head: index of the header row.
        places: field → index of its column, for every field of the shape.
        worn: what is on the sheet.
        fresh: the sheet is being made; later on, hiding and colouring tabs is people's business.
    """
    columns = frozenset(places.values())
    requests = _undress(shape, sheet_id, columns, worn)
    requests += header(shape, shape.fields, sheet_id, head, places)
    requests.append(_sheet(shape, sheet_id, head, places, fresh=fresh))
    requests.append(_line(sheet_id, "ROWS", head, {"pixelSize": header_height(shape.fields)}))
    for field in shape.fields:
        requests += _column(field, sheet_id, head, places[field.name])
        requests += dropdown(field, sheet_id, head, places[field.name])
    for number, (first, last) in enumerate(runs(sorted(columns))):
        if not any(_overlaps(band, first, last) for band in worn.bands if not _is_our_band(shape, band)):
            requests.append(_band(shape, number, sheet_id, head, first, last))
        requests.append(_warning(shape, sheet_id, first, last))
    if fresh and shape.filter:
        # Later on, filtering is people's business.
        width = max(columns) + 1 + len(shape.inputs)
        requests.append({"setBasicFilter": {"filter": {"range": _from_head(sheet_id, head, 0, width)}}})
    at = len(worn.rules) - sum(1 for rule in worn.rules if _is_our_rule(rule, columns))
    if shape.total:
        ranges = [_from_head(sheet_id, head, first, last) for first, last in _singles(columns)]
        rule = palette.total_rule(shape.total, f"${column_letters(places[shape.key])}{head + 1}")
        requests.append({"addConditionalFormatRule": {"rule": {"ranges": ranges, **rule}, "index": at}})
        at += 1
    hot = [field.name for field in shape.fields if field.tone == "heat"]
    for field in shape.fields:
        if field.tone == "heat" and field.name != hot[0]:
            continue  # one scale for all of them
        for rule in palette.rules(field):
            names = hot if field.tone == "heat" else [field.name]
            ranges = [_from_head(sheet_id, head, places[name], places[name] + 1) for name in names]
            requests.append({"addConditionalFormatRule": {"rule": {"ranges": ranges, **rule}, "index": at}})
            at += 1
    return requests


def header(shape: TabShape, fields: Sequence[Field], sheet_id: int, head: int, places: Mapping[str, int]) -> list[Json]:
    """Return the requests that write header cells: label, note, white on dark."""
    look = {
        "backgroundColorStyle": palette.HEADER_FILL,
        "horizontalAlignment": "LEFT",
        "verticalAlignment": "MIDDLE",
        "wrapStrategy": "WRAP",
        "textFormat": {"bold": True, "foregroundColorStyle": palette.HEADER_INK},
    }
    requests: list[Json] = []
    for field in fields:
        note = "\n\n".join([field.doc, *shape.notes] if field.name == shape.key else [field.doc]).strip()
        side = "RIGHT" if palette.alignment(field) == "RIGHT" else palette.alignment(field)
        cell: Json = {
            "userEnteredValue": {"stringValue": field.label},
            "note": note,
            "userEnteredFormat": {**look, "horizontalAlignment": side},
        }
        requests.append(
            {
                "updateCells": {
                    "start": {"sheetId": sheet_id, "rowIndex": head, "columnIndex": places[field.name]},
                    "rows": [{"values": [cell]}],
                    "fields": "userEnteredValue,note,userEnteredFormat",
                }
            }
        )
    return requests


def inputs(asked: Sequence[Input], sheet_id: int, head: int, first: int) -> list[Json]:
    """Return the requests that dress new columns for people, from column ``first`` on: header, width, dropdown."""
    requests: list[Json] = []
    for column, one in enumerate(asked, start=first):
        look = {
            "backgroundColorStyle": palette.INPUT_FILL,
            "horizontalAlignment": "LEFT",
            "verticalAlignment": "MIDDLE",
            "wrapStrategy": "WRAP",
            "textFormat": {"bold": True, "foregroundColorStyle": palette.INPUT_INK},
        }
        note = one.doc or "For you to fill in: a refresh never changes what you write here."
        cell = {"userEnteredValue": {"stringValue": one.label}, "note": note, "userEnteredFormat": look}
        start = {"sheetId": sheet_id, "rowIndex": head, "columnIndex": column}
        fields = "userEnteredValue,note,userEnteredFormat"
        requests.append({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": fields}})
        requests.append(_line(sheet_id, "COLUMNS", column, {"pixelSize": one.width}))
        requests += dropdown(one, sheet_id, head, column)
    return requests


def dropdown(asked: Field | Input, sheet_id: int, head: int, column: int) -> list[Json]:
    """Return the request that offers the options of a column; a text that is none of them is marked, and taken."""
    if not asked.options:
        return []
    values = [{"userEnteredValue": option} for option in asked.options]
    rule = {"condition": {"type": "ONE_OF_LIST", "values": values}, "strict": False, "showCustomUi": True}
    where = {**_from_head(sheet_id, head, column, column + 1), "startRowIndex": head + 1}
    return [{"setDataValidation": {"range": where, "rule": rule}}]


def _singles(columns: Iterable[int]) -> list[tuple[int, int]]:
    """A rule of ours covers single columns: that is how it is known again."""
    return [(column, column + 1) for column in sorted(columns)]


def header_height(fields: Sequence[Field]) -> int:
    """Return the pixels that the tallest header needs when its label is wrapped to its column's width."""
    lines = 1
    for field in fields:
        letters = max(4, int((field.width - 12) / LETTER_PIXELS))
        lines = max(lines, len(textwrap.wrap(field.label, letters)))
    return LINE_PIXELS * lines + 10


def runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return the contiguous runs (first, behind the last) of rising indices.

    >>> runs([0, 1, 2, 5, 7, 8])
    [(0, 3), (5, 6), (7, 9)]
    """
    found: list[tuple[int, int]] = []
    for index in indices:
        if found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        else:
            found.append((index, index + 1))
    return found


def band_id(shape: TabShape, run: int) -> int:
    """Return the id of the alternating colours of the run-th run of columns: the same wherever it is made."""
    return 1 + stable_number(f"band {shape.dashboard}/{shape.name}/{run}", 2**31 - 2)


def _sheet(shape: TabShape, sheet_id: int, head: int, places: Mapping[str, int], *, fresh: bool) -> Json:
    """Freeze the header, and the key column where it is the first."""
    frozen = {"frozenRowCount": head + 1, "frozenColumnCount": 1 if places[shape.key] == 0 else 0}
    properties: Json = {"sheetId": sheet_id, "gridProperties": frozen}
    names = "gridProperties.frozenRowCount,gridProperties.frozenColumnCount"
    if fresh:
        properties |= {"hidden": shape.hidden, "tabColorStyle": palette.TAB_COLOUR}
        names += ",hidden,tabColorStyle"
    return {"updateSheetProperties": {"properties": properties, "fields": names}}


def _line(sheet_id: int, dimension: str, index: int, properties: Json) -> Json:
    return {
        "updateDimensionProperties": {
            "range": {"sheetId": sheet_id, "dimension": dimension, "startIndex": index, "endIndex": index + 1},
            "properties": properties,
            "fields": ",".join(properties),
        }
    }


def _from_head(sheet_id: int, head: int, first: int, last: int) -> Json:
    """The header is part of what rules and bands cover, so that rows inserted right below it are inside too."""
    return {"sheetId": sheet_id, "startRowIndex": head, "startColumnIndex": first, "endColumnIndex": last}


def _column(field: Field, sheet_id: int, head: int, column: int) -> list[Json]:
    look: Json = {"horizontalAlignment": palette.alignment(field), "verticalAlignment": "MIDDLE"}
    shown = palette.number_format(field)
    if shown:
        look["numberFormat"] = shown
    if field.kind == "text":
        look["wrapStrategy"] = "WRAP"  # a long text makes its row higher; it is never cut off
    names = "numberFormat,horizontalAlignment,verticalAlignment,wrapStrategy"
    return [
        _line(sheet_id, "COLUMNS", column, {"pixelSize": field.width}),
        {
            "repeatCell": {
                "range": {**_from_head(sheet_id, head, column, column + 1), "startRowIndex": head + 1},
                "cell": {"userEnteredFormat": look},
                "fields": f"userEnteredFormat({names})",
            }
        },
    ]


def _is_our_band(shape: TabShape, band: Json) -> bool:
    return band.get("bandedRangeId") in {band_id(shape, run) for run in range(MOST_RUNS)}


def _overlaps(band: Json, first: int, last: int) -> bool:
    """Two alternating colours over one cell are an error, so where a person has put some, ours stay away."""
    where = band.get("range") or {}
    return bool(where.get("startColumnIndex", 0) < last and first < where.get("endColumnIndex", last + 1))


def _band(shape: TabShape, run: int, sheet_id: int, head: int, first: int, last: int) -> Json:
    return {
        "addBanding": {
            "bandedRange": {
                "bandedRangeId": band_id(shape, run),
                "range": _from_head(sheet_id, head, first, last),
                "rowProperties": {
                    "headerColorStyle": palette.HEADER_FILL,
                    "firstBandColorStyle": palette.BAND_ONE,
                    "secondBandColorStyle": palette.BAND_TWO,
                },
            }
        }
    }


def _warning(shape: TabShape, sheet_id: int, first: int, last: int) -> Json:
    """Warn before a managed column is edited. Hard protection might keep people from sorting, so it is none."""
    return {
        "addProtectedRange": {
            "protectedRange": {
                "range": {"sheetId": sheet_id, "startColumnIndex": first, "endColumnIndex": last},
                "warningOnly": True,
                "description": f"{SIGN}: kept up to date from {shape.dashboard}; changes here are overwritten",
            }
        }
    }


def _undress(shape: TabShape, sheet_id: int, columns: frozenset[int], worn: Dressing) -> list[Json]:
    requests: list[Json] = [
        {"deleteConditionalFormatRule": {"sheetId": sheet_id, "index": at}}
        for at in range(len(worn.rules) - 1, -1, -1)
        if _is_our_rule(worn.rules[at], columns)
    ]
    requests += [
        {"deleteBanding": {"bandedRangeId": band["bandedRangeId"]}} for band in worn.bands if _is_our_band(shape, band)
    ]
    requests += [
        {"deleteProtectedRange": {"protectedRangeId": one["protectedRangeId"]}}
        for one in worn.protections
        if str(one.get("description", "")).startswith(SIGN)
    ]
    return requests


def _is_our_rule(rule: Json, columns: frozenset[int]) -> bool:
    ranges = rule.get("ranges") or []
    spans = [(where.get("startColumnIndex", 0), where.get("endColumnIndex", 0)) for where in ranges]
    mine = all(behind - first == 1 and first in columns for first, behind in spans)
    return bool(ranges) and mine and palette.is_ours(rule)
