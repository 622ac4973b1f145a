"""The emulator itself: what it keeps, what it seeds, what it does with the unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
import requests
from gsheets.gsheet_world import context, rows, tab

from qa_sync.registry import load
from qa_sync_gsheets import connect_sink, connect_source
from qa_sync_gsheets.sandbox import Switches, start
from qa_sync_gsheets.sandbox.changes import apply_all
from qa_sync_gsheets.sandbox.formula import FormulaError, evaluate
from qa_sync_gsheets.sandbox.refusal import Refusal


def programme() -> SimpleNamespace:
    """Two people, one of whom moved, and two groups."""
    person = {
        "name": ["Ann", "Bo"],
        "email": ["a@x", "b@x"],
        "employee_number": ["E1", "E2"],
        "user_name": ["ann", "bo"],
    }
    return SimpleNamespace(
        people=pa.table({"person_no": [1, 2], **person}),
        rosters=pa.table(
            {
                "person_no": [1, 2, 2],
                "role": ["auditor", "evaluator", "evaluator"],
                "site": ["Dublin", "Dublin", "Manila"],
                "site_kind": ["in_house", "in_house", "bpo"],
                "team": ["T"] * 3,
                "queue": ["Billing"] * 3,
                "valid_from": [date(2026, 1, 5), date(2026, 1, 5), date(2026, 2, 2)],
                "valid_to": [None, date(2026, 2, 1), None],
            }
        ),
        group_queues={"Support 1": "Billing", "Support 2": "Safety"},
    )


def test_it_is_found_by_its_entry_point_and_seeds_what_people_keep(tmp_path: Path) -> None:
    sandbox = load("sandboxes", "gsheets")(programme())
    settings = dict(sandbox.source_settings())
    assert sandbox.workspace()["sources"]["roster"]["mapping"] == "mappings/roster.yaml"
    source = connect_source(settings, context(tmp_path, "people"))
    got = {
        stream.name: [r for page in source.read(stream.name, None) for r in page.records.to_pylist()]
        for stream in source.streams()
    }
    source.close()
    sandbox.stop()
    assert [row["id"] for row in got["roster"]] == [
        "E1|auditor|2026-01-05",
        "E2|evaluator|2026-01-05",
        "E2|evaluator|2026-02-02",
    ]
    assert '"valid_to":"2026-02-01"' in got["roster"][1]["payload"]
    assert [row["id"] for row in got["queues"]] == ["Support 1", "Support 2"]


def test_the_settings_make_a_working_sink(tmp_path: Path) -> None:
    sandbox = start(require_token=True)
    settings = dict(sandbox.settings())
    key = next(iter(sandbox.environment().values()))
    assert settings["credentials"] == {"kind": "service_account", "json": "${QA_SYNC_SANDBOX_SHEETS_KEY}"}
    sink = connect_sink({**settings, "credentials": {"kind": "service_account", "json": key}}, context(tmp_path))
    assert sink.check() == []
    assert sink.present([]).url == sandbox.page_url(sandbox.spreadsheet("QA dashboard"))
    sink.close()
    sandbox.stop()


def test_a_second_run_sees_the_same_sheet(tmp_path: Path) -> None:
    kept = tmp_path / "sheets.json"

    def publish(port: int) -> tuple[int, int, str]:
        sandbox = start(persist=kept, port=port)
        sink = connect_sink(dict(sandbox.settings()), context(tmp_path))
        one = tab(rows(5))
        present = sink.present([one.shape])
        from gsheets.gsheet_world import World

        receipt = sink.apply(World.plan(present, one), present)
        sink.close()
        address = sandbox.url
        file_id = sandbox.spreadsheet("QA dashboard")
        with requests.Session() as session:
            text = session.get(sandbox.page_url(file_id)).text
        sandbox.stop()
        return receipt.data_cells, int(address.rpartition(":")[2]), text

    first, _, page = publish(0)
    second, _, again = publish(0)
    assert (first, second) == (30, 0)
    assert again == page


def test_pages_show_every_tab_that_holds_anything(tmp_path: Path) -> None:
    from gsheets.gsheet_world import SHAPE, World

    sandbox = start(folder=tmp_path / "sandboxes")
    sink = connect_sink(dict(sandbox.workspace()["sinks"]["sheet"]), context(tmp_path))
    tabs = [tab(rows(3)), tab(rows(2), replace(SHAPE, name="more", title="Pairs & more", charts=()))]
    present = sink.present([one.shape for one in tabs])
    sink.apply(World.plan(present, *tabs), present)
    sink.close()
    pages = sandbox.pages()
    sandbox.stop()
    assert list(pages) == ["sheet.html", "sheet-2-pairs-more.html"]
    assert 'href="sheet-2-pairs-more.html">Pairs &amp; more</a>' in pages["sheet.html"]
    assert "P0002" in pages["sheet.html"]
    assert (tmp_path / "sandboxes" / "sheets.json").exists()


def test_a_file_of_another_kind_is_not_taken_for_kept_sheets(tmp_path: Path) -> None:
    kept = tmp_path / "sheets.json"
    kept.write_text("{}")
    with pytest.raises(ValueError, match="delete it to start anew"):
        start(persist=kept)


def test_it_runs_without_the_discovery_documents(tmp_path: Path) -> None:
    sandbox = start(contracts=())
    assert not sandbox.is_checked
    sink = connect_sink(dict(sandbox.settings()), context(tmp_path))
    assert sink.present([]).tabs == {}
    sink.close()
    sandbox.stop()


def test_sixty_calls_a_minute_and_not_one_more() -> None:
    now = [0.0]
    sandbox = start(quota_per_minute=3)
    sandbox._app.quota._clock = lambda: now[0]
    book = sandbox.create_spreadsheet("x")
    with requests.Session() as session:
        url = f"{sandbox.url}/v4/spreadsheets/{book}/values/A1"
        codes = [session.get(url).status_code for _ in range(4)]
        body = session.get(url).json()
        now[0] = 61.0
        codes.append(session.get(url).status_code)
    sandbox.stop()
    assert codes == [200, 200, 200, 429, 200]
    assert body["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert body["error"]["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"


def test_a_batch_happens_whole_or_not_at_all() -> None:
    sandbox = start()
    book = sandbox.book(sandbox.create_spreadsheet("x"))
    good = {"addSheet": {"properties": {"title": "New"}}}
    words = r"Invalid requests\[1\].deleteSheet: No grid with id: 9"
    with pytest.raises(Refusal, match=words), book.changing() as draft:
        apply_all(draft, [good, {"deleteSheet": {"sheetId": 9}}])
    assert [grid.title for grid in book.sheets] == ["Sheet1"]
    sandbox.stop()


def test_limits_are_refused_in_googles_way() -> None:
    sandbox = start(switches=Switches(cell_limit=30_000))
    book = sandbox.book(sandbox.create_spreadsheet("x"))
    big = {"addSheet": {"properties": {"gridProperties": {"rowCount": 1000, "columnCount": 26}}}}
    with pytest.raises(Refusal, match="above the limit of 30000 cells"), book.changing() as draft:
        apply_all(draft, [big])
    long = {
        "updateCells": {
            "start": {},
            "fields": "userEnteredValue",
            "rows": [{"values": [{"userEnteredValue": {"stringValue": "x" * 50_001}}]}],
        }
    }
    with pytest.raises(Refusal, match="maximum of 50000 characters"), book.changing() as draft:
        apply_all(draft, [long])
    heavy = {
        "createDeveloperMetadata": {
            "developerMetadata": {
                "metadataKey": "k",
                "metadataValue": "v" * 30_000,
                "location": {"sheetId": 0},
                "visibility": "DOCUMENT",
            }
        }
    }
    with pytest.raises(Refusal, match="limited to 30000 characters"), book.changing() as draft:
        apply_all(draft, [heavy])
    with pytest.raises(Refusal, match="Cannot exceed 100000 requests"), book.changing() as draft:
        apply_all(draft, [big] * 100_001)
    sandbox.stop()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("=1+2*3", 7.0),
        ("=(1+2)*3", 9.0),
        ("=2^3", 8.0),
        ("=-3+1", -2.0),
        ('="a"&1', "a1"),
        ("=1=1", True),
        ("=50%", 0.5),
        ("=SUM(1,2,3)", 6.0),
        ('=IF(1>2,"x","y")', "y"),
        ("=TRUE", True),
    ],
)
def test_simple_formulas_are_computed(text: str, value: object) -> None:
    assert evaluate(text, lambda title, box: []) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1/0", "#DIV/0!"),
        ("=NOSUCH(1)", "#NAME?"),
        ("=1+", "#ERROR!"),
        ('="a"*2', "#VALUE!"),
    ],
)
def test_what_is_no_formula_shows_an_error(text: str, shown: str) -> None:
    with pytest.raises(FormulaError, match=f"^{shown.replace('?', '[?]')}$"):
        evaluate(text, lambda title, box: [])
