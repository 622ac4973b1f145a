"""Mapping: the compiled selects against the same mapping done record by record in Python with pydantic.

Zendesk-like tickets of about 3 kB. ``12 paths``: one table from 12 paths and 3 custom fields. ``25 fields``: one
table of 25 fields with values, match, templates, times and numbers, and three fan-outs that fill three more tables.

Two ways to do it record by record. *Interpreted*: what an administrator's mapping file needs, whatever it says; the
record is decoded, the file's expressions are closures called per field, and pydantic validates and converts each
row. *By hand*: a programmer wrote models and rows for exactly this mapping; nothing can be faster in Python, and no
administrator can change it. All give the same rows: the counts beside the times say so, and ``--same`` compares
values.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import Case, Work, compare
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic_core import from_json

from qa_sync.engine.duck import DuckEngine
from qa_sync.mapping import Mapping, TableMapping, compile_table, parse
from qa_sync.mapping.language import Coalesce, Combined, Condition, Const, CustomField, Expression, From
from qa_sync.model import TABLES
from qa_sync.model.system import RAW

ROWS = 100_000
#: As many versions as the runner maps at a time.
CHUNK = 100_000
#: Payloads that Python holds at a time.
PAGE = 10_000
ZONE = "Europe/Dublin"
LANGUAGES = ("en", "de", "fr", "pl", "es")
WORDS = (
    "the customer wrote again about an invoice that was paid twice and a refund that had not come",
    "please see the attached screenshot of the page after the second attempt to sign in",
    "we have asked the warehouse to look",
)

TWELVE = """
version: 1
streams:
  tickets:
    interactions:
      fields:
        interaction_id: {template: "zendesk:{id}"}
        kind: {const: ticket}
        ticket_id: {from: id}
        agent_id: {template: "zendesk:{assignee_id}"}
        group_id: {from: group_id}
        brand: {from: brand_id}
        channel: {from: via.channel}
        status: {from: status}
        priority: {from: priority}
        satisfaction: {from: satisfaction_rating.score, values: {good: good, bad: bad}, default: null}
        created_at: {from: created_at, type: time}
        solved_at: {from: metric_set.solved_at, type: time, on_bad: missing}
        updated_at: {from: updated_at, type: time}
        region: {custom_field: 360000000101}
        language: {custom_field: 360000000102}
        severity: {custom_field: 360000000103}
"""
MANY = """
version: 1
streams:
  tickets:
    interactions:
      when: {from: status, not_in: [deleted]}
      fields:
        interaction_id: {template: "zendesk:{id}"}
        kind: {const: ticket}
        ticket_id: {from: id}
        agent_id: {template: "zendesk:{assignee_id}"}
        requester_id: {from: requester_id}
        group_id: {from: group_id}
        brand: {from: brand_id}
        channel: {from: via.channel, values: {email: email, web: web, chat: chat, api: web}, default: other}
        language: {coalesce: [{custom_field: 360000000102}, {const: en}]}
        region: {custom_field: 360000000101, values: {emea: EMEA, apac: APAC, amer: AMER}, default: null}
        product: {custom_field: 360000000104, match: "^product_(.+)$"}
        policy: {custom_field: 360000000105}
        severity: {custom_field: 360000000103, values: {sev1: "1", sev2: "2", sev3: "3"}, on_bad: missing}
        escalation_level: {from: metric_set.group_stations}
        status: {from: status}
        priority: {from: priority}
        satisfaction: {from: satisfaction_rating.score, values: {good: good, bad: bad}, default: null}
        url: {from: url}
        created_at: {from: created_at, type: time}
        solved_at: {from: metric_set.solved_at, type: time, on_bad: missing}
        closed_at: {from: metric_set.closed_at, type: time, on_bad: missing}
        updated_at: {from: updated_at, type: time}
        duration: {from: metric_set.full_resolution_time_in_minutes.calendar, type: number, scale: {factor: 60}}
      dimensions:
        form: {from: ticket_form_id}
        host: {from: via.source.from.address, match: "@(.+)$"}
    answers:
      each: checks
      fields:
        evaluation_id: {template: "zendesk:{$.id}"}
        criterion_key: {from: key}
        state: {coalesce: [{const: na, when: {from: answer, is: N/A}}, {const: valued}]}
        option: {from: answer}
        points: {from: points, type: number}
    timeline_events:
      each: comments
      fields:
        event_id: {template: "zendesk:{$.id}:{id}"}
        case_review_id: {template: "zendesk:{$.id}"}
        kind: {from: type}
        at: {from: created_at, type: time}
        person_id: {template: "zendesk:{author_id}"}
    calibration_participants:
      each: followers
      fields:
        session_id: {template: "zendesk:{$.id}"}
        person_id: {template: "zendesk:{id}"}
        status: {from: state, values: {asked: invited, done: done, late: late}}
        done_at: {from: done_at, type: time, on_bad: missing}
