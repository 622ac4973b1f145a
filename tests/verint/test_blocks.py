"""Reading in columns gives what reading row by row gives: records, row numbers, rejects and counts, for any text."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from verint.reading import profile_of

import qa_sync_verint.files.delivery as delivery_module
from qa_sync_verint.files import blocks, workbook
from qa_sync_verint.files.deliveries import find_deliveries
from qa_sync_verint.files.delivery import DeliveryReading
from qa_sync_verint.files.parts import open_part
from qa_sync_verint.files.profile import DateRule
from qa_sync_verint.files.rows import RowChecker
from qa_sync_verint.files.runs import BlockTaker
from qa_sync_verint.files.times import DateColumn
from qa_sync_verint.files.whole_rows import WholeRows
from qa_sync_verint.sandbox.quirks import Quirks, render, settings_for
from qa_sync_verint.sandbox.truth import make_truth

HEADER = "Notes,Evaluation Key,Form Component Key,Evaluation Date,Evaluation Form,Employee ID,Answer,Active Status"
ALIASES = {
    "evaluation_id": "Evaluation Key",
    "component_id": "Form Component Key",
    "evaluated_at": "Evaluation Date",
    "form_name": "Evaluation Form",
    "employee": "Employee ID",
    "answer": "Answer",
    "active": "Active Status",
}
DAY = {"formats": "%m/%d/%Y", "time_zone": "UTC"}
SETTINGS = {
    "glob": ["*.csv", "*.xlsx"],
    "order": {"name": r"(?P<date>\d{8})"},
    "dates": {"evaluated_at": DAY},
    "tombstones": ["Inactive"],
    "skip_rows": ["(?i)total"],
    "aliases": ALIASES,
}


def items(folder: Path, *, in_columns: bool, size: int, **more: Any) -> tuple[list[Any], Any]:
    profile = profile_of({**SETTINGS, **more})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", size)
        patch.setattr(workbook, "ROWS_TOGETHER", max(2, size // 50))
        if not in_columns:

            def by_rows(part: Any, layout: Any) -> Any:
                opened = open_part(part, layout)
                return replace(opened, blocks=lambda _columns: opened.rows()) if opened else None

            patch.setattr(delivery_module, "open_part", by_rows)
        reading = DeliveryReading(profile)
        (delivery,) = find_deliveries(folder, profile)
        return list(reading.items(delivery)), reading.counts


def both(data: bytes, size: int, suffix: str = "csv", **more: Any) -> tuple[Any, Any]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"d_20250301.{suffix}").write_bytes(data)
        return (
            items(Path(folder), in_columns=True, size=size, **more),
            items(Path(folder), in_columns=False, size=size, **more),
        )


AT = datetime.fromisoformat
IDS = st.sampled_from(["1", "2", "2", "3", "", " ", "Total"])
CELLS = st.sampled_from(
    [
        "",
        "Yes",
        "No",
        '"a,b"',
        '"two\nlines"',
        '"crlf\r\nin"',
        '"say ""hi"""',
        '""',
        '5" x',
        "é",
        '"mac\rin"',
        '"open',
        "\0",
        "\u00a0",
        " \x1c ",
        "\x7f",
        "a\\b",
        "padded ",
    ]
)
LINES = st.one_of(
    st.builds(
        lambda note, key, component, day, answer, active: f"{note},{key},{component},{day},F,E-1,{answer},{active}",
        st.sampled_from(["", "", "x", "Total"]),
        IDS,
        st.sampled_from(["a", "b", "c", "d", ""]),
        st.sampled_from(["01/02/2025", "01/02/2025", "01/02/2025", "31/31/2025"]),
        CELLS,
        st.sampled_from(["Active", "Active", "Inactive", '"Active"']),
    ),
    st.sampled_from(["", "cut,row", ",,,,,,,", "  ", ",1,a,01/02/2025,F,E-1,Yes,Active,,", HEADER, "a\rb"]),
)
PLAIN = LINES.filter(lambda line: not any(mark in line for mark in ('"open', '5"', "\0", "a\rb")))


