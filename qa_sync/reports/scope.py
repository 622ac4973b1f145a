"""Which rows a report is made of: what is asked to be kept, and nothing but the evaluations it is limited to."""

from __future__ import annotations

from qa_sync.reports.grouping import condition
from qa_sync.reports.lineage import text
from qa_sync.reports.report import Ask, Scene


def of_pairs(scene: Scene, ask: Ask) -> str:
    """Return the SQL condition of the pairs that a report may use: both evaluations are among those allowed."""
    return _both(condition(scene.engine, ask.where), ask, "auditee_evaluation_id", "auditor_evaluation_id")


def of_evaluations(scene: Scene, ask: Ask) -> str:
    """Return the SQL condition of the evaluations that a report may use."""
    return _both(condition(scene.engine, ask.where), ask, "evaluation_id")


def last_weeks(scene: Scene, ask: Ask, pairs_that_count: str, count: int) -> list[str]:
    """Return the last ``count`` weeks of the programme with pairs, whatever evaluations the report is limited to."""
    keep = of_pairs(scene, Ask(where=ask.where))
    found = scene.engine.fetch(f"""
        SELECT DISTINCT week FROM measured WHERE {pairs_that_count} AND {keep} AND week IS NOT NULL
        ORDER BY week DESC LIMIT {count}""")
    return sorted(str(week) for week in found["week"].to_pylist())


def in_weeks(weeks: list[str]) -> str:
    """Return the SQL condition of rows of these weeks."""
    return f"week IN ({', '.join(text(week) for week in weeks) or 'NULL'})"


def limited(ask: Ask, *columns: str) -> str:
    """Return the SQL condition that the evaluations in ``columns`` are among those allowed ("true": all are)."""
    return " AND ".join(f"{column} IN (SELECT evaluation_id FROM {ask.only})" for column in columns if ask.only) or (
        "true"
    )


def _both(kept: str, ask: Ask, *columns: str) -> str:
    return f"{kept} AND {limited(ask, *columns)}" if ask.only else kept
