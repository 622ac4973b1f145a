"""``check`` holds the files against each other and against what the sources offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from program.command import qa_sync
from program.rating_files import workspace, write_ratings
from program.worlds import edit

from qa_sync import Workspace
from qa_sync.runner.checking import check_workspace, mapping_problems

MAPPING = "mappings/ratings.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_ratings(tmp_path / "ratings", items=3, raters=2)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    return workspace(tmp_path, tmp_path / "ratings")[0]


def _change(folder: Path, old: str, new: str, count: int = 1) -> int:
    """Replace a text in the mapping; return the line where it first stood."""
    path = folder / MAPPING
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_a_workspace_in_order_has_no_problems(folder: Path) -> None:
    assert check_workspace(Workspace(folder)) == []
    assert "in order" in qa_sync(folder, "mapping", "check").out


def test_a_form_that_no_catalogue_has_is_told_with_the_nearest(folder: Path) -> None:
    line = _change(
        folder, 'form_id: {from: _file, match: "(?:gal_)?(?P<set>.+)_labels\\\\."}', "form_id: {const: adultcontent4}"
    )
    done = qa_sync(folder, "mapping", "check", expect=2)
    assert f"{MAPPING}:{line}:" in done.err
    assert "no form catalogue has a form adultcontent4; did you mean adultcontent" in done.err


def test_a_form_of_a_stream_that_is_not_read_is_not_looked_for(folder: Path) -> None:
    _change(folder, 'form_id: {from: _file, match: "(?:gal_)?(?P<set>.+)_labels\\\\."}', "form_id: {const: autoqa}")
    workspace = Workspace(folder)
    source = next(iter(workspace.settings.sources.values()))
    assert source.model_extra is not None
    assert [one.what for one in mapping_problems(workspace)] == ["no form catalogue has a form autoqa"]
    source.model_extra["streams"] = ["something_else"]
    assert mapping_problems(workspace) == []


def test_a_criterion_that_no_form_has_is_told(folder: Path) -> None:
    line = _change(folder, "criterion_key: {const: label}", "criterion_key: {const: lable}")
    done = qa_sync(folder, "check", "--offline", expect=2)
    assert f"{MAPPING}:{line}:" in done.err
    assert "no form catalogue has a criterion lable; did you mean label?" in done.err


def test_forms_that_a_source_brings_are_not_looked_for_in_catalogues(folder: Path) -> None:
    _change(folder, "criterion_key: {const: label}", "criterion_key: {const: other}", 2)
    forms = (
        "    forms:\n      fields: {form_id: {from: a}, form_version: {from: b}, higher_is: {const: better}, "
        "scale: {const: points}}\n"
    )
    _change(folder, "    answers:\n", f"{forms}    answers:\n")
    assert check_workspace(Workspace(folder), offline=True) == []


def test_rules_that_can_never_work_are_told_beside_the_rest(folder: Path) -> None:
    line = _change(
        folder, "- {const: valued}\n", "- {const: valued, when: {all: [{from: label, is: G}, {from: label, is: P}]}}\n"
    )
    done = qa_sync(folder, "mapping", "check", expect=2)
    assert f"{MAPPING}:{line}:" in done.err
    assert "never holds" in done.err


def test_a_stream_that_the_source_does_not_offer_is_told_when_it_looks_like_a_slip(folder: Path) -> None:
    line = _change(folder, "  labels:\n", "  lables:\n")
    assert check_workspace(Workspace(folder), offline=True) == [], "nothing is connected to"
    (problem,) = check_workspace(Workspace(folder))
    assert (problem.file, problem.line) == (MAPPING, line)
    assert problem.what == "the source ratings offers no stream lables"
    assert problem.hint == "did you mean labels?"


def test_a_stream_that_is_only_switched_off_is_a_note(folder: Path) -> None:
    edit(folder, lambda settings: settings["sources"]["ratings"]["streams"].pop("gold"))
    said: list[str] = []

    class Listening:
        def stage(self, name: str) -> None: ...
        def counted(self, what: str, count: int) -> None: ...
        def say(self, text: str) -> None:
            said.append(text)

    assert check_workspace(Workspace(folder, progress=Listening())) == []
    assert any("gold, which is not switched on" in text for text in said)


def test_a_mapping_of_which_nothing_is_offered_is_a_problem(folder: Path) -> None:
    def rename(settings: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
        streams = settings["sources"]["ratings"]["streams"]
        streams["first"], streams["second"] = streams.pop("labels"), streams.pop("gold")

    edit(folder, rename)
    found = check_workspace(Workspace(folder))
    assert [problem.what for problem in found] == [
        "the source ratings offers no stream labels",
        "the source ratings offers no stream gold",
    ]
    assert found[0].hint == "it offers first, second"


_DEAD = """
sources:
  desk:
    connector: zendesk
    mapping: mappings/zendesk.yaml
    base_url: http://127.0.0.1:9
    auth: {kind: bearer, token: t}
sinks:
  sheet: {connector: gsheets, spreadsheet: 1AbC2dEf, base_url: "http://127.0.0.1:9", credentials: anonymous}
