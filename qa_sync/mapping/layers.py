"""Build one select as layers of named columns, so that nothing is computed twice.

A ``Term`` is a piece of SQL and the layer from which on it can be read. Naming a computation puts it one
layer above what it reads; equal computations share one name.
"""

from __future__ import annotations

from dataclasses import dataclass

from qa_sync.engine.duck import literal


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of SQL, readable in layer ``layer`` and above."""

    sql: str
    layer: int = 0

    @property
    def is_null(self) -> bool:
        """Whether it is known to be NULL for every row."""
        return self is NULL


NULL = Term("CAST(NULL AS VARCHAR)")


def text(value: str | None) -> Term:
    """Return a text literal (or NULL) as a term."""
    return NULL if value is None else Term(literal(value))


class Layers:
    """The layers of one select, above a base select that supplies layer 0."""

    def __init__(self) -> None:
        self._names: dict[str, Term] = {}
        self._layers: list[list[str]] = []

    def name(self, sql: str, *reads: Term) -> Term:
        """Compute ``sql``, which reads ``reads``, once; return the column that holds it."""
        found = self._names.get(sql)
        if found is None:
            layer = max((term.layer for term in reads), default=0)
            while len(self._layers) <= layer:
                self._layers.append([])
            found = Term(f"_x{len(self._names)}", layer + 1)
            self._layers[layer].append(f"{sql} AS {found.sql}")
            self._names[sql] = found
        return found

    def over(self, base: str) -> str:
        """Return a select of the base's columns and all named ones."""
        select = base
        for columns in self._layers:
            select = f"SELECT *, {', '.join(columns)}\nFROM ({select})"
        return select


def first(layers: Layers, *terms: Term) -> Term:
    """Return the first of several texts that is not NULL."""
    known = [term for term in terms if not term.is_null]
    if len(known) <= 1:
        return known[0] if known else NULL
    return layers.name(f"coalesce({', '.join(term.sql for term in known)})", *known)
