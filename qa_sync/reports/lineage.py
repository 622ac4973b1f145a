"""From a row of a report to the evaluations behind it: the SQL that reports share for saying so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa_sync.reports.grouping import Grouping


def same_group(by: Sequence[Grouping], row: Mapping[str, Any]) -> str:
    """Return the SQL condition of the rows that were counted in a row's group ("true" without groups)."""
    return " AND ".join(f"({g.sql}) IS NOT DISTINCT FROM {text(row[g.name])}" for g in by) or "true"


def text(value: object) -> str:
    """Return a value of a row as an SQL literal of a text."""
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


#: What a count of some of a row's pairs leans on.
OTHERS = "the other pairs of the row: among them these were counted"


def of_pairs(relation: str, condition: str) -> str:
    """Select both evaluations of the pairs of a relation that fit, as ``Inputs`` wants them."""
    return " UNION ALL ".join(
        f"""
        SELECT {side}_evaluation_id AS evaluation_id, '{side}' AS role, pair_id, {side}_payload_hash AS payload_hash
        FROM {relation} WHERE {condition}"""
        for side in ("auditee", "auditor")
    )


def of_evaluations(relation: str, condition: str, *, role: str = "evaluation") -> str:
    """Select the evaluations of a relation (with evaluation_id and payload_hash) that fit, as ``Inputs`` wants them."""
    return f"""
        SELECT evaluation_id, '{role}' AS role, CAST(NULL AS VARCHAR) AS pair_id, payload_hash
        FROM {relation} WHERE {condition}"""
