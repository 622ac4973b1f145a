"""Hide people: in one site's workbook, people of other sites stand under an alias."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qa_sync.dashboards.cells import Cell, Tab


def aliases_of(people: Sequence[tuple[str, str]], *, salt: str) -> dict[str, str]:
    """Return text → alias for the (id, name) of people; a name may be "".

    A person has the same alias everywhere and for ever; without the salt it cannot be computed from an id.
    """
    found: dict[str, str] = {}
    for person, name in people:
        alias = "person " + hashlib.sha256(f"{salt} {person}".encode()).hexdigest()[:8]
        found[person] = alias
        if name:
            found.setdefault(name, alias)
    return found


def hide_people(tab: Tab, aliases: Mapping[str, str]) -> Tab:
    """Return a tab in which every cell that is an id or a name of these people is their alias.

    In lists ("a, b") and in composed keys ("a|b") the parts are replaced.
    """
    if not aliases:
        return tab
    columns: dict[str, Sequence[Cell]] = {}
    for field in tab.shape.fields:
        cells = tab.columns[field.name]
        if field.kind == "text":
            split = "|" if field.name == tab.shape.key else ", "
            cells = [hidden_text(cell, aliases, split) if isinstance(cell, str) else cell for cell in cells]
        columns[field.name] = cells
    return replace(tab, columns=columns)


def hidden_text(text: str, aliases: Mapping[str, str], split: str) -> str:
    """Return a text in which people, as a whole or as parts between ``split``, are their aliases."""
    if text in aliases:
        return aliases[text]
    if split not in text:
        return text
    return split.join(aliases.get(part, part) for part in text.split(split))
