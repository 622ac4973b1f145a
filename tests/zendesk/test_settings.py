"""Bad settings are named all at once, at their place, without their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import qa_sync_zendesk
from qa_sync.errors import ConfigError
from qa_sync.ports import Context
from qa_sync_zendesk.settings import read_settings

GOOD: dict[str, Any] = {
    "base_url": "https://acme.zendesk.com",
    "auth": {"kind": "client_credentials", "client_id": "me", "client_secret": "s3cret"},
}


def problems_of(settings: dict[str, Any]) -> dict[tuple[Any, ...], str]:
    with pytest.raises(ConfigError) as caught:
        read_settings(settings, "support")
    assert "s3cret" not in str(caught.value)
    return {problem.path: f"{problem.what}; {problem.hint}" for problem in caught.value.problems}


def test_every_problem_is_named_at_once() -> None:
    found = problems_of(
        {
            "base_url": "http://acme.zendesk.com",
            "per_page": 5000,
            "streems": [],
            "keep": {"tickets": ["a b"]},
            "auth": {"kind": "client_credentials", "client_id": "me", "client_sekret": "s3cret"},
            "start": "someday",
        }
    )
    assert set(found) == {
        ("sources", "support", *path)
        for path in [
            ("base_url",),
            ("per_page",),
            ("streems",),
            ("keep",),
            ("auth", "client_secret"),
            ("auth", "client_sekret"),
            ("start",),
        ]
    }
    assert "did you mean streams?" in found[("sources", "support", "streems")]


@pytest.mark.parametrize(
    "url",
    [
        "acme.zendesk.com",
        "ftp://acme.zendesk.com",
        "https://",
        "https://me:s3cret@acme.zendesk.com",
        "https://acme.example#@evil",
        "https://acme.example/?x=1",
        "https://acme.zendesk.com/api/v2",
        "http://10.0.0.1",
        "https://a\\b",
        "https://acme.example:port",
        "http://localhost.evil.example",
        "https://[",
        "",
    ],
)
def test_an_address_that_could_lead_elsewhere_or_in_clear_is_refused(url: str) -> None:
    assert set(problems_of({**GOOD, "base_url": url})) == {("sources", "support", "base_url")}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://[::1]:1",
        "http://localhost:9",
        "https://help.acme.example",
        "https://acme.zendesk.com/",
    ],
)
def test_any_host_will_do_and_loopback_may_be_plain(url: str) -> None:
    assert read_settings({**GOOD, "base_url": url}, "x").base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"kind": "password"},
        "s3cret",
        None,
        {"kind": "bearer"},
        {"kind": "bearer", "token": ""},
        {"kind": "api_token", "token": "s3cret"},
    ],
)
def test_unknown_or_incomplete_credentials_are_refused(auth: object) -> None:
    assert all(path[:3] == ("sources", "support", "auth") for path in problems_of({**GOOD, "auth": auth}))


@pytest.mark.parametrize(
    "changes",
    [
        {"streams": []},
        {"streams": ["tickets", "tickets"]},
        {"streams": ["tikets"]},
        {"keep": {"tikets": ["subject"]}},
        {"hash_key": "short"},
        {"per_page": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, Any]) -> None:
    assert {path[2] for path in problems_of({**GOOD, **changes})} == set(changes)


@pytest.mark.parametrize(
    ("written", "epoch"),
    [
        ("2026-01-01", 1_767_225_600),
        ("2026-01-01T02:00:00+02:00", 1_767_225_600),
        ("2026-01-01T00:00:00Z", 1_767_225_600),
    ],
)
def test_start_is_a_date_or_an_instant(written: str, epoch: int) -> None:
    assert read_settings({**GOOD, "start": written}, "x").start.timestamp() == epoch


def test_secrets_are_not_printed_with_the_settings() -> None:
    assert "s3cret" not in repr(read_settings({**GOOD, "hash_key": "s3cret-s3cret-s3cret"}, "x"))


def test_connecting_sends_nothing_and_names_the_streams(tmp_path: Path) -> None:
    context = Context(name="support", folder=tmp_path, state=tmp_path)
    source = qa_sync_zendesk.connect({**GOOD, "streams": ["tickets", "groups"]}, context)
    assert [stream.name for stream in source.streams()] == ["tickets", "groups"]
    source.close()
    with pytest.raises(ConfigError):
        qa_sync_zendesk.connect({}, context)
