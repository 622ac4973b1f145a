"""What a row is held against: how it stood at the first publish after its week had ended, on a tab that showed the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from qa_sync.model.system import PUBLISHED
from qa_sync.reports import Ask
from qa_sync.reports.as_published import end_of
from qa_sync.runner.published_past import PublishedPast
from qa_sync.store import Run, Snapshot, Store

WEEK = "2026-W02"  # ends on Monday, January 12th
SUMMARY = "tabs: [{name: summary, report: summary, by: [site, week]}]"


def at(day: int, hour: int = 6) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


class Programme:
    """A store whose runs published what a test says."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.for_each = ""

    def run(
        self, day: int, rows: dict[str, dict[str, Any] | None], *, definition: str = SUMMARY, place: str = "sheet"
    ) -> None:
        """One run: the rows that it wrote (None: took away) on the tab ``summary`` of one place."""
        written = [
            {
                "run_id": f"r{day}",
                "at": at(day, 5),
                "dashboard": "weekly",
                "sink": place,
                "tab": "summary",
                "key": key,
                "cells": json.dumps(cells or {}),
                "removed": cells is None,
            }
            for key, cells in rows.items()
        ]
        self.store.ledger.append("published", pa.Table.from_pylist(written, schema=PUBLISHED))
        self.store.ledger.finish(
            Run(
                run_id=f"r{day}",
                command="run",
                status="done",
                started_at=at(day, 4),
                finished_at=at(day),
                counts={"publish": {f"weekly > {place}": {}}},
                snapshot=Snapshot(contents={"dashboards": {"weekly": definition}}),
            )
        )

    def past(self, run: str = "now", before: datetime | None = None) -> PublishedPast:
        settings = SimpleNamespace(dashboards={"weekly": SimpleNamespace(for_each=self.for_each)})
        workspace: Any = SimpleNamespace(store=self.store, settings=settings)
        return PublishedPast(workspace, run, before=before)

    def first(self, ask: Ask | None = None, *keys: str, **more: Any) -> dict[str, tuple[str, Any]]:
        """Key → (run, cells) of rows as first published."""
        ended = {key: end_of(WEEK, "UTC") for key in keys or (f"Dublin|{WEEK}",)}
        found = self.past(**more).first_published("summary", ask or Ask(), ended)
        return {key: (one.run_id, one.cells) for key, one in found.items()}


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    return Programme(tmp_path / "data")


KEY = f"Dublin|{WEEK}"


def test_the_first_publish_after_the_week_had_ended_counts_and_none_before_or_after(programme: Programme) -> None:
    programme.run(9, {KEY: {"pairs": 1.0}})  # the week still goes on
    programme.run(12, {KEY: {"pairs": 2.0}})
    programme.run(14, {KEY: {"pairs": 3.0}})
    assert programme.first() == {KEY: ("r12", {"pairs": 2.0})}


def test_a_publish_that_changed_nothing_still_showed_what_stood_there(programme: Programme) -> None:
    programme.run(9, {KEY: {"pairs": 1.0}})
    programme.run(12, {})
    programme.run(14, {KEY: {"pairs": 3.0}})
    assert programme.first() == {KEY: ("r12", {"pairs": 1.0})}


def test_a_run_is_none_of_its_own_past_and_knows_nothing_of_later_ones(programme: Programme) -> None:
    programme.run(12, {KEY: {"pairs": 2.0}})
    assert programme.first(None, KEY, run="r12") == {}
    assert programme.first(None, KEY, run="r13", before=at(12)) == {}
    assert programme.first(None, KEY, run="r13", before=at(13)) == {KEY: ("r12", {"pairs": 2.0})}


def test_nothing_published_is_nothing_said(programme: Programme) -> None:
    assert programme.first() == {}


def test_a_tab_that_showed_other_rows_is_no_measure(programme: Programme) -> None:
    other = "tabs: [{name: summary, report: summary, by: [site, week], where: {queue: Billing}}]"
    programme.run(12, {KEY: {"pairs": 2.0}}, definition=other)
    assert programme.first() == {}
    assert programme.first(Ask(where={"queue": "Billing"})) == {KEY: ("r12", {"pairs": 2.0})}
    assert programme.first(Ask(by=("week", "site"))) == {}
    assert programme.first(Ask(audience="auditees")) == {}


def test_a_row_that_was_not_there_when_its_tab_was_is_known_to_be_new(programme: Programme) -> None:
    programme.run(12, {KEY: {"pairs": 2.0}, f"Cork|{WEEK}": None})
    rows = [KEY, f"Cork|{WEEK}", f"Galway|{WEEK}"]
    assert programme.first(None, *rows) == {KEY: ("r12", {"pairs": 2.0}), rows[1]: ("r12", {}), rows[2]: ("r12", {})}


def test_a_row_that_retention_may_have_taken_is_not_called_new(programme: Programme) -> None:
    programme.run(12, {KEY: {"pairs": 2.0}})
    other = f"Cork|{WEEK}"
    assert programme.first(None, other) == {other: ("r12", {})}
    counts = {"expire": {"rows": {"published": 3}, "runs": []}}
    let_go = Run(
        run_id="e13",
        command="expire",
        status="done",
        started_at=at(13),
        finished_at=at(13),
        counts=counts,
        snapshot=None,
    )
    programme.store.ledger.finish(let_go)
    assert programme.first(None, KEY, other) == {KEY: ("r12", {"pairs": 2.0})}


def test_each_sites_own_place_speaks_for_its_own_rows_only(programme: Programme) -> None:
    programme.for_each = "site"
    programme.run(12, {KEY: {"pairs": 2.0}}, place="sheet/Dublin")
    programme.run(13, {f"Cork|{WEEK}": {"pairs": 5.0}}, place="sheet/Cork")
    keys = [KEY, f"Cork|{WEEK}", f"Galway|{WEEK}"]
    assert programme.first(None, *keys) == {KEY: ("r12", {"pairs": 2.0}), keys[1]: ("r13", {"pairs": 5.0})}
    assert programme.first(Ask(where={"site": "Dublin"}), KEY) == {KEY: ("r12", {"pairs": 2.0})}
    # A grouping that the site is no part of: the numbers of one site's place are not those of all.
    queues = "tabs: [{name: summary, report: summary, by: [queue, week]}]"
    programme.run(15, {f"Billing|{WEEK}": {"pairs": 1.0}}, place="sheet/Dublin", definition=queues)
    assert programme.first(Ask(by=("queue", "week")), f"Billing|{WEEK}") == {}


def test_of_several_places_the_earliest_counts(programme: Programme) -> None:
    programme.run(12, {KEY: {"pairs": 2.0}}, place="workbook")
    programme.run(13, {KEY: {"pairs": 3.0}}, place="sheet")
    assert programme.first() == {KEY: ("r12", {"pairs": 2.0})}


@pytest.mark.parametrize(
    ("week", "zone", "moment"),
    [
        ("2026-W53", "UTC", "2027-01-04T00:00:00+00:00"),
        ("2026-W01", "America/Los_Angeles", "2026-01-05T00:00:00-08:00"),
        ("2026-W13", "Europe/Dublin", "2026-03-30T00:00:00+01:00"),  # the clocks went forward that Sunday
    ],
)
def test_a_week_ends_on_the_programmes_clock(week: str, zone: str, moment: str) -> None:
    assert end_of(week, zone).isoformat() == moment
