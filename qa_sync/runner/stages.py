"""The stages of a run up to the snapshot that is reconciled: each takes what the one before left in the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from qa_sync.config import FILE_NAME
from qa_sync.engine import engine_of
from qa_sync.errors import ConfigError, Problem, StoreError
from qa_sync.reports.report import Past
from qa_sync.runner.catalogue_step import store_catalogue
from qa_sync.runner.connections import set_up_problems
from qa_sync.runner.drift_step import find_drift, record_drift, refusal_problems
from qa_sync.runner.feeds import tables_by_stream
from qa_sync.runner.mapping_step import map_all
from qa_sync.runner.opened import Opened, opened
from qa_sync.runner.published_past import PublishedPast
from qa_sync.runner.pulling import pull
from qa_sync.runner.recording import Recording
from qa_sync.runner.score_step import record_score_findings
from qa_sync.store import Run, Snapshot
from qa_sync.wording import did_you_mean

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

#: How often a snapshot is tried again while another process maps at the same time.
SNAPSHOT_TRIES = 20


def sync_stage(
    workspace: Workspace, run: Recording, sources: Sequence[str] = (), *, dashboards: Sequence[str] = ()
) -> None:
    """Pull; before anything is pulled, everything wrong with what the run will need is told at once."""
    workspace.progress.stage("sync")
    settings = workspace.settings
    unknown = [name for name in sources if name not in settings.sources]
    if unknown:
        hint = did_you_mean(unknown[0], list(settings.sources))
        raise ConfigError(Problem(what=f"there is no source {unknown[0]!r}", hint=hint, file=FILE_NAME))
    wanted = list(sources or settings.sources)
    sinks = dict.fromkeys(sink for name in dashboards for sink in settings.dashboards[name].sinks)
    problems = set_up_problems(workspace, sources=wanted, sinks=list(sinks))
    if problems:
        raise ConfigError(problems)
    if not wanted:
        workspace.note("", f"{FILE_NAME} names no source: nothing was read")
    with run.timed("sync"):
        pull(workspace, run, wanted, progress=workspace.progress)


def map_stage(workspace: Workspace, run: Recording) -> None:
    """Map what is not covered yet, and take a snapshot in which all tables agree.

    Raises:
        StoreError: other processes kept mapping.
    """
    workspace.progress.stage("map")
    store, clock = workspace.store, workspace.now
    materials, feeds = workspace.materials, workspace.feeds()
    with run.timed("map"):
        for _ in range(SNAPSHOT_TRIES):
            made = map_all(store, feeds, run_id=run.run_id, clock=clock, progress=workspace.progress)
            store_catalogue(
                store,
                materials.catalogue.tables(),
                catalogue_hash=materials.catalogue_hash,
                run_id=run.run_id,
                at=clock(),
            )
            for name, counted in made.items():
                counts = run.counts.setdefault("map", {}).setdefault(name, {})
                for field in counted.__slots__:
                    counts[field] = counts.get(field, 0) + getattr(counted, field)
                run.new_rejects += counted.new_rejects
            run.counts["mappings"] = {
                f"{feed.name} > {feed.table}": {
                    "file": materials.mappings[feed.source].file,
                    "hash": feed.compiled.hash[:12],
                }
                for feed in feeds
            }
            run.snapshot = store.snapshot(materials.contents, feeds=tables_by_stream(feeds))
            if run.snapshot is not None:
                return
    msg = "no consistent state could be recorded: other runs kept mapping; run again"
    raise StoreError(msg)


def reconcile_stage(workspace: Workspace, run: Recording) -> None:
    """Pair and compare what the run's snapshot holds, and record what was found."""
    with run.timed("reconcile"), open_to_reconcile(workspace, run) as it:
        record_reconciled(workspace, run, it)


def open_to_reconcile(workspace: Workspace, run: Recording) -> AbstractContextManager[Opened]:
    """Open the run's snapshot in the engine that the settings name.

    Raises:
        StoreError: the run has none.
    """
    workspace.progress.stage("reconcile")
    if run.snapshot is None:
        msg = "nothing has been mapped yet"
        raise StoreError(msg)
    past = PublishedPast(workspace, run.run_id)
    return open_snapshot(workspace, run.snapshot, as_of=workspace.now(), run_id=run.run_id, past=past)


def open_snapshot(
    workspace: Workspace, snapshot: Snapshot, *, as_of: datetime, run_id: str, past: Past
) -> AbstractContextManager[Opened]:
    """Open a state in the engine that the settings name."""
    made = engine_of(workspace.settings.engine)
    return opened(workspace.store, snapshot, as_of=as_of, run_id=run_id, engine=made, past=past)


def snapshot_of(run: Run) -> Snapshot:
    """Return the state that a run recorded.

    Raises:
        StoreError: it recorded none.
    """
    if run.snapshot is None:
        msg = f"run {run.run_id} has no snapshot"
        raise StoreError(msg)
    return run.snapshot


def record_reconciled(workspace: Workspace, run: Recording, it: Opened) -> None:
    """Record what reconciling found: its counts, reported scores that differ, drift of the mappings."""
    run.counts["reconcile"] = asdict(it.reconciled)
    record_score_findings(workspace.store, it.engine, run_id=run.run_id, at=workspace.now())
    mappings = workspace.materials.mappings
    drift = find_drift(workspace.store, workspace.settings, mappings, it.engine, run_id=run.run_id)
    run.counts["drift"] = record_drift(workspace.store, drift, run_id=run.run_id, at=workspace.now())
    if not it.reconciled.evaluations:
        workspace.note("", "the store holds no evaluation: there is nothing to compare")


def refuse_to_publish(workspace: Workspace) -> None:
    """Stop before publishing where a mapping refuses too many records; ConfigError says which and why."""
    limit = workspace.settings.max_reject_share
    problems = refusal_problems(workspace.store, workspace.feeds(), workspace.materials.mappings, limit)
    if problems:
        raise ConfigError(problems)
