"""The sink suite passes an honest sink in memory and catches every lie planted here, by name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from qa_sync.dashboards.cells import Cell, Present, PresentTab, Receipt, TabPlan, TabShape
from qa_sync.dashboards.look import shape_hash
from qa_sync.errors import AuthError, Problem
from qa_sync.ports import Sink
from qa_sync.testing.contract import SinkContract, SinkWorld

SECRET = "tok-77c1"


class MemorySink:
    """Tabs as dicts: key → header → cell. Our fields go by name, an analyst's columns by their header."""

    def __init__(self, world: MemoryWorld, *, token: str = SECRET) -> None:
        self.world = world
        self.token = token

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        return []

    def close(self) -> None:
        return None

    def present(self, tabs: Sequence[TabShape]) -> Present:
        self.admit()
        return Present(tabs={shape.name: self.tab(shape) for shape in tabs if shape.name in self.world.tabs})

    def admit(self) -> None:
        if self.token != SECRET:
            msg = "memory: refused"
            raise AuthError(msg)

    def tab(self, shape: TabShape) -> PresentTab:
        look, fields, rows = self.world.tabs[shape.name]
        keys = list(rows)
        return PresentTab(
            columns={name: [self.read(rows[key].get(name)) for key in keys] for name in fields},
            rows=range(len(keys)),
            shape_hash=look,
            height=len(keys),
            handle=keys,
        )

    def read(self, cell: Cell) -> Cell:
        return cell

    def write(self, row: dict[str, Cell], name: str, cell: Cell) -> None:
        row[name] = cell

    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        written = 0
        for plan in plans:
            shape = plan.wanted.shape
            rows: dict[str, dict[str, Cell]] = self.world.tabs.get(shape.name, ("", (), {}))[2]
            keys = list(rows)
            self.world.tabs[shape.name] = (shape_hash(shape), shape.field_names, rows)
            for name, (positions, cells) in plan.updates.items():
                for position, cell in zip(positions, cells, strict=True):
                    self.write(rows[keys[position]], name, cell)
                    written += 1
            for at in range(plan.inserted_rows):
                row: dict[str, Cell] = {}
                for name in shape.field_names:
                    self.write(row, name, plan.inserts[name][at])
                    written += 1
                self.insert(rows, str(plan.inserts[shape.key][at]), row)
        return Receipt(data_cells=written)

    def insert(self, rows: dict[str, dict[str, Cell]], key: str, row: dict[str, Cell]) -> None:
        rows[key] = row


class MemoryWorld(SinkWorld):
    secret = SECRET

    def __init__(self, kind: type[MemorySink] = MemorySink) -> None:
        self.kind = kind
        self.tabs: dict[str, Any] = {}

    def connect(self) -> Sink:
        return self.kind(self)

    def connect_with_bad_credentials(self) -> Sink | None:
        return self.kind(self, token="wrong")

    def type_in(self, shape: TabShape, key: str, label: str, cell: Cell) -> bool:
        name = next((field.name for field in shape.fields if field.label == label), label)
        self.tabs[shape.name][2][key][name] = cell
        return True

    def cell_at(self, shape: TabShape, key: str, label: str) -> Cell:
        name = next((field.name for field in shape.fields if field.label == label), label)
        cell: Cell = self.tabs[shape.name][2][key].get(name)
        return cell


class TestMemorySink(SinkContract):
    def world(self, tmp_path: Path) -> SinkWorld:
        return MemoryWorld()


class TakesTextForNumbers(MemorySink):
    def write(self, row: dict[str, Cell], name: str, cell: Cell) -> None:
        row[name] = float(cell) if isinstance(cell, str) and cell.isdigit() else cell


class DropsTheEqualsSign(MemorySink):
    def write(self, row: dict[str, Cell], name: str, cell: Cell) -> None:
        row[name] = cell.removeprefix("=") if isinstance(cell, str) else cell


class EmptyIsZero(MemorySink):
    def write(self, row: dict[str, Cell], name: str, cell: Cell) -> None:
        row[name] = 0.0 if cell is None else cell


