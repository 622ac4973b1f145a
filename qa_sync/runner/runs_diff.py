"""What made numbers move between two runs: records, mapping, settings or code.

The report is computed four times, changing one thing at a time: as the first run had it; its records as the second
run's mapping reads them; all records of the second run; and with the second run's settings. What each step moves is
its doing. What the code itself moved shows where the first state, computed now, is not what its run counted then.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qa_sync.engine import Engine
from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.errors import ConfigError, Problem
from qa_sync.model import TABLES
from qa_sync.model.system import RAW
from qa_sync.reports import Ask, build
from qa_sync.runner.opened import opened
from qa_sync.store import Run, Snapshot, Store

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

#: The report whose numbers are compared.
REPORT = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One number: its row and column, both values, and by how much each cause moved it (None: not a difference)."""

    row: str
    column: str
    before: Any
    after: Any
    mapping: float | None
    records: float | None
    settings: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsDiff:
    """Between two runs.

    Attributes:
        before: id of the first run.
        after: id of the second.
        records: stream → record versions that came, and how many of them change or delete a record known before.
        files: mappings, catalogues and dashboards whose text changed → lines removed and added.
        settings: programme setting → (before, after).
        code: what of the project's own versions changed → (before, after).
        recomputed: counts of the first state that come out otherwise now than its run recorded → (then, now).
        moved: numbers that moved.
    """

    before: str
    after: str
    records: Mapping[str, Mapping[str, int]]
    files: Mapping[str, Mapping[str, int]]
    settings: Mapping[str, tuple[Any, Any]]
    code: Mapping[str, tuple[Any, Any]]
    recomputed: Mapping[str, tuple[Any, Any]]
    moved: tuple[Moved, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)


def runs_diff(workspace: Workspace, before: str, after: str) -> RunsDiff:
    """Compare two runs (ids or times).

    Raises:
        ConfigError: one of them has no state to be asked.
        StoreError: its files are gone.
    """
    store = workspace.store
    old, new = store.ledger.snapshot_run(before), store.ledger.snapshot_run(after)
    was, now = _snapshot(old), _snapshot(new)
    first, counted = _numbers(store, was, old)
    mapped, _ = _numbers(store, replace(now, contents=was.contents), new, only=was)
    read, _ = _numbers(store, replace(now, contents=was.contents), new)
    last, _ = _numbers(store, now, new)
    then = old.counts.get("reconcile") or {}
    return RunsDiff(
        before=old.run_id,
        after=new.run_id,
        records=_records(store, was, now),
        files=_files(was.contents, now.contents),
        settings=_pairs(was.contents.get("programme", {}), now.contents.get("programme", {})),
        code=_pairs(_code(was), _code(now)),
        recomputed=_pairs(*({key: held[key] for key in counted.keys() & then.keys()} for held in (then, counted))),
        moved=tuple(_moved(first, mapped, read, last)),
    )


def _snapshot(run: Run) -> Snapshot:
    if run.snapshot is None:
        raise ConfigError(Problem(what=f"run {run.run_id} has no state to be asked", hint="'qa-sync runs' lists them"))
    return run.snapshot


Numbers = Mapping[tuple[str, str], Any]


def _numbers(
    store: Store, state: Snapshot, run: Run, *, only: Snapshot | None = None
) -> tuple[Numbers, dict[str, Any]]:
    """Return (row, column) → number of the report, and the counts of reconciling; of ``only``'s records if given."""

    def overlay(engine: Engine) -> None:
        if only is not None:
            _limit(store, engine, only)

    with opened(store, state, as_of=run.finished_at, run_id=run.run_id, overlay=overlay) as it:
        report = build(REPORT, it.scene, Ask())
        numbers = [field.name for field in report.fields if field.kind in ("integer", "number", "percent")]
        cells = {(row["key"], name): row[name] for row in report.rows.to_pylist() for name in numbers}
        return cells, asdict(it.reconciled)


