"""Publish dashboards to all their places: one that fails leaves the others their turn, and the run its failure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qa_sync.config import FILE_NAME
from qa_sync.dashboards import Cell, Tab
from qa_sync.dashboards.definition import Definition
from qa_sync.errors import ConfigError, Problem, QASyncError
from qa_sync.reports.grouping import values_of
from qa_sync.runner.connecting import close_quietly
from qa_sync.runner.connections import connect_sink, placing
from qa_sync.runner.failures import one_error
from qa_sync.runner.making_tabs import Questions, make_tabs_of
from qa_sync.runner.materials import definition_from_text
from qa_sync.runner.opened import Opened, opened
from qa_sync.runner.places import Place, alias_salt, place_of, places_of
from qa_sync.runner.publish_step import Published, Publisher
from qa_sync.runner.published_past import PublishedPast
from qa_sync.runner.recording import Recording
from qa_sync.runner.stages import (
    open_snapshot,
    open_to_reconcile,
    record_reconciled,
    refuse_to_publish,
    snapshot_of,
)
from qa_sync.store import Snapshot, lease
from qa_sync.wording import did_you_mean

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace


def reconcile_and_publish(
    workspace: Workspace,
    run: Recording,
    dashboards: Sequence[str] = (),
    answers: Mapping[tuple[str, str], str] | None = None,
) -> list[Published]:
    """Reconcile the run's snapshot and publish it, opened once.

    Args:
        workspace: whose dashboards.
        run: the run that took the snapshot.
        dashboards: all, or those named.
        answers: dashboard and place of each request that this answers → who asked.

    Raises:
        QASyncError: places failed; the others show the snapshot, and each failure is in the run's counts.
    """
    publisher = Publisher(
        store=workspace.store,
        run_id=run.run_id,
        at=workspace.now(),
        answers=answers or {},
        facts=_facts(workspace, run),
    )
    with ExitStack() as stack:
        with run.timed("reconcile"):
            it = stack.enter_context(open_to_reconcile(workspace, run))
            record_reconciled(workspace, run, it)
            refuse_to_publish(workspace)
            run.is_reconciled = True
        workspace.progress.stage("publish")
        with run.timed("publish"):
            definitions = [workspace.materials.dashboards[name] for name in dashboard_names(workspace, dashboards)]
            _publish_all(workspace, run, publisher, definitions, it, run.snapshot)
    return publisher.done


def publish_as_of(
    workspace: Workspace, run: Recording, dashboards: Sequence[str], as_of: str, *, dry_run: bool
) -> list[Published]:
    """Publish the newest snapshot, or with the definitions of then an earlier one; raises as the whole run does."""
    workspace.progress.stage("publish")
    shown = workspace.store.ledger.snapshot_run(as_of)
    snapshot = snapshot_of(shown)
    # Showing the past again does not make it the present: only the present is recorded as a state to be asked.
    run.snapshot = None if as_of or dry_run else snapshot
    run.counts["shown"] = shown.run_id
    if not as_of and not dry_run:
        refuse_to_publish(workspace)
    publisher = Publisher(store=workspace.store, run_id=run.run_id, at=workspace.now(), dry_run=dry_run)
    definitions = []
    for name in dashboard_names(workspace, dashboards):
        text = snapshot.contents["dashboards"].get(name) if as_of else None
        definitions.append(definition_from_text(text, name) if text else workspace.materials.dashboards[name])
    with (
        run.timed("publish"),
        open_snapshot(
            workspace,
            snapshot,
            as_of=shown.finished_at,
            run_id=shown.run_id,
            past=PublishedPast(workspace, shown.run_id, before=shown.finished_at),
        ) as it,
    ):
        _publish_all(workspace, run, publisher, definitions, it, snapshot)
    return publisher.done


def sink_lease(workspace: Workspace, where: str, run_id: str) -> AbstractContextManager[None]:
    """One publisher at a time for each spreadsheet, whatever its sinks are called."""
    digest = hashlib.sha256(where.encode()).hexdigest()[:16]
    return lease(
        workspace.store.folder,
        f"sink-{digest}",
        run_id=run_id,
        wait=max(workspace.wait, 60.0),
        notify=workspace.notify,
    )


def dashboard_names(workspace: Workspace, wanted: Sequence[str]) -> list[str]:
    """Return the dashboards named, or all.

    Raises:
        ConfigError: there is no such dashboard.
    """
    known = list(workspace.settings.dashboards)
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known) or "the workspace has none"
            raise ConfigError(Problem(what=f"there is no dashboard {name!r}", hint=hint, file=FILE_NAME))
    return list(wanted or known)


def _publish_all(
    workspace: Workspace,
    run: Recording,
    publisher: Publisher,
    definitions: Sequence[Definition],
    it: Opened,
    snapshot: Snapshot | None,
) -> None:
    def open_anew() -> AbstractContextManager[Opened]:
        """A snapshot for queries alone, in an engine that can be shut off from files, settings and the network."""
        assert snapshot is not None  # noqa: S101  (it has been opened)
        return opened(workspace.store, snapshot, as_of=it.scene.as_of, run_id=it.scene.run_id, raw=True)

    questions = Questions(open_anew)
    publishing = _Publishing(workspace, publisher, it, questions)
    try:
        with questions:
            for definition in definitions:
                publishing.dashboard(definition)
    finally:
        run.counts["publish"] = {f"{made.dashboard} > {made.sink}": made.summary() for made in publisher.done}
        if publisher.unplaced:
            run.counts["unplaced"] = publisher.unplaced
        if publishing.failures:
            run.counts["unpublished"] = {name: str(error) for name, _, error in publishing.failures}
    if publishing.failures:
        raise one_error(workspace, publishing.failures, ("place", "places"))


@dataclass(slots=True)
class _Publishing:
    workspace: Workspace
    publisher: Publisher
    it: Opened
    questions: Questions
    failures: list[tuple[str, tuple[str, str], QASyncError]] = field(default_factory=list)

    def dashboard(self, definition: Definition) -> None:
        """Publish one dashboard to every place of every sink of its own."""
        settings = self.workspace.settings
        column = settings.dashboards[definition.name].for_each
        values = values_of(self.it.scene.engine, column) if column else []
        made: dict[str, list[Tab]] = {}
        for sink_name in settings.dashboards[definition.name].sinks:
            with placing(self.workspace, ("sinks", sink_name)):
                places, unplaced = places_of(sink_name, settings.sinks[sink_name], column, values)
            if unplaced:
                self.publisher.unplaced[f"{definition.name} > {sink_name}"] = list(unplaced)
                told = f"{sink_name}: no place for {column} {', '.join(unplaced)}; not published there"
                self.workspace.notify(told)
            taken: dict[str, str] = {}
            for place in places:
                if place.value not in made:
                    made[place.value] = self._tabs(definition, column, place.value)
                try:
                    self._place(definition, made[place.value], place, taken)
                except QASyncError as error:
                    # The other places still have their turn: what can be published, is.
                    name = f"{definition.name} > {place.name}"
                    self.failures.append((name, ("sinks", sink_name), error))
                    self.workspace.notify(f"{name} failed: {error}")

    def _place(self, definition: Definition, tabs: list[Tab], place: Place, taken: dict[str, str]) -> None:
        with ExitStack() as stack:
            sink = connect_sink(self.workspace, place)
            stack.callback(close_quietly, sink)
            where = place_of(place, sink)
            if where in taken:
                what = f"{taken[where]!r} and {place.value!r} would share one place"
                raise ConfigError(self.workspace.problem(("sinks", place.sink), what, "give each its own"))
            taken[where] = place.value
            stack.enter_context(sink_lease(self.workspace, where, self.publisher.run_id))
            with placing(self.workspace, ("sinks", place.sink)):
                self.publisher.publish(definition, tabs, place.name, sink)

    def _tabs(self, definition: Definition, column: str, value: str) -> list[Tab]:
        hides_names = column and self.workspace.settings.dashboards[definition.name].names != "all"
        salt = alias_salt(self.workspace.store.state) if hides_names else ""
        return make_tabs_of(definition, self.it.scene, column, value, salt=salt, answer=self.questions.answer)


def _facts(workspace: Workspace, run: Recording) -> dict[str, Cell]:
    """Return what the control tab tells of a run besides its data."""
    planned = workspace.next_run(workspace.now())
    rejects = f"{run.new_rejects:,} records newly set aside" if run.new_rejects else "none"
    return {"problems": rejects, "next": f"{planned:%Y-%m-%d %H:%M}" if planned else None}
