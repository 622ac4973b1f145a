"""The store's own append-only tables: finished runs, rejects and findings; ``published`` reads the fourth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.engine.files import Files
from qa_sync.errors import ConfigError, Problem
from qa_sync.model.system import FINDINGS, PUBLISHED, REJECTS, RUNS
from qa_sync.store import delta
from qa_sync.store.lock import StoreLock
from qa_sync.store.path import StorePath

Status = Literal["done", "failed"]

_SCHEMAS = {"runs": RUNS, "rejects": REJECTS, "findings": FINDINGS, "published": PUBLISHED}
_STATISTICS = {"runs": "finished_at", "rejects": "source", "findings": "source", "published": "dashboard"}

#: What makes two rejects the same one, however often it is met.
REJECT_KEY = ("source", "stream", "stage", "table", "record_id", "field", "reason", "payload_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Which state of the store a run worked on: how far each raw stream was covered, and the version of each table.

    ``contents`` are the texts that decided what was made of it: programme settings, mappings, form catalogues,
    dashboard definitions, metric versions.
    """

    streams: Mapping[str, int] = field(default_factory=dict)
    raw_versions: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    contents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished run."""

    run_id: str
    command: str
    status: Status
    started_at: datetime
    finished_at: datetime
    counts: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    error: str = ""


class Ledger:
    """Append-only rows about what qa-sync did."""

    def __init__(self, folder: StorePath, lock: StoreLock) -> None:
        self._folder = folder
        self._lock = lock

    def append(self, name: Literal["runs", "rejects", "findings", "published"], rows: pa.Table) -> None:
        """Add rows; nothing is written for none."""
        if not rows.num_rows:
            return
        path = self._folder / name
        # A run's own row holds counts only: it is written however the run ended.
        with self._lock.held() if name == "runs" else self._lock.writing():
            n = delta.position(delta.open_table(path), path).n
            delta.commit(path, _SCHEMAS[name], rows, expected_n=n, note={}, statistics=(_STATISTICS[name],))

    def files(self, name: str) -> Files:
        """Return the Parquet files of one of the ledger's tables."""
        return delta.files(delta.open_table(self._folder / name), self._folder / name)

    def after(self, name: Literal["runs", "published"], at: datetime) -> datetime:
        """Return ``at``, or the moment just behind the newest row where the clock was set back since."""
        column = "finished_at" if name == "runs" else '"at"'
        newest = self.select(name, f"SELECT max({column}) AS newest FROM it")["newest"][0].as_py()
        return at if newest is None else max(at, newest + timedelta(microseconds=1))

    def finish(self, run: Run) -> None:
        """Write a run's one row; runs are always in the order in which they finished."""
        with self._lock.held():
            self._finish(replace(run, finished_at=self.after("runs", run.finished_at)))

    def _finish(self, run: Run) -> None:
        snapshot = None
        contents = None
        if run.snapshot:
            snapshot = _json(
                {
                    "streams": run.snapshot.streams,
                    "raw_versions": run.snapshot.raw_versions,
                    "tables": run.snapshot.tables,
                }
            )
            contents = _json(run.snapshot.contents)
        row = {
            "run_id": run.run_id,
            "command": run.command,
            "status": run.status,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "counts": _json(run.counts),
            "timings": _json(run.timings),
            "snapshot": snapshot,
            "contents": contents,
            "error": run.error or None,
        }
        self.append("runs", pa.Table.from_pylist([row], schema=RUNS))

    def has(self, run_id: str) -> bool:
        """Whether a run's row was written."""
        return bool(self.select("runs", f"SELECT 1 FROM it WHERE run_id = {literal(run_id)}").num_rows)

    def runs(self, *, limit: int | None = None) -> list[Run]:
        """Return finished runs, newest first."""
        rows = self.select(
            "runs", "SELECT * FROM it ORDER BY finished_at DESC, run_id DESC" + (f" LIMIT {limit:d}" if limit else "")
        )
        return [_run(row) for row in rows.to_pylist()]

    def snapshot_run(self, as_of: str = "") -> Run:
        """Return the run whose snapshot answers ``as_of``: a run id, a time (the last run by then), or "" (the last).

        Raises:
            ConfigError: there is no such run.
        """
        moment = None
        where = "snapshot IS NOT NULL"
        if as_of:
            moment = _moment(as_of)
            where += (
                f" AND run_id = {literal(as_of)}"
                if moment is None
                else (f" AND finished_at <= TIMESTAMPTZ {literal(moment.isoformat())}")
            )
        rows = self.select("runs", f"SELECT * FROM it WHERE {where} ORDER BY finished_at DESC, run_id DESC LIMIT 1")
        if not rows.num_rows:
            if not as_of:
                raise ConfigError(Problem(what="nothing has been mapped yet", hint="run 'qa-sync run' first"))
            raise ConfigError(Problem(what=_no_run(as_of, moment), hint="'qa-sync runs' lists them"))
        return _run(rows.to_pylist()[0])

    def snapshots(self) -> list[tuple[str, datetime, Snapshot]]:
        """Return (run id, when it finished, its snapshot without contents) of every run that has one, newest first."""
        rows = self.select(
            "runs",
            """SELECT run_id, finished_at, snapshot FROM it WHERE snapshot IS NOT NULL
               ORDER BY finished_at DESC, run_id DESC""",
        )
        found = []
        for row in rows.to_pylist():
            held = json.loads(row["snapshot"])
            snapshot = Snapshot(streams=held["streams"], raw_versions=held["raw_versions"], tables=held["tables"])
            found.append((row["run_id"], row["finished_at"], snapshot))
        return found

    def changed(self) -> dict[str, str]:
        """Return run → what changed its state later: erasure or retention. What is left in it is as it was."""
        sql = """SELECT command, counts FROM it WHERE command IN ('erase', 'expire') AND counts IS NOT NULL
                 ORDER BY finished_at"""
        found: dict[str, str] = {}
        for row in self.select("runs", sql).to_pylist():
            by = "erasure" if row["command"] == "erase" else "retention"
            for run in json.loads(row["counts"]).get(row["command"], {}).get("runs", ()):
                found[run] = by if found.get(run, by) == by else "erasure and retention"
        return found

    def unseen_rejects(self, rows: pa.Table) -> pa.Table:
        """Return the rejects (or findings) among ``rows`` that were never recorded before."""
        if not rows.num_rows:
            return rows
        key = ", ".join(f'"{name}"' for name in REJECT_KEY)
        same = " AND ".join(f'n."{name}" IS NOT DISTINCT FROM s."{name}"' for name in REJECT_KEY)
        engine = DuckEngine()
        try:
            engine.register("fresh", rows)
            engine.scan("rejects", self.files("rejects"), REJECTS)
            engine.scan("findings", self.files("findings"), FINDINGS)
            columns = ", ".join(f'n."{name}"' for name in REJECTS.names)
            found = engine.fetch(f"""
                SELECT {columns}
                FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY "at") AS _first FROM fresh) n
                WHERE _first = 1 AND NOT EXISTS (SELECT 1 FROM rejects s WHERE {same})
                  AND NOT EXISTS (SELECT 1 FROM findings s WHERE {same})
                ORDER BY {key}""")
            return found.cast(REJECTS)
        finally:
            engine.close()

    def select(self, name: str, sql: str, **beside: pa.Table) -> pa.Table:
        """Run a select on one of the ledger's tables, which it calls ``it``, and on rows ``beside`` it."""
        engine = DuckEngine(threads=1)
        try:
            for other, rows in beside.items():
                engine.register(other, rows)
            engine.scan("it", self.files(name), _SCHEMAS[name])
            return engine.fetch(sql)
        finally:
            engine.close()


