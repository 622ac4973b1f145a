"""DuckDB as the engine: in memory, in this process, UTC."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from qa_sync.engine import databases
from qa_sync.engine.files import Files
from qa_sync.engine.parsed import parsed
from qa_sync.errors import NoRoom, StoreError

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


def no_rows(schema: pa.Schema) -> str:
    """Return a select of these columns without any row."""
    columns = ", ".join(f"CAST(NULL AS {duck_type(f.type)}) AS {quoted(f.name)}" for f in schema)
    return f"SELECT {columns} WHERE false"


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


@contextmanager
def _fitting() -> Iterator[None]:
    """As ``_readable``, and say of too little memory how to give more."""
    import duckdb

    try:
        with _readable():
            yield
    except duckdb.OutOfMemoryException as error:
        msg = f"the work needs more memory than it may take; allow more ({databases.MEMORY}=8GB), or free some"
        raise NoRoom(msg) from error


class LimitReached(Exception):
    """A query took more time or memory than it was given; the message says how much that was."""

    def __init__(self, amount: float, unit: str) -> None:
        super().__init__(f"{amount:,g} {unit}" if isinstance(amount, float) else f"{amount:,} {unit}")


_ENGINES = itertools.count(1)


class DuckEngine:
    """One DuckDB in memory. Not for use by two threads at once.

    Args:
        threads: how many it may use; ``QA_SYNC_THREADS``, or one a core, when left out.
        memory_limit: how much memory it may use, as DuckDB writes it; its database is then its own.
        lockable: whether ``lock`` will be called; its database is then its own.
    """

    def __init__(self, *, threads: int | None = None, memory_limit: str | None = None, lockable: bool = False) -> None:
        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        threads = threads or databases.threads()
        if threads:
            config["threads"] = str(threads)
        limit = memory_limit or databases.memory()
        if limit:
            config["memory_limit"] = limit
        own = lockable or memory_limit is not None
        self._con = databases.own(config) if own else databases.SHARED.connect(config)
        self._number = next(_ENGINES)
        self._kept: set[str] = set()
        self._file = ""
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
            self.view(name, no_rows(schema))
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
            self._filesystem = filesystem.protocol = f"qa-sync-{self._number}"
            self._con.register_filesystem(filesystem)
        return [f"{self._filesystem}://{file.partition('://')[2]}" for file in files]

    def view(self, name: str, sql: str) -> None:
        """Name a select."""
        self._con.execute(parsed(self._con, f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}"))

    def table(self, name: str, sql: str) -> None:
        """Compute a select once and keep its rows."""
        with _fitting():
            self._con.execute(parsed(self._con, f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {sql}"))

    def append(self, name: str, sql: str) -> None:
        """Add the rows of a select to those kept as ``name``: compressed, in a database file of its own."""
        if not self._file:
            place = databases.OVERFLOW.place()
            self._file = f"{place}.kept" if place else ":memory:"
            self._con.execute(f"ATTACH {literal(self._file)} AS {self._disk}")
        with _fitting():
            if name in self._kept:
                self._con.execute(f"INSERT INTO {self._disk}.{quoted(name)} {sql}")
                return
            self._con.execute(f"CREATE TABLE {self._disk}.{quoted(name)} AS {sql}")
        self._kept.add(name)
        self.view(name, f"SELECT * FROM {self._disk}.{quoted(name)}")

    @property
    def _disk(self) -> str:
        """What the file is attached as: engines that share a database each have one."""
        return quoted(f"kept {self._number}")

    def drop(self, name: str) -> None:
        """Forget a table or view; what is not there is no mistake."""
        found = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'temp' AND table_name = $1"
        kind = "TABLE" if self._con.execute(found, [name]).fetchall()[0][0] else "VIEW"
        self._con.execute(f"DROP {kind} IF EXISTS temp.{quoted(name)}")
        if name in self._kept:
            self._con.execute(f"DROP TABLE {self._disk}.{quoted(name)}")
            self._kept.discard(name)

    def room(self) -> int | None:
        """Return the bytes of memory it may use, rounded down."""
        text = str(self._con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
        number, _, unit = text.partition(" ")
        return int(float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit))

    def rename(self, name: str, new: str) -> None:
        """Give what is readable as ``name`` another name; views that read it by the old one go on doing so."""
        self._con.execute(f"ALTER VIEW {quoted(name)} RENAME TO {quoted(new)}")

    def fetch(self, sql: str) -> pa.Table:
        """Run a select and return its rows."""
        with _fitting():
            return self._con.sql(parsed(self._con, sql)).to_arrow_table()

    def execute(self, sql: str) -> None:
        """Run a statement of our own that returns nothing."""
        self._con.execute(sql)

    def names(self) -> list[str]:
        """Return the names of everything that can be read, sorted."""
        found = self.fetch("""
            SELECT view_name AS name FROM duckdb_views() WHERE NOT internal
            UNION SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp' ORDER BY name""")
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
            ((used, away),) = self._con.execute("""
                SELECT coalesce(sum(memory_usage_bytes), 0), coalesce(sum(temporary_storage_bytes), 0)
                FROM duckdb_memory()""").fetchall()
            # What already lies in the temporary folder stays there; nothing is added to it.
            self._con.execute(f"SET max_temp_directory_size='{away}B'" if away else "SET temp_directory=''")
            self._con.execute(f"SET memory_limit='{int(used) // 1_000_000 + megabytes}MB'")
        listed = ", ".join(literal(file) for file in sorted(self._files))
        self._con.execute(f"SET allowed_paths=[{listed}]")
        self._con.execute("SET enable_external_access=false")
        self._con.execute("SET lock_configuration=true")

    def close(self) -> None:
        """Drop everything."""
        if self._filesystem:
            self._con.unregister_filesystem(self._filesystem)
            self._filesystem = ""
        if self._file:
            self._con.execute(f"DETACH {self._disk}")
            Path(self._file).unlink(missing_ok=True)
            self._file = ""
        self._con.close()
