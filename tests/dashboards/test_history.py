"""What was published can be shown again, and the difference of two publishes names its causes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from program.command import KeptOpen, ask, qa_sync, query
from program.worlds import World, edit, own_copy, small_programme, world
from python_calamine import CalamineWorkbook

from qa_sync.errors import ConfigError
from qa_sync.reports import Ask, explain
from qa_sync.runner import publish_diff
from qa_sync.runner.opened import Opened

MONDAY, TUESDAY = datetime(2025, 11, 3, tzinfo=UTC), datetime(2025, 11, 4, tzinfo=UTC)
WEEKLY = "mappings/dashboards/weekly.yaml"
TABS = [
    {"name": "summary", "report": "summary", "by": ["site", "week"]},
    {"name": "trend", "report": "trend"},
    {"name": "pairs", "report": "pairs"},
    {"name": "definitions", "report": "definitions"},
    {"name": "sites", "report": "summary", "by": ["site"], "totals": True},
    {"name": "audits", "report": "sampling", "by": ["site"], "totals": ["audits"]},
    {"name": "standing", "report": "standing"},
    {"name": "marked", "report": "pairs", "vanished": "mark", "columns": {"auditee_payload_hash": {"hide": True}}},
    {
        "name": "coded",
        "sql": "SELECT site, count(*) AS pairs FROM pairs WHERE site IS NOT NULL GROUP BY site ORDER BY site",
        "key": "site",
    },
]


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str, str]]:
    with world(tmp_path_factory.mktemp("history") / "w", small_programme(tickets=400), until=MONDAY) as made:
        own_copy(made.folder, "dashboards/weekly.yaml")
        edit(made.folder, lambda definition: definition.update(tabs=TABS), WEEKLY)
        edit(made.folder, lambda settings: settings["programme"].update(n_min=2))
        first = ask(made.folder, "run")
        made.show(TUESDAY)
        second = ask(made.folder, "run")
        with ExitStack() as stack, KeptOpen(made.folder, stack).used():
            yield made, first["run_id"], second["run_id"]


@pytest.fixture(scope="module")
def both_ways(two_days: tuple[World, str, str]) -> tuple[dict[str, Any], str]:
    """The difference as programs and as people read it; computed once."""
    made, first, second = two_days
    asked = "publish", "diff", first, second
    found = publish_diff.publish_diff(made.workspace(), first, second, ())
    with mock.patch.object(publish_diff, "publish_diff", return_value=found) as called:
        read = ask(made.folder, *asked), qa_sync(made.folder, *asked, "--quiet").out
    assert [call.args[1:] for call in called.call_args_list] == [(first, second, [])] * 2
    return read


@pytest.fixture(scope="module")
def difference(both_ways: tuple[dict[str, Any], str]) -> dict[str, Any]:
    return both_ways[0]


def _evaluations(folder: Path, run: str) -> dict[str, str]:
    rows = query(folder, "SELECT evaluation_id, payload_hash FROM buckets", "--as-of", run)
    return {row["evaluation_id"]: row["payload_hash"] for row in rows}


def _cells(folder: Path, run: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows = query(
        folder,
        f"""SELECT tab, key, cells, removed FROM published WHERE "at" <= (
                SELECT finished_at FROM runs WHERE run_id = '{run}') AND tab <> '_qa_sync'
            QUALIFY row_number() OVER (PARTITION BY tab, key ORDER BY "at" DESC) = 1""",
    )
    return {(row["tab"], row["key"]): json.loads(row["cells"]) for row in rows if not row["removed"]}


def test_a_diff_names_every_cell_that_differs_and_no_other(
    two_days: tuple[World, str, str], difference: dict[str, Any]
) -> None:
    made, first, second = two_days
    assert (difference["before"], difference["after"], difference["rules"]) == (first, second, [])
    old, new = _cells(made.folder, first), _cells(made.folder, second)
    differing = {
        (tab, key, field)
        for tab, key in {*old, *new}
        for field in {*old.get((tab, key), {}), *new.get((tab, key), {})}
        if old.get((tab, key), {}).get(field) != new.get((tab, key), {}).get(field)
    }
    assert differing
    assert {(row["tab"], row["key"], field) for row in difference["rows"] for field in row["cells"]} == differing
    for row in difference["rows"]:
        for field, cell in row["cells"].items():
            place = row["tab"], row["key"]
            told = {name: cell[name] for name in ("was", "becomes")}
            assert told == {"was": old.get(place, {}).get(field), "becomes": new.get(place, {}).get(field)}


def test_a_diff_names_the_evaluations_that_caused_it(
    two_days: tuple[World, str, str], difference: dict[str, Any]
) -> None:
    made, first, second = two_days
    rows = difference["rows"]
    before, after = _evaluations(made.folder, first), _evaluations(made.folder, second)
    audits = query(made.folder, "SELECT auditor_evaluation_id AS id FROM pairs")
    places = query(made.folder, "SELECT evaluation_id, site, week FROM buckets")
    told = {cause["evaluation_id"]: cause["what"] for row in rows for cause in row["causes"]}
    assert [row for row in rows if not row["causes"]] == []
    for evaluation, what in told.items():
        expected = "new" if evaluation not in before else "gone" if evaluation not in after else None
        if expected is None:
            expected = "revised" if before[evaluation] != after[evaluation] else "counted otherwise"
        assert (evaluation, what) == (evaluation, expected)
    # The causes of a row of the summary are of its site and week, and explain its change of n to the last one.
    where = {row["evaluation_id"]: f"{row['site']}|{row['week']}" for row in places}
    summary = [row for row in rows if row["tab"] == "summary"]
    assert summary
    for row in summary:
        grown = row["cells"].get("evaluations")
        if grown and row["what"] == "changed":
            new = [c for c in row["causes"] if c["what"] == "new" and where[c["evaluation_id"]] == row["key"]]
            own = {cause["evaluation_id"] for cause in new} - {audit["id"] for audit in audits}
            assert len(own) == grown["becomes"] - grown["was"]


def _listed(it: Opened, key: str, column: str) -> set[tuple[str, str | None, str]]:
    """What ``explain`` lists of a number's own; nothing where there is no number."""
    ask, shown = (Ask(by=("all",)), "all") if key == "(all)" else (Ask(by=("site",)), key)
    try:
        found = explain("summary", it.scene, shown, column, ask).evaluations.to_pylist()
    except ConfigError:
        return set()
    return {(one["evaluation_id"], one["pair_id"], one["payload_hash"]) for one in found if one["part"] == "own"}


