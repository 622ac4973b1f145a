"""The workspace as a Python object: what the command line calls, and what programs call."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from qa_sync import registry
from qa_sync.config import FILE_NAME, WorkspaceSettings, fill, load
from qa_sync.dashboards import Cell, Tab
from qa_sync.dashboards.definition import Definition
from qa_sync.engine import engine_of
from qa_sync.errors import ConfigError, Problem, QASyncError, SinkError, StoreError
from qa_sync.mapping import Mapping as Mapped
from qa_sync.ports import Context, Sink, Source
from qa_sync.reports import REPORTS, Ask, Explanation, Report, build, explain
from qa_sync.reports.grouping import values_of
from qa_sync.reports.report import Audience
from qa_sync.runner.catalogue_step import store_catalogue
from qa_sync.runner.connecting import close_quietly, guarded
from qa_sync.runner.drift_step import find_drift, record_drift, refusal_problems
from qa_sync.runner.feeds import Feed, feeds_of, tables_by_stream
from qa_sync.runner.mapping_step import map_all
from qa_sync.runner.materials import Materials, definition_from_text, problems_beside, read_materials
from qa_sync.runner.opened import Opened, opened
from qa_sync.runner.places import Place, alias_salt, places_of
from qa_sync.runner.progress import Progress, Silent
from qa_sync.runner.publish_step import Published, Publisher, make_tabs, make_tabs_of
from qa_sync.runner.pulling import pull
from qa_sync.runner.query import MEGABYTES, SECONDS, select
from qa_sync.runner.recording import Recording, RunReport, new_run_id, recording
from qa_sync.runner.schedule import next_run
from qa_sync.runner.score_step import record_score_findings
from qa_sync.runner.upkeep import maintain
from qa_sync.runner.values import frame_of
from qa_sync.store import Run, Snapshot, Store, lease
from qa_sync.wording import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Commands after which the upkeep that is due is done.
WORKING = ("run", "refresh", "sync", "map")

#: How often a snapshot is tried again while another process maps at the same time.
SNAPSHOT_TRIES = 20


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _ask(name: str, by: Sequence[str], where: Mapping[str, str] | None, audience: Audience) -> Ask:
    if name not in REPORTS:
        raise ConfigError(Problem(what=f"there is no report {name!r}", hint=did_you_mean(name, list(REPORTS))))
    if audience not in get_args(Audience):
        raise ConfigError(Problem(what=f"there is no audience {audience!r}", hint="auditees, or none"))
    return Ask(by=tuple(by), where=dict(where or {}), audience=audience)


class Workspace:
    """A folder with ``qa-sync.yaml``.

    Args:
        path: the folder.
        progress: told what goes on; silent by default.
        clock: gives the present moment, UTC.
        wait: seconds to wait for another run that holds the workspace.

    Raises:
        ConfigError: the settings file is missing or wrong; every problem at once, those of the files it names included.

    Example:
        >>> workspace = Workspace("quality")            # doctest: +SKIP
        >>> workspace.run().exit_code                   # doctest: +SKIP
        0
        >>> workspace.report("summary", by=["site"])    # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | Path = ".",
        *,
        progress: Progress | None = None,
        clock: Callable[[], datetime] = _utc_now,
        wait: float = 0.0,
    ) -> None:
        self.folder = Path(path)
        self.settings: WorkspaceSettings
        try:
            self.settings, self._document = load(self.folder)
        except ConfigError as error:
            raise ConfigError([*error.problems, *problems_beside(self.folder)]) from None
        self._progress = progress or Silent()
        self._clock = clock
        self._wait = wait
        self._store: Store | None = None
        self._materials: Materials | None = None
        self._run: Recording | None = None
        self._urgent = False

    @property
    def store(self) -> Store:
        """The workspace's store, opened when first needed."""
        if self._store is None:
            self._store = Store(self.store_folder)
        return self._store

    @property
    def store_folder(self) -> Path:
        """Where the store is, or will be."""
        return self.folder / self.settings.store

    @property
    def materials(self) -> Materials:
        """Mappings, catalogues and definitions, read when first needed.

        Raises:
            ConfigError: problems of all files together.
        """
        if self._materials is None:
            self._materials = read_materials(self.folder, self.settings, self._document)
        return self._materials

    def now(self) -> datetime:
        """Return the present moment, as the workspace's clock has it."""
        return self._clock()

    def feeds(self) -> list[Feed]:
        """Return which streams fill which tables."""
        return feeds_of(self.materials.mappings, self.settings.programme.time_zone)

    # ---- the four parts of a run, each also alone -------------------------------------------------------------

    def run(self) -> RunReport:
        """Sync, map, reconcile and publish, in one run.

        Raises:
            QASyncError: a stage failed; what came before it stands, and the ledger says where it ended.
        """
        with self.recorded("run") as run:
            self._sync(run, dashboards=list(self.settings.dashboards))
            self._map(run)
            self._reconcile_and_publish(run)
        return _report(run)

    def sync(self, sources: Sequence[str] = ()) -> RunReport:
        """Pull raw records from the sources (all, or those named) into the store."""
        with self.recorded("sync", exclusive=False) as run:
            self._sync(run, sources)
        return _report(run)

    def map(self) -> RunReport:
        """Make tables of the common schema from raw records that are not covered yet."""
        with self.recorded("map", exclusive=False) as run:
            self._map(run)
        return _report(run)

    def reconcile(self) -> RunReport:
        """Pair and compare everything mapped, check that nothing was lost, and record the result."""
        with self.recorded("reconcile", exclusive=False) as run:
            run.snapshot = self._latest().snapshot
            self._reconcile(run)
        return _report(run)

    def publish(
        self, dashboards: Sequence[str] = (), *, as_of: str = "", dry_run: bool = False
    ) -> tuple[RunReport, list[Published]]:
        """Bring dashboards (all, or those named) up to the newest snapshot, or back to an earlier one.

        A dry run changes nothing, and records nothing either.
        """
        if dry_run:
            run = Recording(run_id="dry-run", command="publish", started_at=self._clock())
            published = self._publish_as_of(run, dashboards, as_of, dry_run=True)
            run.report = RunReport(
                run_id=run.run_id,
                command="publish",
                status="planned",
                started_at=run.started_at,
                finished_at=self._clock(),
                counts=run.counts,
                timings=run.timings,
                new_rejects=0,
                exit_code=0,
                snapshot=False,
            )
            return _report(run), published
        with self.recorded("publish") as run:
            published = self._publish_as_of(run, dashboards, as_of, dry_run=False)
        return _report(run), published

    def refresh(
        self, dashboard: str, *, answers: Mapping[tuple[str, str], str] | None = None
    ) -> tuple[RunReport, list[Published]]:
        """Run everything, then publish one dashboard only: what an analyst asks for.

        Args:
            dashboard: its name.
            answers: dashboard and place of each request that this answers → who asked ("" where nobody knows).
        """
        self._dashboard_names([dashboard])
        published: list[Published] = []
        self._urgent = True
        try:
            with self.recorded("refresh") as run:
                self._sync(run, dashboards=[dashboard])
                self._map(run)
                published = self._reconcile_and_publish(run, [dashboard], answers or {})
        finally:
            self._urgent = False
        return _report(run), published

    # ---- asking --------------------------------------------------------------------------------------------

    def report(
        self,
        name: str,
        *,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        as_of: str = "",
        audience: Audience = "",
    ) -> pd.DataFrame:
        """Return a report as a frame, one column a field; ``frame.attrs`` holds title and notes."""
        made = self.report_table(name, by=by, where=where, as_of=as_of, audience=audience)
        frame: pd.DataFrame = made.rows.to_pandas()
        frame.attrs.update(title=made.title, notes=list(made.notes))
        return frame

    def report_table(
        self,
        name: str,
        *,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        as_of: str = "",
        audience: Audience = "",
    ) -> Report:
        """Return a report with the explanation of its columns.

        Raises:
            ConfigError: no such report, column, audience or run.
        """
        ask = _ask(name, by, where, audience)
        with self.open(as_of) as it:
            return build(name, it.scene, ask)

    def explain(
        self,
        name: str,
        row: str,
        column: str,
        *,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        as_of: str = "",
        audience: Audience = "",
    ) -> Explanation:
        """Return the evaluations behind one number of a report, and the number made again from exactly these.

        Args:
            name: of the report.
            row: the row's key, as the report's first column shows it.
            column: the column's field name, or its heading.
            by: as the report was grouped.
            where: as it was filtered.
            as_of: as it was: a run id or a time.
            audience: who read it.

        Raises:
            ConfigError: no such report, row or column, or the cell holds no number.
        """
        ask = _ask(name, by, where, audience)
        with self.open(as_of) as it:
            return explain(name, it.scene, row, column, ask)

    def query(self, sql: str, *, as_of: str = "", seconds: float = SECONDS, megabytes: int = MEGABYTES) -> pd.DataFrame:
        """Run a read-only select over a snapshot: tables, ``<table>_history``, ``raw_<source>_<stream>``, pairs.

        Raises:
            ConfigError: the text is not one select, reads something that is not there, or takes too much.
        """
        return frame_of(self.query_table(sql, as_of=as_of, seconds=seconds, megabytes=megabytes))

    def query_table(
        self, sql: str, *, as_of: str = "", seconds: float = SECONDS, megabytes: int = MEGABYTES
    ) -> pa.Table:
        """As ``query``, as an Arrow table."""
        from qa_sync.engine.duck import DuckEngine

        with self.open(as_of, raw=True) as it:
            engine = it.engine
            assert isinstance(engine, DuckEngine)  # noqa: S101  (raw opens one)
            return select(engine, sql, seconds=seconds, megabytes=megabytes)

    def runs(self, limit: int | None = 20) -> list[Run]:
        """Return finished runs, newest first."""
        return self.store.ledger.runs(limit=limit)

    @contextmanager
    def open(self, as_of: str = "", *, raw: bool = False) -> Iterator[Opened]:
        """Open a snapshot: the newest, or the one that ``as_of`` (a run id or a time) names."""
        run = self.store.ledger.snapshot_run(as_of)
        if run.snapshot is None:
            msg = f"run {run.run_id} has no snapshot"
            raise StoreError(msg)
        # Free queries are DuckDB's: only there can files, settings and the network be shut off.
        made = engine_of("duckdb" if raw else self.settings.engine)
        with opened(self.store, run.snapshot, as_of=run.finished_at, run_id=run.run_id, raw=raw, engine=made) as it:
            yield it

    # ---- connectors ----------------------------------------------------------------------------------------

    def source(self, name: str) -> Source:
        """Connect one source.

        Raises:
            ConfigError: its settings are wrong, or a file of the workspace is; problems carry file and line.
        """
        return self._connect_source(name, self.materials.mappings[name])

    def source_to_look_at(self, name: str) -> Source:
        """Connect one source whose mapping may not be written yet; raises as ``source`` does."""
        try:
            mapping = self.materials.mappings[name]
        except ConfigError:
            mapping = None
        return self._connect_source(name, mapping)

    def _connect_source(self, name: str, mapping: Mapped | None) -> Source:
        settings = self.settings.sources[name]
        fields = {stream: mapping.custom_fields(stream) for stream in mapping.streams} if mapping else {}
        with self._placed(("sources", name)):
            connect = registry.load("sources", settings.connector)
            own = fill(settings.own, folder=self.folder)
            with guarded("the connector"):
                source: Source = connect(own, self._context(name, fields))
        return source

    def sink(self, place: str | Place) -> Sink:
        """Connect one sink, or one place of a sink that has several; raises as ``source`` does."""
        if isinstance(place, str):
            place = self.places(place)[0]
        with self._placed(("sinks", place.sink)):
            connect = registry.load("sinks", self.settings.sinks[place.sink].connector)
            own = fill(place.settings, folder=self.folder)
            with guarded("the connector", SinkError):
                sink: Sink = connect(own, self._context(place.sink, {}))
        return sink

    def places(self, name: str, values: Sequence[str] = ()) -> list[Place]:
        """Return the places of a sink as far as they are known without data; at least one.

        Raises:
            ConfigError: the sink does not fit the dashboards that use it.
        """
        settings = self.settings.sinks[name]
        columns = dict.fromkeys(one.for_each for one in self.settings.dashboards.values() if name in one.sinks)
        column = next(iter(columns), "")
        if len(columns) > 1:
            what = "dashboards with different for_each share this sink"
            raise ConfigError(self.problem(("sinks", name), what, "give each a sink of its own"))
        with self._placed(("sinks", name)):
            found, _ = places_of(name, settings, column, values)
            # Any value will do to try the settings.
            return found or places_of(name, settings, column, ["any"])[0]

    def _context(self, name: str, mapped_fields: Mapping[str, frozenset[str]]) -> Context:
        state = self.store.folder / "state" / name
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Context(
            name=name,
            folder=self.folder,
            state=state,
            common=state.parent,
            time_zone=self.settings.programme.time_zone,
            notify=self._progress.say,
            note=partial(self.note, name),
            mapped_fields=mapped_fields,
            urgent=self._urgent,
        )

    @contextmanager
    def _placed(self, path: tuple[str, ...]) -> Iterator[None]:
        """Give problems of a connector's settings their file and line."""
        try:
            yield
        except ConfigError as error:
            raise ConfigError([self.placed(problem, path) for problem in error.problems]) from None

    def placed(self, problem: Problem, path: tuple[str | int, ...]) -> Problem:
        """Return a problem below ``path`` of the settings file with its line and column, once."""
        if problem.file:
            return problem
        own = problem.path if problem.path[: len(path)] == path else (*path, *problem.path)
        return self.problem(own, problem.what, problem.hint)

    def notify(self, text: str) -> None:
        """Say one line to whoever watches the progress."""
        self._progress.say(text)

    def note(self, of: str, text: str) -> None:
        """Keep one line for the summary of the run that is going on, if one is."""
        line = f"{of}: {text}" if of else text
        self._progress.say(line)
        if self._run is not None:
            self._run.notes[line] = None

    def problem(self, path: tuple[str | int, ...], what: str, hint: str = "") -> Problem:
        """Return a problem at a place of the settings file."""
        return self._document.problem(path, what, hint)

    def _opened(self, snapshot: Snapshot, *, as_of: datetime, run_id: str) -> contextlib.AbstractContextManager[Opened]:
        """Open a state in the engine that the settings name."""
        return opened(self.store, snapshot, as_of=as_of, run_id=run_id, engine=engine_of(self.settings.engine))

    # ---- stages --------------------------------------------------------------------------------------------

    @contextmanager
    def recorded(self, command: str, *, exclusive: bool = True) -> Iterator[Recording]:
        """Record a run; an exclusive one holds the workspace's lease, the others rely on compare-and-swap."""
        run_id = new_run_id(self._clock())
        held: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        if exclusive:
            held = lease(self.store.folder, "run", run_id=run_id, wait=self._wait, notify=self._progress.say)
        with (
            held,
            recording(
                self.store, command, clock=self._clock, run_id=run_id, max_new_rejects=self.settings.max_new_rejects
            ) as run,
        ):
            self._run = run
            self.store.lock.renew()
            try:
                yield run
            finally:
                self._run = None
        if command in WORKING:
            maintain(self)

    def set_up_problems(self, *, sources: Sequence[str] = (), sinks: Sequence[str] = ()) -> list[Problem]:
        """Return all that is wrong with the workspace's files and with the settings of these sources and sinks.

        Nothing is sent anywhere.
        """
        problems: list[Problem] = []
        mappings: Mapping[str, Mapped] = {}
        try:
            mappings = self.materials.mappings
            self.feeds()
        except ConfigError as error:
            problems += error.problems
        connecting: list[Callable[[], Source | Sink]] = [
            *(partial(self._connect_source, name, mappings.get(name)) for name in sources),
        ]
        for name in sinks:
            try:
                connecting += [partial(self.sink, place) for place in self.places(name)]
            except ConfigError as error:
                problems += error.problems
        for connect in connecting:
            try:
                close_quietly(connect())
            except ConfigError as error:
                problems += error.problems
            except QASyncError:
                pass  # a failure of its own, told when its turn comes: the others go on
        return list(dict.fromkeys(problems))

    def _sync(self, run: Recording, sources: Sequence[str] = (), *, dashboards: Sequence[str] = ()) -> None:
        """Pull; before anything is pulled, everything wrong with what the run will need is told at once."""
        self._progress.stage("sync")
        unknown = [name for name in sources if name not in self.settings.sources]
        if unknown:
            hint = did_you_mean(unknown[0], list(self.settings.sources))
            raise ConfigError(Problem(what=f"there is no source {unknown[0]!r}", hint=hint, file=FILE_NAME))
        wanted = list(sources or self.settings.sources)
        sinks = dict.fromkeys(sink for name in dashboards for sink in self.settings.dashboards[name].sinks)
        problems = self.set_up_problems(sources=wanted, sinks=list(sinks))
        if problems:
            raise ConfigError(problems)
        if not wanted:
            self.note("", f"{FILE_NAME} names no source: nothing was read")
        with run.timed("sync"):
            pull(self, run, wanted, progress=self._progress)

    def _map(self, run: Recording) -> None:
        self._progress.stage("map")
        materials, feeds = self.materials, self.feeds()
        with run.timed("map"):
            for _ in range(SNAPSHOT_TRIES):
                made = map_all(self.store, feeds, run_id=run.run_id, clock=self._clock, progress=self._progress)
                store_catalogue(
                    self.store,
                    materials.catalogue.tables(),
                    catalogue_hash=materials.catalogue_hash,
                    run_id=run.run_id,
                    at=self._clock(),
                )
                for name, counted in made.items():
                    counts = run.counts.setdefault("map", {}).setdefault(name, {})
                    for field in counted.__slots__:
                        counts[field] = counts.get(field, 0) + getattr(counted, field)
                    run.new_rejects += counted.new_rejects
                run.counts["mappings"] = {
                    f"{feed.name} > {feed.table}": {
                        "file": materials.mappings[feed.source].file,
                        "hash": feed.compiled.hash[:12],
                    }
                    for feed in feeds
                }
                run.snapshot = self.store.snapshot(materials.contents, feeds=tables_by_stream(feeds))
                if run.snapshot is not None:
                    return
        msg = "no consistent state could be recorded: other runs kept mapping; run again"
        raise StoreError(msg)

    def _reconcile(self, run: Recording) -> None:
        self._progress.stage("reconcile")
        snapshot = run.snapshot
        if snapshot is None:
            msg = "nothing has been mapped yet"
            raise StoreError(msg)
        with run.timed("reconcile"), self._opened(snapshot, as_of=self._clock(), run_id=run.run_id) as it:
            self._reconciled(run, it)

    def _reconciled(self, run: Recording, it: Opened) -> None:
        run.counts["reconcile"] = asdict(it.reconciled)
        record_score_findings(self.store, it.engine, run_id=run.run_id, at=self._clock())
        drift = find_drift(self.store, self.settings, self.materials.mappings, it.engine, run_id=run.run_id)
        run.counts["drift"] = record_drift(self.store, drift, run_id=run.run_id, at=self._clock())
        if not it.reconciled.evaluations:
            self.note("", "the store holds no evaluation: there is nothing to compare")

    def _reconcile_and_publish(
        self, run: Recording, dashboards: Sequence[str] = (), answers: Mapping[tuple[str, str], str] | None = None
    ) -> list[Published]:
        self._progress.stage("reconcile")
        snapshot = run.snapshot
        if snapshot is None:
            msg = "nothing has been mapped yet"
            raise StoreError(msg)
        publisher = Publisher(
            store=self.store, run_id=run.run_id, at=self._clock(), answers=answers or {}, facts=self._facts(run)
        )
        with contextlib.ExitStack() as stack:
            with run.timed("reconcile"):
                it = stack.enter_context(self._opened(snapshot, as_of=self._clock(), run_id=run.run_id))
                self._reconciled(run, it)
                self._refuse_to_publish()
                run.is_reconciled = True
            self._progress.stage("publish")
            with run.timed("publish"):
                for name in self._dashboard_names(dashboards):
                    self._publish_one(publisher, name, self.materials.dashboards[name], it)
        _count_published(run, publisher)
        return publisher.done

    def _refuse_to_publish(self) -> None:
        """Stop before publishing where a mapping refuses too many records; ConfigError says which and why."""
        limit = self.settings.max_reject_share
        problems = refusal_problems(self.store, self.feeds(), self.materials.mappings, limit)
        if problems:
            raise ConfigError(problems)

    def _publish_as_of(
        self, run: Recording, dashboards: Sequence[str], as_of: str, *, dry_run: bool
    ) -> list[Published]:
        self._progress.stage("publish")
        shown = self.store.ledger.snapshot_run(as_of)
        if shown.snapshot is None:
            msg = f"run {shown.run_id} has no snapshot"
            raise StoreError(msg)
        # Showing the past again does not make it the present: only the present is recorded as a state to be asked.
        run.snapshot = None if as_of else shown.snapshot
        run.counts["shown"] = shown.run_id
        if not as_of and not dry_run:
            self._refuse_to_publish()
        publisher = Publisher(store=self.store, run_id=run.run_id, at=self._clock(), dry_run=dry_run)
        with (
            run.timed("publish"),
            self._opened(shown.snapshot, as_of=shown.finished_at, run_id=shown.run_id) as it,
        ):
            for name in self._dashboard_names(dashboards):
                text = shown.snapshot.contents["dashboards"].get(name) if as_of else None
                definition = definition_from_text(text, name) if text else self.materials.dashboards[name]
                self._publish_one(publisher, name, definition, it)
        _count_published(run, publisher)
        return publisher.done

    def _publish_one(self, publisher: Publisher, name: str, definition: Definition, it: Opened) -> None:
        column = self.settings.dashboards[name].for_each
        values = values_of(it.scene.engine, column) if column else []
        made: dict[str, list[Tab]] = {}
        for sink_name in self.settings.dashboards[name].sinks:
            with self._placed(("sinks", sink_name)):
                places, unplaced = places_of(sink_name, self.settings.sinks[sink_name], column, values)
            if unplaced:
                publisher.unplaced[f"{name} > {sink_name}"] = list(unplaced)
                self._progress.say(f"{sink_name}: no place for {column} {', '.join(unplaced)}; not published there")
            taken: dict[str, str] = {}
            for place in places:
                if place.value not in made:
                    made[place.value] = self._tabs(definition, it, column, place.value)
                with contextlib.closing(self.sink(place)) as sink:
                    where = place_of(place, sink)
                    if where in taken:
                        what = f"{taken[where]!r} and {place.value!r} would share one place"
                        raise ConfigError(self.problem(("sinks", sink_name), what, "give each its own"))
                    taken[where] = place.value
                    with self.sink_lease(where, publisher.run_id), self._placed(("sinks", sink_name)):
                        publisher.publish(definition, made[place.value], place.name, sink)

    def _tabs(self, definition: Definition, it: Opened, column: str, value: str) -> list[Tab]:
        if not column:
            return make_tabs(definition, it.scene)
        if self.settings.dashboards[definition.name].names == "all":
            return make_tabs_of(definition, it.scene, column, value)
        return make_tabs_of(definition, it.scene, column, value, salt=alias_salt(self.store.folder / "state"))

    def _facts(self, run: Recording) -> dict[str, Cell]:
        """Return what the control tab tells of a run besides its data."""
        planned = self.next_run(self._clock())
        rejects = f"{run.new_rejects:,} records newly set aside" if run.new_rejects else "none"
        return {"problems": rejects, "next": f"{planned:%Y-%m-%d %H:%M}" if planned else None}

    def next_run(self, after: datetime) -> datetime | None:
        """Return when the schedule plans the next run, in UTC; None without a schedule."""
        if self.settings.schedule is None:
            return None
        schedule = self.settings.schedule
        return next_run(after, at=schedule.at, days=schedule.days, zone=self.settings.programme.time_zone)

    def sink_lease(self, where: str, run_id: str) -> contextlib.AbstractContextManager[None]:
        """One publisher at a time for each spreadsheet, whatever its sinks are called."""
        digest = hashlib.sha256(where.encode()).hexdigest()[:16]
        return lease(
            self.store.folder,
            f"sink-{digest}",
            run_id=run_id,
            wait=max(self._wait, 60.0),
            notify=self._progress.say,
        )

    def _dashboard_names(self, wanted: Sequence[str]) -> list[str]:
        for name in wanted:
            if name not in self.settings.dashboards:
                hint = did_you_mean(name, list(self.settings.dashboards)) or "the workspace has none"
                raise ConfigError(Problem(what=f"there is no dashboard {name!r}", hint=hint, file=FILE_NAME))
        return list(wanted or self.settings.dashboards)

    def _latest(self) -> Run:
        return self.store.ledger.snapshot_run()


def place_of(place: Place, sink: Sink) -> str:
    """Return what tells a spreadsheet or workbook from every other, whatever its sink is called."""
    return str(getattr(sink, "place", "") or place.name)


def _count_published(run: Recording, publisher: Publisher) -> None:
    run.counts["publish"] = {f"{made.dashboard} > {made.sink}": made.summary() for made in publisher.done}
    if publisher.unplaced:
        run.counts["unplaced"] = publisher.unplaced


def _report(run: Recording) -> RunReport:
    assert run.report is not None  # noqa: S101  (recording ends with one, or raises)
    return run.report
