"""The shipped contracts of sinks and sources, against the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gsheets.gsheet_world import World, context

from qa_sync.dashboards.cells import Cell, TabShape
from qa_sync.http import Retry
from qa_sync.ports import Sink, Source
from qa_sync.testing.contract import SinkContract, SinkWorld, SourceContract, SourceWorld
from qa_sync_gsheets import connect_sink
from qa_sync_gsheets.credentials import open_session
from qa_sync_gsheets.sandbox import start
from qa_sync_gsheets.settings import read_source_settings
from qa_sync_gsheets.source import SheetsSource
from qa_sync_gsheets.transport import Transport


class SheetWorld(SinkWorld):
    """A new spreadsheet of an emulator that wants a token."""

    secret = "PRIVATE KEY"

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.sandbox = start(require_token=True)
        self.spreadsheet = self.sandbox.create_spreadsheet("contract")

    def settings(self, **more: Any) -> dict[str, Any]:
        key = next(iter(self.sandbox.environment().values()))
        return {
            "spreadsheet": self.spreadsheet,
            "base_url": self.sandbox.url,
            "credentials": {"kind": "service_account", "json": key},
            "calls_per_minute": 100_000,
            **more,
        }

    def connect(self) -> Sink:
        return connect_sink(self.settings(), context(self.folder))

    def connect_with_bad_credentials(self) -> Sink:
        stranger = start(require_token=True, account="stranger@sandbox.example")
        key = next(iter(stranger.environment().values())).replace(stranger.url, self.sandbox.url)
        stranger.stop()
        return connect_sink(self.settings(credentials={"kind": "service_account", "json": key}), context(self.folder))

    def type_in(self, shape: TabShape, key: str, label: str, cell: Cell) -> bool:
        row, column = World.find(self.sandbox, self.spreadsheet, shape, key, label)
        head = self.sandbox.human.rows(self.spreadsheet, shape.title)[0]
        if column == len(head):
            self.sandbox.human.edit(self.spreadsheet, shape.title, 0, column, label, typed=False)
        self.sandbox.human.edit(self.spreadsheet, shape.title, row, column, cell, typed=False)
        return True

    def cell_at(self, shape: TabShape, key: str, label: str) -> Cell:
        row, column = World.find(self.sandbox, self.spreadsheet, shape, key, label)
        value: Cell = self.sandbox.human.value(self.spreadsheet, shape.title, row, column)
        return value

    def close(self) -> None:
        deviations = list(self.sandbox.deviations)
        self.sandbox.stop()
        assert deviations == []


class TestSheetsSink(SinkContract):
    def world(self, tmp_path: Path) -> SheetWorld:
        return SheetWorld(tmp_path)


class RosterWorld(SourceWorld):
    """A tab of 23 people, read seven rows at a time."""

    stream = "roster"
    pages = 4
    secret = "PRIVATE KEY"

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.sandbox = start(require_token=True)
        self.spreadsheet = self.sandbox.create_spreadsheet("input")
        people = [[f"E{number:03d}", f"Person {number}", number / 2] for number in range(23)]
        self.sandbox.add_tab(self.spreadsheet, "Roster", [["person", "name", "hours"], *people])
        self.expected_ids = {str(person[0]) for person in people}

    def _source(self, key: str) -> Source:
        settings = read_source_settings(
            {
                "spreadsheet": self.spreadsheet,
                "base_url": self.sandbox.url,
                "page_rows": 7,
                "credentials": {"kind": "service_account", "json": key},
                "calls_per_minute": 100_000,
                "tabs": {"roster": {"title": "Roster", "key": "person"}},
            },
            "people",
        )
        session = open_session(settings.credentials, self.folder, ("sources", "people"), read_only=True)
        retry = Retry(sleep=lambda _seconds: None)
        transport = Transport(session, base_url=self.sandbox.url, retry=retry, calls_per_minute=100_000)
        return SheetsSource(settings, context(self.folder), transport)

    def connect(self) -> Source:
        return self._source(next(iter(self.sandbox.environment().values())))

    def connect_with_bad_credentials(self) -> Source:
        stranger = start(require_token=True, account="stranger@sandbox.example")
        key = next(iter(stranger.environment().values())).replace(stranger.url, self.sandbox.url)
        stranger.stop()
        return self._source(key)

    def rate_limit(self, seconds: float) -> bool:
        self.sandbox.faults.plan("quota", on="read")
        return True

    def plant_bad_record(self) -> str:
        self.sandbox.human.edit(self.spreadsheet, "Roster", 24, 1, "nobody")
        return "row 25"

    def close(self) -> None:
        deviations = list(self.sandbox.deviations)
        self.sandbox.stop()
        assert deviations == []


class TestSheetsSource(SourceContract):
    def world(self, tmp_path: Path) -> RosterWorld:
        return RosterWorld(tmp_path)
