"""The transport: words for refusals, waits in bounds, one host, and calls a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from gsheets.gsheet_world import World, rows, tab

from qa_sync.errors import AuthError, SourceError
from qa_sync_gsheets.quota import Budget
from qa_sync_gsheets.sandbox import start
from qa_sync_gsheets.transport import Transport
from qa_sync_gsheets.trouble import judge


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"errors": [{"reason": "storageQuotaExceeded"}]}, "a service account owns no Drive storage and cannot create"),
        ({"details": [{"reason": "SERVICE_DISABLED"}]}, "API is not switched on"),
        ({"details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}, "lack the spreadsheets scope"),
        ({"status": "PERMISSION_DENIED"}, "bot@x.example may not use this spreadsheet (403); share it"),
    ],
)
def test_a_403_says_what_to_do(error: dict[str, Any], words: str) -> None:
    verdict = judge(403, {"error": error}, writes=True, account="bot@x.example")
    assert isinstance(verdict.error, AuthError)
    assert words in str(verdict.error)
    assert not verdict.again


def test_what_google_says_is_not_quoted() -> None:
    body = {"error": {"code": 400, "message": "Invalid requests[3].updateCells: Ann's private note is too long"}}
    verdict = judge(400, body, writes=True, account="")
    assert str(verdict.error) == "Google Sheets refused the request with 400 (request 3, updateCells)"


def test_a_service_account_cannot_create_and_is_told_so() -> None:
    sandbox = start(may_create=False)
    transport = Transport(requests.Session(), base_url=sandbox.url)
    with pytest.raises(AuthError, match="let a person create the spreadsheet"):
        transport.request("POST", "https://sheets.googleapis.com/v4/spreadsheets", json={})
    transport.close()
    sandbox.stop()


def test_no_request_leaves_google() -> None:
    transport = Transport(requests.Session())
    with pytest.raises(SourceError, match=r"refused to leave Google Sheets for evil\.example"):
        transport.request("GET", "https://evil.example/v4/spreadsheets/x")
    transport.close()


def test_a_host_that_is_not_there_is_transient(tmp_path: Path) -> None:
    from qa_sync.errors import TransientError

    world = World(tmp_path)
    sink = world.sink()
    world.close()
    with pytest.raises(TransientError, match="no connection"):
        sink.present([])
    sink.close()
    assert len(world.slept) == 5


def test_calls_a_minute_are_kept_apart_and_waited_for() -> None:
    now = [0.0]
    budget = Budget(clock=lambda: now[0])
    waits: list[float] = []
    told: list[str] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    for _ in range(7):
        budget.spend("read", 3, sleep=sleep, notify=told.append)
        now[0] += 1
    budget.spend("write", 3, sleep=sleep, notify=told.append)
    assert waits == [57.0, 57.0]
    assert told == ["57 s for Google's read quota"] * 2


def test_tokens_that_expire_midway_are_renewed(tmp_path: Path) -> None:
    from qa_sync.ports import Context
    from qa_sync_gsheets import connect_sink

    sandbox = start(require_token=True)
    spreadsheet = sandbox.create_spreadsheet("x")
    sink = connect_sink(
        {
            "spreadsheet": spreadsheet,
            "base_url": sandbox.url,
            "credentials": {"kind": "service_account", "json": next(iter(sandbox.environment().values()))},
        },
        Context(name="sheet", folder=tmp_path, state=tmp_path / "state"),
    )
    one = tab(rows(3))
    present = sink.present([one.shape])
    sandbox.expire_tokens()
    sink.apply(World.plan(present, one), present)
    sink.close()
    assert len(sandbox.human.rows(spreadsheet, "Pairs")) == 4
    sandbox.stop()


def test_every_request_of_ours_fits_googles_contract(world: World) -> None:
    if not world.sandbox.is_checked:
        pytest.skip("google-api-python-client is not installed")
    world.publish(tab(rows(5)))
    world.publish(tab(rows(9, salt=1.0)))
    statuses = {one.status for one in world.sandbox.log}
    bodies = [one.body for one in world.sandbox.log if one.body]
    kinds = {kind for body in bodies for request in body.get("requests", []) for kind in request}
    assert statuses == {200}
    assert {
        "addSheet",
        "createDeveloperMetadata",
        "updateCells",
        "insertDimension",
        "addConditionalFormatRule",
        "addBanding",
        "addProtectedRange",
        "addChart",
        "repeatCell",
    } <= kinds


def test_no_cell_of_ours_is_ever_parsed(world: World) -> None:
    columns = rows(3)
    columns["evaluator"] = ['=HYPERLINK("http://evil")', "+1+1", "@SUM(A1)"]
    world.publish(tab(columns))
    sent = [entry for entry in world.sandbox.log if entry.body]
    assert "formulaValue" not in str([entry.body for entry in sent if entry.is_write])
    assert not any("valueInputOption" in entry.query for entry in sent)
    assert [line[1] for line in world.cells()[1:]] == columns["evaluator"]
