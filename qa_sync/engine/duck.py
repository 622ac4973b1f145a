"""DuckDB as the engine: in memory, in this process, UTC."""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_sync.engine.files import Files
from qa_sync.errors import ConfigError, Problem, StoreError

if TYPE_CHECKING:
    import duckdb

#: The environment variable that says how many threads an engine may use.
THREADS = "QA_SYNC_THREADS"
#: Rows that a limited query hands over at a time.
BATCH_ROWS = 50_000

_DUCK_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
    "map<string, string>": "MAP(VARCHAR, VARCHAR)",
    "list<item: string>": "VARCHAR[]",
    "list<element: string>": "VARCHAR[]",
}


def quoted(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def duck_type(kind: pa.DataType) -> str:
    """Return DuckDB's name of an Arrow type of the schema."""
    return _DUCK_TYPES[str(kind).replace(" not null", "").replace(" ('entries')", "")]


@contextmanager
def _readable() -> Iterator[None]:
    """Say of a file that is lost or damaged what can be done about it."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        if isinstance(error, duckdb.InvalidInputException) and ".parquet" not in str(error):
            raise  # a fault of the question, not of a file
        msg = "a file of the store is lost or damaged; try 'qa-sync store status'"
        raise StoreError(msg) from error


class LimitReached(Exception):
    """A query took more time or memory than it was given; the message says how much that was."""

    def __init__(self, amount: float, unit: str) -> None:
        super().__init__(f"{amount:,g} {unit}" if isinstance(amount, float) else f"{amount:,} {unit}")


def _threads() -> int | None:
    """Return how many threads the environment allows an engine; None for one a core."""
    wanted = os.environ.get(THREADS, "")
    if not wanted:
        return None
    if not re.fullmatch("[1-9][0-9]{0,3}", wanted):
        raise ConfigError(Problem(what=f"{THREADS} is no number of threads", hint="1 to 9999, or leave it out"))
    return int(wanted)


class _Databases:
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
            try:
                if place in self._open:
                    return _set(self._open[place].cursor())
            except duckdb.FatalException:
                pass  # an earlier fault made it unusable
            self._open[place] = duckdb.connect(":memory:", config=dict(config))
            return _set(self._open[place].cursor())


def _set(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET enable_progress_bar=false")
    # A name in a query is a table of ours, never a Python variable that happens to be called so.
    connection.execute("SET python_enable_replacements=false")
    return connection


_SHARED = _Databases()
_FILESYSTEMS = itertools.count(1)


class DuckEngine:
    """One DuckDB in memory. Not for use by two threads at once.

    Args:
        threads: how many it may use; ``QA_SYNC_THREADS``, or one a core, when left out.
        memory_limit: how much memory it may use, as DuckDB writes it; its database is then its own.
        lockable: whether ``lock`` will be called; its database is then its own.
    """

    def __init__(self, *, threads: int | None = None, memory_limit: str | None = None, lockable: bool = False) -> None:
        import duckdb

        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        threads = threads or _threads()
        if threads:
            config["threads"] = str(threads)
        if memory_limit:
            config["memory_limit"] = memory_limit
        own = lockable or memory_limit is not None
        self._con = _set(duckdb.connect(":memory:", config=dict(config))) if own else _SHARED.connect(config)
        self._files: set[str] = set()
        self._filesystem = ""
        self._lockable = lockable
        self._locked = False

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as ``name``."""
        self._con.register(name, table)

    def scan(self, name: str, files: Sequence[str], schema: pa.Schema) -> None:
        """Make Parquet files readable as ``name`` (no files: no rows)."""
        if not files:
            # A view, as with files: one name may stand for a stream with files now and for one without next.
            columns = ", ".join(f"CAST(NULL AS {duck_type(f.type)}) AS {quoted(f.name)}" for f in schema)
            self.view(name, f"SELECT {columns} WHERE false")
            return
        if isinstance(files, Files) and files.filesystem:
            files = self._through(files.filesystem, files)
        self._files.update(files)
        read = f"read_parquet([{', '.join(literal(file) for file in files)}], union_by_name=true)"
        with _readable():
            held = self._con.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
            known = {str(row[0]) for row in held}
            # Files of an earlier release lack columns that came later: those are null.
            columns = ", ".join(
                quoted(f.name) if f.name in known else f"CAST(NULL AS {duck_type(f.type)}) AS {quoted(f.name)}"
                for f in schema
            )
            self.view(name, f"SELECT {columns} FROM {read}")

    def _through(self, make: Callable[[], Any], files: Sequence[str]) -> list[str]:
        """Return the addresses under which this engine, and no other, reads a bucket's files."""
        if not self._filesystem:
            filesystem = make()
            self._filesystem = filesystem.protocol = f"qa-sync-{next(_FILESYSTEMS)}"
            self._con.register_filesystem(filesystem)
        return [f"{self._filesystem}://{file.partition('://')[2]}" for file in files]

    def view(self, name: str, sql: str) -> None:
        """Name a select."""
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}")

    def table(self, name: str, sql: str) -> None:
        """Compute a select once and keep its rows."""
        with _readable():
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {sql}")

    def rename(self, name: str, new: str) -> None:
        """Give what is readable as ``name`` another name; views that read it by the old one go on doing so."""
        self._con.execute(f"ALTER VIEW {quoted(name)} RENAME TO {quoted(new)}")

    def fetch(self, sql: str) -> pa.Table:
        """Run a select and return its rows."""
        with _readable():
            return self._con.sql(sql).to_arrow_table()

    def execute(self, sql: str) -> None:
        """Run a statement of our own that returns nothing."""
        self._con.execute(sql)

    def names(self) -> list[str]:
        """Return the names of everything that can be read, sorted."""
        found = self.fetch("""
            SELECT view_name AS name FROM duckdb_views() WHERE NOT internal
            UNION SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY name""")
        return [str(name) for name in found["name"].to_pylist()]

    def syntax_tree(self, sql: str) -> str:
        """Return the syntax tree of a select as JSON text, with an "error" key when it is not one."""
        return str(self._con.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])

    def fetch_within(self, sql: str, *, seconds: float, megabytes: int) -> pa.Table:
        """Run a select whose text is somebody else's, and return its rows.

        Raises:
            LimitReached: it took longer than ``seconds``, or needed more than ``megabytes`` (those of its result, or
                those that ``lock`` allowed it to work with).
        """
        import duckdb

        ended = threading.Event()

        def stop() -> None:
            ended.set()
            self._con.interrupt()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            with _readable():
                return self._batches(sql, megabytes * 1_000_000)
        except duckdb.Error as error:
            if ended.is_set():
                raise LimitReached(seconds, "s") from None
            if isinstance(error, duckdb.OutOfMemoryException):
                raise LimitReached(megabytes, "MB") from None
            raise
        finally:
            timer.cancel()

    def _batches(self, sql: str, most: int) -> pa.Table:
        import duckdb

        found = self._con.sql(sql)
        if found is None:
            msg = "the statement returns no rows"
            raise duckdb.InvalidInputException(msg)
        reader = found.to_arrow_reader(BATCH_ROWS)
        batches: list[pa.RecordBatch] = []
        size = 0
        try:
            for batch in reader:
                batches.append(batch)
                size += batch.nbytes
                if size > most:
                    raise LimitReached(most // 1_000_000, "MB")
        except OSError as error:  # what Arrow makes of an error of DuckDB's while a result is handed over
            text = str(error)
            if "Out of Memory" in text or "Arrow Appender" in text:
                raise duckdb.OutOfMemoryException(text) from None
            raise (duckdb.IOException if ".parquet" in text else duckdb.DataError)(text) from None
        finally:
            reader.close()
        return pa.Table.from_batches(batches, schema=reader.schema)

    def lock(self, *, megabytes: int | None = None) -> None:
        """From here on: no file but those already scanned, no network, no change of settings. Cannot be undone.

        ``megabytes``: what a query may work with, beside the tables that are there; nothing is written to a disk.
        """
        if self._locked:
            return
        if not self._lockable:
            msg = "an engine that shares its database cannot be locked: make it with lockable=True"
            raise RuntimeError(msg)
        self._locked = True
        if megabytes is not None:
            used = self._con.execute("SELECT coalesce(sum(memory_usage_bytes), 0) FROM duckdb_memory()").fetchall()
            self._con.execute("SET temp_directory=''")
            self._con.execute(f"SET memory_limit='{int(used[0][0]) // 1_000_000 + megabytes}MB'")
        listed = ", ".join(literal(file) for file in sorted(self._files))
        self._con.execute(f"SET allowed_paths=[{listed}]")
        self._con.execute("SET enable_external_access=false")
        self._con.execute("SET lock_configuration=true")

    def close(self) -> None:
        """Drop everything."""
        if self._filesystem:
            self._con.unregister_filesystem(self._filesystem)
            self._filesystem = ""
        self._con.close()
