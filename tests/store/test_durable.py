"""A loss of power, a damaged disk, a file where a folder belongs: found, said, mended where nobody was told otherwise."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from store.pages import day, page

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import StoreError
from qa_sync.model.system import RAW
from qa_sync.store import Coverage, Run, Snapshot, Store, Upkeep, durable, stored_schema
from qa_sync.store.erase import stage_table
from qa_sync.store.log import LAST_CHECKPOINT, LOG, entries, entry, read_log
from qa_sync.store.redact import Person, Redactor

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def store_of(folder: Path, commits: int = 3) -> Store:
    store = Store(folder / "data")
    for n in range(commits):
        add(store, n)
    return store


def add(store: Store, n: int) -> None:
    raw = store.raw("s", "t")
    here = raw.position()
    rows = raw.prepare(page((str(n), n, json.dumps({"n": n}))), at=day(0), by_arrival=False).rows
    raw.commit(rows, cursor=f"after {n}", expected_n=here.n, run_id="r", at=day(0))


def kept_by_a_run(store: Store, **snapshot: dict[str, int]) -> None:
    taken = Snapshot(
        streams=snapshot.get("streams", {}),
        raw_versions=snapshot.get("raw_versions", {}),
        tables=snapshot.get("tables", {}),
    )
    store.ledger.finish(
        Run(run_id="kept", command="run", status="done", started_at=day(0), finished_at=day(1), snapshot=taken)
    )


def ids(store: Store) -> list[str]:
    engine = DuckEngine(threads=1)
    engine.scan("it", store.raw("s", "t").files(), RAW)
    found: list[str] = engine.fetch("SELECT id FROM it ORDER BY id")["id"].to_pylist()
    engine.close()
    return found


def table_of(store: Store, covers: int) -> Path:
    schema = stored_schema(store.table("people").schema)
    row = {"person_id": "p", "record_id": "p", "source": "s", "stream": "t", "deleted": False}
    import pyarrow as pa

    rows = pa.Table.from_pylist([row], schema=schema)
    table = store.table("people")
    coverage = {"s.t": Coverage(n=covers, mapping_hash="m", raw_id=store.raw("s", "t").identity())}
    table.commit(rows, expected_n=table.position().n, coverage=coverage, run_id="r")
    return table.path


def whats(store: Store) -> list[tuple[str, str]]:
    return [(fault.table, fault.remedy) for fault in Upkeep(store).status(NOW)[1]]


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []

    def noted(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink())

    monkeypatch.setattr(durable.os, "fsync", noted)
    raw = store_of(tmp_path, 1).raw("s", "t")
    data = [raw.path / span.path for span in read_log(raw.path).spans]
    folders = [raw.path / LOG, raw.path, raw.path.parent, raw.path.parent.parent]
    assert {*data, entry(raw.path, 0), entry(raw.path, 1), *folders} <= set(flushed)
    assert flushed.index(data[0]) < flushed.index(entry(raw.path, 1)), "the log must not last longer than its data"


def test_a_commit_that_the_disk_refuses_is_not_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(tmp_path)

    def refuse(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "fsync", refuse)
        with pytest.raises(StoreError, match=r"raw/s\.t cannot be written: Input/output error"):
            add(store, 3)
    assert store.raw("s", "t").position().n in (3, 4)  # it may have landed: the position is read from the table
    add(store, 4)
    assert {"0", "1", "2", "4"} <= set(ids(store))
    assert whats(store) == []


@pytest.mark.parametrize(
    "left",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"",
        lambda whole: bytes(len(whole)),
        lambda whole: whole[:-2],
        lambda whole: whole.splitlines(keepends=True)[0],
        lambda whole: whole.splitlines()[0],
    ],
    ids=["half", "nothing", "zeros", "all but the end", "behind a line", "before its end"],
)
def test_a_half_written_last_commit_is_found_and_taken_back_with_a_copy(
    tmp_path: Path, left: Callable[[bytes], bytes]
) -> None:
    store = store_of(tmp_path)
    path = store.raw("s", "t").path
    last = entries(path)[-1][1]
    torn = left(last.read_bytes())
    last.write_bytes(torn)
    assert whats(store) == [("raw/s.t", "take back")]
    (done,) = Upkeep(store).repair(NOW)
    assert (done["table"], done["what"], done["mended"]) == ("raw/s.t", "commit 3 was only half written", True)
    assert next((store.folder / "repaired").rglob(last.name)).read_bytes() == torn
    assert whats(store) == []
    place = store.raw("s", "t").position()
    assert (place.n, place.cursor, ids(store)) == (2, "after 1", ["0", "1"])
    add(store, 2)
    assert ids(store) == ["0", "1", "2"]


@pytest.mark.parametrize("lines", [0, 1])
def test_nothing_is_built_on_a_commit_that_was_cut_off_behind_a_line(tmp_path: Path, lines: int) -> None:
    store = store_of(tmp_path)
    last = entries(store.raw("s", "t").path)[-1][1]
    last.write_bytes(b"".join(last.read_bytes().splitlines()[:lines]))
    with pytest.raises(StoreError, match=r"its newest commit was only half written.*store status"):
        store.raw("s", "t").position()


def test_commits_that_replace_or_merge_files_are_whole(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    Upkeep(store).compact()
    path = table_of(store, covers=3)
    table_of(store, covers=3)
    people = store.table("people")
    none = stored_schema(people.schema).empty_table()
    people.commit(none, expected_n=2, coverage={}, run_id="r", rebuild=True)
    for table in (path, store.raw("s", "t").path):
        assert (read_log(table).unreadable, any(span.removed for span in read_log(table).spans)) == ((), True)
    assert whats(store) == []


def test_an_emptied_entry_is_damage_where_those_behind_it_counted_it(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    path = store.raw("s", "t").path
    last = entry(path, 3)
    last.replace(entry(path, 4))
    last.write_bytes(b"")  # nobody was told of this one, and the next is counted as if it had not been
    for n in (3, 4, 5):
        add(store, n)
    assert (ids(store), whats(store), read_log(path).damaged) == (["0", "1", "2", "3", "4", "5"], [], ())
    redactor = Redactor(Person(token="erased-1", names=(("nobody at all",),)))
    assert stage_table(path, "raw/s.t", redactor, write=False).rows == 0
    entry(path, 6).write_bytes(b"")
    assert (ids(store), whats(store), read_log(path).damaged) == (
        ["0", "1", "2", "3", "5"],
        [("raw/s.t", "backup")],
        (6,),
    )
    with pytest.raises(StoreError, match="is damaged"):
        stage_table(path, "raw/s.t", redactor, write=False)


def test_a_log_that_ends_before_what_a_run_saw_is_told(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    kept_by_a_run(store, raw_versions={"s.t": 3})
    entries(store.raw("s", "t").path)[-1][1].unlink()
    (fault,) = Upkeep(store).status(NOW)[1]
    assert (fault.what, fault.remedy) == ("the log ends at commit 2, and run kept saw commit 3", "backup")


def test_a_data_file_of_zeros_is_found_though_it_has_its_size(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    path = store.raw("s", "t").path
    (lost,) = [span for span in read_log(path).spans if span.added == 3]
    (path / lost.path).write_bytes(bytes(lost.size))
    assert whats(store) == [("raw/s.t", "take back")]
    Upkeep(store).repair(NOW)
    assert (whats(store), ids(store)) == ([], ["0", "1"])


@pytest.mark.parametrize("held", ["", '{"replace": ['])
def test_a_damaged_journal_of_an_erasure_is_told(tmp_path: Path, held: str) -> None:
    folder = store_of(tmp_path).folder
    (folder / "erasing.json").write_text(held)
    with pytest.raises(StoreError, match=r"data/erasing\.json is not readable, so an erasure is half done"):
        Store(folder)
    assert (folder / "erasing.json").exists()


def test_a_last_commit_whose_data_was_lost_is_taken_back(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    path = store.raw("s", "t").path
    (lost,) = [span for span in read_log(path).spans if span.added == 3]
    (path / lost.path).write_bytes((path / lost.path).read_bytes()[:-1])
    assert whats(store) == [("raw/s.t", "take back")]
    Upkeep(store).repair(NOW)
    assert (whats(store), ids(store), store.raw("s", "t").position().cursor) == ([], ["0", "1"], "after 1")


def test_a_commit_that_a_run_speaks_of_is_never_taken_back(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    kept_by_a_run(store, raw_versions={"s.t": 3})
    raw = store.raw("s", "t")
    (lost,) = [span for span in read_log(raw.path).spans if span.added == 3]
    (raw.path / lost.path).unlink()
    assert whats(store) == [("raw/s.t", "backup"), ("raw/s.t", "backup")]
    assert [row["mended"] for row in Upkeep(store).repair(NOW)] == [False, False]
    assert entry(raw.path, 3).exists()


def test_a_run_that_cannot_be_shown_again_is_named(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    kept_by_a_run(store, raw_versions={"s.t": 3})
    old = [store.raw("s", "t").path / span.path for span in read_log(store.raw("s", "t").path).spans]
    Upkeep(store).compact()
    old[0].unlink()
    ((fault),) = Upkeep(store).status(NOW)[1]
    assert "1 runs cannot be shown again, kept the last of them" in fault.what
    assert ids(store) == ["0", "1", "2"]


def test_a_damaged_entry_before_others_asks_for_a_backup(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    entry(store.raw("s", "t").path, 2).write_text("{")
    assert whats(store) == [("raw/s.t", "backup")]
    entry(store.raw("s", "t").path, 2).unlink()
    assert whats(store) == [("raw/s.t", "backup")]
    assert "lacks 1 of its entries" in Upkeep(store).status(NOW)[1][0].what


@pytest.mark.parametrize("damage", ["checkpoint", "pointer"])
def test_a_damaged_checkpoint_is_dropped_and_the_log_read_instead(tmp_path: Path, damage: str) -> None:
    from qa_sync.store import delta

    store = store_of(tmp_path)
    raw = store.raw("s", "t")
    opened = delta.open_table(raw.path)
    assert opened is not None
    opened.create_checkpoint()
    (checkpoint,) = (raw.path / LOG).glob("*.checkpoint.parquet")
    if damage == "checkpoint":
        checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    else:
        checkpoint.unlink()
    with pytest.raises(StoreError, match="store status"):
        raw.position()
    assert whats(store)[0] == ("raw/s.t", "drop shortcuts")
    assert all(row["mended"] for row in Upkeep(store).repair(NOW))
    assert not (raw.path / LOG / LAST_CHECKPOINT).exists()
    assert (whats(store), ids(store)) == ([], ["0", "1", "2"])


def test_a_derived_table_that_lost_a_file_is_made_anew(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    path = table_of(store, covers=3)
    kept_by_a_run(store, tables={"people": 1})
    next(path.glob("*.parquet")).unlink()
    assert whats(store) == [("tables/people", "backup"), ("tables/people", "make anew")]
    Upkeep(store).repair(NOW)
    place = store.table("people").position()
    assert (place.coverage, store.table("people").files()) == ({}, [])
    assert whats(store) == [("tables/people", "backup")], "what the run saw stays lost"


def test_a_table_that_covers_more_than_is_stored_is_made_anew(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    table_of(store, covers=3)
    entries(store.raw("s", "t").path)[-1][1].write_bytes(b"{")
    done = Upkeep(store).repair(NOW)
    assert [(row["table"], row["mended"]) for row in done] == [("raw/s.t", True), ("tables/people", True)]
    assert (whats(store), store.table("people").position().coverage) == ([], {})


def test_a_ledger_that_cannot_be_read_keeps_others_from_taking_back(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    kept_by_a_run(store)
    entry(store.folder / "runs", 0).write_text("{")
    entries(store.raw("s", "t").path)[-1][1].write_bytes(b"{")
    assert [row["mended"] for row in Upkeep(store).repair(NOW)] == [False, False]


def test_status_says_sizes_versions_and_ages(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    kept_by_a_run(store, raw_versions={"s.t": 2})
    raw = store.raw("s", "t").path
    (raw / "part-of-nothing.parquet").write_bytes(b"12345")
    sizes = {file.name: file.stat().st_size for file in raw.glob("part-0*.parquet")}
    Upkeep(store).compact()
    rows, faults = Upkeep(store).status(NOW)
    row = {row["table"]: row for row in rows}["raw/s.t"]
    assert faults == []
    assert (row["commits"], row["version"], row["files"], row["kept_versions"], row["orphans"]) == (3, 4, 1, 1, 1)
    assert row["bytes_on_disk"] == sum(sizes.values()) + row["bytes"] + 5
    assert row["oldest"] < row["newest"]
    assert row["age_days"] == round((NOW - row["newest"]).total_seconds() / 86400, 1)


def test_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    assert stat.S_IMODE(store_of(tmp_path, 0).folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["raw", "tables", "runs", "published"])
def test_a_foreign_file_in_the_place_of_a_folder_is_named(tmp_path: Path, name: str) -> None:
    folder = Store(tmp_path / "data").folder
    (folder / name).write_text("mine")
    with pytest.raises(StoreError, match=f"data/{name} is a file that is not the store's; move it away"):
        Store(folder)
    assert (folder / name).read_text() == "mine"


def test_a_file_in_the_place_of_a_table_is_refused_and_left(tmp_path: Path) -> None:
    store = store_of(tmp_path, 1)
    (store.folder / "raw" / "s.other").write_text("mine")
    raw = store.raw("s", "other")
    rows = raw.prepare(page(("1", 0, "{}")), at=day(0), by_arrival=False).rows
    with pytest.raises(StoreError, match=r"raw/s\.other cannot be written"):
        raw.commit(rows, cursor="a", expected_n=0, run_id="r", at=day(0))
    assert (store.folder / "raw" / "s.other").read_text() == "mine"
    assert Upkeep(store).status(NOW)[1] == []


@pytest.mark.parametrize(
    "card",
    [
        '{"format": 1e999}',
        '{"format": true}',
        '{"format": "1"}',
        '{"format": 0}',
        "[]",
        "",
        "{",
        '{"format": NaN}',
        "\udcff",
    ],
)
def test_a_card_that_says_no_format_is_refused(tmp_path: Path, card: str) -> None:
    folder = Store(tmp_path / "data").folder
    (folder / "store.json").write_bytes(card.encode("utf-8", "surrogateescape"))
    with pytest.raises(StoreError, match=r"store.json is not readable; restore it"):
        Store(folder)


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    folder = Store(tmp_path / "data").folder
    (folder / "store.json").write_text('{"format": 99}')
    with pytest.raises(StoreError, match="format 99, this qa-sync reads up to 1; upgrade"):
        Store(folder)


def test_a_full_disk_leaves_the_card_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "fsync", full)
        with pytest.raises(StoreError, match="cannot be used: No space left on device"):
            Store(tmp_path / "data")
        assert [file for file in (tmp_path / "data").iterdir() if file.suffix == ".new"] == []
    assert Store(tmp_path / "data").raw_streams() == []


def test_what_was_read_before_a_person_was_erased_is_not_written_after_it(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    other = Store(store.folder)
    with other.lock.held():
        other.lock.count_erasure()
    for write in (lambda: add(store, 3), lambda: table_of(store, 3)):
        with pytest.raises(StoreError, match="a person was erased while this ran"):
            write()
    kept_by_a_run(store)  # that a run failed is recorded: its row is of counts
    assert (ids(store), store.table("people").position().n, len(store.ledger.runs())) == (["0", "1", "2"], 0, 1)
    add(other, 3)
    store.lock.renew()
    add(store, 4)
    assert ids(store) == ["0", "1", "2", "3", "4"]
