"""A pull killed between any two requests goes on from its last commit, and ends as one that was left alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from program.children import started
from tiers import some
from zendesk.worlds import ticket, user

from qa_sync.runner.sync import BATCH_PAGES
from qa_sync.runner.workspace import Workspace
from qa_sync_zendesk.sandbox import Sandbox, start

COUNT, PER_PAGE = 100, 4
PULL = "import sys; from qa_sync import Workspace; Workspace(sys.argv[1]).sync()"


def workspace(folder: Path, sandbox: Sandbox, streams: Sequence[str]) -> Path:
    folder.mkdir()
    source = {"connector": "zendesk", **sandbox.settings(), "streams": list(streams), "per_page": PER_PAGE}
    settings = {"programme": {"name": "QA", "time_zone": "UTC"}, "store": "./data", "sources": {"zendesk": source}}
    (folder / "qa-sync.yaml").write_text(yaml.safe_dump(settings))
    return folder


def stored(folder: Path, stream: str) -> list[tuple[Any, ...]]:
    """All versions that are stored, without when and by which run."""
    import pyarrow.parquet as pq

    files = Workspace(folder).store.raw("zendesk", stream).files()
    columns = ["id", "source_stamp", "deleted", "payload_hash"]
    return sorted(tuple(row.values()) for file in files for row in pq.read_table(file, columns=columns).to_pylist())


TICKETS, BOTH = ("tickets",), ("tickets", "users")


# The first page, and just after the first commit; two streams at once; every other request when soaking.
@pytest.mark.parametrize(
    ("at", "streams"),
    [
        *some([(29, BOTH), (2, TICKETS), (13, TICKETS)], every=3, several=True),
        *(pytest.param(at, TICKETS, marks=pytest.mark.soak) for at in range(1, 26) if at not in {2, 13}),
        *(pytest.param(at, BOTH, marks=pytest.mark.soak) for at in range(1, 51) if at != 29),
    ],
)
def test_killed_at_a_request_the_next_pull_ends_as_one_left_alone(
    at: int, streams: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = start(export_limit=10_000, account_limit=10_000)
    try:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        sandbox.put("tickets", [ticket(number) for number in range(1, COUNT + 1)])
        sandbox.put("users", [user(number) for number in range(1, COUNT + 1)])
        calm = workspace(tmp_path / "calm", sandbox, streams)
        killed = workspace(tmp_path / "killed", sandbox, streams)
        Workspace(calm).sync()
        begun = len(sandbox.requests)
        with started([sys.executable, "-c", PULL, str(killed)]) as child:
            real = sandbox.faults.take

            def take(path: str) -> Any:
                if len(sandbox.requests) - begun + 1 >= at:
                    os.kill(child.pid, signal.SIGKILL)
                return real(path)

            monkeypatch.setattr(sandbox.faults, "take", take)
            assert child.wait(timeout=120) == -signal.SIGKILL
            monkeypatch.setattr(sandbox.faults, "take", real)
        Workspace(killed).sync()
        for stream in streams:
            pages = sum(f"incremental/{stream}/" in asked.path for asked in sandbox.requests[begun:])
            assert stored(killed, stream) == stored(calm, stream)
            assert len(stored(calm, stream)) == COUNT
            # Read twice: the batch that was not committed, and the page whose request was the last.
            assert pages <= COUNT // PER_PAGE + BATCH_PAGES + 1
    finally:
        sandbox.stop()
