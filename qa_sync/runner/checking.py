"""Check a workspace: every file, every connector, every sink, the clock; everything wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from functools import partial

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, Problem, QASyncError
from qa_sync.forms.crosswalk import crosswalk_problems
from qa_sync.http import probing
from qa_sync.mapping import Mapping, TableMapping, account_drift, check_mapping, failed_cases, outcomes
from qa_sync.ports import Source
from qa_sync.runner.connecting import guarded
from qa_sync.runner.connections import set_up_problems
from qa_sync.runner.drift_step import definitions_of, streams_of_definitions
from qa_sync.runner.unconnected import settings_problems
from qa_sync.runner.workspace import Workspace
from qa_sync.wording import did_you_mean, nearest
from qa_sync.yamlfile import parse

#: Clocks of two machines on one workspace differ by less than this.
CLOCK_TOLERANCE = timedelta(minutes=2)


def check_workspace(workspace: Workspace, *, probe: bool = False, offline: bool = False) -> list[Problem]:
    """Return all that is wrong.

    Args:
        workspace: whose settings file could be read.
        probe: also try what is unverified about a vendor.
        offline: files only; nothing is connected to.
    """
    sources, sinks = list(workspace.settings.sources), list(workspace.settings.sinks)
    if offline:
        return list(dict.fromkeys([*settings_problems(workspace), *file_problems(workspace)]))
    problems = [*set_up_problems(workspace, sources=sources, sinks=sinks), *mapping_problems(workspace)]
    problems += clock_problems(workspace)
    asking: list[Callable[[], list[Problem]]] = [
        *(
            partial(_asked, workspace, ("sources", name), partial(_source_problems, workspace, name, probe))
            for name in sources
        ),
        *(
            partial(_asked, workspace, ("sinks", name), partial(_sink_problems, workspace, name, probe))
            for name in sinks
        ),
    ]
    # All at a time and with little patience: hosts that are dead cost seconds, however many they are.
    with probing(), ThreadPoolExecutor(max_workers=max(1, len(asking))) as pool:
        answers = [pool.submit(copy_context().run, ask) for ask in asking]
        for answer in answers:
            problems += answer.result()
    return problems


def file_problems(workspace: Workspace) -> list[Problem]:
    """Return what is wrong with mappings, form catalogues and dashboard definitions."""
    return [*set_up_problems(workspace), *mapping_problems(workspace)]


def clock_problems(workspace: Workspace) -> list[Problem]:
    """Return a problem when this machine's clock is behind what the store has already seen."""
    runs = workspace.runs(limit=1)
    behind = runs[0].finished_at - workspace.now() if runs else timedelta(0)
    if behind <= CLOCK_TOLERANCE:
        return []
    what = f"this machine's clock is {behind.total_seconds() / 60:,.0f} minutes behind the store's newest run"
    return [Problem(what=what, hint="set the clock; nothing is lost, but moments of new runs are made up until then")]


def _asked(workspace: Workspace, place: tuple[str, ...], ask: Callable[[], Sequence[Problem]]) -> list[Problem]:
    try:
        with guarded("the connector"):
            return [workspace.placed(problem, place) for problem in ask()]
    except ConfigError:  # told before; what cannot be connected to cannot be asked
        return []
    except QASyncError as error:
        return [workspace.problem(place, str(error))]


def _source_problems(workspace: Workspace, name: str, probe: bool) -> list[Problem]:
    source = workspace.source(name)
    try:
        offered = [stream.name for stream in source.streams()]
        told = [*stream_problems(workspace, name, offered), *source.check(probe=probe)]
        return told or account_problems(workspace, name, source)
    finally:
        source.close()


def account_problems(workspace: Workspace, name: str, source: Source) -> list[Problem]:
    """Return where a mapping names custom fields, options, forms or groups that the account itself has otherwise.

    The account's metadata are read now, from the streams that the settings switch on; nothing of them is stored. What
    is merely not mapped is no problem, and is not told here.
    """
    offered = {stream.name for stream in source.streams()}

    def read(stream: str) -> Iterable[str] | None:
        return live_payloads(source, stream) if stream in offered else None

    connector = workspace.settings.sources[name].connector
    known = definitions_of(connector, read)
    if not known:
        lists = sorted(streams_of_definitions(connector))
        none = f"none of {', '.join(lists)} is among its streams" if lists else f"{connector} lists no such things"
        workspace.notify(f"{name}: its mapping was not held against fields, forms and groups of an account: {none}")
    drift = account_drift(workspace.materials.mappings[name], known)
    return [one.problem for one in drift if one.problem and one.severity != "low"]


