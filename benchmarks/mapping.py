"""Mapping: the compiled selects against the same mapping done record by record in Python with pydantic.

Zendesk-like tickets of about 3 kB. ``12 paths``: one table from 12 paths and 3 custom fields. ``25 fields``: one
table of 25 fields with values, match, templates, times and numbers, and three fan-outs that fill three more tables.

Two ways to do it record by record. *Interpreted*: what an administrator's mapping file needs, whatever it says; each
raw record is validated by pydantic and decoded, the file's expressions are closures called per field, and pydantic
validates each row with the version it was made from and its problems: all that the compiled selects give.
*By hand*: a programmer wrote models and rows for exactly this mapping, without versions, problems or markers; little
can be faster in Python, and no administrator can change it. All give the same rows: the counts beside the times say
so, and ``--same`` compares values.
"""

from __future__ import annotations

import shutil
import sys
from zoneinfo import ZoneInfo

import mapping_by_hand
import mapping_interpreted
import pyarrow as pa
from mapping_tickets import ZONE, mapping_of, raw, stored, tickets
from measure import Case, Work, compare

from qa_sync.engine.duck import DuckEngine
from qa_sync.mapping import Mapping, compile_stream, compile_table
from qa_sync.model import TABLES
from qa_sync.model.system import RAW

ROWS = 100_000
HOW = {"source": "zd", "stream": "tickets", "zone": ZONE}
#: As many versions as the runner maps at a time.
CHUNK = 100_000


def compiled(rows: int, lists: bool) -> Work:
    """Map with the compiled selects, a chunk at a time as the runner does; each result is an Arrow table."""
    path = stored(rows, lists=lists)

    def work() -> dict[str, float]:
        mapping = mapping_of(lists)
        made = 0
        for start in range(0, rows, CHUNK):
            engine = DuckEngine()
            engine.scan("stored", [str(path)], RAW)
            engine.view("raw", f"SELECT * FROM stored WHERE source_seq BETWEEN {start} AND {start + CHUNK - 1}")
            for sql in _selects(mapping, engine):
                made += engine.fetch(sql).num_rows
            engine.close()
        shutil.rmtree(path.parent)
        return {"rows out": made}

    return work


def _selects(mapping: Mapping, engine: DuckEngine) -> list[str]:
    """Return the selects as the runner asks them: a table by itself from raw, several from one pass over raw."""
    tables = list(mapping.streams["tickets"])
    if len(tables) == 1:
        return [compile_table(mapping, table=tables[0], relation="raw", **HOW).sql]
    together = compile_stream(mapping, relation="raw", records="records", **HOW)
    engine.table("records", together.sql)
    return [one.sql for one in together.tables.values()]


def _compare(rows: int, lists: bool) -> None:
    """Stop unless all three ways give equal rows."""
    payloads = list(tickets(rows, lists=lists))
    mapping = mapping_of(lists)
    makers = [mapping_interpreted.TableMaker(table) for table in mapping.streams["tickets"].values()]
    table_of_raw = raw(payloads)
    records = table_of_raw.select(mapping_interpreted.OF_RAW).to_pylist()
    ways = [
        dict(zip(mapping.streams["tickets"], mapping_interpreted.rows_of(makers, records), strict=True)),
        {
            name: pa.Table.from_pylist(listed, schema=TABLES[name].arrow)
            for name, listed in mapping_by_hand.rows_of(payloads, ZoneInfo(ZONE), lists).items()
        },
    ]
    engine = DuckEngine()
    engine.register("raw", table_of_raw)
    for table, sql in zip(mapping.streams["tickets"], _selects(mapping, engine), strict=True):
        everything = engine.fetch(sql)
        renamed = {"_skipped": "skipped", "_problems": "problems"}
        everything = everything.rename_columns([renamed.get(name, name) for name in everything.column_names])
        for way in ways:
            wanted = everything.select(way[table].column_names).cast(way[table].schema)
            same = sorted(map(repr, way[table].to_pylist())) == sorted(map(repr, wanted.to_pylist()))
            print(f"{table}: {wanted.num_rows:,} rows, {'equal' if same else 'NOT equal'}")
            if not same:
                sys.exit(1)
    engine.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--same"]:
        _compare(2_000, lists=False)
        _compare(2_000, lists=True)
    else:
        for name, lists in (("12 paths", False), ("25 fields three fan-outs", True)):
            compare(
                f"mapping {name}",
                [
                    Case("interpreted with pydantic", mapping_interpreted.interpreted, rows=ROWS, lists=lists),
                    Case("by hand with pydantic", mapping_by_hand.by_hand, rows=ROWS, lists=lists),
                    Case("compiled select", compiled, rows=ROWS, lists=lists),
                ],
                baseline="interpreted with pydantic",
                repeat=3,
            )