def test_each_cell_names_the_evaluations_by_which_what_explain_lists_differs(
    two_days: tuple[World, str, str], difference: dict[str, Any]
) -> None:
    made, first, second = two_days
    rows = difference["rows"]
    sites = {row["key"]: row["cells"] for row in rows if row["tab"] == "sites"}
    checked = set()
    with made.workspace().open(first) as old, made.workspace().open(second) as new:
        for key, cells in sites.items():
            for name in {"pairs", "evaluations", "critical_miss", "exact", "line_accuracy"} & {*cells}:
                was, becomes = _listed(old, key, name), _listed(new, key, name)
                entered = was ^ becomes
                told = set(cells[name]["because"])
                assert told
                assert told <= {e for e, _, _ in was | becomes}
                if name == "evaluations":
                    assert told == {e for e, _, _ in entered}
                # A pair is told by those of its evaluations that changed: one at least.
                for pair in {pair or e for e, pair, _ in entered}:
                    assert {e for e, p, _ in entered if (p or e) == pair} & told, (key, name, pair)
                checked.add((key == "(all)", name))
    assert {(True, "pairs"), (False, "pairs"), (False, "evaluations")} <= checked
    # Not all cells of a row have the same causes: a class that did not move is no cause of one that did.
    assert any(len({tuple(cell["because"]) for cell in cells.values()}) > 1 for cells in sites.values())


