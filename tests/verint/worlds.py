"""Worlds for the contract suite: the folder of export files and the signed listing of employees."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qa_sync.http import Retry
from qa_sync.ports import Context, Source
from qa_sync.testing.contract import SourceWorld
from qa_sync_verint.sandbox import Sandbox, employee, start
from qa_sync_verint.sandbox.quirks import Quirks, write_export
from qa_sync_verint.sandbox.truth import make_truth
from qa_sync_verint.source import VerintSource


def context_of(folder: Path, **options: Any) -> Context:
    return Context(name="verint", folder=folder, state=folder, **options)


def filled(sandbox: Sandbox, kind: str = "hmac", **auth: Any) -> dict[str, Any]:
    """The settings of a sandbox with its secrets in place, as a workspace would hand them over."""
    text = re.sub(r"\$\{(\w+)\}", lambda found: sandbox.environment()[found[1]], json.dumps(sandbox.settings(kind)))
    settings: dict[str, Any] = json.loads(text)
    settings["rest"]["auth"].update(auth)
    return settings


def source_of(
    sandbox: Sandbox, folder: Path, kind: str = "hmac", *, settings: dict[str, Any] | None = None, **auth: Any
) -> VerintSource:
    retry = Retry(attempts=3, sleep=lambda _seconds: None)
    return VerintSource(
        settings or filled(sandbox, kind, **auth), context_of(folder), retry=retry, clock=lambda: datetime.now(UTC)
    )


def people(sandbox: Sandbox, count: int) -> None:
    for number in range(1, count + 1):
        made = employee(
            number,
            given="Ana",
            family=f"Diaz {number}",
            email=f"a{number}@example.com",
            employee_number=f"E-{number}",
            user_name=f"a{number}",
            organization="T&S",
            organization_id=3566,
        )
        sandbox.tenant.world.employees[made["id"]] = made


class FilesWorld(SourceWorld):
    stream = "evaluations"
    pages = 5

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "verint").mkdir()
        truth = make_truth(3, 30)
        self.expected_ids = {evaluation.evaluation_id for evaluation in truth}
        for at in range(3):
            quirks = Quirks(container="zip" if at == 1 else "plain", scatter=at == 2)
            write_export(
                truth[at * 10 : (at + 1) * 10], quirks, folder / "verint", f"evaluation_detail_2025030{at + 1}"
            )

    def connect(self) -> Source:
        settings = {"files": {"folder": "verint", "profile": "verint_files"}, "page_records": 4}
        return VerintSource(settings, context_of(self.folder))

    def plant_bad_record(self) -> str | None:
        path = self.folder / "verint" / "evaluation_detail_20250301.csv"
        lines = path.read_bytes()
        path.write_bytes(lines + b'"999999","70001"\r\n')
        return ""


class EmployeesWorld(SourceWorld):
    stream = "employees"
    pages = 4

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.sandbox = start()
        self.sandbox.tenant.page_size = 5
        people(self.sandbox, 18)
        self.expected_ids = set(self.sandbox.tenant.world.employees)
        self.secret = "wrong-secret-of-this-test-AAAAAAAA"

    def connect(self) -> Source:
        return source_of(self.sandbox, self.folder, self.kind)

    def connect_with_bad_credentials(self) -> Source | None:
        name = {"hmac": "key", "session": "password", "oauth2": "client_secret"}[self.kind]
        return source_of(self.sandbox, self.folder, self.kind, **{name: self.secret})

    def rate_limit(self, seconds: float) -> bool:
        self.sandbox.refuse_next(429, retry_after=seconds, times=5)
        return True

    def plant_bad_record(self) -> str | None:
        self.sandbox.tenant.extra_rows.append('{"id": "666", "attributes": {"employeeNumber": ["not a number"]}}')
        return "666"

    def close(self) -> None:
        self.sandbox.stop()
