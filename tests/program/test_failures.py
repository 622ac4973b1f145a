"""A source that fails midway, and records that are bad: what was pulled stays, what is wrong is told and counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query, query_all
from program.finished import Finished, shared_programme
from program.worlds import World, edit, world

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import RAW
from qa_sync.runner.workspace import Workspace

pytestmark = pytest.mark.usefixtures("kept_open")

#: What must be the same whatever happened on the way: everything but the moments and names of runs.
STATE = (
    "SELECT id, source_stamp, deleted, payload FROM raw_zendesk_tickets ORDER BY ALL",
    "SELECT id, deleted, payload FROM raw_verint_evaluations ORDER BY ALL",
    "SELECT * EXCLUDE (ingested_at) FROM interactions ORDER BY interaction_id",
    "SELECT * EXCLUDE (ingested_at) FROM evaluations ORDER BY evaluation_id",
    "SELECT bucket, reason, evaluation_id FROM buckets ORDER BY ALL",
    "SELECT * FROM pairs ORDER BY pair_id",
)


@pytest.fixture
def hurt(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, shared_programme()) as made:
        edit(tmp_path, _in_small_pages_and_unpublished)
        yield made


def _in_small_pages_and_unpublished(settings: Any) -> None:
    settings["sources"]["zendesk"]["per_page"] = 100
    settings["dashboards"].clear()


def _count(folder: Path, sql: str) -> int:
    """A number out of the store's files, whether or not there is a run to be asked."""
    engine = DuckEngine(threads=1)
    for stream in Workspace(folder).store.raw_streams():
        engine.scan(stream.name.replace(".", "_"), stream.files(), RAW)
    try:
        return int(engine.fetch(f"SELECT ({sql}) AS n")["n"][0].as_py())
    finally:
        engine.close()


@pytest.mark.thorough
def test_a_source_that_fails_midway_keeps_what_was_pulled_and_the_next_run_ends_as_if_it_had_not(
    hurt: World, finished: Finished
) -> None:
    hurt.zendesk.faults.add("redirect", path="/incremental/tickets", every=4)
    failed = qa_sync(hurt.folder, "run", "--quiet", "--format", "json", expect=1)
    assert "zendesk.tickets" in failed.err
    told = failed.data
    assert (told["status"], told["exit_code"]) == ("failed", 1)
    # What came before the failure stands, and the other streams had their turn.
    assert _count(hurt.folder, "SELECT count(*) FROM zendesk_tickets") == 300
    assert _count(hurt.folder, "SELECT count(*) FROM zendesk_users") > 0
    assert _count(hurt.folder, "SELECT count(*) FROM verint_evaluations") > 0
    (run,) = ask(hurt.folder, "runs")
    assert (run["run"], run["status"], run["snapshot"]) == (told["run_id"], "failed", "")
    assert "zendesk.tickets" in run["error"]

    asked = len(hurt.zendesk.requests)
    counts = ask(hurt.folder, "run")["counts"]
    assert counts["sync"]["zendesk.tickets"]["read"] == 400
    tickets = [one for one in hurt.zendesk.requests[asked:] if "tickets" in one.path]
    assert all("cursor" in one.query for one in tickets), "it began anew instead of reading on"
    assert _state(hurt.folder) == _state(finished.folder)
    # The ledger says how far the failed run had come.
    (row,) = query(hurt.folder, "SELECT counts FROM runs WHERE status = 'failed'")
    counted = json.loads(row["counts"])["sync"]["zendesk.tickets"]
    assert (counted["read"], counted["accepted"], counted["commits"]) == (300, 300, 1)
    assert "302" in counted["error"]


def _state(folder: Path) -> list[Any]:
    with Workspace(folder).open(raw=True) as it:
        return [it.engine.fetch(sql).to_pylist() for sql in STATE]


def test_refused_credentials_are_a_matter_of_the_set_up(hurt: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", "PLANTED-wrong-secret")
    told = qa_sync(hurt.folder, "sync", "zendesk", "--quiet", expect=2)
    assert "zendesk" in told.err
    assert "PLANTED" not in told.err + told.out


def _bad_ticket(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "status": "open",
        "created_at": "the day before yesterday",
        "updated_at": "2025-11-20T08:00:00Z",
        "via": {"channel": "email"},
        "requester_id": 360000900001,
        "subject": "PLANTED-subject",
    }


def test_bad_records_are_set_aside_with_their_reason_and_told_once(hurt: World, finished: Finished) -> None:
    hurt.zendesk.put("tickets", [_bad_ticket(999_001), _bad_ticket(999_002)])
    hurt.zendesk.put_raw("tickets", 999_003, b'{"id": 999003, "status": nobody knows}')
    first = qa_sync(hurt.folder, "run", "--quiet", "--format", "json", expect=3).data
    assert (first["status"], first["exit_code"], first["new_rejects"]) == ("done", 3, 3)
    read, mapped = first["counts"]["sync"]["zendesk.tickets"], first["counts"]["map"]["zendesk.tickets > interactions"]
    assert (read["read"], read["rejected"]) == (703, 1)
    assert read["read"] == read["accepted"] + read["unchanged"] + read["rejected"]
    assert mapped["versions"] == mapped["rows"] + mapped["rejected"] == read["accepted"]
    rejects, buckets = query_all(
        hurt.folder, "SELECT stage, stream, record_id, field, reason, severity FROM rejects ORDER BY ALL", STATE[4]
    )
    assert [(row["stage"], row["record_id"], row["field"]) for row in rejects if row["stage"] == "map"] == [
        ("map", "999001", "created_at"),
        ("map", "999002", "created_at"),
    ]
    assert all(row["reason"] and row["severity"] == "reject" for row in rejects)
    assert "the day before" not in str(rejects)
    assert buckets == query(finished.folder, STATE[4])
    # One is mended at its source, another one comes: that many are allowed now, and the others have been told.
    hurt.zendesk.put("tickets", [{**_bad_ticket(999_001), "created_at": "2025-11-19T08:00:00Z"}, _bad_ticket(999_004)])
    edit(hurt.folder, lambda settings: settings.update(max_new_rejects=1))
    assert (allowed := ask(hurt.folder, "run"))["exit_code"] == 0
    assert allowed["new_rejects"] == 1
    assert query(hurt.folder, "SELECT status FROM interactions WHERE interaction_id LIKE 'zendesk:99900%'") == [
        {"status": "open"}
    ]
    hurt.zendesk.put("tickets", [_bad_ticket(999_005), _bad_ticket(999_006)])
    assert "2 new rejects" in qa_sync(hurt.folder, "run", "--quiet", expect=3).out
