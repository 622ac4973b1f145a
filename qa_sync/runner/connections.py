"""Connect what a workspace names: sources, sinks and their places; problems of settings get their file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from qa_sync import registry
from qa_sync.config import fill
from qa_sync.errors import ConfigError, Problem, QASyncError, SinkError
from qa_sync.mapping import Mapping as Mapped
from qa_sync.ports import Context, Sink, Source
from qa_sync.runner.connecting import close_quietly, guarded
from qa_sync.runner.places import Place, places_of
from qa_sync.runner.unconnected import settings_problems
from qa_sync.store.path import StorePath
from qa_sync.store.storage import locate

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace


def store_path(workspace: Workspace) -> StorePath:
    """Return where a workspace's store is, or will be.

    Raises:
        ConfigError: the address is none, or a credential is not to be had.
    """
    settings = workspace.settings
    with placing(workspace, ("storage",)):
        options = fill(settings.storage.model_dump(), folder=workspace.folder)
    with placing(workspace, ("store",)):
        return locate(settings.store, base=workspace.folder, options=options)


def connect_source(workspace: Workspace, name: str, mapping: Mapped | None) -> Source:
    """Connect a source; without a mapping it is told of no field that one reads.

    Raises:
        ConfigError: its settings are wrong.
    """
    settings = workspace.settings.sources[name]
    fields = {stream: mapping.custom_fields(stream) for stream in mapping.streams} if mapping else {}
    with placing(workspace, ("sources", name)):
        connect = registry.load("sources", settings.connector)
        own = fill(settings.own, folder=workspace.folder)
        with guarded("the connector"):
            source: Source = connect(own, _context(workspace, name, fields))
    return source


def connect_sink(workspace: Workspace, place: Place) -> Sink:
    """Connect one place of a sink; raises as ``connect_source`` does."""
    with placing(workspace, ("sinks", place.sink)):
        connect = registry.load("sinks", workspace.settings.sinks[place.sink].connector)
        own = fill(place.settings, folder=workspace.folder)
        with guarded("the connector", SinkError):
            sink: Sink = connect(own, _context(workspace, place.sink, {}))
    return sink


def places_known(workspace: Workspace, name: str, values: Sequence[str] = ()) -> list[Place]:
    """Return the places of a sink as far as they are known without data; at least one.

    Raises:
        ConfigError: the sink does not fit the dashboards that use it.
    """
    settings = workspace.settings.sinks[name]
    columns = dict.fromkeys(one.for_each for one in workspace.settings.dashboards.values() if name in one.sinks)
    column = next(iter(columns), "")
    if len(columns) > 1:
        what = "dashboards with different for_each share this sink"
        raise ConfigError(workspace.problem(("sinks", name), what, "give each a sink of its own"))
    with placing(workspace, ("sinks", name)):
        found, _ = places_of(name, settings, column, values)
        # Any value will do to try the settings.
        return found or places_of(name, settings, column, ["any"])[0]


def set_up_problems(workspace: Workspace, *, sources: Sequence[str] = (), sinks: Sequence[str] = ()) -> list[Problem]:
    """Return all that is wrong with a workspace's files and with the settings of these sources and sinks.

    Nothing is sent anywhere.
    """
    problems: list[Problem] = []
    mappings: Mapping[str, Mapped] = {}
    try:
        mappings = workspace.materials.mappings
        workspace.feeds()
    except ConfigError as error:
        problems += error.problems
    connecting: list[Callable[[], Source | Sink]] = [
        partial(connect_source, workspace, name, mappings.get(name)) for name in sources
    ]
    for name in sinks:
        try:
            connecting += [partial(connect_sink, workspace, place) for place in places_known(workspace, name)]
        except ConfigError as error:
            problems += error.problems
    refused = False
    for connect in connecting:
        try:
            close_quietly(connect())
        except ConfigError as error:
            problems += error.problems
            refused = True
        except QASyncError:
            pass  # a failure of its own, told when its turn comes: the others go on
    if refused:  # a secret that is missing must not hide what else is wrong with the settings it belongs to
        problems += settings_problems(workspace, sources=sources, sinks=sinks)
    return list(dict.fromkeys(problems))


@contextmanager
def placing(workspace: Workspace, path: tuple[str, ...]) -> Iterator[None]:
    """Give problems of a connector's settings their file and line."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError([workspace.placed(problem, path) for problem in error.problems]) from None


def _context(workspace: Workspace, name: str, mapped_fields: Mapping[str, frozenset[str]]) -> Context:
    state = workspace.store.state / name
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Context(
        name=name,
        folder=workspace.folder,
        state=state,
        common=state.parent,
        time_zone=workspace.settings.programme.time_zone,
        notify=lambda text: workspace.notify(f"{name}: {text}"),
        note=partial(workspace.note, name),
        mapped_fields=mapped_fields,
        urgent=workspace.urgent,
    )
