"""The emulator answers recorded traffic as Google did, and gspread itself works with it."""

from __future__ import annotations

import json
from pathlib import Path

import gspread
import pytest
import requests
from gsheets.cassettes import Difference, private_files, replay
from gspread.exceptions import APIError
from requests.adapters import HTTPAdapter
from shared_data import shared_data

from qa_sync_gsheets.sandbox import SheetsSandbox, start
from qa_sync_gsheets.sandbox.contract import find_documents, load_contract

#: Recordings that are answered otherwise, and why.
KNOWN = {
    "ClientTest.test_open_all_has_metadata.json": "lists the other files of the account that was recorded",
    "ClientTest.test_openall.json": "lists the other files of the account that was recorded",
    "WorksheetTest.test_auto_resize_columns.json": "the width of a text in Google's font",
}


def test_recorded_traffic_is_answered_as_google_did() -> None:
    compared = 0
    found: dict[str, list[Difference]] = {}
    for path in sorted(shared_data("sheets", "recorded").glob("*.json")):
        sandbox = start()
        for file_id in private_files(path):
            sandbox.drive.new("somebody else's", file_id)
            sandbox.unshare(file_id)
        with requests.Session() as session:
            count, differences = replay(path, sandbox.url, session)
        sandbox.stop()
        assert sandbox.deviations == [], path.name
        compared += count
        if differences:
            found[path.name] = differences
    assert compared > 1000
    assert set(found) <= set(KNOWN), [found[name][0] for name in set(found) - set(KNOWN)][:1]


def test_observed_errors_are_refused_in_the_same_words() -> None:
    observed = json.loads(shared_data("sheets", "observed_contract.json").read_text("utf-8"))
    texts = {one["response"]["error"]["message"] for one in observed["error_responses"]}
    ours = set()
    sandbox = start()
    book = sandbox.create_spreadsheet("x")
    with requests.Session() as session:
        base = f"{sandbox.url}/v4/spreadsheets"
        ours.add(session.get(f"{base}/missing").json()["error"]["message"])
        for body in ({"values": "X", "majorDimension": None}, {"values": "A1:D4"}):
            answer = session.put(f"{base}/{book}/values/A1?valueInputOption=RAW", json=body)
            ours.add(answer.json()["error"]["message"])
        hide = {"updateSheetProperties": {"properties": {"sheetId": 0, "hidden": True}, "fields": "hidden"}}
        answer = session.post(f"{base}/{book}:batchUpdate", json={"requests": [hide]})
        ours.add(answer.json()["error"]["message"])
        sandbox.unshare(book)
        ours.add(session.get(f"{base}/{book}").json()["error"]["message"])
    sandbox.stop()
    assert texts <= ours


def test_the_shipped_and_the_shared_contract_know_the_same_methods() -> None:
    shipped = {path.name: load_contract(path) for path in find_documents()}
    shared = load_contract(shared_data("sheets", "sheets.v4.json"))
    assert {m.id for m in shared.methods} == {m.id for m in shipped["sheets.v4.json"].methods}


def test_what_the_contract_does_not_know_is_refused() -> None:
    sandbox = start()
    book = sandbox.create_spreadsheet("x")
    with requests.Session() as session:
        url = f"{sandbox.url}/v4/spreadsheets/{book}:batchUpdate"
        wrong = {"addSheet": {"properties": {"titel": "x"}}}
        answer = session.post(url, json={"requests": [wrong]})
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == (
            "Invalid JSON payload received. Unknown name \"titel\" at 'requests[0].addSheet.properties': "
            "Cannot find field."
        )
        for bad in (
            {"insertDimension": {"range": {"dimension": "LINES"}}},
            {"nosuch": {}},
            {"sortRange": {"range": 3}},
        ):
            assert session.post(url, json={"requests": [bad]}).status_code == 400
        assert session.get(f"{sandbox.url}/v4/spreadsheets/{book}?nosuch=1").status_code == 400
        assert session.get(f"{sandbox.url}/v4/nosuch").status_code == 404
    sandbox.stop()


class _ToSandbox(HTTPAdapter):
    """Send what is meant for Google to the emulator: gspread itself stays as it is."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
        request.url = self.base + request.path_url
        return super().send(request, *args, **options)


@pytest.fixture
def client(tmp_path: Path):  # type: ignore[no-untyped-def]
    sandbox: SheetsSandbox = start(require_token=True)
    key = json.loads(next(iter(sandbox.environment().values())))
    found = gspread.service_account_from_dict(key)
    found.http_client.session.mount("https://", _ToSandbox(sandbox.url))
    yield found
    found.http_client.session.close()
    sandbox.stop()
    assert sandbox.deviations == []


def test_gspread_unmodified_writes_reads_sorts_and_formats(client: gspread.Client) -> None:
    book = client.create("Roster")
    sheet = book.sheet1
    sheet.update([["name", "n"], ["b", 2], ["a", 1], ["=1+1", True]], "A1")
    assert sheet.get_all_values() == [["name", "n"], ["b", "2"], ["a", "1"], ["=1+1", "TRUE"]]
    sheet.update_acell("C1", "=SUM(B2:B3)")
    assert sheet.acell("C1").value == "3"
    assert sheet.acell("C1", value_render_option="FORMULA").value == "=SUM(B2:B3)"
    sheet.sort((2, "asc"), range="A2:B3")
    assert sheet.col_values(1) == ["name", "a", "b", "=1+1"]
    sheet.format("A1:B1", {"textFormat": {"bold": True}})
    sheet.freeze(rows=1)
    sheet.append_rows([["c", 3], ["d", 4]])
    assert sheet.find("d").row == 6
    sheet.insert_row(["between", 0], 2)
    sheet.delete_rows(3)
    assert sheet.col_values(1)[:3] == ["name", "between", "b"]
    sheet.batch_clear(["A2:B2"])
    assert sheet.row_values(2) == []
    other = book.add_worksheet("Second", 5, 5)
    other.update_title("Renamed")
    assert [one.title for one in book.worksheets()] == ["Sheet1", "Renamed"]
    copy = other.duplicate(new_sheet_name="Again")
    assert copy.title == "Again"
    book.del_worksheet(other)
    assert [one.title for one in client.open("Roster").worksheets()] == ["Sheet1", "Again"]
    assert book.values_batch_get(["Sheet1!A1:B1"])["valueRanges"][0]["values"] == [["name", "n"]]


def test_gspread_sees_googles_errors(client: gspread.Client) -> None:
    with pytest.raises(gspread.SpreadsheetNotFound):
        client.open_by_key("nosuch")
    book = client.create("x")
    with pytest.raises(APIError, match="You can't hide all the sheets"):
        book.sheet1.hide()
    with pytest.raises(APIError, match="Unable to parse range"):
        book.values_get("Nowhere!A1")
