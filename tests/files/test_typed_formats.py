"""Parquet, json lines and spreadsheets keep the types of their values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from files.folder import ids, payloads, read, rejects, write

#: A wall clock, as Excel and many exports have it: no zone.
NAIVE = datetime.fromisoformat("2026-01-05T10:30:00")


def test_parquet_values_keep_their_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": [12, None],
            "f": [0.5, float("nan")],
            "b": [True, None],
            "t": ["", "x"],
            "d": [date(2026, 1, 5), None],
            "at": pa.array([datetime(2026, 1, 5, 10, 30, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "local": pa.array([NAIVE.replace(microsecond=500), None], pa.timestamp("us")),
            "list": [[1, 2], []],
            "deep": [{"a": {"B": "c"}}, None],
            "money": [Decimal("1.50"), None],
            "category": pa.array(["p", "q"]).dictionary_encode(),
        }
    )
    pq.write_table(table, write(tmp_path, "a.parquet", ""))
    first, second = payloads(read(tmp_path, metadata=[]))
    assert first == {
        "n": 12,
        "f": 0.5,
        "b": True,
        "t": None,
        "d": "2026-01-05",
        "at": "2026-01-05T10:30:00Z",
        "local": "2026-01-05T10:30:00.000500",
        "list": [1, 2],
        "deep": {"a": {"B": "c"}},
        "money": 1.5,
        "category": "p",
    }
    assert second == {
        "n": None,
        "f": None,
        "b": None,
        "t": "x",
        "d": None,
        "at": None,
        "local": None,
        "list": [],
        "deep": None,
        "money": None,
        "category": "q",
    }


def test_a_number_that_json_cannot_say_is_a_reject_when_it_is_deep_inside(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": ["1", "2"], "l": [[float("inf")], [1.0]]}), write(tmp_path, "a.parquet", ""))
    pages = read(tmp_path, key=["x"])
    assert (ids(pages), rejects(pages)) == (["2"], [("a.parquet:1", "", "holds a number that JSON cannot say")])


def test_a_whole_float_in_a_key_is_a_whole_number(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [12.0, 0.5], "y": [1, 2]}), write(tmp_path, "a.parquet", ""))
    assert ids(read(tmp_path, key=["x", "y"])) == ["12|1", "0.5|2"]


@pytest.mark.parametrize("suffix", ["parquet", "xlsx", "csv.gz"])
def test_a_damaged_file_is_one_reject_and_hides_no_other(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, f"a.{suffix}", b"PAR1 this is no such file")
    write(tmp_path, "b.csv", "x\n1\n")
    pages = read(tmp_path)
    assert ids(pages) == ["b.csv:1"]
    assert [(record, field) for record, field, _ in rejects(pages)] == [(f"a.{suffix}", "")]


def test_the_rows_before_a_damaged_part_of_a_parquet_file_stand(tmp_path: Path) -> None:
    path = write(tmp_path, "a.parquet", "")
    values = [f"value {n * 7919 % 100_003}" for n in range(4000)]
    pq.write_table(pa.table({"x": values}), path, row_group_size=1000, compression="gzip")
    content = bytearray(path.read_bytes())
    middle = pq.ParquetFile(path).metadata.row_group(2).column(0)
    start = middle.dictionary_page_offset or middle.data_page_offset
    content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
    pages = read(tmp_path, page_rows=1000)
    assert len(ids(pages)) == 2000
    assert [record for record, _, _ in rejects(pages)] == ["a.parquet"]
    assert "behind row 2000" in rejects(pages)[0][2]


def test_json_lines_keep_their_structure_and_bad_lines_are_rejects(tmp_path: Path) -> None:
    lines = [
        '{"id": 7, "deep": {"a": [1, null]}, "_row": "theirs"}',
        "",
        "[1]",
        '{"id": ',
        '{"id": "x", "n": NaN}',
        '{"id": "\\ud800"}',
        '{"id": "é"}',
        '{"no": "key"}',
    ]
    write(tmp_path, "a.jsonl", "\n".join(lines))
    pages = read(tmp_path, key=["id"])
    assert payloads(pages) == [
        {"id": 7, "deep": {"a": [1, None]}, "_file": "a.jsonl", "_row": 1},
        {"id": "é", "_file": "a.jsonl", "_row": 6},
    ]
    assert ids(pages) == ["7", "é"]
    assert rejects(pages) == [
        ("a.jsonl:2", "", "is JSON but no object"),
        ("a.jsonl:3", "", "is not JSON"),
        ("a.jsonl:4", "", "is not JSON"),
        ("a.jsonl:5", "", "is not JSON"),
        ("a.jsonl:7", "id", "blank key"),
    ]


def test_undecodable_json_lines_are_rejects(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", b'{"id": "\xff"}\n{"id": "ok"}\n')
    pages = read(tmp_path, key=["id"])
    assert (ids(pages), [record for record, _, _ in rejects(pages)]) == (["ok"], ["a.jsonl:1"])


def _sheet(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        book.add_worksheet("Secret").hide()
        sheet = book.add_worksheet("Export")
        sheet.activate()
        sheet.set_first_sheet()
        sheet.write_row(1, 0, ["id", "score", "at", "ok", "share"])
        sheet.write_row(2, 0, [1001, 87.5, NAIVE, True, 1.0])
        sheet.write_row(4, 0, ["A-2", "NA"])
        book.add_worksheet("Other").write_row(0, 0, ["other"])


def test_a_spreadsheet_is_read_from_its_first_visible_sheet(tmp_path: Path) -> None:
    _sheet(write(tmp_path, "a.xlsx", ""))
    pages = read(tmp_path, key=["id"])
    assert ids(pages) == ["1001", "A-2"]
    assert payloads(pages) == [
        {"id": 1001, "score": 87.5, "at": "2026-01-05T10:30:00", "ok": True, "share": 1, "_file": "a.xlsx", "_row": 1},
        {"id": "A-2", "score": "NA", "at": None, "ok": None, "share": None, "_file": "a.xlsx", "_row": 3},
    ]


def test_a_sheet_can_be_named_and_one_that_is_not_there_is_a_reject(tmp_path: Path) -> None:
    _sheet(write(tmp_path, "a.xlsx", ""))
    assert rejects(read(tmp_path, sheet="Other")) == []
    assert rejects(read(tmp_path, sheet="Nope")) == [("a.xlsx", "", "the file: no sheet 'Nope'")]


def test_formats_can_be_mixed_and_a_strange_suffix_is_a_reject(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x\n1\n")
    write(tmp_path, "b.jsonl", json.dumps({"x": 2}))
    write(tmp_path, "c.bin", "x")
    write(tmp_path, "~$d.xlsx", "Excel's lock")
    write(tmp_path, ".hidden.csv", "x\n3\n")
    pages = read(tmp_path, key=["x"])
    assert ids(pages) == ["1", "2"]
    assert [record for record, _, _ in rejects(pages)] == ["c.bin"]
