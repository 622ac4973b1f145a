"""check: each bad set-up gives one clear message at the right place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from zendesk.worlds import FakeTime, filled, source_on, ticket

from qa_sync.ports import Context
from qa_sync_zendesk.client import ZendeskSource
from qa_sync_zendesk.sandbox import CUSTOM_FIELDS, Sandbox, start
from qa_sync_zendesk.settings import read_settings

BASE = "https://acme.zendesk.example"


@pytest.fixture
def sandbox() -> Any:
    made = start()
    made.put("tickets", [ticket(1)])
    made.put("groups", [{"id": 1, "name": "One"}])
    made.put(
        "ticket_fields", [{"id": identity, "title": name, "type": "tagger"} for name, identity in CUSTOM_FIELDS.items()]
    )
    yield made
    made.stop()


def auth_of(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    return {**filled(sandbox.settings(), sandbox.environment())["auth"], **changes}


def found(source: ZendeskSource) -> list[tuple[tuple[Any, ...], str]]:
    problems = [(problem.path, str(problem)) for problem in source.check()]
    source.close()
    return problems


def test_a_good_set_up_has_no_problem_and_users_me_is_never_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    mapped = {"tickets": frozenset({str(CUSTOM_FIELDS["region"])})}
    assert found(source_on(sandbox, tmp_path, mapped=mapped)) == []
    assert not any("users/me" in asked.path or asked.anonymous for asked in sandbox.requests if asked.method == "GET")


def test_a_wrong_secret_is_told_once_for_all_streams(sandbox: Sandbox, tmp_path: Path) -> None:
    problems = found(source_on(sandbox, tmp_path, auth=auth_of(sandbox, client_secret="wrong-one")))
    assert [path for path, _ in problems] == [("sources", "zendesk", "auth")]
    assert "secret is wrong" in problems[0][1]
    assert "wrong-one" not in problems[0][1]


def test_an_unknown_scope_is_told_per_stream_without_access(sandbox: Sandbox, tmp_path: Path) -> None:
    problems = found(source_on(sandbox, tmp_path, auth=auth_of(sandbox, scope="tickets:read")))
    assert [path[2:] for path, _ in problems] == [("streams", 1), ("streams", 2)]
    assert "users: the token lacks the scope read or users:read; it has tickets:read" in problems[0][1]
    assert "groups: the token lacks the scope read; it has tickets:read" in problems[1][1]


def test_a_stream_that_the_plan_lacks_is_told_where_it_is_configured(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path, streams=["tickets", "ticket_forms"])
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        network.add_passthru(sandbox.url + "/oauth")
        network.add_passthru(sandbox.url + "/api/v2/incremental")
        network.get(
            sandbox.url + "/api/v2/ticket_forms.json",
            status=404,
            json={"error": "InvalidEndpoint", "description": "PLANTED"},
        )
        problems = found(source)
    assert [path[2:] for path, _ in problems] == [("streams", 1)]
    assert "plan lacks" in problems[0][1]
    assert "PLANTED" not in problems[0][1]


def test_a_mapped_field_that_does_not_exist_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    mapped = {"tickets": frozenset({"999", str(CUSTOM_FIELDS["severity"])})}
    problems = found(source_on(sandbox, tmp_path, mapped=mapped))
    assert len(problems) == 1
    assert "999" in problems[0][1]
    # Where the fields are a stream, the whole mapping is held against them: they are not asked for twice.
    asked = len(sandbox.requests)
    streams = ["tickets", "ticket_fields"]
    assert found(source_on(sandbox, tmp_path, mapped=mapped, streams=streams)) == []
    assert [one.path for one in sandbox.requests[asked:] if "ticket_fields" in one.path] == [
        "/api/v2/ticket_fields.json"
    ]


def test_an_address_where_nobody_answers_is_told_at_base_url(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path)
    sandbox.stop()
    assert [path[2:] for path, _ in found(source)] == [("base_url",)]


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "path"),
    [
        (404, "<html>PLANTED no such account</html>", ("auth",)),
        (302, "", ("base_url",)),
        (200, "<html>PLANTED</html>", ("auth",)),
    ],
)
def test_a_wrong_subdomain_is_told_whatever_it_answers(
    status: int, body: str, path: tuple[str, ...], tmp_path: Path
) -> None:
    responses.post(
        f"{BASE}/oauth/tokens", status=status, body=body, headers={"Location": "https://www.zendesk.example"}
    )
    auth = {"kind": "client_credentials", "client_id": "me", "client_secret": "s3cret"}
    context = Context(name="z", folder=tmp_path, state=tmp_path)
    source = ZendeskSource(read_settings({"base_url": BASE, "auth": auth}, "z"), context, clock=FakeTime().clock)
    problems = found(source)
    assert [place[2:] for place, _ in problems] == [path]
    assert "base_url" in problems[0][1]
    assert "PLANTED" not in problems[0][1]


def test_an_api_token_after_its_last_day_is_a_problem(sandbox: Sandbox, tmp_path: Path) -> None:
    late = FakeTime(at=datetime(2027, 4, 30, tzinfo=UTC).timestamp())
    auth = {"kind": "api_token", "email": "bot@acme.example", "token": "t"}
    paths = [path[2:] for path, _ in found(source_on(sandbox, tmp_path, time=late, auth=auth))]
    assert paths[0] == ("auth", "kind")
    early = [path[2:] for path, _ in found(source_on(sandbox, tmp_path, auth=auth))]
    assert ("auth", "kind") not in early
