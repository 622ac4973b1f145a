"""Both halves of the connector keep to the contract of a source."""

from __future__ import annotations

from pathlib import Path

from verint.worlds import EmployeesWorld, FilesWorld

from qa_sync.testing.contract import SourceContract, SourceWorld


class TestExportFiles(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return FilesWorld(tmp_path)


class TestEmployeesBySignature(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return EmployeesWorld(tmp_path, "hmac")


class TestEmployeesBySession(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return EmployeesWorld(tmp_path, "session")


class TestEmployeesByClientCredentials(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return EmployeesWorld(tmp_path, "oauth2")
