"""Rosters and lookup tables kept in a Google Sheet: corrected late, they take effect without re-mapping anything else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, query

from qa_sync_gsheets.sandbox import start

SETTINGS = """programme: {{time_zone: UTC}}
forms: [mappings/forms/support_quality.yaml]
sources:
  desk: {{connector: files, mapping: mappings/desk.yaml, folder: ./in,
         streams: {{desk: {{glob: "desk.jsonl", key: [id]}}, audits: {{glob: "audits.jsonl", key: [id]}}}}}}
  sheet: {sheet}
"""
DESK = """version: 1
streams:
  desk:
    interactions:
      fields: {interaction_id: {from: id}, kind: {const: ticket}, group_id: {from: group}}
    evaluations:
      fields:
        evaluation_id: {template: "e:{id}"}
        about: {const: agent_work}
        kind: {const: standard}
        status: {const: submitted}
        interaction_id: {from: id}
        form_id: {const: support_quality}
        evaluator_id: {template: "p:{by}"}
        submitted_at: {from: at, type: time}
"""
AUDITS = """  audits:
    evaluations:
      fields:
        evaluation_id: {template: "a:{id}"}
        about: {const: agent_work}
        kind: {const: ata}
        status: {const: submitted}
        interaction_id: {from: id}
        audited_evaluation_id: {template: "e:{id}"}
        form_id: {const: support_quality}
        evaluator_id: {const: "p:bo"}
        submitted_at: {from: at, type: time}
"""
SHEET = """version: 1
streams:
  roster:
    rosters:
      fields:
        person_id: {template: "p:{person}"}
        role: {const: evaluator}
        valid_from: {from: since, type: date}
        site: {from: site}
  queues:
    lookups:
      fields: {lookup: {const: queue}, lookup_key: {from: group}, lookup_value: {from: queue}}
"""
PLACES = "SELECT auditee_evaluation_id AS id, site, queue FROM pairs ORDER BY id"


def _workspace(folder: Path, sandbox: Any, book: str) -> None:
    given = {
        "connector": "gsheets",
        "mapping": "mappings/sheet.yaml",
        "spreadsheet": book,
        "base_url": sandbox.url,
        "credentials": "anonymous",
        "tabs": {
            "roster": {"title": "Roster", "key": ["person", "since"]},
            "queues": {"title": "Queues", "key": ["group"]},
        },
    }
    (folder / "qa-sync.yaml").write_text(SETTINGS.format(sheet=json.dumps(given)), encoding="utf-8")
    (folder / "mappings").mkdir()
    (folder / "mappings" / "desk.yaml").write_text(DESK + AUDITS, encoding="utf-8")
    (folder / "mappings" / "sheet.yaml").write_text(SHEET, encoding="utf-8")
    (folder / "in").mkdir()
    lines = [
        {"id": f"t{n}", "group": str(10 + n % 2), "by": "ana", "at": f"2026-01-{5 + n:02}T10:00:00Z"} for n in range(4)
    ]
    for name in ("desk", "audits"):
        (folder / "in" / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")


@pytest.mark.thorough
def test_a_sheet_corrected_late_moves_the_past_and_rebuilds_nothing(tmp_path: Path) -> None:
    sandbox = start()
    try:
        book = sandbox.create_spreadsheet("input")
        sandbox.add_tab(book, "Roster", [["person", "since", "site"], ["ana", date(2026, 1, 1), "Dublin"]])
        sandbox.add_tab(book, "Queues", [["group", "queue"], ["10", "Billing"], ["11", "Claims"]])
        _workspace(tmp_path, sandbox, book)
        ask(tmp_path, "run")
        first = ask(tmp_path, "runs")[0]["run"]
        then = query(tmp_path, PLACES)
        assert then == [{"id": f"e:t{n}", "site": "Dublin", "queue": ("Billing", "Claims")[n % 2]} for n in range(4)]
        # Ana had moved on the 7th, and nobody had told the sheet; group 11 was a queue of its own.
        sandbox.human.edit(book, "Roster", 2, 0, "ana", typed=False)
        sandbox.human.edit(book, "Roster", 2, 1, "2026-01-07")
        sandbox.human.edit(book, "Roster", 2, 2, "Kraków")
        sandbox.human.edit(book, "Queues", 2, 1, "Refunds")
        counts = ask(tmp_path, "run")["counts"]["map"]
        assert {name: one["versions"] for name, one in counts.items()} == {
            "desk.desk > interactions": 0,
            "desk.desk > evaluations": 0,
            "desk.audits > evaluations": 0,
            "sheet.roster > rosters": 1,
            "sheet.queues > lookups": 1,
        }
        assert not any(one["rebuilt"] for one in counts.values())
        assert query(tmp_path, PLACES) == [
            {"id": f"e:t{n}", "site": ("Dublin", "Kraków")[n >= 2], "queue": ("Billing", "Refunds")[n % 2]}
            for n in range(4)
        ]
        assert query(tmp_path, PLACES, "--as-of", first) == then
    finally:
        sandbox.stop()
