"""Free queries, read-only: one select over a snapshot, without files, network or configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine, LimitReached
from qa_sync.errors import ConfigError, Problem
from qa_sync.model import TABLES, VIEWS
from qa_sync.model.system import LEDGER
from qa_sync.wording import nearest

#: What a query may take unless it is given more: enough for any honest question, too little to stop a machine.
SECONDS, MEGABYTES = 60.0, 2048

LISTED = "'qa-sync query --tables' lists what there is"

#: What a query reads as it is stored. Who is who is found when a snapshot is reconciled.
_STORED = {*TABLES, *VIEWS, *(f"{name}_history" for name in TABLES), *LEDGER} - {"identities"}
#: Table functions that read nothing but their arguments. All others reach for files, settings or the network.
_HARMLESS = frozenset(
    {"range", "generate_series", "unnest", "generate_subscripts", "repeat", "repeat_row", "json_each", "json_tree"}
)
_FORBIDDEN_SCALARS = frozenset(
    {"current_setting", "getenv", "getvariable", "read_text", "read_blob", "query", "query_table"}
)


def select(engine: DuckEngine, sql: str, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> pa.Table:
    """Run one select.

    Args:
        engine: with the tables to be asked.
        sql: the select.
        seconds: how long it may take.
        megabytes: what it may work with beside the tables, and how large its result may be.

    Raises:
        ConfigError: it is not one select, it reaches for what is not allowed, it does not run, or it takes too much.
    """
    import duckdb

    try:
        tree = json.loads(engine.syntax_tree(sql))
    except (duckdb.Error, UnicodeError):
        raise ConfigError(Problem(what="a query is one SELECT, in plain text")) from None
    if tree.get("error"):
        reason = "" if tree.get("error_type") == "not implemented" else _first_line(tree.get("error_message", ""))
        what = f"a query is one SELECT: {reason}" if reason else "a query is one SELECT, and this is none"
        raise ConfigError(Problem(what=what, hint="nothing can be changed here"))
    if len(tree["statements"]) != 1:
        raise ConfigError(Problem(what="a query is one SELECT", hint="leave out the others"))
    statement = tree["statements"][0]
    for name in _reached(statement):
        what = f"a query may not use {name}"
        raise ConfigError(
            Problem(what=what, hint="it reads the workspace's tables only: no files, network or settings")
        )
    known = engine.names()
    readable = {name.lower() for name in known} | {name.lower() for name in _named(statement)}
    for name in _tables(statement):
        if name.lower() not in readable:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else LISTED
            raise ConfigError(Problem(what=f"there is no table {name!r}", hint=hint))
    engine.lock(megabytes=megabytes)
    try:
        return _distinct_names(engine.fetch_within(sql, seconds=seconds, megabytes=megabytes))
    except LimitReached as error:
        what = f"the query needs more than {error}, which is all it may have"
        raise ConfigError(Problem(what=what, hint="narrow it, or allow more: --timeout SECONDS, --memory MB")) from None
    except duckdb.PermissionException:
        what = "a query reads the workspace's tables only: no files, network or settings"
        raise ConfigError(Problem(what=what)) from None
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        raise ConfigError(Problem(what=f"the query does not run: {_first_line(str(error))}", hint=LISTED)) from None
    except duckdb.Error as error:
        # Such a message quotes the value that did not fit: a name, or a whole record.
        what = f"the query does not run: a value did not fit ({type(error).__name__})"
        raise ConfigError(Problem(what=what, hint="try_cast gives null where a value cannot be converted")) from None


def reads_what_is_stored(engine: DuckEngine, sql: str) -> bool:
    """Tell whether a select reads nothing that is made by reconciling, which takes most of a query's time."""
    import duckdb

    try:
        tree = json.loads(engine.syntax_tree(sql))
    except (duckdb.Error, UnicodeError):
        return True  # and nothing else either: it is no select
    # Names that the select gives to its own parts count as reconciled: one may hide a table of that name.
    return all(name.lower() in _STORED or name.lower().startswith("raw_") for name in _tables(tree))


def _distinct_names(table: pa.Table) -> pa.Table:
    """Two columns of one name would show the second one's values twice: the later ones get a number."""
    names: list[str] = []
    for name in table.column_names:
        at, fresh = 1, name
        while fresh in names:
            fresh, at = f"{name}_{at}", at + 1
        names.append(fresh)
    return table.rename_columns(names)


def _reached(node: Any) -> Iterator[str]:
    """Yield the names of functions and files in a syntax tree that a query may not use."""
    if isinstance(node, list):
        for part in node:
            yield from _reached(part)
    if not isinstance(node, dict):
        return
    if node.get("type") == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in _HARMLESS:
            yield f"{name}()"
    elif node.get("type") == "BASE_TABLE":
        name = str(node.get("table_name", ""))
        if any(mark in name for mark in "./\\:*") or node.get("catalog_name") or node.get("schema_name"):
            yield f"'{name}'"
    elif node.get("type") == "SHOW_REF" and not node.get("query"):
        yield f"SHOW {node.get('table_name', '')}"
    elif node.get("class") == "FUNCTION" and str(node.get("function_name", "")).lower() in _FORBIDDEN_SCALARS:
        yield f"{node['function_name']}()"
    for part in node.values():
        yield from _reached(part)


def _tables(node: Any) -> Iterator[str]:
    """Yield the names of the tables that a syntax tree reads."""
    if isinstance(node, list):
        for part in node:
            yield from _tables(part)
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield str(node.get("table_name", ""))
        for part in node.values():
            yield from _tables(part)


def _named(node: Any) -> Iterator[str]:
    """Yield the names that a query gives to parts of itself (WITH)."""
    if isinstance(node, list):
        for part in node:
            yield from _named(part)
    if isinstance(node, dict):
        for entry in (node.get("cte_map") or {}).get("map", []):
            yield str(entry["key"])
        for part in node.values():
            yield from _named(part)


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "it cannot be read"
