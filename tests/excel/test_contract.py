"""The workbook keeps the contract of a sink."""

from __future__ import annotations

from pathlib import Path

from excel.workbook import ExcelWorld

from qa_sync.testing.contract import SinkContract, SinkWorld


class TestWorkbook(SinkContract):
    def world(self, tmp_path: Path) -> SinkWorld:
        return ExcelWorld(tmp_path)
