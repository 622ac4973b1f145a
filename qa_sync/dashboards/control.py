"""The control tab: when the data last changed, by which run, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from qa_sync.dashboards.cells import Cell, Field, Tab, TabPlan, TabShape
from qa_sync.dashboards.definition import Definition
from qa_sync.dashboards.plan import Base

CONTROL = "control"

_ITEMS = (
    ("last_change", "Last data change (UTC)"),
    ("run", "By run"),
    ("cells", "Data cells written"),
    ("rows_added", "Rows added"),
    ("conflicts", "Cells people had changed"),
)


def control_tab(
    definition: Definition,
    base: Base | None,
    *,
    run_id: str = "",
    at: datetime | None = None,
    plans: Sequence[TabPlan] = (),
) -> Tab:
    """Return the control tab: of a new change when ``at`` is given, otherwise as it was last published."""
    if at is None:
        values: dict[str, Cell] = {item: (base or {}).get(item, {}).get("value") for item, _ in _ITEMS}
    else:
        values = {
            "last_change": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "run": run_id,
            "cells": str(sum(plan.data_cells for plan in plans)),
            "rows_added": str(sum(plan.inserted_rows for plan in plans)),
            "conflicts": str(sum(len(plan.conflicts) for plan in plans)),
        }
    shape = TabShape(
        dashboard=definition.name,
        name=CONTROL,
        title="_qa_sync",
        key="item",
        fields=(
            Field(name="item", label="Item", width=120),
            Field(name="what", label="What", width=210),
            Field(name="value", label="Value", width=240),
        ),
        notes=("Kept by qa-sync. A refresh that finds nothing new writes nothing, here neither.",),
    )
    return Tab(
        shape=shape,
        columns={
            "item": [item for item, _ in _ITEMS],
            "what": [what for _, what in _ITEMS],
            "value": [values[item] for item, _ in _ITEMS],
        },
    )
