"""Settings: every problem at once, at its place, and no value or secret in a message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gsheets.gsheet_world import context

from qa_sync.errors import AuthError, ConfigError
from qa_sync_gsheets import connect_sink, connect_source
from qa_sync_gsheets.settings import read_sink_settings, read_source_settings

GOOD: dict[str, Any] = {"spreadsheet": "1AbCdEf", "credentials": "application_default"}


def problems(read: Any, settings: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(settings, "sheet")
    return [str(problem) for problem in caught.value.problems]


def test_an_address_or_an_id_names_the_spreadsheet() -> None:
    address = "https://docs.google.com/spreadsheets/d/1AbC-d_Ef/edit#gid=0"
    assert read_sink_settings({**GOOD, "spreadsheet": address}, "s").spreadsheet == "1AbC-d_Ef"
    assert read_sink_settings(GOOD, "s").spreadsheet == "1AbCdEf"
    assert read_sink_settings({"spreadsheet": "1AbCdEf"}, "s").credentials.kind == "application_default"


def test_every_problem_is_told_at_once_and_at_its_place() -> None:
    told = problems(
        read_sink_settings,
        {
            "spreadsheat": "1AbC",
            "base_url": "http://sheets.example.com",
            "credentials": {"kind": "password"},
            "timeout": 0,
        },
    )
    assert told == [
        "sinks.sheet.spreadsheet: this key is missing; the address or id of a spreadsheet that is shared with the account",
        "sinks.sheet.credentials.kind: no known kind; "
        "use one of application_default, service_account, oauth_user, anonymous",
        "sinks.sheet.base_url: must start with https:// (http is for 127.0.0.1 only: it would send the token in clear)",
        "sinks.sheet.timeout: must be more than 0",
        "sinks.sheet.spreadsheat: this key is not known; did you mean spreadsheet?",
    ]


def test_tabs_need_one_name_and_a_key() -> None:
    told = problems(
        read_source_settings,
        {
            **GOOD,
            "tabs": {
                "roster": {"title": "Roster", "gid": 3, "key": "person"},
                "queues": {"key": []},
                "people": {"title": "People"},
            },
        },
    )
    assert told == [
        "sources.sheet.tabs.roster: give either title or gid, or managed for a tab that qa-sync keeps up",
        "sources.sheet.tabs.queues: give either title or gid, or managed for a tab that qa-sync keeps up",
        "sources.sheet.tabs.people: give key: the headers that identify a row, such as [person, valid_from]",
    ]


def test_anonymous_stays_on_this_machine() -> None:
    told = problems(read_sink_settings, {**GOOD, "credentials": "anonymous"})
    assert told == ["sinks.sheet: credentials: anonymous works with the sandbox on this machine only"]
    local = {**GOOD, "credentials": "anonymous", "base_url": "http://127.0.0.1:8080"}
    assert read_sink_settings(local, "s").base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "credentials",
    [
        {"kind": "service_account"},
        {"kind": "service_account", "file": "a", "json": "{}"},
    ],
)
def test_a_key_is_a_file_or_a_text(credentials: dict[str, str]) -> None:
    assert "give either file" in problems(read_sink_settings, {**GOOD, "credentials": credentials})[0]


def test_a_key_that_is_none_is_a_problem_of_the_settings_and_is_never_shown(tmp_path: Path) -> None:
    for text in ("PLANTED-SECRET", '{"private_key": "PLANTED-SECRET"}', '["PLANTED-SECRET"]'):
        settings = {**GOOD, "credentials": {"kind": "service_account", "json": text}}
        sink = connect_sink(settings, context(tmp_path))
        with pytest.raises(ConfigError) as caught:
            sink.present([])
        assert "PLANTED" not in str(caught.value)
        assert "PLANTED" not in repr(read_sink_settings(settings, "sheet"))
        assert [str(one) for one in sink.check()] == [str(one) for one in caught.value.problems]


def test_a_key_file_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = {
        **GOOD,
        "credentials": {"kind": "service_account", "file": "keys/google.json"},
        "tabs": {"a": {"title": "A", "key": "id"}},
    }
    problem = connect_source(settings, context(tmp_path, "people")).check()[0]
    assert str(problem) == (
        "sources.people.credentials.file: cannot read keys/google.json; a relative path starts at the workspace"
    )
    (tmp_path / "user.json").write_text(json.dumps({"client_id": "x"}))
    sink = connect_sink({**GOOD, "credentials": {"kind": "oauth_user", "file": "user.json"}}, context(tmp_path))
    assert "no file of an authorized user" in str(sink.check()[0])


def test_a_machine_without_default_credentials_is_told_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    def none(**_options: object) -> None:
        raise DefaultCredentialsError("none")

    monkeypatch.setattr(google.auth, "default", none)
    with pytest.raises(AuthError, match=r"gcloud auth application-default login --scopes=.*spreadsheets"):
        connect_sink(GOOD, context(tmp_path)).present([])
