"""Turn the plan of one tab into steps: small groups of requests that may be sent together or apart, in order.

What overwrites nobody: new rows and columns are inserted and then filled; existing rows are
written cell by cell in managed columns only, and never in the key column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_sync.dashboards.cells import Cell, Field, Input, TabPlan, TabShape
from qa_sync.dashboards.look import shape_hash
from qa_sync_gsheets import charts, looks, marks
from qa_sync_gsheets.blocks import Block, blocks
from qa_sync_gsheets.charts import Drawn
from qa_sync_gsheets.links import links_of, newly_linked
from qa_sync_gsheets.looks import Dressing
from qa_sync_gsheets.marks import COLUMN, HEAD, INPUT, KEY, SHAPE, TAB, WORN, TabMarks
from qa_sync_gsheets.reading import Layout, tab_name
from qa_sync_gsheets.wire import write_cell
from qa_sync_gsheets.worn import worn_by

Json = dict[str, Any]
#: Cells of one step; about 300 kB of numbers and short texts.
STEP_CELLS = 5000
#: Empty rows below, and empty columns beside, the data of a new tab, for people.
SPARE_ROWS, SPARE_COLUMNS = 100, 4


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a tab is, or will be: what its steps write into."""

    name: str
    key: str
    sheet_id: int
    title: str
    head: int
    places: Mapping[str, int]
    last_key: int
    rows: int
    #: Columns that the sheet has at least; 0 where that is not known.
    width: int
    layout: Layout | None = None
    notes: tuple[str, ...] = field(default=())

    def drawn(self, plan: TabPlan) -> Drawn:
        """Return where the data is once the plan is carried out."""
        end = self.head + 2 + self.last_key + plan.inserted_rows
        return Drawn(sheet_id=self.sheet_id, head=self.head, end=end, places=self.places)


def new_target(plan: TabPlan, sheet_id: int, title: str) -> Target:
    """Return the place of a tab that does not exist yet: all fields in order, from the first column."""
    shape = plan.wanted.shape
    places = {name: at for at, name in enumerate(shape.field_names)}
    return Target(
        name=tab_name(shape),
        key=shape.key,
        sheet_id=sheet_id,
        title=title,
        head=0,
        places=places,
        last_key=-1,
        rows=1 + SPARE_ROWS,
        width=_first_width(plan),
    )


def old_target(plan: TabPlan, layout: Layout) -> Target:
    """Return the place of a tab that exists; fields that it lacks go to the right of our last column."""
    shape = plan.wanted.shape
    places = dict(layout.columns)
    free = max(places.values()) + 1
    for name in plan.add_fields:
        places[name] = free
        free += 1
    lost_head = layout.head < 0
    notes = tuple(
        f"tab {layout.title!r}: column {f.label!r} is headed {layout.labels.get(f.name)!r} there; left as it is"
        for f in shape.fields
        if f.name in layout.columns and not plan.reshape and layout.labels.get(f.name) != f.label
    )
    if lost_head:
        notes += (f"tab {layout.title!r}: its header row was gone and has been made again",)
    return Target(
        name=tab_name(shape),
        key=shape.key,
        sheet_id=layout.marks.sheet_id,
        title=layout.title,
        head=max(layout.head, 0),
        places=places,
        last_key=layout.last_key,
        rows=layout.rows + lost_head,
        width=layout.width,
        layout=layout,
        notes=notes,
    )


def _first_width(plan: TabPlan) -> int:
    shape = plan.wanted.shape
    return len(shape.fields) + len(shape.inputs) + (charts.ROOM if shape.charts else SPARE_COLUMNS)


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
        requests.append(_insert(target.sheet_id, "ROWS", 0, 1, inherit=False))
        requests.append(marks.on_line(HEAD, "", target.sheet_id, "ROWS", 0))
    if plan.add_fields:
        first = min(target.places[name] for name in plan.add_fields)
        requests.append(_insert(target.sheet_id, "COLUMNS", first, len(plan.add_fields), inherit=True))
        for name in plan.add_fields:
            requests.append(marks.on_line(COLUMN, name, target.sheet_id, "COLUMNS", target.places[name]))
    asked = [one for one in shape.inputs if one.name not in layout.marks.inputs] if plan.reshape else []
    if asked:
        first = 1 + max(target.places.values())
        requests.append(_insert(target.sheet_id, "COLUMNS", first, len(asked), inherit=False))
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
        requests.append(_insert(target.sheet_id, "ROWS", row, count, inherit=row > target.head + 1))
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


def _insert(sheet_id: int, dimension: str, start: int, count: int, *, inherit: bool) -> Json:
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
