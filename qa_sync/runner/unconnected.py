"""Try the settings of every source and sink without a connection, without secrets, and without leaving a trace."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from qa_sync import registry
from qa_sync.config.secrets import KINDS, fill_known
from qa_sync.errors import ConfigError, Problem, QASyncError
from qa_sync.ports import Context
from qa_sync.runner.connecting import close_quietly, guarded

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

Setting = tuple[registry.Group, str, str, Mapping[str, Any]]


def settings_problems(
    workspace: Workspace, *, sources: Collection[str] | None = None, sinks: Collection[str] | None = None
) -> list[Problem]:
    """Return what is wrong with the connectors' own settings, as far as it can be said without the secrets.

    Nothing is sent and nothing is kept. What a reference such as ``${NAME}`` stands for may be known elsewhere only,
    so nothing is said about such a setting.

    Args:
        workspace: whose settings.
        sources: only these; all where None.
        sinks: only these; all where None.
    """
    problems: list[Problem] = []
    with TemporaryDirectory() as scratch:
        for group, name, connector, own in _settings(workspace, sources, sinks, problems):
            place = (str(group), name)
            filled, unknown = fill_known(dict(own), folder=workspace.folder)
            problems += [workspace.placed(one, place) for one in unknown if one.hint == KINDS]
            context = Context(
                name=name,
                folder=workspace.folder,
                state=Path(scratch),
                time_zone=workspace.settings.programme.time_zone,
            )
            try:
                connect = registry.load(group, connector)
                with guarded("the connector"):
                    close_quietly(connect(filled, context))
            except ConfigError as error:
                found = [workspace.placed(problem, place) for problem in error.problems]
                unsaid = [(*place, *one.path) for one in unknown]
                problems += [one for one in found if not any(_beside(one.path, path) for path in unsaid)]
            except QASyncError as error:
                problems.append(workspace.problem(place, str(error)))
    return problems


def _settings(
    workspace: Workspace, sources: Collection[str] | None, sinks: Collection[str] | None, problems: list[Problem]
) -> Iterator[Setting]:
    for name, source in workspace.settings.sources.items():
        if sources is None or name in sources:
            yield "sources", name, source.connector, source.own
    for name, sink in workspace.settings.sinks.items():
        if sinks is not None and name not in sinks:
            continue
        try:
            for place in workspace.places(name):
                yield "sinks", name, sink.connector, place.settings
        except ConfigError as error:
            problems += error.problems


def _beside(path: Sequence[str | int], unknown: Sequence[str | int]) -> bool:
    """Whether a problem lies at, below or around a setting that is not known."""
    shorter = min(len(path), len(unknown))
    return tuple(path[:shorter]) == tuple(unknown[:shorter])
