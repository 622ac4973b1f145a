"""One run: its id, its counts and timings, and the row it leaves in the ledger however it ends."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qa_sync.errors import QASyncError, is_stop
from qa_sync.runner.connecting import fault
from qa_sync.store import Run, Snapshot, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did, for people and machines.

    ``exit_code``: 0 done, 3 done but with more new rejects than allowed. (1 and 2 are raised as errors.)
    ``notes``: what is no fault and a person should know all the same, such as a pattern that matches no file.
    """

    run_id: str
    command: str
    status: str
    started_at: datetime
    finished_at: datetime
    counts: dict[str, Any]
    timings: dict[str, float]
    new_rejects: int
    exit_code: int
    snapshot: bool
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "run_id": self.run_id,
            "command": self.command,
            "status": self.status,
            "exit_code": self.exit_code,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "new_rejects": self.new_rejects,
            "notes": list(self.notes),
            "counts": self.counts,
            "timings": self.timings,
        }


@dataclass(slots=True)
class Recording:
    """A run that is going on.

    ``is_reconciled``: the snapshot was taken and everything in it added up, so it can be asked even when
    publishing fails afterwards. ``notes``: line → of whom, "" for all. ``is_written``: its row was written already,
    together with what it did.
    """

    run_id: str
    command: str
    started_at: datetime
    counts: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    is_reconciled: bool = False
    new_rejects: int = 0
    report: RunReport | None = None
    is_written: bool = False

    def row(self, now: datetime, error: str = "") -> Run:
        """Return the ledger's row of the run as it is."""
        return Run(
            run_id=self.run_id,
            command=self.command,
            status="failed" if error else "done",
            started_at=self.started_at,
            finished_at=now,
            counts={**self.counts, "new_rejects": self.new_rejects},
            timings=self.timings,
            error=error,
            snapshot=self.snapshot if self.is_reconciled or not error else None,
        )

    def sort_notes(self, key: Callable[[str], int]) -> None:
        """Put the notes in the order of whom they are of; those of one keep theirs."""
        self.notes = dict(sorted(self.notes.items(), key=lambda note: key(note[1])))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds of a stage to the timings."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[stage] = round(self.timings.get(stage, 0.0) + time.monotonic() - began, 3)


def new_run_id(now: datetime) -> str:
    """Return a run id that sorts by time and is never given twice: ``20261122T035948Z-1f3a5c``."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@contextmanager
def recording(
    store: Store, command: str, *, clock: Callable[[], datetime], max_new_rejects: int, run_id: str = ""
) -> Iterator[Recording]:
    """Record a run. Whatever is raised inside is written as the run's error, with the counts so far, and raised on."""
    started = clock()
    run = Recording(run_id=run_id or new_run_id(started), command=command, started_at=started)
    try:
        yield run
    except BaseException as error:
        with suppress(QASyncError, OSError):  # the ledger may be what cannot be written; the first error counts
            _finish(store, run, clock(), error=_said(error))
        error.recording = run  # type: ignore[attr-defined]
        raise
    finished = clock()
    _finish(store, run, finished)
    run.report = report_of(run, finished, exit_code=3 if run.new_rejects > max_new_rejects else 0)


def report_of(run: Recording, finished: datetime, *, status: str = "done", exit_code: int = 0) -> RunReport:
    """Return what is told of a run that ended well."""
    return RunReport(
        run_id=run.run_id,
        command=run.command,
        status=status,
        started_at=run.started_at,
        finished_at=finished,
        counts=run.counts,
        timings=run.timings,
        new_rejects=run.new_rejects,
        exit_code=exit_code,
        snapshot=run.snapshot is not None,
        notes=tuple(run.notes),
    )


def _said(error: BaseException) -> str:
    if isinstance(error, QASyncError):
        return str(error)
    if is_stop(error):
        return "stopped"
    # The class and the place only: a message of somebody else's making may quote a record.
    return fault(error)


def _finish(store: Store, run: Recording, now: datetime, error: str = "") -> None:
    if not run.is_written:
        store.ledger.finish(run.row(now, error))
