"""The plan that a programme's audits follow: which evaluations of each week and queue were drawn, and why some wait.

Drawn was what was audited, and about a tenth more that was not, because it was skipped, replaced by another evaluation
of its stratum, or still waits. What was not audited is taken in the order of its hash, as a sample is.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qa_sync.agreement import hash_key
from qa_sync.testing.programme.record import SAMPLES, Programme, week_start

#: An audit is due so many weeks after the week of the evaluation.
DUE_WEEKS = 2
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
    frame, starts = _strata(evaluations, tickets, zone)
    auditors = _auditors(evaluations, intentions)
    numbers, picked = frame["evaluation_no"].to_pylist(), frame["picked_at"]
    rows: list[dict[str, Any]] = []
    extras = 0
    for first, end in pairwise(starts):
        place = {numbers[at]: at for at in range(first, end)}
        ordered = sorted(place, key=lambda number: hash_key(str(number), seed))
        drawn = [number for number in ordered if number in auditors]
        left = [number for number in ordered if number not in auditors][: math.ceil(_EXTRA * len(drawn))]
        ids = {number: len(rows) + at for at, number in enumerate([*drawn, *left], start=1)}
        made = [{"evaluation_no": number, "assignee_no": auditors[number]} for number in drawn]
        for number in left:
            other = drawn[extras % len(drawn)]
            became = ({"skipped_reason": _SKIPPED}, {"replaced_by_no": ids[other]}, {})[extras % 3]
            made.append({"evaluation_no": number, "assignee_no": auditors[other], **became})
            extras += 1
        wanted = Counter(row["assignee_no"] for row in made if "replaced_by_no" not in row)
        monday, queue = frame["monday"][first].as_py(), frame["queue"][first].as_py()
        due = week_start(monday, 1 + DUE_WEEKS, zone)
        for row in made:
            number = row["evaluation_no"]
            rows.append({
                **row, "sample_no": ids[number], "week": f"{monday:%G-W%V}", "queue": queue, "due_at": due,
                "picked_at": picked[place[number]].as_py(), "target": wanted[row["assignee_no"]],
                "frame_size": end - first, "selected_by": "random", "seed": str(seed),
            })  # fmt: skip
    return pa.Table.from_pylist([{name: row.get(name) for name in SAMPLES.names} for row in rows], schema=SAMPLES)


def _strata(evaluations: pa.Table, tickets: pa.Table, zone: str) -> tuple[pa.Table, list[int]]:
    """Evaluations that could be audited, by week and queue, and where each of these begins, the end included."""
    latest = evaluations.sort_by([("evaluation_no", "ascending"), ("revision", "ascending")])
    latest = latest.filter(pa.array(_last_of(latest["evaluation_no"])))
    asked = pc.and_(pc.equal(latest["kind"], "standard"), pc.equal(latest["status"], "active"))
    latest = latest.filter(pc.and_(asked, pc.is_valid(latest["submitted_at"])))
    queues = tickets.sort_by([("ticket_no", "ascending"), ("version", "ascending")])
    queues = queues.filter(pa.array(_last_of(queues["ticket_no"])))
    at = np.searchsorted(queues["ticket_no"].to_numpy(), latest["ticket_no"].to_numpy())
    day = pc.local_timestamp(latest["submitted_at"].cast(pa.timestamp("us", tz=zone)))
    frame = pa.table(
        {
            "evaluation_no": latest["evaluation_no"],
            "picked_at": latest["submitted_at"],
            "monday": pc.floor_temporal(day, unit="week").cast(pa.date32()),
            "queue": queues["queue"].take(pa.array(at)),
        }
    ).sort_by([("monday", "ascending"), ("queue", "ascending"), ("evaluation_no", "ascending")])
    code = pc.binary_join_element_wise(frame["monday"].cast(pa.string()), frame["queue"], "|").combine_chunks()
    changes = np.flatnonzero(_last_of(code.dictionary_encode().indices)) + 1
    return frame, [0, *changes.tolist()]


def _last_of(keys: pa.ChunkedArray | pa.Array) -> NDArray[np.bool_]:
    """Which rows are the last of their key, where equal keys stand together."""
    values = keys.to_numpy()
    return np.append(values[1:] != values[:-1], True)[: len(values)]


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
