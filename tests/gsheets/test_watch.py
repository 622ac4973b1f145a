"""People tick a box and get fresh data: once, soon, with an answer, and without a door to the outside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from program.command import qa_sync
from program.finished import Finished
from program.worlds import edit, own_copy

from qa_sync.errors import ConfigError, SourceError
from qa_sync.runner.watch import Watch
from qa_sync.runner.workspace import Workspace
from qa_sync_gsheets import drive
from qa_sync_gsheets.sandbox import SheetsSandbox, start

CONTROL = "_qa_sync"
WEEKLY = "mappings/dashboards/weekly.yaml"


class _Refused(Workspace):
    """A workspace whose sources refuse."""

    def refresh(self, *_: Any, **__: Any) -> Any:
        msg = "zendesk refused the credentials"
        raise SourceError(msg)


@dataclass
class Office:
    """A workspace, its spreadsheet, somebody at it, and a watch whose clock we set."""

    folder: Path
    sandbox: SheetsSandbox
    sheet: str
    #: A Monday later than whatever the finished workspace has seen.
    now: datetime = datetime(2100, 3, 1, 9, tzinfo=UTC)
    said: list[str] = field(default_factory=list)
    broken: bool = False

    def workspace(self) -> Workspace:
        return (
            _Refused(self.folder, clock=lambda: self.now)
            if self.broken
            else Workspace(self.folder, clock=lambda: self.now)
        )

    def watch(self, **options: Any) -> Watch:
        return Watch(self.workspace, notify=self.said.append, **options)

    def shown(self) -> dict[str, Any]:
        return {row[0]: row[2] for row in self.sandbox.human.rows(self.sheet, CONTROL)[1:] if row[0]}

    def fill_in(self, item: str, value: Any) -> None:
        rows = self.sandbox.human.rows(self.sheet, CONTROL)
        at = next(number for number, row in enumerate(rows) if row[0] == item)
        self.sandbox.human.edit(self.sheet, CONTROL, at, 2, value, typed=False)

    def calls(self) -> list[str]:
        found = [f"{one.verb} {one.path.rpartition('/')[2]}" for one in self.sandbox.log]
        self.sandbox.log.clear()
        return found

    def break_data(self) -> None:
        """Empty a managed cell, so that a refresh has something to write."""
        self.sandbox.human.edit(self.sheet, "Summary", 1, 3, "overwritten", typed=False)


NOW = datetime(2100, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def refreshed(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose dashboard has been refreshed into a spreadsheet, which is kept beside it."""
    folder = tmp_path_factory.mktemp("watched") / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    own_copy(folder, "dashboards/weekly.yaml")
    edit(folder, lambda d: d.update(tabs=[{"name": "summary", "report": "summary", "title": "Summary"}]), WEEKLY)
    sandbox = start(persist=folder / "sheets.json")
    edit(folder, lambda workspace: _show_in(workspace, sandbox, sandbox.create_spreadsheet("QA")))
    Workspace(folder, clock=lambda: NOW).refresh("weekly")
    sandbox.stop()
    return folder


def _show_in(workspace: dict[str, Any], sandbox: SheetsSandbox, sheet: str) -> None:
    settings = {"connector": "gsheets", "spreadsheet": sheet, "base_url": sandbox.url, "credentials": "anonymous"}
    workspace["sinks"] = {"sheet": {**settings, "watch": "drive"}}
    workspace["dashboards"]["weekly"]["sinks"] = ["sheet"]


