"""Reconciling a generated programme beside a hand-written DuckDB join and a pandas merge, each in a process of its own.

    python benchmarks/reconcile.py [EVALUATIONS ...]      (default: 1000000; a tenth of them are audits)
    python benchmarks/reconcile.py --memory 1500MB 50000000   (in parts, and the disk for the rest; about 30 min)
    python benchmarks/reconcile.py --spark 10000000           (the same SQL on DuckDB and on Spark)
    python benchmarks/reconcile.py --folder made 10000000     (what is generated stays there, to be used again)

The hand-written ones do far less: one link, no revisions, no roster, no versions, scores only. They are the floor.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from measure import RESULTS, family, peak_mb

CRITERIA = 8
#: Of the engine; beyond it DuckDB uses the disk.
MEMORY = sys.argv[sys.argv.index("--memory") + 1] if "--memory" in sys.argv else "6GB"
#: What pandas holds of an evaluation with its answers; it is left out where that is not free.
PANDAS_BYTES = 1_300
AS_OF = datetime(2026, 12, 31, tzinfo=UTC)

#: Of ten evaluations one is an audit of one of the nine others, by key; every 50th evaluation was edited later.
_EVALUATIONS = """
    SELECT 'verint:e' || n AS evaluation_id, n, 'agent_work' AS about,
           CASE WHEN is_audit THEN 'ata' ELSE 'standard' END AS kind,
           'submitted' AS status, {score} AS reported_score,
           'zendesk:' || item AS interaction_id, 'F' || item % 5 AS form_id, '1' AS form_version,
           CASE WHEN is_audit THEN 'verint:v' || n % 40 ELSE 'verint:u' || item % 400 END AS evaluator_id,
           'verint:g' || item % 3000 AS agent_id, 1 AS repeat_no, rev,
           TIMESTAMPTZ '2026-01-05 00:00:00+00' + to_minutes(CAST(item % 120960 AS INTEGER))
               + CASE WHEN is_audit THEN INTERVAL 3 DAY ELSE INTERVAL 0 DAY END AS submitted_at
    FROM (SELECT i AS n, i % 10 = 9 AS is_audit, CASE WHEN i % 10 = 9 THEN i - 1 - (i // 10) % 9 ELSE i END AS item,
                 UNNEST(CASE WHEN i % 50 = 0 THEN [1, 2] ELSE [1] END) AS rev
          FROM range({n}) r(i))"""
#: What an answer earns of 10 points. Every evaluation reports the score that its answers make, one in 1,000 another.
_POINTS = "CASE WHEN hash('verint:e' || n, c, rev) % 10 = 0 THEN 5e0 ELSE 10e0 END"
_SCORE = f"""CASE WHEN n % 1000 = 7 THEN 12e0
                  ELSE list_sum(list_transform(range({CRITERIA}), lambda c: {_POINTS})) / {CRITERIA / 10} END"""
_VERSION = """'verint' AS source, 'evaluations' AS stream, evaluation_id AS record_id, effective_at AS source_stamp,
           CAST(rev AS BIGINT) AS source_seq, sha256(evaluation_id || rev) AS payload_hash,
           effective_at AS ingested_at, false AS deleted"""


def generate(folder: Path, n: int, *, scales: bool = False) -> None:
    """Write the programme as Parquet files in the stored schema.

    ``scales``: answers are options of three levels, the first criterion is critical, and one evaluation in 50 disputed.
    """
    from qa_sync.engine.duck import DuckEngine, duck_type, quoted
    from qa_sync.model import TABLES
    from qa_sync.model.system import VERSION

    engine = DuckEngine()
    engine.view(
        "made",
        f"SELECT *, submitted_at + to_days(CAST(5 * (rev - 1) AS INTEGER)) AS effective_at "
        f"FROM ({_EVALUATIONS.format(n=n, score=_SCORE)})",
    )
    rows = {
        "evaluations": f"SELECT *, {_VERSION} FROM made",
        "answers": f"""SELECT evaluation_id, 'C' || c AS criterion_key, 'valued' AS state,
                              {_POINTS} AS points,
                              {_VERSION}
                       FROM made, range({CRITERIA}) k(c)""",
        "interactions": f"""SELECT 'zendesk:' || i AS interaction_id, 'ticket' AS kind, 'q' || i % 12 AS queue,
                                   MAP {{'region': 'r' || i % 7}} AS dimensions, 'zendesk' AS source, false AS deleted
                            FROM range({n}) r(i) WHERE i % 10 <> 9""",
        "rosters": """SELECT 'verint:u' || i AS person_id, 'evaluator' AS role, DATE '2025-01-01' AS valid_from,
                             'site' || i % 4 AS site, 'bpo' AS site_kind, 't' || i % 30 AS team, false AS deleted
                      FROM range(400) r(i)""",
        "forms": """SELECT 'F' || i AS form_id, '1' AS form_version, 'better' AS higher_is, 'points' AS scale,
                           false AS deleted FROM range(5) r(i)""",
        "criteria": f"""SELECT 'F' || i AS form_id, '1' AS form_version, 'C' || c AS criterion_key, 1e1 AS max_points,
                               1e0 AS weight, false AS deleted FROM range(5) r(i), range({CRITERIA}) k(c)""",
    }
    if scales:
        rows |= _scaled(rows)
    for name, schema in TABLES.items():
        stored = pa.schema([*schema.arrow, *VERSION])
        source = rows.get(name)
        if source is None:
            continue
        engine.view("one", source)
        found = set(engine.fetch("SELECT * FROM one LIMIT 0").column_names)
        listed = ", ".join(
            f"CAST({quoted(f.name) if f.name in found else 'NULL'} AS {duck_type(f.type)}) AS {quoted(f.name)}"
            for f in stored
        )
        engine.execute(
            f"COPY (SELECT {listed} FROM one) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    engine.close()


def _scaled(rows: dict[str, str]) -> dict[str, str]:
    """What reports about criteria, critical errors and disputes are made from, over the same evaluations."""
    option = "CASE points WHEN 5 THEN 'Partly' ELSE 'Yes' END"
    return {
        "answers": f"SELECT *, {option} AS option FROM ({rows['answers']})",
        "options": f"""SELECT 'F' || i AS form_id, '1' AS form_version, 'C' || c AS criterion_key, option, level,
                              5e0 * level AS points, c = 0 AND level < 2 AS is_fail, false AS deleted
                       FROM range(5) r(i), range({CRITERIA}) k(c),
                            (VALUES ('No', 0), ('Partly', 1), ('Yes', 2)) o(option, level)""",
        "criteria": f"""SELECT *, criterion_key = 'C0' AS is_critical,
                               CASE WHEN criterion_key = 'C0' THEN 'customer' END AS critical_class
                        FROM ({rows["criteria"]})""",
        "disputes": """SELECT 'd' || n AS dispute_id, event_no, if(event_no = 1, 'opened', 'resolved') AS event,
                              submitted_at + to_days(event_no) AS event_at, evaluation_id, 'C1' AS criterion_key,
                              if(event_no = 2, if(n % 3 = 0, 'overturned_full', 'upheld'), NULL) AS outcome,
                              evaluator_id AS raised_by, 'verint' AS source, false AS deleted,
                              submitted_at AS ingested_at, submitted_at AS source_stamp
                       FROM made, (VALUES (1), (2)) e(event_no) WHERE rev = 1 AND n % 50 = 7""",
    }


def ours(folder: Path) -> dict[str, object]:
    """The whole reconciling."""
    from qa_sync.engine.duck import DuckEngine
    from qa_sync.model import TABLES
    from qa_sync.model.system import VERSION
    from qa_sync.reconcile.programme import Programme
    from qa_sync.reconcile.run import reconcile

    engine = DuckEngine(memory_limit=MEMORY)
    for name, schema in TABLES.items():
        file = folder / f"{name}.parquet"
        name = f"{name}_history" if name in ("evaluations", "answers") else name
        engine.scan(name, [str(file)] if file.exists() else [], pa.schema([*schema.arrow, *VERSION]))
    if "--profile" in sys.argv:
        _profiled(engine)
    done = reconcile(engine, Programme(time_zone="Europe/Dublin"), as_of=AS_OF)
    engine.close()
    return {"pairs": done.pairs, "outcomes": dict(done.outcomes), "score_findings": dict(done.score_findings)}


def _profiled(engine: object) -> None:
    for method in ("table", "view"):
        plain = getattr(engine, method)

        def timed(name: str, sql: str, plain: object = plain) -> None:
            started = time.process_time()
            plain(name, sql)  # type: ignore[operator]
            print(f"  {name:24} {time.process_time() - started:6.2f} CPU s  peak {peak_mb():6.0f} MB", file=sys.stderr)

        setattr(engine, method, timed)


def by_hand(folder: Path) -> dict[str, object]:
    """The shortest SQL that pairs by key and compares scores of latest revisions."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(folder)})
    pairs = con.execute(f"""
        WITH e AS (SELECT * FROM '{folder}/evaluations.parquet'
                   QUALIFY row_number() OVER (PARTITION BY evaluation_id ORDER BY source_stamp DESC) = 1),
             s AS (SELECT evaluation_id, source_seq, 100 * sum(points) / {10 * CRITERIA} AS score
                   FROM '{folder}/answers.parquet' GROUP BY ALL)
        SELECT count(*), avg(x.score - y.score)
        FROM e a JOIN e b USING (interaction_id, agent_id, form_id)
        JOIN s x ON x.evaluation_id = b.evaluation_id AND x.source_seq = b.source_seq
        JOIN s y ON y.evaluation_id = a.evaluation_id AND y.source_seq = a.source_seq
        WHERE a.kind = 'ata' AND b.kind = 'standard'""").fetchall()
    return {"pairs": pairs[0][0]}


def with_pandas(folder: Path) -> dict[str, object]:
    """The same with pandas."""
    import pandas as pd

    key = ["interaction_id", "agent_id", "form_id"]
    e = pd.read_parquet(
        folder / "evaluations.parquet", columns=["evaluation_id", "kind", "source_stamp", "source_seq", *key]
    )
    e = e.sort_values("source_stamp").drop_duplicates("evaluation_id", keep="last")
    a = pd.read_parquet(folder / "answers.parquet", columns=["evaluation_id", "source_seq", "points"])
    score = a.groupby(["evaluation_id", "source_seq"], as_index=False)["points"].sum()
    e = e.merge(score, on=["evaluation_id", "source_seq"])
    pairs = e[e["kind"] == "standard"].merge(e[e["kind"] == "ata"], on=key)
    return {"pairs": len(pairs)}


def with_spark(folder: Path) -> dict[str, object]:
    """The whole reconciling by the same SQL on Spark, on two cores of this machine."""
    from qa_sync.engine.spark import SparkEngine
    from qa_sync.model import TABLES
    from qa_sync.model.system import VERSION
    from qa_sync.reconcile.programme import Programme
    from qa_sync.reconcile.run import reconcile

    engine = SparkEngine("local[2]", {"spark.driver.memory": MEMORY.removesuffix("B").lower()})
    for name, schema in TABLES.items():
        file = folder / f"{name}.parquet"
        name = f"{name}_history" if name in ("evaluations", "answers") else name
        engine.scan(name, [str(file)] if file.exists() else [], pa.schema([*schema.arrow, *VERSION]))
    done = reconcile(engine, Programme(time_zone="Europe/Dublin"), as_of=AS_OF)
    return {"pairs": done.pairs, "outcomes": dict(done.outcomes), "score_findings": dict(done.score_findings)}


WAYS = {"qa_sync.reconcile": ours, "duckdb by hand": by_hand, "pandas merge": with_pandas}
if "--spark" in sys.argv:  # needs the extra, and Java
    WAYS = {"qa_sync.reconcile": ours, "qa_sync.reconcile on Spark": with_spark}


_OPTIONS = [one for one in sys.argv[1:] if one in ("--profile", "--spark")] + (
    ["--memory", MEMORY] if "--memory" in sys.argv else []
)


def measure(way: str, folder: Path) -> dict[str, object]:
    """Run one way in a process of its own and return its result, seconds and peak memory."""
    command = [sys.executable, __file__, "--way", way, str(folder), *_OPTIONS]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=False, stdout=subprocess.PIPE).stdout))


