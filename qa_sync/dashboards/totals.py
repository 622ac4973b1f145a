"""The row of totals: the report over everything, or sums of columns; the first row of its tab."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qa_sync.dashboards.cells import Cell, Tab, TabShape
from qa_sync.errors import ConfigError, Problem
from qa_sync.wording import did_you_mean

_WORD = "All"


def total_key(keys: Sequence[Cell]) -> str:
    """Return the key of the row of totals: one that no other row has.

    >>> total_key(["Dublin", "Manila"]), total_key(["(all)"])
    ('(all)', '((all))')
    """
    taken, key = set(keys), "(all)"
    while key in taken:
        key = f"({key})"
    return key


def with_totals(tab: Tab, whole: Mapping[str, Cell]) -> Tab:
    """Return a tab with the row of totals in front; ``whole`` has its cells by field. A tab without rows stays so.

    In front, because new rows come last: there it stays where it is. ``tab.shape.total`` is its key.
    """
    shape = tab.shape
    if not tab.height:
        return tab
    named = next((f.name for f in shape.fields if f.kind == "text" and f.name != shape.key), "")
    first = {**whole, shape.key: shape.total} | ({named: _WORD} if named else {})
    return replace(tab, columns={name: [first.get(name), *cells] for name, cells in tab.columns.items()})


def sums(tab: Tab, names: Sequence[str], *, where: str) -> dict[str, Cell]:
    """Return the sums of columns, exact whatever the order of rows.

    Raises:
        ConfigError: a column is not on the tab, or is not one of numbers.
    """
    found: dict[str, Cell] = {}
    for name in names:
        field = _field(tab.shape, name, where)
        if field not in ("integer", "number"):
            what = f"{where}: column {name!r} is of kind {field}, and a sum of it means nothing"
            raise ConfigError(Problem(what=what, hint="totals: true shows a report over everything"))
        numbers = [cell for cell in tab.columns[name] if isinstance(cell, float)]
        found[name] = math.fsum(numbers) if numbers else None
    return found


def _field(shape: TabShape, name: str, where: str) -> str:
    kinds = {field.name: field.kind for field in shape.fields}
    if name not in kinds:
        what = f"{where}: there is no column {name!r} to add up"
        raise ConfigError(Problem(what=what, hint=did_you_mean(name, list(kinds))))
    return kinds[name]
