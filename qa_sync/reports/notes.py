"""Sentences that a reader of grouped numbers needs: how weeks count, which are still filling, what is left out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from zoneinfo import ZoneInfo

from qa_sync.reports.measures import COMPARED
from qa_sync.reports.report import Scene


def counted_note(scene: Scene) -> str:
    """How weeks and tolerance are counted."""
    event = {
        "submitted_at": "the evaluation was submitted",
        "closed_at": "the interaction was closed",
        "auditor_submitted_at": "the audit was submitted",
    }[scene.basis_event]
    return (
        f"Weeks are ISO weeks of {scene.time_zone}, by when {event}. Tolerance, inclusive: the form's own; else "
        f"{scene.tolerance:g} points, or 0 levels on ordinal forms."
    )


def open_weeks_note(scene: Scene) -> tuple[str, ...]:
    """From which week on audits may still come, so that numbers may still move."""
    if scene.basis_event == "auditor_submitted_at":
        return ()
    opened = scene.as_of.astimezone(ZoneInfo(scene.time_zone)).date() - timedelta(days=scene.audit_window_days)
    year, week, _ = opened.isocalendar()
    days = scene.audit_window_days
    return (f"Weeks from {year}-W{week:02d} on are provisional: audits may come up to {days} days later.",)


def targeted_note(scene: Scene, asked: Collection[str]) -> tuple[str, ...]:
    """How many targeted audits are kept apart, unless the report groups or filters by sampling."""
    if "sampling" in asked:
        return ()
    found = scene.engine.fetch(f"SELECT count(*) AS n FROM audited WHERE {COMPARED} AND sampling = 'targeted'")
    n = found["n"][0].as_py()
    return (f"{n:,} targeted audits are kept apart; see them with 'by: sampling'.",) if n else ()
