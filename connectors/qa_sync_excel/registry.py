"""The hidden sheet ``_qa_sync_columns``: which sheet is which tab, and which column which field.

Each managed header is held as a *reference* to its cell (``='Pairs'!$C$1``), and Excel itself keeps a reference right
when a person renames the sheet or moves, inserts or deletes columns. Programs that do not are met by a second look
at the labels. Also held: each tab's shape, the analysts' headers, and the texts that a cell cannot hold whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from qa_sync.dashboards.cells import Chart, Field, Input, TabShape
from qa_sync_excel.texts import chunks

SHEET = "_qa_sync_columns"
_VERSION = "1"
_REFERENCE = re.compile(r"^=(?:'((?:[^']|'')+)'|([^'!]+))!\$?([A-Z]{1,3})\$?(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cell: sheet title, row and column from 0."""

    title: str
    row: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A tab as last drawn. ``places`` is where each field's header is now, ``labels`` what was written there.

    ``texts``: (key, field) → the whole text of a cell that could show only a part of it.
    """

    shape: TabShape
    shape_hash: str
    title: str
    labels: Mapping[str, str]
    own: tuple[str, ...] = ()
    places: Mapping[str, Place | None] = field(default_factory=dict)
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)


def identity(shape: TabShape) -> str:
    """Return what a tab is known by in the workbook, which several dashboards may share."""
    return f"{shape.dashboard}/{shape.name}"


def reference(title: str, row: int, column: int) -> str:
    """Return the formula that points at a cell.

    >>> reference("Bob's", 0, 27)
    "='Bob''s'!$AB$1"
    """
    return f"='{title.replace(chr(39), chr(39) * 2)}'!${column_letters(column)}${row + 1}"


def column_letters(column: int) -> str:
    """Return a column's letters: 0 is A."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def place_of(formula: Any) -> Place | None:
    """Read a reference back; None when it points nowhere any more.

    >>> place_of("='Bob''s'!$AB$1")
    Place(title="Bob's", row=0, column=27)
    >>> place_of("=#REF!") is None
    True
    """
    found = _REFERENCE.match(formula) if isinstance(formula, str) else None
    if found is None:
        return None
    column = 0
    for letter in found[3]:
        column = column * 26 + ord(letter) - 64
    title = found[1].replace("''", "'") if found[1] else found[2]
    return Place(title=title, row=int(found[4]) - 1, column=column - 1)


def rows_of(tabs: Iterable[Registered]) -> Iterator[list[str]]:
    """Yield the rows of the hidden sheet; texts that begin with "='" are references."""
    yield ["qa_sync", _VERSION]
    for tab in tabs:
        name = identity(tab.shape)
        yield ["tab", name, tab.shape_hash, tab.title, *chunks(json.dumps(asdict(tab.shape)))]
        for column, one in enumerate(tab.shape.fields):
            yield ["field", name, one.name, reference(tab.title, 0, column), tab.labels[one.name]]
        for header in tab.own:
            yield ["own", name, header]
        for (key, field_name), text in sorted(tab.texts.items()):
            yield ["text", name, field_name, *_counted(key), *chunks(json.dumps(text))]


def _counted(key: str) -> list[str]:
    pieces = chunks(json.dumps(key))
    return [str(len(pieces)), *pieces]


def read_rows(rows: Iterable[Sequence[Any]]) -> dict[str, Registered] | None:
    """Return the registered tabs by identity; None when the sheet is not ours."""
    lines = [[cell for cell in row if cell is not None] for row in rows]
    if not lines or lines[0][:1] != ["qa_sync"] or str(lines[0][1]) != _VERSION:
        return None
    tabs: dict[str, Registered] = {}
    for kind, name, *rest in (line for line in lines[1:] if len(line) >= 2):
        if kind == "tab":
            shape = shape_of(json.loads("".join(rest[2:])))
            tabs[name] = Registered(shape=shape, shape_hash=rest[0], title=rest[1], labels={}, places={}, texts={})
        elif kind == "field":
            tab = tabs[name]
            tabs[name] = _with(
                tab, labels={**tab.labels, rest[0]: str(rest[2])}, places={**tab.places, rest[0]: place_of(rest[1])}
            )
        elif kind == "own":
            tabs[name] = _with(tabs[name], own=(*tabs[name].own, str(rest[0])))
        elif kind == "text":
            pieces = int(rest[1])
            key, text = json.loads("".join(rest[2 : 2 + pieces])), json.loads("".join(rest[2 + pieces :]))
            tabs[name] = _with(tabs[name], texts={**tabs[name].texts, (key, rest[0]): text})
    return tabs


def _with(tab: Registered, **changes: Any) -> Registered:
    values = {name: getattr(tab, name) for name in ("shape", "shape_hash", "title", "labels", "own", "places", "texts")}
    return Registered(**{**values, **changes})


def shape_of(raw: Mapping[str, Any]) -> TabShape:
    """Return a shape from its stored form; what a newer version added to it is left out."""
    known = {name: value for name, value in raw.items() if name in TabShape.__dataclass_fields__}
    known["fields"] = tuple(
        Field(**{**_known(Field, one), "options": tuple(one.get("options", ()))}) for one in raw["fields"]
    )
    known["charts"] = tuple(
        Chart(**{**_known(Chart, one), "series": tuple(one["series"]), "limits": tuple(one.get("limits", ()))})
        for one in raw["charts"]
    )
    known["notes"] = tuple(raw["notes"])
    known["ticks"] = tuple((key, name) for key, name in raw.get("ticks", ()))
    known["inputs"] = tuple(
        Input(**{**_known(Input, one), "options": tuple(one["options"])}) for one in raw.get("inputs", ())
    )
    return TabShape(**known)


def _known(kind: type[Field] | type[Chart] | type[Input], raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name in kind.__dataclass_fields__}
