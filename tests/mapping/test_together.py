"""Tables compiled together give what each gives compiled alone."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mapping.strategies import mappings, payloads
from mapping.test_reference import ENGINE, PROFILE, raw_rows

from qa_sync.mapping import Mapping, compile_stream, compile_table, parse
from qa_sync.model.system import RAW

HOW = {"source": "zd", "stream": "s", "zone": "Europe/Dublin"}


def both(text: str, other: str) -> Mapping:
    """Return one mapping of the tables of two, where they are not the same table."""
    first, second = parse(text, file="first.yaml"), parse(other, file="second.yaml")
    assume(not first.streams["s"].keys() & second.streams["s"].keys())
    return replace(first, streams={"s": {**first.streams["s"], **second.streams["s"]}})


CASES = {
    "first": mappings(),
    "second": mappings(),
    "texts": st.lists(payloads(), min_size=4, max_size=10),
    "gone": st.integers(0, 9),
}


def the_same(first: str, second: str, texts: list[str | None], gone: int) -> None:
    mapping = both(first, second)
    ENGINE.register("raw", pa.Table.from_pylist(raw_rows(texts, [at == gone for at in range(len(texts))]), RAW))
    together = compile_stream(mapping, relation="raw", records="records", **HOW)
    ENGINE.table("records", together.sql)
    for table, shared in together.tables.items():
        alone = compile_table(mapping, table=table, relation="raw", **HOW)
        assert (shared.hash, shared.columns) == (alone.hash, alone.columns)
        found, wanted = (ENGINE.fetch(one.sql).to_pylist() for one in (shared, alone))
        assert sorted(map(repr, found)) == sorted(map(repr, wanted))


@settings(max_examples=15, **PROFILE)
@given(**CASES)
def test_tables_compiled_together_give_the_same_rows_and_hashes(
    first: str, second: str, texts: list[str | None], gone: int
) -> None:
    the_same(first, second, texts, gone)


@pytest.mark.soak
@settings(max_examples=500, **PROFILE)
@given(**CASES)
def test_tables_compiled_together_give_the_same_rows_and_hashes_for_long(
    first: str, second: str, texts: list[str | None], gone: int
) -> None:
    the_same(first, second, texts, gone)
