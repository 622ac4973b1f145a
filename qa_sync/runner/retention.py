"""Retention: what the settings let go, by stream and by class of data, and when; done by the upkeep after a run."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qa_sync.config.settings import RetentionSettings
from qa_sync.model import TABLES
from qa_sync.runner.recording import Recording
from qa_sync.store import Store, Upkeep
from qa_sync.store.erase import discard_staged, take_place
from qa_sync.store.expire import Limit, stage_expiry

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

#: Rows go in portions: the store is rewritten no more often than so.
EVERY = timedelta(days=1)


def limits_of(retention: RetentionSettings, now: datetime) -> list[Limit]:
    """Return what is to go now; what is not named is kept."""
    found: list[Limit] = []
    for stream, own in retention.streams.items():
        if own.raw is not None:
            found.append(Limit(table=f"raw/{stream}", before=now - timedelta(days=own.raw)))
        if own.tables is not None:
            before = now - timedelta(days=own.tables)
            found += [Limit(table=f"tables/{table}", before=before, stream=stream) for table in TABLES]
    for name in ("published", "rejects", "findings"):
        days = getattr(retention, name)
        if days is not None:
            found.append(Limit(table=name, before=now - timedelta(days=days)))
    return found


def expiry_is_due(workspace: Workspace) -> bool:
    """Whether anything is limited, and was not looked for within EVERY."""
    retention, looked = workspace.settings.retention, workspace.store.expired_at
    return retention != RetentionSettings() and (looked is None or abs(workspace.now() - looked) >= EVERY)


def expire(workspace: Workspace, *, dry_run: bool = False) -> dict[str, Any]:
    """Let go of everything older than the settings allow, in every version; all of it or nothing.

    Returns:
        rows: table → rows let go, those of old versions included; runs: whose state shows less now.

    Raises:
        StoreError: the store is damaged, or another run is at work.
    """
    store = workspace.store
    limits: dict[str, list[Limit]] = defaultdict(list)
    for limit in limits_of(workspace.settings.retention, workspace.now()):
        if (store.folder / limit.table).is_dir():
            limits[limit.table].append(limit)
    with store.lock.held():
        planned = _staged(store, limits)
    if dry_run:
        return planned
    if not planned["rows"]:
        store.set_expired_at(workspace.now())
        return planned
    with workspace.recorded("expire") as run, store.lock.held():
        discard_staged(store.folder)
        Upkeep(store).sweep_orphans()
        _staged(store, limits, run=run, now=workspace.now())
    store.set_expired_at(workspace.now())
    done: dict[str, Any] = run.counts["expire"]
    return done


def _staged(
    store: Store,
    limits: dict[str, list[Limit]],
    *,
    run: Recording | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    tables = [stage_expiry(store.folder / name, own, write=run is not None) for name, own in sorted(limits.items())]
    tables = [table for table in tables if table.rows]
    runs = Upkeep(store).runs_with({table.name: table.files for table in tables})
    told = {"rows": {table.name: table.rows for table in tables}, "runs": runs}
    if run is not None and now is not None:
        run.counts["expire"] = told
        store.lock.count_erasure()
        take_place(store.folder, tables, run=run.row(now), ledger=store.ledger)
        run.is_written = True
    return told