"""


# --- the same tickets for everybody --------------------------------------------------------------------------
def tickets(rows: int, *, lists: bool) -> Iterator[str]:
    """Yield ticket payloads of about 3 kB, with the lists of the second mapping where asked."""
    rng = np.random.default_rng(1)
    return (json.dumps(_ticket(at, rng.integers(0, 1 << 30, 12).tolist(), lists)) for at in range(rows))


def stored(rows: int, *, lists: bool) -> Path:
    """Write the tickets to a Parquet file as the store holds raw records, a little at a time; return it."""
    path = Path(tempfile.mkdtemp()) / "raw.parquet"
    payloads = tickets(rows, lists=lists)
    with pq.ParquetWriter(path, RAW, compression="zstd", compression_level=1) as writer:
        for first in range(0, rows, PAGE):
            writer.write_table(_raw(list(itertools.islice(payloads, PAGE)), first))
    return path


def payloads_of(path: Path) -> Iterator[list[str]]:
    """Yield the payloads of the file, a page at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(PAGE, columns=["payload"]):
            yield batch.column(0).to_pylist()


def _ticket(at: int, draw: list[int], lists: bool) -> dict[str, Any]:
    day = f"2026-{1 + draw[0] % 12:02}-{1 + draw[1] % 28:02}T{draw[2] % 24:02}:{draw[3] % 60:02}:05Z"
    custom = [
        {"id": 360000000101 + n, "value": value}
        for n, value in enumerate(
            (
                ("emea", "apac", "amer", "other")[draw[4] % 4],
                LANGUAGES[draw[5] % 5] if draw[5] % 9 else None,
                f"sev{1 + draw[6] % 4}",
                f"product_{draw[7] % 40}",
                f"policy_{draw[8] % 12}",
                None,
                True,
                "text of a field",
            )
        )
    ]
    custom += [{"id": 360000000200 + n, "value": None} for n in range(12)]
    made: dict[str, Any] = {
        "url": f"https://acme.zendesk.com/api/v2/tickets/{at}.json",
        "id": at,
        "external_id": None,
        "via": {
            "channel": ("email", "web", "chat", "api", "voice")[draw[9] % 5],
            "source": {
                "from": {"address": f"someone{draw[10] % 999}@example.com", "name": "Someone"},
                "to": {"address": "support@acme.example"},
                "rel": None,
            },
        },
        "created_at": day,
        "updated_at": day,
        "type": "incident",
        "subject": WORDS[draw[11] % 3],
        "raw_subject": WORDS[draw[11] % 3],
        "description": WORDS[draw[0] % 3] * 4,
        "priority": "normal",
        "status": ("open", "pending", "solved", "closed")[draw[1] % 4],
        "recipient": "support@acme.example",
        "requester_id": 3600001 + draw[2] % 5000,
        "submitter_id": 3600001,
        "assignee_id": 3600002 + draw[3] % 300,
        "organization_id": None,
        "group_id": 360010 + draw[4] % 8,
        "collaborator_ids": [],
        "email_cc_ids": [1, 2],
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": ["a_tag", "another_tag", "third_tag"],
        "satisfaction_rating": {"score": ("good", "bad", "offered", "unoffered")[draw[5] % 4]},
        "metric_set": {
            "id": at + 7,
            "solved_at": day if draw[6] % 3 else None,
            "closed_at": None,
            "reopens": 0,
            "replies": draw[7] % 9,
            "group_stations": 1 + draw[8] % 3,
            "full_resolution_time_in_minutes": {"calendar": draw[9] % 9000, "business": draw[9] % 3000},
            "reply_time_in_minutes": {"calendar": 31, "business": 12},
        },
        "ticket_form_id": 36007,
        "brand_id": 360003,
        "custom_fields": custom,
        "fields": [{"id": one["id"], "value": one["value"]} for one in custom[:8]],
        "allow_channelback": False,
    }
    if lists:
        made["checks"] = [
            {"key": f"c{n}", "answer": ("Yes", "No", "N/A")[(draw[n] >> 3) % 3], "points": n} for n in range(5)
        ]
        made["comments"] = [
            {"id": n, "type": "Comment", "created_at": day, "author_id": draw[n] % 999} for n in range(4)
        ]
        made["followers"] = [
            {
                "id": draw[n] % 999,
                "state": ("asked", "done", "late")[draw[n] % 3],
                "done_at": day if draw[n] % 2 else None,
            }
            for n in range(2)
        ]
    return made