def _folder(stack: ExitStack, n: int) -> Path:
    """Return the folder of a generated programme: the one that --folder names, or a temporary one."""
    if "--folder" not in sys.argv:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generate(folder, n)
        return folder
    folder = Path(sys.argv[sys.argv.index("--folder") + 1]) / str(n)
    if not folder.exists():
        making = folder.with_name(f"{n}.making")
        making.mkdir(parents=True)
        generate(making, n)
        making.rename(folder)
    return folder


def _free() -> int:
    """Return the bytes of memory that are free on this machine."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def main() -> None:
    """Generate and measure."""
    if "--way" in sys.argv:
        at = sys.argv.index("--way")
        started = time.perf_counter()
        found = WAYS[sys.argv[at + 1]](Path(sys.argv[at + 2]))
        beside = family()  # Spark computes in a process of its own
        spent = {
            "seconds": time.perf_counter() - started,
            "cpu": time.process_time() + beside[0],
            "peak_mb": peak_mb() + beside[1],
        }
        print(json.dumps({**found, **{name: round(value, 1) for name, value in spent.items()}}))
        return
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()] or [1_000_000]
    for n in sizes:
        with ExitStack() as stack:
            folder = _folder(stack, n)
            print(f"{n:,} evaluations, {n // 10:,} audits, {n * CRITERIA:,} answers", flush=True)
            found = {}
            for way in WAYS:
                if way == "pandas merge" and n * PANDAS_BYTES > _free():
                    print(f"  {way:20} left out: it would hold {n * CRITERIA:,} answers in memory at once")
                    continue
                done = found[way] = measure(way, folder)
                print(
                    f"  {way:20} {done['seconds']:7.1f} s  {done['cpu']:7.1f} CPU s  {done['peak_mb']:7.0f} MB  "
                    f"{done['pairs']:,} pairs",
                    flush=True,
                )
            RESULTS.mkdir(exist_ok=True)
            facts = {"evaluations": n, "engine_memory": MEMORY, "ways": found}
            name = f"reconcile_spark_{n}" if "--spark" in sys.argv else f"reconcile_{n}"
            (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
