"""The DuckDB databases of this process: which engines share one, what they may use, and where the rest goes."""

from __future__ import annotations

import atexit
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from qa_sync.engine.overflow import Overflow
from qa_sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    import duckdb

#: The environment variable that says how many threads an engine may use.
THREADS = "QA_SYNC_THREADS"
#: The environment variable that says how much memory an engine may use, such as 1500MB; four fifths of all when unset.
MEMORY = "QA_SYNC_MEMORY"


def threads() -> int | None:
    """Return how many threads the environment allows an engine; None for one a core."""
    wanted = os.environ.get(THREADS, "")
    if not wanted:
        return None
    if not re.fullmatch("[1-9][0-9]{0,3}", wanted):
        raise ConfigError(Problem(what=f"{THREADS} is no number of threads", hint="1 to 9999, or leave it out"))
    return int(wanted)


def memory() -> str | None:
    """Return how much memory the environment allows an engine; None for four fifths of the machine's."""
    wanted = os.environ.get(MEMORY, "")
    if not wanted:
        return None
    if not re.fullmatch("[1-9][0-9]{0,5}[MG]B", wanted):
        raise ConfigError(
            Problem(what=f"{MEMORY} is no amount of memory", hint="such as 1500MB or 4GB, or leave it out")
        )
    return wanted


#: Where the databases of this process put what does not fit.
OVERFLOW = Overflow()


class Databases:
    """The databases of this process that engines share: one takes longer to open than most questions to answer.

    Whatever an engine makes is temporary, and so its own: it is not seen in another, and it goes with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[int, str], duckdb.DuckDBPyConnection] = {}

    def connect(self, config: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own to the database of a configuration."""
        import duckdb

        place = (os.getpid(), str(sorted(config.items())))  # a forked process has none of its parent's
        with self._lock:
            if place in self._open:
                with suppress(duckdb.FatalException):  # an earlier fault made it unusable
                    return _set(self._open[place].cursor())
            self._open[place] = _opened(config)
            return _set(self._open[place].cursor())

    def close(self) -> None:
        """Close those of this process, and with them the engines that are still open."""
        with self._lock:
            for place in [place for place in self._open if place[0] == os.getpid()]:
                self._open.pop(place).close()


def own(config: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database that nobody shares."""
    return _set(_opened(config))


def _opened(config: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    import duckdb

    away = OVERFLOW.place()
    return duckdb.connect(":memory:", config={**config, **({"temp_directory": str(away)} if away else {})})


def _set(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET enable_progress_bar=false")
    # A name in a query is a table of ours, never a Python variable that happens to be called so.
    connection.execute("SET python_enable_replacements=false")
    return connection


SHARED = Databases()
# What is still open when the interpreter goes is complained about by the bindings.
atexit.register(SHARED.close)
