"""The store: what a commit costs as a stream grows, and what reading only current rows costs.

Baselines of the same run: writing the same rows as plain Parquet files without a log, a lock or a cursor; and
reading the same Parquet files without choosing current rows.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import Case, Work, compare

from qa_sync.engine.duck import DuckEngine
from qa_sync.model import TABLES
from qa_sync.model.system import PAGE
from qa_sync.store import Coverage, Store, stored_schema
from qa_sync.store.tables import register_table

START = datetime(2026, 1, 5, tzinfo=UTC)
COMMITS = 150
SIZE = 1_000


def pages() -> list[pa.Table]:
    """150 pages of 1,000 records of about 500 bytes."""
    made = []
    for at in range(COMMITS):
        ids = [str(at * SIZE + row) for row in range(SIZE)]
        payloads = [json.dumps({"id": i, "text": "x" * 460, "n": at}) for i in ids]
        made.append(
            pa.table(
                {
                    "id": ids,
                    "source_stamp": pa.array([START + timedelta(seconds=at)] * SIZE, PAGE.field("source_stamp").type),
                    "source_seq": pa.array(range(SIZE), pa.int64()),
                    "deleted": pa.array([False] * SIZE),
                    "payload": payloads,
                },
                schema=PAGE,
            )
        )
    return made


def store_commits() -> Work:
    """Prepare and commit each page to a stream of the store."""
    made = pages()
    folder = Path(tempfile.mkdtemp())

    def work() -> dict[str, float]:
        raw = Store(folder / "data").raw("source", "stream")
        seconds = []
        for n, page in enumerate(made):
            began = time.perf_counter()
            prepared = raw.prepare(page, at=START, by_arrival=False)
            raw.commit(prepared.rows, cursor=str(n), expected_n=n, run_id="run", at=START)
            seconds.append(time.perf_counter() - began)
        shutil.rmtree(folder)
        first, last = np.median(seconds[:20]), np.median(seconds[-20:])
        return {"first_20_ms": round(1000 * first, 1), "last_20_ms": round(1000 * last, 1)}

    return work


def plain_files() -> Work:
    """Write each page as one Parquet file."""
    made = pages()
    folder = Path(tempfile.mkdtemp())

    def work() -> None:
        for n, page in enumerate(made):
            pq.write_table(page, folder / f"{n}.parquet", compression="zstd", compression_level=1)
        shutil.rmtree(folder)

    return work


def versions(rows: int) -> tuple[Path, list[str]]:
    """Evaluation versions: nine in ten records have one, the tenth has two; in commits of at most 100,000."""
    folder = Path(tempfile.mkdtemp())
    table = Store(folder / "data").table("evaluations")
    schema = stored_schema(TABLES["evaluations"])
    record = np.concatenate([np.arange(rows - rows // 10), np.arange(rows // 10)])
    at = np.concatenate([np.zeros(rows - rows // 10, int), np.ones(rows // 10, int)])
    for n, start in enumerate(range(0, rows, 100_000)):
        part = slice(start, min(start + 100_000, rows))
        ids = pa.array([f"e{i}" for i in record[part]])
        height = len(ids)
        stamp = pa.array(at[part] * 86_400_000_000 + int(START.timestamp() * 1e6), pa.int64()).cast(
            schema.field("source_stamp").type
        )
        given = {
            "evaluation_id": ids,
            "record_id": ids,
            "source": pa.array(["s"] * height),
            "stream": pa.array(["t"] * height),
            "source_stamp": stamp,
            "source_seq": pa.array([0] * height, pa.int64()),
            "payload_hash": ids,
            "deleted": pa.array([False] * height),
            "kind": pa.array(["standard"] * height),
            "form_id": pa.array(["form"] * height),
            "interaction_id": ids,
            "submitted_at": stamp,
        }
        columns = [given[f.name].cast(f.type) if f.name in given else pa.nulls(height, f.type) for f in schema]
        table.commit(
            pa.table(columns, schema=schema),
            expected_n=n,
            run_id="r",
            coverage={"s.t": Coverage(n=n + 1, mapping_hash="h")},
        )
    return folder, table.files()


def current_rows(rows: int) -> Work:
    """Read the current rows of the table."""
    folder, files = versions(rows)

    def work() -> dict[str, float]:
        engine = DuckEngine()
        register_table(engine, TABLES["evaluations"], files)
        engine.table("kept", "SELECT * FROM evaluations")
        count = engine.fetch("SELECT count(*) AS n FROM kept")["n"][0].as_py()
        engine.close()
        shutil.rmtree(folder)
        return {"rows": count}

    return work


def all_rows(rows: int) -> Work:
    """Read every stored version."""
    folder, files = versions(rows)

    def work() -> dict[str, float]:
        engine = DuckEngine()
        engine.scan("it", files, stored_schema(TABLES["evaluations"]))
        engine.table("kept", "SELECT * FROM it")
        count = engine.fetch("SELECT count(*) AS n FROM kept")["n"][0].as_py()
        engine.close()
        shutil.rmtree(folder)
        return {"rows": count}

    return work


if __name__ == "__main__":
    compare(
        "store commits",
        [Case("plain parquet files", plain_files), Case("store commits", store_commits)],
        baseline="plain parquet files",
    )
    for size in (100_000, 1_000_000):
        compare(
            f"store current rows {size}",
            [Case("all versions", all_rows, rows=size), Case("current rows", current_rows, rows=size)],
            baseline="all versions",
        )
