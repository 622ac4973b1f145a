"""Spark as the engine: the same SQL on the same files, on a master or through Spark Connect.

The SQL of the project is written for DuckDB; sqlglot translates it, and the few things that mean something else in
Spark are put right here: ISO weeks, moments in a zone, empty labels, numbers in no order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_sync.errors import ConfigError, Problem, StoreError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from sqlglot import Expression

_HINT = "pip install 'qa-sync[spark]', and Java 17 or newer for a local master"


#: Where Spark runs when nothing else is said.
LOCAL = "local[2]"


class SparkEngine:
    """One Spark session's temporary views. Not for use by two threads at once.

    Args:
        address: a master such as ``local[2]`` or ``spark://host:7077``, or a Connect URL such as ``sc://host:15002``.
            Executors must be able to read the store's files.
        options: further settings of Spark, by name.

    Raises:
        ConfigError: pyspark is not installed, or Spark does not start.
    """

    def __init__(self, address: str = LOCAL, options: Mapping[str, str] | None = None) -> None:
        self._session = _session(address, options or {})
        self._names: set[str] = set()
        self._texts: dict[str, str] = {}

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as ``name``."""
        self._keep(name, self._session.createDataFrame(table))

    def scan(self, name: str, files: Sequence[str], schema: pa.Schema) -> None:
        """Make Parquet files readable as ``name`` with exactly the columns of ``schema`` (no files: no rows)."""
        if not files:
            self.register(name, schema.empty_table())
            return
        read = self._session.read.schema(_spark_schema(schema)).parquet(*map(_address, files))
        self._keep(name, read)

    def view(self, name: str, sql: str) -> None:
        """Name a select; it is computed whenever it is read."""
        self._define(name, translated(sql))

    def table(self, name: str, sql: str) -> None:
        """Compute a select once and keep its rows as ``name`` until the engine is closed."""
        self._keep(name, self._select(sql).localCheckpoint(eager=True))

    def append(self, name: str, sql: str) -> None:
        """Add the rows of a select to those kept as ``name``."""
        more = self._select(sql)
        if name in self._names:
            more = self._session.table(name).unionByName(more)
        self._keep(name, more.localCheckpoint(eager=True))

    def drop(self, name: str) -> None:
        """Forget a table or view; what is not there is no mistake."""
        self._session.catalog.dropTempView(name)
        self._names.discard(name)
        self._texts.pop(name, None)

    def room(self) -> int | None:
        """Return None: Spark divides large work by itself."""
        return None

    def fetch(self, sql: str) -> pa.Table:
        """Run a select and return its rows: whole numbers as int64, exact decimals as double."""
        return plain(self._select(sql).toArrow())

    def rename(self, name: str, new: str) -> None:
        """Give a view another name; views that read it by the old one go on doing so."""
        if name in self._texts:  # not by ALTER VIEW: what reads the new name would not find it
            self._define(new, self._texts[name])
        else:
            self._keep(new, self._session.table(name))
        self.drop(name)

    def names(self) -> list[str]:
        """Return the names of everything that can be read, sorted."""
        return sorted(self._names)

    def close(self) -> None:
        """Drop everything that was named."""
        for name in self._names:
            self._session.catalog.dropTempView(name)
        self._names.clear()

    def _define(self, name: str, text: str) -> None:
        """Name a text of Spark's: what it reads is looked up by name whenever it is read, as in DuckDB."""
        self._run(f"CREATE OR REPLACE TEMPORARY VIEW {_quoted(name)} AS {text}")
        self._names.add(name)
        self._texts[name] = text

    def _keep(self, name: str, frame: DataFrame) -> None:
        frame.createOrReplaceTempView(name)
        self._names.add(name)
        self._texts.pop(name, None)

    def _select(self, sql: str) -> DataFrame:
        return self._run(translated(sql))

    def _run(self, sql: str) -> DataFrame:
        from pyspark.errors import PySparkException

        try:
            return self._session.sql(sql)
        except PySparkException as error:
            kind = error.getCondition() or type(error).__name__
            msg = f"Spark refused a query of qa-sync ({kind}); run with engine: duckdb, and report it"
            raise StoreError(msg) from error


