"""Developer metadata: how tabs, columns and header rows are found again, and the fence around every write.

    qa.fence  on the spreadsheet   id FENCE_BASE + G: the G-th write; its value names the write that made it
    qa.tab    on a sheet           value <dashboard>/<tab>
    qa.key    on a sheet           value: the field whose text identifies a row
    qa.shape  on a sheet           value: hash of the look last applied
    qa.head   on a row             the header row
    qa.c      on a column          value: the field
    qa.in     on a column          value: the input, a column that people fill in
    qa.worn   on a sheet           value: links and dropdowns that its cells wear

People rename, move, sort and insert; the marks go along. A column without our mark belongs to an analyst.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

FENCE, TAB, SHAPE, HEAD, COLUMN, EDGE, INPUT, KEY, WORN = (
    "qa.fence",
    "qa.tab",
    "qa.shape",
    "qa.head",
    "qa.c",
    "qa.edge",
    "qa.in",
    "qa.key",
    "qa.worn",
)
#: Ids of fences lie above every other id of ours; int32 leaves room for 147 million writes.
FENCE_BASE = 2_000_000_000
#: So many generations are kept: a writer that is fewer generations behind finds the id it wants taken,
#: whether or not deleting a missing id is an error.
FENCE_WINDOW = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TabMarks:
    """What identifies one tab: its sheet, and the ids of our marks on it."""

    sheet_id: int
    tab_mark: int
    shape_mark: int = 0
    shape_hash: str = ""
    head_mark: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, int] = field(default_factory=dict)
    worn_mark: int = 0
    worn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """All our marks on one spreadsheet. ``generations`` are the fences still there, rising."""

    generations: tuple[int, ...] = ()
    tabs: Mapping[str, TabMarks] = field(default_factory=dict)
    #: Tabs that carry a name of ours a second time (a person copied one); left alone.
    copies: tuple[str, ...] = ()

    @property
    def generation(self) -> int:
        """Number of the last write; 0 before the first."""
        return self.generations[-1] if self.generations else 0

    def after_write(self) -> Marks:
        """Return the marks after one more fenced write."""
        low = self.generation + 1 - FENCE_WINDOW
        kept = tuple(one for one in self.generations if one != low)
        return replace(self, generations=(*kept, self.generation + 1))

    def learn(self, entries: Iterable[Json]) -> Marks:
        """Return the marks with those that a batch has made, as its replies tell them."""
        tabs = dict(self.tabs)
        names = {tab.sheet_id: name for name, tab in tabs.items()}
        for entry in entries:
            key, number, value = entry["metadataKey"], int(entry["metadataId"]), entry.get("metadataValue", "")
            place = entry.get("location") or {}
            where = place.get("dimensionRange") or place
            sheet_id = where.get("sheetId", 0)
            if key == TAB:
                names[sheet_id] = value
                tabs[value] = TabMarks(sheet_id=sheet_id, tab_mark=number)
            name = names.get(sheet_id)
            if name is None or key in {FENCE, TAB, EDGE}:
                continue
            tab = tabs[name]
            if key == COLUMN:
                tabs[name] = replace(tab, columns={**tab.columns, value: number})
            elif key == INPUT:
                tabs[name] = replace(tab, inputs={**tab.inputs, value: number})
            elif key == HEAD:
                tabs[name] = replace(tab, head_mark=number)
            elif key == SHAPE:
                tabs[name] = replace(tab, shape_mark=number, shape_hash=value)
            elif key == WORN:
                tabs[name] = replace(tab, worn_mark=number, worn=value)
        return replace(self, tabs=tabs)

    def with_tab(self, name: str, tab: TabMarks) -> Marks:
        """Return the marks with those of one tab replaced."""
        return replace(self, tabs={**self.tabs, name: tab})


def sheet_id_of(dashboard: str, tab: str) -> int:
    """Return the sheet id that a tab gets when it is made: the same wherever and whenever."""
    return 1 + stable_number(f"{dashboard}/{tab}", 2**31 - 2)


def stable_number(text: str, below: int) -> int:
    """Return a number from 0 to below - 1 that depends on the text only."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % below


def search_request() -> Json:
    """Return the body of ``developerMetadata:search`` that finds all marks of ours."""
    keys = (FENCE, TAB, SHAPE, HEAD, COLUMN, INPUT, KEY, WORN)
    return {"dataFilters": [{"developerMetadataLookup": {"metadataKey": key}} for key in keys]}


def fence_request(generation: int) -> Json:
    """Return the body of ``developerMetadata:search`` that finds one fence."""
    return {"dataFilters": [{"developerMetadataLookup": {"metadataId": FENCE_BASE + generation}}]}


def found_entries(answer: Json) -> list[Json]:
    """Return the metadata entries of a search."""
    return [one["developerMetadata"] for one in answer.get("matchedDeveloperMetadata") or []]


