"""Turn the data of one tab's plan into steps: small groups of requests that may be sent together or apart, in order.

What overwrites nobody: new rows and columns are inserted and then filled; existing rows are
written cell by cell in managed columns only, and never in the key column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa_sync.dashboards.cells import Cell, Field, TabPlan
from qa_sync_gsheets import charts, looks
from qa_sync_gsheets.blocks import Block, blocks
from qa_sync_gsheets.charts import Drawn
from qa_sync_gsheets.links import links_of, newly_linked
from qa_sync_gsheets.targets import Target
from qa_sync_gsheets.wire import write_cell

Json = dict[str, Any]
#: Cells of one step; about 300 kB of numbers and short texts.
STEP_CELLS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One cell of an existing row that a step writes: where, which field, and whose row it is meant to be."""

    row: int
    field: str
    key: Cell
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Requests that belong together.

    ``tab``: the mark of the tab. ``fields``: columns whose places the requests rely on: they are guarded in
    the batch, unless the batch makes them. ``written``: cells of existing rows, to be verified.
    """

    tab: str
    requests: tuple[Json, ...]
    fields: frozenset[str] = frozenset()
    written: tuple[Written, ...] = ()


def updates(plan: TabPlan, target: Target) -> Iterator[Step]:
    """Yield the steps that write cells of existing rows, in row order."""
    layout = target.layout
    if layout is None:
        return
    names = {place: name for name, place in target.places.items()}
    cells = [
        (target.head + 1 + position, target.places[name], cell)
        for name, (positions, values) in plan.updates.items()
        if name != plan.wanted.shape.key
        for position, cell in zip(positions, values, strict=True)
    ]
    cells += newly_linked(plan, layout, target.places, {(row, column) for row, column, _ in cells})
    cells.sort(key=lambda one: one[:2])
    links = links_of(plan, target.places)
    for start in range(0, len(cells), STEP_CELLS):
        part = cells[start : start + STEP_CELLS]
        written = tuple(
            Written(row=row, field=names[column], key=layout.keys.get(row - target.head - 1), cell=cell)
            for row, column, cell in part
        )
        requests = tuple(fill(target.sheet_id, block, links) for block in blocks(part))
        yield Step(
            tab=target.name,
            requests=requests,
            written=written,
            fields=frozenset(one.field for one in written) | {plan.wanted.shape.key},
        )


def insertions(plan: TabPlan, target: Target) -> Iterator[Step]:
    """Yield the steps that insert rows below the last keyed one, and fill them."""
    if not plan.inserted_rows:
        return
    names, links = plan.wanted.shape.field_names, links_of(plan, target.places)
    at_once = max(1, STEP_CELLS // len(names))
    row, size = target.head + 2 + target.last_key, target.rows
    for start in range(0, plan.inserted_rows, at_once):
        count = min(at_once, plan.inserted_rows - start)
        requests: list[Json] = []
        if row >= size:
            # Inserting behind the last row is nowhere said to be allowed; one empty row below makes it the inside.
            requests.append({"appendDimension": {"sheetId": target.sheet_id, "dimension": "ROWS", "length": 1}})
            size = row + 1
        requests.append(insert_lines(target.sheet_id, "ROWS", row, count, inherit=row > target.head + 1))
        for first, last in looks.runs(sorted(target.places[name] for name in names)):
            inside = [name for name in names if first <= target.places[name] < last]
            inside.sort(key=lambda name: target.places[name])
            lines = zip(*(plan.inserts[name][start : start + count] for name in inside), strict=True)
            requests.append(fill(target.sheet_id, Block(row, first, tuple(lines)), links))
        yield Step(tab=target.name, requests=tuple(requests), fields=frozenset(names))
        row, size = row + count, size + count


def fill(sheet_id: int, block: Block, links: Mapping[int, Field] | None = None) -> Json:
    """Return the request that writes the values of a rectangle, and nothing but values.

    In ``links`` (column → field) stand columns whose texts lead somewhere; where the rectangle has one, the cells'
    links are written with their values.
    """
    start = {"sheetId": sheet_id, "rowIndex": block.top, "columnIndex": block.left}
    linked = {at - block.left: one for at, one in (links or {}).items() if 0 <= at - block.left < len(block.rows[0])}
    rows = [{"values": [write_cell(cell) for cell in line]} for line in block.rows]
    for line, written in zip(block.rows, rows, strict=True):
        for at, one in linked.items():
            address = one.address(line[at])
            if address:
                written["values"][at]["textFormatRuns"] = [{"format": {"link": {"uri": address}}}]
    fields = "userEnteredValue,textFormatRuns" if linked else "userEnteredValue"
    return {"updateCells": {"start": start, "rows": rows, "fields": fields}}


def insert_lines(sheet_id: int, dimension: str, start: int, count: int, *, inherit: bool) -> Json:
    """Return the request that inserts rows or columns; ``inherit``: they look like those before them."""
    where = {"sheetId": sheet_id, "dimension": dimension, "startIndex": start, "endIndex": start + count}
    return {"insertDimension": {"range": where, "inheritFromBefore": inherit}}


def chart_step(plan: TabPlan, target: Target, drawn: Mapping[str, Drawn], worn: Sequence[Json]) -> Step | None:
    """Return the step that makes a tab's charts; None without any."""
    requests = charts.draw(plan.wanted.shape, target.drawn(plan), drawn, worn)
    return Step(tab=target.name, requests=tuple(requests)) if requests else None


def tick_step(plan: TabPlan, target: Target) -> Step | None:
    """Return the step that makes boxes of the cells that are to be ticked; None without any."""
    shape, requests = plan.wanted.shape, list[Json]()
    for key, name in shape.ticks:
        row = _row_of(plan, target, key)
        if row is not None and name in target.places:
            column = target.places[name]
            where = {
                "sheetId": target.sheet_id,
                "startRowIndex": row,
                "endRowIndex": row + 1,
                "startColumnIndex": column,
                "endColumnIndex": column + 1,
            }
            rule = {"condition": {"type": "BOOLEAN"}, "strict": True, "showCustomUi": True}
            requests.append({"setDataValidation": {"range": where, "rule": rule}})
    return Step(tab=target.name, requests=tuple(requests)) if requests else None


def _row_of(plan: TabPlan, target: Target, key: str) -> int | None:
    """Return the row index that a key has once the plan is carried out."""
    layout = target.layout
    if layout is not None:
        for position, there in layout.keys.items():
            if there == key:
                return target.head + 1 + position
    new = list(plan.inserts.get(plan.wanted.shape.key, ()))
    return target.head + 2 + target.last_key + new.index(key) if key in new else None
