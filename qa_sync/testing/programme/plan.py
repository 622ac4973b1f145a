"""The plan that a programme's audits follow: which evaluations of each week and queue were drawn, and why some wait.

Drawn was what was audited, and about a tenth more that was not, because it was skipped, replaced by another evaluation
of its stratum, or still waits. What was not audited is taken in the order of its hash, as a sample is.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from qa_sync.agreement import hash_key
from qa_sync.testing.programme.record import SAMPLES, Programme

#: An audit is due so many days after the week of the evaluation.
DUE_DAYS = 14
#: Of ten that were audited, one more was drawn and was not.
_EXTRA = 0.1
_SKIPPED = "interaction could not be opened"
_COLUMNS = (
    "sample", "week", "queue", "evaluation", "auditor", "target", "frame", "picked", "seed", "due", "replaced by",
    "skipped because",
)  # fmt: skip


def plan_table(evaluations: pa.Table, tickets: pa.Table, intentions: pa.Table, *, seed: int, zone: str) -> pa.Table:
    """Return the plan of a programme's tables, one row a drawn evaluation, by week, queue and hash.

    ``target`` is what its auditor was to do of the stratum; ``frame_size`` counts the stratum's evaluations.
    """
    strata = _strata(evaluations, tickets, seed, zone)
    auditors = _auditors(evaluations, intentions)
    rows: list[dict[str, Any]] = []
    extras = 0
    for (due, week, queue), found in sorted(strata.items()):
        drawn = [row for row in found if row["evaluation_no"] in auditors]
        left = [row for row in found if row["evaluation_no"] not in auditors]
        first = len(rows)
        for row in drawn:
            rows.append({**row, "assignee_no": auditors[row["evaluation_no"]], "sample_no": len(rows) + 1})
        for row in left[: math.ceil(_EXTRA * len(drawn))]:
            other = rows[first + extras % len(drawn)]
            became = ({"skipped_reason": _SKIPPED}, {"replaced_by_no": other["sample_no"]}, {})[extras % 3]
            rows.append({**row, **became, "assignee_no": other["assignee_no"], "sample_no": len(rows) + 1})
            extras += 1
        wanted: dict[int, int] = defaultdict(int)
        for row in rows[first:]:
            wanted[row["assignee_no"]] += row.get("replaced_by_no") is None
        for row in rows[first:]:
            row |= {
                "week": week, "queue": queue, "due_at": due, "target": wanted[row["assignee_no"]],
                "frame_size": len(found), "selected_by": "random", "seed": str(seed),
            }  # fmt: skip
    return pa.Table.from_pylist([{name: row.get(name) for name in SAMPLES.names} for row in rows], schema=SAMPLES)


def _strata(
    evaluations: pa.Table, tickets: pa.Table, seed: int, zone: str
) -> dict[tuple[datetime, str, str], list[dict[str, Any]]]:
    """Evaluations that could be audited, by the hash that draws them, of each (day due, week, queue)."""
    names = ("evaluation_no", "kind", "ticket_no", "status", "submitted_at")
    latest = {row["evaluation_no"]: row for row in evaluations.select(names).to_pylist()}
    queues = dict(zip(tickets["ticket_no"].to_pylist(), tickets["queue"].to_pylist(), strict=True))
    found: dict[tuple[datetime, str, str], list[dict[str, Any]]] = defaultdict(list)
    for number, row in latest.items():
        if row["kind"] == "standard" and row["status"] == "active" and row["submitted_at"] is not None:
            day = row["submitted_at"].astimezone(ZoneInfo(zone)).date()
            monday = day + timedelta(days=7 - day.weekday())
            due = datetime.combine(monday + timedelta(days=DUE_DAYS), time(), tzinfo=ZoneInfo(zone))
            stratum = due.astimezone(ZoneInfo("UTC")), f"{day:%G-W%V}", queues[row["ticket_no"]] or "(none)"
            found[stratum].append({"evaluation_no": number, "picked_at": row["submitted_at"]})
    for rows in found.values():
        rows.sort(key=lambda row: hash_key(str(row["evaluation_no"]), seed))
    return found


def _auditors(evaluations: pa.Table, intentions: pa.Table) -> dict[int, int]:
    """Who was to audit what, by evaluation: the first of several, and nobody themselves."""
    by = dict(zip(evaluations["evaluation_no"].to_pylist(), evaluations["evaluator_no"].to_pylist(), strict=True))
    planned: dict[int, int] = {}
    for row in intentions.sort_by([("submitted_at", "ascending"), ("audit_no", "ascending")]).to_pylist():
        if row["evaluation_no"] is not None and row["situation"] != "self_audit":
            planned.setdefault(row["evaluation_no"], by[row["audit_no"]])
    return planned


def write_plan(programme: Programme, folder: Path) -> Path:
    """Write the plan as people keep one, a file of comma-separated values below ``folder``; return its path.

    ``mappings/sample_plan.yaml`` reads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sample_plan.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(_lines(programme))
    return path


def _lines(programme: Programme) -> Iterator[list[str]]:
    numbers = {row["person_no"]: row["employee_number"] for row in programme.people.to_pylist()}
    names = (
        "sample_no", "week", "queue", "evaluation_no", "assignee_no", "target", "frame_size", "selected_by", "seed",
        "due_at", "replaced_by_no", "skipped_reason",
    )  # fmt: skip
    for row in programme.samples.to_pylist():
        told = {**row, "assignee_no": numbers.get(row["assignee_no"]), "due_at": f"{row['due_at']:%Y-%m-%dT%H:%M:%SZ}"}
        yield ["" if told[name] is None else str(told[name]) for name in names]
