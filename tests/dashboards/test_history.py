"""What was published can be shown again, and the difference of two publishes names its causes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query
from program.worlds import World, edit, own_copy, small_programme, world
from python_calamine import CalamineWorkbook

MONDAY, TUESDAY = datetime(2025, 11, 3, tzinfo=UTC), datetime(2025, 11, 4, tzinfo=UTC)
WEEKLY = "mappings/dashboards/weekly.yaml"
TABS = [
    {"name": "summary", "report": "summary", "by": ["site", "week"]},
    {"name": "pairs", "report": "pairs"},
    {"name": "definitions", "report": "definitions"},
]


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str, str]]:
    with world(tmp_path_factory.mktemp("history") / "w", small_programme(tickets=400), until=MONDAY) as made:
        own_copy(made.folder, "dashboards/weekly.yaml")
        edit(made.folder, lambda definition: definition.update(tabs=TABS), WEEKLY)
        first = ask(made.folder, "run")
        made.show(TUESDAY)
        second = ask(made.folder, "run")
        yield made, first["run_id"], second["run_id"]


def _evaluations(folder: Path, run: str) -> dict[str, str]:
    rows = query(folder, "SELECT evaluation_id, payload_hash FROM buckets", "--as-of", run)
    return {row["evaluation_id"]: row["payload_hash"] for row in rows}


def _cells(folder: Path, run: str) -> dict[tuple[str, str], dict[str, Any]]:
    import json

    rows = query(
        folder,
        f"""SELECT tab, key, cells, removed FROM published WHERE "at" <= (
                SELECT finished_at FROM runs WHERE run_id = '{run}') AND tab <> '_qa_sync'
            QUALIFY row_number() OVER (PARTITION BY tab, key ORDER BY "at" DESC) = 1""",
    )
    return {(row["tab"], row["key"]): json.loads(row["cells"]) for row in rows if not row["removed"]}


def test_a_diff_names_every_cell_that_differs_and_no_other(two_days: tuple[World, str, str]) -> None:
    made, first, second = two_days
    found = ask(made.folder, "publish", "diff", first, second)
    assert (found["before"], found["after"], found["rules"]) == (first, second, [])
    old, new = _cells(made.folder, first), _cells(made.folder, second)
    differing = {
        (tab, key, field)
        for tab, key in {*old, *new}
        for field in {*old.get((tab, key), {}), *new.get((tab, key), {})}
        if old.get((tab, key), {}).get(field) != new.get((tab, key), {}).get(field)
    }
    assert differing
    assert {(row["tab"], row["key"], field) for row in found["rows"] for field in row["cells"]} == differing
    for row in found["rows"]:
        for field, cell in row["cells"].items():
            place = row["tab"], row["key"]
            assert cell == {"was": old.get(place, {}).get(field), "becomes": new.get(place, {}).get(field)}


def test_a_diff_names_the_evaluations_that_caused_it(two_days: tuple[World, str, str]) -> None:
    made, first, second = two_days
    rows = ask(made.folder, "publish", "diff", first, second)["rows"]
    before, after = _evaluations(made.folder, first), _evaluations(made.folder, second)
    told = {cause["evaluation_id"]: cause["what"] for row in rows for cause in row["causes"]}
    assert [row for row in rows if not row["causes"]] == []
    for evaluation, what in told.items():
        expected = "new" if evaluation not in before else "gone" if evaluation not in after else None
        if expected is None:
            expected = "revised" if before[evaluation] != after[evaluation] else "counted otherwise"
        assert (evaluation, what) == (evaluation, expected)
    # The causes of a row of the summary are of its site and week, and explain its change of n to the last one.
    where = {
        row["evaluation_id"]: f"{row['site']}|{row['week']}"
        for row in query(made.folder, "SELECT evaluation_id, site, week FROM buckets")
    }
    summary = [row for row in rows if row["tab"] == "summary"]
    assert summary
    for row in summary:
        grown = row["cells"].get("evaluations")
        if grown and row["what"] == "changed":
            new = [c for c in row["causes"] if c["what"] == "new" and where[c["evaluation_id"]] == row["key"]]
            audits = query(made.folder, "SELECT auditor_evaluation_id AS id FROM pairs")
            own = {cause["evaluation_id"] for cause in new} - {audit["id"] for audit in audits}
            assert len(own) == grown["becomes"] - grown["was"]


def test_an_earlier_run_is_shown_again_as_it_was(two_days: tuple[World, str, str]) -> None:
    made, first, second = two_days

    def shown() -> dict[str, list[list[Any]]]:
        book = CalamineWorkbook.from_path(made.folder / "out" / "weekly.xlsx")
        return {name: sorted(book.get_sheet_by_name(name).to_python(), key=repr) for name in ("Summary", "Pairs")}

    now = shown()
    ask(made.folder, "publish", "--as-of", first)
    then = shown()
    assert then != now
    published = {key for tab, key in _cells(made.folder, first) if tab == "pairs"}
    assert {row[0] for row in then["Pairs"]} == {"Pair", *published}
    planned = ask(made.folder, "publish", "--dry-run")
    ask(made.folder, "publish")
    assert shown() == now
    # The dry run had told every row that this put back.
    gone = {change["key"] for change in planned["changes"] if change["tab"] == "pairs" and change["what"] == "new"}
    assert gone == {row[0] for row in now["Pairs"]} - {row[0] for row in then["Pairs"]}
    assert ask(made.folder, "publish", "--dry-run")["changes"] == []
    assert ask(made.folder, "publish", "diff", second, second)["rows"] == []


def test_a_diff_of_runs_that_are_not_there_is_refused(two_days: tuple[World, str, str]) -> None:
    made, first, _ = two_days
    assert "publish diff needs two runs" in qa_sync(made.folder, "publish", "diff", first, "--quiet", expect=2).err
    assert "there is no run nonsense" in qa_sync(made.folder, "publish", "diff", first, "nonsense", expect=2).err
    out = qa_sync(made.folder, "publish", "diff", first, first).out
    assert out == f"{first} to {first}: 0 cells of 0 rows differ\n"
