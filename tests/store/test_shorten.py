"""A log that is shortened loses nothing: every state, every mending and every move works as before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from store.buckets import emulated
from store.buckets import ids as ids_in_bucket
from store.pages import seen
from store.test_durable import NOW, add, ids, store_of, whats
from store.test_vacuum import finished

from qa_sync.errors import StoreError
from qa_sync.store import Store, Upkeep
from qa_sync.store import shorten as shortening
from qa_sync.store.erase import stage_table, take_place
from qa_sync.store.log import LAST_CHECKPOINT, LOG, SET_ASIDE, checkpoints, entries, entry, numbered
from qa_sync.store.moving import export_store, import_store
from qa_sync.store.redact import Person, Redactor
from qa_sync.store.shorten import shorten
from qa_sync.store.storage import copy

COMMITS = 47
#: So many of the newest versions stay in these tests.
STAYING = 5
#: Compactions are versions, too; Delta Lake made checkpoints of 19 and 39.
NEWEST = COMMITS + 2
FIRST = 39
#: Those that are compared: around checkpoints, compactions and where the log is cut.
VERSIONS = (0, 1, 12, 18, 19, 20, 27, 38, 39, 40, 48, 49)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 47 commits, merged twice, with a run that saw ten of them."""
    store = store_of(tmp_path_factory.mktemp("long"), 10)
    finished(store, "early", 1)
    for n in range(10, COMMITS):
        add(store, n)
        if n in (25, 44):
            Upkeep(store).compact([store.raw("s", "t").path])
    return Path(str(store.folder))


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "data"))


def table_of(store: Store) -> Any:
    return store.raw("s", "t").path


def states(store: Store) -> list[list[str]]:
    """Return the files of versions."""
    raw = store.raw("s", "t")
    return [sorted(raw.files(version)) for version in VERSIONS]


def test_every_version_has_its_files_and_what_delta_lake_lists_is_short(folder: Path) -> None:
    store = Store(folder)
    raw, before, log = store.raw("s", "t"), states(store), entries(table_of(store))
    here = raw.position()
    assert (here.n, here.version) == (COMMITS, NEWEST)
    assert shorten(raw.path, staying=STAYING) == FIRST
    assert [version for version, _ in numbered(raw.path / LOG)] == list(range(FIRST, NEWEST + 1))
    assert sorted(checkpoints(raw.path)) == [FIRST, NEWEST]
    assert [version for version, _ in entries(raw.path)] == [version for version, _ in log]
    assert (states(store), raw.position(), whats(store)) == (before, here, [])
    assert (ids(store), seen(store, "early")) == (sorted(map(str, range(COMMITS))), sorted(map(str, range(10))))
    assert shorten(raw.path, staying=STAYING) == 0
    add(store, COMMITS)
    assert raw.position().n == COMMITS + 1
    with pytest.raises(StoreError, match=f"it has no version {NEWEST + 2}"):
        raw.files(NEWEST + 2)


def test_the_new_checkpoint_names_current_files_only(folder: Path) -> None:
    path = table_of(Store(folder))
    old = pq.read_table(checkpoints(path)[FIRST])
    shorten(path, staying=STAYING)
    made = pq.read_table(checkpoints(path)[NEWEST])
    assert old["remove"].null_count < len(old)
    assert made["remove"].null_count == len(made)
    assert len(made) - made["add"].null_count == len(DeltaTable(path).file_uris())
    assert made.schema.equals(old.schema)


class Killed(BaseException):
    """What no error handling catches."""


