"""Tokens: renewed before they expire and on 401 in mid-run, shared, and on disk before they are used."""

from __future__ import annotations

import base64
import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from zendesk.worlds import FakeTime, drained, everything_in, rows, source_on, ticket

from qa_sync.errors import AuthError
from qa_sync.http import HttpClient, Retry
from qa_sync.ports import Context
from qa_sync_zendesk.auth import Renewing, TokenStore
from qa_sync_zendesk.client import ZendeskSource
from qa_sync_zendesk.sandbox import start
from qa_sync_zendesk.settings import ClientCredentials, RefreshToken, read_settings

BASE = "https://acme.zendesk.example"
TOKENS = f"{BASE}/oauth/tokens"


def renewing(state: Path, time: FakeTime, kind: str = "client_credentials") -> Renewing:
    settings: Any = ClientCredentials(kind="client_credentials", client_id="me", client_secret="s3cret")
    if kind == "refresh_token":
        settings = RefreshToken(kind="refresh_token", client_id="me", client_secret="s3cret", refresh_token="first")
    client = HttpClient(BASE, retry=Retry(sleep=time.sleep))
    return Renewing(settings, client, TokenStore(state, "print"), time.now)


def sign(auth: Renewing) -> str:
    return auth(requests.Request("GET", BASE).prepare()).headers["Authorization"]


def gives(token: str, **more: Any) -> None:
    responses.post(TOKENS, json={"access_token": token, "token_type": "bearer", **more})


@responses.activate
def test_a_token_is_renewed_before_it_expires(tmp_path: Path) -> None:
    time = FakeTime()
    gives("one", expires_in=1000)
    gives("two", expires_in=1000)
    auth = renewing(tmp_path, time)
    assert sign(auth) == "Bearer one"
    time.at += 899
    assert sign(auth) == "Bearer one"
    time.at += 1
    assert sign(auth) == "Bearer two"


@responses.activate
def test_a_token_that_does_not_say_how_long_it_lives_is_used_until_it_is_refused(tmp_path: Path) -> None:
    time = FakeTime()
    gives("one", expires_in=None)
    gives("two")
    auth = renewing(tmp_path, time)
    sign(auth)
    time.at += 1e9
    assert sign(auth) == "Bearer one"
    auth.renew()
    assert sign(auth) == "Bearer two"


@responses.activate
def test_the_new_token_is_on_disk_for_its_owner_only_before_it_is_used(tmp_path: Path) -> None:
    gives("one", expires_in=1000, refresh_token="r1")
    auth = renewing(tmp_path, FakeTime())
    sign(auth)
    files = [path for path in tmp_path.iterdir() if path.suffix == ".json"]
    assert json.loads(files[0].read_text())["access"] == "one"
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert len(files) == 1


@responses.activate
def test_each_refresh_spends_the_token_that_the_one_before_it_gave(tmp_path: Path) -> None:
    time = FakeTime()
    gives("one", expires_in=1000, refresh_token="second")
    gives("two", expires_in=1000, refresh_token="third")
    sign(renewing(tmp_path, time, "refresh_token"))
    time.at += 2000
    assert sign(renewing(tmp_path, time, "refresh_token")) == "Bearer two"  # a new process takes up where it was
    spent = [json.loads(call.request.body or "")["refresh_token"] for call in responses.calls]
    assert spent == ["first", "second"]


@responses.activate
def test_who_finds_a_newer_token_takes_it_instead_of_asking(tmp_path: Path) -> None:
    time = FakeTime()
    gives("one", expires_in=1000)
    gives("two", expires_in=1000)
    mine, theirs = renewing(tmp_path, time), renewing(tmp_path, time)
    assert sign(mine) == sign(theirs) == "Bearer one"
    mine.renew()
    theirs.renew()  # refused with "one", but "two" is there by now
    assert sign(theirs) == "Bearer two"
    assert len(responses.calls) == 2


