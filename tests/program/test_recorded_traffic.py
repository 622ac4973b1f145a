"""Tickets and users as a real account sent them, through the starter mapping."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from shared_data import shared_data

from qa_sync.runner.trial import sandboxes
from qa_sync.runner.workspace import Workspace


def recorded(name: str) -> list[dict[str, Any]]:
    path = shared_data("zendesk", "recorded", f"objects_{name}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return [entry.get("object", entry) if isinstance(entry, dict) else entry for entry in found]


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    tickets, users = recorded("tickets"), recorded("users")
    with sandboxes(("zendesk",)) as running:
        sandbox: Any = running["zendesk"]
        sandbox.put("tickets", tickets)
        sandbox.put("users", users)
        settings = {
            "sources": {"zendesk": {"connector": "zendesk", "mapping": "mappings/zendesk.yaml", **sandbox.settings()}}
        }
        with (tmp_path / "qa-sync.yaml").open("w") as file:
            YAML().dump(settings, file)
        yield Workspace(tmp_path), {str(t["id"]) for t in tickets}, {str(u["id"]) for u in users}


def test_recorded_tickets_and_users_load_without_a_reject(workspace: Any) -> None:
    it, tickets, users = workspace
    assert tickets
    assert users
    report = it.run()
    assert report.exit_code == 0
    assert it.query("SELECT * FROM rejects").empty
    raw = it.query("SELECT count(DISTINCT id) AS n FROM raw_zendesk_tickets")["n"][0]
    assert raw == len(tickets)
    versions = it.query("SELECT count(DISTINCT record_id) AS n FROM interactions_history")["n"][0]
    assert versions == len(tickets)
    live = set(it.query("SELECT ticket_id FROM interactions")["ticket_id"])
    deleted = set(it.query("SELECT DISTINCT record_id FROM interactions_history WHERE deleted")["record_id"])
    assert live | deleted == tickets
    assert not live & deleted
    assert it.query("SELECT count(DISTINCT id) AS n FROM raw_zendesk_users")["n"][0] == len(users)
    roles = set(it.query("SELECT DISTINCT role FROM people")["role"])
    assert roles <= {"agent", "admin"}
