"""The control tab: a box to ask for fresh data, and what the last refresh did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qa_sync.dashboards.cells import Cell, Field, PresentTab, Tab, TabPlan, TabShape
from qa_sync.dashboards.plan import Base

#: Name and first title of the control tab: no report is called so, and no tab of a definition may be.
CONTROL = "_qa_sync"
#: Rows that people fill in: they are read, and written only to answer.
REFRESH, ASKED_BY = "refresh", "asked_by"
#: The row that says what has become of the last request.
REQUEST = "request"

_ASKING = (
    (REFRESH, "Tick to ask for fresh data"),
    (ASKED_BY, "Asked by (you may leave it empty)"),
    (REQUEST, "Last request"),
)
#: The row that says when somebody last looked whether there is anything new.
CHECKED = "checked"
#: A refresh that finds nothing new says so in the tab at most so often: a quiet dashboard is told from a dead one, and
#: hundreds of refreshes a day stay calls that only read.
HEARTBEAT = timedelta(hours=1)

#: The rows that name cells of ours which people had changed: written over by the last change, and left as they are.
OVERWRITTEN, KEPT = "overwritten", "kept"
#: The rows that name keys: of rows that were missing and are written again, and of those that stand there twice.
RESTORED, DOUBLE = "restored", "double"
#: So many of them are named, and so much of each is shown.
_MOST_NAMED, _LONGEST_SHOWN = 5, 200

_ITEMS = (
    (CHECKED, "Last checked for new data (UTC)"),
    ("last_change", "Last data change (UTC)"),
    ("run", "By run"),
    ("cells", "Data cells written"),
    ("rows_added", "Rows added"),
    ("rows_updated", "Rows updated"),
    ("rows_unchanged", "Rows unchanged"),
    ("conflicts", "Cells people had changed"),
    (OVERWRITTEN, "What they had written, and we wrote over"),
    (KEPT, "Cells of ours that hold what people wrote"),
    (RESTORED, "Rows written again: deleted, or key changed"),
    (DOUBLE, "Keys in several rows; the first is ours"),
    ("problems", "Problems of that run"),
    ("next", "Next run planned (UTC)"),
)
_TIME = "%Y-%m-%d %H:%M:%S"
#: A name longer than this is nobody's.
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a control tab holds: whether the box is ticked, and who says to have ticked it."""

    ticked: bool
    by: str = ""


def control_shape(dashboard: str, *, takes_requests: bool) -> TabShape:
    """Return the shape of a control tab; ``takes_requests`` where somebody can tick a box there and be heard."""
    return TabShape(
        dashboard=dashboard,
        name=CONTROL,
        title=CONTROL,
        key="item",
        fields=(
            Field(name="item", label="Item", width=120),
            Field(name="what", label="What", width=290),
            Field(name="value", label="Value", width=330),
        ),
        notes=("Kept by qa-sync. A refresh that finds nothing new tells so here, once an hour at most.",),
        ticks=((REFRESH, "value"),) if takes_requests else (),
        filter=False,
    )


def control_tab(
    shape: TabShape, base: Base | None, *, present: PresentTab | None = None, told: Mapping[str, Cell] | None = None
) -> Tab:
    """Return the control tab: what was last published there, with what is new in ``told`` (item → value).

    What people fill in stays as it is in ``present``, unless ``told`` answers it.
    """
    items = (*_ASKING, *_ITEMS) if shape.ticks else _ITEMS
    values: dict[str, Cell] = {item: (base or {}).get(item, {}).get("value") for item, _ in items}
    if shape.ticks:
        there = _values(present)
        values |= {REFRESH: there.get(REFRESH) is True, ASKED_BY: there.get(ASKED_BY)}
    values |= {item: value for item, value in (told or {}).items() if item in values}
    return Tab(
        shape=shape,
        columns={
            "item": [item for item, _ in items],
            "what": [what for _, what in items],
            "value": [values[item] for item, _ in items],
        },
    )


