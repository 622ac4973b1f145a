"""The tickets and the two mappings that all ways of mapping are given."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qa_sync.mapping import Mapping, parse
from qa_sync.model.system import RAW

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


def mapping_of(lists: bool) -> Mapping:
    """Return the mapping of many fields and three lists, or the one of twelve paths."""
    return parse(MANY if lists else TWELVE, file="benchmark.yaml")


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
            writer.write_table(raw(list(itertools.islice(payloads, PAGE)), first))
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


def raw(payloads: list[str], first: int = 0) -> pa.Table:
    """Return payloads as raw records; the first has the number ``first``."""
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
