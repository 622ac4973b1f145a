"""A tab as it is in a workbook: where its sheet, header, columns and rows are by now."""

from __future__ import annotations

from dataclasses import dataclass, field

from qa_sync.dashboards.cells import Cell, PresentTab
from qa_sync_excel.book import Book, Extra
from qa_sync_excel.registry import SHEET, Registered
from qa_sync_excel.texts import displayable

_HEADER_WITHIN = 20
#: LibreOffice saves TRUE as a formula, or as 1.
_CONSTANTS = {"=TRUE()": True, "=FALSE()": False}
_BOOLEANS: dict[float, Cell] = {0.0: False, 1.0: True}


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """``columns``: managed field → column; ``own``: the analysts' columns with their headers, left to right.

    ``rows`` are the cells below the header, all of one width; ``extras`` by (data row, column).
    """

    registered: Registered
    title: str
    columns: dict[str, int]
    own: tuple[tuple[int, str], ...]
    rows: list[list[Cell]]
    extras: dict[tuple[int, int], Extra] = field(default_factory=dict)

    def cell(self, row: int, name: str) -> Cell:
        """Return a managed cell."""
        return self.rows[row][self.columns[name]] if name in self.columns else None

    def key(self, row: int) -> Cell:
        """Return the key of a data row."""
        return self.cell(row, self.registered.shape.key)

    def has_own(self, row: int) -> bool:
        """Whether an analyst wrote something into the row."""
        return any(self.rows[row][column] is not None for column, _ in self.own)


def find_tab(book: Book, tab: Registered, claimed: set[str]) -> There | None:
    """Find a registered tab in a workbook; None when its sheet is gone."""
    title = _find_title(book, tab, claimed)
    if title is None:
        return None
    cells = book.cells(title)
    at = _header_row(cells, tab)
    width = max((len(row) for row in cells), default=0)
    header = [*(_label(cell) for cell in cells[at]), *[""] * (width - len(cells[at]))] if cells else []
    columns = _find_columns(header, tab, title, at)
    rows = [[*row, *[None] * (width - len(row))] for row in cells[at + 1 :]]
    while rows and all(cell is None for cell in rows[-1]):
        rows.pop()
    taken = set(columns.values())
    own = tuple(
        (column, label)
        for column, label in enumerate(header)
        if column not in taken and (label or any(row[column] is not None for row in rows))
    )
    found = book.extras(title, frozenset(column for column, _ in own))
    extras = {(row - at - 1, column): extra for (row, column), extra in found.items() if row > at}
    for (row, column), extra in list(extras.items()):
        if extra.formula in _CONSTANTS:
            rows[row][column] = _CONSTANTS[extra.formula]
            del extras[row, column]
    _restore_texts(rows, columns, tab)
    return There(registered=tab, title=title, columns=columns, own=own, rows=rows, extras=extras)


def present_tab(there: There) -> PresentTab:
    """Return what the planner needs to know."""
    shape = there.registered.shape
    keyed = [at for at in range(len(there.rows)) if there.key(at) is not None]
    fields = {column: name for name, column in there.columns.items()}
    formulas = frozenset(
        (row, fields[column])
        for (row, column), extra in there.extras.items()
        if extra.formula is not None and column in fields and there.key(row) is not None
    )
    columns = {name: [there.rows[at][column] for at in keyed] for name, column in there.columns.items()}
    for one in shape.fields:
        if one.kind == "boolean" and one.name in columns:
            columns[one.name] = [
                _BOOLEANS.get(cell, cell) if isinstance(cell, float) else cell for cell in columns[one.name]
            ]
    columns.setdefault(shape.key, [])
    return PresentTab(
        columns=columns,
        rows=keyed,
        formulas=formulas,
        shape_hash=there.registered.shape_hash,
        height=len(there.rows),
        handle=there,
    )


def _label(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _find_title(book: Book, tab: Registered, claimed: set[str]) -> str | None:
    free = [title for title in book.titles if title not in claimed and title != SHEET]
    place = tab.places.get(tab.shape.key)
    for title in (place.title if place else "", tab.title):
        if title in free:
            return title
    wanted = set(tab.labels.values())
    for title in free:  # renamed by a program that leaves references as they were
        if any(wanted <= {_label(cell) for cell in row} for row in book.cells(title)[:_HEADER_WITHIN]):
            return title
    return None


def _header_row(cells: list[list[Cell]], tab: Registered) -> int:
    """The row that the references point at; where that is not so, the row with most of our labels."""
    labels = set(tab.labels.values())
    hits = [len(labels & {_label(cell) for cell in row}) for row in cells[:_HEADER_WITHIN]]
    best = max(hits, default=0)
    place = tab.places.get(tab.shape.key)
    if place is not None and place.row < len(hits) and hits[place.row] == best:
        return place.row
    return hits.index(best) if best else 0


def _find_columns(header: list[str], tab: Registered, title: str, header_row: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, label in tab.labels.items():
        if label in header:
            found[name] = header.index(label)
    for name, place in tab.places.items():
        if name in found or place is None or (place.title, place.row) != (title, header_row):
            continue
        # A header that a person has rewritten; unless a column of their own slid into its place.
        if (
            place.column < len(header)
            and header[place.column]
            and place.column not in found.values()
            and header[place.column] not in tab.own
        ):
            found[name] = place.column
    return found


def _restore_texts(rows: list[list[Cell]], columns: dict[str, int], tab: Registered) -> None:
    """Put back the texts that a cell could not show whole, where nobody has changed the cell."""
    if not tab.texts or tab.shape.key not in columns:
        return
    key_column = columns[tab.shape.key]
    at = {row[key_column]: number for number, row in reversed(list(enumerate(rows)))}
    for key_last in (False, True):
        for (key, name), text in tab.texts.items():
            row = at.get(displayable(key) or None)
            if row is None or name not in columns or (name == tab.shape.key) is not key_last:
                continue
            if (rows[row][columns[name]] or "") == displayable(text):
                rows[row][columns[name]] = text