#: One row an evaluation: two of its columns are competencies, one of them with a comment.
BY_EVALUATION = {
    "grain": "evaluation",
    "keep": ["comment", "Notes"],
    "aliases": {name: header for name, header in ALIASES.items() if name not in ("answer", "component_id")},
    "competencies": [
        {"name": 'Tone "of voice"', "rating": "Answer", "comment": "Notes"},
        {"name": "Key", "rating": "Form Component Key"},
        {"name": "Not in the file", "rating": "Nowhere"},
    ],
}
TWO_KEYS = {"key": {"evaluation": ["evaluation_id", "evaluated_at"], "answer": []}}
LENIENT = {"dates": {"evaluated_at": {**DAY, "on_bad": "missing"}}, "skip_rows": []}


@settings(max_examples=250, deadline=None)
@given(
    st.one_of(st.lists(PLAIN, max_size=25), st.lists(LINES, max_size=12)),
    st.sampled_from([60, 150, 700, 100_000]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
    st.sampled_from([{}, {}, BY_EVALUATION, {**BY_EVALUATION, **TWO_KEYS}, {**TWO_KEYS, **LENIENT}]),
)
def test_columns_and_rows_read_any_text_alike(
    lines: list[str], size: int, newline: str, encoding: str, is_ended: bool, more: dict[str, Any]
) -> None:
    data = newline.join(["preamble", HEADER, *lines]) + (newline if is_ended else "")
    in_columns, by_rows = both(data.encode(encoding), size, encodings=["utf-8-sig", "utf-16", "cp1252"], **more)
    assert in_columns == by_rows


OF_SHEETS = st.one_of(
    st.sampled_from(["", "", "Yes", "two\nlines", " ", "Total", "\u00a0"]),
    st.sampled_from([7, 10.5, 0, 1e15, 12345678901234567, True, False, AT("2025-01-02T00:00")]),
)
SHEET_ROWS = st.lists(
    st.one_of(
        st.tuples(
            OF_SHEETS,
            st.sampled_from(["1", "2", 2, "3", "", "Total", 1e16]),
            st.sampled_from(["a", "b", "c", ""]),
            st.sampled_from(["01/02/2025", AT("2025-01-02T00:00"), "31/31/2025"]),
            st.just("F"),
            st.sampled_from(["E-1", 17, ""]),
            OF_SHEETS,
            st.sampled_from(["Active", "Active", "Inactive"]),
            st.sampled_from(["", "", "", "beyond", 0]),
        ),
        st.just(()),
        st.just(("", "", "", "", "", "", "", "", "far")),
        st.just(tuple(HEADER.split(","))),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(
    SHEET_ROWS,
    st.sampled_from([100, 300, 5_000]),
    st.sampled_from([{}, {"formulas": "values", **BY_EVALUATION}, {**TWO_KEYS, **LENIENT}]),
    st.integers(0, 2),
)
def test_columns_and_rows_of_a_workbook_are_read_alike(
    rows: list[tuple[Any, ...]], size: int, more: dict[str, Any], left: int
) -> None:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet, as_date = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        for at, row in enumerate([["preamble"], HEADER.split(","), *rows]):
            for column, cell in enumerate(row, start=left):
                if isinstance(cell, datetime):
                    sheet.write_datetime(at, column, cell, as_date)
                elif isinstance(cell, bool):
                    sheet.write_boolean(at, column, cell)
                elif not isinstance(cell, str):
                    sheet.write_number(at, column, cell)
                elif cell:
                    sheet.write_string(at, column, cell)
    in_columns, by_rows = both(data.getvalue(), size, "xlsx", **more)
    assert in_columns == by_rows


@pytest.mark.parametrize("size", [500, 4_000, blocks.BLOCK])
@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(),
        Quirks(delimiter="|", quoting="all", encoding="utf-16", preamble=3),
        Quirks(escape="backslash", newline="\n", totals=True, blank_lines=True),
        Quirks(scatter=True, encoding="cp1252", extra=True),
        Quirks(grain="evaluation"),
        Quirks(grain="evaluation", delimiter="\t", quoting="all", totals=True, shuffle=True, blank_lines=True),
    ],
)
def test_exports_with_quirks_are_read_alike(quirks: Quirks, size: int) -> None:
    data = render(make_truth(4, 60, plain=quirks.encoding == "cp1252"), quirks)
    given_settings = settings_for(quirks, keep=["comment"])
    in_columns, by_rows = both(data, size, **{**given_settings, "glob": "*.csv"})
    assert in_columns == by_rows
    assert len(in_columns[0]) == 60


@pytest.mark.parametrize("container", ["plain", "xlsx"])
@pytest.mark.parametrize(("grain", "taker", "rows"), [("answer", BlockTaker, 180), ("evaluation", WholeRows, 60)])
def test_an_ordinary_export_is_read_in_columns(
    grain: Any, taker: type[Any], rows: int, container: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the equality above would say nothing."""
    alone: list[Any] = []
    original = RowChecker.identify
    monkeypatch.setattr(RowChecker, "identify", lambda self, row: alone.append(row) or original(self, row))
    taken: list[int] = []
    take = taker.take
    monkeypatch.setattr(taker, "take", lambda self, block: taken.append(len(block)) or take(self, block))
    quirks = Quirks(grain=grain, container=container)
    both(render(make_truth(4, 60), quirks), 4_000, quirks.suffix[1:], **settings_for(quirks))
    assert sum(taken) == rows
    assert len(alone) == rows  # those of the other way, by rows


FORMATS = [
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%Y-%m-%d",
    "%Y%m%d",
    "%d.%m.%y",
    "%m/%d/%Y  %H:%M",
    "%H:%M %d-%m-%Y",
]
MOMENTS = st.datetimes(AT("1899-01-01"), AT("2201-01-01")) | st.sampled_from(
    [AT("2025-03-09T02:30"), AT("2025-11-02T01:30"), AT("2024-02-29"), AT("2025-03-30T01:00")]
)
WRITTEN = st.builds(lambda moment, form: moment.strftime(form), MOMENTS, st.sampled_from(FORMATS))
TEXTS = st.one_of(
    WRITTEN,
    WRITTEN.map(lambda text: f" {text}"),
    WRITTEN.map(lambda text: text.replace("0", "", 1)),
    st.sampled_from(
        ["", " ", "02/30/2025 10:00:00", "00/10/2025 10:00:00", "02/10/2025 24:00:00", "٠2/10/2025 10:00:0"]
    ),
    st.text("0123456789/:- ", min_size=8, max_size=19),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3, unique=True),
    st.lists(st.tuples(TEXTS, st.sampled_from(["NY", "DUB", "?", " NY"])), min_size=1, max_size=30),
    st.booleans(),
)
def test_dates_read_together_are_those_read_one_by_one(
    formats: list[str], rows: list[tuple[str, str]], has_places: bool
) -> None:
    zones = {"by": "site", "values": {"NY": "America/New_York", "DUB": "Europe/Dublin"}}
    rule = DateRule.model_validate({"formats": formats, "time_zone": zones if has_places else "America/New_York"})
    texts = [text for text, _place in rows]
    places = [place if has_places else "" for _text, place in rows]
    one_by_one = [DateColumn(rule).read(text, place)[0] or None for text, place in zip(texts, places, strict=True)]
    together = DateColumn(rule).read_all(pa.array(texts), pa.array(places) if has_places else None)
    assert together.to_pylist() == one_by_one


def test_a_full_width_date_is_read_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the equality above would say nothing."""
    rule = DateRule.model_validate({"formats": "%m/%d/%Y %H:%M:%S", "time_zone": "Europe/Dublin"})
    monkeypatch.setattr(DateColumn, "read", lambda *_: pytest.fail("read by itself"))
    found = DateColumn(rule).read_all(pa.array(["07/01/2025 10:00:00", "01/31/2025 23:59:59"]))
    assert found.to_pylist() == ["2025-07-01T09:00:00Z", "2025-01-31T23:59:59Z"]
