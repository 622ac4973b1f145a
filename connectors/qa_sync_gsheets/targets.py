"""Where a tab is, or will be: what the steps of its plan write into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa_sync.dashboards.cells import TabPlan
from qa_sync_gsheets import charts
from qa_sync_gsheets.charts import Drawn
from qa_sync_gsheets.reading import Layout, tab_name

#: Empty rows below, and empty columns beside, the data of a new tab, for people.
SPARE_ROWS, SPARE_COLUMNS = 100, 4


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
