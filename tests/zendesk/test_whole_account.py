"""Every stream of an account, side by side and under every fault at once: the store ends as on a calm day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from zendesk.test_faults import FAULTS
from zendesk.worlds import NOW, FakeTime, filled

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import TransientError
from qa_sync.model.system import RAW
from qa_sync.runner.workspace import Workspace
from qa_sync.testing.programme import make_programme
from qa_sync_zendesk import client
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS
from qa_sync_zendesk.sandbox import Sandbox, start
from qa_sync_zendesk.streams import ENDPOINTS

STREAMS = [*ENDPOINTS, *QA_ENDPOINTS]
#: A bearer that somebody else renews is refused for good; cursors that expire are those of exports.
WHERE = {"401": "/api/v2/", "expire_tokens": "/api/v2/", "poisoned_cursor": "/incremental/"}


def workspace(folder: Path, sandbox: Sandbox) -> Workspace:
    folder.mkdir()
    settings: dict[str, Any] = {**sandbox.qa_settings(), **sandbox.settings(), "streams": STREAMS}
    settings |= {"per_page": 20, "start": "2025-09-01", "audit_tickets": [1], "audit_search": "tags:billing"}
    source = {"connector": "zendesk", **filled(settings, sandbox.environment())}
    (folder / "qa-sync.yaml").write_text(yaml.safe_dump({"sources": {"zendesk": source}}, sort_keys=False))
    return Workspace(folder)


def stored(it: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """What is newest of every record of every stream, without when and by which run it came."""
    found = {}
    for stream in it.store.raw_streams():
        engine = DuckEngine(threads=1)
        try:
            engine.scan("raw", stream.files(), RAW)
            rows = engine.fetch("""
                SELECT id, deleted, payload_hash FROM raw
                QUALIFY row_number() OVER (PARTITION BY id ORDER BY source_stamp DESC, source_seq DESC) = 1
                ORDER BY id""").to_pylist()
        finally:
            engine.close()
        found[stream.name] = [tuple(row.values()) for row in rows]
    return found


@pytest.mark.thorough
def test_all_streams_under_all_faults_at_once_end_as_on_a_calm_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_sync.http.client.timeouts", lambda _connect, _answer: (5.0, 0.5))
    time = FakeTime(at=NOW)
    monkeypatch.setattr(client, "Clock", lambda **_real: Clock(now=time.now, sleep=time.sleep))
    sandbox = start(make_programme(tickets=30, weeks=2, start=date(2025, 10, 6)), export_limit=10_000)
    sandbox.put("organizations", [{"id": number, "name": f"N{number}"} for number in range(1, 61)])
    sandbox.put("audits", [{"id": number, "ticket_id": 1, "events": [], "author_id": 1} for number in range(1, 9)])
    try:
        calm, stormy = workspace(tmp_path / "calm", sandbox), workspace(tmp_path / "stormy", sandbox)
        calm.sync()
        for at, (kind, detail) in enumerate(FAULTS):
            sandbox.faults.add(kind, times=6, every=5 + at % 3, path=WHERE.get(kind, "/api/"), **detail)
        for _ in range(10):
            try:
                stormy.sync()
                break
            except TransientError:
                continue
    finally:
        sandbox.stop()
    assert set(stored(calm)) == {f"zendesk.{stream}" for stream in STREAMS}
    assert stored(stormy) == stored(calm)
    assert {asked.fault for asked in sandbox.requests} >= {kind for kind, _ in FAULTS}
