"""How the rows of one table differ between two mappings: SQL over the rows that each makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.engine.duck import quoted
from qa_sync.model import TABLES

#: Rows shown of a table as examples.
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """One value of one row: ``before`` and ``after``; the row is named by its key."""

    key: str
    column: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """Rows that only the new mapping makes (``added``), only the old one (``removed``), or both, but unlike.

    ``columns``: in how many rows each column changes. ``rejects``: why the new mapping sets records aside that the
    old one did not, with how many, and the other way round where negative.
    """

    table: str
    before: int
    after: int
    added: int
    removed: int
    changed: int
    columns: tuple[tuple[str, int], ...]
    examples: tuple[CellChange, ...]
    rejects: tuple[tuple[str, int], ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.removed or self.changed or self.rejects)


def table_change(engine: Engine, table: str, before: pa.Table, after: pa.Table) -> TableChange:
    """Compare the current rows of ``table`` as two mappings make them; both have the model's stored columns."""
    schema = TABLES[table]
    engine.register("rows_before", before)
    engine.register("rows_after", after)
    on = " AND ".join(f"b.{quoted(name)} IS NOT DISTINCT FROM a.{quoted(name)}" for name in schema.key)
    others = [column.name for column in schema.stored_columns if column.name not in schema.key]
    key = " || ' ' || ".join(f"coalesce(a.{quoted(name)}, b.{quoted(name)})::VARCHAR" for name in schema.key)
    unlike = [
        f"(a._here AND b._here AND a.{quoted(name)} IS DISTINCT FROM b.{quoted(name)}) AS _d{at}"
        for at, name in enumerate(others)
    ]
    values = [f"b.{quoted(name)} AS _b{at}, a.{quoted(name)} AS _a{at}" for at, name in enumerate(others)]
    any_of = " OR ".join(f"_d{at}" for at in range(len(others))) or "false"
    engine.table(
        "compared",
        f"""
        SELECT *, coalesce({any_of}, false) AS _unlike FROM (
            SELECT {key} AS _key, a._here AS _after, b._here AS _before, {", ".join([*unlike, *values])}
            FROM (SELECT *, true AS _here FROM rows_before) b
            FULL JOIN (SELECT *, true AS _here FROM rows_after) a ON {on})
        WHERE coalesce({any_of}, false) OR _after IS NULL OR _before IS NULL""",
    )
    counts = ", ".join(f"count(*) FILTER (WHERE _d{at}) AS _d{at}" for at in range(len(others)))
    (found,) = engine.fetch(f"""
        SELECT count(*) FILTER (WHERE _before IS NULL) AS added, count(*) FILTER (WHERE _after IS NULL) AS removed,
               count(*) FILTER (WHERE _unlike) AS changed, {counts} FROM compared""").to_pylist()
    # Fan-outs have many children a key; a calendar column moves with its time, which says enough.
    calendar = {column.name for column in schema.calendar_columns}
    columns = sorted(
        ((name, found[f"_d{at}"]) for at, name in enumerate(others) if found[f"_d{at}"]),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return TableChange(
        table=table,
        before=before.num_rows,
        after=after.num_rows,
        added=found["added"],
        removed=found["removed"],
        changed=found["changed"],
        columns=tuple(pair for pair in columns if pair[0] not in calendar),
        examples=_examples(engine, others, {name for name, _ in columns} - calendar),
    )


def _examples(engine: Engine, columns: list[str], changed: set[str]) -> tuple[CellChange, ...]:
    found: list[CellChange] = []
    for row in engine.fetch(f"SELECT * FROM compared WHERE _unlike ORDER BY _key LIMIT {EXAMPLES:d}").to_pylist():
        found += [
            CellChange(key=row["_key"], column=name, before=row[f"_b{at}"], after=row[f"_a{at}"])
            for at, name in enumerate(columns)
            if row[f"_d{at}"] and name in changed
        ]
    return tuple(found)
