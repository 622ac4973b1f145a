"""Tables of the common schema in the store: append-only row versions, each commit naming the raw n it covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.engine.duck import quoted
from qa_sync.engine.files import Files
from qa_sync.model import TABLES, TableSchema
from qa_sync.model.system import VERSION
from qa_sync.store import delta
from qa_sync.store.lock import StoreLock
from qa_sync.store.path import StorePath

#: Tables whose newest versions decide which rows of another are current.
_PARENTS = {schema.parent for schema in TABLES.values()}


def stored_schema(schema: TableSchema) -> pa.Schema:
    """Return the Arrow schema of a table's row versions: its own columns, then those of VERSION."""
    return pa.schema([*schema.arrow, *VERSION])


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of one stream a table covers, by which mapping, and of which raw table (its identity)."""

    n: int
    mapping_hash: str
    raw_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePosition:
    """Where a table stands: its own commits, and its coverage per stream ("zendesk.tickets")."""

    n: int = 0
    version: int = -1
    coverage: Mapping[str, Coverage] = field(default_factory=dict)


class StoredTable:
    """One table of the common schema."""

    def __init__(self, folder: StorePath, name: str, lock: StoreLock) -> None:
        self.schema = TABLES[name]
        self.name = name
        self.path = folder / "tables" / name
        self._lock = lock
        self._arrow = stored_schema(self.schema)

    def position(self) -> TablePosition:
        """Return where the table stands."""
        here = delta.position(delta.open_table(self.path), self.path)
        covered: Mapping[str, Any] = here.note.get("coverage", {})
        return TablePosition(
            n=here.n,
            version=here.version,
            coverage={
                name: Coverage(n=c["n"], mapping_hash=c["mapping"], raw_id=c.get("raw", ""))
                for name, c in covered.items()
            },
        )

    def files(self, version: int | None = None) -> Files:
        """Return the Parquet files of the table (at a version; below 0: none)."""
        if version is not None and version < 0:
            return Files()
        return delta.files_at(self.path, version)

    def commit(
        self, rows: pa.Table, *, expected_n: int, coverage: Mapping[str, Coverage], run_id: str, rebuild: bool = False
    ) -> int:
        """Store row versions and the coverage they bring in one commit; return the table's new n.

        Args:
            rows: columns of ``stored_schema``.
            expected_n: the table's n when the rows were made.
            coverage: the whole coverage after this commit.
            run_id: the run that made them.
            rebuild: replace all rows; older versions of the table stay readable.

        Raises:
            LostRace: somebody else committed since ``expected_n``.
        """
        note = {
            "coverage": {
                name: {"n": c.n, "mapping": c.mapping_hash, "raw": c.raw_id} for name, c in sorted(coverage.items())
            },
            "run": run_id,
        }
        with self._lock.writing():
            return delta.commit(
                self.path,
                self._arrow,
                rows,
                expected_n=expected_n,
                note=note,
                statistics=(self.schema.key[0], "source_stamp"),
                mode="overwrite" if rebuild else "append",
            )


def register_table(engine: Engine, schema: TableSchema, files: Files, *, history: bool = True) -> None:
    """Make a table readable as ``<name>`` (current rows) and, if wanted, ``<name>_history`` (all versions, numbered).

    A record's current rows are those of its newest version; where two records claim one key, the newer holds it.
    ``revision`` counts a record's versions that differ from the one before them, from 1.
    """
    stored = f"{schema.name}_versions"
    engine.scan(stored, files, stored_schema(schema))
    record = "source, stream, record_id"
    newest = "source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC"
    if history:
        engine.view(
            f"{schema.name}_history",
            f"""
            SELECT * EXCLUDE (_changed), CAST(sum(_changed) OVER (PARTITION BY {record}
                       ORDER BY source_stamp NULLS FIRST, source_seq, payload_hash
                       RANGE UNBOUNDED PRECEDING) AS BIGINT) AS revision
            FROM (SELECT *, CASE WHEN payload_hash = lag(payload_hash) OVER w AND deleted = lag(deleted) OVER w
                                 THEN 0 ELSE 1 END AS _changed
                  FROM {stored}
                  WINDOW w AS (PARTITION BY {record} ORDER BY source_stamp NULLS FIRST, source_seq, payload_hash))""",
        )
    if schema.name in _PARENTS:
        engine.view(
            f"{schema.name}_newest",
            f"""
            SELECT DISTINCT source, stream, record_id, source_stamp, source_seq, payload_hash FROM (
                SELECT *, rank() OVER (PARTITION BY {record} ORDER BY {newest}) AS _newest FROM {stored})
            WHERE _newest = 1""",
        )
    key = ", ".join(quoted(name) for name in schema.key)
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in schema.key)
    engine.view(
        schema.name,
        f"""
        SELECT * EXCLUDE (_holder) FROM (
            SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {newest}, {record}) AS _holder
            FROM ({_current_rows(schema, stored, record, newest)})
            WHERE NOT deleted AND {known})
        WHERE _holder = 1""",
    )


def _current_rows(schema: TableSchema, stored: str, record: str, newest: str) -> str:
    """Rows of each record's newest version; children follow the version that their parent's row is of."""
    own = f"SELECT *, rank() OVER (PARTITION BY {record} ORDER BY {newest}) AS _newest FROM {stored}"
    if not schema.parent:
        return f"SELECT * EXCLUDE (_newest) FROM ({own}) WHERE _newest = 1"
    return f"""
        SELECT c.* EXCLUDE (_newest)
        FROM ({own}) c LEFT JOIN {schema.parent}_newest p USING (source, stream, record_id)
        WHERE CASE WHEN p.payload_hash IS NULL THEN c._newest = 1
                   ELSE c.payload_hash = p.payload_hash AND c.source_seq = p.source_seq
                        AND c.source_stamp IS NOT DISTINCT FROM p.source_stamp END"""