def online_mapping_problems(workspace: Workspace) -> list[Problem]:
    """Hold every mapping against the account of its source, and nothing else of the source."""
    found: list[Problem] = []
    for name in workspace.settings.sources:

        def ask(name: str = name) -> list[Problem]:
            source = workspace.source(name)
            try:
                return account_problems(workspace, name, source)
            finally:
                source.close()

        found += _asked(workspace, ("sources", name), ask)
    return found


def live_payloads(source: Source, stream: str, *, pages: int = 0) -> Iterator[str]:
    """Yield the payloads of a stream's records as the source has them now (of the first ``pages`` only)."""
    newest: dict[str, str | None] = {}
    for number, page in enumerate(source.read(stream, None), start=1):
        columns = (page.records[name].to_pylist() for name in ("id", "deleted", "payload"))
        for identity, gone, payload in zip(*columns, strict=True):
            newest[identity] = None if gone else payload
        if page.last or number == pages:
            break
    yield from (payload for payload in newest.values() if payload is not None)


def _sink_problems(workspace: Workspace, name: str, probe: bool) -> Sequence[Problem]:
    problems: list[Problem] = []
    for place in workspace.places(name):
        sink = workspace.sink(place)
        try:
            problems += sink.check(probe=probe)
        finally:
            sink.close()
    return problems


def mapping_problems(workspace: Workspace) -> list[Problem]:
    """Return what in the mappings cannot work as written, and forms they name that no catalogue holds."""
    try:
        materials = workspace.materials
    except ConfigError:  # told by the caller
        return []
    found = [problem for mapping in materials.mappings.values() for problem in check_mapping(mapping)]
    found += case_problems(workspace)
    found += crosswalk_problems(materials.contents["forms"])
    filled = {name for mapping in materials.mappings.values() for tables in mapping.streams.values() for name in tables}
    if "forms" not in filled:  # where a source brings forms, no file can tell which there are
        rows = materials.catalogue.rows
        known = {str(row["form_id"]) for row in rows["forms"]}
        criteria = {str(row["criterion_key"]) for row in rows["criteria"]}
        for name, mapping in materials.mappings.items():
            listed = workspace.settings.sources[name].own.get("streams")
            read = listed if isinstance(listed, list) else mapping.streams
            found += _unknown(mapping, read, "form_id", known, "no form catalogue has a form")
            found += _unknown(mapping, read, "criterion_key", criteria, "no form catalogue has a criterion")
    return list(dict.fromkeys(found))


def case_problems(workspace: Workspace) -> list[Problem]:
    """Run the cases that stand in the mapping files; return what does not come out as they say."""
    mappings = workspace.materials.mappings
    if not any(mapping.cases for mapping in mappings.values()):
        return []
    zone = workspace.settings.programme.time_zone
    engine = DuckEngine()
    try:
        return [
            problem
            for source, mapping in mappings.items()
            for problem in failed_cases(engine, mapping, source=source, zone=zone)
        ]
    finally:
        engine.close()


def _unknown(mapping: Mapping, read: Collection[str], column: str, known: set[str], what: str) -> Iterator[Problem]:
    """Yield texts that a mapping always gives a column, and that no catalogue has; of the streams that are read."""
    document = parse(mapping.text, file=mapping.file)
    for place, table in _tables(mapping):
        if place[1] not in read:
            continue
        for field in table.fields:
            given = outcomes(field.expression) if field.column == column else None
            for text in sorted(one for one in given or () if one is not None and one not in known):
                yield document.problem((*place, "fields", column), f"{what} {text}", did_you_mean(text, known))


def _tables(mapping: Mapping) -> Iterator[tuple[tuple[str, ...], TableMapping]]:
    for stream, tables in mapping.streams.items():
        for name, table in tables.items():
            yield ("streams", stream, name), table


def stream_problems(workspace: Workspace, source: str, offered: Sequence[str]) -> list[Problem]:
    """Return streams that a source's mapping reads and the source, connected, does not offer.

    A stream that its settings merely leave switched off is told as a note: starters read more than every account has.
    A name much like one that is offered, or a mapping of which nothing is offered, is a mistake.
    """
    mapping = workspace.materials.mappings[source]
    document = parse(mapping.text, file=mapping.file)
    problems = []
    for stream in mapping.streams:
        if stream in offered:
            continue
        unread = [one for one in offered if one not in mapping.streams]
        near = nearest(stream, unread)
        if near or not set(offered) & set(mapping.streams):
            hint = f"did you mean {near}?" if near else f"it offers {', '.join(offered) or 'none'}"
            what = f"the source {source} offers no stream {stream}"
            problems.append(document.problem(("streams", stream), what, hint))
        else:
            tables = ", ".join(mapping.streams[stream])
            workspace.notify(
                f"{source}: the mapping reads {stream}, which is not switched on; {tables} gets nothing from it"
            )
    return problems
