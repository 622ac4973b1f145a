"""What we use of zenpy, private names included, does what we think: breaks here first when zenpy changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import responses
from zendesk.worlds import ticket

from qa_sync.errors import SourceError, TransientError
from qa_sync.http import HttpClient, Retry
from qa_sync_zendesk import zenpy_adapter
from qa_sync_zendesk.streams import ENDPOINTS

BASE = "https://acme.zendesk.example"
CLIENT = HttpClient(BASE, retry=Retry(attempts=2, sleep=lambda _seconds: None))


@pytest.mark.parametrize(
    ("stream", "path", "params"),
    [
        ("tickets", "/api/v2/incremental/tickets/cursor.json", {"start_time": "60"}),
        ("users", "/api/v2/incremental/users/cursor.json", {"start_time": "60"}),
        ("organizations", "/api/v2/incremental/organizations.json", {"start_time": "60"}),
        ("groups", "/api/v2/groups.json", {}),
        ("group_memberships", "/api/v2/group_memberships.json", {}),
        ("ticket_fields", "/api/v2/ticket_fields.json", {}),
        ("ticket_forms", "/api/v2/ticket_forms.json", {}),
        ("custom_statuses", "/api/v2/custom_statuses.json", {}),
        ("brands", "/api/v2/brands.json", {}),
    ],
)
def test_the_catalogue_gives_each_streams_first_request(stream: str, path: str, params: dict[str, str]) -> None:
    for _ in range(2):  # zenpy's URL objects change when they are built; ours must not
        assert zenpy_adapter.first_request(ENDPOINTS[stream], start_time=60) == (path, params)
    assert ENDPOINTS[stream].address == path


def test_no_environment_variable_leads_requests_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", "evil.example")
    with pytest.raises(SourceError):
        zenpy_adapter.ticket_fields(CLIENT)


@responses.activate
def test_metadata_comes_as_zenpy_objects_through_our_client() -> None:
    responses.get(f"{BASE}/api/v2/ticket_fields.json", status=503)
    fields = [{"id": 1, "title": "One", "type": "text"}, {"id": 2, "title": "Two", "type": "tagger"}]
    responses.get(f"{BASE}/api/v2/ticket_fields.json", json={"ticket_fields": fields, "next_page": None, "count": 2})
    assert zenpy_adapter.ticket_fields(CLIENT) == {1: "One", 2: "Two"}
    assert "Authorization" not in responses.calls[0].request.headers


UPDATE = {
    "id": 1,
    "additional_tags": ["qa_aligned"],
    "remove_tags": ["qa_sync_0123456789ab"],
    "updated_stamp": "2026-01-05T09:00:00Z",
    "safe_update": True,
    "custom_fields": [{"id": 9007, "value": None}, {"id": 9008, "value": 0}, {"id": 9009, "value": False}],
    "comment": {"body": "QA: Aligned", "public": False},
}


@responses.activate
def test_changes_of_tickets_are_sent_word_for_word_as_one_job_and_the_job_is_told() -> None:
    status = {"id": "j1", "status": "working", "total": 2, "results": None}
    responses.put(f"{BASE}/api/v2/tickets/update_many.json", json={"job_status": status})
    results = [{"id": 1, "success": True, "status": "Updated"}, {"id": 2, "error": "UpdateConflict"}]
    over = status | {"status": "completed", "results": results}
    responses.get(f"{BASE}/api/v2/job_statuses/j1.json", json={"job_status": over})
    writing = zenpy_adapter.TicketWriting(CLIENT)
    updates = [UPDATE, {"id": 2, "additional_tags": ["qa_aligned"]}]
    assert writing.update(updates) == zenpy_adapter.Job(identity="j1", is_over=False, done=0)
    assert writing.job("j1") == zenpy_adapter.Job(identity="j1", is_over=True, done=1)
    assert json.loads(responses.calls[0].request.body or b"") == {"tickets": updates}


@responses.activate
def test_tickets_are_shown_in_one_request_as_they_are() -> None:
    shown = [{"id": 1, "status": "open", "tags": ["a"], "updated_at": "2026-01-05T09:00:00Z", "subject": "PLANTED"}]
    responses.get(f"{BASE}/api/v2/tickets/show_many.json", json={"tickets": shown, "next_page": None, "count": 1})
    there = {1: {"status": "open", "tags": ["a"], "updated_at": "2026-01-05T09:00:00Z"}}
    assert zenpy_adapter.TicketWriting(CLIENT).shown([1, 2]) == there
    assert [call.request.params for call in responses.calls] == [{"ids": "1,2"}]


@responses.activate
@pytest.mark.parametrize(
    "answer",
    [
        "PLANTED words",
        '{"PLANTED": 1}',
        '{"job_status": null}',
        '{"job_status": {"id": null, "status": "queued"}}',
        '{"job_status": "PLANTED"}',
        '{"job_status": {"id": "j1", "status": "completed", "results": 5}}',
        "[]",
        "",
    ],
)
def test_an_answer_that_is_no_job_is_an_error_that_quotes_nothing(answer: str) -> None:
    responses.put(f"{BASE}/api/v2/tickets/update_many.json", body=answer)
    with pytest.raises(SourceError, match=r"not known$") as caught:
        zenpy_adapter.TicketWriting(CLIENT).update([UPDATE])
    assert len(responses.calls) == 1
    assert caught.value.__cause__ is None


@responses.activate
def test_a_change_of_unknown_fate_is_sent_once_only() -> None:
    responses.put(f"{BASE}/api/v2/tickets/update_many.json", status=503)
    with pytest.raises(TransientError, match="may or may not"):
        zenpy_adapter.TicketWriting(CLIENT).update([UPDATE])
    assert len(responses.calls) == 1


@responses.activate
def test_a_next_page_on_another_host_is_refused() -> None:
    page = {"ticket_fields": [{"id": 1, "title": "One"}], "next_page": "https://evil.example/api/v2/x.json", "count": 2}
    responses.get(f"{BASE}/api/v2/ticket_fields.json", json=page)
    with pytest.raises(SourceError, match="refused to leave"):
        zenpy_adapter.ticket_fields(CLIENT)


@responses.activate
def test_a_raw_ticket_becomes_a_zenpy_object_without_a_request() -> None:
    made: Any = zenpy_adapter.to_ticket(ticket(7), lambda: zenpy_adapter.objects(CLIENT))
    assert (type(made).__name__, made.id, made.status, made.to_dict()["custom_fields"][0]["id"]) == (
        "Ticket",
        7,
        "open",
        9001,
    )
    assert len(responses.calls) == 0


def test_importing_the_connector_imports_nothing_heavy() -> None:
    code = (
        "import sys, qa_sync_zendesk; "
        "print([m for m in ('zenpy', 'pydantic', 'pyarrow', 'requests', 'msgspec') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
        cwd=Path(__file__).parent,
    )
    assert done.stdout.strip() == "[]"