def _session(address: str, more: Mapping[str, str]) -> SparkSession:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ConfigError(Problem(what="engine: spark needs pyspark", hint=_HINT)) from None
    builder = SparkSession.builder.appName("qa-sync")
    builder = builder.remote(address) if address.startswith("sc://") else builder.master(address)
    options = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
        "spark.sql.constraintPropagation.enabled": "false",  # it fails on unions of constants (key not found)
        "spark.ui.showConsoleProgress": "false",
        **more,
    }
    for key, value in options.items():
        builder = builder.config(key, value)
    try:
        # Names are an engine's own: two engines of one run, such as that for auditees, must not meet in a session.
        return builder.create() if address.startswith("sc://") else builder.getOrCreate().newSession()
    except Exception as error:
        raise ConfigError(Problem(what=f"Spark does not start ({type(error).__name__})", hint=_HINT)) from error


def translated(sql: str) -> str:
    """Return a select of the project in Spark's words."""
    import sqlglot

    tree = sqlglot.parse_one(sql, read="duckdb")
    for node in reversed(list(tree.walk())):  # what is inside comes first: the outer one may be made of it
        made = _put_right(node)
        if made is not node:
            node.replace(made)
    return str(tree.sql(dialect="spark"))


def _put_right(node: Expression) -> Expression:
    """Replace what sqlglot leaves as DuckDB has it, or what means something else in Spark."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous) and node.name.lower() == "timezone":
        zone, moment = node.expressions  # the session counts in UTC
        return exp.func("from_utc_timestamp", moment, zone)
    if isinstance(node, exp.TimeToStr) and node.args["format"].name == "%G-W%V":
        return _iso_week(node.this)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "map_concat":
        return exp.func(
            "map_concat", *(exp.Coalesce(this=side, expressions=[_no_labels()]) for side in node.expressions)
        )
    if isinstance(node, exp.ToMap) and not node.this.expressions:
        return _no_labels()
    if isinstance(node, exp.Window) and isinstance(node.this, exp.RowNumber) and not _is_ordered(node):
        return exp.func("monotonically_increasing_id")  # an identity for joins
    if isinstance(node, exp.Select):
        _name_inputs(node)
    return node


def _name_inputs(select: Expression) -> None:
    """Let windows of a select name its inputs: a column that the same select gives another name is not known there."""
    from sqlglot import exp

    given = {one.alias: one.this for one in select.expressions if isinstance(one, exp.Alias)}
    for window in select.find_all(exp.Window):
        for column in list(window.find_all(exp.Column)):
            source = given.get(column.name)
            if not column.table and isinstance(source, exp.Column) and column.find_ancestor(exp.Select) is select:
                column.replace(source.copy())


def _is_ordered(window: Expression) -> bool:
    return bool(window.args.get("order") or window.args.get("partition_by"))


def _iso_week(date: Expression) -> Expression:
    from sqlglot import exp

    year = exp.Extract(this=exp.var("YEAROFWEEK"), expression=date.copy())
    number = exp.func("lpad", exp.cast(exp.func("weekofyear", date.copy()), "string"), exp.Literal.number(2),
                      exp.Literal.string("0"))  # fmt: skip
    return exp.func("concat", exp.cast(year, "string"), exp.Literal.string("-W"), number)


def _no_labels() -> Expression:
    import sqlglot

    return sqlglot.parse_one("CAST(map() AS MAP<STRING, STRING>)", read="spark")


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _address(file: str) -> str:
    """Return a file's address as Spark has it, which reaches a bucket by its own means."""
    return f"s3a://{file.removeprefix('s3://')}" if file.startswith("s3://") else file


def plain(table: pa.Table) -> pa.Table:
    """Return a table with the types that DuckDB gives: whole numbers as int64, decimals as double."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_integer(kind):
            kind = pa.int64()
        elif pa.types.is_decimal(kind) or pa.types.is_float32(kind):
            kind = pa.float64()
        elif pa.types.is_timestamp(kind):
            kind = pa.timestamp("us", tz="UTC")
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))
