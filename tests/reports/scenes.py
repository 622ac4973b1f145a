"""A generated programme opened for reports without a store, a source or a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.engine.duck import DuckEngine
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.reconcile import Programme
from qa_sync.runner.opened import Opened, scene_of
from qa_sync.testing.programme import common_tables, make_programme

LATER = datetime(2026, 1, 12, tzinfo=UTC)
SEED = 20_240_101


@cache
def generated() -> Mapping[str, pa.Table]:
    """Tables of a programme of twelve weeks, disputes, blind audits and calibrations included."""
    return common_tables(make_programme(tickets=1500, evaluated=0.7, audited=0.5, start=date(2025, 9, 1)))


def filler(tables: Mapping[str, pa.Table]) -> Any:
    """Return what registers tables in an engine, as a store does: histories, and current rows."""

    def fill(engine: DuckEngine) -> None:
        for name, schema in TABLES.items():
            stored = pa.schema([*schema.arrow, *VERSION])
            table = tables.get(name, stored.empty_table())
            engine.register(f"{name}_history", table)
            key = ", ".join(schema.key)
            engine.table(
                f"{name}_now",
                f"""SELECT * FROM {name}_history WHERE NOT deleted QUALIFY dense_rank() OVER (PARTITION BY {key}
                    ORDER BY source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC) = 1""",
            )
            engine.view(name, f"SELECT * FROM {name}_now")

    return fill


@contextmanager
def opened(tables: Mapping[str, pa.Table], *, as_of: datetime = LATER, **rules: Any) -> Iterator[Opened]:
    """Open tables as a snapshot is opened."""
    programme = Programme(**{"time_zone": "Europe/Dublin", **rules})
    with scene_of(filler(tables), programme, as_of=as_of, seed=SEED, run_id="run-1") as it:
        yield it


def without(tables: Mapping[str, pa.Table], evaluations: set[str]) -> dict[str, pa.Table]:
    """Return tables in which these evaluations were never made."""
    made = dict(tables)
    for name in ("evaluations", "answers", "disputes"):
        gone = pc.is_in(made[name]["evaluation_id"], value_set=pa.array(sorted(evaluations), pa.string()))
        made[name] = made[name].filter(pc.invert(gone))
    return made


def changed(tables: Mapping[str, pa.Table], name: str, column: str, values: list[Any]) -> dict[str, pa.Table]:
    """Return tables with one column replaced."""
    table = tables[name]
    at = table.column_names.index(column)
    return {
        **tables,
        name: table.set_column(at, table.schema.field(column), pa.array(values, table.schema.field(column).type)),
    }


@contextmanager
def opened_world(world: Any, *, as_of: datetime = datetime(2027, 6, 1, tzinfo=UTC), **rules: Any) -> Iterator[Opened]:
    """Open a programme made of Python records (``reconcile.world.World``)."""
    tables = {}
    for name, schema in TABLES.items():
        stored = pa.schema([*schema.arrow, *VERSION])
        rows = [{field.name: row.get(field.name) for field in stored} for row in world.rows[name]]
        tables[name] = pa.Table.from_pylist(rows, schema=stored)
    programme = Programme(**{"time_zone": "UTC", **rules})
    with scene_of(filler(tables), programme, as_of=as_of, seed=SEED, run_id="run-1") as it:
        yield it
