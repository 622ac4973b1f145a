from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from qa_sync.runner.checking import clock_problems
from qa_sync.runner.workspace import Workspace
from qa_sync.store import Run


def test_check_tells_a_clock_that_was_set_back(tmp_path: Path) -> None:
    (tmp_path / "qa-sync.yaml").write_text("programme: {name: X}\n")
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    workspace = Workspace(tmp_path, clock=lambda: noon)
    assert clock_problems(workspace) == []
    later = noon + timedelta(hours=3)
    workspace.store.ledger.finish(Run(run_id="r", command="map", status="done", started_at=later, finished_at=later))
    assert "180 minutes behind" in str(clock_problems(workspace)[0])
