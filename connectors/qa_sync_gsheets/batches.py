"""Pack steps into batches: each below the size Google advises, each carried out whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from qa_sync_gsheets import marks
from qa_sync_gsheets.a1 import format_range
from qa_sync_gsheets.looks import runs
from qa_sync_gsheets.marks import COLUMN, Marks, TabMarks
from qa_sync_gsheets.steps import Step, Written
from qa_sync_gsheets.targets import Target

Json = dict[str, Any]
#: Google advises 2 MB a request; fence, guards and ranges need some of it.
MOST_BYTES = 1_900_000
#: Google refuses more than 100,000 sub-requests.
MOST_REQUESTS = 95_000
#: Ranges of key cells that are read back by themselves; with more, one range covers them all.
MOST_RANGES = 400
#: Columns that are all guarded (430 bytes each); with more in one batch, only those relied on.
MOST_GUARDS = 300
FIELDS = (
    "replies.createDeveloperMetadata.developerMetadata(metadataId,metadataKey,metadataValue,location),"
    "updatedSpreadsheet(spreadsheetUrl,sheets(properties.sheetId,"
    "data(startRow,startColumn,rowData.values.userEnteredValue)))"
)


@dataclass(slots=True)
class Batch:
    """Some steps that are sent as one request."""

    steps: list[Step] = field(default_factory=list)
    size: int = 0
    count: int = 0

    def written(self) -> dict[str, list[Written]]:
        """Return the cells of existing rows that are written, by tab."""
        found: dict[str, list[Written]] = {}
        for step in self.steps:
            if step.written:
                found.setdefault(step.tab, []).extend(step.written)
        return found


def pack(steps: Iterable[Step], most_bytes: int = MOST_BYTES) -> list[Batch]:
    """Return batches of the steps, in order; a step that is too large by itself goes alone."""
    batches = [Batch()]
    for step in steps:
        size = len(msgspec.json.encode(step.requests))
        full = batches[-1]
        if full.steps and (full.size + size > most_bytes or full.count + len(step.requests) > MOST_REQUESTS):
            batches.append(Batch())
        batch = batches[-1]
        batch.steps.append(step)
        batch.size += size
        batch.count += len(step.requests)
    return [batch for batch in batches if batch.steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A batch ready to be sent: its body, and which sub-requests are fence and guards."""

    body: Json
    token: str
    fences: int
    guards: int


def seal(batch: Batch, marks_now: Marks, targets: Mapping[str, Target], token: str, *, guarded: bool) -> Sealed:
    """Return the body of a batch: fence, guards of the columns it relies on, the steps, and what is to be read back."""
    fence = marks.fence(marks_now, token)
    guards: list[Json] = []
    if guarded:
        relied_on = _relied_on(batch)
        sparing = sum(len(targets[name].places) for name in relied_on) > MOST_GUARDS
        for name, fields in relied_on.items():
            guards += _guards(fields, marks_now.tabs.get(name), targets[name], sparing=sparing)
    body: Json = {
        "requests": [*fence, *guards, *(request for step in batch.steps for request in step.requests)],
        "includeSpreadsheetInResponse": True,
        "responseRanges": response_ranges(batch, targets),
    }
    return Sealed(body=body, token=token, fences=len(fence), guards=len(guards))


def _guards(fields: set[str], tab: TabMarks | None, target: Target, *, sparing: bool) -> list[Json]:
    """Guard the columns of a tab, and its width: a column that is deleted shifts the others, or narrows the sheet.

    With many tabs in a batch, only the columns relied on and our last one are guarded.
    """
    marked = {name: place for name, place in target.places.items() if tab and tab.columns.get(name)}
    if tab is None or not marked:
        return []
    last = max(marked, key=lambda name: marked[name])
    names = {*(fields & marked.keys()), target.key, last} if sparing else set(marked)
    requests: list[Json] = []
    for name in sorted(names):
        requests += marks.guard(tab.columns[name], COLUMN, name, target.sheet_id, "COLUMNS", target.places[name])
    return requests + (marks.edge(target.sheet_id, target.width) if target.width else [])


def _relied_on(batch: Batch) -> dict[str, set[str]]:
    fields: dict[str, set[str]] = {}
    for step in batch.steps:
        if step.fields:
            fields.setdefault(step.tab, set()).update(step.fields)
    return fields


def key_rows(written: Iterable[Written]) -> list[tuple[int, int]]:
    """Return the row ranges whose keys are to be read back."""
    found = runs(sorted({one.row for one in written}))
    return found if len(found) <= MOST_RANGES else [(found[0][0], found[-1][1])]


def response_ranges(batch: Batch, targets: Mapping[str, Target]) -> list[str]:
    """Return the key cells of the rows written, as A1 texts; one cell of some tab where there are none."""
    ranges: list[str] = []
    for name, written in batch.written().items():
        target = targets[name]
        column = target.places[target.key]
        ranges += [format_range(target.title, top, bottom, column, column + 1) for top, bottom in key_rows(written)]
    if not ranges:
        # Without a range Google would send every sheet.
        target = targets[batch.steps[0].tab]
        column = target.places[target.key]
        ranges.append(format_range(target.title, target.head, target.head + 1, column, column + 1))
    return ranges