@responses.activate
def test_many_threads_that_are_refused_renew_once(tmp_path: Path) -> None:
    gives("one", expires_in=1000)
    gives("two", expires_in=1000)
    gives("three", expires_in=1000)
    auth = renewing(tmp_path, FakeTime())
    sign(auth)
    gate = threading.Barrier(8)

    def refused() -> None:
        sign(auth)
        gate.wait()
        auth.renew()

    threads = [threading.Thread(target=refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(responses.calls) == 2
    assert sign(auth) == "Bearer two"


@responses.activate
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client"}),
        (400, {"error": "invalid_grant"}),
        (404, "<html>PLANTED</html>"),
        (200, {"PLANTED": 1}),
        (200, "PLANTED"),
        (200, {"access_token": "two\nlines"}),
    ],
)
def test_a_refused_client_is_an_auth_error_without_secrets(status: int, body: Any, tmp_path: Path) -> None:
    responses.post(TOKENS, status=status, body=body if isinstance(body, str) else json.dumps(body))
    with pytest.raises(AuthError) as caught:
        sign(renewing(tmp_path, FakeTime()))
    assert "s3cret" not in str(caught.value)
    assert "PLANTED" not in str(caught.value)


@responses.activate
def test_an_unreadable_token_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "token-print.json").write_text("{half")
    gives("one", expires_in=1000)
    assert sign(renewing(tmp_path, FakeTime())) == "Bearer one"


def test_tokens_that_expire_in_mid_run_are_renewed_and_no_record_is_lost(tmp_path: Path) -> None:
    sandbox = start()
    try:
        sandbox.put("tickets", [ticket(number) for number in range(1, 31)])
        source = source_on(sandbox, tmp_path, per_page=3)
        got = []
        for number, page in enumerate(source.read("tickets", None)):
            got += page.records["id"].to_pylist()
            if number in {1, 4, 5}:
                sandbox.expire_tokens()
        source.close()
    finally:
        sandbox.stop()
    assert got == [str(number) for number in range(1, 31)]
    assert sum(asked.path == "/oauth/tokens" for asked in sandbox.requests) == 4
    assert sum(asked.status == 401 for asked in sandbox.requests) == 3


def test_a_revoked_client_stops_the_run(tmp_path: Path) -> None:
    sandbox = start(faults=[])
    try:
        sandbox.put("tickets", [ticket(number) for number in range(1, 10)])
        source = source_on(sandbox, tmp_path, per_page=3)
        pages = iter(source.read("tickets", None))
        next(pages)
        sandbox.faults.add("401", times=None)
        with pytest.raises(AuthError):
            next(pages)
        source.close()
    finally:
        sandbox.stop()


@responses.activate
def test_an_api_token_still_works_and_is_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    page = {"tickets": [ticket(1)], "after_cursor": "x", "end_of_stream": True}
    answer = responses.get(f"{BASE}/api/v2/incremental/tickets/cursor.json", json=page)
    auth = {"kind": "api_token", "email": "bot@acme.example", "token": "t0ken"}
    context = Context(name="z", folder=tmp_path, state=tmp_path, notify=told.append)
    source = ZendeskSource(read_settings({"base_url": BASE, "auth": auth}, "z"), context, clock=FakeTime().clock)
    assert len(rows(drained(source, "tickets"))) == 1
    source.close()
    header = answer.calls[0].request.headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(header) == b"bot@acme.example/token:t0ken"
    assert any("2027-04-30" in line for line in told)
    assert "t0ken" not in caplog.text + str(told)


def test_a_hash_key_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    sandbox = start()
    try:
        sandbox.put("tickets", [ticket(1)])
        payloads = []
        for _ in range(2):
            source = source_on(sandbox, tmp_path, hash_key=None)
            payloads += [row["payload"] for row in rows(drained(source, "tickets"))]
            source.close()
    finally:
        sandbox.stop()
    assert payloads[0] == payloads[1]
    key = tmp_path / "state" / "requester-hash.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 64
    assert b"PLANTED" not in everything_in(tmp_path)
