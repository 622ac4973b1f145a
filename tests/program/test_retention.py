"""Retention: what is older than it may be kept is in no version of a table, and what is true now is what it was."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from program.command import ask, qa_sync, query
from program.finished import Finished
from program.worlds import edit
from store.pages import day, page

from qa_sync.config.settings import RetentionSettings
from qa_sync.errors import StoreError
from qa_sync.runner.progress import Silent
from qa_sync.runner.retention import expire, limits_of
from qa_sync.runner.workspace import Workspace
from qa_sync.store import Store, Upkeep
from qa_sync.store.erase import take_place
from qa_sync.store.expire import Limit, stage_expiry


def stored(folder: Path) -> list[Any]:
    """Everything in the files of a table's folder, old versions included, read by an engine that is not the store's."""
    files = [str(file) for file in folder.glob("*.parquet")]
    return duckdb.execute(
        "SELECT DISTINCT id, payload FROM read_parquet($1, union_by_name=true) ORDER BY ALL", [files]
    ).fetchall()


def add(store: Store, at: datetime, *records: tuple[str, int, str | None]) -> None:
    raw = store.raw("s", "t")
    rows = raw.prepare(page(*records), at=at, by_arrival=False).rows
    raw.commit(rows, cursor="c", expected_n=raw.position().n, run_id="r", at=at)


def let_go(store: Store, before: datetime) -> int:
    limit = Limit(table="raw/s.t", before=before)
    with store.lock.held():
        staged = stage_expiry(store.folder / "raw" / "s.t", [limit], write=True)
        take_place(store.folder, [staged])
    return staged.rows


def test_superseded_versions_go_and_a_record_goes_once_nothing_was_stored_of_it_within_the_limit(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "data")
    add(store, day(0), ("old", 1, '{"v":1}'), ("lives", 1, '{"v":1}'), ("late", 9, '{"v":9}'))
    add(store, day(1), ("gone", 1, '{"v":1}'))
    add(store, day(2), ("gone", 2, None))  # the source deleted it
    Upkeep(store).compact()  # the old files are kept for old states, and hold the same rows
    add(store, day(10), ("lives", 2, '{"v":2}'), ("late", 5, '{"v":5}'), ("new", 1, '{"v":1}'))
    assert let_go(store, day(5)) > 5
    # "late": the version of day 0 is the newer one by its stamp, and what counts stays.
    assert stored(store.folder / "raw" / "s.t") == [
        ("late", '{"v":5}'), ("late", '{"v":9}'), ("lives", '{"v":2}'), ("new", '{"v":1}'),
    ]  # fmt: skip
    assert let_go(store, day(5)) == 0
    assert [fault.what for fault in Upkeep(store).status(day(11))[1]] == []
    add(store, day(11), ("old", 3, '{"v":3}'))
    Upkeep(store).compact()
    assert ("old", '{"v":3}') in stored(store.folder / "raw" / "s.t")


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(finished.folder, copy, ignore=shutil.ignore_patterns("sandboxes"))
    return copy


def limited(settings: dict[str, Any], **limits: Any) -> None:
    settings["retention"] = limits


def later(folder: Path, days: int, progress: Silent | None = None) -> Workspace:
    return Workspace(folder, progress=progress, clock=lambda: datetime.now(UTC) + timedelta(days=days))


def stream_of(folder: Path, table: str) -> tuple[str, int]:
    (row,) = query(
        folder,
        f"SELECT source || '.' || stream AS name, count(*) AS n FROM {table} GROUP BY ALL ORDER BY n DESC LIMIT 1",
    )
    return str(row["name"]), int(row["n"])


def test_a_stream_past_its_limits_leaves_raw_and_tables_and_the_runs_say_so(folder: Path) -> None:
    name, n = stream_of(folder, "evaluations")
    others = query(folder, f"SELECT * FROM evaluations WHERE source || '.' || stream <> '{name}' ORDER BY ALL")
    edit(folder, lambda settings: limited(settings, streams={name: {"raw": 30, "tables": 60}}))
    assert expire(later(folder, 1)) == {"rows": {}, "runs": []}
    first = expire(later(folder, 31))
    assert list(first["rows"]) == [f"raw/{name}"]
    assert query(folder, f"SELECT count(*) AS n FROM raw_{name.replace('.', '_')}") == [{"n": 0}]
    assert stream_of(folder, "evaluations") == (name, n)
    planned = expire(later(folder, 61), dry_run=True)
    assert stream_of(folder, "evaluations") == (name, n)
    assert expire(later(folder, 61)) == planned
    assert planned["rows"]["tables/evaluations"] >= n
    assert query(folder, "SELECT * FROM evaluations ORDER BY ALL") == others
    marked = {row["run"] for row in ask(folder, "runs") if row["snapshot"] == "changed by retention"}
    assert marked == {*first["runs"], *planned["runs"]}
    assert marked
    assert qa_sync(folder, "store", "status").code == 0


def test_what_stands_on_a_sheet_is_remembered_however_old_it_is(folder: Path) -> None:
    published = Store(folder / "data").published
    before = {place: published.tabs(*place) for place in published.places()}
    ask(folder, "publish")
    edit(folder, lambda settings: limited(settings, published=1, rejects=1, findings=1))
    expire(later(folder, 10))
    assert {place: published.tabs(*place) for place in published.places()} == before
    assert query(folder, "SELECT count(*) AS n FROM rejects") == [{"n": 0}]


class Told(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def test_it_is_done_after_a_run_and_once_a_day(folder: Path) -> None:
    name, _ = stream_of(folder, "evaluations")
    edit(folder, lambda settings: limited(settings, streams={name: {"tables": 30}}))
    told = Told()
    later(folder, 40, told).map()
    assert len([line for line in told.lines if "past their retention" in line]) == 1
    told.lines.clear()
    later(folder, 40, told).map()
    assert [line for line in told.lines if "retention" in line] == []


def test_one_that_is_cut_off_before_its_journal_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, n = stream_of(folder, "evaluations")
    edit(folder, lambda settings: limited(settings, streams={name: {"tables": 30}}))

    def full(*_given: object, **_more: object) -> None:
        raise StoreError("No space left on device")

    monkeypatch.setattr("qa_sync.runner.retention.take_place", full)
    with pytest.raises(StoreError):
        expire(later(folder, 40))
    assert stream_of(folder, "evaluations") == (name, n)
    monkeypatch.undo()
    expire(later(folder, 40))
    assert list((folder / "data").rglob("*.erased")) == []


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"streams": {"tickets": {"raw": 1}}}, "'tickets' is no stream of a source"),
        ({"streams": {"nobody.tickets": {"raw": 1}}}, "'nobody.tickets' is no stream of a source"),
        ({"rejects": 0}, "retention"),
        ({"raw": 5}, "raw"),
    ],
)
def test_limits_that_mean_nothing_are_refused(folder: Path, limits: dict[str, Any], message: str) -> None:
    edit(folder, lambda settings: limited(settings, **limits))
    assert message in qa_sync(folder, "runs", expect=2).err


def test_nothing_is_limited_unless_it_is_named() -> None:
    assert limits_of(RetentionSettings(), day(0)) == []
    only = RetentionSettings.model_validate({"streams": {"s.t": {"raw": 2}}})
    assert limits_of(only, day(5)) == [Limit(table="raw/s.t", before=day(3))]
