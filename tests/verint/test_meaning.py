"""What export files and interactions become in the common schema by the starter mapping."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from mapping.one_row import mapped
from verint.reading import profile_of, read
from verint.worlds import context_of, filled

from qa_sync.mapping import Mapping, load, parse
from qa_sync.model.system import RAW
from qa_sync.ports import Page
from qa_sync_verint.bundled import starters
from qa_sync_verint.files import Profile, load_profile
from qa_sync_verint.sandbox import start
from qa_sync_verint.source import VerintSource

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    return load(starters() / "verint.yaml", shown_as="verint.yaml")


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """The starter with its examples of feeds switched on."""
    text = (starters() / "verint_files.yaml").read_text()
    (tmp_path / "profile.yaml").write_text(re.sub(r"(?m)^#  (  |appeals|calibrations)", r"  \1", text))
    return load_profile(tmp_path / "profile.yaml")


def table(mapping: Mapping, stream: str, name: str, pages: list[Page]) -> list[dict[str, Any]]:
    rows = [
        {**row, "ingested_at": AT, "run_id": "r", "payload_hash": row["id"], "n": 1}
        for page in pages
        for row in page.records.to_pylist()
    ]
    found = mapped(mapping, stream, name, pa.Table.from_pylist(rows, RAW).to_pylist())
    found.sort(key=lambda row: (row["record_id"], row.get("criterion_key") or ""))
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def some(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in rows]


HEADER = (
    "Evaluation Key,Form Component Key,Evaluation Date,Evaluation Form,Answer,Score,Maximum Score,Employee ID,"
    "Evaluator ID,Contact ID,Ticket ID,Status,Audited Evaluation,Calibration Session,Outcome,CSE"
)
ROWS = (
    "1,a,01/05/2025 10:00:00,Quality,Yes,10,10,E-1,Q-1,77,501,Submitted,,,,",
    "1,b,01/05/2025 10:00:00,Quality,N/A,,,E-1,Q-1,77,501,Submitted,,,,",
    "1,c,01/05/2025 10:00:00,Quality,N/A,0,5,E-1,Q-1,77,501,Submitted,,,,",
    "2,a,01/06/2025 10:00:00,(QA) ATA Audit,No,0,10,E-1,A-1,77,501,Submitted,1,,,",
    "3,,01/06/2025 11:00:00,Evaluator Review,,,,Q-1,A-1,77,,Submitted,1,,Did not meet goal,3",
    "4,a,01/07/2025 10:00:00,Quality,Yes,10,10,E-1,Q-2,78,,Saved,,S-9,,",
)


def evaluations(folder: Path, profile: Profile) -> list[Page]:
    (folder / "in").mkdir()
    (folder / "in" / "evaluation_detail_20250108.csv").write_text("\n".join([HEADER, *ROWS]) + "\n")
    return read(folder / "in", profile.streams["evaluations"])


def test_competencies_of_a_row_that_is_a_whole_evaluation_are_its_answers(mapping: Mapping, tmp_path: Path) -> None:
    aliases = {"evaluation_id": "Eval_ID", "form_name": "Form", "evaluated_at": "Eval_Date", "employee": "EMPID"}
    layout = {
        "glob": "*.csv",
        "grain": "evaluation",
        "order": {"name": r"(?P<date>\d{8})"},
        "dates": {"evaluated_at": {"formats": "%m/%d/%Y", "time_zone": "UTC"}},
        "aliases": aliases,
        "competencies": ["Tone", "Skill", "Process", "Other"],
    }
    (tmp_path / "d_20250108.csv").write_text(
        "Eval_ID,Form,Eval_Date,EMPID,Tone,Tone_Reason,Skill,Process,Process_Reason,Other\n"
        "1,F,01/07/2025,E-1,Expert,,N/A,,Not followed,\n"
    )
    rows = table(mapping, "evaluations", "answers", read(tmp_path, profile_of(layout)))
    assert some(rows, "evaluation_id", "criterion_key", "state", "option", "reasons") == [
        ("verint:1", "Process", "missing", None, ["Not followed"]),
        ("verint:1", "Skill", "na", "N/A", None),
        ("verint:1", "Tone", "valued", "Expert", None),
    ]


def test_audits_of_the_auditor_come_in_both_forms(mapping: Mapping, profile: Profile, tmp_path: Path) -> None:
    rows = table(mapping, "evaluations", "evaluations", evaluations(tmp_path, profile))
    assert some(rows, "evaluation_id", "about", "kind", "status", "agent_id", "audited_evaluation_id") == [
        ("verint:1", "agent_work", "standard", "submitted", "verint:E-1", None),
        # Scored again on a form of the same kind...
        ("verint:2", "agent_work", "ata", "submitted", "verint:E-1", "verint:1"),
        # ...or the evaluator judged on a form of its own, in words.
        ("verint:3", "evaluator_work", "ata", "submitted", "verint:Q-1", "verint:1"),
        ("verint:4", "agent_work", "calibration", "draft", "verint:E-1", None),
    ]
    assert some(rows, "interaction_id", "session_id", "outcome_label") == [
        ("zendesk:501", None, None),
        ("zendesk:501", None, None),
        ("verint:77", None, "Did not meet goal"),
        ("verint:78", "S-9", None),
    ]


def test_not_applicable_is_null_or_points_as_the_export_says(
    mapping: Mapping, profile: Profile, tmp_path: Path
) -> None:
    rows = table(mapping, "evaluations", "answers", evaluations(tmp_path, profile))
    assert [row["_problems"] for row in rows] == [[]] * len(rows)
    found = some([row for row in rows if "criterion_key" in row], "criterion_key", "state", "points", "max_points")
    assert found == [
        ("a", "valued", 10.0, 10.0),
        ("b", "na", None, None),
        ("c", "valued", 0.0, 5.0),
        ("a", "valued", 0.0, 10.0),
        ("a", "valued", 10.0, 10.0),
    ]


def test_an_auto_fail_code_counts_once_its_line_is_switched_on(profile: Profile, tmp_path: Path) -> None:
    text = (starters() / "verint.yaml").read_text().replace("# auto_failed:", "auto_failed:")
    rows = table(parse(text, file="m.yaml"), "evaluations", "evaluations", evaluations(tmp_path, profile))
    assert some(rows, "evaluation_id", "auto_failed") == [
        ("verint:1", None),
        ("verint:2", None),
        ("verint:3", True),
        ("verint:4", None),
    ]


def test_overturned_appeals_come_from_their_own_feed(mapping: Mapping, profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "overturned_appeals_20250109.csv").write_text(
        "Appeal ID,Report ID,Report Code,Event Date,Employee,Description\n"
        "A1,1,Overturned,01/08/2025,E-1,secret words\n"
        "A2,2,,01/09/2025,E-1,secret words\n"
        "A3,2,Escalated,01/09/2025,E-1,secret words\n"
    )
    pages = read(tmp_path / "in", profile.streams["appeals"])
    assert "secret" not in str([page.records.to_pylist() for page in pages])
    rows = table(mapping, "appeals", "disputes", pages)
    assert some(rows, "dispute_id", "evaluation_id", "event", "outcome", "raised_by")[:2] == [
        ("verint:A1", "verint:1", "resolved", "overturned_full", "verint:E-1"),
        ("verint:A2", "verint:2", "resolved", "overturned_full", "verint:E-1"),
    ]
    # A code nobody expects is a reject, and so raises an alarm.
    assert [(problem["field"], problem["severity"]) for problem in rows[2]["_problems"]] == [("outcome", "reject")]


def test_an_appeal_may_come_event_by_event(mapping: Mapping, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "appeals_20250109.csv").write_text(
        "Appeal ID,Event Number,Event,Event Date,Report ID,Form Component Key,Employee,Reviewer,Appeal Category,"
        "Report Code,Answer Before,Answer After,Score Before,Score After\n"
        "A1,1,Opened,01/08/2025 10:00:00,1,Q1,E-1,,policy,,,,,\n"
        "A1,2,Resolved,01/09/2025 10:00:00,1,Q1,E-1,L-1,policy,Partially overturned,No,Partly,50,62.5\n"
        "A2,1,Escalated,01/09/2025 11:00:00,2,Q1,E-1,,policy,,,,,\n"
    )
    pages = read(tmp_path / "in", load_profile(starters() / "demo" / "verint_files.yaml").streams["appeals"])
    opened, resolved, unknown = table(mapping, "appeals", "disputes", pages)
    assert {name: opened[name] for name in ("dispute_id", "event_no", "event", "criterion_key", "category")} == {
        "dispute_id": "verint:A1",
        "event_no": 1,
        "event": "opened",
        "criterion_key": "Q1",
        "category": "policy",
    }
    assert "outcome" not in opened, "an appeal that waits has no outcome"
    assert some([resolved], "event", "outcome", "decided_by", "option_after", "score_before", "score_after") == [
        ("resolved", "overturned_partial", "verint:L-1", "Partly", 50.0, 62.5)
    ]
    assert [(problem["field"], problem["severity"]) for problem in unknown["_problems"]] == [("event", "reject")]


def test_a_calibration_session_is_told_with_those_who_did_not_come(
    mapping: Mapping, profile: Profile, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "calibration_20250109.csv").write_text(
        "Session ID,Agreed Evaluation,Opened,Due,Participant,Participation,Evaluation Key\n"
        "S-9,90,01/05/2025 10:00:00,01/07/2025 10:00:00,Q-1,Done,91\n"
        "S-9,90,01/05/2025 10:00:00,01/07/2025 10:00:00,Q-2,Absent,\n"
        "S-9,90,01/05/2025 10:00:00,01/07/2025 10:00:00,Q-3,,93\n"
        "S-9,90,01/05/2025 10:00:00,01/07/2025 10:00:00,Q-4,,\n"
    )
    pages = read(tmp_path / "in", profile.streams["calibrations"])
    (session,) = table(mapping, "calibrations", "calibrations", pages)
    assert some([session], "session_id", "baseline_evaluation_id", "due_at") == [
        ("S-9", "verint:90", datetime(2025, 1, 7, 15, tzinfo=UTC))
    ]
    people = table(mapping, "calibrations", "calibration_participants", pages)
    assert sorted(some(people, "session_id", "person_id", "status", "evaluation_id"), key=repr) == [
        ("S-9", "verint:Q-1", "done", "verint:91"),
        ("S-9", "verint:Q-2", "absent", None),
        ("S-9", "verint:Q-3", "done", "verint:93"),
        ("S-9", "verint:Q-4", "invited", None),
    ]


def test_an_interaction_names_the_ticket_of_its_custom_data(mapping: Mapping, tmp_path: Path) -> None:
    sandbox = start(clock=lambda: AT)
    try:
        sandbox.tenant.world.interactions = [
            {
                "sid": 5,
                "site_id": 1,
                "call_id": "77",
                "AUDIO_START_TIME": f"{AT - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}",
                "duration_seconds": 312,
                "personal_id": "E-1",
                "cd5": "ZD 501",
                "ani": "+1 555 0100",
            }
        ]
        settings = {**filled(sandbox), "streams": ["interactions"]}
        settings["rest"]["interactions"] = {"start": "2025-12-31", "keep": ["cd5"]}
        source = VerintSource(settings, context_of(tmp_path), clock=lambda: AT)
        (row,) = table(mapping, "interactions", "interactions", list(source.read("interactions", None)))
    finally:
        sandbox.stop()
    assert (row["interaction_id"], row["ticket_id"], row["agent_id"], row["kind"], row["duration"]) == (
        "verint:77",
        "501",
        "verint:E-1",
        "call",
        312.0,
    )
    assert "0100" not in str(row)