def interrupted(at: int) -> Any:
    """Patch what changes the names in a folder so that the ``at``-th change never happens."""
    left = [at]

    def counted(change: Any) -> Any:
        def maybe(self: Path, *arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return change(self, *arguments, **options)

        return maybe

    return mock.patch.multiple(Path, replace=counted(Path.replace), unlink=counted(Path.unlink))


@pytest.mark.parametrize(
    "at", [0, 1, 15, FIRST + 1, *(pytest.param(at, marks=pytest.mark.soak) for at in range(2, FIRST + 1) if at != 15)]
)
def test_cut_short_anywhere_it_has_every_version_and_goes_on_the_next_time(folder: Path, at: int) -> None:
    store = Store(folder)
    path, before = table_of(store), states(store)
    with interrupted(at), pytest.raises(Killed):
        shorten(path, staying=STAYING)
    assert (states(store), whats(store)) == (before, [])
    moved = len(numbered(path / SET_ASIDE))
    assert shorten(path, staying=STAYING) == FIRST - moved
    assert (states(store), whats(store), sorted(checkpoints(path))) == (before, [], [FIRST, NEWEST])


@pytest.mark.parametrize("at", [20, *(pytest.param(at, marks=pytest.mark.soak) for at in range(42) if at != 20)])
def test_a_repair_cut_short_can_be_begun_again(folder: Path, at: int) -> None:
    store = Store(folder)
    path, before = table_of(store), states(store)
    shorten(path, staying=STAYING)
    checkpoints(path)[FIRST].write_bytes(b"nonsense")
    with interrupted(at), pytest.raises(Killed):
        Upkeep(store).repair(NOW)
    Upkeep(store).repair(NOW)
    assert (states(store), whats(store), [v for v, _ in numbered(path / LOG)]) == (before, [], list(range(NEWEST + 1)))


def test_a_lost_checkpoint_is_found_and_the_log_put_together_again(folder: Path) -> None:
    store = Store(folder)
    path, before = table_of(store), states(store)
    shorten(path, staying=STAYING)
    for file in (*checkpoints(path).values(), path / LOG / LAST_CHECKPOINT):
        file.unlink()
    assert whats(store) == [("raw/s.t", "drop shortcuts")]
    with pytest.raises(StoreError, match="cannot be opened"):
        store.raw("s", "t").position()
    (done,) = Upkeep(store).repair(NOW)
    assert done["mended"]
    assert (states(store), whats(store)) == (before, [])


def test_a_half_written_commit_behind_a_short_log_is_taken_back(folder: Path) -> None:
    store = Store(folder)
    path, before = table_of(store), states(store)
    shorten(path, staying=STAYING)
    add(store, COMMITS)
    entry(path, NEWEST + 1).write_bytes(b'{"commitInfo":')
    assert whats(store) == [("raw/s.t", "take back")]
    Upkeep(store).repair(NOW)
    assert (states(store), whats(store), ids(store)) == (before, [], sorted(map(str, range(COMMITS))))


def test_an_entry_that_is_gone_though_a_checkpoint_stands_for_it_is_told(folder: Path) -> None:
    store = Store(folder)
    shorten(table_of(store), staying=STAYING)
    entry(table_of(store), NEWEST).unlink()
    (fault,) = Upkeep(store).status(NOW)[1]
    assert (fault.what, fault.remedy) == (f"the log lacks 1 of its entries, the first of them {NEWEST}", "backup")


def test_a_damaged_entry_among_those_set_aside_is_told(folder: Path) -> None:
    store = Store(folder)
    shorten(table_of(store), staying=STAYING)
    entry(table_of(store), 3, folder=SET_ASIDE).write_bytes(b"nonsense")
    assert whats(store) == [("raw/s.t", "backup")]


def test_a_person_is_erased_from_what_was_set_aside(folder: Path) -> None:
    store = Store(folder)
    path = table_of(store)
    before = [len(files) for files in states(store)]
    shorten(path, staying=STAYING)
    # The log's statistics name the least and the greatest id of each file.
    assert b'"id":"7"' in entry(path, 8, folder=SET_ASIDE).read_bytes().replace(b"\\", b"")
    redactor = Redactor(Person(token="erased-1", names=(("7",),), records=frozenset({("s", "t", "7")})))
    take_place(store.folder, [stage_table(path, "raw/s.t", redactor, write=True)])
    assert "7" not in ids(store)
    assert [len(files) for files in states(store)] == before
    assert len(ids(store)) == COMMITS
    assert b'"id":"7"' not in b"".join(file.read_bytes() for _, file in entries(path)).replace(b"\\", b"")
    assert whats(store) == []


def test_a_shortened_store_moves_house(folder: Path, tmp_path: Path) -> None:
    store = Store(folder)
    plain = export_store(store, tmp_path / "plain", at=NOW)
    shorten(table_of(store), staying=STAYING)
    assert export_store(store, tmp_path / "box", at=NOW) == plain
    import_store(tmp_path / "box", tmp_path / "new")
    new = Store(tmp_path / "new")
    # An import has no checkpoint: shortening begins with one.
    assert shorten(table_of(new), staying=STAYING) == NEWEST
    assert (ids(new), seen(new, "early"), whats(new)) == (ids(store), seen(store, "early"), [])


def test_it_is_done_where_a_log_is_long(folder: Path) -> None:
    store = Store(folder)
    with mock.patch.object(shortening, "LONG", NEWEST + 2):
        assert Upkeep(store).shorten() == 0
    with mock.patch.object(shortening, "LONG", NEWEST + 1):
        assert Upkeep(store).shorten() == 19  # to the oldest checkpoint: no other has so many entries behind it
        assert Upkeep(store).shorten() == 0


@pytest.fixture
def bucket(folder: Path, tmp_path: Path) -> Iterator[Store]:
    with emulated() as running:
        target = running.folder("long")
        for file in folder.rglob("*"):
            if file.is_file():
                copy(file, target / file.relative_to(folder).as_posix())
        yield running.store("long", tmp_path / "state")


@pytest.mark.thorough
def test_in_a_bucket_it_is_the_same(bucket: Store) -> None:
    path, version = table_of(bucket), 12
    before = sorted(bucket.raw("s", "t").files(version))
    assert shorten(path, staying=STAYING) == FIRST
    assert sorted(bucket.raw("s", "t").files(version)) == before
    assert (ids_in_bucket(bucket), seen(bucket, "early")) == (
        sorted(map(str, range(COMMITS))),
        sorted(map(str, range(10))),
    )
    checkpoints(path)[FIRST].write_bytes(b"nonsense")
    Upkeep(bucket).repair(NOW)
    assert [at for at, _ in numbered(path / LOG)] == list(range(NEWEST + 1))
    assert sorted(bucket.raw("s", "t").files(version)) == before


def test_a_reader_that_meets_the_shortening_opens_the_table(folder: Path) -> None:
    store = Store(folder)
    path = table_of(store)

    tries: list[object] = []

    def opened(*given: Any, **options: Any) -> DeltaTable:
        """Open a table; the first time its log is shortened after it was listed."""
        tries.append(given)
        if len(tries) == 1:
            with mock.patch("deltalake.DeltaTable", DeltaTable):
                shorten(path, staying=STAYING)
            raise DeltaError
        return DeltaTable(*given, **options)

    with mock.patch("deltalake.DeltaTable", opened):
        assert store.raw("s", "t").position().n == COMMITS


def test_the_bytes_of_files_come_with_their_table(folder: Path) -> None:
    from qa_sync.store import delta

    path = table_of(Store(folder))
    table = delta.open_table(path)
    assert table is not None
    held = pa.table(table.get_add_actions())["path"].to_pylist()
    assert delta.sizes(table) == [(path / name).stat().st_size for name in held]
    assert delta.sizes(None) == []
