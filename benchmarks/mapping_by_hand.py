"""Mapping record by record as a programmer would write it for just these mappings: pydantic models, rows as dicts."""

from __future__ import annotations

import re
import shutil
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from mapping_tickets import ZONE, payloads_of, stored
from measure import Work
from pydantic import BaseModel, ConfigDict, Field

from qa_sync.model import TABLES


class Loose(BaseModel):
    """Ignores what it does not know; ids may be numbers."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class Address(Loose):
    """Where a message came from."""

    address: str | None = None


class Ends(Loose):
    """Both ends of a channel."""

    from_: Address | None = Field(default=None, alias="from")


class Via(Loose):
    """How a ticket came."""

    channel: str | None = None
    source: Ends | None = None


class Rating(Loose):
    """Satisfaction."""

    score: str | None = None


class Minutes(Loose):
    """A duration."""

    calendar: float | None = None


class Metrics(Loose):
    """Times of a ticket."""

    solved_at: datetime | None = None
    closed_at: datetime | None = None
    group_stations: str | None = None
    full_resolution_time_in_minutes: Minutes | None = None


class Custom(Loose):
    """One custom field."""

    id: int
    value: Any = None


class Check(Loose):
    """One checked criterion."""

    key: str
    answer: str | None = None
    points: float | None = None


class Comment(Loose):
    """One comment."""

    id: str
    type: str | None = None
    created_at: datetime | None = None
    author_id: str | None = None


class Follower(Loose):
    """One follower."""

    id: str
    state: str | None = None
    done_at: datetime | None = None


class Ticket(Loose):
    """What the first mapping reads."""

    id: str
    url: str | None = None
    assignee_id: str | None = None
    requester_id: str | None = None
    group_id: str | None = None
    brand_id: str | None = None
    ticket_form_id: str | None = None
    via: Via | None = None
    status: str | None = None
    priority: str | None = None
    satisfaction_rating: Rating | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    metric_set: Metrics | None = None
    custom_fields: list[Custom] = []


class FullTicket(Ticket):
    """What the second mapping reads too."""

    checks: list[Check] = []
    comments: list[Comment] = []
    followers: list[Follower] = []


RATINGS = {"good": "good", "bad": "bad"}
CHANNELS = {"email": "email", "web": "web", "chat": "chat", "api": "web"}
REGIONS = {"emea": "EMEA", "apac": "APAC", "amer": "AMER"}
SEVERITIES = {"sev1": "1", "sev2": "2", "sev3": "3"}
STATES = {"asked": "invited", "done": "done", "late": "late"}
PRODUCT, HOST = re.compile("^product_(.+)$"), re.compile("@(.+)$")


def by_hand(rows: int, lists: bool) -> Work:
    """Validate each payload into a model, make the rows in Python, and hand them over as Arrow tables."""
    path = stored(rows, lists=lists)

    def work() -> dict[str, float]:
        zone = ZoneInfo(ZONE)
        made = 0
        for page in payloads_of(path):
            made += sum(
                pa.Table.from_pylist(listed, schema=TABLES[name].arrow).num_rows
                for name, listed in rows_of(page, zone, lists).items()
            )
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def rows_of(payloads: list[str], zone: ZoneInfo, lists: bool) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table."""
    tables: dict[str, list[dict[str, Any]]] = {"interactions": []}
    if lists:
        tables |= {"answers": [], "timeline_events": [], "calibration_participants": []}
    model = FullTicket if lists else Ticket
    for payload in payloads:
        ticket = model.model_validate_json(payload)
        custom = {one.id: one.value for one in ticket.custom_fields}
        row = _basic(ticket, custom, zone)
        if lists and isinstance(ticket, FullTicket):
            row |= _further(ticket, custom, zone)
            _lists(ticket, tables)
        tables["interactions"].append(row)
    return tables


def local(moment: datetime | None, zone: ZoneInfo) -> tuple[date | None, str | None]:
    """Return the local date and ISO week of a moment."""
    if moment is None:
        return None, None
    day = moment.astimezone(zone).date()
    year, week, _ = day.isocalendar()
    return day, f"{year}-W{week:02}"


def _basic(ticket: Ticket, custom: dict[int, Any], zone: ZoneInfo) -> dict[str, Any]:
    day, week = local(ticket.created_at, zone)
    metrics = ticket.metric_set
    return {
        "interaction_id": f"zendesk:{ticket.id}",
        "kind": "ticket",
        "ticket_id": ticket.id,
        "agent_id": f"zendesk:{ticket.assignee_id}" if ticket.assignee_id else None,
        "group_id": ticket.group_id,
        "brand": ticket.brand_id,
        "channel": ticket.via.channel if ticket.via else None,
        "status": ticket.status,
        "priority": ticket.priority,
        "satisfaction": RATINGS.get(ticket.satisfaction_rating.score or "") if ticket.satisfaction_rating else None,
        "created_at": ticket.created_at,
        "created_date": day,
        "created_week": week,
        "solved_at": metrics.solved_at if metrics else None,
        "updated_at": ticket.updated_at,
        "region": custom.get(360000000101),
        "language": custom.get(360000000102),
        "severity": custom.get(360000000103),
    }


def _further(ticket: FullTicket, custom: dict[int, Any], zone: ZoneInfo) -> dict[str, Any]:
    metrics, via = ticket.metric_set, ticket.via
    day, week = local(metrics.closed_at if metrics else None, zone)
    product = PRODUCT.search(custom.get(360000000104) or "")
    address = via.source.from_.address if via and via.source and via.source.from_ else None
    host = HOST.search(address or "")
    minutes = metrics.full_resolution_time_in_minutes if metrics else None
    labels = [("form", ticket.ticket_form_id), ("host", host.group(1) if host else None)]
    return {
        "requester_id": ticket.requester_id,
        "url": ticket.url,
        "policy": custom.get(360000000105),
        "channel": CHANNELS.get(via.channel or "", "other") if via else None,
        "language": custom.get(360000000102) or "en",
        "region": REGIONS.get(custom.get(360000000101) or ""),
        "severity": SEVERITIES.get(custom.get(360000000103) or ""),
        "product": product.group(1) if product else None,
        "escalation_level": metrics.group_stations if metrics else None,
        "closed_at": metrics.closed_at if metrics else None,
        "closed_date": day,
        "closed_week": week,
        "duration": minutes.calendar * 60 if minutes and minutes.calendar is not None else None,
        "dimensions": [(name, value) for name, value in labels if value is not None],
    }


def _lists(ticket: FullTicket, tables: dict[str, list[dict[str, Any]]]) -> None:
    key = f"zendesk:{ticket.id}"
    tables["answers"] += [
        {
            "evaluation_id": key,
            "criterion_key": one.key,
            "state": "na" if one.answer == "N/A" else "valued",
            "option": one.answer,
            "points": one.points,
        }
        for one in ticket.checks
    ]
    tables["timeline_events"] += [
        {
            "event_id": f"{key}:{one.id}",
            "case_review_id": key,
            "kind": one.type,
            "at": one.created_at,
            "person_id": f"zendesk:{one.author_id}" if one.author_id else None,
        }
        for one in ticket.comments
    ]
    tables["calibration_participants"] += [
        {"session_id": key, "person_id": f"zendesk:{one.id}", "status": STATES[one.state or ""], "done_at": one.done_at}
        for one in ticket.followers
    ]
