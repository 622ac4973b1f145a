"""Two layouts that customers really have, generated to the letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared_data import shared_data
from verint.reading import read, rejects

from qa_sync_verint.files import load_profile

PROFILES = Path(__file__).parent / "profiles"


def line(cells: list[str]) -> str:
    """Pipe-delimited, the qualifier only where a cell needs it."""
    return "|".join(f'"{cell}"' if "\n" in cell or "|" in cell else cell for cell in cells) + "\r\n"


def records(pages: list) -> dict[str, dict]:
    return {
        row["id"]: row | {"payload": json.loads(row["payload"] or "null")}
        for page in pages
        for row in page.records.to_pylist()
    }


def test_feed_without_header_is_read_by_position(tmp_path: Path) -> None:
    layout = json.loads(shared_data("verint", "exports", "public_sector_feed_layout.json").read_text())["file_1"]
    profile = load_profile(PROFILES / "public_sector.yaml").streams["scorecards"]
    assert list(profile.positions or ()) == layout["fields"]
    values = {
        "Evaluation ID": "77001",
        "Evaluation Date": "01/15/2025 14:05:10",
        "Evaluation Site ID": "LV",
        "CSR Emp ID": "AB12",
        "CSR Emp ID (repeated)": "AB12",
        "Supervisor Emp ID": "SU1",
        "Journal File Number": "1234567890123",
        "Call Date / Time": "when the query ran",
        "Summary of Caller's Issues": "caller said\r\nmuch | more",
        "Evaluator ID": "QM7",
        "Source": "Verint-GDIT",
        "Opportunity / Reinforcement": "Met goal",
        "Evaluation Form": "Scorecard ATA",
        "Active Status": "Active",
    }
    gone = {**values, "Evaluation ID": "77002", "Evaluation Site ID": "KY", "Active Status": "Inactive"}
    (tmp_path / "eCL_IQS_Scorecard_20250116.csv").write_bytes(
        "".join(line([row.get(name, "") for name in layout["fields"]]) for row in (values, gone)).encode("cp1252")
    )
    (tmp_path / "eCL_IQS_Scorecard_20250117.csv").write_bytes(b"")
    pages = read(tmp_path, profile)
    found = records(pages)
    assert rejects(pages) == []
    assert found["77001"]["payload"] == {
        "columns": {
            "evaluation_id": "77001",
            "evaluated_at": "01/15/2025 14:05:10",
            "site": "LV",
            "employee": "AB12",
            "supervisor": "SU1",
            "interaction_id": "1234567890123",
            "interaction_at": "when the query ran",
            "evaluator": "QM7",
            "origin": "Verint-GDIT",
            "outcome_label": "Met goal",
            "form_name": "Scorecard ATA",
            "active": "Active",
        },
        "times": {"evaluated_at": "2025-01-15T22:05:10Z"},
        "rows": [],
    }
    assert (found["77002"]["deleted"], found["77002"]["payload"]) == (True, None)


def test_feed_with_competencies_is_read_with_its_misspelled_header(tmp_path: Path) -> None:
    names = json.loads(shared_data("verint", "exports", "public_sector_feed_layout.json").read_text())
    names = names["file_2"]["header_columns_from_ssis"]
    profile = load_profile(PROFILES / "public_sector.yaml").streams["quality_now"]
    values = {
        "QN_Batch_ID": "B1",
        "User_EMPID": "AB12",
        "Eval_Site_ID": "KY",
        "Eval_ID": "88001",
        "Evaluator_ID": "QM7",
        "Eval_Date": "07/15/2025 09:00:00",
        "EvalStatus": "Active",
        "VerintFormName": "IQA Voice",
        "Channel": "Voice",
        "Reason for contact": "Enrolment",
        "Contact_Reason_Comments": "secret words",
        "Business_Process": "Proficient",
        "Business_Process_Reason": "Followed",
        "Business_Process_Comment": "secret\r\nwords",
        "Issue_Resoluton": "Novice",
        "Issue_Resoluton_Comment": "secret words",
        "Customer_Temp_End": "Expert",
        "Case_Number": "55501",
    }
    (tmp_path / "eCL_IQS_QN_Scorecard_20250716.csv").write_bytes(
        (line(names) + line([values.get(name, "") for name in names])).encode()
    )
    pages = read(tmp_path, profile)
    assert rejects(pages) == []
    payload = records(pages)["88001"]["payload"]
    assert payload["rows"] == [
        {"name": "Business_Process", "rating": "Proficient", "reason": "Followed"},
        {"name": "Issue_Resolution", "rating": "Novice"},
        {"name": "Customer_Temp_End", "rating": "Expert"},
    ]
    assert payload["columns"]["Reason for contact"] == "Enrolment"
    assert payload["times"] == {"evaluated_at": "2025-07-15T13:00:00Z"}
    assert "secret" not in json.dumps(payload)


def test_comments_of_competencies_are_kept_only_when_asked_for(tmp_path: Path) -> None:
    profile = load_profile(PROFILES / "public_sector.yaml").streams["quality_now"]
    profile = profile.model_copy(update={"keep": ("comment",)})
    names = ["Eval_ID", "VerintFormName", "Eval_Date", "User_EMPID", "Info_Accuracy", "Info_Accuracy_Comment"]
    text = line(names) + line(["1", "F", "07/15/2025 09:00:00", "AB12", "Novice", "kept"])
    (tmp_path / "eCL_IQS_QN_Scorecard_20250716.csv").write_text(text, newline="")
    assert records(read(tmp_path, profile))["1"]["payload"]["rows"] == [
        {"name": "Info_Accuracy", "rating": "Novice", "comment": "kept"}
    ]


def test_warehouse_rows_are_grouped_and_a_higher_batch_wins(tmp_path: Path) -> None:
    layout = json.loads(shared_data("verint", "exports", "financial_warehouse_columns.json").read_text())
    profile = load_profile(PROFILES / "financial_warehouse.yaml").streams["call_errors"]
    base = {
        "evaluation_key": "5001",
        "evaluation_date": "2025-03-01 10:00:00",
        "agent_id": "A7",
        "evaluation_form": "Calls",
        "max_possible_score": "10",
        "contact_start_time": "keyed wrongly",
    }

    def text(scores: dict[str, str]) -> str:
        rows = [{**base, "form_component_key": key, "evaluation_score": score} for key, score in scores.items()]
        lines = [",".join(row.get(name, "") for name in layout["detail_columns"]) for row in rows]
        return "\n".join([",".join(layout["detail_columns"]), *lines]) + "\n"

    # The higher batch arrives first; it must win all the same.
    (tmp_path / "fnd_wfs_call_error_batch_12.csv").write_text(text({"1": "10", "2": "0"}))
    first = read(tmp_path, profile)
    (tmp_path / "fnd_wfs_call_error_batch_9.csv").write_text(text({"1": "4", "2": "4", "3": "4"}))
    second = read(tmp_path, profile, first[-1].cursor)
    rows = [row for page in (*first, *second) for row in page.records.to_pylist()]
    places = [(row["source_stamp"], row["source_seq"]) for row in rows]
    assert places[0] > places[1]
    assert [place[1] >> 32 for place in places] == [12, 9]
    payload = records(first)["5001"]["payload"]
    assert [(row["component_id"], row["points"]) for row in payload["rows"]] == [("1", "10"), ("2", "0")]
    assert payload["times"] == {"evaluated_at": "2025-03-01T16:00:00Z"}


def test_warehouse_header_extract_may_lack_the_call(tmp_path: Path) -> None:
    names = json.loads(shared_data("verint", "exports", "financial_warehouse_columns.json").read_text())
    names = names["header_columns_used"]
    profile = load_profile(PROFILES / "financial_warehouse.yaml").streams["call_evaluations"]
    values = {
        "evaluation_key": "5001",
        "evaluation_date": "2025-03-01 10:00:00",
        "agent_id": "A7",
        "evaluation_form": "Calls",
        "customer_line_identification": "+1 555 0100",
    }
    (tmp_path / "fnd_wfs_call_evaluation_batch_1.csv").write_text(
        ",".join(names) + "\n" + ",".join(values.get(name, "") for name in names) + "\n"
    )
    payload = records(read(tmp_path, profile))["5001"]["payload"]
    assert payload["columns"] == {
        "evaluation_id": "5001",
        "evaluated_at": "2025-03-01 10:00:00",
        "employee": "A7",
        "form_name": "Calls",
    }


@pytest.mark.parametrize("name", ["synthetic_verint_detail.csv", "synthetic_verint_detail_cp1252_tab_preamble.txt"])
def test_the_starter_reads_the_known_detail_export(name: str, tmp_path: Path) -> None:
    from qa_sync_verint.bundled import starters

    profile = load_profile(starters() / "verint_files.yaml").streams["evaluations"]
    (tmp_path / name).write_bytes(shared_data("verint", "exports", name).read_bytes())
    pages = read(tmp_path, profile)
    found = records(pages)
    assert rejects(pages) == []
    assert sorted(found) == ["900001", "900002"]
    payload = found["900001"]["payload"]
    assert payload["times"] == {"evaluated_at": "2025-01-15T19:05:10Z", "interaction_at": "2025-01-14T14:00:00Z"}
    assert [(row["component_id"], row.get("points")) for row in payload["rows"]] == [
        ("70001", "10"),
        ("70002", None),
        ("70003", "0"),
    ]
    assert "line one" not in json.dumps(payload)
