"""What changed on dashboards between two runs, and which evaluations made it change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qa_sync.dashboards.changes import RowChange, published_changes
from qa_sync.dashboards.control import CONTROL
from qa_sync.dashboards.plan import Base
from qa_sync.errors import ConfigError, Problem
from qa_sync.runner.publish_causes import Because, Causes
from qa_sync.runner.publish_records import Cause
from qa_sync.runner.publish_traces import TabPlace
from qa_sync.store import Run

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A changed row, where it is shown, and what changed it.

    ``causes``: the evaluations behind any of its cells. ``because``: field → those behind that cell.
    """

    dashboard: str
    sinks: tuple[str, ...]
    change: RowChange
    causes: tuple[Cause, ...]
    because: Mapping[str, Because]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        told = {"dashboard": self.dashboard, "sinks": list(self.sinks), **self.change.as_dict()}
        for name, cell in told["cells"].items():
            cell["because"] = list(self.because[name].evaluations)
            if self.because[name].borrowed:
                cell["borrowed"] = self.because[name].borrowed
        return {**told, "causes": [{"evaluation_id": one.evaluation_id, "what": one.what} for one in self.causes]}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishDiff:
    """Between run ``before`` and run ``after``. ``rules``: settings and files that differ, and so may be causes too."""

    before: str
    after: str
    rules: tuple[str, ...]
    rows: tuple[Explained, ...]


@dataclass(slots=True)
class _Shown:
    """What changed in some places that show the same, and both states of their tabs."""

    changes: list[RowChange]
    was: Mapping[str, Base]
    now: Mapping[str, Base]
    places: list[str] = field(default_factory=list)

    def row(self, change: RowChange) -> dict[str, set[str | None]]:
        """Return field → the texts that a row's cell had in either state."""
        rows = [one for state in (self.was, self.now) if (one := state.get(change.tab, {}).get(change.key))]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: {None if row.get(name) is None else str(row[name]) for row in rows} for name in names}


def publish_diff(workspace: Workspace, before: str, after: str, dashboards: Sequence[str] = ()) -> PublishDiff:
    """Compare what stood on dashboards after two runs (ids or times).

    Raises:
        ConfigError: there is no such run, or nothing had been published by then.
    """
    runs = workspace.store.ledger.runs()
    old, new = _run(runs, before), _run(runs, after)
    shown_old, shown_new = _shown(runs, old), _shown(runs, new)
    found: dict[tuple[str, str, str], _Shown] = {}
    for dashboard, place in workspace.store.published.places():
        if dashboards and dashboard not in dashboards:
            continue
        was, now = (workspace.store.published.tabs(dashboard, place, until=run.finished_at) for run in (old, new))
        changes = [one for one in published_changes(was, now) if one.tab != CONTROL]
        # Sinks that show the same are told once.
        value = place.partition("/")[2]
        found.setdefault((dashboard, value, repr(changes)), _Shown(changes, was, now)).places.append(place)
    changed: dict[TabPlace, list[RowChange]] = {}
    for (dashboard, value, _), shown in found.items():
        for change in shown.changes:
            changed.setdefault((dashboard, value, change.tab), []).append(change)
    causes = None
    if changed and shown_old.run_id != shown_new.run_id:
        causes = Causes(workspace, shown_old, shown_new, changed)
    rows = [
        _explained((dashboard, value, change.tab), shown, change, causes)
        for (dashboard, value, _), shown in found.items()
        for change in shown.changes
    ]
    return PublishDiff(before=old.run_id, after=new.run_id, rules=tuple(_rules(shown_old, shown_new)), rows=tuple(rows))


def _explained(place: TabPlace, shown: _Shown, change: RowChange, causes: Causes | None) -> Explained:
    because, of_row = causes.of(place, change, shown.row(change)) if causes else ({}, ())
    return Explained(
        dashboard=place[0],
        sinks=tuple(shown.places),
        change=change,
        causes=of_row,
        because={name: because.get(name, Because()) for name in change.cells},
    )


def _run(runs: Sequence[Run], asked: str) -> Run:
    """Return the run of an id, or the last one that had finished by a time. ``runs`` are newest first."""
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        found = next((run for run in runs if run.run_id == asked), None)
    else:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found = next((run for run in runs if run.finished_at <= moment), None)
    if found is None:
        raise ConfigError(Problem(what=f"there is no run {asked}", hint="'qa-sync runs' lists them"))
    return found


def _shown(runs: Sequence[Run], run: Run) -> Run:
    """Return the run whose snapshot stood on the dashboards after ``run``."""
    for one in runs:
        if one.finished_at <= run.finished_at and one.counts.get("publish"):
            shown = one.counts.get("shown") or one.run_id
            found = next((other for other in runs if other.run_id == shown and other.snapshot), None)
            if found is not None:
                return found
    raise ConfigError(Problem(what=f"nothing had been published by run {run.run_id}", hint="name a later run"))


def _rules(old: Run, new: Run) -> list[str]:
    """Return the names of settings, files and versions that differ between two snapshots."""
    left, right = (
        _flat(old.snapshot.contents if old.snapshot else {}),
        _flat(new.snapshot.contents if new.snapshot else {}),
    )
    return [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]


def _flat(contents: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in contents.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found