def change_told(plans: Sequence[TabPlan], *, run_id: str, at: datetime) -> dict[str, Cell]:
    """Return what the control tab tells of a change of data."""
    return {
        **checked_told(at),
        "last_change": at.astimezone(UTC).strftime(_TIME),
        "run": run_id,
        "cells": f"{sum(plan.data_cells for plan in plans):,}",
        "rows_added": f"{sum(plan.inserted_rows for plan in plans):,}",
        "rows_updated": f"{sum(plan.updated_rows for plan in plans):,}",
        "rows_unchanged": f"{sum(plan.unchanged_rows for plan in plans):,}",
        "conflicts": f"{sum(len(plan.conflicts) for plan in plans):,}",
        OVERWRITTEN: _named(plans, written_over=True),
        RESTORED: _listed([(plan, key) for plan in plans for key in plan.restored_keys]),
        **_standing(plans),
    }


def standing_told(plans: Sequence[TabPlan], base: Base | None) -> dict[str, Cell]:
    """Return what the control tab is to tell of cells and rows that stay as people changed them, and does not."""
    if base is None:
        return {}
    return {item: text for item, text in _standing(plans).items() if (base.get(item, {}).get("value") or _NONE) != text}


_NONE = "none"


def _standing(plans: Sequence[TabPlan]) -> dict[str, Cell]:
    return {
        KEPT: _named(plans, written_over=False),
        DOUBLE: _listed([(plan, key) for plan in plans for key in plan.duplicate_keys]),
    }


def _listed(keys: Sequence[tuple[TabPlan, str]]) -> str:
    told = [f"{plan.wanted.shape.title}, {_shown(key)}" for plan, key in keys[:_MOST_NAMED]]
    return _joined(told, len(keys))


def _joined(told: list[str], count: int) -> str:
    more = [f"and {count - _MOST_NAMED:,} more"] if count > _MOST_NAMED else []
    return "; ".join(told + more) or _NONE


def _named(plans: Sequence[TabPlan], *, written_over: bool) -> str:
    found = [
        (plan.wanted.shape, one)
        for plan in plans
        for one in plan.conflicts
        if (one.action == "enforce") is written_over
    ]
    told = [
        f"{shape.title}, {one.key}, {next(f.label for f in shape.fields if f.name == one.field)}: {_shown(one.theirs)}"
        for shape, one in found[:_MOST_NAMED]
    ]
    return _joined(told, len(found))


def _shown(cell: Cell) -> str:
    if cell is None or cell == "":
        return "emptied"
    text = f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def checked_told(at: datetime) -> dict[str, Cell]:
    """Return what the control tab tells of a refresh that found nothing new."""
    return {CHECKED: at.astimezone(UTC).strftime(_TIME)}


def heartbeat_due(base: Base | None, at: datetime) -> bool:
    """Tell whether the control tab, as it was last published, is to hear of a refresh that found nothing new."""
    told = (base or {}).get(CHECKED, {}).get("value")
    if base is None or told is None:
        return base is not None
    return at - datetime.strptime(str(told), _TIME).replace(tzinfo=UTC) >= HEARTBEAT


def answered(text: str) -> dict[str, Cell]:
    """Return what the control tab tells when a request is at its end: the text, and an empty box again."""
    return {REFRESH: False, ASKED_BY: None, REQUEST: text}


def asked(present: PresentTab | None) -> Asked:
    """Return what people have filled in. The text is theirs: it is shortened, and decides nothing."""
    values = _values(present)
    by = values.get(ASKED_BY)
    name = "".join(mark for mark in str(by or "") if mark.isprintable())[:_LONGEST_NAME]
    return Asked(ticked=values.get(REFRESH) is True, by=name)


def _values(present: PresentTab | None) -> dict[str, Cell]:
    if present is None or "item" not in present.columns or "value" not in present.columns:
        return {}
    return {str(item): value for item, value in zip(present.columns["item"], present.columns["value"], strict=True)}
