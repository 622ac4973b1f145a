"""A workspace from files to report, stage by stage, beside the shortest SQL that counts the same on the same Parquet.

    python benchmarks/whole.py [EVALUATIONS ...]      (default: 200000; 10000000 takes most of an hour)
    QA_SYNC_MEMORY=4GB python benchmarks/whole.py 10000000      (what the tables of either may take)

Ratings of items, each an evaluation of one answer, and a gold answer for every item: the example workspace
``examples/ratings``. Each stage runs in a process of its own, as the commands do. The hand-written SQL reads the stored
raw records and counts how many ratings equal the gold answer; it keeps no version, no reject and no reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import RESULTS, peak_mb

PROJECT = Path(__file__).resolve().parents[1]
PER_ITEM = 20


def write(folder: Path, evaluations: int) -> None:
    """Write the two rating files; four of five ratings equal the gold answer."""
    import duckdb

    folder.mkdir()
    level = "list_extract(['G', 'P', 'R', 'X'], 1 + CAST(hash({}) % 4 AS INTEGER))"
    con = duckdb.connect()
    con.execute(f"""COPY (SELECT 'I' || i AS item_id, {level.format("i")} AS gold, 'True' AS has_labels
                          FROM range({evaluations // PER_ITEM}) r(i))
                    TO '{folder}/gal_adultcontent2_gold.csv' (HEADER)""")
    con.execute(f"""COPY (SELECT n AS seq, 'I' || n // {PER_ITEM} AS item_id,
                                 'W' || (n % {PER_ITEM} + n // {PER_ITEM} % 50 * {PER_ITEM}) AS worker_id,
                                 CASE WHEN hash(n) % 5 = 0 THEN {level.format("n + 1")}
                                      ELSE {level.format(f"n // {PER_ITEM}")} END AS label, 1 AS repeat_no
                          FROM range({evaluations // PER_ITEM * PER_ITEM}) r(n))
                    TO '{folder}/gal_adultcontent2_labels.csv' (HEADER)""")


def stage(what: str, folder: Path) -> dict[str, object]:
    """Do one stage in this process."""
    from qa_sync.runner.workspace import Workspace

    workspace = Workspace(folder)
    if what == "sync":
        counts = workspace.sync().counts["sync"]
        return {"records": sum(stream["accepted"] for stream in counts.values())}
    if what == "map":
        workspace.map()
        return {}
    if what == "reconcile":
        workspace.reconcile()
        return {}
    if what == "report":
        rows = workspace.report_table("agreement").rows.to_pylist()
        return {"rows": len(rows), "pairs": rows[0]["pairs"]}
    import duckdb

    limit = os.environ.get("QA_SYNC_MEMORY", "6GB")
    con = duckdb.connect(config={"memory_limit": limit, "temp_directory": str(folder)})
    read = "read_parquet('{}/data/raw/ratings.{}/*.parquet')"
    found = con.execute(f"""
        WITH l AS (SELECT payload->>'item_id' AS item, payload->>'label' AS label FROM {read.format(folder, "labels")}),
             g AS (SELECT payload->>'item_id' AS item, payload->>'gold' AS gold FROM {read.format(folder, "gold")})
        SELECT count(*), avg(CAST(label = gold AS INTEGER)) FROM l JOIN g USING (item)""").fetchall()
    return {"pairs": found[0][0], "agree": round(found[0][1], 4)}


def measured(what: str, folder: Path) -> dict[str, object]:
    """Run one stage in a process of its own."""
    command = [sys.executable, __file__, "--stage", what, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Write, measure, print."""
    if "--stage" in sys.argv:
        what, folder = sys.argv[2:4]
        began = time.perf_counter()
        found = stage(what, Path(folder))
        spent = {"seconds": round(time.perf_counter() - began, 1), "cpu": round(time.process_time(), 1)}
        print(json.dumps({**found, **spent, "peak_mb": round(peak_mb())}))
        return
    for n in [int(text) for text in sys.argv[1:]] or [200_000]:
        with tempfile.TemporaryDirectory() as made:
            write(Path(made) / "ratings", n)
            os.environ["QA_SYNC_RATINGS"] = str(Path(made) / "ratings")
            folder = Path(made) / "workspace"
            shutil.copytree(PROJECT / "examples" / "ratings", folder, ignore=shutil.ignore_patterns("data", "out"))
            stages = {}
            for what in ("sync", "map", "reconcile", "report", "by hand"):
                stages[what] = measured(what, folder)
                print(f"{n:>12,}  {what:10} {stages[what]}", flush=True)
            RESULTS.mkdir(exist_ok=True)
            memory = os.environ.get("QA_SYNC_MEMORY", "")
            text = json.dumps({"evaluations": n, "engine_memory": memory, "stages": stages}, indent=1)
            (RESULTS / f"whole_{n}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