@pytest.fixture
def office(refreshed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(drive, "FRESH_SECONDS", 0.0)
    folder = tmp_path / "copy"
    shutil.copytree(refreshed, folder)
    sandbox = start(persist=folder / "sheets.json")
    sheet = next(iter(sandbox.drive.files))
    edit(folder, lambda workspace: _show_in(workspace, sandbox, sheet))
    made = Office(folder, sandbox, sheet)
    yield made
    assert list(sandbox.deviations) == []
    sandbox.stop()


def test_a_ticked_box_brings_fresh_data_and_is_emptied_in_the_same_batch(office: Office) -> None:
    watch = office.watch()
    office.now += timedelta(hours=1)
    assert watch.look() == []
    office.fill_in("refresh", True)
    office.fill_in("asked_by", "dana@example.invalid")
    office.break_data()
    office.calls()
    (report,) = watch.look()
    assert report.command == "refresh"
    there = office.shown()
    assert (there["refresh"], there["asked_by"]) == (False, None)
    assert there["request"] == (
        f"done {office.now:%Y-%m-%d %H:%M} UTC: 1 data cells changed, asked by dana@example.invalid"
    )
    assert there["run"] == report.run_id
    # One write says that it is running, and one brings data and answer together.
    assert [call for call in office.calls() if "batchUpdate" in call] == [f"POST {office.sheet}:batchUpdate"] * 2
    assert watch.look() == []
    watch.close()


def test_looking_costs_no_call_of_sheets_while_nobody_does_anything(office: Office) -> None:
    watch = office.watch()
    watch.look()
    watch.look()
    office.calls()
    for _ in range(3):
        assert watch.look() == []
    assert office.calls() == ["GET changes"] * 3
    watch.close()


def test_a_request_before_its_time_is_told_when_its_turn_is_and_then_carried_out(office: Office) -> None:
    watch = office.watch()
    office.fill_in("refresh", True)
    assert watch.look() == []
    turn = watch._last["weekly"] + timedelta(minutes=5)
    told = f"waiting: the next refresh can be at {turn:%H:%M} UTC, asked by analyst@example.invalid"
    assert office.shown()["request"] == told
    office.calls()
    assert watch.look() == []
    assert [call for call in office.calls() if "batchUpdate" in call] == []
    office.now = turn
    assert len(watch.look()) == 1
    there = office.shown()
    assert there["refresh"] is False
    assert there["request"].startswith(f"done {office.now:%Y-%m-%d %H:%M} UTC: nothing new")
    watch.close()


def test_a_refresh_that_fails_says_why_where_it_was_asked_for(office: Office) -> None:
    watch = office.watch()
    office.now += timedelta(hours=1)
    office.fill_in("refresh", True)
    office.broken = True
    assert watch.look() == []
    there = office.shown()
    assert there["refresh"] is False
    assert there["request"].startswith("failed 2100-03-01 10:00 UTC: zendesk refused the credentials")
    office.broken = False
    office.now += timedelta(hours=1)
    assert watch.look() == []
    office.fill_in("refresh", True)
    assert len(watch.look()) == 1
    watch.close()


def test_in_a_place_of_one_site_the_reason_of_a_failure_is_not_told(office: Office) -> None:
    def one_site(workspace: dict[str, Any]) -> None:
        workspace["dashboards"]["weekly"]["for_each"] = "site"
        workspace["sinks"]["sheet"]["for_each"] = {"Dublin": {"spreadsheet": office.sheet}}

    edit(office.folder, one_site)
    office.broken = True
    watch = office.watch()
    office.now += timedelta(hours=1)
    office.fill_in("refresh", True)
    assert watch.look() == []
    assert office.shown()["request"] == (
        "failed 2100-03-01 10:00 UTC: the administrator can see why, asked by analyst@example.invalid"
    )
    assert "weekly: zendesk refused the credentials" in office.said
    watch.close()


def test_a_crash_leaves_the_box_ticked_and_the_next_watch_takes_it_up(office: Office) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    office.now += timedelta(hours=1)
    office.fill_in("refresh", True)
    watch = office.watch()
    workspace = office.workspace()
    workspace.refresh = dies  # type: ignore[method-assign,assignment]
    watch.open_workspace = lambda: workspace
    with pytest.raises(Killed):
        watch.look()
    watch.close()
    assert office.shown()["refresh"] is True
    assert office.shown()["request"].startswith("running since")
    again = office.watch()
    assert len(again.look()) == 1
    assert office.shown()["refresh"] is False
    again.close()


def test_what_stands_in_the_tab_decides_nothing_but_that_a_refresh_is_wanted(office: Office) -> None:
    watch = office.watch()
    office.now += timedelta(hours=1)
    office.fill_in("asked_by", "=IMPORTDATA(1)\x07; DROP TABLE pairs " + "x" * 500)
    assert watch.look() == []
    office.fill_in("refresh", "yes please")
    assert watch.look() == []
    office.fill_in("refresh", True)
    office.broken = True  # that it was wanted shows in either answer
    assert watch.look() == []
    assert office.shown()["request"].startswith("failed ")
    assert len(office.shown()["request"]) < 200
    watch.close()


def test_a_publish_that_nobody_asked_for_leaves_the_box_as_it_is(office: Office) -> None:
    office.fill_in("refresh", True)
    office.break_data()
    office.workspace().publish()
    assert office.shown()["refresh"] is True


def test_everything_is_run_when_the_schedule_says_so(office: Office) -> None:
    edit(office.folder, lambda settings: settings.update(schedule={"at": ["09:30"], "days": ["mon"]}))
    watch = office.watch()
    assert watch.look() == []
    office.now += timedelta(minutes=29)
    assert watch.look() == []
    office.break_data()
    office.now += timedelta(minutes=2)
    assert [report.command for report in watch.look()] == ["run"]
    assert office.shown()["next"] == "2100-03-08 09:30"
    assert watch.look() == []
    watch.close()


def test_where_drive_does_not_tell_the_control_tab_is_read(office: Office) -> None:
    edit(office.folder, lambda settings: settings["sinks"]["sheet"].pop("watch"))
    watch = office.watch()
    office.now += timedelta(hours=1)
    watch.look()
    office.calls()
    assert watch.look() == []
    assert office.calls() == ["POST values:batchGetByDataFilter"]
    office.fill_in("refresh", True)
    office.broken = True  # that the box was seen shows in either answer
    assert watch.look() == []
    assert office.shown()["request"].startswith("failed ")
    watch.close()


def test_a_workspace_without_anything_to_watch_is_refused(office: Office) -> None:
    def change(workspace: dict[str, Any]) -> None:
        workspace["sinks"] = {"book": {"connector": "excel", "path": "x.xlsx"}}
        workspace["dashboards"]["weekly"]["sinks"] = ["book"]

    edit(office.folder, change)
    with pytest.raises(ConfigError, match="nothing to watch"):
        office.watch().look()
    assert "nothing to watch" in qa_sync(office.folder, "watch", "--once", "--quiet", expect=2).err
