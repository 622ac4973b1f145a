"""Ticket events, metric events, satisfaction and audits: every record, no words unless they are kept on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from zendesk.worlds import FakeTime, drained, rows, source_on, ticket

from qa_sync.errors import ConfigError, SourceError
from qa_sync_zendesk.sandbox import Sandbox, start
from qa_sync_zendesk.settings import read_settings

BEGIN = 1_767_600_000  # 2026-01-05


def event(number: int, **changes: Any) -> dict[str, Any]:
    comment = {
        "id": number * 10 + 1,
        "event_type": "Comment",
        "via": "Web form",  # an object elsewhere; seen as a text
        "body": "PLANTED-body",
        "html_body": "<p>PLANTED-body</p>",
        "author_id": 770001,
        "audit_id": number,
        "public": True,
    }
    change = {"id": number * 10, "event_type": "Change", "status": "open", "previous_value": "PLANTED-before"}
    record = {
        "id": number,
        "ticket_id": 1,
        "timestamp": BEGIN + number,
        "updater_id": 770001,
        "via": "Web form",
        "created_at": "2026-01-05T08:00:00Z",
        "event_type": "Audit",
        "child_events": [change, comment],
    }
    return {**record, **changes}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = start(export_limit=10_000, account_limit=10_000)
    made.put("tickets", [ticket(number, tags=["escalated"] if number % 2 else []) for number in range(1, 6)])
    yield made
    made.stop()


def read(sandbox: Sandbox, state: Path, stream: str, **changes: Any) -> tuple[list[dict[str, Any]], str]:
    source = source_on(sandbox, state, streams=[stream], start="2025-01-01", **changes)
    pages = drained(source, stream)
    source.close()
    assert sum(page.rejects.num_rows for page in pages) == 0
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    return rows(pages), pages[-1].cursor


def test_ticket_events_come_whole_without_a_word_and_updaters_are_hashed(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.put("ticket_events", [event(number) for number in range(1, 12)])
    found, _ = read(sandbox, tmp_path, "ticket_events", per_page=3)
    assert {row["id"] for row in found} == {str(number) for number in range(1, 12)}
    text = str([row["payload"] for row in found])
    assert not any(word in text for word in ("PLANTED", "770001"))
    children = json.loads(found[0]["payload"])["child_events"]
    assert children[0]["status"] == "open"
    assert children[1] == {"id": 11, "comment_present": True, "comment_public": True}
    assert {asked.query.get("include") for asked in sandbox.requests if "ticket_events" in asked.path} == {None}


def test_comments_come_along_when_the_allow_list_admits_them(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.put("ticket_events", [event(1)])
    found, _ = read(sandbox, tmp_path, "ticket_events", keep={"ticket_events": ["child_events[].body", "updater_id"]})
    payload = json.loads(found[0]["payload"])
    assert payload["child_events"][1]["body"] == "PLANTED-body"
    assert payload["updater_id"] == 770001
    assert "html_body" not in str(payload)


def test_metric_events_end_although_their_export_never_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    events = [
        {"id": number, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "measure",
         "time": f"2026-01-05T08:00:{number // 3:02}Z", "deleted": number == 4}
        for number in range(1, 20)
    ]  # fmt: skip
    sandbox.put("ticket_metric_events", events)
    found, cursor = read(sandbox, tmp_path, "ticket_metric_events", per_page=4)
    assert {row["id"] for row in found} == {str(number) for number in range(1, 20)}
    assert {row["id"] for row in found if row["deleted"]} == {"4"}
    sandbox.put("ticket_metric_events", [{**events[0], "id": 99, "time": "2026-02-01T00:00:00Z"}])
    source = source_on(sandbox, tmp_path, streams=["ticket_metric_events"])
    later = {row["id"] for row in rows(drained(source, "ticket_metric_events", cursor))}
    source.close()
    assert "99" in later
    assert len(later) < 6


def ratings() -> list[dict[str, Any]]:
    return [
        {"id": number, "ticket_id": number, "score": "bad", "comment": "PLANTED", "reason": "PLANTED", "reason_id": 5,
         "requester_id": 770001, "assignee_id": 7, "created_at": "2026-01-05T08:00:00Z", "updated_at": "2026-01-06T08:00:00Z"}
        for number in range(1, 251)
    ]  # fmt: skip


def survey(number: int) -> dict[str, Any]:
    answers = [
        {"type": "rating_scale", "rating": 5, "rating_category": "good", "created_at": "2026-01-05T08:00:00Z"},
        {"type": "open_ended", "value": "PLANTED"},
    ]
    return {
        "id": f"01HX{number}",
        "responder_id": 770001,
        "answers": answers,
        "subjects": [{"id": str(number), "type": "ticket", "zrn": f"zen:ticket:{number}"}],
        "updated_at": "2026-01-06T08:00:00Z",
    }


def test_satisfaction_is_read_from_whichever_kind_the_account_has(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.put("satisfaction_ratings", ratings())
    sandbox.put("survey_responses", [survey(1)])
    sandbox.lack("survey_responses")
    legacy, _ = read(sandbox, tmp_path, "csat")
    assert {row["id"] for row in legacy} == {str(number) for number in range(1, 251)}
    sandbox.lack("satisfaction_ratings")
    newer, _ = read(sandbox, tmp_path, "csat")
    assert [row["id"] for row in newer] == ["01HX1"]
    assert json.loads(newer[0]["payload"])["answers"][0]["rating_category"] == "good"
    assert not any(word in str([legacy, newer]) for word in ("PLANTED", "770001"))
    sandbox.lack("satisfaction_ratings", "survey_responses")
    with pytest.raises(SourceError, match="plan lacks"):
        read(sandbox, tmp_path, "csat")


def test_a_reading_of_satisfaction_goes_on_where_it_was_broken_off(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.put("satisfaction_ratings", ratings())
    source = source_on(sandbox, tmp_path, streams=["csat"])
    reading = iter(source.read("csat", None))
    first = [next(reading), next(reading)]
    rest = drained(source, "csat", first[-1].cursor)
    source.close()
    assert [int(row["id"]) for row in rows([*first, *rest])] == list(range(1, 251))


def test_later_satisfaction_is_asked_for_from_somewhat_before_the_last_time(sandbox: Sandbox, tmp_path: Path) -> None:
    time = FakeTime()
    source = source_on(sandbox, tmp_path, streams=["csat"], time=time)
    cursor = drained(source, "csat")[-1].cursor
    begun = time.at
    time.at += 86_400
    before = len(sandbox.requests)
    drained(source, "csat", cursor)
    source.close()
    asked = {asked.path.rpartition("/")[2]: asked.query for asked in sandbox.requests[before:]}
    wanted = int(begun) - 35 * 86_400
    assert asked["satisfaction_ratings.json"]["start_time"] == str(wanted)
    assert asked["survey_responses"]["filter[created_at_start]"] == str(wanted * 1000)


def audit(number: int, of: int) -> dict[str, Any]:
    events = [{"id": number, "type": "Comment", "body": "PLANTED", "public": True}]
    moment = f"2026-01-05T08:{number % 60:02}:00Z"
    return {"id": number, "ticket_id": of, "author_id": 770001, "created_at": moment, "events": events}


def test_audits_are_read_of_the_chosen_tickets_only(sandbox: Sandbox, tmp_path: Path) -> None:
    told: list[str] = []
    sandbox.put("audits", [audit(number, of=number % 5 + 1) for number in range(1, 600)])
    found, _ = read(
        sandbox, tmp_path, "ticket_audits", audit_tickets=[2, 777], audit_search="tags:escalated", notify=told.append
    )
    tickets = {json.loads(row["payload"])["ticket_id"] for row in found}
    assert tickets == {1, 2, 3, 5}
    assert len(found) == sum((number % 5 + 1) in tickets for number in range(1, 600))
    assert not any(word in str(found) for word in ("PLANTED", "770001"))
    assert "ticket_audits: there is no ticket 777" in told


def test_audits_of_no_chosen_ticket_are_a_mistake_of_the_settings(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError, match="chosen tickets only"):
        read_settings(
            {"base_url": sandbox.url, "auth": {"kind": "bearer", "token": "t"}, "streams": ["ticket_audits"]}, "z"
        )


def test_check_asks_each_of_these_streams_for_little(sandbox: Sandbox, tmp_path: Path) -> None:
    streams = ["ticket_events", "ticket_metric_events", "csat", "ticket_audits"]
    source = source_on(sandbox, tmp_path, streams=streams, audit_tickets=[1])
    assert source.check() == []
    source.close()
