"""Turn the structure of a tab into steps: the sheet itself, marks, header, look; no data yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa_sync.dashboards.cells import Input, TabPlan, TabShape
from qa_sync.dashboards.look import shape_hash
from qa_sync_gsheets import looks, marks
from qa_sync_gsheets.looks import Dressing
from qa_sync_gsheets.marks import COLUMN, HEAD, INPUT, KEY, SHAPE, TAB, WORN, TabMarks
from qa_sync_gsheets.steps import Step, insert_lines
from qa_sync_gsheets.targets import SPARE_ROWS, Target
from qa_sync_gsheets.worn import worn_by

Json = dict[str, Any]


def creation(plan: TabPlan, target: Target, index: int) -> Step:
    """Return the step that makes a tab, with marks, header and look, and no data yet."""
    shape = plan.wanted.shape
    sheet = {
        "sheetId": target.sheet_id,
        "title": target.title,
        "index": index,
        "gridProperties": {"rowCount": 1 + SPARE_ROWS, "columnCount": target.width},
    }
    requests: list[Json] = [
        {"addSheet": {"properties": sheet}},
        marks.on_sheet(TAB, target.name, target.sheet_id),
        marks.on_sheet(KEY, shape.key, target.sheet_id),
        marks.on_sheet(SHAPE, shape_hash(shape), target.sheet_id),
        marks.on_line(HEAD, "", target.sheet_id, "ROWS", 0),
        *(marks.on_line(COLUMN, name, target.sheet_id, "COLUMNS", at) for name, at in target.places.items()),
        *looks.dress(shape, target.sheet_id, 0, target.places, Dressing(), fresh=True),
        *_new_inputs(shape.inputs, target.sheet_id, 0, len(shape.fields)),
        *_note_worn(shape, target.sheet_id, TabMarks(sheet_id=target.sheet_id, tab_mark=0)),
    ]
    return Step(tab=target.name, requests=tuple(requests))


def structure(plan: TabPlan, target: Target) -> Step | None:
    """Return the step that makes what an existing tab lacks: its header row, and columns of new fields."""
    layout = target.layout
    if layout is None:
        return None
    shape, requests = plan.wanted.shape, list[Json]()
    if layout.head < 0:
        requests.append(insert_lines(target.sheet_id, "ROWS", 0, 1, inherit=False))
        requests.append(marks.on_line(HEAD, "", target.sheet_id, "ROWS", 0))
    if plan.add_fields:
        first = min(target.places[name] for name in plan.add_fields)
        requests.append(insert_lines(target.sheet_id, "COLUMNS", first, len(plan.add_fields), inherit=True))
        for name in plan.add_fields:
            requests.append(marks.on_line(COLUMN, name, target.sheet_id, "COLUMNS", target.places[name]))
    asked = [one for one in shape.inputs if one.name not in layout.marks.inputs] if plan.reshape else []
    if asked:
        first = 1 + max(target.places.values())
        requests.append(insert_lines(target.sheet_id, "COLUMNS", first, len(asked), inherit=False))
        requests += _new_inputs(asked, target.sheet_id, target.head, first)
    if plan.add_fields and not plan.reshape:
        new = [f for f in shape.fields if f.name in plan.add_fields]
        requests += looks.header(shape, new, target.sheet_id, target.head, target.places)
    if not requests:
        return None
    return Step(tab=target.name, requests=tuple(requests), fields=frozenset(layout.columns))


def _new_inputs(asked: Sequence[Input], sheet_id: int, head: int, first: int) -> list[Json]:
    anchors = (marks.on_line(INPUT, one.name, sheet_id, "COLUMNS", at) for at, one in enumerate(asked, start=first))
    return [*anchors, *looks.inputs(asked, sheet_id, head, first)]


def look(plan: TabPlan, target: Target, worn: Dressing) -> Step:
    """Return the step that dresses an existing tab anew, and lets go of columns that are no longer in its shape."""
    shape, layout = plan.wanted.shape, target.layout
    assert layout is not None  # noqa: S101
    tab = layout.marks
    requests = looks.dress(shape, target.sheet_id, target.head, target.places, worn, fresh=False)
    requests += [marks.forget(number) for name, number in dropped(plan, tab).items()]
    if tab.shape_mark:
        requests.append(marks.new_value(tab.shape_mark, shape_hash(shape)))
    else:
        requests.append(marks.on_sheet(SHAPE, shape_hash(shape), target.sheet_id))
    requests += _note_worn(shape, target.sheet_id, tab)
    return Step(tab=target.name, requests=tuple(requests), fields=frozenset(layout.columns))


def _note_worn(shape: TabShape, sheet_id: int, tab: TabMarks) -> list[Json]:
    """Note what cells wear once a tab is dressed, where it is not what is noted."""
    worn = worn_by(shape)
    if worn == tab.worn:
        return []
    return [marks.new_value(tab.worn_mark, worn) if tab.worn_mark else marks.on_sheet(WORN, worn, sheet_id)]


def dropped(plan: TabPlan, tab: TabMarks) -> dict[str, int]:
    """Return field → mark of columns that were managed and are not in the shape any more."""
    kept = set(plan.wanted.shape.field_names)
    return {name: number for name, number in tab.columns.items() if name not in kept}
