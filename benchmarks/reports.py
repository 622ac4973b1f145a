"""Every report of a generated programme: CPU seconds of each, and peak memory of all.

    python benchmarks/reports.py [EVALUATIONS]      (default: 1000000, a tenth of them audits)

The programme is that of ``reconcile.py`` with scales, critical criteria and disputes, and what else is spoken of:
blind audits, repeats, calibration sessions, a form of actions, disputes that wait and a sample plan. Reconciling it is
measured as one line and is in no report's time.
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
_VERSION = """'verint' AS source, 'evaluations' AS stream, evaluation_id AS record_id, submitted_at AS source_stamp,
           CAST(1 AS BIGINT) AS source_seq, sha256(evaluation_id) AS payload_hash, submitted_at AS ingested_at,
           false AS deleted"""
_OPTION = "CASE hash(evaluation_id, c) % 10 WHEN 0 THEN 'Partly' ELSE 'Yes' END"
#: One in 200 is scored again, blindly; 8 people score the interaction of a session; one in 20 is judged by its action.
_MORE = """
    SELECT evaluation_id || 'again' AS evaluation_id, 'standard' AS kind, interaction_id, form_id, evaluator_id,
           agent_id, 2 AS repeat_no, true AS is_blind, NULL AS session_id,
           submitted_at + INTERVAL 10 DAY AS submitted_at
    FROM first WHERE kind = 'standard' AND n % 200 = 0
    UNION ALL
    SELECT 'verint:c' || n || '-' || p, 'calibration', interaction_id, form_id, 'verint:u' || (n + p * 53) % 400,
           agent_id, 1, NULL, 's' || n, submitted_at + INTERVAL 1 DAY
    FROM first, range(8) r(p) WHERE kind = 'standard' AND n % 2000 = 10
    UNION ALL
    SELECT 'verint:m' || n || side, if(side = 'a', 'ata', 'standard'), interaction_id, 'ACTION',
           if(side = 'a', 'verint:v' || n % 40, evaluator_id), agent_id, 1, if(side = 'a', n % 40 = 4, NULL), NULL,
           submitted_at + if(side = 'a', INTERVAL 2 DAY, INTERVAL 0 DAY)
    FROM first, (VALUES ('a'), ('e')) s(side) WHERE kind = 'standard' AND n % 20 = 4"""
_PARTS = {
    "evaluations": f"""SELECT *, 'agent_work' AS about, 'released' AS status, '1' AS form_version,
                              submitted_at AS effective_at, {_VERSION} FROM more""",
    "answers": f"""SELECT evaluation_id, 'C' || c AS criterion_key, 'valued' AS state, {_OPTION} AS option,
                          CASE WHEN {_OPTION} = 'Yes' THEN 10 ELSE 5 END AS points, {_VERSION}
                   FROM more, range({CRITERIA}) k(c) WHERE form_id <> 'ACTION'
                   UNION ALL BY NAME
                   SELECT evaluation_id, 'action' AS criterion_key, 'valued' AS state,
                          (['none', 'warn', 'remove'])[CAST(1 + (hash(evaluation_id[9:-2]) % 10 // 4
                              + if(hash(evaluation_id) % 10 = 0, 1, 0)) % 3 AS BIGINT)] AS option, {_VERSION}
                   FROM more WHERE form_id = 'ACTION'""",
    "forms": """SELECT 'ACTION' AS form_id, '1' AS form_version, 'more_severe' AS higher_is, 'ordinal' AS scale,
                       false AS deleted""",
    "criteria": "SELECT 'ACTION' AS form_id, '1' AS form_version, 'action' AS criterion_key, false AS deleted",
    "options": """SELECT 'ACTION' AS form_id, '1' AS form_version, 'action' AS criterion_key, option, level,
                         false AS deleted FROM (VALUES ('none', 0), ('warn', 1), ('remove', 2)) o(option, level)""",
    "disputes": """SELECT 'w' || n AS dispute_id, 1 AS event_no, 'opened' AS event, evaluation_id,
                          submitted_at + INTERVAL 1 DAY AS event_at, evaluator_id AS raised_by, 'verint' AS source,
                          false AS deleted, submitted_at AS ingested_at, submitted_at AS source_stamp
                   FROM first WHERE n % 500 = 11""",
    "calibrations": """SELECT DISTINCT session_id, interaction_id, form_id, '1' AS form_version, false AS deleted,
                              submitted_at AS opened_at, submitted_at + INTERVAL 2 DAY AS due_at
                       FROM more WHERE session_id IS NOT NULL""",
    "calibration_participants": """SELECT session_id, evaluator_id AS person_id, 'done' AS status, evaluation_id,
                                          false AS deleted
                                   FROM more WHERE session_id IS NOT NULL""",
    "samples": """SELECT 'p' || n AS sample_id, strftime(submitted_at, '%G-W%V') AS week, 'q' || n % 12 AS stratum,
                         evaluation_id, 'verint:v' || n % 40 AS assignee_id, 50 AS target, 5000 AS frame_size,
                         'random' AS selected_by, submitted_at + INTERVAL 21 DAY AS due_at, sha256(evaluation_id) AS
                         payload_hash, false AS deleted
                  FROM first WHERE kind = 'standard' AND n % 20 < 2""",
}


def complete(folder: Path) -> None:
    """Write, beside the files of ``reconcile.generate``, rows of what its programme lacks: ``TABLE_more.parquet``."""
    import duckdb

    con = duckdb.connect(config={"temp_directory": str(folder)})
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"""
        CREATE VIEW first AS
        SELECT *, CAST(evaluation_id[9:] AS BIGINT) AS n FROM '{folder}/evaluations.parquet' WHERE source_seq = 1""")
    con.execute(f"CREATE VIEW more AS {_MORE}")
    for name, sql in _PARTS.items():
        con.execute(f"COPY ({sql}) TO '{folder}/{name}_more.parquet' (FORMAT parquet, COMPRESSION zstd)")
    con.close()


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
            files = [str(one) for one in (file, folder / f"{name}_more.parquet") if one.exists()]
            engine.scan(history, files, stored)
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
        complete(Path(folder))
        found = measure(Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts = {"evaluations": n, "answers": n * CRITERIA, "peak_mb": round(peak), "reports": found}
    print(f"{n:,} evaluations; peak {peak:,.0f} MB")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"reports_{n}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
