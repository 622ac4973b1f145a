"""What cells wear beside values: links and dropdowns, noted on the sheet so that exactly these can be taken off again.

The note is the value of a mark: for each column the template of its links, and a digest of the options of its dropdown.
A link or a dropdown that a person has put into a cell is another one, and stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from qa_sync.dashboards.cells import Cell, Field, TabShape
from qa_sync_gsheets.looks import runs
from qa_sync_gsheets.wire import read_cell

Json = dict[str, Any]
_FIELDS = (
    "sheets(properties.sheetId,data(startRow,startColumn,"
    "rowData.values(userEnteredValue,textFormatRuns,hyperlink,dataValidation)))"
)
#: Stands before the name of a column for people.
_INPUT = "in/"


def worn_by(shape: TabShape) -> str:
    """Return the note of what a tab's cells wear; "" for nothing."""
    links = {one.name: one.link for one in shape.fields if one.link}
    lists = {one.name: _digest(one.options) for one in shape.fields if one.options}
    lists |= {_INPUT + one.name: _digest(one.options) for one in shape.inputs if one.options}
    worn = {name: part for name, part in (("links", links), ("lists", lists)) if part}
    return json.dumps(worn, sort_keys=True, separators=(",", ":")) if worn else ""


def take_off(
    noted: str,
    shape: TabShape,
    sheet_id: int,
    places: Mapping[str, int],
    inputs: Mapping[str, int],
    call: Callable[..., Any],
) -> list[Json]:
    """Return the requests that take off what a tab's definition asks for no more; reads the columns that have some.

    Args:
        noted: what the cells wear, as ``worn_by`` said when they were dressed.
        shape: what the tab is to look like now. Columns that it has no more are people's, and left as they are.
        sheet_id: of the sheet.
        places: field → index of its column.
        inputs: the same of columns for people.
        call: asks the API.
    """
    before = json.loads(noted) if noted else {}
    now = {one.name: one for one in shape.fields}
    offered = {one.name for one in shape.fields if one.options}
    offered |= {_INPUT + one.name for one in shape.inputs if one.options}
    where = {**places, **{_INPUT + name: column for name, column in inputs.items()}}
    links = {
        where[name]: Field(name=name, label=name, link=template)
        for name, template in before.get("links", {}).items()
        if name in now and name in where and not now[name].link
    }
    lists = {
        where[name]: digest
        for name, digest in before.get("lists", {}).items()
        if name in where and name not in offered and (name in now or name.startswith(_INPUT))
    }
    columns = sorted({*links, *lists})
    if not columns:
        return []
    spans = [{"sheetId": sheet_id, "startColumnIndex": one, "endColumnIndex": one + 1} for one in columns]
    body = {"dataFilters": [{"gridRange": span} for span in spans], "includeGridData": True}
    answer = call("POST", ":getByDataFilter", params={"fields": _FIELDS}, body=body)
    linked: dict[int, list[int]] = {column: [] for column in links}
    listed: dict[int, list[int]] = {column: [] for column in lists}
    for row, column, cell in _cells(answer, sheet_id):
        if column in links and _address(cell) and _address(cell) == links[column].address(_value(cell)):
            linked[column].append(row)
        if column in lists and _options(cell) == lists[column]:
            listed[column].append(row)
    requests: list[Json] = [
        {"repeatCell": {"range": box, "cell": {}, "fields": "textFormatRuns"}} for box in _boxes(linked, sheet_id)
    ]
    return requests + [{"setDataValidation": {"range": box}} for box in _boxes(listed, sheet_id)]


def _digest(options: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(options).encode()).hexdigest()[:8]


def _cells(answer: Json, sheet_id: int) -> Iterator[tuple[int, int, Json]]:
    for sheet in answer.get("sheets") or []:
        if sheet["properties"].get("sheetId", 0) != sheet_id:
            continue
        for data in sheet.get("data") or []:
            for offset, row in enumerate(data.get("rowData") or []):
                for cell in (row.get("values") or [])[:1]:
                    yield data.get("startRow", 0) + offset, data.get("startColumn", 0), cell


def _value(cell: Json) -> Cell:
    extended: Json = cell.get("userEnteredValue") or {}
    return read_cell(next(iter(extended.values()), None))


def _address(cell: Json) -> str:
    """Return where a whole cell leads; "" nowhere, or to several places."""
    found = {((one.get("format") or {}).get("link") or {}).get("uri", "") for one in cell.get("textFormatRuns") or []}
    return str(cell.get("hyperlink") or (found.pop() if len(found) == 1 else ""))


def _options(cell: Json) -> str:
    condition = (cell.get("dataValidation") or {}).get("condition") or {}
    if condition.get("type") != "ONE_OF_LIST":
        return ""
    return _digest(str(one.get("userEnteredValue", "")) for one in condition.get("values") or [])


def _boxes(rows: Mapping[int, list[int]], sheet_id: int) -> Iterator[Json]:
    for column, found in rows.items():
        for first, last in runs(found):
            yield {
                "sheetId": sheet_id,
                "startRowIndex": first,
                "endRowIndex": last,
                "startColumnIndex": column,
                "endColumnIndex": column + 1,
            }
