"""Rows: what is wrong is named by file, row and column; what is right is never lost beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from verint.reading import profile_of, read, rejects

from qa_sync_verint.sandbox.quirks import Quirks, settings_for

HEADER = (
    "Evaluation Key,Form Component Key,Evaluation Date,Evaluation Form,Employee ID,Answer,Score,Comments,"
    "Contact Start Time"
)
GOOD = "1,70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fine,"
NEXT = "2,70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fine,"
SETTINGS = settings_for(Quirks(), order=None)


def outcome(folder: Path, *rows: str, settings: dict | None = None, encoding: str = "utf-8") -> tuple[list, dict]:
    (folder / "f.csv").write_bytes("\n".join([HEADER, *rows, ""]).encode(encoding, "surrogateescape"))
    pages = read(folder, profile_of(settings or SETTINGS))
    payloads = {row["id"]: json.loads(row["payload"]) for page in pages for row in page.records.to_pylist()}
    return rejects(pages), payloads


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("3,70001,01/15/2025 14:05:10,Form A", "row", "has 4 cells where the header has 9"),
        (GOOD + ",more", "row", "has 10 cells where the header has 9"),
        (",70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fine,", "Evaluation Key", "is empty"),
        ("3,70001,01/15/2025 14:05:10,  ,E-1,Yes,10,fine,", "Evaluation Form", "is empty"),
        ("3,70001,15/01/2025 14:05:10,Form A,E-1,Yes,10,fine,", "Evaluation Date", "no date as %m/%d/%Y %H:%M:%S"),
        (
            "3,70001,03/09/2025 02:30:00,Form A,E-1,Yes,10,fine,",
            "Evaluation Date",
            "no such local time in America/New_York: clocks skipped it",
        ),
        (
            "3,70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fine,soon",
            "Contact Start Time",
            "no date as %m/%d/%Y %H:%M:%S",
        ),
        ("3,70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fi\0ne,", "row", "contains a NUL character"),
        (
            '3,70001,01/15/2025 14:05:10,Form A,E-1,"Yes"x,10,fine,',
            "row",
            "a quote stands in the middle of a quoted cell",
        ),
        (
            '3,70001,01/15/2025 14:05:10,Form A,E-1,"Yes,10,fine,',
            "row",
            "a quote opened in this row is never closed, or the row was cut",
        ),
        (f"{'9' * 201},70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fine,", "Evaluation Key", "is not an id"),
        ("a\x07b,70001,01/15/2025 14:05:10,Form A,E-1,Yes,10,fine,", "Evaluation Key", "is not an id"),
    ],
)
def test_a_bad_row_is_named_and_hides_no_other(row: str, field: str, reason: str, tmp_path: Path) -> None:
    bad, payloads = outcome(tmp_path, GOOD, row, NEXT)
    assert bad == [("f.csv:3", field, reason)]
    assert sorted(payloads) == ["1", "2"]


def test_a_row_with_bytes_of_another_encoding_is_rejected_alone(tmp_path: Path) -> None:
    rows = [f"{at},7,01/15/2025 14:05:10,Prüfung é,E-1,Yes,10,, " for at in range(5)]
    bad, payloads = outcome(tmp_path, *rows, "9,7,01/15/2025 14:05:10,Pr\udcfcfung,E-1,Yes,10,,")
    assert bad == [("f.csv:7", "row", "contains bytes that do not fit the file's encoding")]
    assert {payload["columns"]["form_name"] for payload in payloads.values()} == {"Prüfung é"}


def test_a_file_of_cp1252_is_not_taken_for_broken_utf_8(tmp_path: Path) -> None:
    bad, payloads = outcome(tmp_path, GOOD.replace("Form A", "Prüfung \u20ac"), encoding="cp1252")
    assert bad == []
    assert payloads["1"]["columns"]["form_name"] == "Prüfung \u20ac"


def test_totals_and_repeated_headers_are_no_records(tmp_path: Path) -> None:
    bad, payloads = outcome(tmp_path, GOOD, HEADER, NEXT, "Total,,,,,,20", "  Grand Total: 2")
    assert bad == []
    assert sorted(payloads) == ["1", "2"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_files_put_together_with_a_mark_in_the_middle_lose_nothing(quote: str, tmp_path: Path) -> None:
    def row(text: str) -> str:
        return ",".join(f"{quote}{cell}{quote}" for cell in text.split(","))

    third = GOOD.replace("1", "3", 1)
    bad, payloads = outcome(tmp_path, row(GOOD), "\ufeff" + row(HEADER), row(NEXT), "\ufeff" + row(third))
    assert bad == []
    assert sorted(payloads) == ["1", "2", "3"]


def test_the_same_answer_again_replaces_the_earlier_one(tmp_path: Path) -> None:
    later = GOOD.replace("Yes,10", "No,0").replace("Form A", "Form B")
    for folder, rows in (("together", [GOOD, later]), ("apart", [GOOD, NEXT, later])):
        (tmp_path / folder).mkdir()
        bad, payloads = outcome(tmp_path / folder, *rows)
        assert bad == []
        assert payloads["1"]["columns"]["form_name"] == "Form B"
        assert payloads["1"]["rows"] == [{"component_id": "70001", "answer": "No", "points": "0"}]


def test_where_clocks_go_back_the_earlier_moment_is_meant(tmp_path: Path) -> None:
    _bad, payloads = outcome(tmp_path, GOOD.replace("01/15/2025 14:05:10", "11/02/2025 01:30:00"))
    assert payloads["1"]["times"] == {"evaluated_at": "2025-11-02T05:30:00Z"}


def test_a_bad_date_may_count_as_missing_and_its_text_is_kept(tmp_path: Path) -> None:
    dates = {**SETTINGS["dates"], "interaction_at": {**SETTINGS["dates"]["interaction_at"], "on_bad": "missing"}}
    bad, payloads = outcome(tmp_path, GOOD + "soon", settings={**SETTINGS, "dates": dates})
    assert bad == []
    assert payloads["1"]["columns"]["interaction_at"] == "soon"
    assert list(payloads["1"]["times"]) == ["evaluated_at"]


def test_comments_and_unknown_columns_are_not_stored_unless_kept(tmp_path: Path) -> None:
    _bad, payloads = outcome(tmp_path, GOOD)
    assert "fine" not in json.dumps(payloads)
    _bad, payloads = outcome(tmp_path, GOOD, settings={**SETTINGS, "keep": ["comment"]})
    assert payloads["1"]["rows"][0]["comment"] == "fine"


def test_a_key_of_several_columns_identifies_where_there_is_no_id(tmp_path: Path) -> None:
    key = {"evaluation": ["form_name", "employee", "evaluated_at"], "answer": ["component_id"]}
    rows = [GOOD, GOOD.replace("70001", "70002"), NEXT.replace("E-1", "E-2")]
    _bad, payloads = outcome(tmp_path, *rows, settings={**SETTINGS, "key": key})
    assert all(identity.startswith("h-") for identity in payloads)
    assert sorted(len(payload["rows"]) for payload in payloads.values()) == [1, 2]


def test_a_file_of_another_kind_is_refused_and_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("Report ID,Report Code,Event Date,Employee ID\n1,OMR,01/02/2025,E-1\n")
    reason = (
        "no header row in the first 50 lines; the nearest is row 1, which lacks evaluation_id, form_name, evaluated_at"
    )
    assert rejects(read(tmp_path, profile_of(SETTINGS))) == [("f.csv", "header", reason)]


def test_rows_add_up_for_every_file(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("\n".join([HEADER, GOOD, "bad", NEXT, "Total", "worse,", ""]))
    told: list[str] = []
    read(tmp_path, profile_of(SETTINGS), notify=told.append)
    assert told == ["f.csv: 4 rows staged, 2 loaded, 2 rejected"]


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M:%S", "%Y-%m-%d", "%d.%m.%Y %H:%M", "%m/%d/%y %I:%M %p"])
@pytest.mark.parametrize(
    "text",
    [
        "01/15/2025 14:05:10",
        "1/5/2025 4:05:09",
        "13/13/2025 01:00:00",
        "2025-01-31",
        "2025-02-30",
        "31.12.2024 23:59",
        "31.12.2024  23:59",
        "01/15/2025 24:00:00",
        "01/15/2025 14:05:10x",
        "",
        "\u0661/1/2025 00:00:00",
        "01/15/25 02:05 PM",
    ],
)
def test_the_fast_date_reader_agrees_with_strptime(form: str, text: str) -> None:
    from datetime import datetime

    from qa_sync_verint.files.times import reader

    def attempt(read: object) -> object:
        try:
            return read(text)  # type: ignore[operator]
        except ValueError:
            return "no date"

    wanted = attempt(lambda value: datetime.strptime(value, form))  # noqa: DTZ007
    # Digits of other scripts are no dates of an export.
    assert attempt(reader(form)) == (wanted if text.isascii() else "no date")