# --- ours: one select a table --------------------------------------------------------------------------------
def compiled(rows: int, lists: bool) -> Work:
    """Map with the compiled selects, a chunk at a time as the runner does; each result is an Arrow table."""
    path = stored(rows, lists=lists)

    def work() -> dict[str, float]:
        mapping = parse(MANY if lists else TWELVE, file="benchmark.yaml")
        made = 0
        for start in range(0, rows, CHUNK):
            for table in mapping.streams["tickets"]:  # the runner maps table by table, each in an engine of its own
                engine = DuckEngine()
                engine.scan("stored", [str(path)], RAW)
                engine.view("raw", f"SELECT * FROM stored WHERE source_seq BETWEEN {start} AND {start + CHUNK - 1}")
                made += engine.fetch(_sql(mapping, table)).num_rows
                engine.close()
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def _sql(mapping: Mapping, table: str) -> str:
    return compile_table(mapping, source="zd", stream="tickets", table=table, zone=ZONE, relation="raw").sql


def _raw(payloads: list[str], first: int = 0) -> pa.Table:
    height = len(payloads)
    numbers = range(first, first + height)
    moment = pa.array([datetime(2026, 1, 5, tzinfo=UTC)] * height, RAW.field("source_stamp").type)
    return pa.table(
        {
            "id": [str(at) for at in numbers],
            "source_stamp": moment,
            "source_seq": pa.array(numbers, pa.int64()),
            "ingested_at": moment,
            "run_id": ["r"] * height,
            "deleted": [False] * height,
            "payload": payloads,
            "payload_hash": [f"h{at}" for at in numbers],
            "n": pa.array([1] * height, pa.int64()),
        },
        schema=RAW,
    )


# --- instead: record by record, by what the mapping file says ------------------------------------------------
PYTHON_TYPES: dict[str, Any] = {
    "text": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "time": datetime,
    "date": date,
    "labels": list[tuple[str, str]],
    "texts": list[str],
}


