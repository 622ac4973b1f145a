"""Publish: plan the change that tabs bring to each sink, apply it, remember it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from qa_sync.dashboards.cells import Cell, Conflict, Present, Receipt, Tab, TabPlan
from qa_sync.dashboards.changes import RowChange, planned_changes
from qa_sync.dashboards.control import (
    CONTROL,
    answered,
    change_told,
    checked_told,
    control_shape,
    control_tab,
    heartbeat_due,
    standing_told,
)
from qa_sync.dashboards.definition import Definition
from qa_sync.dashboards.plan import Base, plan_tab
from qa_sync.errors import LostRace, SinkError
from qa_sync.model.system import PUBLISHED
from qa_sync.ports import Sink, Watched
from qa_sync.runner.connecting import guarded
from qa_sync.store import Store

#: How often a publish is tried when the tabs changed between its read and its write.
TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing one dashboard to one sink did, or would do."""

    dashboard: str
    sink: str
    plans: tuple[TabPlan, ...]
    receipt: Receipt | None
    present: Present = field(default_factory=Present)

    def changes(self) -> list[RowChange]:
        """Return every row that was changed, or would be; the control tab's are not data."""
        return [
            change
            for plan in self.plans
            if plan.wanted.shape.name != CONTROL
            for change in planned_changes(plan, self.present.tabs.get(plan.wanted.shape.name))
        ]

    @property
    def data_cells(self) -> int:
        """Data cells written (planned, on a dry run); the control tab's are not data."""
        return sum(plan.data_cells for plan in self.plans if plan.wanted.shape.name != CONTROL)

    @property
    def conflicts(self) -> list[tuple[str, Conflict]]:
        """(tab, conflict) for each managed cell that a person had changed."""
        return [
            (plan.wanted.shape.name, conflict)
            for plan in self.plans
            if plan.wanted.shape.name != CONTROL
            for conflict in plan.conflicts
        ]

    def summary(self) -> dict[str, Any]:
        """Return the counts that a run's summary shows."""
        shown = [plan for plan in self.plans if plan.wanted.shape.name != CONTROL]
        return {
            "sink": self.sink,
            "data_cells": self.data_cells,
            "added_rows": sum(p.inserted_rows for p in shown),
            "updated_cells": sum(len(rows) for p in shown for rows, _ in p.updates.values()),
            "unchanged_rows": sum(p.unchanged_rows for p in shown),
            "conflicts": len(self.conflicts),
            "restored_rows": sum(len(p.restored_keys) for p in shown),
            "double_keys": sum(len(p.duplicate_keys) for p in shown),
            "calls": self.receipt.calls if self.receipt else 0,
            "url": self.receipt.url if self.receipt else "",
        }


