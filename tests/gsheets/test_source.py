"""Tabs that people keep, as raw records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from gsheets.gsheet_world import context

from qa_sync.errors import ConfigError
from qa_sync.ports import Page
from qa_sync_gsheets import connect_source
from qa_sync_gsheets.sandbox import SheetsSandbox, start

ROSTER = [
    ["person", "site", "from", "hours", "at", "is lead", ""],
    ["E1", "Dublin", date(2026, 1, 5), 37.5, datetime(2026, 1, 5, 13, 30), True, "no header"],  # noqa: DTZ001
    [12, "Manila", date(2026, 1, 12), 40, None, False, None],
    [None, None, None, None, None, None, None],
    ["E3", "=not a formula", None, "n/a", None, None, None],
]


class Keeper:
    """A spreadsheet with one tab."""

    def __init__(self, folder: Path, rows: list[list[Any]]) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.sandbox: SheetsSandbox = start()
        self.spreadsheet = self.sandbox.create_spreadsheet("Input")
        self.gid = self.sandbox.add_tab(self.spreadsheet, "Roster", rows)

    def read(self, cursor: str | None = None, **tab: Any) -> list[Page]:
        settings = {"title": "Roster", "key": ["person"], **tab}
        if "gid" in tab:
            del settings["title"]
        source = connect_source(
            {
                "spreadsheet": self.spreadsheet,
                "base_url": self.sandbox.url,
                "credentials": "anonymous",
                "tabs": {"roster": settings},
            },
            replace(context(self.folder, "people"), note=self.said.append),
        )
        try:
            return list(source.read("roster", cursor))
        finally:
            source.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    one = Keeper(tmp_path, ROSTER)
    yield one
    deviations = list(one.sandbox.deviations)
    one.sandbox.stop()
    assert deviations == []


def payloads(pages: list[Page]) -> dict[str, Any]:
    rows = [row for page in pages for row in page.records.to_pylist()]
    return {row["id"]: json.loads(row["payload"]) for row in rows}


def test_cells_come_typed_and_dates_as_text(keeper: Keeper) -> None:
    pages = keeper.read()
    assert payloads(pages) == {
        "E1": {
            "person": "E1",
            "site": "Dublin",
            "from": "2026-01-05",
            "hours": 37.5,
            "at": "2026-01-05T13:30:00",
            "is lead": True,
        },
        "12": {"person": 12, "site": "Manila", "from": "2026-01-12", "hours": 40, "is lead": False},
        "E3": {"person": "E3", "site": "=not a formula", "hours": "n/a"},
    }
    assert [(page.listing, page.last) for page in pages] == [(True, True)]


def test_a_formula_gives_its_result_and_an_error_what_is_shown(keeper: Keeper) -> None:
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 1, 3, "=30+7")
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 2, 3, "=1/0")
    got = payloads(keeper.read())
    assert (got["E1"]["hours"], got["12"]["hours"]) == (37, "#DIV/0!")


def test_an_unchanged_tab_gives_no_record_and_no_listing(keeper: Keeper) -> None:
    first = keeper.read()
    again = keeper.read(first[-1].cursor)
    assert [(page.records.num_rows, page.listing, page.last) for page in again] == [(0, False, True)]
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 1, 1, "Cork")
    changed = keeper.read(first[-1].cursor)
    assert payloads(changed)["E1"]["site"] == "Cork"
    assert changed[-1].listing


def test_a_deleted_row_is_absent_from_a_complete_listing(keeper: Keeper) -> None:
    first = keeper.read()
    keeper.sandbox.human.delete_row(keeper.spreadsheet, "Roster", 1)
    pages = keeper.read(first[-1].cursor)
    assert set(payloads(pages)) == {"12", "E3"}
    assert all(page.listing for page in pages)


def test_a_key_that_stands_twice_is_rejected_and_the_first_counts(keeper: Keeper) -> None:
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 6, 0, "E1", typed=False)
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 6, 1, "Cork")
    pages = keeper.read()
    assert payloads(pages)["E1"]["site"] == "Dublin"
    rejects = pages[0].rejects.to_pylist()
    assert [(r["record_id"], r["field"], r["reason"]) for r in rejects] == [
        ("E1", "person", "the key stands twice: row 7 repeats row 2")
    ]
    assert pages[0].listing


def test_a_row_without_key_is_rejected_and_deletes_nobody(keeper: Keeper) -> None:
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 1, 0, "")
    pages = keeper.read()
    assert [(r["record_id"], r["field"], r["reason"]) for r in pages[0].rejects.to_pylist()] == [
        ("row 2", "person", "blank key")
    ]
    assert not any(page.listing for page in pages)
    assert keeper.said == [
        "roster: a row has no key, so the tab is no whole listing: nothing that is gone from it counts as deleted until "
        "that is mended"
    ]


def test_a_key_of_several_columns_and_what_to_keep(keeper: Keeper) -> None:
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 4, 2, "2026-02-02")
    got = payloads(keeper.read(key=["person", "from"], keep=["site"]))
    assert got == {
        "E1|2026-01-05": {"site": "Dublin"},
        "12|2026-01-12": {"site": "Manila"},
        "E3|2026-02-02": {"site": "=not a formula"},
    }


def test_a_renamed_tab_is_found_by_its_gid(keeper: Keeper) -> None:
    keeper.sandbox.human.rename_tab(keeper.spreadsheet, "Roster", "People")
    assert len(payloads(keeper.read(gid=keeper.gid))) == 3
    with pytest.raises(ConfigError, match="no tab 'Roster'; was it renamed"):
        keeper.read()


def test_a_header_further_down_is_found(keeper: Keeper) -> None:
    keeper.sandbox.human.insert_row(keeper.spreadsheet, "Roster", 0)
    keeper.sandbox.human.edit(keeper.spreadsheet, "Roster", 0, 0, "Roster, kept by Planning")
    assert set(payloads(keeper.read(header_row=2))) == {"E1", "12", "E3"}
    with pytest.raises(ConfigError, match="row 1 of the tab has no header 'person'; look at header_row"):
        keeper.read()


def test_a_header_that_stands_twice_is_numbered(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, [["id", "note", "note"], ["a", "one", "two"]])
    assert payloads(keeper.read(key=["id"])) == {"a": {"id": "a", "note": "one", "note (2)": "two"}}
    keeper.sandbox.stop()
