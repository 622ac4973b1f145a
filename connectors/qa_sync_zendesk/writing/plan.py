"""What is to be written into each ticket, and which tickets have it already. No HTTP here.

Every update carries a tag that names its content, in the same request as the note: a ticket that has the tag has
the note. It also holds only for the ticket as it was read: where a job of a run that broke off is still in the queue,
one of the two finds the ticket changed and is refused. So nothing is written twice, whatever broke off in between, and
no state is kept on our side.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_sync.errors import ConfigError, Problem

#: Tags that say what was written; older ones are taken away when something new is.
MARK = "qa_sync_"
_MARK = re.compile(rf"{MARK}[0-9a-f]{{12}}")
_PLACE = re.compile(r"\{(\w+)\}")
#: A ticket that nobody can change any more.
_SHUT = frozenset({"closed", "deleted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one ticket is to hold."""

    ticket: int
    custom_fields: Mapping[int, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def mark(self) -> str:
        """The tag that names this content."""
        content = [sorted(self.custom_fields.items()), self.tags, self.note]
        return MARK + hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Updates to send, and the tickets that need or take none, by number."""

    updates: tuple[Mapping[str, Any], ...]
    done: tuple[int, ...] = ()
    shut: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()


def wanted(
    rows: Iterable[Mapping[str, Any]], *, custom_fields: Mapping[str, str], tags: Sequence[str], note: str
) -> list[Wanted]:
    """Return what each row of the select asks for; a later row of a ticket counts instead of an earlier one.

    Raises:
        ConfigError: the select lacks a column, or a ticket_id is no number.
    """
    made: dict[int, Wanted] = {}
    for row in rows:
        columns = {"ticket_id", *custom_fields.values(), *_PLACE.findall(" ".join([*tags, note]))}
        lacking = sorted(columns - set(row))
        if lacking:
            what = f"the select gives no column {', '.join(lacking)}"
            raise ConfigError(Problem(what=what, path=("write_back", "select")))
        number = str(row["ticket_id"]).removesuffix(".0")
        if not number.isdecimal():
            raise ConfigError(Problem(what="a ticket_id of the select is not a number", path=("write_back", "select")))
        made[int(number)] = Wanted(
            ticket=int(number),
            custom_fields={int(key): _plain(row[column]) for key, column in custom_fields.items()},
            tags=tuple(_tag(_filled(text, row)) for text in tags),
            note=_filled(note, row),
        )
    return [made[number] for number in sorted(made)]


def plan(asked: Sequence[Wanted], present: Mapping[int, Mapping[str, Any]]) -> Plan:
    """Hold what is wanted against the tickets as they are (id → status, tags and updated_at)."""
    updates: list[Mapping[str, Any]] = []
    done, shut, missing = [], [], []
    for one in asked:
        ticket = present.get(one.ticket)
        if ticket is None:
            missing.append(one.ticket)
        elif one.mark in ticket["tags"]:
            done.append(one.ticket)
        elif ticket["status"] in _SHUT:
            shut.append(one.ticket)
        else:
            updates.append(_update(one, ticket["tags"], str(ticket["updated_at"])))
    return Plan(updates=tuple(updates), done=tuple(done), shut=tuple(shut), missing=tuple(missing))


def batches(asked: Sequence[Wanted], size: int) -> Iterator[Sequence[Wanted]]:
    """Yield the wanted in parts of at most ``size``."""
    for first in range(0, len(asked), size):
        yield asked[first : first + size]


def _update(one: Wanted, tags: Sequence[str], updated_at: str) -> Mapping[str, Any]:
    update: dict[str, Any] = {"id": one.ticket, "additional_tags": [*one.tags, one.mark]}
    update |= {"updated_stamp": updated_at, "safe_update": True}
    older = [tag for tag in tags if _MARK.fullmatch(tag)]
    if older:
        update["remove_tags"] = older
    if one.custom_fields:
        update["custom_fields"] = [{"id": key, "value": value} for key, value in one.custom_fields.items()]
    if one.note:
        update["comment"] = {"body": one.note, "public": False}
    return update


def _filled(text: str, row: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda found: str(_plain(row[found[1]]) if row[found[1]] is not None else "-"), text)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: whole numbers whole, moments as text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return str(value)


def _tag(text: str) -> str:
    """Return a text as Zendesk takes it for a tag: without spaces, in small letters."""
    return re.sub(r"[^\w./-]+", "_", text.strip().lower())
