"""Bring form catalogues into the store: tables forms, criteria and options hold what the files say now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.errors import LostRace
from qa_sync.runner.mapping_step import CATALOGUE, RACES
from qa_sync.store import Coverage, Store, stored_schema

_SOURCE, _STREAM = CATALOGUE.split(".")


def store_catalogue(
    store: Store, tables: Mapping[str, pa.Table], *, catalogue_hash: str, run_id: str, at: datetime
) -> int:
    """Store the catalogue's tables where they changed; what is gone gets a tombstone. Returns the rows written.

    Args:
        store: where.
        tables: by name, rows with the model's columns.
        catalogue_hash: what the tables were made from.
        run_id: the run that does it.
        at: the moment of the change, stamp of the new versions.
    """
    return sum(_store(store, name, rows, catalogue_hash, run_id, at) for name, rows in tables.items())


def _store(store: Store, name: str, rows: pa.Table, catalogue_hash: str, run_id: str, at: datetime) -> int:
    for _ in range(RACES):
        table = store.table(name)
        here = table.position()
        covered = here.coverage.get(CATALOGUE)
        if covered is not None and covered.mapping_hash == catalogue_hash:
            return 0
        versions = _versions(store, name, rows, at)
        n = covered.n + 1 if covered else 1
        coverage = {**here.coverage, CATALOGUE: Coverage(n=n, mapping_hash=catalogue_hash)}
        try:
            table.commit(versions, expected_n=here.n, coverage=coverage, run_id=run_id)
        except LostRace:
            continue  # somebody else wrote the table: it may hold the catalogue now
        return int(versions.num_rows)
    msg = f"{name}: lost {RACES} races against other runs"
    raise LostRace(msg)


def _versions(store: Store, name: str, rows: pa.Table, at: datetime) -> pa.Table:
    table = store.table(name)
    schema = stored_schema(table.schema)
    key = " || '|' || ".join(f'"{column}"' for column in table.schema.key)
    engine = DuckEngine()
    try:
        engine.register("wanted", rows)
        engine.scan("stored", table.files(), schema)
        own = ", ".join(f'"{column.name}"' for column in table.schema.stored_columns)
        nothing = ", ".join(f'NULL AS "{column.name}"' for column in table.schema.stored_columns)
        moment = f"TIMESTAMPTZ {literal(at.isoformat())}"
        place = f"{literal(_SOURCE)} AS source, {literal(_STREAM)} AS stream"
        order = f"{moment} AS source_stamp, 0::BIGINT AS source_seq"
        return engine.fetch(f"""
            SELECT {own}, {place}, {key} AS record_id, {order}, sha256({key}) AS payload_hash, {moment} AS ingested_at,
                   false AS deleted
            FROM wanted
            UNION ALL
            SELECT {nothing}, {place}, record_id, {order}, sha256('') AS payload_hash, {moment} AS ingested_at,
                   true AS deleted
            FROM (SELECT record_id, deleted,
                         row_number() OVER (PARTITION BY record_id ORDER BY source_stamp DESC) AS newest
                  FROM stored WHERE source = {literal(_SOURCE)})
            WHERE newest = 1 AND NOT deleted AND record_id NOT IN (SELECT {key} FROM wanted)""").cast(schema)
    finally:
        engine.close()
