"""Delimited text: everything is text, a bad row costs itself, encodings and delimiters are found."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from files.folder import ids, payloads, read, rejects, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa_sync_files.csv_rows import CsvReader
from qa_sync_files.finding import Found, Print
from qa_sync_files.rows import Rows
from qa_sync_files.settings import StreamSettings

BROKEN = "breaks the rules of quoting, or holds a value of more than 128 KiB"


def test_values_stay_text_and_empty_ones_are_null(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "id,score,day,none\n007,1e5,2026-01-05,\n")
    assert payloads(read(tmp_path)) == [
        {"id": "007", "score": "1e5", "day": "2026-01-05", "none": None, "_file": "a.csv", "_row": 1}
    ]


def test_a_record_without_key_is_its_file_and_row(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x\n1\n\n2\n")
    assert ids(read(tmp_path)) == ["a.csv:1", "a.csv:2"]


def test_key_columns_are_joined_and_the_separator_is_escaped(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\na|b,c\na,b|c\na\\,b\n")
    assert ids(read(tmp_path, key=["file", "x", "y"])) == ["a.csv|a\\|b|c", "a.csv|a|b\\|c", "a.csv|a\\\\|b"]


def test_a_key_may_name_a_column_that_is_called_file(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "file,x\nf1,1\n")
    assert ids(read(tmp_path, key=["file", "_row"])) == ["f1|1"]


def test_a_blank_key_is_a_reject_that_names_the_column(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\n1,a\n ,b\n3,c\n")
    pages = read(tmp_path, key=["x"])
    assert (ids(pages), rejects(pages)) == (["1", "3"], [("a.csv:2", "x", "blank key")])


def test_a_file_without_the_key_column_is_a_reject_and_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "z\n1\n")
    write(tmp_path, "b.csv", "x\n1\n")
    pages = read(tmp_path, key=["x"])
    assert (ids(pages), rejects(pages)) == (["1"], [("a.csv", "x", "the file: no column 'x'")])


def test_ragged_rows_are_rejects_and_the_numbers_of_the_others_stand(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\n1,a\n2\n3,c,d\n4,d\n5\n")
    pages = read(tmp_path, key=["x"])
    assert [(row["x"], row["_row"]) for row in payloads(pages)] == [("1", 1), ("4", 4)]
    assert rejects(pages) == [
        ("a.csv:2", "", "1 values for 2 columns"),
        ("a.csv:3", "", "3 values for 2 columns"),
        ("a.csv:5", "", "1 values for 2 columns"),
    ]


def test_a_file_of_nothing_but_ragged_rows_is_all_rejects(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\n1\n2\n")
    pages = read(tmp_path)
    assert (ids(pages), [reject[0] for reject in rejects(pages)]) == ([], ["a.csv:1", "a.csv:2"])


@pytest.mark.parametrize("quoted", ["", ',"q"'])
def test_undecodable_rows_are_rejects_on_both_ways_through(tmp_path: Path, quoted: str) -> None:
    head = "x,y" + (",z" if quoted else "")
    write(tmp_path, "a.csv", f"{head}\n1,a{quoted}\n2,".encode() + b"\xff\xfe" + f"{quoted}\n3,é{quoted}\n".encode())
    pages = read(tmp_path, key=["x"])
    assert ids(pages) == ["1", "3"]
    assert rejects(pages) == [("a.csv:2", "", "not valid text in the file's encoding")]


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", 'x,y,z\n1,2,3\n4,"oops,5\n6,7,8\n7,"fine, really",9\n8,8,8\n')
    pages = read(tmp_path, key=["x"])
    assert (ids(pages), rejects(pages)) == (["1", "6", "7", "8"], [("a.csv:2", "", BROKEN)])


def test_a_quote_that_swallows_the_rest_of_a_large_file_costs_one_row(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", 'x,y\n1,"oops\n' + "".join(f"{n},text that goes on and on\n" for n in range(2, 20_000)))
    pages = read(tmp_path, key=["x"])
    assert len(ids(pages)) == 19_998
    assert rejects(pages) == [("a.csv:1", "", BROKEN)]


def test_quoted_line_ends_belong_to_the_value(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", 'x,y\r\n1,"two\nlines, ""quoted"""\r\n2,"5"\r\n')
    assert [(row["x"], row["y"]) for row in payloads(read(tmp_path))] == [("1", 'two\nlines, "quoted"'), ("2", "5")]


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("a;b,c;d\n1;2;3\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('"a;;;;",b\n1,2\n', ","),
    ],
)
def test_the_delimiter_is_taken_from_the_header(tmp_path: Path, content: str, delimiter: str) -> None:
    write(tmp_path, "a.csv", content)
    names = next(csv.reader(io.StringIO(content), delimiter=delimiter))
    assert [*payloads(read(tmp_path))[0]] == [*names, "_file", "_row"]


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("x,y\n1,é\n".encode("utf-8-sig"), None),
        ("x\ty\n1\té\n".encode("utf-16"), None),
        ("x,y\n1,é\n".encode("cp1252"), "cp1252"),
        ("x,y\n1,é\n".encode("utf-16-le"), "utf-16"),
        (gzip.compress("x,y\n1,é\n".encode(), mtime=0), None),
    ],
    ids=["utf-8 with mark", "utf-16 with mark", "cp1252", "utf-16 without mark", "gzip"],
)
def test_encodings_give_the_same_rows(tmp_path: Path, raw: bytes, encoding: str | None) -> None:
    name = "a.csv.gz" if raw.startswith(b"\x1f\x8b") else "a.csv"
    write(tmp_path, name, raw)
    assert payloads(read(tmp_path, encoding=encoding)) == [{"x": "1", "y": "é", "_file": name, "_row": 1}]