def test_people_read_which_cells_moved_and_why(
    two_days: tuple[World, str, str], both_ways: tuple[dict[str, Any], str]
) -> None:
    _, first, second = two_days
    difference, lines = both_ways[0], both_ways[1].splitlines()
    cells = sum(len(row["cells"]) for row in difference["rows"])
    assert lines[0] == f"{first} to {second}: {cells:,} cells of {len(difference['rows']):,} rows differ"
    told = [row for row in difference["rows"] if row["what"] == "changed"]
    row = next(row for row in told if f"  weekly > workbook: {row['tab']}, {row['key']}: changed" in lines)
    name, cell = next((name, cell) for name, cell in row["cells"].items() if cell["because"])
    at = next(at for at, line in enumerate(lines) if line.startswith(f"    {name} "))
    what = {cause["evaluation_id"]: cause["what"] for cause in row["causes"]}
    listed = ", ".join(f"{one} {what[one]}" for one in cell["because"][:8])
    assert lines[at + 1].startswith(f"      because of {listed}")


def test_a_row_of_sums_is_moved_by_what_moved_the_rows_it_adds_up(difference: dict[str, Any]) -> None:
    rows = {r["key"]: r["cells"] for r in difference["rows"] if r["tab"] == "audits"}
    parts = [set(cells["audits"]["because"]) for key, cells in rows.items() if key != "(all)" and "audits" in cells]
    assert parts
    assert set(rows["(all)"]["audits"]["because"]) == set().union(*parts)


def test_a_number_that_borrows_says_what_from(difference: dict[str, Any]) -> None:
    rows = [row for row in difference["rows"] if row["tab"] == "standing"]
    borrowed = {cell["borrowed"] for row in rows for cell in row["cells"].values() if "borrowed" in cell}
    assert borrowed
    assert all(cell["because"] for row in rows for cell in row["cells"].values() if "borrowed" in cell)


def test_a_row_of_a_closed_week_shows_what_was_published_and_what_came_since(two_days: tuple[World, str, str]) -> None:
    made, first, second = two_days
    then, now = (_rows(made, "summary", run) for run in (first, second))
    # The first run has no past, so nothing stands there; nor where a row still says the same.
    assert {(row["as_published"], row["since_published"]) for row in then.values()} == {(None, None)}
    ignored = {"as_published", "since_published"}
    numbers = [n for n in next(iter(now.values())) if not n.endswith(("_low", "_high")) and n not in ignored]
    moved = {key for key, row in now.items() if any(row[n] != then.get(key, {}).get(n) for n in numbers)}
    assert {key for key, row in now.items() if row["since_published"]} == moved
    assert {key: now[key]["as_published"] for key in moved} == {
        key: then.get(key, {}).get("line_accuracy") for key in moved
    }
    assert [key for key in moved if now[key]["as_published"] not in (None, now[key]["line_accuracy"])]
    for key in moved & then.keys():
        late = now[key]["late"] - then[key]["late"]
        assert (f"Late +{late}" in now[key]["since_published"]) == (late > 0)


def test_a_week_of_several_sites_says_which_of_them_moved(two_days: tuple[World, str, str]) -> None:
    made, first, second = two_days
    then, now = (_rows(made, "trend", run) for run in (first, second))
    assert {row["since_published"] for row in then.values()} == {None}
    moved = 0
    for week, row in now.items():
        was, told = then.get(week, {}), row["since_published"]
        sites = [name for name in row if name.startswith("site_") and name in was]
        assert (told is not None) == any(row[name] != was[name] for name in sites), week
        label = {f.name: f.label for f in made.workspace().report_table("trend", as_of=second).fields}
        for name in (name for name in sites if name.endswith("_n")):
            more = row[name] - was[name]
            moved += more > 0
            assert (f"{label[name]} +{more}" in (told or "")) == (more > 0)
    assert moved


def _rows(made: World, name: str, run: str) -> dict[str, dict[str, Any]]:
    report = made.workspace().report_table(name, as_of=run)
    return {row[report.key]: row for row in report.rows.to_pylist()}


