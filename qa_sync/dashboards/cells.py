"""What a dashboard is made of, as plain values: tabs of typed cells, what is present, what is to change.

A **cell** is ``str | float | bool | None``. Numbers are floats, dates and times are serial numbers (days since
1899-12-30, the count that Sheets and Excel share) and ``None`` is an empty cell. Two cells are equal when
they are equal here, so "" never differs from empty and 1 never from 1.0.
Everything is kept by column, because that is how sheets are read and compared quickly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

Cell = str | float | bool | None
Columns = Mapping[str, Sequence[Cell]]

Kind = Literal["text", "integer", "number", "percent", "date", "time", "boolean"]
Policy = Literal["enforce", "keep", "report"]
#: What becomes of a row whose record is no longer wanted. "empty": our cells are emptied (a workbook drops the row
#: where nobody wrote beside it); "keep": it stays as it was; "mark": it stays and says since when its record is gone.
Vanished = Literal["empty", "keep", "mark"]
#: Name of the column that says so.
GONE_SINCE = "gone_since"

#: Colours by meaning, chosen by the sink for its medium.
#: "outcome": a cell naming an outcome class (CRITICAL_... bad, LENIENT and STRICT warm and cool, EXACT good);
#: "leniency": a signed number (positive warm, negative cool); "share": 0..1, a colour scale, higher is better;
#: "share_bad": 0..1, higher is worse; "bar": a data bar; "heat": one colour scale for all columns of a tab with this
#: tone, as a confusion matrix needs.
Tone = Literal["", "outcome", "leniency", "share", "share_bad", "bar", "heat"]

ChartKind = Literal["line", "column", "bar", "pareto", "interval"]
#: How many series a kind of chart has, where that is fixed.
SERIES_OF: Mapping[str, int] = {"pareto": 2, "interval": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One managed column. ``name`` is its identity for ever; ``label`` is what people read and may change.

    ``decimals`` is for numbers and percents. ``width`` is in pixels. ``policy`` says what happens when a
    person has overwritten our value: "enforce" writes it again, "keep" leaves theirs, "report" leaves and reports.
    ``link``: where a text leads, with ``{value}`` for the cell and ``{id}`` for what follows its first colon, such as
    https://acme.zendesk.com/agent/tickets/{id}; "" for no link. ``options``: what a dropdown offers in its cells, where
    people may choose another value than ours.
    """

    name: str
    label: str
    kind: Kind = "text"
    doc: str = ""
    width: int = 110
    decimals: int = 2
    tone: Tone = ""
    policy: Policy = "enforce"
    link: str = ""
    options: tuple[str, ...] = ()

    def address(self, cell: Cell) -> str:
        """Return where a cell of this column leads; "" nowhere."""
        if not self.link or not isinstance(cell, str) or not cell:
            return ""
        short = cell.partition(":")[2] or cell
        return self.link.replace("{value}", quote(cell, safe="")).replace("{id}", quote(short, safe=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart shown on one tab, drawn from the columns of another (or the same).

    ``x`` and ``series`` are field names of the tab ``data``. ``percent`` formats the value axis as percent;
    ``low`` and ``high`` are its ends, None lets the medium choose. ``limits`` are series of a line chart that are drawn
    thin and dashed, such as control limits. A "pareto" has two series: counts as columns, and their cumulative share
    as a line on an axis of its own. An "interval" has three: the value, drawn as a mark, and both ends of its interval.
    """

    name: str
    title: str
    kind: ChartKind
    data: str
    x: str
    series: tuple[str, ...]
    percent: bool = False
    low: float | None = None
    high: float | None = None
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A column that qa-sync makes for people to fill in, such as a root cause: never written to after that.

    ``name`` is its identity for whoever reads it back. ``options``: what a dropdown offers, other texts are marked but
    taken; none: free text. ``width`` is in pixels.
    """

    name: str
    label: str
    options: tuple[str, ...] = ()
    doc: str = ""
    width: int = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class TabShape:
    """What a tab looks like, without its rows. ``name`` is its identity, ``title`` what people read.

    ``key`` names the field whose text identifies a row; it is the first managed column and is never rewritten.
    ``ticks``: (key, field) of cells that are boxes to tick. ``inputs``: columns for people, to the right of ours.
    ``filter``: a new tab gets filter buttons. ``total``: key of the row that holds totals; "" without one.
    ``vanished``: what becomes of rows whose records are gone; with "mark" there is a field ``gone_since``.
    """

    dashboard: str
    name: str
    title: str
    key: str
    fields: tuple[Field, ...]
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()
    hidden: bool = False
    ticks: tuple[tuple[str, str], ...] = ()
    inputs: tuple[Input, ...] = ()
    filter: bool = True
    total: str = ""
    vanished: Vanished = "empty"

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the managed columns, in order."""
        return tuple(f.name for f in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab as we want it: its shape and, by field name, one list of cells per column (equal lengths).

    ``day``: of the snapshot, as a serial number; what rows are marked with whose records are gone.
    """

    shape: TabShape
    columns: Columns
    day: float | None = None

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.columns[self.shape.key])

    def by_key(self) -> dict[str, dict[str, Cell]]:
        """Return key → field → cell."""
        names = list(self.columns)
        rows = zip(*self.columns.values(), strict=True)
        return {
            str(key): dict(zip(names, cells, strict=True))
            for key, cells in zip(self.columns[self.shape.key], rows, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentTab:
    """A tab as it is now. ``columns`` has the managed columns that were found, ``rows`` the position of each row.

    Row positions count data rows from 0 (the row under the header is 0), in the sink's own order; keyless
    rows are analysts' own and not listed. ``formulas`` names (row position, field) where a person put a formula.
    ``shape_hash`` is the look last applied. ``handle`` belongs to the sink.
    """

    columns: Columns
    rows: Sequence[int]
    formulas: frozenset[tuple[int, str]] = frozenset()
    shape_hash: str = ""
    height: int = 0
    handle: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """All tabs asked for that exist, by name, from one read. ``token`` belongs to the sink (its write fence)."""

    tabs: Mapping[str, PresentTab] = field(default_factory=dict)
    token: Any = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A managed cell that a person changed since we last wrote it, and what the plan does about it."""

    key: str
    field: str
    theirs: Cell
    ours: Cell
    action: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class TabPlan:
    """What has to change on one tab. Row positions are those of the ``PresentTab`` it was made from.

    ``updates``: per field, row positions and the cells to put there. ``inserts``: new rows by column,
    in order, to go below the last keyed row. ``blanks``: rows whose record is gone; their managed cells except
    the key are in ``updates`` as None. ``duplicate_keys``: stand in several rows, of which the first is ours.
    ``restored_keys``: of ``inserts``, those of rows that were there and that a person has deleted, or whose key they
    have changed. ``wanted`` is the whole tab, for sinks that draw it anew.
    """

    wanted: Tab
    create: bool
    add_fields: tuple[str, ...] = ()
    updates: Mapping[str, tuple[Sequence[int], Sequence[Cell]]] = field(default_factory=dict)
    inserts: Columns = field(default_factory=dict)
    blanks: Sequence[int] = ()
    conflicts: tuple[Conflict, ...] = ()
    duplicate_keys: tuple[str, ...] = ()
    restored_keys: tuple[str, ...] = ()
    unchanged_rows: int = 0
    reshape: bool = False

    @property
    def inserted_rows(self) -> int:
        """Number of rows to add."""
        return len(self.inserts[self.wanted.shape.key]) if self.inserts else 0

    @property
    def updated_rows(self) -> int:
        """Number of existing rows of which a cell changes."""
        return len({row for rows, _ in self.updates.values() for row in rows})

    @property
    def data_cells(self) -> int:
        """Number of data cells that applying the plan writes (empty cells of new rows included)."""
        updated = sum(len(rows) for rows, _ in self.updates.values())
        return updated + self.inserted_rows * len(self.wanted.shape.fields)

    @property
    def is_empty(self) -> bool:
        """True when applying the plan would write nothing at all."""
        return not (self.create or self.add_fields or self.reshape or self.data_cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a sink did: data cells written, calls made, and where a person can look."""

    data_cells: int
    calls: int = 0
    url: str = ""
    notes: tuple[str, ...] = ()
