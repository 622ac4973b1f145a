from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qa_sync.dashboards.requests import Decision, Request, decide
from qa_sync.runner.schedule import next_run

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPACING = timedelta(minutes=5)
ONE, TWO = Request(dashboard="weekly", place="sheet"), Request(dashboard="weekly", place="other")
ELSE = Request(dashboard="sites", place="sheet")


def test_requests_of_one_dashboard_are_one_refresh() -> None:
    decision = decide([ONE, TWO, ONE, ELSE], now=NOW, last={}, spacing=SPACING)
    assert decision == Decision(now={"weekly": (ONE, TWO), "sites": (ELSE,)})


@pytest.mark.parametrize(("minutes", "waits"), [(0, True), (4.99, True), (5, False), (60, False), (-10, False)])
def test_two_refreshes_of_one_dashboard_stand_apart(minutes: float, waits: bool) -> None:
    last = NOW - timedelta(minutes=minutes)
    decision = decide([ONE], now=NOW, last={"weekly": last}, spacing=SPACING)
    assert decision == (Decision(later={ONE: last + SPACING}) if waits else Decision(now={"weekly": (ONE,)}))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-02T06:59:59+00:00", "2026-03-02T07:00:00+00:00"),
        ("2026-03-02T07:00:00+00:00", "2026-03-02T13:00:00+00:00"),
        ("2026-03-06T13:00:00+00:00", "2026-03-09T07:00:00+00:00"),
        # From the last Sunday of March on Dublin is an hour ahead.
        ("2026-03-28T12:00:00+00:00", "2026-03-30T06:00:00+00:00"),
    ],
)
def test_the_next_run_is_told_in_the_zone_of_the_programme(after: str, expected: str) -> None:
    found = next_run(
        datetime.fromisoformat(after), at=["13:00", "07:00"], days=["mon", "tue", "fri"], zone="Europe/Dublin"
    )
    assert found == datetime.fromisoformat(expected)


def test_without_a_day_there_is_no_next_run() -> None:
    assert next_run(NOW, at=["07:00"], days=[], zone="UTC") is None