def test_a_number_as_published_is_made_again_and_says_which_evaluations_came_since(
    two_days: tuple[World, str, str],
) -> None:
    made, first, second = two_days
    now = _rows(made, "summary", second)
    key = next(k for k, row in now.items() if row["as_published"] not in (None, row["line_accuracy"]))
    workspace = made.workspace()
    told = workspace.explain("summary", key, "as_published")
    assert (told.value, told.agrees, told.run_id) == (now[key]["as_published"], True, first)
    was, is_ = (workspace.explain("summary", key, "line_accuracy", as_of=run).frame for run in (first, second))
    members = [
        {(one.evaluation_id, one.role, one.pair_id): one.payload_hash for one in rows.itertuples()}
        for rows in (was, is_)
    ]
    old, new = ({k: v for k, v in rows.items() if k[2] is not None} for rows in members)
    expected = {(*k, "new") for k in new.keys() - old.keys()} | {(*k, "gone") for k in old.keys() - new.keys()}
    expected |= {(*k, "revised") for k in old.keys() & new.keys() if old[k] != new[k]}
    assert told.since is not None
    assert {
        (one["evaluation_id"], one["role"], one["pair_id"], one["what"]) for one in told.since.to_pylist()
    } == expected
    shown = qa_sync(made.folder, "explain", "summary", key, "as_published", "--quiet").out
    assert f"Since then, {len(expected)} rows are others:" in shown
    newest = workspace.explain("summary", key, "line_accuracy").run_id  # another test may have published since
    assert f"'qa-sync publish diff {first} {newest}'" in shown


def test_an_earlier_run_is_shown_again_as_it_was(two_days: tuple[World, str, str]) -> None:
    made, first, _ = two_days

    def shown() -> dict[str, list[list[Any]]]:
        book = CalamineWorkbook.from_path(made.folder / "out" / "weekly.xlsx")
        return {name: sorted(book.get_sheet_by_name(name).to_python(), key=repr) for name in ("Summary", "Pairs")}

    now = shown()
    ask(made.folder, "publish", "--as-of", first)
    then = shown()
    assert then != now
    published = {key for tab, key in _cells(made.folder, first) if tab == "pairs"}
    assert {row[0] for row in then["Pairs"]} == {"Pair", *published}
    # Pairs that were not there yet then are emptied, or say so where they are marked.
    marked = CalamineWorkbook.from_path(made.folder / "out" / "weekly.xlsx").get_sheet_by_name("Marked").to_python()
    gone_since = marked[0].index("Gone since")
    assert {row[0] for row in marked[1:] if row[gone_since] == ""} == published
    assert {row[0] for row in marked[1:]} == {row[0] for row in now["Pairs"]} - {"Pair"} | published
    (run,) = query(made.folder, f"SELECT finished_at FROM runs WHERE run_id = '{first}'")
    shown_day = datetime.fromisoformat(run["finished_at"]).astimezone(ZoneInfo(made.programme.zone)).date()
    assert {row[gone_since] for row in marked[1:]} - {""} == {shown_day}
    planned = ask(made.folder, "publish", "--dry-run")
    ask(made.folder, "publish")
    assert shown() == now
    # The dry run had told every row that this put back.
    gone = {change["key"] for change in planned["changes"] if change["tab"] == "pairs" and change["what"] == "new"}
    assert gone == {row[0] for row in now["Pairs"]} - {row[0] for row in then["Pairs"]}
    assert ask(made.folder, "publish", "--dry-run")["changes"] == []


def test_a_diff_of_runs_that_are_not_there_is_refused(two_days: tuple[World, str, str]) -> None:
    made, first, _ = two_days
    assert "publish diff needs two runs" in qa_sync(made.folder, "publish", "diff", first, "--quiet", expect=2).err
    assert "there is no run nonsense" in qa_sync(made.folder, "publish", "diff", first, "nonsense", expect=2).err
    out = qa_sync(made.folder, "publish", "diff", first, first).out
    assert out == f"{first} to {first}: 0 cells of 0 rows differ\n"