@dataclass(slots=True)
class Publisher:
    """Publishes tabs of dashboards to their sinks, under a lease of each place.

    ``unplaced``: dashboard and sink → values of its for_each column that have no place there.
    ``answers``: dashboard and place → who asked for fresh data there; told with the data, in the same batch.
    ``facts``: what else the control tab tells of this run (item → value).
    """

    store: Store
    run_id: str
    at: datetime
    dry_run: bool = False
    done: list[Published] = field(default_factory=list)
    unplaced: dict[str, list[str]] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    facts: Mapping[str, Cell] = field(default_factory=dict)

    def publish(self, definition: Definition, tabs: list[Tab], sink_name: str, sink: Sink) -> Published:
        """Read, plan, apply and remember; a dry run stops after the plan.

        Raises:
            LostRace: people or another publisher changed the tabs between read and write, three times in a row.
            SinkError: the sink could not be read or written, or its connector has a fault.
        """
        for attempt in range(TRIES):
            try:
                made = self._attempt(definition, tabs, sink_name, sink)
                break
            except LostRace:
                # What was written stands; the next plan is the remainder.
                if attempt == TRIES - 1:
                    raise
        self.done.append(made)
        return made

    def _attempt(self, definition: Definition, tabs: list[Tab], sink_name: str, sink: Sink) -> Published:
        bases = self.store.published.tabs(definition.name, sink_name)
        control = control_shape(definition.name, takes_requests=isinstance(sink, Watched))
        with guarded("the connector", SinkError):
            present = sink.present([*(tab.shape for tab in tabs), control])
        plans = [_plan(tab, present, bases) for tab in tabs]
        told: dict[str, Cell] = {}
        if any(not plan.is_empty for plan in plans):
            told = {**change_told(plans, run_id=self.run_id, at=self.at), **self.facts}
        elif standing := standing_told(plans, bases.get(CONTROL)):
            told = {**checked_told(self.at), **standing, **self.facts}
        elif isinstance(sink, Watched) and heartbeat_due(bases.get(CONTROL), self.at):
            # A page people have open hears that we live; a file is not touched for that.
            told = {**checked_told(self.at), **self.facts}
        who = self.answers.get((definition.name, sink_name))
        if who is not None:
            # The box is emptied in the batch that brings the data: after a crash it is still ticked.
            told |= {**checked_told(self.at), **self.facts, **answered(_done(who, plans, self.at))}
        plans.append(
            _plan(
                control_tab(control, bases.get(CONTROL), present=present.tabs.get(CONTROL), told=told), present, bases
            )
        )
        receipt = None
        if not self.dry_run:
            with guarded("the connector", SinkError):
                receipt = sink.apply(plans, present)
            self._remember(definition.name, sink_name, plans, bases)
        return Published(
            dashboard=definition.name, sink=sink_name, plans=tuple(plans), receipt=receipt, present=present
        )

    def tell(self, dashboard: str, sink_name: str, sink: Sink, told: Mapping[str, Cell]) -> None:
        """Write into the control tab, and nowhere else; nothing where there is no control tab yet."""
        shape = control_shape(dashboard, takes_requests=isinstance(sink, Watched))
        bases = self.store.published.tabs(dashboard, sink_name)
        for attempt in range(TRIES):
            with guarded("the connector", SinkError):
                present = sink.present([shape])
            if CONTROL not in present.tabs:
                return
            tab = control_tab(shape, bases.get(CONTROL), present=present.tabs[CONTROL], told=told)
            plan = replace(_plan(tab, present, bases), reshape=False)
            try:
                with guarded("the connector", SinkError):
                    sink.apply([plan], present)
                break
            except LostRace:
                if attempt == TRIES - 1:
                    raise
        self._remember(dashboard, sink_name, [plan], bases)

    def _remember(self, dashboard: str, sink: str, plans: list[TabPlan], bases: Mapping[str, Base]) -> None:
        rows: list[dict[str, Any]] = []
        for plan in plans:
            name = plan.wanted.shape.name
            base = bases.get(name) or {}
            wanted = plan.wanted.by_key()
            for key, cells in wanted.items():
                if base.get(key) != cells:
                    rows.append(self._row(dashboard, sink, name, key, cells))
            rows += [self._row(dashboard, sink, name, key, {}, removed=True) for key in base if key not in wanted]
        self.store.ledger.append("published", pa.Table.from_pylist(rows, schema=PUBLISHED))

    def _row(
        self, dashboard: str, sink: str, tab: str, key: str, cells: Mapping[str, Cell], *, removed: bool = False
    ) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "at": self.at,
            "dashboard": dashboard,
            "sink": sink,
            "tab": tab,
            "key": key,
            "cells": json.dumps(cells, ensure_ascii=False, sort_keys=True),
            "removed": removed,
        }


def _done(who: str, plans: list[TabPlan], at: datetime) -> str:
    cells = sum(plan.data_cells for plan in plans)
    asked = f", asked by {who}" if who else ""
    return f"done {at:%Y-%m-%d %H:%M} UTC: {f'{cells:,} data cells changed' if cells else 'nothing new'}{asked}"


def _plan(tab: Tab, present: Present, bases: Mapping[str, Base]) -> TabPlan:
    name = tab.shape.name
    return plan_tab(tab, present.tabs.get(name), bases.get(name))
