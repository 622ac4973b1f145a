"""Tickets from Support and reviews from Zendesk QA, joined: a workspace with the starter mappings, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_sync.config import find_data_file
from qa_sync.errors import ConfigError
from qa_sync.forms import parse_catalogue
from qa_sync.runner.checking import online_mapping_problems
from qa_sync.runner.suggesting import suggest_catalogue
from qa_sync.runner.workspace import Workspace
from qa_sync.testing.programme import Programme, make_programme
from qa_sync_zendesk.sandbox import Sandbox, start


def settings_of(sandbox: Sandbox) -> dict[str, Any]:
    support = {"connector": "zendesk", "mapping": "mappings/zendesk.yaml", **sandbox.settings()}
    qa = {"connector": "zendesk", "mapping": "mappings/zendesk_qa.yaml", **sandbox.qa_settings(), "start": "2025-10-01"}
    return {
        "programme": {"name": "QA", "time_zone": "Europe/Dublin", "audit_window_days": 60},
        "store": "./data",
        "sources": {"zendesk": support, "zendesk_qa": qa},
        "forms": ["forms.yaml"],
    }


def catalogue(programme: Programme) -> list[dict[str, Any]]:
    """The scorecards as forms under their numbers, as the stand-in serves them."""
    from qa_sync_zendesk.sandbox.qa_shapes import category_id

    made = []
    for at, form in enumerate(programme.forms):
        number = 500 + at
        criteria = [
            {"key": str(category_id(number, one["key"])), "label": one.get("label", one["key"]), "max_points": 100}
            for one in form["criteria"]
        ]
        made.append(
            {"form_id": str(number), "version": "1", "higher_is": "better", "scale": "points", "criteria": criteria}
        )
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Programme, Sandbox, Workspace]]:
    folder = tmp_path_factory.mktemp("qa")
    programme = make_programme(tickets=400, evaluated=0.7, audited=0.5, weeks=4, start=date(2025, 10, 6))
    sandbox = start(programme, export_limit=10_000)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        (folder / "qa-sync.yaml").write_text(yaml.safe_dump(settings_of(sandbox)))
        (folder / "forms.yaml").write_text(yaml.safe_dump(catalogue(programme)))
        workspace = Workspace(folder)
        workspace.run()
        yield programme, sandbox, workspace
    sandbox.stop()


@pytest.fixture(scope="module")
def asked(world: Any) -> Iterator[Callable[[str], list[Any]]]:
    """Rows of a select over the newest snapshot, opened once."""
    with world[2].open(raw=True) as it:
        yield lambda sql: [tuple(row.values()) for row in it.engine.fetch(sql).to_pylist()]


def test_reviews_disputes_and_sessions_become_rows_of_the_common_schema(world: Any, asked: Any) -> None:
    programme = world[0]
    newest: dict[int, Any] = {}
    for row in programme.evaluations.to_pylist():
        if row["revision"] >= newest.get(row["evaluation_no"], row)["revision"]:
            newest[row["evaluation_no"]] = row
    live = {no: row for no, row in newest.items() if row["status"] == "active"}
    kinds = dict(asked("SELECT kind, count(*) AS n FROM evaluations GROUP BY kind"))
    wanted: dict[str, int] = {}
    for row in live.values():
        kind = "calibration" if row["session_no"] is not None else "ata" if row["kind"] == "ata" else "standard"
        wanted[kind] = wanted.get(kind, 0) + 1
    assert kinds == wanted
    valued = {
        no
        for no, revision, state in zip(
            *(programme.answers[name].to_pylist() for name in ("evaluation_no", "revision", "state")), strict=True
        )
        if no in live and revision == live[no]["revision"] and state == "valued"
    }
    assert asked("SELECT count(DISTINCT evaluation_id) FROM answers")[0][0] == len(valued)
    assert asked("SELECT count(*) FROM calibrations")[0][0] == programme.calibrations.num_rows
    opened = {row["dispute_no"] for row in programme.disputes.to_pylist() if row["evaluation_no"] in live}
    assert asked("SELECT count(*) FROM disputes WHERE event = 'opened'")[0][0] == len(opened)
    assert asked("SELECT count(*) FROM disputes WHERE event = 'resolved' AND outcome IS NULL")[0][0] == 0
    assert asked("SELECT count(*) FROM disputes WHERE raised_by IS NULL AND event = 'opened'")[0][0] == 0


def test_a_review_is_joined_to_its_ticket_and_its_people(world: Any, asked: Any) -> None:
    assert asked("SELECT count(*) FROM evaluations")[0][0] > 100
    for sql in (
        "SELECT count(*) FROM evaluations ANTI JOIN interactions USING (interaction_id) WHERE interaction_id IS NOT NULL",
        "SELECT count(*) FROM evaluations e ANTI JOIN people p ON p.person_id = e.evaluator_id",
        "SELECT count(*) FROM disputes d ANTI JOIN evaluations e USING (evaluation_id)",
        "SELECT count(*) FROM calibration_participants p ANTI JOIN evaluations e USING (evaluation_id, session_id)",
        "SELECT count(*) FROM answers a ANTI JOIN criteria c USING (criterion_key)",
        # a person's account in Zendesk QA is the one in Support, by their address
        "SELECT count(*) FROM people p ANTI JOIN identities i ON i.account_id = p.person_id WHERE p.source = 'zendesk_qa'",
    ):
        assert asked(sql)[0][0] <= (2 if "interactions" in sql else 0), sql


def test_audits_are_paired_with_what_they_audit(world: Any, asked: Any) -> None:
    audits = asked("SELECT count(*) FROM evaluations WHERE kind = 'ata'")[0][0]
    paired = asked("SELECT count(*) FROM pairs WHERE auditee_evaluation_id IS NOT NULL")[0][0]
    assert audits > 30
    assert paired > 0.8 * audits


def test_scorecards_that_no_catalogue_has_are_proposed_as_forms(world: Any, tmp_path: Any) -> None:
    programme, _sandbox, workspace = world
    settings = {**settings_of(_sandbox), "forms": []}
    (tmp_path / "qa-sync.yaml").write_text(yaml.safe_dump(settings))
    proposed = parse_catalogue(suggest_catalogue(Workspace(tmp_path), "zendesk_qa"), file="f.yaml").rows
    wanted = catalogue(programme)
    assert [form["form_id"] for form in proposed["forms"]] == [form["form_id"] for form in wanted]
    assert [(one["criterion_key"], one["label"], one["max_points"]) for one in proposed["criteria"]] == [
        (one["key"], one["label"], 100.0) for form in wanted for one in form["criteria"]
    ]
    with pytest.raises(ConfigError, match="zendesk_qa names no form"):
        suggest_catalogue(workspace, "zendesk_qa")


def test_scorecards_and_categories_that_the_account_does_not_have_are_told(world: Any, tmp_path: Any) -> None:
    sandbox = world[1]
    text = (find_data_file(tmp_path, "mappings/zendesk_qa.yaml")).read_text(encoding="utf-8")
    text = text.replace(
        "kind:\n          coalesce:\n            - {const: ata,",
        'kind:\n          coalesce:\n            - {const: ata, when: {from: scorecard.id, in: ["500", "999"]}}\n            - {const: ata,',
        1,
    )
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    settings = {**settings_of(sandbox), "forms": []}
    settings["sources"]["zendesk_qa"]["mapping"] = "mine.yaml"
    (tmp_path / "qa-sync.yaml").write_text(yaml.safe_dump(settings))
    told = [problem.what for problem in online_mapping_problems(Workspace(tmp_path)) if problem.file == "mine.yaml"]
    assert told == ["the account has no scorecard 999"]


def test_another_run_finds_nothing_new(world: Any) -> None:
    second = world[2].sync()
    counts = {name: part for name, part in second.counts["sync"].items() if name.startswith("zendesk_qa")}
    assert {name: (part["accepted"], part["rejected"]) for name, part in counts.items()} == dict.fromkeys(
        counts, (0, 0)
    )


def test_no_words_of_a_customer_or_reviewer_are_in_the_store(world: Any, asked: Any) -> None:
    for stream in ("reviews", "disputes", "calibration_sessions", "calibration_reviews"):
        sql = f"SELECT count(*) FROM raw_zendesk_qa_qa_{stream} WHERE payload LIKE '%card ending%'"
        assert asked(sql)[0][0] == 0


def test_support_and_qa_read_as_one_source_pair_the_same_people_and_audits(
    world: Any, asked: Any, tmp_path: Path
) -> None:
    settings = settings_of(world[1])
    settings["sources"] = {"zendesk": _as_one(settings["sources"], tmp_path)}
    (tmp_path / "qa-sync.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "forms.yaml").write_text((world[2].folder / "forms.yaml").read_text())
    one = Workspace(tmp_path)
    one.sync()
    one.map()
    with one.open() as it:
        people, audits = ([tuple(row.values()) for row in it.engine.fetch(sql).to_pylist()] for sql in _SAME)
    assert people == asked(_SAME[0])
    assert audits == asked(_SAME[1])
    assert len(people) > 5
    assert sum(auditee is not None for _, auditee, *_ in audits) > 20


_SAME = (
    "SELECT account_id, person_id, evidence FROM identities ORDER BY ALL",
    "SELECT auditor_evaluation_id, auditee_evaluation_id, auditee_id, auditor_id FROM pairs ORDER BY ALL",
)


def _as_one(sources: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One source with the settings of both, and one mapping with the streams of both starters."""
    starters = [yaml.safe_load(Path("mappings", f"{name}.yaml").read_text()) for name in ("zendesk", "zendesk_qa")]
    streams = {**starters[0]["streams"], **starters[1]["streams"]}
    (folder / "both.yaml").write_text(yaml.safe_dump({"version": 1, "streams": streams}))
    support, qa = sources["zendesk"], sources["zendesk_qa"]
    both = {**qa, **support, "streams": [*support["streams"], "qa_users", "qa_reviews"]}
    return {**both, "mapping": "both.yaml"}
