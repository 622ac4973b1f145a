"""A person who asked to be forgotten is in no file of the store, and what is said of others is what it was."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from program.command import ask, opened_once, qa_sync, query, query_all
from program.finished import Finished
from program.worlds import edit, small_programme, world

from qa_sync.errors import StoreError
from qa_sync.runner.erasure import erase
from qa_sync.runner.workspace import Workspace
from qa_sync.store import Ledger, Run, Store
from qa_sync.store import erase as erasing
from qa_sync.store.tables import StoredTable

REPORTS = ("summary", "pairs", "agreement", "evaluators")


def copied(finished: Finished, folder: Path) -> Path:
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "roster"))
    return folder


def printed(folder: Path, as_of: str) -> dict[str, Any]:
    with opened_once():
        return {name: ask(folder, "report", name, "--as-of", as_of)["rows"] for name in REPORTS}


def anonymous(shown: dict[str, Any], token: str) -> Any:
    """What reports say where a token is a token: a name in parts is one for each."""
    return json.loads(re.sub(rf"{token}(-\d+)?( {token}(-\d+)?)?", "somebody", json.dumps(shown)))


def texts(file: Path) -> str:
    """Everything in a file: its bytes, and the contents of its columns, read by an engine that is not the store's."""
    held = file.read_bytes()
    if held[:4] == b"PAR1":
        rows = duckdb.execute("SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
        return held.decode("utf-8", "replace") + json.dumps(rows, ensure_ascii=False, default=str)
    return held.decode("utf-8", "replace")


def named(folder: Path, terms: tuple[str, ...]) -> list[str]:
    found = []
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        text = texts(file).casefold()
        found += [f"{file.name}: {term}" for term in terms if term.casefold() in text]
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """An evaluator, and all that names them."""

    account: str
    email: str
    evaluations: int
    terms: tuple[str, ...]


def busiest(folder: Path) -> Known:
    """Return the audited evaluator who has most evaluations."""
    (row,) = query(
        folder,
        """SELECT evaluator_id, count(*) AS n FROM evaluations WHERE evaluator_id IN
        (SELECT auditee_id FROM pairs) GROUP BY ALL ORDER BY n DESC LIMIT 1""",
    )
    account = row["evaluator_id"]
    (person,) = query(
        folder, f"SELECT name, email, employee_number, user_name FROM people WHERE person_id = '{account}'"
    )
    email = person["email"]
    others = query(folder, f"SELECT person_id FROM people WHERE email = '{email}'")
    return Known(account, email, row["n"], (*person.values(), account, others[0]["person_id"]))


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A workspace before and after an evaluator was erased."""

    folder: Path
    terms: tuple[str, ...]
    account: str
    runs: tuple[str, ...]
    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]
    told: dict[str, Any]


@pytest.fixture(scope="module")
def forgotten(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    folder = copied(finished, tmp_path_factory.mktemp("forgotten") / "it")
    known = busiest(folder)
    ask(folder, "store", "compact")  # old versions have files of their own
    runs = tuple(run["run"] for run in ask(folder, "runs") if run["snapshot"])
    with finished.kept_open.used():
        before = {run: printed(folder, run) for run in runs}
    assert named(folder / "data", known.terms), "nobody was there to be erased"
    told = ask(folder, "store", "erase", "--person", known.email)
    after = {run: printed(folder, run) for run in runs}
    return Forgotten(folder, known.terms, known.account, runs, before, after, told)


def test_the_person_is_in_no_file_of_the_store(forgotten: Forgotten) -> None:
    assert named(forgotten.folder / "data", forgotten.terms) == []
    assert forgotten.told["accounts"] >= 2


def test_reports_say_the_same_of_others_also_as_of_earlier_runs(forgotten: Forgotten) -> None:
    concerned = 0
    for run in forgotten.runs:
        for name in REPORTS:
            before, after = forgotten.before[run][name], forgotten.after[run][name]
            assert len(before) == len(after)
            others = [row for row in before if forgotten.account not in json.dumps(row, ensure_ascii=False)]
            concerned += len(before) - len(others)
            assert [row for row in after if forgotten.told["token"] not in json.dumps(row)] == others
    assert concerned, "no report was about the person: the test proves less than it says"


def test_what_is_said_of_the_person_is_said_of_a_token(forgotten: Forgotten) -> None:
    tokens = re.compile(rf"{forgotten.told['token']}-\d+")
    for name in REPORTS:
        before, after = (
            json.dumps(held[forgotten.runs[0]][name], ensure_ascii=False)
            for held in (forgotten.before, forgotten.after)
        )
        for term in sorted(forgotten.terms, key=len, reverse=True):
            before = before.replace(term.partition(":")[2] or term, "somebody")
        assert sorted(json.loads(tokens.sub("somebody", after)), key=str) == sorted(json.loads(before), key=str)


def test_the_changed_states_are_marked_and_the_tombstone_names_nobody(forgotten: Forgotten) -> None:
    runs = {run["run"]: run for run in ask(forgotten.folder, "runs")}
    assert {run for run, row in runs.items() if row["snapshot"] == "changed by erasure"} == set(forgotten.told["runs"])
    assert set(forgotten.runs) <= set(forgotten.told["runs"])
    assert "out/weekly.xlsx" in forgotten.told["left"], "what was published is not ours to change"
    kept = json.dumps([counts for (counts,) in _erase_rows(forgotten.folder)])
    assert not [term for term in forgotten.terms if term in kept]


def _erase_rows(folder: Path) -> list[tuple[str]]:
    files = [str(file) for file in (folder / "data" / "runs").glob("*.parquet")]
    found = duckdb.execute(
        "SELECT counts FROM read_parquet($1, union_by_name=true) WHERE command = 'erase'", [files]
    ).fetchall()
    assert found
    return found


def test_the_store_is_whole_and_goes_on(forgotten: Forgotten) -> None:
    assert qa_sync(forgotten.folder, "store", "status").code == 0
    again = ask(forgotten.folder, "map")["counts"]["map"]
    assert all(counts["versions"] == 0 for counts in again.values())


def test_tables_made_anew_from_raw_records_do_not_bring_the_person_back(forgotten: Forgotten, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(forgotten.folder, folder)
    rows = {
        "evaluations": "SELECT * EXCLUDE (ingested_at) FROM evaluations ORDER BY ALL",
        "people": "SELECT * EXCLUDE (ingested_at, name) FROM people ORDER BY ALL",  # a name in parts: a token each
        "rosters": "SELECT * EXCLUDE (ingested_at) FROM rosters ORDER BY ALL",
    }
    wanted = query_all(folder, *rows.values())
    for name in rows:
        shutil.rmtree(folder / "data" / "tables" / name)
    ask(folder, "map")
    assert query_all(folder, *rows.values()) == wanted


def test_sheets_that_show_the_person_are_named_and_a_publish_takes_them_out(
    forgotten: Forgotten, tmp_path: Path
) -> None:
    from python_calamine import CalamineWorkbook

    folder = tmp_path / "again"
    shutil.copytree(forgotten.folder, folder)

    def tabs(name: str) -> set[str]:
        book = CalamineWorkbook.from_path(folder / "out" / "weekly.xlsx")
        return {
            tab
            for tab in book.sheet_names
            if any(name in str(cell) for row in book.get_sheet_by_name(tab).to_python() for cell in row)
        }

    (name, *_) = forgotten.terms
    shown = tabs(name)
    assert shown
    assert {sheet["tab"].replace("_", " ") for sheet in forgotten.told["sheets"]} == {tab.lower() for tab in shown}
    ask(folder, "publish")
    by_hand = {sheet["tab"] for sheet in forgotten.told["sheets"] if "delete" in sheet["todo"]}
    assert {tab.lower() for tab in tabs(name)} <= by_hand


def test_a_dry_run_counts_the_same_and_changes_nothing(finished: Finished, tmp_path: Path) -> None:
    folder = copied(finished, tmp_path / "it")
    email = query(folder, "SELECT email FROM people WHERE email IS NOT NULL ORDER BY ALL LIMIT 1")[0]["email"]
    before = {file: file.read_bytes() for file in (folder / "data").rglob("*") if file.is_file()}
    planned = ask(folder, "store", "erase", "--person", email, "--dry-run")
    assert {file: file.read_bytes() for file in (folder / "data").rglob("*") if file.is_file()} == before
    done = ask(folder, "store", "erase", "--person", email)
    assert {key: done[key] for key in ("rows", "accounts", "sheets", "short_ids")} == {
        key: planned[key] for key in ("rows", "accounts", "sheets", "short_ids")
    }


@pytest.mark.parametrize(
    "moment",
    # Half way there is a journal too: what comes before its first replacement is a variant.
    ["before the journal", pytest.param("after the journal", marks=pytest.mark.soak), "half way"],
)
@pytest.mark.thorough
def test_an_erasure_that_is_cut_off_is_all_or_nothing(finished: Finished, tmp_path: Path, moment: str) -> None:
    folder = copied(finished, tmp_path / "it")
    email = query(folder, "SELECT email FROM people WHERE email IS NOT NULL ORDER BY ALL LIMIT 1")[0]["email"]
    replaced = Path.replace
    left = [3]

    def cut(path: Path, target: Path) -> Path:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return replaced(path, target)

    cuts = {
        "before the journal": mock.patch.object(erasing, "write_whole", side_effect=KeyboardInterrupt),
        "after the journal": mock.patch.object(erasing, "finish", side_effect=KeyboardInterrupt),
        "half way": mock.patch.object(Path, "replace", cut),
    }
    with cuts[moment], pytest.raises(KeyboardInterrupt):
        erase(Workspace(folder), email)
    Store(folder / "data")  # the next one to open it
    assert qa_sync(folder, "store", "status").code == 0
    assert bool(named(folder / "data", (email,))) == (moment == "before the journal")
    if moment == "before the journal":
        ask(folder, "store", "erase", "--person", email)
        assert named(folder / "data", (email,)) == []


@pytest.mark.parametrize("moment", ["before its row", "behind its row"])
@pytest.mark.thorough
def test_a_kill_at_its_end_leaves_the_run_in_the_ledger_once_and_its_runs_marked(
    finished: Finished, tmp_path: Path, moment: str
) -> None:
    folder = copied(finished, tmp_path / "it")
    email = query(folder, "SELECT email FROM people WHERE email IS NOT NULL ORDER BY ALL LIMIT 1")[0]["email"]
    runs = ask(folder, "runs")
    known, snapshots = {run["run"] for run in runs}, {run["run"] for run in runs if run["snapshot"]}
    written = Ledger.finish

    def killed(ledger: Ledger, run: Run) -> None:
        if moment == "behind its row":
            written(ledger, run)
        raise KeyboardInterrupt

    with mock.patch.object(Ledger, "finish", killed), pytest.raises(KeyboardInterrupt):
        erase(Workspace(folder), email)
    for _ in range(2):
        rows = ask(folder, "runs")
        new = [(run["command"], run["status"]) for run in rows if run["run"] not in known]
        assert new.count(("erase", "done")) == 1
        assert {run["run"] for run in rows if run["snapshot"] == "changed by erasure"} == snapshots
    assert not (folder / "data" / "erasing.json").exists()
    assert named(folder / "data", (email,)) == []


@pytest.mark.thorough
def test_sources_that_still_name_the_person_do_not_bring_them_back(tmp_path: Path) -> None:
    with world(tmp_path, small_programme(tickets=130)) as made:
        edit(tmp_path, lambda settings: settings["dashboards"].clear())
        ask(tmp_path, "run")
        known = busiest(tmp_path)
        token = ask(tmp_path, "store", "erase", "--person", known.email)["token"]
        then = printed(tmp_path, "")
        # Everything is read again from its beginning, by sources that still hold the person in everything.
        for place in ("raw", "tables"):
            shutil.rmtree(tmp_path / "data" / place)
        counts = ask(tmp_path, "run")["counts"]["sync"]
        assert named(tmp_path / "data", known.terms) == []
        assert sum(stream["erased"] for stream in counts.values()) >= known.evaluations
        assert anonymous(printed(tmp_path, ""), token) == anonymous(then, token)
        (made.folder / "data" / "state" / "erased.key").unlink()
        assert "copy state/erased.key" in qa_sync(tmp_path, "sync", expect=1).err


@pytest.mark.thorough
def test_a_map_that_was_under_way_does_not_bring_the_person_back(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(finished, tmp_path / "it")
    email = query(folder, "SELECT email FROM people WHERE email IS NOT NULL ORDER BY ALL LIMIT 1")[0]["email"]
    shutil.rmtree(folder / "data" / "tables" / "people")
    commit = StoredTable.commit
    erased: list[str] = []

    def late(table: StoredTable, rows: Any, **note: Any) -> int:
        if table.schema.name == "people" and not erased:  # its rows are read; now somebody erases, and then they come
            erased.append(erase(Workspace(folder), email).token)
        return commit(table, rows, **note)

    monkeypatch.setattr(StoredTable, "commit", late)
    with pytest.raises(StoreError, match="a person was erased while this ran"):
        Workspace(folder).map()
    assert (len(erased), named(folder / "data", (email,))) == (1, [])
    Workspace(folder).map()
    assert named(folder / "data", (email,)) == []
    assert query(folder, "SELECT count(*) AS n FROM people")[0]["n"] > 0


def test_files_that_are_not_the_stores_hinder_no_erasure_and_are_named(forgotten: Forgotten, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(forgotten.folder, folder)
    (person,) = query(folder, "SELECT name, email FROM people WHERE email IS NOT NULL ORDER BY ALL LIMIT 1")
    foreign = {
        "data/mine.txt": person["email"].encode(),
        "data/raw/verint.employees/copy of mine.parquet": b"PAR1 " + person["email"].encode(),
        "data/tables/people/part-of-mine.parquet.bak": b"PAR1 nothing",
    }
    for name, held in foreign.items():
        (folder / name).write_bytes(held)
    (folder / "neighbour.txt").write_text(f"x{person['email']}x, {person['name']}son")
    left = ask(folder, "store", "erase", "--person", person["email"])["left"]
    assert [name for name in left if name in foreign] == [name for name, held in foreign.items() if b"@" in held]
    assert "neighbour.txt" not in left
    assert {name: (folder / name).read_bytes() for name in foreign} == foreign
    for name in foreign:
        (folder / name).unlink()
    assert named(folder / "data", (person["email"],)) == []


def test_a_damaged_file_is_told_before_anything_is_erased(forgotten: Forgotten, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(forgotten.folder, folder)
    (email,) = query(folder, "SELECT email FROM people WHERE email IS NOT NULL ORDER BY ALL LIMIT 1")[0].values()
    file = max((folder / "data" / "raw" / "verint.evaluations").glob("*.parquet"), key=lambda one: one.stat().st_size)
    file.write_bytes(file.read_bytes()[:-100])
    done = qa_sync(folder, "store", "erase", "--person", email, expect=1)
    assert "raw/verint.evaluations is damaged; 'qa-sync store repair' first" in done.err
    assert named(folder / "data" / "tables", (email,))


def test_a_person_is_found_by_any_spelling_of_their_name(finished: Finished) -> None:
    sql = """SELECT name, email FROM (SELECT *, count(DISTINCT email) OVER (PARTITION BY strip_accents(name)) AS alike FROM people)
             WHERE alike = 1 AND name <> strip_accents(name) AND email IS NOT NULL ORDER BY ALL LIMIT 1"""
    (person,) = query(finished.folder, sql)
    given, _, family = unicodedata.normalize("NFD", person["name"]).partition(" ")
    plain = "".join(c for c in f"{family},  {given}" if not unicodedata.combining(c))
    found = []
    for who in (person["email"], f"{given} {family}", plain.upper()):
        planned = ask(finished.folder, "store", "erase", "--person", who, "--dry-run")
        found.append({key: planned[key] for key in ("accounts", "rows", "runs")})
    assert found[0]["accounts"]
    assert found[1:] == [found[0]] * 2


def test_nobody_and_too_many_are_refused(forgotten: Forgotten) -> None:
    assert "nobody is called so" in qa_sync(forgotten.folder, "store", "erase", "--person", "x9", expect=2).err
    assert "who is to be erased" in qa_sync(forgotten.folder, "store", "erase", expect=2).err
