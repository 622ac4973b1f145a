"""After a write: did every row still hold the key it was meant for? If not, give each row back what is its own.

Between our read and our write (about 0.3 s) a person may have sorted or inserted rows, and our values have gone to
other rows. Only managed cells can be hit, and what each of them ought to hold is known from the read and the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qa_sync.dashboards.cells import Cell, PresentTab, TabPlan
from qa_sync_gsheets.blocks import blocks
from qa_sync_gsheets.links import links_of
from qa_sync_gsheets.steps import Step, Written, fill
from qa_sync_gsheets.targets import Target
from qa_sync_gsheets.wire import key_text, read_cell

Json = dict[str, Any]


def keys_in(spreadsheet: Json, sheet_id: int, column: int) -> dict[int, Cell]:
    """Return row index → key from the grid data of an answer. Rows asked for and empty are None."""
    found: dict[int, Cell] = {}
    for sheet in spreadsheet.get("sheets") or []:
        if sheet["properties"].get("sheetId", 0) != sheet_id:
            continue
        for data in sheet.get("data") or []:
            if data.get("startColumn", 0) != column:
                continue
            start = data.get("startRow", 0)
            for offset, row in enumerate(data.get("rowData") or []):
                values = row.get("values") or [{}]
                extended = values[0].get("userEnteredValue") or {}
                found[start + offset] = read_cell(next(iter(extended.values()), None))
    return found


def misplaced(written: Iterable[Written], keys: Mapping[int, Cell]) -> list[Written]:
    """Return the cells that went into a row of another key, or of none."""
    return [one for one in written if key_text(keys.get(one.row)) != key_text(one.key)]


def repairs(
    plan: TabPlan, present: PresentTab, target: Target, wrong: Sequence[Written], keys: Mapping[int, Cell]
) -> Step:
    """Return the step that puts into each row hit by mistake what belongs there.

    A keyed row gets what the plan has for it or, where the plan has nothing, what was read there. A row
    without a key (or with one that nobody knew) is emptied of our values.
    """
    planned = _planned(plan, present)
    read = {key_text(key): at for at, key in enumerate(present.columns[plan.wanted.shape.key])}
    cells: list[tuple[int, int, Cell]] = []
    written: list[Written] = []
    for one in wrong:
        key = key_text(keys.get(one.row))
        cell: Cell = None
        if (key, one.field) in planned:
            cell = planned[key, one.field]
        elif key and key in read and one.field in present.columns:
            cell = present.columns[one.field][read[key]]
        cells.append((one.row, target.places[one.field], cell))
        written.append(Written(row=one.row, field=one.field, key=keys.get(one.row), cell=cell))
    fields = frozenset(one.field for one in wrong) | {target.key}
    links = links_of(plan, target.places)
    requests = tuple(fill(target.sheet_id, block, links) for block in blocks(cells))
    return Step(tab=target.name, requests=requests, fields=fields, written=tuple(written))


def _planned(plan: TabPlan, present: PresentTab) -> dict[tuple[str, str], Cell]:
    key_at = dict(zip(present.rows, present.columns[plan.wanted.shape.key], strict=True))
    found: dict[tuple[str, str], Cell] = {}
    for name, (rows, cells) in plan.updates.items():
        for row, cell in zip(rows, cells, strict=True):
            found[key_text(key_at[row]), name] = cell
    inserts = plan.inserts
    if inserts:
        for at, key in enumerate(inserts[plan.wanted.shape.key]):
            for name, column in inserts.items():
                found[key_text(key), name] = column[at]
    return found
