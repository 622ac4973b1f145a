"""Zendesk QA over HTTP: its own token, the sandbox as the official description has it, faults, and what check says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from zendesk.contracts import qa_problems
from zendesk.worlds import FakeTime, drained, everything_in, filled, rows

from qa_sync.errors import AuthError, ConfigError
from qa_sync.ports import Context
from qa_sync.testing.programme import make_programme
from qa_sync_zendesk.client import ZendeskSource
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS
from qa_sync_zendesk.sandbox import Sandbox, start
from qa_sync_zendesk.settings import read_settings

START = date(2025, 12, 8)
BASE = "https://acme.zendesk.example"
AUTOQA = {
    "workspaceId": "11",
    "externalTicketId": "1",
    "revieweeEmail": "Bo@acme.example",
    "createdAt": "2026-01-05T09:30:00Z",
    "updatedAt": "2026-01-05T09:30:00Z",
}


@pytest.fixture
def sandbox() -> Any:
    made = start(
        make_programme(tickets=120, evaluated=0.8, audited=0.5, weeks=3, start=START), qa_page_base=1, qa_largest_page=9
    )
    made.qa.put("autoqa_reviews", [{**AUTOQA, "autoqaReviewId": f"a{at}"} for at in range(20)])
    made.qa.put(
        "autoqa_ratings",
        [
            {
                **AUTOQA,
                "autoqaReviewId": "a1",
                "autoqaRatingId": f"r{at}",
                "score": 100 * (at % 2),
                "evaluated": at != 3,
            }
            for at in range(20)
        ],
    )
    made.qa.put(
        "csat",
        [
            {
                "externalTicketId": "1",
                "csatScore": "5",
                "csatComment": "PLANTED",
                "csatCreatedAt": "2026-01-05T09:30:00Z",
            }
        ],
        workspace="11",
    )
    yield made
    made.stop()


def _token(sandbox: Sandbox) -> str:
    return sandbox.environment()["ZENDESK_QA_TOKEN"]


def connect(sandbox: Sandbox, state: Path, *, time: FakeTime | None = None, **changes: Any) -> ZendeskSource:
    settings = {**filled(sandbox.qa_settings(), sandbox.environment()), "start": "2025-12-01", **changes}
    context = Context(name="zendesk_qa", folder=state, state=state)
    return ZendeskSource(read_settings(settings, "zendesk_qa"), context, clock=(time or FakeTime()).clock)


def state_of(sandbox: Sandbox, state: Path) -> dict[str, set[tuple[Any, ...]]]:
    source = connect(sandbox, state)
    found = {name: {tuple(row.values()) for row in rows(drained(source, name))} for name in QA_ENDPOINTS}
    source.close()
    return found


def test_the_stand_in_answers_as_the_official_description_says(sandbox: Sandbox, tmp_path: Path) -> None:
    problems: list[str] = []
    paths: set[str] = set()
    real = requests.Session.request

    def judged(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        answer = real(self, method, url, **options)
        path = url.removeprefix(sandbox.url)
        paths.add(path)
        problems.extend(qa_problems(path, answer.status_code, answer.content))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "request", judged)
        found = state_of(sandbox, tmp_path)
        for bad in ({"params": {}}, {"params": {"fromDate": "2026-01-01T00:00:00Z"}, "headers": {}}):
            options = {"headers": {"Authorization": f"Bearer {_token(sandbox)}"}, "timeout": 5, **bad}
            requests.Session().request("GET", f"{sandbox.url}/qa/api/export/reviews", **options)
    assert problems == []
    assert len(paths) == len(QA_ENDPOINTS)  # reviews of one workspace and of all; sessions serve two streams
    assert all(found.values())


def test_every_live_evaluation_is_a_review_once(sandbox: Sandbox, tmp_path: Path) -> None:
    source = connect(sandbox, tmp_path)
    found = [row["id"] for row in rows(drained(source, "qa_reviews"))]
    source.close()
    programme = make_programme(tickets=120, evaluated=0.8, audited=0.5, weeks=3, start=START)
    newest: dict[int, Any] = {}
    for row in programme.evaluations.to_pylist():
        if row["revision"] >= newest.get(row["evaluation_no"], row)["revision"]:
            newest[row["evaluation_no"]] = row
    wanted = {f"11:{no}" for no, row in newest.items() if row["status"] == "active" and row["session_no"] is None}
    assert set(found) == wanted
    assert len(wanted) > 50


@pytest.mark.parametrize("kind", ["429", "429_edge", "503", "cut_json", "reset"])
def test_a_pull_under_a_fault_ends_as_one_without(kind: str, sandbox: Sandbox, tmp_path: Path) -> None:
    expected = state_of(sandbox, tmp_path / "calm")
    sandbox.faults.add(kind, times=None, every=3, path="/qa/")
    assert state_of(sandbox, tmp_path / "storm") == expected


def test_no_words_and_no_secret_reach_the_disk(sandbox: Sandbox, tmp_path: Path) -> None:
    stored = str(state_of(sandbox, tmp_path))
    assert not any(word in stored for word in ("PLANTED", "card ending", "Aoife Customer"))
    assert _token(sandbox).encode() not in everything_in(tmp_path)


def test_only_zendesk_qas_own_token_is_sent_there(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = filled(sandbox.settings(), sandbox.environment())
    source = connect(sandbox, tmp_path, auth=settings["auth"], streams=["groups", "qa_users"])
    drained(source, "groups")
    before = len(sandbox.requests)
    assert rows(drained(source, "qa_users"))
    source.close()
    assert [asked.path for asked in sandbox.requests[before:]] == ["/qa/api/export/users"]


def test_credentials_that_a_stream_needs_must_be_given(sandbox: Sandbox) -> None:
    base = {"base_url": sandbox.url}
    with pytest.raises(ConfigError) as caught:
        read_settings({**base, "streams": ["tickets", "qa_reviews"], "qa_workspaces": ["x"]}, "z")
    assert [problem.path[2:] for problem in caught.value.problems] == [("auth",), ("qa_auth",), ("qa_workspaces", 0)]
    assert (
        read_settings({**base, "streams": ["qa_reviews"], "qa_auth": {"kind": "bearer", "token": "t"}}, "z").auth
        is None
    )


def test_a_refused_token_is_one_problem_at_its_place(sandbox: Sandbox, tmp_path: Path) -> None:
    source = connect(sandbox, tmp_path, qa_auth={"kind": "bearer", "token": "wrong-one"})
    problems = source.check()
    assert [problem.path for problem in problems] == [("sources", "zendesk_qa", "qa_auth")]
    assert "not one of Zendesk QA" in str(problems[0])
    assert "wrong-one" not in str(problems[0])
    with pytest.raises(AuthError):
        drained(source, "qa_reviews")
    source.close()


@responses.activate
def test_an_account_without_zendesk_qa_is_told_so_once(tmp_path: Path) -> None:
    responses.get(f"{BASE}/qa/api/export/workspaces", status=404, body="<html>PLANTED</html>")
    settings = {
        "base_url": BASE,
        "streams": ["qa_reviews", "qa_disputes"],
        "qa_auth": {"kind": "bearer", "token": "t"},
    }
    context = Context(name="z", folder=tmp_path, state=tmp_path)
    source = ZendeskSource(read_settings(settings, "z"), context, clock=FakeTime().clock)
    problems = source.check()
    source.close()
    assert [problem.path[2:] for problem in problems] == [("streams",)]
    assert "no Zendesk QA" in str(problems[0])
    assert "PLANTED" not in str(problems[0])


def test_a_good_set_up_has_no_problem(sandbox: Sandbox, tmp_path: Path) -> None:
    source = connect(sandbox, tmp_path)
    assert source.check() == []
    source.close()
