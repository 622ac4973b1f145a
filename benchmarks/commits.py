"""Ten thousand commits to one stream, merged as upkeep does it by itself: what a commit costs must not grow.

    python benchmarks/commits.py [COMMITS]      (default: 10000; about five minutes of CPU)

Each commit brings one page of ten records. Every hundredth one is followed by what a run does at its end: look whether
the table is crowded, merge its small files, and shorten its log when it is long. CPU seconds by tenths of the way: of
commits; of looking, before each, which of its records are stored already (there are ever more); of merging.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from measure import RESULTS, peak_mb

from qa_sync.model.system import PAGE
from qa_sync.store import Store, Upkeep

START = datetime(2026, 1, 5, tzinfo=UTC)
SIZE = 10
EVERY = 100


def page(n: int) -> pa.Table:
    """Ten new records of about 200 bytes."""
    ids = [str(n * SIZE + row) for row in range(SIZE)]
    columns = {
        "id": ids,
        "source_stamp": pa.array([START + timedelta(seconds=n)] * SIZE, PAGE.field("source_stamp").type),
        "source_seq": pa.array(range(SIZE), pa.int64()),
        "deleted": pa.array([False] * SIZE),
        "payload": [json.dumps({"id": one, "text": "x" * 160}) for one in ids],
    }
    return pa.table(columns, schema=PAGE)


def main(commits: int) -> None:
    """Commit, merge, and print what each tenth of the commits cost."""
    folder = Path(tempfile.mkdtemp())
    store = Store(folder / "data")
    raw, upkeep = store.raw("source", "stream"), Upkeep(store)
    looking, spent, merging = [], [], []
    for n in range(commits):
        made = page(n)
        began = time.process_time()
        rows = raw.prepare(made, at=START, by_arrival=False).rows
        looking.append(time.process_time() - began)
        began = time.process_time()
        raw.commit(rows, cursor=str(n), expected_n=n, run_id="run", at=START)
        spent.append(time.process_time() - began)
        if n % EVERY == EVERY - 1:
            began = time.process_time()
            upkeep.compact(upkeep.crowded())
            upkeep.shorten()
            merging.append(time.process_time() - began)
    began = time.process_time()
    (row,), faults = upkeep.status(datetime.now(UTC))
    status = time.process_time() - began
    tenth = max(1, commits // 10)
    told = {
        "commits": commits,
        "records": raw.position().n * SIZE,
        "commit_ms": [round(1000 * sum(spent[at : at + tenth]) / tenth, 1) for at in range(0, commits, tenth)],
        "look_ms": [round(1000 * sum(looking[at : at + tenth]) / tenth, 1) for at in range(0, commits, tenth)],
        "merge_ms": [round(1000 * one) for one in merging[:: max(1, len(merging) // 10)]],
        "cpu_s": round(sum(looking) + sum(spent) + sum(merging), 1),
        "status_s": round(status, 1),
        "files": row["files"],
        "log_mb": round(sum(f.stat().st_size for f in (raw.path / "_delta_log").iterdir()) / 1e6, 1),
        "peak_mb": round(peak_mb()),
        "faults": len(faults),
    }
    shutil.rmtree(folder)
    print(json.dumps(told, indent=1))
    (RESULTS / f"commits_{commits}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
