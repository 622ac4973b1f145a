"""Tabs from a select of one's own, and the row of totals."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from program.command import ask, opened_once, qa_sync, query
from program.finished import Finished
from program.worlds import edit, own_copy
from python_calamine import CalamineWorkbook

from qa_sync.dashboards.definition import Definition, TabDefinition, parse
from qa_sync.dashboards.selected import report_of
from qa_sync.errors import ConfigError
from qa_sync.yamlfile import parse as parse_yaml

pytestmark = pytest.mark.usefixtures("kept_open")

WEEKLY = "mappings/dashboards/weekly.yaml"
BOOK = "out/weekly.xlsx"
OUTCOMES = {
    "name": "outcomes",
    "title": "Outcomes",
    "sql": """SELECT site, outcome, count(*) AS pairs, avg(CASE WHEN is_blind THEN 1 ELSE 0 END) AS blind
              FROM pairs WHERE basis = 'original' AND site IS NOT NULL GROUP BY ALL ORDER BY ALL""",
    "key": ["site", "outcome"],
    "columns": {"blind": {"kind": "percent", "decimals": 0, "tone": "bar"}, "key": {"hide": False}},
    "totals": ["pairs"],
}


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    own_copy(folder, "dashboards/weekly.yaml")
    return folder


def show(folder: Path, *tabs: dict[str, Any]) -> None:
    edit(folder, lambda definition: definition.update(tabs=list(tabs)), WEEKLY)


def sheet(folder: Path, title: str, path: str = BOOK) -> list[list[Any]]:
    return CalamineWorkbook.from_path(folder / path).get_sheet_by_name(title).to_python()


def test_a_select_is_a_tab_with_the_sum_of_its_columns_on_top_and_is_quiet_when_nothing_changed(folder: Path) -> None:
    show(folder, OUTCOMES)
    ask(folder, "publish")
    rows = query(folder, OUTCOMES["sql"])
    assert rows
    total = float(sum(row["pairs"] for row in rows))
    lines = [
        # A workbook holds numbers to sixteen digits.
        [
            f"{one['site']}|{one['outcome']}",
            one["site"],
            one["outcome"],
            one["pairs"],
            pytest.approx(one["blind"], rel=1e-15),
        ]
        for one in rows
    ]
    assert sheet(folder, "Outcomes") == [
        ["Key", "Site", "Outcome", "Pairs", "Blind"],
        ["(all)", "All", "", total, ""],
        *lines,
    ]
    (again,) = ask(folder, "publish")["counts"]["publish"].values()
    assert again["data_cells"] == 0


def test_the_total_of_a_report_is_the_report_over_everything_and_no_mean_of_rows(folder: Path) -> None:
    show(folder, {"name": "summary", "title": "Summary", "report": "summary", "by": ["site"], "totals": True})
    ask(folder, "publish")
    head, total, *rows = sheet(folder, "Summary")
    with opened_once():
        (whole,) = ask(folder, "report", "summary", "--by", "all")["rows"]
        sites = ask(folder, "report", "summary", "--by", "site")["rows"]
    shown = dict(zip(head, total, strict=True))
    assert (total[:2], len(rows)) == (["(all)", "All"], len(sites))
    assert (shown["Pairs"], shown["Line accuracy"], shown["AC1"]) == (
        whole["pairs"],
        pytest.approx(whole["line_accuracy"], abs=1e-12),
        pytest.approx(whole["ac1"], abs=1e-12),
    )
    assert shown["Pairs"] == sum(row[head.index("Pairs")] for row in rows)


def test_each_site_gets_its_own_rows_of_a_select_and_its_own_total(folder: Path) -> None:
    show(folder, OUTCOMES)

    def a_book_each(settings: dict[str, Any]) -> None:
        settings["sinks"]["books"] = {"connector": "excel", "path": "./out/{site}.xlsx"}
        settings["dashboards"]["weekly"] |= {"sinks": ["books"], "for_each": "site"}

    edit(folder, a_book_each)
    ask(folder, "publish")
    selected = query(folder, OUTCOMES["sql"])
    for site in {row["site"] for row in selected}:
        rows = [row for row in selected if row["site"] == site]
        shown = sheet(folder, "Outcomes", f"out/{site.replace(' ', '_')}.xlsx")[1:]
        assert [row[1:4] for row in shown[1:]] == [[site, row["outcome"], row["pairs"]] for row in rows]
        assert shown[0][3] == sum(row["pairs"] for row in rows)


def test_a_select_has_the_guards_of_a_query_and_is_told_by_the_name_of_its_tab(folder: Path) -> None:
    show(folder, {"name": "own", "sql": "SELECT content AS site FROM read_text('/etc/passwd')", "key": "site"})
    told = " ".join(qa_sync(folder, "publish", expect=2).err.split())
    assert "dashboard weekly, tab own: a query may not use read_text()" in told
    assert not (folder / BOOK).exists()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"other": ["a"]}, "tab t: its select has no column 'site'"),
        ({"site": ["a", "b", "a", "a"]}, r"tab t: 2 rows have a key \(site\) that another row has too"),
        ({"site": ["a", None, ""]}, "tab t: 2 rows have no site, which is the key"),
    ],
)
def test_rows_that_a_key_does_not_tell_apart_make_no_tab(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        report_of(TabDefinition(name="t", title="T", sql="…", key=("site",)), pa.table(columns), where="tab t")


def test_a_report_without_one_row_over_everything_has_no_total(folder: Path) -> None:
    show(folder, {"name": "criteria", "report": "agreement", "totals": True})
    assert "the report agreement has no total" in qa_sync(folder, "publish", expect=2).err


def test_columns_of_a_select_are_typed_and_its_key_comes_first() -> None:
    rows = pa.table({"n": [1, 2], "who": ["a", "b"], "share": [0.5, None], "yes": [True, False]})
    made = report_of(TabDefinition(name="t", title="T", sql="…", key=("who",)), rows, where="tab t")
    assert [(one.name, one.kind, one.label) for one in made.fields] == [
        ("who", "text", "Who"),
        ("n", "integer", "N"),
        ("share", "number", "Share"),
        ("yes", "boolean", "Yes"),
    ]
    assert (made.key, made.rows.column_names) == ("who", ["who", "n", "share", "yes"])
    numbered = report_of(TabDefinition(name="t", title="T", sql="…", key=("n",)), rows, where="tab t")
    assert (numbered.key, numbered.rows["key"].to_pylist()) == ("key", ["1", "2"])


def _parse(tab: str) -> Definition:
    return parse(parse_yaml(f"tabs: [{{{tab}}}]", file="d.yaml"), name="d", reports=("summary",))


@pytest.mark.parametrize(
    ("tab", "message"),
    [
        ("name: a, sql: SELECT 1", "a tab from sql needs a key"),
        ("sql: SELECT 1, key: a", "a tab from sql needs a name"),
        ("name: a, sql: '', key: a", "must be one SELECT"),
        ("name: a, sql: SELECT 1, key: a, report: summary", "sql and report do not go together"),
        ("name: a, sql: SELECT 1, key: a, audience: auditees", "a select holds nothing back"),
        ("name: a, sql: SELECT 1, key: a, totals: true", "list columns to add up"),
        ("report: summary, name: _qa_sync", "_qa_sync is the tab that qa-sync keeps"),
        ("report: summary, key: a", "a report has its own key"),
        ("report: summary, totals: yes please", "must be true, or a list of columns"),
        ("report: summary, totals: true, charts: [{x: a, series: [b]}]", "the total would stand among the bars"),
        ("report: summary, columns: {site: {width: wide}}", "a width is a number of pixels"),
        ("report: summary, columns: {site: {decimals: -1}}", "decimals are a number from 0 to 10"),
        ("report: summary, columns: {site: {policy: maybe}}", "there is no policy 'maybe'"),
        ("report: summary, columns: {site: {tone: shrae}}", "did you mean share"),
        ("report: summary, columns: {site: {kind: money}}", "there is no kind 'money'"),
        ("report: summary, columns: {site: {options: [a]}}", "add policy: keep"),
        ("report: summary, columns: {site: wide}", "must be what changes in the column"),
    ],
)
def test_a_definition_says_what_is_wrong_with_a_tab(tab: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _parse(tab)
