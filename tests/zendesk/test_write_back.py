"""Results into tickets: once, in jobs, only where it is asked for, and never anything on a dry run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from zendesk.worlds import source_on, ticket

from qa_sync.errors import ConfigError, QASyncError, TransientError
from qa_sync.testing.programme import make_programme
from qa_sync_zendesk.command import main
from qa_sync_zendesk.sandbox import Sandbox, start

SETTINGS = {
    "select": "SELECT ...",
    "custom_fields": {9007: "outcome"},
    "tags": ["qa_{outcome}"],
    "note": "QA: {outcome}, {delta} points",
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = start(export_limit=10_000, account_limit=10_000)
    made.put("tickets", [ticket(number, tags=["billing"]) for number in range(1, 251)])
    made.put("tickets", [ticket(7, status="closed")])
    yield made
    made.stop()


def rows(outcome: str = "Too Lenient", numbers: Any = range(1, 251)) -> list[dict[str, Any]]:
    return [{"ticket_id": str(number), "outcome": outcome, "delta": 5.0} for number in numbers]


def write(sandbox: Sandbox, state: Path, found: list[dict[str, Any]], *, dry_run: bool = False, **changes: Any) -> str:
    source = source_on(sandbox, state, write_back=SETTINGS, **changes)
    try:
        return str(source.write_back(lambda _sql: found, dry_run=dry_run))
    finally:
        source.close()


def changes(sandbox: Sandbox) -> list[str]:
    return [asked.path for asked in sandbox.requests if asked.method in {"PUT", "POST"} and "oauth" not in asked.path]


def test_field_tag_and_internal_note_are_written_in_jobs_of_at_most_a_hundred(sandbox: Sandbox, tmp_path: Path) -> None:
    told = write(sandbox, tmp_path, [*rows(), *rows(numbers=[999])])
    assert told == "249 written, 0 unchanged, 1 closed, 1 not there, 0 refused"
    assert len(changes(sandbox)) == 3
    after = sandbox.tickets()[3]
    assert {"id": 9007, "value": "Too Lenient"} in after["custom_fields"]
    assert after["tags"][:2] == ["billing", "qa_too_lenient"]
    assert len(sandbox.notes) == 249
    assert sandbox.notes[0] == {"ticket_id": 1, "body": "QA: Too Lenient, 5 points", "public": False}


def test_a_second_time_nothing_is_written_and_a_new_result_replaces_the_old_mark(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    write(sandbox, tmp_path, rows())
    before = sandbox.tickets()
    assert (
        write(sandbox, tmp_path / "another machine", rows())
        == "0 written, 249 unchanged, 1 closed, 0 not there, 0 refused"
    )
    assert (sandbox.tickets(), len(sandbox.notes)) == (before, 249)
    write(sandbox, tmp_path, rows("Aligned", [3]))
    marks = [tag for tag in sandbox.tickets()[3]["tags"] if tag.startswith("qa_sync_")]
    assert len(marks) == 1
    assert marks[0] not in before[3]["tags"]


def test_a_dry_run_changes_nothing_and_says_what_would_be(sandbox: Sandbox, tmp_path: Path) -> None:
    before = sandbox.tickets()
    assert write(sandbox, tmp_path, rows(), dry_run=True).startswith("249 written")
    assert (sandbox.tickets(), sandbox.notes, changes(sandbox)) == (before, [], [])


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param(kind, path, marks=[] if "reset" in kind or path == kept else [pytest.mark.soak])
        for kind, kept in (("reset", ""), ("504", "update_many"), ("cut_json", "job_statuses"))
        for path in ("update_many", "job_statuses", "show_many")
    ],
)
def test_broken_off_anywhere_it_goes_on_and_no_note_is_written_twice(
    kind: str, path: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add(kind, path=path, times=1)
    for _ in range(3):  # whatever the first call ended with, the next goes on
        with contextlib.suppress(QASyncError):
            write(sandbox, tmp_path, rows())
    assert sorted(note["ticket_id"] for note in sandbox.notes) == [number for number in range(1, 251) if number != 7]


def test_a_job_that_is_still_queued_when_its_run_was_killed_leads_to_no_second_note(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hold_jobs(held=True)
    sandbox.faults.add("reset", path="job_statuses", times=100)
    with pytest.raises(TransientError):
        write(sandbox, tmp_path, rows(numbers=[1, 2]))
    assert sandbox.notes == []  # asked for, and nobody knows
    sandbox.faults.clear()
    sandbox.hold_jobs(held=False)
    # The next run has read the tickets before the first job is carried out, and sends its own after it.
    assert write(sandbox, tmp_path, rows(numbers=[1, 2])) == (
        "0 written, 0 unchanged, 0 closed, 0 not there, 2 refused"
    )
    assert [note["ticket_id"] for note in sandbox.notes] == [1, 2]
    assert write(sandbox, tmp_path, rows(numbers=[1, 2])).startswith("0 written, 2 unchanged")


def test_an_answer_that_was_lost_is_not_asked_for_again_blindly(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add("504", path="update_many", times=1)
    with pytest.raises(TransientError, match="may or may not"):
        write(sandbox, tmp_path, rows(numbers=[1, 2]))
    assert len(changes(sandbox)) == 1


def test_nothing_is_written_unless_the_workspace_asks_for_it(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path)
    with pytest.raises(ConfigError, match="nothing is written back"):
        source.write_back(lambda _sql: rows(), dry_run=False)
    source.close()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([{"ticket_id": "1"}], "no column delta, outcome"),
        ([{"ticket_id": "zendesk:1", "outcome": "x", "delta": 0}], "not a number"),
    ],
)
def test_a_select_that_does_not_fit_is_one_clear_error(found: Any, said: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        write(sandbox, tmp_path, found)


@pytest.mark.thorough
def test_the_command_writes_what_a_workspace_reconciled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from qa_sync import Workspace

    sandbox = start(make_programme(tickets=60, weeks=2, start=date(2025, 10, 6)), export_limit=10_000)
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    select = "SELECT ticket_id, status FROM interactions WHERE status = 'solved'"
    back = {"select": select, "tags": ["qa_seen"], "note": "QA has seen this: {status}"}
    source = {"connector": "zendesk", "mapping": "mappings/zendesk.yaml", **sandbox.settings(), "write_back": back}
    settings = {
        "programme": {"name": "QA", "time_zone": "Europe/Dublin"},
        "store": "./data",
        "sources": {"zendesk": source},
    }
    (tmp_path / "qa-sync.yaml").write_text(yaml.safe_dump(settings))
    Workspace(tmp_path).run()
    solved = {number for number, one in sandbox.tickets().items() if one["status"] == "solved"}
    assert main(["write-back", "--workspace", str(tmp_path), "--dry-run"]) == 0
    assert sandbox.notes == []
    asked: list[dict[str, Any]] = []
    query = Workspace.query_table
    monkeypatch.setattr(Workspace, "query_table", lambda *given, **how: (asked.append(how), query(*given, **how))[1])
    assert main(["write-back", "--workspace", str(tmp_path)]) == 0
    assert asked == [{"audience": "auditees"}]
    assert {note["ticket_id"] for note in sandbox.notes} == solved
    assert f"{len(solved)} written" in capsys.readouterr().out
    sandbox.stop()
