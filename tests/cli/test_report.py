"""Reports on the command line: grouped and filtered by any column, in three formats, with help where a name is wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query
from program.finished import Finished
from program.rating_files import workspace, write_ratings
from tiers import some

from qa_sync.reports import REPORTS
from qa_sync.reports.grouping import FIXED

pytestmark = pytest.mark.usefixtures("kept_open")

#: The sources of this world deliver no samples and no forms for evaluators; tests/reports has programmes with some.
NO_SOURCE = ("quotas", "evaluator_work")


@pytest.mark.parametrize("name", some(REPORTS, every=3))
def test_csv_json_and_table_say_the_same(finished: Finished, name: str) -> None:
    made = ask(finished.folder, "report", name)
    assert made["rows"] or name in NO_SOURCE, name
    assert made["title"]
    names = [column["name"] for column in made["columns"]]
    assert all(column["label"] for column in made["columns"])
    assert all(list(row) == names for row in made["rows"])
    rows = list(csv.DictReader(io.StringIO(qa_sync(finished.folder, "report", name, "--format", "csv", "--quiet").out)))
    assert [{key: _text(value) for key, value in row.items()} for row in made["rows"]] == rows
    table = qa_sync(finished.folder, "report", name, "--quiet").out
    assert made["title"] in table
    assert all(note in table for note in made["notes"])
    keys = [row[names[0]] for row in made["rows"]]
    assert len(set(keys)) == len(keys), "keys of rows are not unique"


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def test_a_number_is_explained_in_three_formats(finished: Finished) -> None:
    row = next(row for row in ask(finished.folder, "report", "summary")["rows"] if row["line_accuracy"] is not None)
    asked = ("explain", "summary", row["key"], "line_accuracy")
    told = ask(finished.folder, *asked)
    assert (told["value"], told["agrees"]) == (row["line_accuracy"], True)
    assert (told["metric"], told["version"]) == ("summary.line_accuracy", 1)
    assert len(told["evaluations"]) == 2 * row["pairs"]
    assert {len(one["payload_hash"]) for one in told["evaluations"]} == {64}
    listed = list(csv.DictReader(io.StringIO(qa_sync(finished.folder, *asked, "--format", "csv", "--quiet").out)))
    assert [one["evaluation_id"] for one in listed] == [one["evaluation_id"] for one in told["evaluations"]]
    table = qa_sync(finished.folder, *asked, "--quiet").out
    assert all(one["evaluation_id"] in table for one in told["evaluations"])
    assert "the same" in table


def test_what_cannot_be_explained_is_said(finished: Finished) -> None:
    refused = qa_sync(finished.folder, "explain", "summary", "nowhere|2020-W01", "pairs", expect=2)
    assert "has no row 'nowhere|2020-W01'" in refused.err
    refused = qa_sync(finished.folder, "explain", "sumary", "x", "pairs", expect=2)
    assert "did you mean summary?" in refused.err


def test_a_report_for_auditees_holds_back_audits_under_embargo(finished: Finished) -> None:
    everything = ask(finished.folder, "report", "pairs")["rows"]
    shown = ask(finished.folder, "report", "pairs", "--audience", "auditees")["rows"]
    held = {row["auditor_evaluation_id"] for row in everything if row["embargoed"]}
    assert held
    assert not held & {row["auditor_evaluation_id"] for row in shown}
    assert not any(row["auditee_name"] for row in shown)


def test_reports_are_listed_with_what_they_are(finished: Finished) -> None:
    listed = ask(finished.folder, "report")
    assert [row["report"] for row in listed] == list(REPORTS)
    assert all(row["what"].endswith(".") for row in listed)


@pytest.fixture(scope="module")
def pairs_of_all(finished: Finished) -> int:
    """How many pairs count."""
    return sum(row["pairs"] for row in ask(finished.folder, "report", "summary", "--by", "form")["rows"])


@pytest.mark.parametrize("column", FIXED)
def test_any_column_groups_and_the_groups_add_up(finished: Finished, pairs_of_all: int, column: str) -> None:
    rows = ask(finished.folder, "report", "summary", "--by", column)["rows"]
    assert sum(row["pairs"] for row in rows) == pairs_of_all
    assert len({row[column] for row in rows}) == len(rows)


def test_a_filter_keeps_the_group_of_that_name(finished: Finished) -> None:
    rows = ask(finished.folder, "report", "summary", "--by", "queue,site")["rows"]
    for row in rows:
        alone = ask(
            finished.folder,
            "report",
            "summary",
            "--by",
            "queue,site",
            "--where",
            f"queue={row['queue']}",
            "--where",
            f"site={row['site']}",
        )["rows"]
        assert alone == [row]
    shown = ask(finished.folder, "report", "pairs", "--where", "outcome=LENIENT")["rows"]
    (counted,) = query(finished.folder, "SELECT count(*) AS n FROM pairs WHERE outcome = 'LENIENT'")
    assert {row["outcome"] for row in shown} == {"LENIENT"}
    assert len(shown) == counted["n"]


def test_a_value_that_nothing_has_gives_an_empty_report(finished: Finished) -> None:
    for name in ("summary", "evaluators", "agreement", "pairs", "exceptions", "trend"):
        made = ask(finished.folder, "report", name, "--where", "site=O'Nowhere; --")
        assert made["rows"] == []
        assert made["columns"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("summary", "--by", "sitee"), "did you mean site?"),
        (("summary", "--where", "quue=x"), "did you mean queue?"),
        (("agreement", "--by", "xyzzy"), "known: all, site"),
        (("summry",), "did you mean summary?"),
        (("summary", "--where", "site"), "write COLUMN=VALUE"),
        (("exceptions", "--where", "outcome=LENIENT"), "not all of them are audits"),
        (("trend", "--by", "queue"), "cannot be grouped"),
        (("pairs", "--by", "queue"), "cannot be grouped"),
        (("definitions", "--where", "queue=x"), "cannot be filtered"),
        (("summary", "--as-of", "yesterday"), "qa-sync runs"),
    ],
)
def test_a_wrong_name_is_refused_with_help(finished: Finished, arguments: tuple[str, ...], hint: str) -> None:
    done = qa_sync(finished.folder, "report", *arguments, "--quiet", expect=2)
    assert hint in done.err
    assert done.out == ""


def test_dimensions_group_and_filter_like_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ratings(tmp_path / "ratings", items=12, raters=4)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    folder, _ = workspace(tmp_path, tmp_path / "ratings")
    ask(folder, "run")
    (row,) = ask(folder, "report", "agreement", "--by", "data_set")["rows"]
    assert row["data_set"] == "adultcontent2"
    assert ask(folder, "report", "summary", "--by", "auditee", "--where", "data_set=adultcontent2")["rows"]
    assert ask(folder, "report", "summary", "--by", "auditee", "--where", "data_set=other")["rows"] == []
    assert "did you mean data_set?" in qa_sync(folder, "report", "summary", "--by", "dataset", expect=2).err
