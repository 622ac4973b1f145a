"""What a sheet will hold: our cells as planned, and everything that people wrote beside and below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_sync.dashboards.cells import Cell, Tab, TabPlan, TabShape
from qa_sync_excel.book import Extra
from qa_sync_excel.registry import column_letters
from qa_sync_excel.texts import displayable, headers
from qa_sync_excel.there import There


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCell:
    """A cell that a person wrote: its value, and the formula and number format it came with."""

    value: Cell
    formula: str | None = None
    number_format: str = "General"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet to draw: a header and ``height`` rows, of which the first ``wanted`` are those of the plan.

    ``columns`` and ``own`` are by column, left to right; a managed cell is an OwnCell where a person's stays.
    """

    shape: TabShape
    title: str
    labels: tuple[str, ...]
    own_headers: tuple[str, ...]
    columns: Sequence[Sequence[Cell | OwnCell]]
    own: Sequence[Sequence[OwnCell | None]]
    height: int
    wanted: int
    lost_formulas: int = 0

    def texts(self) -> dict[tuple[str, str], str]:
        """Return the texts that a cell cannot show whole, by (key, field)."""
        keys = self.columns[self.shape.field_names.index(self.shape.key)]
        found: dict[tuple[str, str], str] = {}
        for field, column in zip(self.shape.fields, self.columns, strict=True):
            for key, cell in zip(keys, column, strict=True):
                if isinstance(cell, str) and isinstance(key, str) and displayable(cell) != cell:
                    found[key, field.name] = cell
        return found


def merge(plan: TabPlan, there: There | None, title: str) -> Sheet:
    """Return the sheet that carrying out a plan leads to."""
    shape = plan.wanted.shape
    fields = shape.fields
    wanted = plan.wanted.height
    columns: list[list[Cell | OwnCell]] = [list(plan.wanted.columns[field.name]) for field in fields]
    held = {header for _, header in there.own} if there is not None else set()
    empty = [one.label for one in shape.inputs if one.label not in held]
    if there is None:
        labels = headers([*(f.label for f in fields), *empty])
        return Sheet(
            shape=shape,
            title=title,
            labels=tuple(labels[: len(fields)]),
            own_headers=tuple(labels[len(fields) :]),
            columns=columns,
            own=[[None] * wanted for _ in empty],
            height=wanted,
            wanted=wanted,
        )
    labels = headers([*(f.label for f in fields), *(header for _, header in there.own), *empty])
    mover = _Mover(there, {f.name: at for at, f in enumerate(fields)}, len(fields))
    row_of: dict[Cell, int] = {}
    for row in range(len(there.rows)):
        key = _key_text(there.key(row))
        if key is not None:
            row_of.setdefault(key, row)
    for text, row in list(row_of.items()):
        row_of.setdefault(str(text).strip(), row)  # as the planner takes it: a blank may have slipped in
    sources = [row_of.get(key) for key in plan.wanted.columns[shape.key]]
    at_key = {key: at for at, key in enumerate(plan.wanted.columns[shape.key])}
    names = [field.name for field in fields]
    for conflict in plan.conflicts:
        at = at_key.get(conflict.key)
        if conflict.action != "enforce" and at is not None and sources[at] is not None:
            columns[names.index(conflict.field)][at] = mover.managed(sources[at] or 0, conflict.field, at)
    used = {row for row in sources if row is not None}
    planned = {(row, name): cell for name, found in plan.updates.items() for row, cell in zip(*found, strict=True)}
    for row in _kept(plan, there, used):
        for name, column in zip(names, columns, strict=True):
            is_planned = (row, name) in planned
            column.append(planned[row, name] if is_planned else mover.managed(row, name, len(sources)))
        sources.append(row)
    own = [
        [None if row is None else mover.own(row, column, at) for at, row in enumerate(sources)]
        for column, _ in there.own
    ]
    own += [[None] * len(sources) for _ in empty]
    count = len(fields)
    return Sheet(
        shape=shape,
        title=title,
        labels=tuple(labels[:count]),
        own_headers=tuple(labels[count:]),
        columns=columns,
        own=own,
        height=len(sources),
        wanted=wanted,
        lost_formulas=mover.lost,
    )


def unchanged(there: There) -> TabPlan:
    """Return the plan that leaves a tab as it is: for tabs of the workbook that a run does not publish."""
    shape = there.registered.shape
    keyed: dict[Cell, int] = {}
    for row in range(len(there.rows)):
        key = _key_text(there.key(row))
        if key is not None:
            keyed.setdefault(key, row)
    columns = {name: [there.cell(row, name) for row in keyed.values()] for name in shape.field_names}
    return TabPlan(wanted=Tab(shape=shape, columns={**columns, shape.key: list(keyed)}), create=False)


def _key_text(cell: Cell) -> str | None:
    """A person's program may have turned the text "123" into a number; as a key it is still "123"."""
    if cell is None or isinstance(cell, str):
        return cell
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _kept(plan: TabPlan, there: There, used: set[int]) -> list[int]:
    """Rows that are not in the plan's wanted and stay: people's own, and those the plan does not touch."""
    blanks, kept = set(plan.blanks), []
    for row in range(len(there.rows)):
        if row in used:
            continue
        managed = any(
            there.rows[row][column] is not None
            for name, column in there.columns.items()
            if name != plan.wanted.shape.key
        )
        if there.key(row) is None:
            stays = there.has_own(row) or (managed and plan.wanted.shape.key in there.columns)
        else:
            stays = there.has_own(row) or (managed and row not in blanks)
        if stays:
            kept.append(row)
    return kept


class _Mover:
    """Carries people's cells to their new rows. Formulas move with them as long as every column stayed in place."""

    def __init__(self, there: There, new: dict[str, int], managed: int) -> None:
        self._there = there
        moved = [new.get(name) != column for name, column in there.columns.items()]
        moved += [managed + at != column for at, (column, _) in enumerate(there.own)]
        self._in_place = not any(moved)
        self.lost = 0

    def managed(self, row: int, name: str, to: int) -> Cell | OwnCell:
        column = self._there.columns.get(name)
        if column is None:
            return None
        extra = self._there.extras.get((row, column))
        value = self._there.rows[row][column]
        return value if extra is None or extra.formula is None else self._cell(value, extra, row, column, to)

    def own(self, row: int, column: int, to: int) -> OwnCell | None:
        value, extra = self._there.rows[row][column], self._there.extras.get((row, column))
        if extra is None:
            return None if value is None else OwnCell(value=value)
        return self._cell(value, extra, row, column, to)

    def _cell(self, value: Cell, extra: Extra, row: int, column: int, to: int) -> OwnCell:
        formula = extra.formula
        if formula is not None and not self._in_place:
            formula, self.lost = None, self.lost + 1
        if formula is not None and row != to:
            from openpyxl.formula.translate import Translator

            letters = column_letters(column)
            formula = Translator(formula, origin=f"{letters}{row + 2}").translate_formula(f"{letters}{to + 2}")
        return OwnCell(value=value, formula=formula, number_format=extra.number_format)
