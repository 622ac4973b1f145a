"""Upkeep of a workspace's store: by hand, and by itself after a run when it is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qa_sync.errors import QASyncError
from qa_sync.runner.retention import expire, expiry_is_due
from qa_sync.store import Upkeep

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

#: A vacuum by itself: when the states that may go are so much older than those that went last.
VACUUM_EVERY = timedelta(days=7)


def horizon(workspace: Workspace) -> datetime:
    """Return the moment before which runs need no longer be shown again."""
    return workspace.now() - timedelta(days=workspace.settings.programme.retention_days)


def vacuum(workspace: Workspace, *, dry_run: bool = False) -> list[dict[str, Any]]:
    """Remove files of states older than ``retention_days``, and orphans; return one row a table."""
    upkeep, before = Upkeep(workspace.store), horizon(workspace)
    if dry_run:
        return upkeep.vacuum(horizon=before, now=workspace.now(), dry_run=True)
    with workspace.recorded("vacuum", exclusive=False) as run:
        rows = upkeep.vacuum(horizon=before, now=workspace.now())
        run.counts["vacuum"] = {row["table"]: row for row in rows if row["bytes"]}
    return rows


def maintain(workspace: Workspace) -> None:
    """Do the upkeep that is due, after a run and never within it; a failure is told and left to the next time."""
    try:
        upkeep = Upkeep(workspace.store)
        crowded = upkeep.crowded()
        if crowded:
            done = upkeep.compact(crowded)
            workspace.notify(f"upkeep: merged the small files of {', '.join(done)}")
        upkeep.shorten()
        if _vacuum_is_due(workspace):
            upkeep.vacuum(horizon=horizon(workspace), now=workspace.now())
            workspace.notify("upkeep: removed files that no retained run needs")
        if expiry_is_due(workspace):
            let_go = sum(expire(workspace)["rows"].values())
            if let_go:
                workspace.notify(f"upkeep: let go of {let_go:,} rows past their retention")
    except (QASyncError, OSError) as error:
        workspace.notify(f"upkeep: put off ({error})")


def _vacuum_is_due(workspace: Workspace) -> bool:
    """Only where a state is old enough to go, and not more often than every VACUUM_EVERY."""
    before, swept = horizon(workspace), workspace.store.swept_before
    if swept is not None and before - swept < VACUUM_EVERY:
        return False
    taken = workspace.store.ledger.snapshots()
    return bool(taken) and taken[-1][1] < before
