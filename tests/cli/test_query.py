"""Free queries read every table by its name, and reach nothing else, however they are worded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, opened_once, qa_sync, query
from program.finished import Finished

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError
from qa_sync.model import TABLES
from qa_sync.model.system import LEDGER
from qa_sync.runner.opened import Opened
from qa_sync.runner.query import select
from qa_sync.runner.workspace import Workspace

pytestmark = pytest.mark.usefixtures("kept_open")

RECONCILED = ("pairs", "comparisons", "buckets", "other_pairs", "other_comparisons", "pairs_current", "evaluator_work")


def test_every_table_answers_to_its_names(finished: Finished) -> None:
    names = [*TABLES, *(f"{name}_history" for name in TABLES), *RECONCILED, *LEDGER]
    counted = ", ".join(f"(SELECT count(*) FROM {name}) AS {name}" for name in names)
    (found,) = query(finished.folder, f"SELECT {counted}")
    assert {
        name
        for name in (
            "interactions",
            "people",
            "rosters",
            "lookups",
            "forms",
            "criteria",
            "options",
            "evaluations",
            "answers",
            "pairs",
            "comparisons",
            "buckets",
            "runs",
            "published",
        )
        if not found[name]
    } == set()
    for name in set(TABLES) - {"identities"}:  # who is who is found anew from the people each time
        assert found[f"{name}_history"] >= found[name], name


def test_tickets_are_the_interactions_of_that_kind(finished: Finished) -> None:
    asked = "SELECT count(*) AS n, bit_xor(hash(t)) AS told FROM {} t"
    (tickets,) = query(finished.folder, asked.format("tickets"))
    assert [tickets] == query(finished.folder, asked.format("(FROM interactions WHERE kind = 'ticket')"))
    assert tickets["n"]
    (beside,) = query(finished.folder, "SELECT (SELECT count(*) FROM tickets) AS n, (SELECT count(*) FROM pairs) AS p")
    assert (beside["n"], beside["p"] > 0) == (tickets["n"], True)


def test_what_is_stored_reads_the_same_whether_anything_is_reconciled_or_not(finished: Finished) -> None:
    raw = "raw_zendesk_tickets"
    names = [*sorted(set(TABLES) - {"identities"}), *(f"{name}_history" for name in sorted(TABLES)), *LEDGER, raw]
    told = ", ".join(f"(SELECT (count(*), bit_xor(hash(t))) FROM {name} t)::VARCHAR AS {name}" for name in names)
    (alone,) = query(finished.folder, f"SELECT {told}")
    (beside,) = query(finished.folder, f"SELECT {told}, (SELECT count(*) FROM pairs) AS pairs")
    assert {**alone, "pairs": beside["pairs"]} == beside
    assert alone["evaluations"] != alone["evaluations_history"] != "(0, NULL)"
    assert query(finished.folder, "WITH pairs AS (SELECT * FROM pairs) SELECT count(*) > 0 AS yes FROM pairs") == [
        {"yes": True}
    ]


def test_current_rows_are_the_newest_that_are_not_deleted(finished: Finished) -> None:
    (found,) = query(
        finished.folder,
        """
        WITH ranked AS (
            SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY source_stamp DESC, source_seq DESC, payload_hash DESC) AS n
            FROM evaluations_history)
        SELECT (SELECT count(*) FROM ranked WHERE n = 1 AND NOT deleted) AS wanted,
               (SELECT count(*) FROM evaluations) AS found, (SELECT max(revision) FROM evaluations_history) AS revisions,
               (SELECT count(*) FROM ranked r JOIN evaluations e USING (record_id, payload_hash) WHERE r.n = 1) AS same""",
    )
    assert found["wanted"] == found["found"] == found["same"]
    assert found["revisions"] > 1


def test_raw_streams_show_records_as_they_came(finished: Finished) -> None:
    rows = query(
        finished.folder,
        """
        SELECT id, source_stamp, ingested_at, deleted, payload, payload_hash, sha256(payload) AS made,
               json_extract_string(payload, '$.status') AS status
        FROM raw_zendesk_tickets ORDER BY id LIMIT 3""",
    )
    for row in rows:
        assert row["payload_hash"] == row["made"]
        assert row["status"]
        assert row["source_stamp"] < row["ingested_at"]
    (counted,) = query(
        finished.folder,
        """
        SELECT (SELECT count(*) FROM raw_verint_evaluations) AS evaluations, (SELECT count(*) FROM raw_zendesk_users) AS users,
               (SELECT count(*) FROM raw_roster_roster) AS roster, (SELECT count(*) FROM raw_zendesk_groups) AS groups""",
    )
    assert all(counted.values())


def test_the_tables_are_listed_with_their_meaning(finished: Finished) -> None:
    listed = ask(finished.folder, "query", "--tables")
    assert {row["table"] for row in listed} >= set(TABLES)
    assert all(row["meaning"] for row in listed)


GALLERY = [
    "SELECT 1; SELECT 2",
    "",
    "   ",
    "-- nothing",
    "not sql at all",
    "SELECT",
    "DROP TABLE pairs",
    "DELETE FROM evaluations",
    "UPDATE evaluations SET status = 'final'",
    "INSERT INTO people SELECT * FROM people",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE OR REPLACE VIEW people AS SELECT 1",
    "ATTACH 'x.db'",
    "ATTACH ':memory:' AS other",
    "DETACH memory",
    "USE memory",
    "COPY people TO '{out}'",
    "COPY (SELECT 1) TO '{out}' (FORMAT parquet)",
    "COPY people FROM '{file}'",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "PRAGMA version",
    "SET threads = 1",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET VARIABLE x = 1",
    "CALL pragma_version()",
    "EXPLAIN ANALYZE SELECT 1",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN TRANSACTION",
    "PREPARE q AS SELECT 1",
    "EXECUTE q",
    "SHOW TABLES",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "FROM '{file}'",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto(['{file}'])",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{store}')",
    "SELECT * FROM parquet_scan('{store}')",
    "SELECT * FROM parquet_metadata('{store}')",
    "SELECT * FROM parquet_file_metadata('{store}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_temporary_files()",
    "SELECT * FROM duckdb_extensions()",
    "SELECT * FROM pragma_database_list()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM main.people",
    "SELECT * FROM temp.people",
    "SELECT current_setting('threads')",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('people')",
    "SELECT * FROM query_table(['people'])",
    "WITH x AS (SELECT * FROM read_text('{file}')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "SELECT * FROM people WHERE EXISTS (SELECT 1 FROM read_csv('{file}'))",
    "SELECT * FROM (FROM '{file}')",
    "SELECT * FROM people p, LATERAL (SELECT * FROM read_text('{file}')) q",
    "SELECT * FROM people UNION ALL FROM '{file}'",
    "SELECT * FROM (PIVOT '{file}' ON a)",
    "SELECT * FROM 'http://127.0.0.1:9/x.csv'",
    "SELECT * FROM read_csv('http://127.0.0.1:9/x')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM people ORDER BY (SELECT content FROM read_text('{file}'))",
    "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM read_text('{file}')) SELECT * FROM r",
    "SELECT list_transform([1], x -> getenv('HOME'))",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM os",
    "SELECT * FROM sys",
    "SELECT * FROM self",
    "SELECT * FROM summary_does_not_exist",
    "SELECT * FROM test_all_types()",
    "SELECT * FROM seq_scan('people')",
    "SELECT * FROM duckdb_logs()",
    "SELECT * FROM sql_auto_complete('S')",
    "SELECT * FROM which_secret('x', 'y')",
    "SELECT * FROM storage_info('people')",
    "SELECT nextval('x')",
    "SELECT add_parquet_key('a', 'b')",
    "SELECT error('x')",
    "SELECT * FROM repeat_row(1, num_rows := 99999999999); DROP TABLE people",
    "DESCRIBE people; SELECT 1",
    "SUMMARIZE '{file}'",
    "DESCRIBE '{file}'",
    "VALUES (getenv('HOME'))",
    "TABLE '{file}'",
]


@pytest.fixture(scope="module")
def opened(finished: Finished) -> Iterator[Opened]:
    with finished.world.workspace().open(raw=True) as it:
        yield it


@pytest.mark.parametrize("sql", GALLERY)
def test_a_query_reaches_nothing_but_its_tables(finished: Finished, opened: Opened, tmp_path: Path, sql: str) -> None:
    planted = tmp_path / "planted.csv"
    planted.write_text("a\nPLANTED\n")
    store = next((finished.folder / "data" / "tables" / "people").glob("*.parquet"))
    written = tmp_path / "written"
    text = (
        sql.replace("{file}", str(planted))
        .replace("{out}", str(written))
        .replace("{store}", str(store))
        .replace("{folder}", str(tmp_path))
    )
    with pytest.raises(ConfigError) as refused:
        select(opened.engine, text)
    assert "PLANTED" not in str(refused.value)
    assert not written.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) AS n FROM people",
        "FROM pairs LIMIT 1",
        "WITH x AS (SELECT 1 AS a), y AS (FROM x) SELECT * FROM y, x",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r",
        "DESCRIBE people",
        "SUMMARIZE forms",
        "SELECT flag, count(*) FROM (SELECT unnest(flags) AS flag FROM pairs) GROUP BY ALL",
        "VALUES (1)",
        "SELECT * FROM range(3)",
        "SELECT p.week, s.n FROM (SELECT week FROM PAIRS) p, LATERAL (SELECT p.week AS n) s LIMIT 1",
        "SELECT * FROM (WITH inner_one AS (SELECT 1 AS a) FROM inner_one)",
    ],
)
def test_questions_are_not_refused(opened: Opened, sql: str) -> None:
    assert select(opened.engine, sql).num_rows > 0


def test_a_refused_query_says_why_and_prints_nothing(finished: Finished) -> None:
    done = qa_sync(finished.folder, "query", "SELECT * FROM read_text('/proc/self/environ')", "--quiet", expect=2)
    assert done.out == ""
    assert "may not use read_text()" in done.err
    done = qa_sync(finished.folder, "query", "SELECT * FROM evaluatons", "--quiet", expect=2)
    assert "did you mean evaluations?" in done.err
    done = qa_sync(finished.folder, "query", "SELECT nobody FROM evaluations", "--quiet", expect=2)
    assert "query --tables" in done.err


ODD = """
    SELECT DATE 'infinity' AS d, TIMESTAMPTZ '-infinity' AS t, TIMESTAMPTZ '12000-01-01 00:00:00+00' AS z,
           TIMESTAMP '12000-01-01 01:00:00.5' AS w, [DATE 'infinity', NULL] AS l, {'a': DATE '12000-01-01', 'b': 1} AS s,
           MAP {'a': DATE '12000-01-01'} AS m, INTERVAL 3 MONTH AS i, DATE '2026-01-31' AS plain
    UNION ALL SELECT DATE '2026-01-01', NULL, TIMESTAMPTZ '2026-01-01 00:00:00+00', NULL, [], NULL, NULL, NULL, NULL"""


def test_days_beyond_the_calendar_are_shown_in_every_format(finished: Finished) -> None:
    with opened_once():
        first, second = query(finished.folder, ODD)
        assert first == {
            "d": "infinity",
            "t": "-infinity",
            "z": "12000-01-01T00:00:00Z",
            "w": "12000-01-01T01:00:00.5",
            "l": ["infinity", None],
            "s": {"a": "12000-01-01", "b": 1},
            "m": {"a": "12000-01-01"},
            "i": "P3M0DT0S",
            "plain": "2026-01-31",
        }
        assert (second["d"], second["z"], second["l"]) == ("2026-01-01", "2026-01-01T00:00:00Z", [])
        for form in ("csv", "table"):
            assert qa_sync(finished.folder, "query", ODD, "--format", form, "--quiet").out.count("infinity") == 3
        frame = finished.world.workspace().query(ODD)
    assert frame["d"].tolist() == ["infinity", date(2026, 1, 1)]
    assert "12000-01-01" in repr(frame[["z", "w"]])


@pytest.mark.parametrize(
    ("sql", "options", "said"),
    [
        ("SELECT count(*) FROM range(100000000000) a, range(100000000000) b", {"seconds": 0.1}, "0.1 s"),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) FROM r", {"seconds": 0.1}, "0.1 s"),
        ("SELECT * FROM range(100000000000)", {"megabytes": 20}, "20 MB"),
        ("SELECT repeat('x', 100000) AS x FROM range(100000)", {"megabytes": 20}, "20 MB"),
    ],
)
def test_a_query_has_so_much_time_and_memory_and_says_how_to_get_more(
    sql: str, options: dict[str, Any], said: str
) -> None:
    engine = DuckEngine(threads=1, lockable=True)  # the first query of an engine says what all of them may have
    with pytest.raises(ConfigError) as refused:
        select(engine, sql, **options)
    assert str(refused.value) == (
        f"the query needs more than {said}, which is all it may have; "
        "narrow it, or allow more: --timeout SECONDS, --memory MB"
    )
    assert select(engine, "SELECT 1 AS a").to_pylist() == [{"a": 1}]
    engine.close()


def test_memory_is_what_a_query_works_with_beside_the_tables_and_nothing_goes_to_a_disk(tmp_path: Path) -> None:
    engine = DuckEngine(threads=1, lockable=True)
    engine.table("there", "SELECT range AS n, repeat('y', 40) AS y FROM range(300000)")
    with pytest.raises(ConfigError, match="needs more than 20 MB"):
        select(engine, "SELECT max(x) FROM (SELECT DISTINCT n::VARCHAR || y AS x FROM there)", megabytes=20)
    assert select(engine, "SELECT count(*) AS n FROM there", megabytes=20).to_pylist() == [{"n": 300_000}]
    assert not list(Path().glob(".tmp*"))
    engine.close()


def test_a_value_that_does_not_fit_late_in_a_result_is_quoted_no_more_than_an_early_one(opened: Opened) -> None:
    sql = "SELECT CAST(if(range > 199998, 'PLANTED', '1') AS INTEGER) AS n FROM range(200000)"
    with pytest.raises(ConfigError, match="a value did not fit") as refused:
        select(opened.engine, sql)
    assert "PLANTED" not in str(refused.value)


def test_a_select_for_auditees_finds_no_audit_under_embargo_in_any_table(finished: Finished) -> None:
    workspace = Workspace(finished.folder)
    held = "SELECT auditor_evaluation_id AS id, pair_id FROM pairs WHERE is_embargoed"
    ids = {row["id"] for row in workspace.query_table(held).to_pylist()}
    assert ids
    assert workspace.query_table(held, audience="auditees").num_rows == 0
    tables = ("evaluations", "evaluations_history", "answers", "answers_history", "buckets", "disputes")
    seen = " UNION ALL ".join(f"SELECT DISTINCT '{name}' AS of, evaluation_id AS id FROM {name}" for name in tables)
    found = workspace.query_table(seen, audience="auditees").to_pylist()
    assert {row["of"] for row in found} == set(tables)
    assert [row for row in found if row["id"] in ids] == []


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3+cmd", "@SUM(A1)", "\t=1", " =1", "\uff1d1+1"])
def test_no_text_of_a_csv_is_a_formula_to_a_spreadsheet(finished: Finished, text: str) -> None:
    sql = f"SELECT '{text}' AS \"{text}\", -5 AS n, '-5.5' AS t, ['{text}'] AS l"
    with opened_once():
        told = qa_sync(finished.folder, "query", sql, "--format", "csv", "--quiet").out
        (plain,) = json.loads(qa_sync(finished.folder, "query", sql, "--format", "json", "--quiet").out)
    head, row = csv.reader(io.StringIO(told))
    assert (head[0], row) == (f"'{text}", [f"'{text}", "-5", "-5.5", json.dumps([text], ensure_ascii=False)])
    assert plain["t"] == "-5.5"
    assert text in plain.values()


def test_a_table_for_people_ends_and_says_so_and_a_program_gets_every_row(finished: Finished) -> None:
    """Laying out a table of every evaluation of a year takes minutes, and nobody reads it."""
    for rows, said in ((2_000, ""), (2_001, "and 1 more; --format csv and json give all of them\n")):
        sql = f"SELECT i AS number, 'x' AS text FROM range({rows}) r(i) ORDER BY i"
        shown = qa_sync(finished.folder, "query", sql).out
        assert shown.endswith(said)
        assert ("and 1 more" in shown) == bool(said)
        assert [line.split()[0] for line in shown.splitlines() if line.split()[1:] == ["x"]] == [
            str(n) for n in range(2_000)
        ]
        assert [row["number"] for row in query(finished.folder, sql)] == list(range(rows))
        assert len(qa_sync(finished.folder, "query", sql, "--format", "csv").out.splitlines()) == rows + 1


def test_a_report_for_people_ends_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow as pa

    from qa_sync.cli import show
    from qa_sync.dashboards.cells import Field

    show.fields(
        pa.table({"key": [f"k{n}" for n in range(2_345)]}), [Field(name="key", label="Key", kind="text")], title="T"
    )
    shown = capsys.readouterr().out
    assert "k1999 " in shown
    assert "k2000" not in shown
    assert shown.endswith("and 345 more; --format csv and json give all of them\n")
