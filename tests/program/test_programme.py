"""The main job over HTTP and files finds exactly what the generator meant, publishes it, and does it once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from program.command import query
from program.finished import Finished
from python_calamine import CalamineWorkbook

from qa_sync.testing.programme import Pair

pytestmark = pytest.mark.usefixtures("kept_open")


def _people(finished: Finished) -> dict[str, str]:
    """Employee number by person."""
    return {
        row["person_id"]: row["employee_number"]
        for row in query(
            finished.folder, "SELECT person_id, employee_number FROM people WHERE employee_number IS NOT NULL"
        )
    }


def test_every_evaluation_ends_where_it_was_meant_to(finished: Finished) -> None:
    rows = query(finished.folder, "SELECT bucket, coalesce(reason, '') AS reason FROM buckets")
    assert Counter((row["bucket"], row["reason"]) for row in rows) == finished.truth.buckets


def test_tickets_revisions_and_answers_are_all_there_and_deleted_ones_are_not(finished: Finished) -> None:
    truth, folder = finished.truth, finished.folder
    (counted,) = query(
        folder,
        """
        SELECT (SELECT count(*) FROM interactions) AS tickets, (SELECT count(*) FROM evaluations) AS evaluations,
               (SELECT count(*) FROM answers) AS answers,
               (SELECT count(DISTINCT record_id) FROM evaluations_history WHERE deleted) AS deleted""",
    )
    assert counted == {
        "tickets": truth.tickets,
        "evaluations": truth.evaluations,
        "answers": truth.current_answers,
        "deleted": truth.evaluations_deleted,
    }
    kinds = query(folder, "SELECT kind, count(*) AS n FROM evaluations GROUP BY kind")
    assert {row["kind"]: row["n"] for row in kinds} == truth.by_kind


def test_pairs_and_scores_are_those_that_were_meant(finished: Finished) -> None:
    numbers = _people(finished)
    people = {row["person_no"]: row["employee_number"] for row in finished.world.programme.people.to_pylist()}
    found = {row["auditor_evaluation_id"]: row for row in query(finished.folder, "SELECT * FROM pairs")}
    assert set(found) == {f"verint:{pair.audit_no}" for pair in finished.truth.pairs}
    for pair in finished.truth.pairs:
        row = found[f"verint:{pair.audit_no}"]
        assert _said(row, numbers) == _meant(pair, people), pair
        assert row["delta"] == (None if pair.delta is None else pytest.approx(pair.delta, abs=1e-6))
        if not pair.reason:
            assert (row["items_compared"], row["items_agree"]) == (pair.items, pair.agreed)


def _said(row: dict[str, Any], numbers: dict[str, str]) -> tuple[Any, ...]:
    return (
        row["auditee_evaluation_id"],
        row["form_id"],
        row["outcome"],
        row["reason"],
        row["site"],
        row["queue"],
        row["week"],
        row["is_headline"],
        row["is_blind"],
        numbers[row["auditee_id"]],
        numbers[row["auditor_id"]],
    )


def _meant(pair: Pair, people: dict[int, str]) -> tuple[Any, ...]:
    return (
        f"verint:{pair.evaluation_no}",
        pair.form_id,
        pair.outcome,
        pair.reason or None,
        pair.site,
        pair.queue,
        pair.week,
        pair.headline,
        pair.is_blind,
        people[pair.evaluator_no],
        people[pair.auditor_no],
    )


def test_the_workbook_shows_the_pairs_as_they_are(finished: Finished) -> None:
    shown = _tab(finished.folder / "out" / "weekly.xlsx", "Pairs")
    meant = {f"verint:{pair.evaluation_no}|verint:{pair.audit_no}": pair for pair in finished.truth.pairs}
    assert {row["Pair"] for row in shown} == set(meant)
    for row in shown:
        pair = meant[row["Pair"]]
        assert (row["Outcome"], row["Week"], row["Site"], row["Headline"]) == (
            pair.outcome,
            pair.week,
            pair.site,
            pair.headline and not pair.reason,
        )
        assert row["Δ"] == ("" if pair.delta is None else pytest.approx(pair.delta, abs=1e-6))


def test_the_summary_tab_counts_each_headline_pair_once(finished: Finished) -> None:
    compared = [pair for pair in finished.truth.headline if pair.outcome != "NOT_COMPARABLE"]
    wanted = Counter((pair.site, pair.week) for pair in compared)
    agreed: Counter[tuple[str, str]] = Counter()
    items: Counter[tuple[str, str]] = Counter()
    for pair in compared:
        agreed[pair.site, pair.week] += pair.agreed
        items[pair.site, pair.week] += pair.items
    shown = {(row["Site"], row["Week"]): row for row in _tab(finished.folder / "out" / "weekly.xlsx", "Summary")}
    assert {group: row["Pairs"] for group, row in shown.items()} == wanted
    large = [group for group, count in wanted.items() if count >= 5]
    assert large
    for group in large:
        assert shown[group]["Line accuracy"] == pytest.approx(agreed[group] / items[group])


def _tab(path: Path, title: str) -> list[dict[str, Any]]:
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(title).to_python(skip_empty_area=False)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0] != ""]


def test_a_second_run_writes_nothing_anywhere(finished: Finished) -> None:
    counts = finished.second["counts"]
    assert {name: made["commits"] for name, made in counts["sync"].items()} == dict.fromkeys(counts["sync"], 0)
    assert {name: (made["versions"], made["rows"]) for name, made in counts["map"].items()} == dict.fromkeys(
        counts["map"], (0, 0)
    )
    (published,) = counts["publish"].values()
    assert (published["data_cells"], published["calls"], published["conflicts"]) == (0, 0, 0)
    first = finished.first["counts"]
    assert counts["reconcile"] == first["reconcile"]
    tables = query(finished.folder, "SELECT snapshot FROM runs ORDER BY finished_at LIMIT 2")
    assert tables[0]["snapshot"] == tables[1]["snapshot"]


def test_what_went_in_came_out(finished: Finished) -> None:
    for run in (finished.first, finished.second):
        counts = run["counts"]
        for name, made in counts["sync"].items():
            assert made["read"] == made["accepted"] + made["unchanged"] + made["rejected"], name
        reconciled = counts["reconcile"]
        assert sum(reconciled["buckets"].values()) == reconciled["evaluations"]
        assert sum(reconciled["outcomes"].values()) == reconciled["pairs"] == reconciled["buckets"]["PAIRED_AUDITOR"]
        assert reconciled["headlines"] == reconciled["buckets"]["PAIRED_AUDITEE"]
    counts = finished.first["counts"]
    for name, made in counts["map"].items():
        stream = name.split(" > ")[0]
        # A mapping may speak of streams that this workspace does not read.
        assert made["versions"] == counts["sync"].get(stream, {"accepted": 0})["accepted"], name
        if not name.endswith(("answers", "participants")):  # several rows a record version there
            assert made["versions"] == made["rows"] + made["rejected"], name
    programme = finished.world.programme
    assert counts["sync"]["zendesk.tickets"]["read"] == len(set(programme.tickets["ticket_no"].to_pylist()))
