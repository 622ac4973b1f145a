"""Reading in columns gives what reading row by row gives: records, row numbers, rejects and counts, for any text."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verint.reading import profile_of

import qa_sync_verint.files.delivery as delivery_module
from qa_sync_verint.files import blocks
from qa_sync_verint.files.deliveries import find_deliveries
from qa_sync_verint.files.delivery import DeliveryReading
from qa_sync_verint.files.parts import open_part
from qa_sync_verint.files.runs import BlockTaker
from qa_sync_verint.sandbox.quirks import Quirks, render, settings_for
from qa_sync_verint.sandbox.truth import make_truth

HEADER = "Notes,Evaluation Key,Form Component Key,Evaluation Date,Evaluation Form,Employee ID,Answer,Active Status"
SETTINGS = {
    "glob": "*.csv",
    "order": {"name": r"(?P<date>\d{8})"},
    "dates": {"evaluated_at": {"formats": "%m/%d/%Y", "time_zone": "UTC"}},
    "tombstones": ["Inactive"],
    "skip_rows": ["(?i)total"],
    "aliases": {
        "evaluation_id": "Evaluation Key",
        "component_id": "Form Component Key",
        "evaluated_at": "Evaluation Date",
        "form_name": "Evaluation Form",
        "employee": "Employee ID",
        "answer": "Answer",
        "active": "Active Status",
    },
}


def items(folder: Path, *, in_columns: bool, size: int, **more: Any) -> tuple[list[Any], Any]:
    profile = profile_of({**SETTINGS, **more})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", size)
        if not in_columns:

            def by_rows(part: Any, layout: Any) -> Any:
                opened = open_part(part, layout)
                return replace(opened, blocks=lambda _columns: opened.rows()) if opened else None

            patch.setattr(delivery_module, "open_part", by_rows)
        reading = DeliveryReading(profile)
        (delivery,) = find_deliveries(folder, profile)
        return list(reading.items(delivery)), reading.counts


def both(data: bytes, size: int, **more: Any) -> tuple[Any, Any]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "d_20250301.csv").write_bytes(data)
        return (
            items(Path(folder), in_columns=True, size=size, **more),
            items(Path(folder), in_columns=False, size=size, **more),
        )


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


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.lists(PLAIN, max_size=25), st.lists(LINES, max_size=12)),
    st.sampled_from([60, 150, 700, 100_000]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
)
def test_columns_and_rows_read_any_text_alike(
    lines: list[str], size: int, newline: str, encoding: str, is_ended: bool
) -> None:
    data = newline.join(["preamble", HEADER, *lines]) + (newline if is_ended else "")
    in_columns, by_rows = both(data.encode(encoding), size, encodings=["utf-8-sig", "utf-16", "cp1252"])
    assert in_columns == by_rows


@pytest.mark.parametrize("size", [500, 4_000, blocks.BLOCK])
@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(),
        Quirks(delimiter="|", quoting="all", encoding="utf-16", preamble=3),
        Quirks(escape="backslash", newline="\n", totals=True, blank_lines=True),
        Quirks(scatter=True, encoding="cp1252", extra=True),
    ],
)
def test_exports_with_quirks_are_read_alike(quirks: Quirks, size: int) -> None:
    data = render(make_truth(4, 60, plain=quirks.encoding == "cp1252"), quirks)
    given_settings = settings_for(quirks, keep=["comment"])
    in_columns, by_rows = both(data, size, **{**given_settings, "glob": "*.csv"})
    assert in_columns == by_rows
    assert len(in_columns[0]) == 60


def test_an_ordinary_export_is_read_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the equality above would say nothing."""
    taken: list[int] = []
    original = BlockTaker.take

    def counted(taker: BlockTaker, block: blocks.Block) -> Any:
        taken.append(len(block))
        return original(taker, block)

    monkeypatch.setattr(BlockTaker, "take", counted)
    quirks = Quirks()
    both(render(make_truth(4, 60), quirks), 4_000, **{**settings_for(quirks), "glob": "*.csv"})
    assert sum(taken) == 180
