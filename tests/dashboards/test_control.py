"""The control tab tells a quiet dashboard from a dead one, and writes no more than that takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from qa_sync.dashboards.cells import Cell, Conflict, Field, Policy, Tab, TabPlan, TabShape
from qa_sync.dashboards.control import CHECKED, change_told, checked_told, heartbeat_due, standing_told

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_quiet_refresh_is_told_once_an_hour_and_only_where_a_tab_stands() -> None:
    base = {CHECKED: {"value": checked_told(NOON)[CHECKED]}}
    assert base == {CHECKED: {"value": "2026-03-02 12:00:00"}}
    due = {minutes: heartbeat_due(base, NOON + timedelta(minutes=minutes)) for minutes in (0, 59, 60, 300)}
    assert due == {0: False, 59: False, 60: True, 300: True}
    assert heartbeat_due(None, NOON) is False
    assert heartbeat_due({"run": {"value": "r"}}, NOON) is True  # a tab made by an earlier version


def test_a_change_of_data_is_a_check_too() -> None:
    told = change_told([], run_id="r", at=NOON)
    assert (told[CHECKED], told["last_change"]) == ("2026-03-02 12:00:00", "2026-03-02 12:00:00")


def _plan(*conflicts: Conflict) -> TabPlan:
    fields = (Field(name="k", label="Key"), Field(name="v", label="Value"))
    shape = TabShape(dashboard="d", name="t", title="Pairs", key="k", fields=fields)
    return TabPlan(wanted=Tab(shape=shape, columns={"k": [], "v": []}), create=False, conflicts=conflicts)


def _conflict(key: str, theirs: Cell, action: Policy) -> Conflict:
    return Conflict(key=key, field="v", theirs=theirs, ours="ours", action=action)


def test_what_people_had_written_into_our_cells_is_named_with_what_became_of_it() -> None:
    plans = [
        _plan(_conflict("P1", "mine", "enforce"), _conflict("P2", 2.5, "report")),
        _plan(_conflict("P3", None, "keep")),
    ]
    told = change_told(plans, run_id="r", at=NOON)
    assert told["conflicts"] == "3"
    assert told["overwritten"] == "Pairs, P1, Value: mine"
    assert told["kept"] == "Pairs, P2, Value: 2.5; Pairs, P3, Value: emptied"
    quiet = change_told([_plan()], run_id="r", at=NOON)
    assert (quiet["overwritten"], quiet["kept"]) == ("none", "none")


def test_many_cells_and_long_texts_are_cut_in_words() -> None:
    told = change_told([_plan(*(_conflict(f"P{at}", "x" * 300, "enforce") for at in range(7)))], run_id="r", at=NOON)
    text = str(told["overwritten"])
    assert text.endswith("; and 2 more")
    assert text.count("x" * 200 + "…") == 5


def test_a_cell_that_stays_as_a_person_wrote_it_is_told_once_and_again_when_it_is_no_longer_so() -> None:
    plans = [_plan(_conflict("P1", "mine", "keep"))]
    first = standing_told(plans, {})
    assert first == {"kept": "Pairs, P1, Value: mine"}
    base = {"kept": {"value": first["kept"]}}
    assert standing_told(plans, base) == {}
    assert standing_told([_plan()], base) == {"kept": "none"}
    assert standing_told([_plan()], {}) == {}
    assert standing_told(plans, None) == {}  # no control tab yet: the change that makes it tells it


def test_rows_written_again_and_keys_that_stand_twice_are_named() -> None:
    plan = replace(_plan(), restored_keys=("P1",), duplicate_keys=("P2", "P3"))
    told = change_told([plan], run_id="r", at=NOON)
    assert (told["restored"], told["double"]) == ("Pairs, P1", "Pairs, P2; Pairs, P3")
    # Who copied a row is told of it although nothing else has changed; what was written again is told only then.
    assert standing_told([plan], {}) == {"double": "Pairs, P2; Pairs, P3"}
