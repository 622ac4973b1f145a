"""The workspace as a Python object: what the command line calls, and what programs call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from qa_sync.config import WorkspaceSettings, load
from qa_sync.engine import engine_of
from qa_sync.errors import ConfigError, Problem
from qa_sync.ports import Sink, Source
from qa_sync.reports import REPORTS, Ask, Explanation, Report, build, explain
from qa_sync.reports.grouping import fits_nothing
from qa_sync.reports.report import Audience
from qa_sync.runner.connections import connect_sink, connect_source, places_known, store_path
from qa_sync.runner.feeds import Feed, feeds_of
from qa_sync.runner.materials import Materials, read_materials, what_can_be_read
from qa_sync.runner.opened import Opened, opened
from qa_sync.runner.places import Place
from qa_sync.runner.progress import Progress, Silent
from qa_sync.runner.publish_step import Published
from qa_sync.runner.published_past import PublishedPast
from qa_sync.runner.publishing import dashboard_names, publish_as_of, reconcile_and_publish
from qa_sync.runner.query import MEGABYTES, SECONDS, reads_what_is_stored, select
from qa_sync.runner.recording import Recording, RunReport, new_run_id, recording, report_of
from qa_sync.runner.schedule import next_run
from qa_sync.runner.stages import map_stage, reconcile_stage, snapshot_of, sync_stage
from qa_sync.runner.unconnected import settings_problems
from qa_sync.runner.upkeep import maintain
from qa_sync.runner.values import frame_of
from qa_sync.store import Run, Store, lease
from qa_sync.store.path import StorePath
from qa_sync.wording import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Commands after which the upkeep that is due is done.
WORKING = ("run", "refresh", "sync", "map")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _ask(name: str, by: Sequence[str], where: Mapping[str, str] | None, audience: Audience) -> Ask:
    if name not in REPORTS:
        raise ConfigError(Problem(what=f"there is no report {name!r}", hint=did_you_mean(name, list(REPORTS))))
    if audience not in get_args(Audience):
        raise ConfigError(Problem(what=f"there is no audience {audience!r}", hint="auditees, or none"))
    if not isinstance(where or {}, Mapping):
        raise ConfigError(Problem(what="where is not a mapping", hint='write {"site": "Dublin"}'))
    return Ask(by=_names(by), where=dict(where or {}), audience=audience)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple; one name alone is meant whole, not letter by letter."""
    return (given,) if isinstance(given, str) else tuple(given)


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
            raise ConfigError([*error.problems, *self._problems_beside()]) from None
        self.progress = progress or Silent()
        self.wait = wait
        #: Whether a person waits for the run: what shares a quota with others lets it go first.
        self.urgent = False
        self._clock = clock
        self._store: Store | None = None
        self._materials: Materials | None = None
        self._feeds: list[Feed] = []
        self._run: Recording | None = None

    def _problems_beside(self) -> list[Problem]:
        """Return what is wrong besides a settings file that is: settings of connectors, and the files it names."""
        readable = what_can_be_read(self.folder)
        if readable is None:
            return []
        self.settings, self._document = readable
        problems = settings_problems(self)
        try:
            read_materials(self.folder, self.settings, self._document)
        except ConfigError as error:
            problems += error.problems
        return problems

    @property
    def store(self) -> Store:
        """The workspace's store, opened when first needed."""
        if self._store is None:
            path = self.store_path
            self._store = Store(path, state=None if isinstance(path, Path) else self.folder / "state")
        return self._store

    @property
    def store_path(self) -> StorePath:
        """Where the store is, or will be: a folder, or a prefix of a bucket.

        Raises:
            ConfigError: the address is none, or a credential is not to be had.
        """
        return store_path(self)

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
        """Return which streams fill which tables; compiled once."""
        self._feeds = self._feeds or feeds_of(self.materials.mappings, self.settings.programme.time_zone)
        return self._feeds

    # ---- the four parts of a run, each also alone -------------------------------------------------------------

    def run(self) -> RunReport:
        """Sync, map, reconcile and publish, in one run.

        Raises:
            QASyncError: a stage failed; what came before it stands, and the ledger says where it ended.
        """
        with self.recorded("run") as run:
            sync_stage(self, run, dashboards=list(self.settings.dashboards))
            map_stage(self, run)
            reconcile_and_publish(self, run)
        return _report(run)

    def sync(self, sources: Sequence[str] = ()) -> RunReport:
        """Pull raw records from the sources (all, or those named) into the store."""
        with self.recorded("sync", exclusive=False) as run:
            sync_stage(self, run, _names(sources))
        return _report(run)

    def map(self) -> RunReport:
        """Make tables of the common schema from raw records that are not covered yet."""
        with self.recorded("map", exclusive=False) as run:
            map_stage(self, run)
        return _report(run)

    def reconcile(self) -> RunReport:
        """Pair and compare everything mapped, check that nothing was lost, and record the result."""
        with self.recorded("reconcile", exclusive=False) as run:
            run.snapshot = self.store.ledger.snapshot_run().snapshot
            reconcile_stage(self, run)
        return _report(run)

    def publish(
        self, dashboards: Sequence[str] = (), *, as_of: str = "", dry_run: bool = False
    ) -> tuple[RunReport, list[Published]]:
        """Bring dashboards (all, or those named) up to the newest snapshot, or back to an earlier one.

        A dry run changes nothing, and records nothing either.
        """
        dashboards = _names(dashboards)
        if dry_run:
            run = Recording(run_id="dry-run", command="publish", started_at=self._clock())
            published = publish_as_of(self, run, dashboards, as_of, dry_run=True)
            return report_of(run, self._clock(), status="planned"), published
        with self.recorded("publish") as run:
            published = publish_as_of(self, run, dashboards, as_of, dry_run=False)
        return _report(run), published

    def refresh(
        self, dashboard: str, *, answers: Mapping[tuple[str, str], str] | None = None
    ) -> tuple[RunReport, list[Published]]:
        """Run everything, then publish one dashboard only: what an analyst asks for.

        Args:
            dashboard: its name.
            answers: dashboard and place of each request that this answers → who asked ("" where nobody knows).
        """
        dashboard_names(self, [dashboard])
        published: list[Published] = []
        self.urgent = True
        try:
            with self.recorded("refresh") as run:
                sync_stage(self, run, dashboards=[dashboard])
                map_stage(self, run)
                published = reconcile_and_publish(self, run, [dashboard], answers or {})
        finally:
            self.urgent = False
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
            made = build(name, it.scene, ask)
            if made.rows.num_rows or audience:
                return made
            return replace(made, notes=(*fits_nothing(it.scene.engine, ask.where), *made.notes))

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
        self,
        sql: str,
        *,
        as_of: str = "",
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        audience: Audience = "",
    ) -> pa.Table:
        """As ``query``, as an Arrow table; for auditees over a programme without the audits under embargo."""
        from qa_sync.engine.duck import DuckEngine

        with closing(DuckEngine(lockable=True)) as plain:
            if not audience and reads_what_is_stored(plain, sql):
                self.store.register(plain, snapshot_of(self.store.ledger.snapshot_run(as_of)), raw=True)
                return select(plain, sql, seconds=seconds, megabytes=megabytes)
        with self.open(as_of, raw=True) as it:
            engine = it.scene.for_auditees("").engine if audience and it.scene.for_auditees else it.engine
            assert isinstance(engine, DuckEngine)  # noqa: S101  (raw opens one)
            return select(engine, sql, seconds=seconds, megabytes=megabytes)

    def runs(self, limit: int | None = 20) -> list[Run]:
        """Return finished runs, newest first."""
        return self.store.ledger.runs(limit=limit)

    @contextmanager
    def open(self, as_of: str = "", *, raw: bool = False) -> Iterator[Opened]:
        """Open a snapshot: the newest, or the one that ``as_of`` (a run id or a time) names."""
        run = self.store.ledger.snapshot_run(as_of)
        snapshot = snapshot_of(run)
        with opened(
            self.store,
            snapshot,
            as_of=run.finished_at,
            run_id=run.run_id,
            raw=raw,
            engine=engine_of(self.settings.engine),
            past=PublishedPast(self, run.run_id, before=run.finished_at),
        ) as it:
            yield it

    # ---- connectors ----------------------------------------------------------------------------------------

    def source(self, name: str) -> Source:
        """Connect one source.

        Raises:
            ConfigError: its settings are wrong, or a file of the workspace is; problems carry file and line.
        """
        return connect_source(self, name, self.materials.mappings[name])

    def source_to_look_at(self, name: str) -> Source:
        """Connect one source whose mapping may not be written yet; raises as ``source`` does."""
        try:
            mapping = self.materials.mappings[name]
        except ConfigError:
            mapping = None
        return connect_source(self, name, mapping)

    def sink(self, place: str | Place) -> Sink:
        """Connect one sink, or one place of a sink that has several; raises as ``source`` does."""
        if isinstance(place, str):
            place = self.places(place)[0]
        return connect_sink(self, place)

    def places(self, name: str, values: Sequence[str] = ()) -> list[Place]:
        """Return the places of a sink as far as they are known without data; at least one.

        Raises:
            ConfigError: the sink does not fit the dashboards that use it.
        """
        return places_known(self, name, values)

    def placed(self, problem: Problem, path: tuple[str | int, ...]) -> Problem:
        """Return a problem below ``path`` of the settings file with its line and column, once."""
        if problem.file:
            return problem
        own = problem.path if problem.path[: len(path)] == path else (*path, *problem.path)
        return self.problem(own, problem.what, problem.hint)

    def notify(self, text: str) -> None:
        """Say one line to whoever watches the progress."""
        self.progress.say(text)

    def note(self, of: str, text: str) -> None:
        """Keep one line for the summary of the run that is going on, if one is."""
        line = f"{of}: {text}" if of else text
        self.progress.say(line)
        if self._run is not None:
            self._run.notes[line] = of

    def problem(self, path: tuple[str | int, ...], what: str, hint: str = "") -> Problem:
        """Return a problem at a place of the settings file."""
        return self._document.problem(path, what, hint)

    # ---- runs --------------------------------------------------------------------------------------------

    @contextmanager
    def recorded(self, command: str, *, exclusive: bool = True) -> Iterator[Recording]:
        """Record a run; an exclusive one holds the workspace's lease, the others rely on compare-and-swap."""
        run_id = new_run_id(self._clock())
        held: AbstractContextManager[None] = nullcontext()
        if exclusive:
            held = lease(self.store.folder, "run", run_id=run_id, wait=self.wait, notify=self.progress.say)
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

    def next_run(self, after: datetime) -> datetime | None:
        """Return when the schedule plans the next run, in UTC; None without a schedule."""
        if self.settings.schedule is None:
            return None
        schedule = self.settings.schedule
        return next_run(after, at=schedule.at, days=schedule.days, zone=self.settings.programme.time_zone)


def _report(run: Recording) -> RunReport:
    assert run.report is not None  # noqa: S101  (recording ends with one, or raises)
    return run.report
