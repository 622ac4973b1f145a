"""The stand-in serves a generated programme, and the connector gets it back as it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from verint.worlds import context_of, filled

from qa_sync.testing.programme import Programme, make_programme
from qa_sync_verint.sandbox import start, write_files
from qa_sync_verint.sandbox.exports import AUDIT_MARK, ZONE, local_text
from qa_sync_verint.source import VerintSource


@pytest.fixture(scope="module")
def programme() -> Programme:
    return make_programme(weeks=3, tickets=700)


def current(programme: Programme) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in programme.evaluations.to_pylist():
        key = str(row["evaluation_no"])
        if key not in found or row["revision"] > found[key]["revision"]:
            found[key] = row
    return found


def pull(folder: Path, cursor: str | None = None) -> tuple[dict[str, Any], str]:
    source = VerintSource({"files": {"folder": "v", "profile": "verint_files"}}, context_of(folder))
    found: dict[str, Any] = {}
    for page in source.read("evaluations", cursor):
        assert page.rejects.num_rows == 0
        found.update(
            {row["id"]: json.loads(row["payload"]) if row["payload"] else None for row in page.records.to_pylist()}
        )
        cursor = page.cursor
    return found, cursor or ""


def test_a_programme_comes_back_from_its_export_files(programme: Programme, tmp_path: Path) -> None:
    written = write_files(programme, tmp_path / "v")
    found, _cursor = pull(tmp_path)
    truth = current(programme)
    people = {person["person_no"]: person["employee_number"] for person in programme.people.to_pylist()}
    answers: dict[tuple[int, int], dict[str, Any]] = {}
    for row in programme.answers.to_pylist():
        answers.setdefault((row["evaluation_no"], row["revision"]), {})[row["criterion_key"]] = row["points"]
    assert set(found) == set(truth)
    for key, row in truth.items():
        if row["status"] == "deleted":
            assert found[key] is None
            continue
        columns, times = found[key]["columns"], found[key]["times"]
        assert columns["evaluator"] == people[row["evaluator_no"]]
        assert columns["employee"] == people[row["agent_no"]]
        assert columns["ticket_id"] == str(row["ticket_no"])
        assert columns["form_id"] == row["form_id"]
        assert columns["form_name"].endswith(AUDIT_MARK) == (row["kind"] == "ata")
        assert columns.get("audited_evaluation") == (row["audited_evaluation_no"] and str(row["audited_evaluation_no"]))
        assert columns.get("blind_task") == row["blind_task"]
        assert times["saved_at"] == f"{row['saved_at']:%Y-%m-%dT%H:%M:%SZ}"
        points = {
            answer["component_id"]: float(answer["points"]) if "points" in answer else None
            for answer in found[key]["rows"]
            if "component_id" in answer
        }
        assert points == answers.get((row["evaluation_no"], row["revision"]), {})
    assert [path.name for path in written if "detail" in path.name] == [
        f"evaluation_detail_{day:%Y%m%d}.csv" for day in _local_days(programme.evaluations["saved_at"].to_pylist())
    ]


def _local_days(moments: Iterable[datetime]) -> list[date]:
    return sorted({moment.astimezone(ZoneInfo(ZONE)).date() for moment in moments})


def test_appeals_and_sessions_come_back_from_their_feeds(programme: Programme, tmp_path: Path) -> None:
    disputes, people = programme.disputes.to_pylist(), programme.participants.to_pylist()
    written = write_files(programme, tmp_path / "v")
    assert [path.name for path in written if "appeals" in path.name] == [
        f"appeals_{day:%Y%m%d}.csv" for day in _local_days(row["event_at"] for row in disputes)
    ]
    source = VerintSource({"files": {"folder": "v", "profile": "demo/verint_files"}}, context_of(tmp_path))
    found = {
        stream: {
            row["id"]: json.loads(row["payload"])
            for page in source.read(stream, None)
            for row in page.records.to_pylist()
        }
        for stream in ("appeals", "calibrations")
    }
    appeals = [row["columns"] for row in found["appeals"].values()]
    assert sorted((int(row["appeal_id"]), int(row["event_no"])) for row in appeals) == [
        (row["dispute_no"], row["event_no"]) for row in disputes
    ]
    assert Counter(row.get("appeal_code") for row in appeals) == Counter(
        {"overturned_full": "Overturned", "overturned_partial": "Partially overturned", "upheld": "Upheld"}.get(
            row["outcome"]
        )
        for row in disputes
    )
    sessions = found["calibrations"]
    assert len(sessions) == programme.calibrations.num_rows > 0
    assert Counter(row["participation"] for it in sessions.values() for row in it["rows"]) == Counter(
        row["status"].capitalize() for row in people
    )
    assert {row["columns"]["agreed_evaluation"] for row in sessions.values()} == {
        str(number) for number in programme.calibrations["baseline_evaluation_no"].to_pylist()
    }


def test_writing_again_writes_nothing_and_later_days_add_up(programme: Programme, tmp_path: Path) -> None:
    halfway = programme.week_end(1) + timedelta(hours=11)
    write_files(programme, tmp_path / "v", until=halfway)
    assert write_files(programme, tmp_path / "v", until=halfway) == []
    before, cursor = pull(tmp_path)
    assert set(before) == set(current(programme.until(halfway)))
    assert write_files(programme, tmp_path / "v") != []
    after, _cursor = pull(tmp_path, cursor)
    whole, _cursor = pull(tmp_path)
    assert {**before, **after} == whole


def test_an_ambiguous_hour_is_written_with_its_offset() -> None:
    assert local_text(datetime(2026, 11, 1, 6, 30, tzinfo=UTC)) == "11/01/2026 01:30:00 -0500"
    assert local_text(datetime(2026, 11, 1, 5, 30, tzinfo=UTC)) == "11/01/2026 01:30:00 -0400"
    assert local_text(datetime(2026, 11, 1, 12, 30, tzinfo=UTC)) == "11/01/2026 07:30:00"
    assert local_text(None) == ""


def test_people_are_served_over_signed_rest(programme: Programme, tmp_path: Path) -> None:
    sandbox = start(programme, folder=tmp_path / "v")
    try:
        source = VerintSource(filled(sandbox), context_of(tmp_path))
        assert source.check() == []
        pages = list(source.read("employees", None))
    finally:
        sandbox.stop()
    numbers = {
        json.loads(row["payload"])["attributes"]["employeeNumber"] for page in pages for row in page.records.to_pylist()
    }
    assert numbers == set(programme.people["employee_number"].to_pylist())


def test_unsigned_requests_are_refused(programme: Programme) -> None:
    import requests

    sandbox = start(programme)
    try:
        for headers in ({}, {"Authorization": "Bearer guess"}, {"Impact360AuthToken": ""}):
            answer = requests.get(f"{sandbox.url}/wfo/user-mgmt-api/v1/employees", headers=headers, timeout=5)
            assert answer.status_code == 401
    finally:
        sandbox.stop()


def test_settings_hold_no_secret(programme: Programme) -> None:
    sandbox = start()
    try:
        for kind in ("hmac", "session", "oauth2"):
            text = json.dumps(sandbox.settings(kind))
            assert all(secret not in text for name, secret in sandbox.environment().items() if "ID" not in name)
    finally:
        sandbox.stop()


def test_a_file_names_the_site_of_its_day_and_never_changes_when_somebody_moves(
    programme: Programme, tmp_path: Path
) -> None:
    moved = sorted((row["person_no"], row["valid_from"], row["site"]) for row in programme.rosters.to_pylist())
    movers = {a[0] for a, b in pairwise(moved) if a[0] == b[0] and a[2] != b[2]}
    assert movers
    last = max(row["saved_at"] for row in programme.evaluations.to_pylist())
    for day in range(15, 0, -5):
        write_files(programme, tmp_path / "v", until=last - timedelta(days=day))
        before = {path.name for path in (tmp_path / "v").iterdir()}
        written = write_files(programme, tmp_path / "v", until=last - timedelta(days=day - 5))
        # Only the day that was not over yet may be written again.
        days = {path.stem[-8:] for path in written if path.name in before}
        assert days <= {max(name[-12:-4] for name in before)}
