"""Sandboxes start again over what an earlier start left, and nothing of a person's is overwritten or deleted."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from program.command import qa_sync
from program.worlds import edit, small_programme
from ruamel.yaml import YAML

from qa_sync.testing import programme as programmes


@pytest.fixture(autouse=True)
def _stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What waits for Ctrl-C gets it at once; the programme is a small one."""

    class Pressed:
        def wait(self) -> None:
            raise KeyboardInterrupt

    made = small_programme(tickets=60)
    monkeypatch.setattr(programmes, "make_programme", lambda **_settings: made)
    monkeypatch.setattr("qa_sync.cli.trial.threading", mock.Mock(wraps=threading, Event=Pressed))
    with mock.patch.dict(os.environ):
        yield


def _settings(folder: Path) -> Any:
    return YAML(typ="safe").load((folder / "qa-sync.yaml").read_text())


def test_a_second_start_writes_the_new_addresses_and_keeps_what_was_changed(tmp_path: Path) -> None:
    first = qa_sync(tmp_path, "sandbox", "zendesk", "--format", "json").data
    assert first["status"] == "running"

    def change(settings: Any) -> None:
        settings["programme"]["name"] = "Mine"
        settings["sources"]["zendesk"]["streams"] = ["tickets"]
        settings["sources"]["zendesk"]["base_url"] = "http://127.0.0.1:9"
        settings["sources"]["other"] = {"connector": "files", "folder": "x", "streams": {"a": {"glob": "*"}}}

    edit(tmp_path, change)
    second = qa_sync(tmp_path, "sandbox", "zendesk", "--format", "json").data
    now = _settings(tmp_path)
    wanted = second["sandboxes"]["zendesk"]["entries"]["sources"]["zendesk"]["base_url"]
    assert now["sources"]["zendesk"]["base_url"] == wanted != "http://127.0.0.1:9"
    assert now["sources"]["zendesk"]["streams"] == ["tickets"]
    assert (now["programme"]["name"], "other" in now["sources"]) == ("Mine", True)
    assert "wrote the addresses" in second["settings"]


def test_a_settings_file_of_a_person_is_left_alone_and_they_are_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "qa-sync.yaml").write_text("programme: {name: Real}\n")
    told = qa_sync(tmp_path, "sandbox", "zendesk").out
    assert "is yours and was left alone: put the entries above into it" in told
    assert (tmp_path / "qa-sync.yaml").read_text() == "programme: {name: Real}\n"


def test_the_variables_stand_in_a_file_that_a_shell_reads(tmp_path: Path) -> None:
    told = qa_sync(tmp_path, "sandbox", "zendesk").out
    (line,) = [line for line in told.splitlines() if line.startswith("in another terminal: ")]
    file = tmp_path / "sandboxes" / "environment.sh"
    assert f". {file} && qa-sync --workspace {tmp_path} run" in line
    read = subprocess.run(
        ["sh", "-c", f". {file}; echo $ZENDESK_CLIENT_ID"], capture_output=True, text=True, check=True
    )
    assert read.stdout == "qa-sync-sandbox\n"
    assert "secret" not in told
    assert f"zendesk: {_settings(tmp_path)['sources']['zendesk']['base_url']}\n" in told


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = qa_sync(tmp_path, "sandbox", "zendesk", "--port", str(port), expect=1).err
    assert f"the sandbox zendesk cannot listen on port {port}" in told


@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
def test_the_demo_touches_no_folder_that_it_did_not_make(tmp_path: Path, fresh: tuple[str, ...]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "qa-sync.yaml").write_text("programme: {name: Real}\n")
    told = qa_sync(tmp_path, "demo", str(tmp_path), *fresh, expect=2).err
    assert "holds something that the demo did not make" in told
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "thesis.txt": "mine",
        "qa-sync.yaml": "programme: {name: Real}\n",
    }
