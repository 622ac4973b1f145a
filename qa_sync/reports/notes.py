"""Sentences that a reader of grouped numbers needs: how weeks count, which are still filling, what is left out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from zoneinfo import ZoneInfo

from qa_sync.reports.measures import COMPARED
from qa_sync.reports.report import Scene


def told(scene: Scene, asked: Collection[str]) -> tuple[str, ...]:
    """What every report about pairs says: how weeks count, which are open, what is hidden, apart or left out."""
    return (
        counted_note(scene),
        f"Rates of fewer than {scene.n_min} pairs are left out; their intervals stand. Nothing here is a rank.",
        *open_weeks_note(scene),
        *targeted_note(scene, asked),
        *excluded_note(scene),
    )


def excluded_note(scene: Scene) -> tuple[str, ...]:
    """How many evaluations and pairs are in no number at all, by what became of them."""
    found = scene.engine.fetch("""
        SELECT what, count(*) AS n FROM (
            SELECT bucket AS what FROM buckets
            WHERE bucket IN ('UNMATCHED_AUDITOR', 'AMBIGUOUS', 'EXCLUDED', 'VOIDED', 'DRAFT', 'REFERENCE_UNUSED')
            UNION ALL SELECT 'NOT_COMPARABLE' FROM audited WHERE outcome = 'NOT_COMPARABLE' AND is_headline) x
        GROUP BY what ORDER BY what""")
    parts = [f"{n:,} {what}" for what, n in zip(found["what"].to_pylist(), found["n"].to_pylist(), strict=True)]
    return (f"In no number, of the whole programme: {', '.join(parts)}; see Exceptions.",) if parts else ()


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
