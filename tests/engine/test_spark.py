"""The Spark engine says the same as DuckDB: the same statements on the same files give equal frames."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from program.worlds import small_programme, world

from qa_sync.engine import Engine
from qa_sync.engine.duck import DuckEngine
from qa_sync.reconcile import dialect
from qa_sync.reports import REPORTS, Ask, build
from qa_sync.runner.opened import opened
from qa_sync.runner.stages import snapshot_of
from qa_sync.store import Store

pytestmark = pytest.mark.spark
pytest.importorskip("pyspark", reason="make test-spark installs the extra")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

from qa_sync.engine.spark import SparkEngine  # noqa: E402

#: Without compilation and shuffles a statement on little data costs a tenth.
SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
}


def spark() -> SparkEngine:
    return SparkEngine("local[2]", SMALL)


@pytest.fixture
def both() -> Iterator[tuple[Engine, Engine]]:
    made: tuple[Engine, Engine] = (DuckEngine(), spark())
    yield made
    for engine in made:
        engine.close()


DATES = [date(2024, 12, 29), date(2024, 12, 30), date(2025, 1, 1), date(2026, 1, 4), date(2027, 1, 1), None]
MOMENTS = [
    datetime(2026, 3, 29, 0, 59, 59, 999999, UTC),
    datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, tzinfo=UTC),
    None,
]


@pytest.mark.parametrize(("column", "expression"), [
    ("d", dialect.iso_week("d")), ("t", dialect.local_date("t", "Europe/Dublin")), ("t", dialect.local_date("t", "Asia/Manila")),
    ("x", f"(SELECT {dialect.exact_sum('x')} FROM it)"), ("m", f"{dialect.merged_labels('m', 'n')}['k']"),
    ("x", dialect.words(("UP", "x > 0"), ("ANY", "TRUE"))), ("t", f"t <= {dialect.moment(MOMENTS[0])}"),
    ("x", "lag(x) OVER (ORDER BY x)"), ("x", "round(x / 2.5)"), ("s", "try_cast(s AS DOUBLE)"),
])  # fmt: skip
def test_an_expression_means_the_same(both: tuple[Engine, Engine], column: str, expression: str) -> None:
    labels = pa.map_(pa.string(), pa.string())
    rows = pa.table({
        "i": pa.array(range(6), pa.int64()), "d": pa.array(DATES, pa.date32()),
        "t": pa.array([*MOMENTS, *MOMENTS[:2]], pa.timestamp("us", tz="UTC")), "x": [0.1, 0.2, -3.5, 1e9, None, 2.5],
        "m": pa.array([{"k": "a"}, None, {}, {"k": "b"}, {"j": "c"}, None], labels),
        "n": pa.array([{"k": "z"}, {"k": "y"}, None, {}, None, None], labels), "s": ["1", "x", None, "2.5", "", "1e3"],
    })  # fmt: skip
    found = []
    for engine in both:
        engine.register("it", rows)
        found.append(engine.fetch(f"SELECT i, {expression} AS value FROM it ORDER BY i").to_pylist())
    assert found[0] == found[1], column


def test_files_that_lack_a_column_read_as_empty_ones(both: tuple[Engine, Engine], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "one.parquet")
    schema = pa.schema([("a", pa.string()), ("later", pa.timestamp("us", tz="UTC"))])
    for engine in both:
        engine.scan("it", [str(tmp_path / "one.parquet")], schema)
        engine.scan("none", [], schema)
        assert engine.fetch("SELECT * FROM it UNION ALL SELECT * FROM none").to_pylist() == [{"a": "x", "later": None}]
        assert engine.names() == ["it", "none"]


def test_a_view_whose_name_went_to_another_is_read_through_that_one(both: tuple[Engine, Engine]) -> None:
    """As evaluations under embargo are withheld: whatever reads them by their name must not see them any more."""
    for engine in both:
        engine.register("base", pa.table({"a": [1, 2, 3]}))
        engine.view("history", "SELECT * FROM base")
        engine.view("current", "SELECT a FROM history")
        engine.rename("history", "history_unheld")
        engine.view("history", "SELECT * FROM history_unheld WHERE a <> 2")
        assert engine.fetch("SELECT a FROM current ORDER BY a").to_pylist() == [{"a": 1}, {"a": 3}]
        assert engine.names() == ["base", "current", "history", "history_unheld"]


def test_two_engines_at_once_do_not_see_each_other_s_names() -> None:
    first, second = spark(), spark()
    for engine, value in ((first, 1), (second, 2)):
        engine.register("it", pa.table({"a": [value]}))
        engine.view("seen", "SELECT a FROM it")
    assert [engine.fetch("SELECT a FROM seen").to_pylist() for engine in (first, second)] == [[{"a": 1}], [{"a": 2}]]
    second.close()
    assert first.fetch("SELECT a FROM seen").to_pylist() == [{"a": 1}]
    first.close()


def test_a_window_over_a_column_that_the_select_renames_orders_by_it(both: tuple[Engine, Engine]) -> None:
    found = []
    for engine in both:
        engine.register("it", pa.table({"form_id": ["b", "a", "b"]}))
        found.append(
            engine.fetch("""
            SELECT form_id AS form, count(*) AS n, row_number() OVER (ORDER BY form) - 1 AS place
            FROM it GROUP BY form ORDER BY place""").to_pylist()
        )
    assert found[0] == found[1] == [{"form": "a", "n": 1, "place": 0}, {"form": "b", "n": 2, "place": 1}]


#: Also grouped, and for readers who must not see everything: that scene has an engine of its own.
ASKED = {
    **{name: Ask() for name in REPORTS},
    "summary+site": Ask(by=("site",)),
    "standing+site": Ask(by=("site",)),
    "evaluators+auditees": Ask(audience="auditees"),
    "disagreements+auditees": Ask(audience="auditees"),
}


@pytest.mark.soak  # minutes: Spark plans each of some hundred statements
def test_every_report_is_the_same(tmp_path: Path) -> None:
    with world(tmp_path, small_programme(tickets=120)) as made:
        made.workspace().run()
    store = Store(tmp_path / "data")
    run = store.ledger.snapshot_run()
    frames: list[dict[str, pd.DataFrame]] = []
    for make in (DuckEngine, spark):
        with opened(store, snapshot_of(run), as_of=run.finished_at, run_id=run.run_id, engine=make) as it:
            frames.append(
                {name: build(name.partition("+")[0], it.scene, ask).rows.to_pandas() for name, ask in ASKED.items()}
            )
    wanted, kept = frames
    assert len(wanted["pairs"]) > 10
    for name in ASKED:
        pd.testing.assert_frame_equal(kept[name], wanted[name], rtol=1e-9, obj=name)
