"""What an account has defined, from the metadata streams: ticket fields and their options, forms, groups, brands.

Of Zendesk QA: scorecards, by which reviews name their form, and their categories, by which ratings name a criterion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from qa_sync.model.account import CUSTOM_FIELD, Defined, DefinedCriterion, DefinedForm, Definitions, ReadStream

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
    scorecards = read("qa_scorecards")
    return found if scorecards is None else [*found, *_scorecards(scorecards)]


def _scorecards(payloads: Iterable[str]) -> Iterator[Definitions]:
    records = [json.loads(payload) for payload in payloads]
    cards = {str(one["id"]): Defined(id=str(one["id"]), title=str(one.get("name") or "")) for one in records}
    categories = {
        category.key: Defined(id=category.key, title=category.label) for one in records for category in _categories(one)
    }
    for stream in ("qa_reviews", "qa_calibration_reviews"):
        yield Definitions(kind="scorecard", stream=stream, path="scorecard.id", things=cards)
        yield Definitions(kind="rating category", stream=stream, path="categoryId", things=categories)


def forms(read: ReadStream) -> Sequence[DefinedForm]:
    """Return the scorecards as forms: ratings run from 0 to 100, whatever scale reviewers see."""
    made = []
    for payload in read("qa_scorecards") or ():
        record = json.loads(payload)
        criteria = tuple(_categories(record))
        made.append(DefinedForm(id=str(record["id"]), title=str(record.get("name") or ""), criteria=criteria))
    return made


def _categories(record: Mapping[str, Any]) -> Iterator[DefinedCriterion]:
    """Yield the categories of a scorecard, those of its groups with the group as section, in their order."""
    parts = [("", record), *((str(group.get("name") or ""), group) for group in _placed(record.get("groups")))]
    for section, part in parts:
        for category in _placed(part.get("categories")):
            if category.get("ratingCategoryId"):
                yield DefinedCriterion(
                    key=str(category["ratingCategoryId"]),
                    label=str(category.get("name") or ""),
                    section=section,
                    max_points=100.0,
                    weight=float(category.get("weight") or 0),
                    is_critical=bool(category.get("critical")),
                )


def _placed(parts: Any) -> list[Mapping[str, Any]]:
    return sorted(parts or (), key=lambda part: part.get("position") or 0)


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
