"""What a changed mapping would change: rows of tables and published numbers, told before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from qa_sync.dashboards.cells import Tab
from qa_sync.engine.duck import DuckEngine, literal, quoted
from qa_sync.errors import ConfigError, Problem, StoreError
from qa_sync.mapping import Mapping as Mapped
from qa_sync.mapping import TableChange, load, parse, table_change
from qa_sync.model import TABLES
from qa_sync.model.system import RAW
from qa_sync.runner.feeds import RELATION, Feed, feeds_of
from qa_sync.runner.making_tabs import Questions
from qa_sync.runner.mapping_step import judged_rows, kept_rows
from qa_sync.runner.number_changes import NumberChange, Place, number_changes, shown_tabs
from qa_sync.runner.opened import Opened, opened
from qa_sync.runner.places import alias_salt
from qa_sync.runner.workspace import Workspace
from qa_sync.store import Run, stored_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingChange:
    """What ``new`` instead of ``old`` would change for one source."""

    source: str
    old: str
    new: str
    tables: tuple[TableChange, ...]
    numbers: tuple[NumberChange, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one mapping makes of everything: current rows of its tables, cells of all dashboards, rejects."""

    rows: Mapping[str, pa.Table]
    tabs: Mapping[Place, Tab]
    rejects: Mapping[str, Counter[str]]


def mapping_changes(workspace: Workspace, *, old: str = "", new: str = "", source: str = "") -> list[MappingChange]:
    """Compare two mappings over the records and the rules of the newest run; nothing is changed by asking.

    Args:
        workspace: whose store is asked.
        old: a mapping file, or a run (id or time) whose mapping is meant; "" the newest run's.
        new: the same; "" the file of the workspace as it is now.
        source: whose mapping; may be left out where the files say it.

    Raises:
        ConfigError: a file or run cannot be read, or it is not clear whose mapping is meant.
        StoreError: nothing has been mapped yet.
    """
    run = workspace.store.ledger.snapshot_run()
    if run.snapshot is None:
        msg = "nothing has been mapped yet"
        raise StoreError(msg)
    found = []
    salt = alias_salt(workspace.store.state, keep=False)
    for name in _sources(workspace, run, old, new, source):
        before, after = _mapping(workspace, run, name, old), _mapping(workspace, run, name, new, now=True)
        if before.hash == after.hash:
            found.append(MappingChange(source=name, old=before.file, new=after.file, tables=(), numbers=()))
            continue
        seen = [_look(workspace, run, name, one, salt, stored=one is before and not old) for one in (before, after)]
        found.append(
            MappingChange(
                source=name,
                old=before.file,
                new=after.file,
                tables=tuple(_tables(*seen)),
                numbers=tuple(number_changes(seen[0].tabs, seen[1].tabs)),
            )
        )
    return found


def _sources(workspace: Workspace, run: Run, old: str, new: str, source: str) -> list[str]:
    mappings = workspace.materials.mappings
    if source:
        if source not in mappings:
            raise ConfigError(Problem(what=f"there is no source {source!r}", hint=f"known: {', '.join(mappings)}"))
        return [source]
    files = [Path(word).name for word in (old, new) if _is_file(word)]
    if not files:
        kept = _kept(run)
        changed = [name for name, one in mappings.items() if name not in kept or _parsed(kept[name], "") != one.hash]
        return changed or list(mappings)[:1]
    named = [name for name, one in mappings.items() if Path(one.file).name in files]
    chosen = named if len(named) == 1 else list(mappings) if len(mappings) == 1 else []
    if not chosen:
        raise ConfigError(Problem(what="whose mapping is it?", hint=f"--source {' or '.join(mappings)}"))
    return chosen


def _parsed(text: str, file: str) -> str:
    try:
        return parse(text, file=file).hash
    except ConfigError:
        return ""


def _is_file(word: str) -> bool:
    return word.endswith((".yaml", ".yml")) or Path(word).is_file()


def _kept(run: Run) -> Mapping[str, str]:
    assert run.snapshot is not None  # noqa: S101 - asked before
    kept: Mapping[str, str] = run.snapshot.contents["mappings"]
    return kept


def _mapping(workspace: Workspace, newest: Run, source: str, word: str, *, now: bool = False) -> Mapped:
    if _is_file(word):
        return load(Path(word), shown_as=word)
    if not word and now:
        return workspace.materials.mappings[source]
    run = workspace.store.ledger.snapshot_run(word) if word else newest
    kept = _kept(run)
    if source not in kept:
        raise ConfigError(Problem(what=f"run {run.run_id} had no mapping of {source}", hint="name a file instead"))
    return parse(kept[source], file=f"run {run.run_id}")