def read_marks(entries: Iterable[Json]) -> Marks:
    """Make sense of the entries of a search. Entries with our keys that we did not make are left out."""
    generations: list[int] = []
    by_sheet: dict[int, dict[str, Any]] = {}
    for entry in entries:
        key, number, value = entry["metadataKey"], int(entry["metadataId"]), entry.get("metadataValue", "")
        place = entry.get("location") or {}
        if key == FENCE:
            if number > FENCE_BASE:
                generations.append(number - FENCE_BASE)
            continue
        where = place.get("dimensionRange")
        sheet_id = where.get("sheetId", 0) if where else place.get("sheetId", 0)
        sheet = by_sheet.setdefault(sheet_id, {"columns": {}, "inputs": {}, "names": []})
        if key == COLUMN and where:
            # A field marked twice (a copied column): the older mark, which has come first, stands.
            sheet["columns"].setdefault(value, number)
        elif key == INPUT and where:
            sheet["inputs"].setdefault(value, number)
        elif key == TAB:
            sheet["names"].append((value, number))
        elif key == SHAPE:
            sheet["shape"] = (value, number)
        elif key == WORN:
            sheet["worn"] = (value, number)
        elif key == HEAD and where:
            sheet.setdefault("head", number)
    return _tabs(tuple(sorted(generations)), by_sheet)


def _tabs(generations: tuple[int, ...], by_sheet: Mapping[int, Mapping[str, Any]]) -> Marks:
    tabs: dict[str, TabMarks] = {}
    copies: list[str] = []
    for sheet_id, sheet in sorted(by_sheet.items()):
        for name, number in sheet["names"]:
            shape_hash, shape_mark = sheet.get("shape", ("", 0))
            worn, worn_mark = sheet.get("worn", ("", 0))
            marks = TabMarks(
                sheet_id=sheet_id,
                tab_mark=number,
                shape_mark=shape_mark,
                shape_hash=shape_hash,
                head_mark=sheet.get("head", 0),
                columns=sheet["columns"],
                inputs=sheet["inputs"],
                worn_mark=worn_mark,
                worn=worn,
            )
            if name in tabs:
                copies.append(name)
                dashboard, _, tab = name.rpartition("/")
                if sheet_id != sheet_id_of(dashboard, tab):
                    continue
            tabs[name] = marks
    return Marks(generations=generations, tabs=tabs, copies=tuple(copies))


def on_sheet(key: str, value: str, sheet_id: int) -> Json:
    """Return the request that marks a sheet."""
    return _create(key, value, {"sheetId": sheet_id})


def on_line(key: str, value: str, sheet_id: int, dimension: str, index: int, number: int = 0) -> Json:
    """Return the request that marks a row or column; ``number`` is the id it is to have, 0 for any."""
    where = {"sheetId": sheet_id, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
    return _create(key, value, {"dimensionRange": where}, number)


def _create(key: str, value: str, location: Json, number: int = 0) -> Json:
    entry: Json = {"metadataKey": key, "metadataValue": value, "location": location, "visibility": "DOCUMENT"}
    if number:
        entry["metadataId"] = number
    return {"createDeveloperMetadata": {"developerMetadata": entry}}


def forget(number: int) -> Json:
    """Return the request that deletes a mark."""
    return {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {"metadataId": number}}}}


def new_value(number: int, value: str) -> Json:
    """Return the request that gives a mark another value."""
    return {
        "updateDeveloperMetadata": {
            "dataFilters": [{"developerMetadataLookup": {"metadataId": number}}],
            "developerMetadata": {"metadataValue": value},
            "fields": "metadataValue",
        }
    }


def guard(number: int, key: str, value: str, sheet_id: int, dimension: str, index: int) -> list[Json]:
    """Return two requests that do nothing where a mark is at ``index``, and fail the batch where it is not.

    Delete the mark *if it is there*, then make it there again under the same id. Where the column was moved
    meanwhile, the id is still taken (or deleting nothing is an error: nobody has shown which): nothing of the
    batch happens, and no analyst's column is written into. A column that was deleted takes its id along; then
    another guard or ``edge`` fails. Known limit, if Google takes the deletion of a missing mark for done: a managed
    column deleted and another column put into its very place, both between our read and our write, goes unnoticed.
    """
    where = {"sheetId": sheet_id, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
    lookup = {
        "metadataId": number,
        "locationMatchingStrategy": "EXACT_LOCATION",
        "metadataLocation": {"dimensionRange": where},
    }
    return [
        {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": lookup}}},
        on_line(key, value, sheet_id, dimension, index, number),
    ]


def edge(sheet_id: int, width: int) -> list[Json]:
    """Return two requests that do nothing while a sheet has ``width`` columns or more, and fail the batch otherwise."""
    lookup = {"metadataKey": EDGE, "metadataLocation": {"sheetId": sheet_id}}
    return [
        on_line(EDGE, "", sheet_id, "COLUMNS", width - 1),
        {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": lookup}}},
    ]


def fence(marks: Marks, token: str) -> list[Json]:
    """Return the requests at the head of every batch: free the generation that leaves the window, take the next.

    A second writer from the same generation wants the same id, which is taken: its batch fails whole.
    """
    requests: list[Json] = []
    leaving = marks.generation + 1 - FENCE_WINDOW
    if leaving in marks.generations:
        requests.append(forget(FENCE_BASE + leaving))
    requests.append(_create(FENCE, token, {"spreadsheet": True}, FENCE_BASE + marks.generation + 1))
    return requests
