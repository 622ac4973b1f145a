"""Every report of a generated programme: CPU seconds of each, and peak memory of all.

    python benchmarks/reports.py [EVALUATIONS]      (default: 1000000, a tenth of them audits)

The programme is that of ``reconcile.py`` with scales, critical criteria and disputes; reconciling it is measured as one
line and is in no report's time.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
from reconcile import AS_OF, CRITERIA, MEMORY, RESULTS, generate

SEED = 20_260_101


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Make each report once, in the order of the catalogue."""
    from qa_sync.engine.duck import DuckEngine
    from qa_sync.model import TABLES
    from qa_sync.model.system import VERSION
    from qa_sync.reconcile import Programme
    from qa_sync.reports import REPORTS, build
    from qa_sync.runner.opened import scene_of

    def fill(engine: DuckEngine) -> None:
        for name, schema in TABLES.items():
            file, stored = folder / f"{name}.parquet", pa.schema([*schema.arrow, *VERSION])
            history = f"{name}_history" if name in ("evaluations", "answers") else f"{name}_all"
            engine.scan(history, [str(file)] if file.exists() else [], stored)
            key = ", ".join(schema.key)
            newest = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY source_seq DESC) = 1"
            engine.view(name, f"SELECT * FROM {history} {newest if history.endswith('_history') else ''}")

    def make() -> DuckEngine:
        engine = DuckEngine(memory_limit=MEMORY)
        engine.execute(f"SET temp_directory = '{folder}'")
        return engine

    found: dict[str, dict[str, float]] = {}
    started = time.process_time()
    rules = Programme(time_zone="Europe/Dublin")
    with scene_of(fill, rules, as_of=AS_OF, seed=SEED, run_id="bench", make=make) as it:
        found["reconcile and prepare"] = _told(
            started, it.engine.fetch("SELECT count(*) AS n FROM pairs")["n"][0].as_py()
        )
        for name in REPORTS:
            started = time.process_time()
            found[name] = _told(started, build(name, it.scene).rows.num_rows)
            print(f"  {name:22} {found[name]['cpu']:6.2f} CPU s  {found[name]['rows']:9,} rows", flush=True)
    return found


def _told(started: float, rows: int) -> dict[str, float]:
    return {"cpu": round(time.process_time() - started, 3), "rows": rows}


def main() -> None:
    """Generate, measure and keep the figures."""
    n = next((int(text) for text in sys.argv[1:] if text.isdigit()), 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), n, scales=True)
        found = measure(Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts = {"evaluations": n, "answers": n * CRITERIA, "peak_mb": round(peak), "reports": found}
    print(f"{n:,} evaluations; peak {peak:,.0f} MB")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"reports_{n}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