def _look(workspace: Workspace, run: Run, source: str, mapping: Mapped, salt: str, *, stored: bool) -> _Seen:
    """Open the newest snapshot as ``mapping`` would make it; ``stored``: as it is in the store."""
    snapshot = run.snapshot
    assert snapshot is not None  # noqa: S101 - asked before
    feeds = feeds_of({source: mapping}, workspace.settings.programme.time_zone)
    rejects: dict[str, Counter[str]] = {}
    if stored:
        _count_rejects(workspace, run, feeds, rejects)

    def open_(*, raw: bool = False) -> AbstractContextManager[Opened]:
        """The tables as they would be; once for the reports, and once more, shut off, where tabs come from selects."""
        overlay = partial(_overlay, workspace, run, source, feeds, {} if raw else rejects)
        shown = None if stored else overlay
        return opened(workspace.store, snapshot, as_of=run.finished_at, run_id=run.run_id, raw=raw, overlay=shown)

    with open_() as it, Questions(partial(open_, raw=True)) as questions:
        rows = {table: _current(it, table) for table in _fed(workspace, source, feeds)}
        tabs = shown_tabs(workspace, it.scene, questions.answer, salt)
    return _Seen(rows=rows, tabs=tabs, rejects=rejects)


def _fed(workspace: Workspace, source: str, feeds: Iterable[Feed]) -> list[str]:
    """Return the tables that a source fills, by its mapping of the newest run or by these feeds."""
    fed = {feed.table for feed in feeds}
    for name in TABLES:
        fed |= {name for stream in workspace.store.table(name).position().coverage if stream.split(".")[0] == source}
    return [name for name in TABLES if name in fed]


def _current(it: Opened, table: str) -> pa.Table:
    columns = ", ".join(quoted(column.name) for column in TABLES[table].stored_columns)
    return it.engine.fetch(f"SELECT {columns} FROM {quoted(table)}")


def _overlay(
    workspace: Workspace, run: Run, source: str, feeds: list[Feed], rejects: dict[str, Counter[str]], engine: DuckEngine
) -> None:
    """Put the rows that a mapping would make in the place of those the store has of its source."""
    for table in _fed(workspace, source, feeds):
        made: list[str] = []
        for feed in (one for one in feeds if one.table == table):
            name = f"would_be_{len(made)}_{table}"
            rejects.setdefault(table, Counter()).update(_mapped(workspace, run, feed, engine, name))
            schema = TABLES[table]
            made.append(kept_rows(schema, source=source, stream=feed.stream, judged=f"({judged_rows(name)})"))
        columns = ", ".join(quoted(field.name) for field in stored_schema(TABLES[table]))
        engine.view(f"{table}_as_stored", f"SELECT {columns} FROM {_stored(workspace, run, table, engine)}")
        parts = [f"SELECT {columns} FROM {table}_as_stored WHERE source <> {literal(source)}"]
        engine.view(f"{table}_versions", " UNION ALL BY NAME ".join([*parts, *made]))


def _stored(workspace: Workspace, run: Run, table: str, engine: DuckEngine) -> str:
    assert run.snapshot is not None  # noqa: S101 - asked before
    files = workspace.store.table(table).files(run.snapshot.tables.get(table, -1))
    engine.scan(f"{table}_files", files, stored_schema(TABLES[table]))
    return f"{table}_files"


def _mapped(workspace: Workspace, run: Run, feed: Feed, engine: DuckEngine, name: str) -> Counter[str]:
    """Run a compiled select over the raw records of the run; return the reasons why records were set aside."""
    assert run.snapshot is not None  # noqa: S101 - asked before
    engine.scan("raw_stored", workspace.store.raw(feed.source, feed.stream).files(), RAW)
    covered = run.snapshot.streams.get(feed.name)
    engine.view(RELATION, "SELECT * FROM raw_stored" + ("" if covered is None else f" WHERE n <= {covered:d}"))
    engine.table(name, feed.compiled.sql)
    found = engine.fetch(f"""
        SELECT p.field || ': ' || p.reason AS why, count(DISTINCT record_id) AS records
        FROM (SELECT record_id, unnest(_problems) AS p FROM {name}) WHERE p.severity = 'reject' GROUP BY why""")
    return Counter(dict(zip(found["why"].to_pylist(), found["records"].to_pylist(), strict=True)))


def _count_rejects(workspace: Workspace, run: Run, feeds: list[Feed], rejects: dict[str, Counter[str]]) -> None:
    engine = DuckEngine()
    try:
        for at, feed in enumerate(feeds):
            rejects.setdefault(feed.table, Counter()).update(_mapped(workspace, run, feed, engine, f"mapped_{at}"))
    finally:
        engine.close()


# --- comparing ------------------------------------------------------------------------------------------------
def _tables(before: _Seen, after: _Seen) -> Iterable[TableChange]:
    engine = DuckEngine()
    try:
        for table in TABLES:
            if table not in before.rows and table not in after.rows:
                continue
            one, other = before.rows.get(table), after.rows.get(table)
            empty = (other if one is None else one).schema.empty_table()  # type: ignore[union-attr]
            change = table_change(engine, table, one or empty, other or empty)
            reasons = after.rejects.get(table, Counter()).copy()
            reasons.subtract(before.rejects.get(table, Counter()))
            rejects = tuple(sorted((why, count) for why, count in reasons.items() if count))
            change = replace(change, rejects=rejects)
            if not change.is_none:
                yield change
    finally:
        engine.close()
