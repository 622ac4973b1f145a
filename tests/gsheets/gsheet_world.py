"""A spreadsheet in an emulator, a dashboard to publish to it, and people at work in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qa_sync.dashboards.cells import Cell, Chart, Field, Present, Receipt, Tab, TabPlan, TabShape
from qa_sync.dashboards.plan import Base, plan_tab
from qa_sync.http import Retry
from qa_sync.ports import Context
from qa_sync_gsheets.sandbox import SheetsSandbox, start
from qa_sync_gsheets.settings import read_sink_settings
from qa_sync_gsheets.sink import SheetsSink
from qa_sync_gsheets.transport import Transport

SHAPE = TabShape(
    dashboard="weekly",
    name="pairs",
    title="Pairs",
    key="pair_id",
    fields=(
        Field(name="pair_id", label="Pair", width=120, doc="Identity of the pair."),
        Field(name="evaluator", label="Evaluator", policy="enforce"),
        Field(name="outcome", label="Outcome", width=150, tone="outcome"),
        Field(name="leniency", label="Leniency", kind="number", decimals=1, tone="leniency"),
        Field(name="agreement", label="Agreement", kind="percent", decimals=1, tone="share"),
        Field(name="week", label="Week of", kind="date"),
    ),
    charts=(
        Chart(
            name="agreement",
            title="Agreement",
            kind="line",
            data="pairs",
            x="pair_id",
            series=("agreement",),
            percent=True,
        ),
    ),
    notes=("Audits of the last 12 weeks.",),
)
OUTCOMES = ("EXACT", "LENIENT", "STRICT", "CRITICAL_MISS", "WITHIN_TOLERANCE")


def context(folder: Path, name: str = "sheet") -> Context:
    return Context(name=name, folder=folder, state=folder / "state")


def rows(count: int, *, start_at: int = 0, salt: float = 0.0) -> dict[str, list[Cell]]:
    """Return columns of ``count`` pairs; ``salt`` changes every number."""
    ids = range(start_at, start_at + count)
    return {
        "pair_id": [f"P{number:04d}" for number in ids],
        "evaluator": [f"evaluator {number % 7}" for number in ids],
        "outcome": [OUTCOMES[number % len(OUTCOMES)] for number in ids],
        "leniency": [None if number % 11 == 3 else float(number % 9) - 4 + salt for number in ids],
        "agreement": [round(0.5 + (number % 50) / 100 + salt / 100, 6) for number in ids],
        "week": [45292.0 + 7 * (number % 12) for number in ids],
    }


def tab(columns: Mapping[str, Sequence[Cell]], shape: TabShape = SHAPE) -> Tab:
    return Tab(shape=shape, columns=columns)


def base_of(one: Tab) -> Base:
    names = one.shape.field_names
    return {
        str(key): {name: one.columns[name][at] for name in names} for at, key in enumerate(one.columns[one.shape.key])
    }


class World:
    """One emulator, one spreadsheet, one publisher at a time."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.sandbox: SheetsSandbox = start(**options)
        self.spreadsheet = self.sandbox.create_spreadsheet("QA")
        self.slept: list[float] = []

    def sink(self, *, state: str = "state", timeout: float = 5.0, guard: str = "recreate") -> SheetsSink:
        settings = read_sink_settings(
            {
                "spreadsheet": self.spreadsheet,
                "base_url": self.sandbox.url,
                "credentials": "anonymous",
                "unverified": {"column_guard": guard},
            },
            "sheet",
        )
        import requests

        transport = Transport(
            requests.Session(),
            base_url=self.sandbox.url,
            timeout=timeout,
            calls_per_minute=1_000_000,
            retry=Retry(attempts=6, sleep=self.slept.append),
        )
        where = Context(name="sheet", folder=self.folder, state=self.folder / state)
        return SheetsSink(settings, where, transport)

    def publish(self, *tabs: Tab, base: Mapping[str, Base] | None = None, sink: SheetsSink | None = None) -> Receipt:
        own = sink or self.sink()
        try:
            present = own.present([one.shape for one in tabs])
            return own.apply(self.plan(present, *tabs, base=base), present)
        finally:
            if sink is None:
                own.close()

    @staticmethod
    def plan(present: Present, *tabs: Tab, base: Mapping[str, Base] | None = None) -> list[TabPlan]:
        return [plan_tab(one, present.tabs.get(one.shape.name), (base or {}).get(one.shape.name)) for one in tabs]

    def read(self, *tabs: Tab) -> Present:
        sink = self.sink(state="reader")
        try:
            return sink.present([one.shape for one in tabs])
        finally:
            sink.close()

    def shown(self, one: Tab) -> dict[Cell, dict[str, Cell]]:
        """Return key → field → cell as the sheet has it now."""
        there = self.read(one).tabs[one.shape.name].columns
        return {
            key: {name: column[at] for name, column in there.items()} for at, key in enumerate(there[one.shape.key])
        }

    def cells(self, title: str = "Pairs") -> list[list[Any]]:
        return self.sandbox.human.rows(self.spreadsheet, title)

    @staticmethod
    def find(sandbox: SheetsSandbox, spreadsheet: str, shape: TabShape, key: str, label: str) -> tuple[int, int]:
        """Return (row, column) of a key's row and a header; a header not there is the next free column."""
        cells = sandbox.human.rows(spreadsheet, shape.title)
        head = cells[0]
        key_label = next(f.label for f in shape.fields if f.name == shape.key)
        at = head.index(key_label)
        row = next(number for number, line in enumerate(cells) if line[at] == key)
        return row, head.index(label) if label in head else len(head)

    def close(self) -> None:
        deviations = list(self.sandbox.deviations)
        refused = [one for one in self.sandbox.log if one.status == 400]
        self.sandbox.stop()
        assert deviations == []
        self.refused = refused
