"""Statements are parsed once in a process.

DuckDB's parser takes a quarter of what reconciling a few hundred evaluations costs, and what is said hardly changes
from one time to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: How many are kept (20 KB each), and the longest: a longer one lists files or values, and is not said again.
_MOST, _LONGEST = 1024, 10_000

_known: dict[str, duckdb.Statement] = {}


def parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """Return one statement, as any connection may run it, in any thread and any number of times."""
    found = _known.get(sql)
    if found is None:
        (found,) = connection.extract_statements(sql)
        if len(sql) <= _LONGEST:
            if len(_known) >= _MOST:
                _known.clear()
            _known[sql] = found
    return found
