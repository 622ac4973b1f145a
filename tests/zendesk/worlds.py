"""What the zendesk tests share: a clock that only jumps, made-up records, and sources on a sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa_sync.ports import Context, Page
from qa_sync_zendesk.client import ZendeskSource
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.sandbox import Sandbox
from qa_sync_zendesk.settings import read_settings

NOW = 1_780_000_000.0


@dataclass
class FakeTime:
    """Time that passes only when somebody sleeps, or is told to."""

    at: float = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=self.now, sleep=self.sleep)


def filled(settings: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Put the environment's values in place of ${NAME}."""

    def fill(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: fill(part) for name, part in value.items()}
        if isinstance(value, list):
            return [fill(part) for part in value]
        return environment[value[2:-1]] if isinstance(value, str) and value.startswith("${") else value

    return fill(settings)


def source_on(
    sandbox: Sandbox,
    state: Path,
    *,
    time: FakeTime | None = None,
    notify: Any = None,
    mapped: Mapping[str, frozenset[str]] | None = None,
    **changes: Any,
) -> ZendeskSource:
    """Connect to a sandbox; waits only move ``time``."""
    settings = {**filled(sandbox.settings(), sandbox.environment()), **changes}
    context = Context(
        name="zendesk",
        folder=state,
        state=state / "state",
        notify=notify or (lambda _line: None),
        mapped_fields=mapped or {},
    )
    return ZendeskSource(read_settings(settings, "zendesk"), context, clock=(time or FakeTime()).clock)


def ticket(identity: int, **changes: Any) -> dict[str, Any]:
    """A ticket full of a customer's words."""
    record = {
        "url": f"https://acme.example/api/v2/tickets/{identity}.json",
        "id": identity,
        "external_id": None,
        "via": {"channel": "email", "source": {"from": {"address": "PLANTED-via@example.com"}, "to": {}, "rel": None}},
        "created_at": "2026-01-05T08:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
        "type": "question",
        "subject": "PLANTED-subject",
        "raw_subject": "PLANTED-subject",
        "description": "PLANTED-body",
        "priority": "normal",
        "status": "open",
        "recipient": "PLANTED-recipient@example.com",
        "requester_id": 770001,
        "submitter_id": 770001,
        "assignee_id": 5001,
        "organization_id": None,
        "group_id": 41,
        "tags": ["billing"],
        "custom_fields": [{"id": 9001, "value": "emea"}, {"id": 9002, "value": "PLANTED-free text"}],
        "satisfaction_rating": {"score": "bad", "comment": "PLANTED-comment"},
        "fields": [{"id": 9001, "value": "emea"}],
        "custom_status_id": 2,
        "brand_id": 3,
        "ticket_form_id": 4,
        "is_public": True,
        "has_incidents": False,
    }
    return {**record, **changes}


def user(identity: int, **changes: Any) -> dict[str, Any]:
    """A user of the customer's kind."""
    record = {
        "id": identity,
        "name": "PLANTED-name",
        "email": "PLANTED-user@example.com",
        "role": "end-user",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "active": True,
        "phone": "PLANTED-phone",
        "notes": "PLANTED-notes",
        "details": "PLANTED-details",
        "external_id": None,
    }
    return {**record, **changes}


def drained(source: ZendeskSource, stream: str, cursor: str | None = None) -> list[Page]:
    """Read a stream to its end."""
    return list(source.read(stream, cursor))


def rows(pages: list[Page]) -> list[dict[str, Any]]:
    """All records of some pages."""
    return [row for page in pages for row in page.records.to_pylist()]


def everything_in(folder: Path) -> bytes:
    """All bytes of all files below a folder."""
    return b"".join(Path(base, name).read_bytes() for base, _, names in os.walk(folder) for name in names)