def aside_rows(
    *,
    run_id: str,
    at: datetime,
    source: str,
    stream: str,
    stage: str,
    table: str = "",
    severity: str = "reject",
    mapping_hash: str = "",
    rows: Sequence[tuple[str, str, str, str]],
) -> pa.Table:
    """Return rows for rejects or findings from (record_id, field, reason, payload_hash)."""
    height = len(rows)
    columns = {
        "run_id": [run_id] * height,
        "at": [at] * height,
        "source": [source] * height,
        "stream": [stream] * height,
        "stage": [stage] * height,
        "table": [table] * height,
        "severity": [severity] * height,
        "mapping_hash": [mapping_hash] * height,
        "record_id": [row[0] for row in rows],
        "field": [row[1] for row in rows],
        "reason": [row[2] for row in rows],
        "payload_hash": [row[3] for row in rows],
    }
    return pa.table({f.name: pa.array(columns[f.name], f.type) for f in REJECTS}, schema=REJECTS)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _run(row: Mapping[str, Any]) -> Run:
    snapshot = None
    if row["snapshot"]:
        held = json.loads(row["snapshot"])
        snapshot = Snapshot(
            streams=held["streams"],
            raw_versions=held["raw_versions"],
            tables=held["tables"],
            contents=json.loads(row["contents"] or "{}"),
        )
    return Run(
        run_id=row["run_id"],
        command=row["command"],
        status=row["status"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        counts=json.loads(row["counts"] or "{}"),
        timings=json.loads(row["timings"] or "{}"),
        snapshot=snapshot,
        error=row["error"] or "",
    )


def _no_run(as_of: str, moment: datetime | None) -> str:
    """Say what there is not: a text that is neither a time nor like a run's id is a slip of typing."""
    if moment is not None:
        return f"no run with a snapshot had finished by {as_of}"
    if as_of[:8].isdigit() and "T" in as_of:
        return f"no run with a snapshot is called {as_of}"
    return f"{as_of!r} is neither a run's id nor a time such as 2026-01-12T09:00Z, so no run with a snapshot is meant"


def _moment(text: str) -> datetime | None:
    """Read an ISO time (UTC where it has no offset), or return None for a run id."""
    from datetime import UTC

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
