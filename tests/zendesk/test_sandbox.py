"""The stand-in: shaped like recorded traffic, steady over time, and with nothing of a customer that gets stored."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
import requests
from zendesk.test_replay import recorded
from zendesk.worlds import FakeTime, drained, everything_in, filled, rows, source_on, ticket

from qa_sync.testing.programme import Programme, make_programme
from qa_sync_zendesk.sandbox import CUSTOM_FIELDS, Sandbox, start

MAPPED = {"tickets": frozenset(str(CUSTOM_FIELDS[name]) for name in ("region", "language", "severity"))}


@pytest.fixture(scope="module")
def programme() -> Programme:
    return make_programme(tickets=300, weeks=4)


@pytest.fixture
def sandbox(programme: Programme) -> Iterator[Sandbox]:
    made = start(programme)
    yield made
    made.stop()


def token(sandbox: Sandbox) -> dict[str, str]:
    auth = filled(sandbox.settings(), sandbox.environment())["auth"]
    body = {"grant_type": "client_credentials", "client_id": auth["client_id"], "client_secret": auth["client_secret"]}
    with requests.Session() as session:
        given = session.post(f"{sandbox.url}/oauth/tokens", json=body, timeout=5).json()
    return {"Authorization": f"Bearer {given['access_token']}"}


def ask(sandbox: Sandbox, path: str, headers: dict[str, str] | None = None) -> requests.Response:
    with requests.Session() as session:
        return session.get(sandbox.url + path, headers=headers, timeout=5)


@pytest.mark.parametrize("stream", ["tickets", "users"])
def test_pages_have_the_keys_and_types_of_recorded_traffic(stream: str, sandbox: Sandbox) -> None:
    path = f"/api/v2/incremental/{stream}/cursor.json"
    real = [call["body"] for call in recorded("interactions.jsonl.gz") if path in call["url"]]
    made = ask(sandbox, f"{path}?start_time=0&per_page=50", token(sandbox)).json()
    assert set(real[0]) == set(made)
    seen: dict[str, set[type]] = {}
    for record in (record for body in real for record in body[stream]):
        for key, value in record.items():
            seen.setdefault(key, set()).add(type(value))
    for record in made[stream]:
        # What the account of the recordings never filled may have any type here.
        wrong = {
            key
            for key, value in record.items()
            if value is not None and seen.get(key, {type(None)}) != {type(None)} and type(value) not in seen[key]
        }
        assert not wrong
        assert set(made[stream][0]) == set(record)
    assert {"id", "url", "created_at", "updated_at"} <= set(made[stream][0]) & set(seen)


def test_the_whole_programme_arrives_as_its_newest_versions(
    sandbox: Sandbox, programme: Programme, tmp_path: Path
) -> None:
    source = source_on(sandbox, tmp_path, per_page=100, mapped=MAPPED, time=FakeTime(at=1_900_000_000))
    tickets = {row["id"]: json.loads(row["payload"]) for row in rows(drained(source, "tickets"))}
    users = {row["id"]: json.loads(row["payload"]) for row in rows(drained(source, "users"))}
    groups = {
        json.loads(row["payload"])["id"]: json.loads(row["payload"])["name"] for row in rows(drained(source, "groups"))
    }
    source.close()
    newest = {row["ticket_no"]: row for row in programme.tickets.to_pylist()}
    assert set(tickets) == {str(number) for number in newest}
    people = {row["person_no"]: row for row in programme.people.to_pylist()}
    staff = {user["email"]: user for user in users.values() if "email" in user}
    assert set(staff) == {row["email"] for row in people.values()}
    for number, row in newest.items():
        kept = tickets[str(number)]
        assert kept["status"] == ("deleted" if row["deleted"] else row["status"])
        assert groups[kept["group_id"]] == row["group_name"]
        assert [pair["value"] for pair in kept["custom_fields"]] == [row["region"], row["language"], row["severity"]]
        if row["agent_no"] is not None:
            assert kept["assignee_id"] == staff[people[row["agent_no"]]["email"]]["id"]


def test_nothing_of_a_customer_is_stored(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path, mapped=MAPPED, time=FakeTime(at=1_900_000_000))
    stored = str([rows(drained(source, stream)) for stream in ("tickets", "users", "groups")])
    source.close()
    stored += everything_in(tmp_path).decode("utf-8", "replace")
    assert "Aoife Customer" in ask(sandbox, "/api/v2/incremental/tickets/cursor.json?start_time=0", token(sandbox)).text
    for words in ("Aoife Customer", "mail.example", "4929", "+353", "support@acme", "charged twice"):
        assert words not in stored


def test_time_can_be_advanced_and_only_what_changed_comes(
    sandbox: Sandbox, programme: Programme, tmp_path: Path
) -> None:
    source = source_on(sandbox, tmp_path, time=FakeTime(at=1_900_000_000))
    sandbox.now = programme.end - timedelta(days=7)
    cursor = (pages := drained(source, "tickets"))[-1].cursor
    before = {row["id"]: row for row in rows(pages)}
    sandbox.now = None
    after = rows(drained(source, "tickets", cursor))
    source.close()
    late = programme.tickets.filter(pc.greater(programme.tickets["updated_at"], programme.end - timedelta(days=7)))
    assert {row["id"] for row in after} == {str(number) for number in late["ticket_no"].to_pylist()}
    assert all(row["source_stamp"] > before[row["id"]]["source_stamp"] for row in after if row["id"] in before)
    sandbox.now = programme.end - timedelta(days=7)
    source = source_on(sandbox, tmp_path, time=FakeTime(at=1_900_000_000))
    assert {row["id"]: row for row in rows(drained(source, "tickets"))} == before
    source.close()


def test_a_rate_limit_is_told_in_real_headers_and_refused_with_the_real_body() -> None:
    sandbox = start(export_limit=2)
    try:
        headers, path = token(sandbox), "/api/v2/incremental/users/cursor.json?start_time=0"
        first = ask(sandbox, path, headers)
        assert first.headers["zendesk-ratelimit-incremental-exports"] == "total=2; remaining=1; resets=60"
        assert (first.headers["ratelimit-limit"], first.headers["x-rate-limit-remaining"]) == ("700", "699")
        ask(sandbox, path, headers)
        third = ask(sandbox, path, headers)
        assert (third.status_code, third.json()["error"]) == (429, "APIRateLimitExceeded")
        assert 1 <= int(third.headers["Retry-After"]) <= 60
        assert ask(sandbox, "/api/v2/groups.json", headers).status_code == 200
    finally:
        sandbox.stop()


def test_users_me_welcomes_the_anonymous_and_exports_do_not(sandbox: Sandbox) -> None:
    assert ask(sandbox, "/api/v2/users/me.json").json()["user"]["name"] == "Anonymous user"
    assert ask(sandbox, "/api/v2/incremental/tickets/cursor.json?start_time=0").status_code == 401
    assert ask(sandbox, "/api/v2/nothing.json", token(sandbox)).json()["error"] == "InvalidEndpoint"


def test_a_start_time_within_the_last_minute_is_refused(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "/api/v2/incremental/tickets/cursor.json?start_time=4102444800", token(sandbox))
    assert answer.status_code == 400


def test_what_is_put_becomes_the_newest_version() -> None:
    sandbox = start()
    try:
        sandbox.put("tickets", [ticket(1, generated_timestamp=1_750_000_000), ticket(2)])
        sandbox.put("tickets", [ticket(1, generated_timestamp=1_750_000_000, status="solved")])
        page = ask(sandbox, "/api/v2/incremental/tickets/cursor.json?start_time=0", token(sandbox)).json()
    finally:
        sandbox.stop()
    assert [(record["id"], record["generated_timestamp"]) for record in page["tickets"]] == [
        (2, 1_750_000_001),
        (1, 1_750_000_002),
    ]


def test_an_unknown_fault_is_named() -> None:
    sandbox = start()
    try:
        with pytest.raises(ValueError, match="poisoned_cursor"):
            sandbox.faults.add("earthquake")
    finally:
        sandbox.stop()


def test_stopping_leaves_no_thread_and_no_open_port() -> None:
    before = threading.active_count()
    sandbox: Any = start()
    ask(sandbox, "/api/v2/groups.json")
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        ask(sandbox, "/api/v2/groups.json")
    assert threading.active_count() <= before + 1
