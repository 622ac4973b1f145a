"""Evaluations, pairs and disputes that are not the same in two states, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine
from qa_sync.reports.grouping import FIXED, dimensions, groupings
from qa_sync.runner.opened import Opened

#: What tells an evaluation as the object of disputes from the evaluation itself.
DISPUTED = "disputed "
OTHERWISE = "counted otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """An evaluation that differs between the two runs. ``what``: new, gone, revised, or counted otherwise."""

    evaluation_id: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A pair or a single evaluation that is not the same in both runs, and its values to group by in either."""

    is_pair: bool
    causes: tuple[Cause, ...]
    values: Mapping[str, frozenset[str | None]] = field(default_factory=dict)


@dataclass(slots=True)
class Records:
    """All records that differ. ``ids``: as members of lists are told apart (``counts_as``)."""

    all: list[Record]
    by_id: dict[str, Record]
    singles: dict[str, str]
    ids: pa.Table

    def causes(self, members: Iterable[tuple[str, str | None]]) -> tuple[Cause, ...]:
        """Return what became of (evaluation, the pair it counts in): of a pair, of what differs by itself in it."""
        found: dict[str, Cause] = {}
        for evaluation, pair in members:
            record = self.by_id.get(pair) if pair else None
            own = Cause(evaluation_id=evaluation, what=self.singles.get(evaluation, OTHERWISE))
            for cause in record.causes if record else (own,):
                found[cause.evaluation_id] = cause
        return tuple(found[name] for name in sorted(found))


def counts_as(members: str) -> str:
    """Return the SQL of what a member of a list is: a pair, an evaluation, or the object of disputes."""
    kind = f"CASE WHEN {members}.role = 'disputed' THEN '{DISPUTED}' ELSE '' END"
    return f"coalesce({members}.pair_id, {kind} || {members}.evaluation_id)"


def state_of(it: Opened) -> pa.Table:
    """Return one row a pair, an evaluation and a disputed one: ids, hashes, what it is grouped by, a digest."""
    engine = it.scene.engine
    names = [*FIXED, *dimensions(engine)]
    by = ", ".join(f'CAST({one.sql} AS VARCHAR) AS "by_{one.name}"' for one in groupings(engine, names))
    return engine.fetch(f"""
        SELECT pair_id AS id, [auditee_evaluation_id, auditor_evaluation_id] AS ids,
               [auditee_payload_hash, auditor_payload_hash] AS hashes, CAST(hash(a) AS VARCHAR) AS state, {by}
        FROM audited a WHERE basis = 'original'
        UNION ALL BY NAME
        SELECT evaluation_id AS id, [evaluation_id] AS ids, [payload_hash] AS hashes, CAST(hash(b) AS VARCHAR) AS state,
               site AS by_site, team AS by_team, queue AS by_queue, form_id AS by_form, week AS by_week,
               evaluator_id AS by_auditee
        FROM buckets b
        UNION ALL BY NAME
        SELECT '{DISPUTED}' || evaluation_id AS id, [evaluation_id] AS ids, NULL AS hashes,
               CAST(list(dispute_id || ' ' || rounds || state || coalesce(outcome, '') || is_open
                         ORDER BY dispute_id) AS VARCHAR) AS state
        FROM dispute_cases GROUP BY evaluation_id""")


def differing(old: pa.Table, new: pa.Table) -> Records:
    """Return what is not the same in two states."""
    columns = [name for name in new.column_names if name in old.column_names]
    values = [name for name in columns if name.startswith("by_")]
    both = "".join(f', o."{name}" AS "old_{name}", n."{name}" AS "new_{name}"' for name in values)
    engine = DuckEngine(threads=1)
    try:
        engine.register("old_state", old.select(columns))
        engine.register("new_state", new.select(columns))
        found = engine.fetch(f"""
            SELECT coalesce(n.id, o.id) AS id, coalesce(n.ids, o.ids) AS ids, o.hashes AS old_hashes,
                   n.hashes AS new_hashes{both}
            FROM old_state o FULL JOIN new_state n ON o.id = n.id
            WHERE o.state IS DISTINCT FROM n.state ORDER BY 2, 1""")
    finally:
        engine.close()
    rows = [row for row in found.to_pylist() if not row["id"].startswith(DISPUTED)]
    # What became of each evaluation by itself; a pair is new because one of its evaluations is, seldom both.
    singles = {row["ids"][0]: _what(row, 0) for row in rows if len(row["ids"]) == 1}
    records = Records(all=[], by_id={}, singles=singles, ids=found.select(["id"]))
    for row in rows:
        record = _record(row, values, singles)
        records.all.append(record)
        records.by_id[row["id"]] = record
    return records


def _what(row: Mapping[str, Any], at: int) -> str:
    old, new = row["old_hashes"], row["new_hashes"]
    if old is None or new is None:
        return "new" if old is None else "gone"
    return "revised" if old[at] != new[at] else OTHERWISE


def _record(row: Mapping[str, Any], values: Sequence[str], singles: Mapping[str, str]) -> Record:
    ids = row["ids"]
    told = {evaluation: singles[evaluation] for evaluation in ids if evaluation in singles}
    told = told or {evaluation: _what(row, at) for at, evaluation in enumerate(ids)}
    return Record(
        is_pair=len(ids) == 2,
        causes=tuple(Cause(evaluation_id=evaluation, what=what) for evaluation, what in told.items()),
        values={name.removeprefix("by_"): frozenset([row[f"old_{name}"], row[f"new_{name}"]]) for name in values},
    )