def test_repeated_and_missing_column_names_are_made_distinct(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "Name,name,,name,_row\n1,2,3,4,5\n")
    assert payloads(read(tmp_path)) == [
        {"Name": "1", "name": "2", "column_3": "3", "name_2": "4", "_row_2": "5", "_file": "a.csv", "_row": 1}
    ]


@pytest.mark.parametrize("content", ["", "\n\n", '"never closed\n1\n'])
def test_a_file_without_a_header_is_a_reject(tmp_path: Path, content: str) -> None:
    write(tmp_path, "a.csv", content)
    write(tmp_path, "b.csv", "x\n1\n")
    pages = read(tmp_path)
    assert ids(pages) == ["b.csv:1"]
    assert [reject[0] for reject in rejects(pages)] == ["a.csv"]


def test_a_header_alone_is_no_record_and_no_reject(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\n")
    pages = read(tmp_path)
    assert (ids(pages), rejects(pages), pages[-1].last) == ([], [], True)


def test_a_line_longer_than_a_block_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", f"x,y\n1,a\n2,{'z' * (9 << 20)}\n3,b\n")
    pages = read(tmp_path, key=["x"])
    # Arrow gives up, the standard library stops at values of 128 KiB: the row is set aside, the others stand.
    assert (ids(pages), [reject[0] for reject in rejects(pages)]) == (["1", "3"], ["a.csv:2"])


TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\x00"), max_size=6)


def _dissolved(pieces: list[Rows]) -> list[tuple[str, ...]]:
    return [
        row for piece in pieces for row in zip(*(column.to_pylist() for column in piece.columns.values()), strict=True)
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=20), size=st.integers(1, 7))
def test_what_a_csv_writer_wrote_is_read_back(tmp_path: Path, rows: list[tuple[str, str, str]], size: int) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("a", "b", "c"), *rows])
    found = Found(name="a.csv", path=path)
    for quoted in {True, b'"' in path.read_bytes()}:
        printed = Print(size=0, sha256="", quoted=quoted)
        pieces = list(CsvReader()(found, printed, StreamSettings(glob="*"), size))
        assert _dissolved(pieces) == rows
        assert [number for piece in pieces for number in piece.numbers.to_pylist()] == list(range(1, len(rows) + 1))
        assert all(len(piece.numbers) <= size for piece in pieces)
        assert not any(piece.bad for piece in pieces)


def test_a_header_may_stretch_over_lines_and_has_a_name_that_a_mapping_can_say(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", '\n"Score\n(%)",x\n5,1\n')
    assert payloads(read(tmp_path, metadata=[])) == [{"Score (%)": "5", "x": "1"}]
