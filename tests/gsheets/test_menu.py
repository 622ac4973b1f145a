"""The menu script, run by a JavaScript engine against a spreadsheet made of arrays."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import qa_sync_gsheets

FOLDER = Path(qa_sync_gsheets.__file__).parent / "menu"
NODE = shutil.which("node")
_STAND_IN = """
const cells = JSON.parse(process.argv[2]);
const writes = [], toasts = [];
const range = (row, column) => ({
  getValue: () => cells[row - 1][column - 1],
  getDisplayValue: () => String(cells[row - 1][column - 1] ?? ''),
  setValue: (value) => { cells[row - 1][column - 1] = value; writes.push([row - 1, column - 1, value]); },
});
const sheet = {getDataRange: () => ({getValues: () => cells.map((row) => row.slice())}), getRange: range};
const book = {getSheetByName: (name) => cells.length && name === '_qa_sync' ? sheet : null, toast: (t) => toasts.push(t)};
globalThis.SpreadsheetApp = {getActiveSpreadsheet: () => book};
globalThis.Session = {getActiveUser: () => ({getEmail: () => 'dana@example.invalid'})};
require('vm').runInThisContext(require('fs').readFileSync(process.argv[3], 'utf8'));
askForRefresh();
process.stdout.write(JSON.stringify({writes, toasts}));
"""
TAB = [
    ["note of somebody", "", ""],
    ["Value", "Item", "What"],
    ["", "run", ""],
    ["", "asked_by", ""],
    [False, "refresh", ""],
    ["", "request", ""],
]


def asked(tmp_path: Path, cells: list[list[Any]]) -> Any:
    script = tmp_path / "run.js"
    script.write_text(_STAND_IN)
    command = [str(NODE), str(script), json.dumps(cells), str(FOLDER / "Code.gs")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="no node here to run JavaScript with")
def test_the_menu_ticks_the_box_wherever_it_is_and_writes_nothing_else(tmp_path: Path) -> None:
    assert asked(tmp_path, TAB)["writes"] == [[3, 0, "dana@example.invalid"], [4, 0, True]]


@pytest.mark.skipif(NODE is None, reason="no node here to run JavaScript with")
def test_the_menu_asks_once_and_says_so_where_there_is_no_control_tab(tmp_path: Path) -> None:
    ticked = [[True if cell is False else cell for cell in row] for row in TAB]
    told = asked(tmp_path, ticked)
    assert (told["writes"], "already" in told["toasts"][0]) == ([], True)
    for cells in ([], [["Item", "Value"]], [["Item", "Value"], ["refresh", False]]):
        told = asked(tmp_path, cells)
        assert (told["writes"], "no control tab" in told["toasts"][0]) == ([], True)


def test_the_menu_may_do_no_more_than_it_needs() -> None:
    scopes = json.loads((FOLDER / "appsscript.json").read_text())["oauthScopes"]
    assert [scope.rpartition("/")[2] for scope in scopes] == [
        "spreadsheets.currentonly",
        "userinfo.email",
        "script.container.ui",
    ]
    code = (FOLDER / "Code.gs").read_text()
    assert re.findall(r"UrlFetch|openById|DriveApp|PropertiesService|ScriptApp", code) == []
