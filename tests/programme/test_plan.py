"""The plan of a generated programme fits what was audited, and says of the rest why it was not."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from qa_sync.testing.programme import Programme
from qa_sync.testing.programme.plan import write_plan

Row = dict[str, Any]


def _strata(programme: Programme) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in programme.samples.to_pylist():
        found[row["week"], row["queue"]].append(row)
    return found


def test_everything_that_was_meant_to_be_audited_was_drawn_and_a_tenth_more(programme: Programme) -> None:
    meant = {
        row["evaluation_no"]
        for row in programme.intentions.to_pylist()
        if row["evaluation_no"] is not None and row["situation"] != "self_audit"
    }
    latest = {row["evaluation_no"]: row for row in programme.evaluations.to_pylist()}
    could = {number for number, row in latest.items() if row["kind"] == "standard" and row["status"] == "active"}
    drawn = [row["evaluation_no"] for row in programme.samples.to_pylist()]
    assert len(set(drawn)) == len(drawn)
    assert meant & could <= set(drawn) <= could
    extra = len(set(drawn) - meant)
    assert 0.1 <= extra / len(meant & could) < 0.25, "a tenth of each stratum, rounded up"


def test_what_was_not_audited_is_skipped_replaced_by_an_audited_one_of_its_stratum_or_waits(
    programme: Programme,
) -> None:
    meant = {row["evaluation_no"] for row in programme.intentions.to_pylist()}
    became = set()
    for rows in _strata(programme).values():
        audited = {row["sample_no"] for row in rows if row["evaluation_no"] in meant}
        for row in rows:
            told = (row["skipped_reason"] is not None, row["replaced_by_no"] is not None)
            assert row["sample_no"] not in audited or told == (False, False)
            assert row["replaced_by_no"] is None or row["replaced_by_no"] in audited
            if row["sample_no"] not in audited:
                became.add(told)
    assert became == {(True, False), (False, True), (False, False)}


def test_targets_are_what_each_auditor_was_to_do_and_frames_what_there_was(programme: Programme) -> None:
    for rows in _strata(programme).values():
        assert len({row["frame_size"] for row in rows}) == 1
        assert len(rows) <= rows[0]["frame_size"]
        for person in {row["assignee_no"] for row in rows}:
            own = [row for row in rows if row["assignee_no"] == person]
            assert {row["target"] for row in own} == {sum(row["replaced_by_no"] is None for row in own)}


def test_what_became_of_a_sample_is_not_known_before_it_is_due(programme: Programme) -> None:
    skipped = next(row for row in programme.samples.to_pylist() if row["skipped_reason"] is not None)
    for moment, told in (
        (skipped["due_at"] - timedelta(seconds=1), None),
        (skipped["due_at"], skipped["skipped_reason"]),
    ):
        then = programme.until(moment).samples.to_pylist()
        assert [row["skipped_reason"] for row in then if row["sample_no"] == skipped["sample_no"]] == [told]


def test_the_file_of_the_plan_holds_every_line_of_it(programme: Programme, tmp_path: Path) -> None:
    with write_plan(programme, tmp_path).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    rows = programme.samples.to_pylist()
    assert [int(line["evaluation"]) for line in lines] == [row["evaluation_no"] for row in rows]
    assert [line["skipped because"] or None for line in lines] == [row["skipped_reason"] for row in rows]
    numbers = {row["person_no"]: row["employee_number"] for row in programme.people.to_pylist()}
    assert [line["auditor"] for line in lines] == [numbers[row["assignee_no"]] for row in rows]
