"""Whatever happens later, an earlier run's reports come out byte for byte as they did then."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from program.command import KeptOpen, ask, opened_once, qa_sync, query
from program.worlds import edit, own_copy, small_programme, world
from python_calamine import CalamineWorkbook

from qa_sync.reports import REPORTS
from qa_sync.runner import runs_diff

SUPPORT = "mappings/forms/demo_support.yaml"


def _printed(folder: Path, as_of: str = "") -> dict[tuple[str, ...], str]:
    """Everything that reports print, by how they were asked."""
    more = ("--as-of", as_of) if as_of else ()
    asked = [(name, "--format", "json") for name in REPORTS] + [
        (name, "--format", "csv") for name in ("summary", "pairs")
    ]
    asked += [
        ("summary", "--by", "queue,language", "--format", "json"),
        ("pairs", "--where", "site=Dublin", "--format", "csv"),
        ("agreement", "--by", "site", "--format", "table"),
    ]
    with opened_once():
        return {arguments: qa_sync(folder, "report", *arguments, *more, "--quiet").out for arguments in asked}


@dataclass(frozen=True, slots=True)
class Past:
    """A workspace with a past: what was printed right after its first run, and the runs since."""

    folder: Path
    then: dict[tuple[str, ...], str]
    runs: tuple[dict[str, Any], ...]
    buckets: list[dict[str, Any]]
    kept_open: KeptOpen


BUCKETS = "SELECT bucket, reason, count(*) AS n FROM buckets GROUP BY ALL ORDER BY ALL"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    programme = small_programme(seed=13, tickets=400)  # a dispute is decided in its last two weeks
    folder = tmp_path_factory.mktemp("past")
    with world(folder, programme, until=programme.week_end(10)) as made:
        first = ask(folder, "run")
        then, buckets = _printed(folder), query(folder, BUCKETS)
        made.show(programme.end)  # audits, edits, deletions and decided disputes of two more weeks
        second = ask(folder, "run")
        own_copy(folder, "demo/zendesk.yaml")
        edit(folder, _rename_a_queue, "mappings/demo/zendesk.yaml")
        own_copy(folder, "forms/demo_support.yaml")
        edit(folder, lambda forms: [form.update(tolerance=0.5) for form in forms], SUPPORT)
        edit(folder, lambda settings: settings["programme"].update(tolerance=1.5, n_min=2))
        third = ask(folder, "run")
        with ExitStack() as stack:
            yield Past(folder, then, (first, second, third), buckets, KeptOpen(folder, stack))


@pytest.fixture
def asked_now(past: Past) -> Iterator[None]:
    """Open each state once, now that all of them are there, for whichever of these tests asks."""
    with past.kept_open.used():
        yield


def _rename_a_queue(mapping: Any) -> None:
    values = mapping["streams"]["groups"]["lookups"]["fields"]["lookup_value"]["values"]
    for group, queue in list(values.items()):
        values[group] = f"{queue} desk"


@pytest.mark.usefixtures("asked_now")
def test_the_present_is_another(past: Past) -> None:
    now = _printed(past.folder)
    unmoved = [asked for asked in past.then if now[asked] == past.then[asked]]
    # A list without rows is the same list, whatever else moved; no other report may stand still.
    assert [asked for asked in unmoved if '"rows": []' not in now[asked]] == []
    assert len(unmoved) <= 1
    counts = past.runs[1]["counts"]["sync"]["verint.evaluations"]
    assert counts["accepted"]
    assert counts["deleted"], "nothing was deleted later: the test proves less than it says"
    assert past.runs[2]["counts"]["map"]["zendesk.groups > lookups"]["rebuilt"]


def test_edits_and_decided_disputes_of_old_evaluations_came_later(past: Past) -> None:
    causes = f"""
        SELECT cause, count(*) AS n FROM evaluations_history
        WHERE ingested_at > TIMESTAMPTZ '{past.runs[0]["finished_at"]}' AND revision > 1 GROUP BY cause"""
    later = {row["cause"]: row["n"] for row in query(past.folder, causes)}
    assert later.get("edit", 0) > 0
    assert later.get("dispute", 0) > 0


@pytest.mark.usefixtures("asked_now")
def test_the_difference_of_two_mondays_has_causes(past: Past) -> None:
    first, second, _ = (run["run_id"] for run in past.runs)
    told = ask(past.folder, "publish", "diff", first, second)["rows"]
    assert told
    assert [row for row in told if not row["causes"]] == []


@pytest.mark.usefixtures("asked_now")
def test_as_of_a_moment_is_the_last_run_by_then(past: Past) -> None:
    with opened_once():
        for moment in (past.runs[0]["finished_at"], past.runs[1]["started_at"]):
            done = qa_sync(past.folder, "report", "pairs", "--format", "csv", "--as-of", moment, "--quiet")
            assert done.out == past.then["pairs", "--format", "csv"]


@pytest.mark.usefixtures("asked_now")
def test_as_of_holds_for_queries(past: Past) -> None:
    assert query(past.folder, BUCKETS, "--as-of", past.runs[0]["run_id"]) == past.buckets
    assert query(past.folder, BUCKETS) != past.buckets


def test_as_of_a_run_prints_the_same_bytes_also_after_small_files_were_merged(past: Past) -> None:
    merged = ask(past.folder, "store", "compact")
    assert any(table["files_before"] for table in merged), "there was nothing to merge"
    assert _printed(past.folder, past.runs[0]["run_id"]) == past.then


def test_a_moment_before_the_first_run_is_refused(past: Past) -> None:
    refused = qa_sync(past.folder, "report", "summary", "--as-of", "2001-01-01T00:00Z", expect=2)
    assert "no run with a snapshot" in refused.err


@pytest.mark.usefixtures("asked_now")
def test_a_dashboard_can_be_shown_as_it_was_and_brought_back(past: Past) -> None:
    def shown() -> set[tuple[str, str, str]]:
        book = CalamineWorkbook.from_path(past.folder / "out" / "weekly.xlsx")
        rows = book.get_sheet_by_name("Pairs").to_python()
        at = [rows[0].index(label) for label in ("Pair", "Outcome", "Queue")]
        return {tuple(str(row[column]) for column in at) for row in rows[1:] if row[0]}  # type: ignore[misc]

    def reported(text: str) -> set[tuple[str, str, str]]:
        return {(row["key"], row["outcome"], row["queue"]) for row in csv.DictReader(io.StringIO(text))}

    before = shown()
    run = ask(past.folder, "publish", "--as-of", past.runs[0]["run_id"])
    assert run["counts"]["publish"]["weekly > workbook"]["data_cells"] > 0
    assert run["counts"]["shown"] == past.runs[0]["run_id"]
    assert shown() == reported(past.then["pairs", "--format", "csv"]) != before
    now = qa_sync(past.folder, "report", "pairs", "--format", "csv", "--quiet").out
    assert reported(now) == before, "the past became the present"
    ask(past.folder, "publish")
    assert shown() == before


@pytest.fixture(scope="module")
def _each_state_once(past: Past) -> Iterator[None]:
    """Compute the numbers of each state once, however many differences ask for it."""
    kept: dict[str, Any] = {}
    numbers = runs_diff._numbers

    def once(store: Any, state: Any, run: Any, *, only: Any = None) -> Any:
        key = repr((state, run.run_id, only))
        if key not in kept:
            kept[key] = numbers(store, state, run, only=only)
        return kept[key]

    with mock.patch.object(runs_diff, "_numbers", once):
        yield


@pytest.mark.usefixtures("_each_state_once")
def test_runs_diff_says_what_made_numbers_move(past: Past) -> None:
    first, second, third = (run["run_id"] for run in past.runs)
    moved = ask(past.folder, "runs", "diff", first, second)
    assert (moved["files"], moved["settings"], moved["code"], moved["recomputed"]) == ({}, {}, {}, {})
    assert moved["records"]["verint.evaluations"]["new"] > 0
    assert moved["records"]["verint.evaluations"]["deletions"] > 0
    assert moved["moved"]
    assert {cell["mapping"] for cell in moved["moved"]} <= {0.0, None}
    assert {cell["settings"] for cell in moved["moved"]} <= {0.0, None}
    rules = ask(past.folder, "runs", "diff", second, third)
    assert rules["records"] == {}
    assert rules["settings"] == {"n_min": [5, 2], "tolerance": [5.0, 1.5]}
    assert {name.partition("/")[0] for name in rules["files"]} == {"mappings", "forms"}
    assert {cell["records"] for cell in rules["moved"]} <= {0.0, None}
    told = qa_sync(past.folder, "runs", "diff", first, third, "--quiet").out
    assert "records: verint.evaluations:" in told
    assert "settings: tolerance: 5.0 -> 1.5" in told


@pytest.mark.usefixtures("_each_state_once")
def test_the_steps_of_runs_diff_add_up_to_what_moved(past: Past) -> None:
    found = ask(past.folder, "runs", "diff", past.runs[0]["run_id"], past.runs[2]["run_id"])["moved"]
    whole = [
        cell
        for cell in found
        if None not in (cell["mapping"], cell["records"], cell["settings"], cell["before"], cell["after"])
    ]
    assert whole
    for cell in whole:
        steps = cell["mapping"] + cell["records"] + cell["settings"]
        assert abs(steps - (cell["after"] - cell["before"])) < 1e-9
    assert any(cell["settings"] is None for cell in found), "a smaller n_min shows what was held back"
    assert any(cell["records"] for cell in whole)


@pytest.mark.usefixtures("_each_state_once")
def test_runs_diff_of_a_run_with_itself_finds_nothing(past: Past) -> None:
    run = past.runs[2]["run_id"]
    found = ask(past.folder, "runs", "diff", run, run)
    assert [found[part] for part in ("records", "files", "settings", "code", "recomputed", "moved")] == [
        {},
        {},
        {},
        {},
        {},
        [],
    ]


def test_runs_diff_needs_two_runs(past: Past) -> None:
    assert "runs diff A B" in qa_sync(past.folder, "runs", "diff", past.runs[0]["run_id"], expect=2).err
    assert "no run with a snapshot" in qa_sync(past.folder, "runs", "diff", "nobody", "nobody", expect=2).err
