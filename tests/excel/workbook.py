"""A workbook on disk, and a person who works in it with a program of their own (openpyxl)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from qa_sync.dashboards.cells import Cell, Field, Tab, TabShape
from qa_sync.ports import Context, Sink
from qa_sync.testing.contract import SinkWorld
from qa_sync_excel import connect

SHAPE = TabShape(
    dashboard="weekly",
    name="pairs",
    title="Pairs",
    key="pair",
    fields=(
        Field(name="pair", label="Pair"),
        Field(name="score", label="Score", kind="number"),
        Field(name="outcome", label="Outcome"),
    ),
)


def tab(*keys: str, shape: TabShape = SHAPE, score: float = 50.0) -> Tab:
    columns: dict[str, Any] = {
        "pair": list(keys),
        "score": [score + at for at in range(len(keys))],
        "outcome": ["EXACT"] * len(keys),
    }
    return Tab(shape=shape, columns={name: columns.get(name, [None] * len(keys)) for name in shape.field_names})


def context(workspace: Path) -> Context:
    return Context(name="workbook", folder=workspace, state=workspace / "state")


class ExcelWorld(SinkWorld):
    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.path = workspace / "out" / "weekly.xlsx"

    def connect(self) -> Sink:
        return connect({"path": "out/weekly.xlsx", "title": "Weekly quality"}, context(self.workspace))

    def edit(self, change: Callable[[Any], None]) -> None:
        """Let a person change the workbook. openpyxl loses the values of formulas and moves no reference."""
        book = self.opened()
        change(book)
        book.save(self.path)

    def opened(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(self.path)

    def type_in(self, shape: TabShape, key: str, label: str, cell: Cell) -> bool:
        def change(book: Any) -> None:
            sheet = next(one for one in book.worksheets if one["A1"].value == shape.fields[0].label)
            header = [one.value for one in sheet[1]]
            column = header.index(label) + 1 if label in header else len(header) + 1
            sheet.cell(1, column).value = label
            row = [one.value for one in sheet["A"]].index(key) + 1
            target = sheet.cell(row, column, cell)
            if isinstance(cell, str):
                target.data_type = "s"

        self.edit(change)
        return True

    def cell_at(self, shape: TabShape, key: str, label: str) -> Cell:
        sheet = next(one for one in self.opened().worksheets if one["A1"].value == shape.fields[0].label)
        column = [one.value for one in sheet[1]].index(label) + 1
        value: Cell = sheet.cell([one.value for one in sheet["A"]].index(key) + 1, column).value
        return value