class CutsLongTexts(MemorySink):
    def write(self, row: dict[str, Cell], name: str, cell: Cell) -> None:
        row[name] = cell[:1000] if isinstance(cell, str) else cell


class TruthIsANumber(MemorySink):
    def read(self, cell: Cell) -> Cell:
        return float(cell) if isinstance(cell, bool) else cell


class ForgetsTheLook(MemorySink):
    def tab(self, shape: TabShape) -> PresentTab:
        made = super().tab(shape)
        return PresentTab(columns=made.columns, rows=made.rows, height=made.height)


class CountsWrong(MemorySink):
    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        return Receipt(data_cells=super().apply(plans, present).data_cells + 1)


class WritesEverythingAnew(MemorySink):
    """Draws from wanted, and so loses what people wrote."""

    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        for plan in plans:
            self.world.tabs.pop(plan.wanted.shape.name, None)
            columns, shape = plan.wanted.columns, plan.wanted.shape
            rows = {
                str(key): {name: columns[name][at] for name in shape.field_names}
                for at, key in enumerate(columns[shape.key])
            }
            self.world.tabs[shape.name] = (shape_hash(shape), shape.field_names, rows)
        return Receipt(data_cells=sum(plan.data_cells for plan in plans))


class WritesOneRowTooLow(MemorySink):
    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        for plan in plans:
            for name, (positions, cells) in list(plan.updates.items()):
                if plan.create or len(plan.wanted.columns[name]) < 2:
                    continue
                moved = [(position + 1) % len(plan.wanted.columns[name]) for position in positions]
                plan.updates[name] = (moved, cells)  # type: ignore[index]
        return super().apply(plans, present)


class IgnoresUpdates(MemorySink):
    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        count = sum(plan.data_cells for plan in plans)
        bare = [TabPlan(wanted=plan.wanted, create=plan.create, inserts=plan.inserts) for plan in plans]
        super().apply(bare, present)
        return Receipt(data_cells=count)


class InventsTabs(MemorySink):
    def present(self, tabs: Sequence[TabShape]) -> Present:
        return Present(tabs={shape.name: PresentTab(columns={shape.key: []}, rows=[]) for shape in tabs})


class IgnoresBadCredentials(MemorySink):
    def admit(self) -> None:
        return None


class ShowsItsSecret(MemorySink):
    def admit(self) -> None:
        if self.token != SECRET:
            msg = f"refused, expected {SECRET}"
            raise AuthError(msg)


class FalseAlarm(MemorySink):
    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        return [Problem(what="something is wrong")]


CAUGHT_BY = {
    TakesTextForNumbers: "formula_looking_text",
    DropsTheEqualsSign: "formula_looking_text",
    EmptyIsZero: "applied_is_present",
    TruthIsANumber: "applied_is_present",
    CutsLongTexts: "long_text",
    ForgetsTheLook: "nothing_changed",
    CountsWrong: "nothing_changed",
    WritesEverythingAnew: "own_columns",
    WritesOneRowTooLow: "one_changed_cell",
    IgnoresUpdates: "vanished_record",
    InventsTabs: "empty_place",
    IgnoresBadCredentials: "bad_credentials",
    ShowsItsSecret: "bad_credentials",
    FalseAlarm: "empty_place",
}


def failures(kind: type[MemorySink]) -> list[str]:
    failed: list[str] = []
    for name, claim in inspect.getmembers(SinkContract, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        for extra in ((3,), (0,)) if "count" in inspect.signature(claim).parameters else ((),):
            try:
                claim(SinkContract(), MemoryWorld(kind), *extra)
            except pytest.skip.Exception:
                continue
            except (pytest.fail.Exception, LookupError):
                failed.append(name)
    return failed


def test_an_honest_sink_breaks_no_claim() -> None:
    assert failures(MemorySink) == []


@pytest.mark.parametrize(("kind", "claim"), CAUGHT_BY.items(), ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_bug_is_caught_by_the_claim_about_it(kind: type[MemorySink], claim: str) -> None:
    assert any(claim in name for name in failures(kind)), failures(kind)
