"""What changed on dashboards between two runs, and which evaluations made it change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qa_sync.dashboards.changes import RowChange, published_changes
from qa_sync.dashboards.control import CONTROL
from qa_sync.dashboards.plan import Base
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports import REPORTS
from qa_sync.reports.grouping import FIXED, dimensions, groupings
from qa_sync.runner.opened import Opened
from qa_sync.store import Run

if TYPE_CHECKING:
    from qa_sync.dashboards.definition import Definition
    from qa_sync.runner.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """An evaluation that differs between the two runs. ``what``: new, gone, revised, or counted otherwise."""

    evaluation_id: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A changed row, where it is shown, and the evaluations that changed it."""

    dashboard: str
    sinks: tuple[str, ...]
    change: RowChange
    causes: tuple[Cause, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        causes = [{"evaluation_id": cause.evaluation_id, "what": cause.what} for cause in self.causes]
        return {"dashboard": self.dashboard, "sinks": list(self.sinks), **self.change.as_dict(), "causes": causes}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishDiff:
    """Between run ``before`` and run ``after``. ``rules``: settings and files that differ, and so may be causes too."""

    before: str
    after: str
    rules: tuple[str, ...]
    rows: tuple[Explained, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A pair or a single evaluation that is not the same in both runs, and its values to group by in either."""

    ids: frozenset[str]
    is_pair: bool
    causes: tuple[Cause, ...]
    values: Mapping[str, frozenset[str | None]] = field(default_factory=dict)


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
    found: dict[tuple[str, str], _Shown] = {}
    for dashboard, place in workspace.store.ledger.published_places():
        if dashboards and dashboard not in dashboards:
            continue
        was, now = (
            workspace.store.ledger.published_tabs(dashboard, place, until=run.finished_at) for run in (old, new)
        )
        changes = [one for one in published_changes(was, now) if one.tab != CONTROL]
        # Sinks that show the same are told once.
        found.setdefault((dashboard, repr(changes)), _Shown(changes, was, now)).places.append(place)
    records: list[_Record] = []
    if any(shown.changes for shown in found.values()) and shown_old.run_id != shown_new.run_id:
        records = _records(workspace, shown_old, shown_new)
    rows = []
    for (dashboard, _), shown in found.items():
        for change in shown.changes:
            where = _where(workspace, dashboard, change.tab, shown.places)
            causes = () if where is None else _causes(change, shown.row(change), where, records)
            rows.append(Explained(dashboard=dashboard, sinks=tuple(shown.places), change=change, causes=causes))
    return PublishDiff(before=old.run_id, after=new.run_id, rules=tuple(_rules(shown_old, shown_new)), rows=tuple(rows))


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


def _where(workspace: Workspace, dashboard: str, tab: str, places: Sequence[str]) -> dict[str, str] | None:
    """Return column → value of what a tab is cut to, by definition and by place; None where it shows no evaluations."""
    definition: Definition | None = workspace.materials.dashboards.get(dashboard)
    found = next((one for one in definition.tabs if one.name == tab), None) if definition else None
    if found is not None and found.report and not REPORTS[found.report].holds_data:
        return None
    where = dict(found.ask.where) if found else {}
    settings = workspace.settings.dashboards.get(dashboard)
    value = places[0].partition("/")[2]
    return {**where, settings.for_each: value} if settings and settings.for_each and value else where


def _causes(
    change: RowChange, row: Mapping[str, set[str | None]], where: Mapping[str, str], records: Sequence[_Record]
) -> tuple[Cause, ...]:
    """Return the evaluations that changed and belong to a row: by its key, or by what it is grouped by."""
    parts = {change.key, *change.key.split("|")}
    mine = [record for record in records if record.ids & parts]
    if not mine:
        # Most numbers are of pairs; only coverage counts evaluations without one.
        countable = [record for record in records if record.is_pair or "evaluations" in row]
        mine = [record for record in countable if _belongs(record, row, where)]
    found = {cause.evaluation_id: cause for record in mine for cause in record.causes}
    return tuple(found[name] for name in sorted(found))


def _belongs(record: _Record, row: Mapping[str, set[str | None]], where: Mapping[str, str]) -> bool:
    for name, value in where.items():
        if name in record.values and value not in record.values[name]:
            return False
    for name, values in record.values.items():
        shown = {value for value in row.get(name, ()) if not (value or "").startswith("person ")}
        if shown and not shown & values:
            return False
    return True


def _records(workspace: Workspace, old: Run, new: Run) -> list[_Record]:
    tables = {}
    for name, run in (("old", old), ("new", new)):
        with workspace.open(run.run_id) as it:
            tables[name] = _stated(it)
    columns = [name for name in tables["new"].column_names if name in tables["old"].column_names]
    values = [name for name in columns if name.startswith("by_")]
    both = ", ".join(f'o."{name}" AS "old_{name}", n."{name}" AS "new_{name}"' for name in values)
    engine = DuckEngine(threads=1)
    try:
        engine.register("old_state", tables["old"].select(columns))
        engine.register("new_state", tables["new"].select(columns))
        found = engine.fetch(f"""
            SELECT coalesce(n.ids, o.ids) AS ids, o.hashes AS old_hashes, n.hashes AS new_hashes, {both}
            FROM old_state o FULL JOIN new_state n ON o.id = n.id
            WHERE o.state IS DISTINCT FROM n.state ORDER BY 1""")
    finally:
        engine.close()
    rows = found.to_pylist()
    # What became of each evaluation by itself; a pair is new because one of its evaluations is, seldom both.
    singles = {row["ids"][0]: _what(row, 0) for row in rows if len(row["ids"]) == 1}
    return [_record(row, values, singles) for row in rows]


def _what(row: Mapping[str, Any], at: int) -> str:
    old, new = row["old_hashes"], row["new_hashes"]
    if old is None or new is None:
        return "new" if old is None else "gone"
    return "revised" if old[at] != new[at] else "counted otherwise"


def _record(row: Mapping[str, Any], values: Sequence[str], singles: Mapping[str, str]) -> _Record:
    ids = row["ids"]
    told = {evaluation: singles[evaluation] for evaluation in ids if evaluation in singles}
    told = told or {evaluation: _what(row, at) for at, evaluation in enumerate(ids)}
    return _Record(
        ids=frozenset([*ids, "|".join(ids)]),
        is_pair=len(ids) == 2,
        causes=tuple(Cause(evaluation_id=evaluation, what=what) for evaluation, what in told.items()),
        values={name.removeprefix("by_"): frozenset([row[f"old_{name}"], row[f"new_{name}"]]) for name in values},
    )


def _stated(it: Opened) -> Any:
    """Return one row a pair and one a single evaluation: ids, hashes, what it is grouped by, a digest."""
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
        FROM buckets b""")