def _limit(store: Store, engine: Engine, state: Snapshot) -> None:
    """Let tables hold only rows made of record versions that a state covers; what no stream gave stays."""
    parts: list[str] = []
    for stream in store.raw_streams():
        source, _, name = stream.name.partition(".")
        covered, version = state.streams.get(stream.name, 0), state.raw_versions.get(stream.name)
        view = f"covered_{len(parts)}"
        engine.scan(view, stream.files(version) if version is not None else [], RAW)
        parts.append(f"""
            SELECT {literal(source)} AS source, {literal(name)} AS stream, id, source_stamp, source_seq, payload_hash
            FROM {view} WHERE n <= {covered:d}""")
    engine.table("covered_records", " UNION ALL ".join(parts))
    engine.table("known_streams", "SELECT DISTINCT source, stream FROM covered_records")
    listed = ", ".join(f"({literal(s.source)}, {literal(s.stream)})" for s in store.raw_streams())
    for table in TABLES:
        engine.table(f"{table}_limited", f"""
            SELECT v.* FROM {table}_versions v
            WHERE (v.source, v.stream) NOT IN ({listed}) OR EXISTS (
                SELECT 1 FROM covered_records c
                WHERE c.source = v.source AND c.stream = v.stream AND c.id = v.record_id
                  AND c.payload_hash = v.payload_hash AND c.source_seq = v.source_seq
                  AND c.source_stamp IS NOT DISTINCT FROM v.source_stamp)""")  # fmt: skip
        engine.view(f"{table}_versions", f"SELECT * FROM {table}_limited")


def _records(store: Store, was: Snapshot, now: Snapshot) -> dict[str, dict[str, int]]:
    """Return, of every stream that grew, how many versions came, and how many of those are of known records."""
    found = {}
    for stream in store.raw_streams():
        first, last = was.streams.get(stream.name, 0), now.streams.get(stream.name, 0)
        version = now.raw_versions.get(stream.name)
        if version is None or last <= first:
            continue
        engine = DuckEngine()
        try:
            engine.scan("stored", stream.files(version), RAW)
            (row,) = engine.fetch(f"""
                SELECT count(*) AS versions, count(*) FILTER (deleted) AS deletions,
                       count(*) FILTER (NOT deleted AND id IN (SELECT id FROM stored WHERE n <= {first:d})) AS changes,
                       count(*) FILTER (NOT deleted AND id NOT IN (SELECT id FROM stored WHERE n <= {first:d})) AS new
                FROM stored WHERE n > {first:d} AND n <= {last:d}""").to_pylist()
        finally:
            engine.close()
        if row["versions"]:
            found[stream.name] = row
    return found


def _files(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    found = {}
    for kind in ("mappings", "forms", "dashboards"):
        old, new = was.get(kind, {}), now.get(kind, {})
        for name in sorted({*old, *new}):
            before, after = old.get(name, ""), new.get(name, "")
            if before != after:
                lines = [line[:1] for line in difflib.ndiff(before.splitlines(), after.splitlines())]
                found[f"{kind}/{name}"] = {"removed": lines.count("-"), "added": lines.count("+")}
    return found


def _code(state: Snapshot) -> dict[str, Any]:
    held = state.contents.get("versions", {})
    return {"qa_sync": held.get("qa_sync"), **{f"metric {k}": v for k, v in held.get("metrics", {}).items()}}


def _pairs(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (was.get(key), now.get(key)) for key in sorted({*was, *now}) if was.get(key) != now.get(key)}


def _moved(first: Numbers, mapped: Numbers, read: Numbers, last: Numbers) -> Sequence[Moved]:
    found = []
    for place in sorted({*first, *mapped, *read, *last}):
        steps = [numbers.get(place) for numbers in (first, mapped, read, last)]
        if all(_same(step, steps[0]) for step in steps):
            continue
        mapping, records, settings = (_difference(one, two) for one, two in pairwise(steps))
        row, column = place
        by = {"mapping": mapping, "records": records, "settings": settings}
        found.append(Moved(row=row, column=column, before=steps[0], after=steps[3], **by))
    return found


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=1e-12, abs_tol=1e-12)
    return bool(one == two)


def _difference(one: Any, two: Any) -> float | None:
    if one is None and two is None:
        return 0.0
    return None if one is None or two is None else float(two) - float(one)
