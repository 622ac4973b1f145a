"""The mappings that are shipped: they compile, survive any payload, and make the rows their comments promise."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mapping.one_row import mapped, raw
from mapping.test_grid import VALUES
from mapping.test_schema import PROJECT, starters

from qa_sync.mapping import Mapping, load

TICKET = {
    "id": 5,
    "status": "open",
    "priority": None,
    "group_id": 77,
    "assignee_id": 501,
    "brand_id": 3,
    "requester_id": "ab12",
    "created_at": "2026-01-05T09:30:00Z",
    "updated_at": "2026-01-06T09:30:00Z",
    "via": {"channel": "email"},
    "satisfaction_rating": {"score": "offered"},
    "custom_fields": [],
}
EVALUATION = {
    "file": "daily.csv",
    "row": 2,
    "times": {"evaluated_at": "2025-01-15T19:05:10Z"},
    "columns": {
        "evaluation_id": "900001",
        "form_name": "(QA) Trust & Safety 2025",
        "form_version": "3",
        "employee": "E-1001",
        "evaluator": "Kim, Lee",
        "ticket_id": "55501",
        "interaction_id": "123",
    },
    "rows": [
        {"component_id": "70001", "question": "Policy", "answer": "Yes", "points": "10", "max_points": "10"},
        {"component_id": "70002", "question": "Escalated", "answer": "N/A", "points": "", "max_points": ""},
        {"component_id": "70003", "question": "PII", "answer": "No", "points": "0", "max_points": "10"},
        {"component_id": "70004", "question": "Tone", "answer": "N/A", "points": "0", "max_points": "5"},
    ],
}


def starter(*parts: str) -> Mapping:
    path = PROJECT.joinpath(*parts)
    return load(path, shown_as=path.name)


def one(mapping: Mapping, stream: str, table: str, payload: Any) -> dict[str, Any]:
    (row,) = mapped(mapping, stream, table, [raw(payload)])
    assert row["_problems"] == []
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("path", starters(), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_starter_never_fails_whatever_a_record_holds(path: Path) -> None:
    mapping = load(path, shown_as=path.name)
    keys = [
        "id",
        "rows",
        "columns",
        "times",
        "role",
        "label",
        "_file",
        "custom_fields",
        "created_at",
        "valid_from",
        "name",
    ]
    payloads = [dict.fromkeys(keys, value) for value in VALUES] + [*VALUES, [], "{bad"]
    rows = [raw(payload, record_id=str(at)) for at, payload in enumerate(payloads)]
    for stream, tables in mapping.streams.items():
        for table in tables:
            found = mapped(mapping, stream, table, rows)
            assert {row["record_id"] for row in found} == {row["id"] for row in rows}


def test_every_starter_is_found() -> None:
    assert {path.name for path in starters()} >= {
        "zendesk.yaml",
        "verint.yaml",
        "roster.yaml",
        "ratings.yaml",
        "sample_plan.yaml",
    }


def test_a_ticket_is_an_interaction_of_its_assignee() -> None:
    row = one(starter("mappings", "zendesk.yaml"), "tickets", "interactions", TICKET)
    assert (row["interaction_id"], row["kind"], row["ticket_id"], row["agent_id"], row["group_id"], row["channel"]) == (
        "zendesk:5",
        "ticket",
        "5",
        "zendesk:501",
        "77",
        "email",
    )
    assert "satisfaction" not in row
    assert row["created_week"] == "2026-W02"


def test_customers_are_not_people() -> None:
    mapping = starter("mappings", "zendesk.yaml")
    (row,) = mapped(mapping, "users", "people", [raw({"id": 1, "role": "end-user", "name": "A Customer"})])
    assert row["deleted"]
    assert row["_skipped"]
    assert (
        one(mapping, "users", "people", {"id": 2, "role": "agent", "name": "Ana", "active": True})["is_active"] is True
    )


def test_an_evaluation_is_joined_to_its_ticket() -> None:
    mapping = starter("mappings", "verint.yaml")
    row = one(mapping, "evaluations", "evaluations", EVALUATION)
    assert (row["evaluation_id"], row["kind"], row["about"], row["status"], row["interaction_id"]) == (
        "verint:900001",
        "standard",
        "agent_work",
        "submitted",
        "zendesk:55501",
    )
    assert row["submitted_at"] == datetime.fromisoformat("2025-01-15T19:05:10Z")
    columns = EVALUATION["columns"] | {"ticket_id": ""}  # type: ignore[operator]
    assert (
        one(mapping, "evaluations", "evaluations", EVALUATION | {"columns": columns})["interaction_id"] == "verint:123"
    )


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"audited_evaluation": "9"}, "ata"),
        ({"form_name": "(ata) Alignment"}, "ata"),
        ({"session_id": "c1", "audited_evaluation": "9"}, "calibration"),
        ({"form_name": "Data quality"}, "standard"),
    ],
)
def test_what_makes_an_audit(more: dict[str, str], kind: str) -> None:
    payload = EVALUATION | {"columns": EVALUATION["columns"] | more}  # type: ignore[operator]
    assert one(starter("mappings", "verint.yaml"), "evaluations", "evaluations", payload)["kind"] == kind


def test_an_answer_without_points_is_not_an_answer_of_nought() -> None:
    rows = mapped(starter("mappings", "verint.yaml"), "evaluations", "answers", [raw(EVALUATION)])
    assert sorted((row["criterion_key"], row["state"], row["points"]) for row in rows) == [
        ("70001", "valued", 10.0),
        ("70002", "na", None),
        ("70003", "valued", 0.0),
        ("70004", "valued", 0.0),
    ]


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("gal_adultcontent2_labels.csv", "adultcontent2"),
        ("mine_labels.csv", "mine"),
        ("gal_hitspam_crowdflower_labels.csv", "hitspam_crowdflower"),
    ],
)
def test_a_rating_is_an_evaluation_on_the_form_of_its_data_set(file: str, form: str) -> None:
    mapping = starter("examples", "ratings", "mappings", "ratings.yaml")
    payload = {"seq": "0", "item_id": "I1", "worker_id": "W1", "label": "G", "repeat_no": "2", "_file": file}
    row = one(mapping, "labels", "evaluations", payload)
    assert (row["form_id"], row["queue"], row["repeat_no"], row["evaluator_id"]) == (form, form, 2, "W1")
    answer = one(mapping, "labels", "answers", payload)
    assert (answer["evaluation_id"], answer["criterion_key"], answer["option"], answer["state"]) == (
        row["evaluation_id"],
        "label",
        "G",
        "valued",
    )
    gold = {"item_id": "I1", "gold": "P", "has_labels": "True", "_file": file.replace("labels", "gold")}
    reference = one(mapping, "gold", "evaluations", gold)
    assert (reference["kind"], reference["form_id"], reference["interaction_id"]) == (
        "gold",
        form,
        row["interaction_id"],
    )


@pytest.mark.parametrize(
    ("file", "label", "state"),
    [
        ("gal_adultcontent3_labels.csv", "B", "na"),
        ("gal_adultcontent3_labels.csv", "X", "valued"),
        ("gal_copyright_labels.csv", "BROKEN", "valued"),
    ],
)
def test_a_broken_page_has_no_severity_but_is_an_answer_about_copyright(file: str, label: str, state: str) -> None:
    mapping = starter("examples", "ratings", "mappings", "ratings.yaml")
    payload = {"item_id": "I1", "worker_id": "W1", "label": label, "repeat_no": "1", "_file": file}
    assert one(mapping, "labels", "answers", payload)["state"] == state


def test_every_label_of_the_real_ratings_is_an_option_of_its_form_or_does_not_apply() -> None:
    import csv

    from shared_data import shared_data

    from qa_sync.forms import load_catalogue

    mapping = starter("examples", "ratings", "mappings", "ratings.yaml")
    forms = sorted((PROJECT / "examples" / "ratings" / "mappings" / "forms").glob("*.yaml"))
    options = load_catalogue([(path, path.name) for path in forms]).tables()["options"].to_pylist()
    for path in shared_data("ratings").glob("*_labels.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            labels = sorted({row["label"] for row in csv.DictReader(lines)})
        rows = [
            raw({"item_id": "I", "worker_id": "W", "label": label, "repeat_no": "1", "_file": path.name})
            for label in labels
        ]
        form = one(
            mapping, "labels", "evaluations", {"item_id": "I", "worker_id": "W", "repeat_no": "1", "_file": path.name}
        )["form_id"]
        known = {option["option"] for option in options if option["form_id"] == form}
        assert {
            row["option"] for row in mapped(mapping, "labels", "answers", rows) if row["state"] == "valued"
        } == known, path.name
