"""The control tab tells a quiet dashboard from a dead one, and writes no more than that takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from qa_sync.dashboards.control import CHECKED, change_told, checked_told, heartbeat_due

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
