"""Several accounts in one run: each with its own limits, side by side; one that fails or waits is alone with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from zendesk.worlds import NOW, FakeTime, filled, ticket, user

from qa_sync.errors import AuthError
from qa_sync.runner.workspace import Workspace
from qa_sync_zendesk import client
from qa_sync_zendesk.auth import Token, TokenStore
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.sandbox import Sandbox, start

NAMES = ("emea", "apac")


@pytest.fixture
def accounts() -> Iterator[dict[str, Sandbox]]:
    made = {name: start(export_limit=10_000, account_limit=10_000) for name in NAMES}
    for at, sandbox in enumerate(made.values()):
        sandbox.put("tickets", [ticket(1000 * at + number) for number in range(1, 31)])
        sandbox.put("users", [user(1000 * at + number) for number in range(1, 11)])
    yield made
    for sandbox in made.values():
        sandbox.stop()


@pytest.fixture
def workspace(tmp_path: Path, accounts: dict[str, Sandbox]) -> Callable[..., Workspace]:
    def made(**more: Any) -> Workspace:
        sources = {
            name: {
                "connector": "zendesk",
                **filled(sandbox.settings(), sandbox.environment()),
                "streams": ["tickets", "users"],
                "per_page": 5,
            }
            for name, sandbox in accounts.items()
        }
        (tmp_path / "qa-sync.yaml").write_text(yaml.safe_dump({"sources": sources}, sort_keys=False))
        return Workspace(tmp_path, **more)

    return made


def pages(sandbox: Sandbox) -> int:
    return sum("/incremental/" in asked.path for asked in sandbox.requests)


def test_each_account_gives_all_it_has_and_the_counts_stand_in_order(workspace: Callable[..., Workspace]) -> None:
    counts = workspace().sync().counts["sync"]
    assert [(name, made["accepted"]) for name, made in counts.items()] == [
        ("emea.tickets", 30),
        ("emea.users", 10),
        ("apac.tickets", 30),
        ("apac.users", 10),
    ]


def test_an_account_that_refuses_the_client_fails_alone(
    workspace: Callable[..., Workspace], accounts: dict[str, Sandbox]
) -> None:
    accounts["emea"].faults.add("401", times=None, path="/oauth/tokens")
    it = workspace()
    with pytest.raises(AuthError) as caught:
        it.sync()
    assert {line.partition(".")[0] for line in str(caught.value).splitlines()} == {"emea"}
    (run,) = it.runs()
    told = {name: (made["accepted"], "error" in made) for name, made in run.counts["sync"].items()}
    assert told == {
        "emea.tickets": (0, True),
        "emea.users": (0, True),
        "apac.tickets": (30, False),
        "apac.users": (10, False),
    }


def test_an_account_that_holds_us_back_holds_no_other_back_and_says_which_it_is(
    workspace: Callable[..., Workspace], accounts: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    others_done = threading.Event()
    time = FakeTime(at=NOW)
    told: list[str] = []

    class Told:
        def stage(self, name: str) -> None: ...

        def counted(self, what: str, count: int) -> None:
            if what == "apac.tickets" and count == 30:
                others_done.set()

        def say(self, line: str) -> None:
            told.append(line)

    def sleep(seconds: float) -> None:
        # Whoever must wait for a minute does so until the other account is done.
        assert seconds < 30 or others_done.wait(20)
        time.sleep(seconds)

    monkeypatch.setattr(client, "Clock", lambda **_real: Clock(now=time.now, sleep=sleep))
    accounts["emea"].faults.add("429", retry_after="55", times=2)
    counts = workspace(progress=Told()).sync().counts["sync"]
    assert [made["accepted"] for made in counts.values()] == [30, 10, 30, 10]
    waits = [line for line in told if "55 s" in line or "export bucket" in line]
    assert waits
    assert all(line.startswith("emea: ") for line in waits)


def test_each_account_has_a_governor_of_its_own(
    workspace: Callable[..., Workspace], accounts: dict[str, Sandbox], tmp_path: Path
) -> None:
    workspace().sync()
    files = sorted((tmp_path / "data" / "state").glob("zendesk-*-limits.json"))
    assert len(files) == len(accounts)
    assert [pages(sandbox) for sandbox in accounts.values()] == [8, 8]


def test_two_sources_with_one_refresh_token_do_not_spend_it_for_each_other(
    accounts: dict[str, Sandbox], tmp_path: Path
) -> None:
    sandbox = accounts["emea"]
    client = {
        "client_id": sandbox.environment()["ZENDESK_CLIENT_ID"],
        "client_secret": sandbox.environment()["ZENDESK_CLIENT_SECRET"],
    }
    asked = {"grant_type": "client_credentials", **client}
    first = requests.post(f"{sandbox.url}/oauth/tokens", json=asked, timeout=10).json()["refresh_token"]
    auth = {"kind": "refresh_token", **client, "refresh_token": first}
    one = {"connector": "zendesk", "base_url": sandbox.url, "per_page": 5}
    sources = {name: {**one, "auth": dict(auth), "streams": [name]} for name in ("tickets", "users")}
    (tmp_path / "qa-sync.yaml").write_text(yaml.safe_dump({"sources": sources}))
    for _ in range(3):
        counts = Workspace(tmp_path).sync().counts["sync"]
        assert set(counts) == {"tickets.tickets", "users.users"}
        sandbox.expire_tokens()
    kept = list((tmp_path / "data" / "state").rglob("token-*.json"))
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]


def test_a_token_kept_for_one_source_alone_is_taken_over(tmp_path: Path) -> None:
    own, common = tmp_path / "zendesk", tmp_path
    TokenStore(own, "print").save(Token(access="a", renew_at=None, refresh="newest"))
    assert TokenStore(common, "print", own).load() == Token(access="a", renew_at=None, refresh="newest")
    TokenStore(common, "print", own).save(Token(access="b", renew_at=None, refresh="newer"))
    TokenStore(own, "print").save(Token(access="a", renew_at=None, refresh="newest"))
    assert TokenStore(common, "print", own).load() == Token(access="b", renew_at=None, refresh="newer")
