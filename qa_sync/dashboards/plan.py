"""Decide what to change on a tab: three-way, per cell, without touching anything.

For each managed cell there is what we last wrote (base), what is there (theirs) and what we want (ours):
equal to ours: nothing; equal to base: update; neither: a person changed it, and the field's policy
decides. Rows are matched by key wherever they have been sorted to; analysts' rows and columns do not exist here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_sync.dashboards.cells import GONE_SINCE, Cell, Conflict, Field, PresentTab, Tab, TabPlan
from qa_sync.dashboards.look import shape_hash

#: What was last published on a tab: key → field → cell.
Base = Mapping[str, Mapping[str, Cell]]


def plan_tab(wanted: Tab, present: PresentTab | None, base: Base | None = None) -> TabPlan:
    """Return what has to change so that ``present`` shows ``wanted``.

    Args:
        wanted: the tab we want; its keys are texts, unique and not empty.
        present: the tab as it was read, or None where it does not exist yet.
        base: what we last published, or None where that is not known (then a different cell is simply updated).

    Raises:
        ValueError: a wanted key is missing or stands twice (a bug in a report, not in a sheet).
    """
    shape = wanted.shape
    keys = _keys(wanted)
    if present is None:
        return TabPlan(wanted=wanted, create=True, inserts=dict(wanted.columns), reshape=True)
    found, duplicates = _present_keys(present, shape.key, frozenset(keys))
    add_fields = tuple(f.name for f in shape.fields if f.name not in present.columns)
    wanted_at = {key: at for at, key in enumerate(keys)}
    shared = [(wanted_at[key], at, key) for key, at in found.items() if key in wanted_at]
    updates: dict[str, tuple[list[int], list[Cell]]] = {}
    conflicts: list[Conflict] = []
    touched: set[int] = set()
    for field in shape.fields:
        if field.name == shape.key:
            continue
        rows, cells = _plan_field(field, wanted, present, base, shared, conflicts, touched)
        if rows:
            updates[field.name] = (rows, cells)
    gone = [at for key, at in found.items() if key not in wanted_at and base and key in base]
    blanks: list[int] = []
    if shape.vanished == "empty":
        blanks = _emptied(present, gone, shape.key, updates)
    elif shape.vanished == "mark":
        _mark(present, gone, wanted.day, updates)
    new = [at for at, key in enumerate(keys) if key not in found]
    restored = tuple(keys[at] for at in new if base and keys[at] in base)
    inserts = {name: [column[at] for at in new] for name, column in wanted.columns.items()} if new else {}
    return TabPlan(
        wanted=wanted,
        create=False,
        add_fields=add_fields,
        updates=updates,
        inserts=inserts,
        blanks=tuple(blanks),
        conflicts=tuple(conflicts),
        duplicate_keys=duplicates,
        restored_keys=restored,
        unchanged_rows=len(shared) - len(touched),
        reshape=present.shape_hash != shape_hash(shape),
    )


def _keys(wanted: Tab) -> list[str]:
    keys = [key for key in wanted.columns[wanted.shape.key] if isinstance(key, str) and key]
    if len(keys) != wanted.height or len(set(keys)) != len(keys):
        msg = f"tab {wanted.shape.name!r}: the key {wanted.shape.key!r} must be a unique, non-empty text in every row"
        raise ValueError(msg)
    return keys


def _present_keys(
    present: PresentTab, key_field: str, wanted: frozenset[str]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return key → index into the present columns (the first of duplicates), and the duplicated keys."""
    found: dict[str, int] = {}
    duplicates: list[str] = []
    for at, cell in enumerate(present.columns.get(key_field, ())):
        if cell is None or cell == "":
            continue
        key = key_text(cell)
        if key not in wanted and key.strip() in wanted:
            key = key.strip()  # a blank slipped in while somebody looked at it
        if key in found:
            duplicates.append(key)
        else:
            found[key] = at
    return found, tuple(dict.fromkeys(duplicates))


def key_text(cell: Cell) -> str:
    """Return a cell as a key: a sheet may have turned the text "123" into a number, and it is still "123"."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _plan_field(
    field: Field,
    wanted: Tab,
    present: PresentTab,
    base: Base | None,
    shared: Sequence[tuple[int, int, str]],
    conflicts: list[Conflict],
    touched: set[int],
) -> tuple[list[int], list[Cell]]:
    rows: list[int] = []
    cells: list[Cell] = []
    ours_column = wanted.columns[field.name]
    theirs_column = present.columns.get(field.name)
    formula_rows = {row for row, name in present.formulas if name == field.name}
    for wanted_at, present_at, key in shared:
        ours = ours_column[wanted_at]
        theirs = theirs_column[present_at] if theirs_column is not None else None
        row = present.rows[present_at]
        if same(theirs, ours) and row not in formula_rows:
            continue
        if theirs_column is not None and base is not None and key in base:
            last = base[key].get(field.name)
            if not same(theirs, last) or row in formula_rows:
                conflicts.append(Conflict(key=key, field=field.name, theirs=theirs, ours=ours, action=field.policy))
                if field.policy != "enforce":
                    continue
        rows.append(row)
        cells.append(ours)
        touched.add(present_at)
    return rows, cells


def _emptied(
    present: PresentTab, gone: Sequence[int], key_field: str, updates: dict[str, tuple[list[int], list[Cell]]]
) -> list[int]:
    """Empty the managed cells of rows that we published and that are no longer wanted; analysts' notes stay."""
    blanks: list[int] = []
    for at in gone:
        emptied = False
        for name, column in present.columns.items():
            if name != key_field and column[at] is not None:
                rows, cells = updates.setdefault(name, ([], []))
                rows.append(present.rows[at])
                cells.append(None)
                emptied = True
        if emptied:
            blanks.append(present.rows[at])
    return blanks


def _mark(
    present: PresentTab, gone: Sequence[int], day: float | None, updates: dict[str, tuple[list[int], list[Cell]]]
) -> None:
    """Say beside rows that we published and that are no longer wanted since when they are not."""
    there = present.columns.get(GONE_SINCE)
    for at in gone:
        if there is None or there[at] is None:
            rows, cells = updates.setdefault(GONE_SINCE, ([], []))
            rows.append(present.rows[at])
            cells.append(day)


def same(left: Cell, right: Cell) -> bool:
    """Whether two cells show the same: "" is empty, 1 is 1.0, but True is not 1."""
    if left is None or left == "":
        return right is None or right == ""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        # Both sides store doubles; the tolerance covers a decimal text round trip of 15 digits.
        return left == right or abs(left - right) <= 1e-12 * max(abs(left), abs(right))
    return left == right