"""


def test_dead_hosts_cost_seconds_and_are_all_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    monkeypatch.setattr("qa_sync.http.patience.PROBE_FIRST", 0.0)  # the sheet's policy sleeps for real
    (tmp_path / "qa-sync.yaml").write_text(_DEAD)
    found = check_workspace(Workspace(tmp_path))
    assert [problem.path for problem in found] == [("sources", "desk", "base_url"), ("sinks", "sheet")]
    assert all("connection" in problem.what and problem.line for problem in found)
    assert sum(waits) < 3


_WRONG = """sources:
  desk:
    connector: zendesk
    mapping: mappings/zendesk.yaml
    base_url: ${NOT_SET_ANYWHERE}
    auth: {kind: client_credentials, client_id: "${NOT_SET_EITHER}"}
    per_page: 5000
  files:
    connector: files
    mapping: mappings/roster.yaml
    folder: ${NOT_SET_ANYWHERE}
    streams: {roster: {glob: /etc/*.csv, kee: [a]}}
  export:
    connector: verint
    files: {folder: ./verint, profile: mappings/nowhere.yaml}
sinks:
  sheet: {connector: gsheets, spreadsheet: "${odd:X}", timeout: 0}
  workbook: {connector: excel, path: ./out/weekly.pdf}
  missing: {connector: powerpoint}
"""


def test_offline_the_settings_of_connectors_are_checked_too_without_secrets_and_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    (tmp_path / "qa-sync.yaml").write_text(_WRONG)
    done = qa_sync(tmp_path, "check", "--offline", "--format", "json", expect=2)
    assert [(one["line"], one["path"], one["what"]) for one in done.data["problems"]] == [
        (6, "sources.desk.auth.client_secret", "this key is missing"),
        (7, "sources.desk.per_page", "must be 1000 or less"),
        (
            12,
            "sources.files.streams.roster.glob",
            "must be a pattern of names inside the folder, such as '*_labels.csv'",
        ),
        (12, "sources.files.streams.roster.kee", "this key is not known"),
        (0, "", "no such file"),  # of the profile, which is named as the file
        (17, "sinks.sheet.spreadsheet", "unknown reference ${odd:...}"),
        (17, "sinks.sheet.timeout", "must be more than 0"),
        (18, "sinks.workbook.path", "must end in .xlsx"),
        (19, "sinks.missing", "no connector 'powerpoint' among the sinks"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["qa-sync.yaml"]


_BROKEN = """\
programme: {tolerance: -5}
sources:
  desk:
    connector: zendesk
    mapping: mappings/zendesk.yaml
    base_url: ${NOT_SET_ANYWHERE}
    auth: {kind: bearer, token: "${NOT_SET_EITHER}"}
    streams: [tickets, userss]
    kep: {}
  other: {connector: nonesuch, mapping: mappings/zendesk.yaml}
sinks:
  workbook: {connector: excel, path: ./out/a.txt, titel: x}
dashboards:
  weekly: {definition: mappings/dashboards/none.yaml, sinks: [workbok], for_each: [1]}
"""

_OF_CONNECTORS = [
    "qa-sync.yaml:8:5: sources.desk.streams: no stream userss; did you mean users?",
    "qa-sync.yaml:9:5: sources.desk.kep: this key is not known; did you mean keep?",
    "qa-sync.yaml:10:3: sources.other: no connector 'nonesuch' among the sources; "
    "installed: excel, files, gsheets, verint, zendesk",
    "qa-sync.yaml:12:32: sinks.workbook.path: must end in .xlsx",
    "qa-sync.yaml:12:51: sinks.workbook.titel: this key is not known; did you mean title?",
]


def _told(folder: Path, text: str, *options: str) -> list[str]:
    (folder / "qa-sync.yaml").write_text(text, encoding="utf-8")
    return qa_sync(folder, *options, expect=2).err.removeprefix("error: ").splitlines()


def test_a_broken_settings_file_hides_nothing_that_is_wrong_with_its_connectors(tmp_path: Path) -> None:
    found = _told(tmp_path, _BROKEN, "check", "--offline")
    assert found == [
        "qa-sync.yaml:1:13: programme.tolerance: must be 0 or more",
        "qa-sync.yaml:14:63: dashboards.weekly.sinks.0: there is no sink 'workbok'; did you mean workbook?",
        "qa-sync.yaml:14:73: dashboards.weekly.for_each: a text is expected",
        *_OF_CONNECTORS,
        "qa-sync.yaml:14:12: dashboards.weekly.definition: there is no file mappings/dashboards/none.yaml; "
        "it is looked for in the workspace, then among the starters",
    ]
    assert _told(tmp_path, _BROKEN, "run") == found
    assert not (tmp_path / "data").exists()


def test_a_secret_that_is_missing_hides_nothing_that_is_wrong_beside_it(tmp_path: Path) -> None:
    text = _BROKEN.replace("tolerance: -5", "tolerance: 5").replace("workbok], for_each: [1]", "workbook]")
    for command in ("check", "run"):
        found = _told(tmp_path, text, command, "--quiet")
        missing = [one for one in found if "is not set" in one]
        assert [one.split(":")[1] for one in missing] == ["6", "7"], command
        assert set(_OF_CONNECTORS) <= set(found), command
        assert len(found) == len(set(found)), command
    assert [one for one in _told(tmp_path, text, "sync", "desk") if one in _OF_CONNECTORS] == _OF_CONNECTORS[:2]
