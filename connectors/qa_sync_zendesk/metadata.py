"""What an account has defined, from the metadata streams: ticket fields and their options, forms, groups, brands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from qa_sync.model.account import CUSTOM_FIELD, Defined, Definitions, ReadStream

#: Types of the fields that every account has; their values stand in the ticket itself.
_SYSTEM = frozenset(
    {"subject", "description", "status", "custom_status", "tickettype", "priority", "group", "assignee"}
)


def definitions(read: ReadStream) -> Sequence[Definitions]:
    """Return the definitions that tickets name, as far as their streams are there."""
    found: list[Definitions] = []
    streams: tuple[tuple[str, str, str, Callable[[Mapping[str, Any]], Defined | None]], ...] = (
        ("ticket_fields", CUSTOM_FIELD, "", _field),
        ("ticket_forms", "form", "ticket_form_id", _named),
        ("groups", "group", "group_id", _named),
        ("brands", "brand", "brand_id", _named),
        ("custom_statuses", "custom status", "custom_status_id", _named),
    )
    for stream, kind, path, defined in streams:
        payloads = read(stream)
        if payloads is not None:
            things = _things(payloads, defined)
            found.append(Definitions(kind=kind, stream="tickets", path=path, things=things))
    return found


def _things(payloads: Iterable[str], defined: Callable[[Mapping[str, Any]], Defined | None]) -> dict[str, Defined]:
    made = (defined(json.loads(payload)) for payload in payloads)
    return {thing.id: thing for thing in made if thing is not None}


def _field(record: Mapping[str, Any]) -> Defined | None:
    if record.get("type") in _SYSTEM or "id" not in record:
        return None
    options = {
        str(option["value"]): str(option.get("name") or option["value"])
        for option in record.get("custom_field_options") or ()
        if option.get("value") is not None
    }
    if record.get("type") == "checkbox":
        options = {"true": "ticked", "false": "not ticked"}
    return Defined(
        id=str(record["id"]),
        title=str(record.get("title") or ""),
        options=options,
        is_active=record.get("active") is not False,
        type=str(record.get("type") or ""),
    )


def _named(record: Mapping[str, Any]) -> Defined | None:
    if "id" not in record:
        return None
    title = record.get("name") or record.get("agent_label") or ""
    return Defined(id=str(record["id"]), title=str(title), is_active=record.get("active") is not False)
