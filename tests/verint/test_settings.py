"""Settings and profiles: every problem at once, at its place, without a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from verint.worlds import context_of

from qa_sync.errors import ConfigError
from qa_sync_verint import connect
from qa_sync_verint.bundled import find, starters
from qa_sync_verint.files import load_profile

REST = {"base_url": "https://wfo.example", "auth": {"kind": "hmac", "key_id": "k", "key": "AAECAwQFBgc"}}


def problems(settings: dict[str, Any], folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as told:
        connect(settings, context_of(folder))
    return [(".".join(str(part) for part in problem.path), problem.what) for problem in told.value.problems]


def test_a_source_needs_files_or_rest(tmp_path: Path) -> None:
    assert problems({"connector": "verint"}, tmp_path) == [("sources.verint", "neither files nor rest is set")]


def test_every_problem_is_told_at_once_at_its_place(tmp_path: Path) -> None:
    settings = {"rest": {"base_url": "nonsense", "auth": {"kind": "hmac", "keyid": "k"}, "speed": 1}, "file": {}}
    assert problems(settings, tmp_path) == [
        ("sources.verint.rest.base_url", "does not have the form that is expected here"),
        ("sources.verint.rest.auth.keyid", "this key is not known"),
        ("sources.verint.rest.speed", "this key is not known"),
        ("sources.verint.file", "this key is not known"),
    ]


@pytest.mark.parametrize(
    ("auth", "missing"),
    [
        ({"kind": "hmac"}, ["key_id", "key"]),
        ({"kind": "session", "user": "u"}, ["password"]),
        ({"kind": "oauth2"}, ["token_url", "client_id", "client_secret"]),
    ],
)
def test_each_kind_of_authorisation_names_what_it_needs(
    auth: dict[str, Any], missing: list[str], tmp_path: Path
) -> None:
    found = problems({"rest": {**REST, "auth": auth}}, tmp_path)
    assert found == [(f"sources.verint.rest.auth.{name}", f"is needed for kind: {auth['kind']}") for name in missing]


def test_a_key_that_is_not_base64url_is_a_problem_that_does_not_show_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not base64url") as told:
        connect({"rest": {**REST, "auth": {"kind": "hmac", "key_id": "k", "key": "not$base64"}}}, context_of(tmp_path))
    assert "not$base64" not in str(told.value)


@pytest.mark.parametrize("name", ["evaluations", "forms", "appeals", "evaluation_answers"])
def test_what_is_not_public_is_refused_while_its_path_is_empty(name: str, tmp_path: Path) -> None:
    found = problems({"rest": {**REST, "resources": {name: {}}}}, tmp_path)
    assert found == [
        (f"sources.verint.rest.resources.{name}.path", "is empty, and no public document says what it should be")
    ]
    with pytest.raises(ConfigError, match="SDK documentation"):
        connect({"rest": REST, "streams": [name]}, context_of(tmp_path))


def test_a_stream_of_both_files_and_rest_is_refused(tmp_path: Path) -> None:
    settings = {
        "files": {"folder": "v", "profile": "verint_files"},
        "rest": {**REST, "resources": {"evaluations": {"path": "/x", "keep": ["/id"]}}},
    }
    assert problems(settings, tmp_path) == [
        ("sources.verint.rest.resources.evaluations", "this stream comes from export files too")
    ]


def test_streams_default_to_the_profiles_and_employees(tmp_path: Path) -> None:
    source = connect(
        {"files": {"folder": "v", "profile": "mappings/verint_files.yaml"}, "rest": REST}, context_of(tmp_path)
    )
    assert [(stream.name, stream.order) for stream in source.streams()] == [
        ("evaluations", "source"),
        ("employees", "arrival"),
    ]


def test_a_missing_folder_is_found_by_check(tmp_path: Path) -> None:
    source = connect({"files": {"folder": "v", "profile": "verint_files"}}, context_of(tmp_path))
    assert [problem.what for problem in source.check()] == ["no such folder"]


def test_a_profile_in_the_workspace_comes_before_the_starter(tmp_path: Path) -> None:
    starter = starters() / "verint_files.yaml"
    assert find("mappings/verint_files.yaml", tmp_path) == starter
    assert find("verint_files", tmp_path) == starter
    own = tmp_path / "mappings" / "verint_files.yaml"
    own.parent.mkdir()
    own.write_bytes(starter.read_bytes())
    assert find("mappings/verint_files.yaml", tmp_path) == own
    assert find(str(own), tmp_path) == own


def test_a_starter_is_not_a_way_out_of_its_folder(tmp_path: Path) -> None:
    assert find("../pyproject.toml", tmp_path) == tmp_path / "../pyproject.toml"


PROFILE = """version: 1
streams:
  evaluations:
    glob: "../*.csv"
    encodings: [utf-9]
    grain: answers
    order: {name: 'no groups'}
    dates:
      evaluated_at: {formats: ["%H:%M"]}
      interaction_at: {formats: ["%m/%d/%Y"], time_zone: Mars/Phobos}
    aliases: {evaluation_id: [Evaluation ID]}
    speed: 3
    members: on
"""


def told_by(text: str, folder: Path) -> list[str]:
    (folder / "p.yaml").write_text(text)
    with pytest.raises(ConfigError) as told:
        load_profile(folder / "p.yaml", shown_as="p.yaml")
    return [str(problem) for problem in told.value.problems]


def test_every_problem_of_a_profile_is_told_with_line_and_column(tmp_path: Path) -> None:
    found = told_by(PROFILE, tmp_path)
    assert [line.split(": ", 1)[0] for line in found] == [
        "p.yaml:4:5",
        "p.yaml:5:17",
        "p.yaml:6:5",
        "p.yaml:9:7",
        "p.yaml:9:32",
        "p.yaml:10:47",
        "p.yaml:12:5",
        "p.yaml:13:14",
    ]
    text = "\n".join(found)
    for part in (
        "must stay inside the folder",
        "not a text encoding",
        "time_zone: this key is missing",
        "IANA database",
        "year, month and day",
        "this key is not known",
    ):
        assert part in text


def test_a_date_column_without_a_zone_does_not_load(tmp_path: Path) -> None:
    text = """version: 1
streams:
  evaluations:
    glob: "*.csv"
    required: [evaluation_id]
    key: {evaluation: evaluation_id, answer: []}
    order: {name: 'x'}
    aliases:
      evaluation_id: [Evaluation ID]
      evaluated_at: [Evaluation Date]
      employee: [evaluation_id]
"""
    assert told_by(text, tmp_path) == [
        "p.yaml:7:13: streams.evaluations.order.name: names neither a date nor a number;"
        " write (?P<date>...) or (?P<number>...)",
        "p.yaml:10:7: streams.evaluations.aliases.evaluated_at: evaluated_at is a date column without format and time"
        " zone; add dates.evaluated_at",
        "p.yaml:11:18: streams.evaluations.aliases.employee.0: this header already stands for evaluation_id;"
        " keep one of them",
    ]