def interpreted(rows: int, lists: bool) -> Work:
    """Decode each payload, call the mapping's closures, validate each row with pydantic, hand over Arrow tables."""
    path = stored(rows, lists=lists)

    def work() -> dict[str, float]:
        mapping = parse(MANY if lists else TWELVE, file="benchmark.yaml")
        makers = [TableMaker(table) for table in mapping.streams["tickets"].values()]
        made = sum(table.num_rows for page in payloads_of(path) for table in _interpreted(makers, page))
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def _interpreted(makers: list[TableMaker], payloads: list[str]) -> list[pa.Table]:
    out: list[list[dict[str, Any]]] = [[] for _ in makers]
    for payload in payloads:
        record = from_json(payload)
        custom = {str(one["id"]): one["value"] for one in record.get("custom_fields") or ()}
        for maker, held in zip(makers, out, strict=True):
            held += maker.rows(record, custom)
    return [
        pa.Table.from_pylist(held, schema=TABLES[maker.spec.table].arrow)
        for maker, held in zip(makers, out, strict=True)
    ]


Read = Callable[[Any, Any, dict[str, Any]], str | None]


class TableMaker:
    """One table of a mapping, as closures and a pydantic model of its rows."""

    def __init__(self, spec: TableMapping) -> None:
        self.spec = spec
        schema = TABLES[spec.table]
        wanted = {
            column.name: (
                PYTHON_TYPES[column.type] if column.required else PYTHON_TYPES[column.type] | None,
                ... if column.required else None,
            )
            for column in schema.columns
        }
        self.model: Any = create_model(spec.table, __config__=ConfigDict(frozen=True, extra="forbid"), **wanted)
        self.fields = [(field.column, field, closure(field.expression)) for field in spec.fields]
        self.labels = [(field.column, closure(field.expression)) for field in spec.dimensions]
        self.when = asked(spec.when) if spec.when else None
        self.events = [column for column in schema.columns if column.event]
        self.zone = ZoneInfo(ZONE)

    def rows(self, record: Any, custom: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a record: one, or one an element."""
        for element in at(record, self.spec.each.segments) or () if self.spec.each else (record,):
            if self.when is None or self.when(record, element, custom):
                yield self.row(record, element, custom)

    def row(self, record: Any, element: Any, custom: dict[str, Any]) -> dict[str, Any]:
        """Return one validated row with its local dates and weeks."""
        given: dict[str, Any] = {}
        for name, field, read in self.fields:
            try:
                value: Any = read(record, element, custom)
                if field.scale and value is not None:
                    value = (float(value) - field.scale.start) * field.scale.factor + field.scale.offset
                given[name] = value
            except ValueError:
                if field.on_bad == "reject":
                    raise
        if self.labels:
            read_labels = ((name, read(record, element, custom)) for name, read in self.labels)
            given["dimensions"] = [(name, value) for name, value in read_labels if value is not None]
        made: dict[str, Any] = self.model(**given).model_dump()
        for column in self.events:
            made[f"{column.stem}_date"], made[f"{column.stem}_week"] = _local(made[column.name], self.zone)
        return made


def at(data: Any, segments: tuple[str | int, ...]) -> Any:
    """Return what stands at a path of names."""
    for segment in segments:
        if not isinstance(data, dict):
            return None
        data = data.get(segment)
    return data


def text(value: Any) -> str | None:
    """Return a JSON value as the language knows it."""
    if value is None or isinstance(value, str):
        return value.strip() or None if value else None
    if isinstance(value, (dict, list)):
        raise ValueError
    return str(value).lower() if isinstance(value, bool) else str(value)


def closure(expression: Expression) -> Read:
    """Turn an expression into a function of a record, an element and the custom fields by id."""
    source, when = expression.source, asked(expression.when) if expression.when else None
    inner = _source(source)
    table = dict(expression.values.table) if expression.values else None
    pattern = re.compile(expression.match.pattern.regex) if expression.match else None

    def read(record: Any, element: Any, custom: dict[str, Any]) -> str | None:
        if when and not when(record, element, custom):
            return None
        value = inner(record, element, custom)
        if pattern and expression.match and value is not None:
            found = pattern.search(value)
            value = found.group(expression.match.group) if found else None
        if table is not None and expression.values and value is not None:
            if value not in table and expression.values.rejects:
                raise ValueError
            value = table.get(value, expression.values.default)
        return value

    return inner if not when and not pattern and table is None else read


def _source(source: Any) -> Read:
    if isinstance(source, Const):
        return lambda _record, _element, _custom: source.value
    if isinstance(source, CustomField):
        return lambda _record, _element, custom: text(custom.get(source.id))
    if isinstance(source, From):
        segments = source.path.segments
        if source.path.scope == "record":
            return lambda record, _element, _custom: text(at(record, segments))
        return lambda _record, element, _custom: text(at(element, segments))
    if isinstance(source, Coalesce):
        options = [closure(option) for option in source.options]
        return lambda *row: next((value for option in options if (value := option(*row)) is not None), None)
    parts = [part if isinstance(part, str) else _source(part) for part in source.parts]

    def template(*row: Any) -> str | None:
        found = [part if isinstance(part, str) else part(*row) for part in parts]
        return None if None in found else "".join(found)

    return template


def asked(condition: Condition) -> Callable[[Any, Any, dict[str, Any]], bool]:
    """Turn a condition (of lists of texts, as here) into a function."""
    if isinstance(condition, Combined):
        parts = [asked(part) for part in condition.parts]
        if condition.how == "not":
            return lambda *row: not parts[0](*row)
        every = all if condition.how == "all" else any
        return lambda *row: every(part(*row) for part in parts)
    read, texts = closure(condition.expression), frozenset(condition.texts)
    return lambda *row: read(*row) in texts


# --- instead: record by record, by hand -------------------------------------------------------------------------------
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
                for name, listed in _by_hand(page, zone, lists).items()
            )
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def _by_hand(payloads: list[str], zone: ZoneInfo, lists: bool) -> dict[str, list[dict[str, Any]]]:
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


def _local(moment: datetime | None, zone: ZoneInfo) -> tuple[date | None, str | None]:
    if moment is None:
        return None, None
    day = moment.astimezone(zone).date()
    year, week, _ = day.isocalendar()
    return day, f"{year}-W{week:02}"


def _basic(ticket: Ticket, custom: dict[int, Any], zone: ZoneInfo) -> dict[str, Any]:
    day, week = _local(ticket.created_at, zone)
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
    day, week = _local(metrics.closed_at if metrics else None, zone)
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


def _compare(rows: int, lists: bool) -> None:
    """Stop unless all three ways give equal rows."""
    payloads = list(tickets(rows, lists=lists))
    mapping = parse(MANY if lists else TWELVE, file="benchmark.yaml")
    makers = [TableMaker(table) for table in mapping.streams["tickets"].values()]
    ways = [
        dict(zip(mapping.streams["tickets"], _interpreted(makers, payloads), strict=True)),
        {
            name: pa.Table.from_pylist(listed, schema=TABLES[name].arrow)
            for name, listed in _by_hand(payloads, ZoneInfo(ZONE), lists).items()
        },
    ]
    engine = DuckEngine()
    engine.register("raw", _raw(payloads))
    for table in mapping.streams["tickets"]:
        columns = ", ".join(f'"{name}"' for name in TABLES[table].arrow.names)
        wanted = engine.fetch(f"SELECT {columns} FROM ({_sql(mapping, table)})").cast(TABLES[table].arrow)
        for way in ways:
            same = sorted(map(repr, way[table].to_pylist())) == sorted(map(repr, wanted.to_pylist()))
            print(f"{table}: {wanted.num_rows:,} rows, {'equal' if same else 'NOT equal'}")
    engine.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--same"]:
        _compare(2_000, lists=False)
        _compare(2_000, lists=True)
    else:
        for name, lists in (("12 paths", False), ("25 fields three fan-outs", True)):
            compare(
                f"mapping {name}",
                [
                    Case("interpreted with pydantic", interpreted, rows=ROWS, lists=lists),
                    Case("by hand with pydantic", by_hand, rows=ROWS, lists=lists),
                    Case("compiled select", compiled, rows=ROWS, lists=lists),
                ],
                baseline="interpreted with pydantic",
                repeat=3,
            )
