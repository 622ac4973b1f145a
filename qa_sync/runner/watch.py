"""Watch for requests: people tick a box in the control tab, and get fresh data without a door to the outside.

One look asks each place whether anything changed (for Google Sheets Drive's list of changes, which costs no quota of
Sheets), reads control tabs where something did, and refreshes the dashboards that were asked for. The box is emptied in
the batch that brings the data, so a crash leaves it ticked and the next watch takes it up again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from qa_sync.dashboards.control import CONTROL, REQUEST, answered, asked, control_shape
from qa_sync.dashboards.requests import Request, decide
from qa_sync.errors import ConfigError, QASyncError
from qa_sync.ports import Sink, Watched
from qa_sync.runner.places import Place, place_of, places_of
from qa_sync.runner.publish_step import Publisher
from qa_sync.runner.publishing import sink_lease
from qa_sync.runner.recording import RunReport, new_run_id
from qa_sync.runner.workspace import Workspace

#: How often boxes are looked at, and the least time between two refreshes of one dashboard.
POLL_SECONDS, SPACING = 20.0, timedelta(minutes=5)


@dataclass(slots=True, eq=False)
class _Door:
    """A control tab that is watched.

    ``told``: what it was last told, so that waiting is written once. ``by``: who asked, found out when the box was
    first seen ticked; later on the last editor is ourselves.
    """

    dashboard: str
    place: Place
    sink: Sink
    pending: bool = True
    told: str = ""
    by: str | None = None


@dataclass(slots=True)
class Watch:
    """Answers requests of some dashboards (all by default), and runs everything on schedule.

    ``open_workspace`` is called for each refresh, so that edited mappings and definitions count from then on.
    """

    open_workspace: Callable[[], Workspace]
    dashboards: tuple[str, ...] = ()
    spacing: timedelta = SPACING
    on_schedule: bool = True
    notify: Callable[[str], None] = lambda _line: None
    _doors: list[_Door] = field(default_factory=list)
    _last: dict[str, datetime] = field(default_factory=dict)
    _due: datetime | None = None
    _planned: bool = False

    def forever(
        self, *, poll: float = POLL_SECONDS, sleep: Callable[[float], None] = time.sleep
    ) -> None:  # pragma: no cover - the loop around ``look``
        """Look again and again, until interrupted."""
        try:
            while True:
                self.look()
                sleep(poll)
        finally:
            self.close()

    def look(self) -> list[RunReport]:
        """Look once at every door, and do what is asked for or due; return the runs that this took.

        What fails is told where it was asked for, and does not end the watch. A wrong set-up does.

        Raises:
            ConfigError: the workspace is not set up to be watched.
        """
        workspace = self.open_workspace()
        now = workspace.now()
        done = self._scheduled(workspace, now)
        if not self._doors:
            self._open(workspace)
        requests = {request: door for door in self._doors if (request := self._asked(door)) is not None}
        decision = decide(list(requests), now=now, last=self._last, spacing=self.spacing)
        for request, turn in decision.later.items():
            self._tell(
                workspace, requests[request], f"waiting: the next refresh can be at {turn:%H:%M} UTC{_by(request)}"
            )
        for dashboard, together in decision.now.items():
            done += self._refresh(workspace, dashboard, [(one, requests[one]) for one in together])
        return done

    def close(self) -> None:
        """Give back connections."""
        for door in self._doors:
            door.sink.close()
        self._doors = []

    # -- what is asked ---------------------------------------------------------------------------------------

    def _open(self, workspace: Workspace) -> None:
        names = self.dashboards or tuple(workspace.settings.dashboards)
        published = workspace.store.published.places()
        for name in names:
            if name not in workspace.settings.dashboards:
                raise ConfigError(workspace.problem(("dashboards",), f"there is no dashboard {name!r}"))
            settings = workspace.settings.dashboards[name]
            for sink_name in settings.sinks:
                known = [place.partition("/")[2] for board, place in published if board == name]
                places, _ = places_of(
                    sink_name, workspace.settings.sinks[sink_name], settings.for_each, [one for one in known if one]
                )
                for place in places:
                    sink = workspace.sink(place)
                    if isinstance(sink, Watched):
                        self._doors.append(_Door(name, place, sink))
                    else:
                        sink.close()
        for run in workspace.store.ledger.runs(limit=200):
            for made in run.counts.get("publish", {}):
                self._last.setdefault(str(made).partition(" > ")[0], run.finished_at)
        if not self._doors and not self._planned:
            what = "nothing to watch: no sink of these dashboards takes requests, and there is no schedule"
            raise ConfigError(workspace.problem(("dashboards",), what, "add a Google Sheets sink, or a schedule"))

    def _asked(self, door: _Door) -> Request | None:
        """Return the request that stands in a control tab; a place that cannot be read is looked at again."""
        assert isinstance(door.sink, Watched)  # noqa: S101
        try:
            if not door.sink.changed() and not door.pending:
                return None
            shape = control_shape(door.dashboard, takes_requests=True)
            there = asked(door.sink.present([shape]).tabs.get(CONTROL))
            door.pending = there.ticked
            if not there.ticked:
                door.by = None
                return None
            if door.by is None:
                door.by = there.by or door.sink.last_editor()
            return Request(dashboard=door.dashboard, place=door.place.name, by=door.by)
        except QASyncError as error:
            door.pending = True
            self.notify(f"{door.dashboard} > {door.place.name}: {error}")
            return None

    # -- what is done ----------------------------------------------------------------------------------------

    def _refresh(self, workspace: Workspace, dashboard: str, together: list[tuple[Request, _Door]]) -> list[RunReport]:
        now = workspace.now()
        for request, door in together:
            self._tell(workspace, door, f"running since {now:%Y-%m-%d %H:%M} UTC{_by(request)}")
        answers = {(dashboard, request.place): request.by for request, _ in together}
        self.notify(f"refreshing {dashboard}, asked for in {', '.join(request.place for request, _ in together)}")
        try:
            report, _ = workspace.refresh(dashboard, answers=answers)
        except Exception as error:  # noqa: BLE001  (told where it was asked for; the watch goes on)
            why = _why(error)
            for request, door in together:
                # A reason may name other places and their rows: where one place is shown only its own, it is not told.
                told = why if not door.place.value else "the administrator can see why"
                self._tell(workspace, door, f"failed {now:%Y-%m-%d %H:%M} UTC: {told}{_by(request)}", ends=True)
            self._last[dashboard] = now
            self.notify(f"{dashboard}: {why}")
            return []
        self._last[dashboard] = report.finished_at
        for _, door in together:
            door.told, door.pending, door.by = "", False, None
        return [report]

    def _tell(self, workspace: Workspace, door: _Door, text: str, *, ends: bool = False) -> None:
        """Write into a control tab what has become of its request, unless it says so already."""
        if door.told == text:
            return
        run_id = new_run_id(workspace.now())
        publisher = Publisher(store=workspace.store, run_id=run_id, at=workspace.now())
        try:
            with sink_lease(workspace, place_of(door.place, door.sink), run_id):
                told = answered(text) if ends else {REQUEST: text}
                publisher.tell(door.dashboard, door.place.name, door.sink, told)
            door.told = "" if ends else text
            door.pending = not ends
        except QASyncError as error:
            self.notify(f"{door.dashboard} > {door.place.name}: {error}")

    def _scheduled(self, workspace: Workspace, now: datetime) -> list[RunReport]:
        if not self.on_schedule:
            return []
        due, self._due = self._due, workspace.next_run(now)
        self._planned = self._due is not None
        if due is None or due > now:
            # A moment that lies ahead stays the next one.
            self._due = min((one for one in (due, self._due) if one is not None), default=None)
            return []
        self.notify(f"running on schedule ({due:%H:%M} UTC)")
        try:
            report = workspace.run()
        except Exception as error:  # noqa: BLE001  (the watch goes on, and the ledger has the run)
            self.notify(f"the planned run failed: {_why(error)}")
            return []
        self._last.update(dict.fromkeys(workspace.settings.dashboards, report.finished_at))
        return [report]


def _why(error: Exception) -> str:
    """Return what can be told of an error: a message of somebody else's making may quote a record."""
    return str(error) if isinstance(error, QASyncError) else f"unexpected {type(error).__name__}"


def _by(request: Request) -> str:
    return f", asked by {request.by}" if request.by else ""
