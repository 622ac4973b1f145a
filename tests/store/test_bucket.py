"""A store in a bucket keeps what one on a disk keeps; two processes cannot both believe that they hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from store.buckets import KEYS, Emulator, add, emulated, ids
from store.pages import day, page, seen

from qa_sync.errors import ConfigError, LostRace, StoreError
from qa_sync.store import Run, Snapshot, Store, Upkeep, lease
from qa_sync.store.bucket import BucketPath, open_bucket
from qa_sync.store.bucket_lock import LEASE_SECONDS, BucketLock
from qa_sync.store.erase import stage_table, take_place
from qa_sync.store.log import read_log
from qa_sync.store.moving import export_store, import_store
from qa_sync.store.redact import Person, Redactor
from qa_sync.store.storage import MOVING, copy, locate
from qa_sync.store.vacuum import GRACE


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with emulated() as running:
        yield running


@pytest.fixture(scope="module")
def template(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> BucketPath:
    """A store of three commits."""
    made = emulator.store("template", tmp_path_factory.mktemp("state"))
    for n in range(3):
        add(made, n)
    assert isinstance(made.folder, BucketPath)
    return made.folder


@pytest.fixture
def store(emulator: Emulator, template: BucketPath, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    target = emulator.folder(request.node.name)
    for file in template.rglob("*"):
        copy(file, target / file.relative_to(template).as_posix())
    return emulator.store(request.node.name, tmp_path / "state")


def finished(store: Store, name: str, at: int) -> None:
    version = store.raw("s", "t").position().version
    taken = Snapshot(raw_versions={"s.t": version}, streams={"s.t": 99})
    run = Run(run_id=name, command="run", status="done", started_at=day(at), finished_at=day(at), snapshot=taken)
    store.ledger.finish(run)


def names(store: Store) -> list[str]:
    return sorted(file.relative_to(store.folder).as_posix() for file in store.folder.rglob("*"))


# ---- rows -------------------------------------------------------------------------------------------------------


def test_rows_and_cursor_of_a_commit_are_there_for_whoever_opens_the_store_next(
    store: Store, emulator: Emulator, tmp_path: Path
) -> None:
    other = Store(store.folder, state=tmp_path / "elsewhere")
    assert (ids(other), other.raw("s", "t").position().cursor) == (["0", "1", "2"], "after 2")
    assert [raw.name for raw in other.raw_streams()] == ["s.t"]
    again = other.raw("s", "t").prepare(page(("1", 1, '{"n": 1}'), ("9", 9, "{}")), at=day(1), by_arrival=False)
    assert (again.counts.accepted, again.counts.unchanged) == (1, 1)


def test_of_two_that_read_the_same_position_one_commits(store: Store, tmp_path: Path) -> None:
    other = Store(store.folder, state=tmp_path / "state")
    here, there = store.raw("s", "t"), other.raw("s", "t")
    n = there.position().n
    rows = there.prepare(page(("7", 7, "{}")), at=day(0), by_arrival=False).rows
    add(store, 3)
    with pytest.raises(LostRace):
        there.commit(rows, cursor="after 7", expected_n=n, run_id="r", at=day(0))
    assert (ids(store), here.position().cursor) == (["0", "1", "2", "3"], "after 3")


def test_a_log_entry_is_written_only_where_none_is_whatever_became_of_the_lock(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both writers have opened the table at one version and pass every check of ours: storage refuses the second."""
    from qa_sync.store import delta

    raw = store.raw("s", "t")
    rows = raw.prepare(page(("7", 7, "{}")), at=day(0), by_arrival=False).rows
    stale = delta.open_table(raw.path)
    expected = raw.position().n
    add(store, 3)
    monkeypatch.setattr(delta, "open_table", lambda _path: stale)
    with pytest.raises(LostRace):
        raw.commit(rows, cursor="after 7", expected_n=expected, run_id="r", at=day(0))
    monkeypatch.undo()
    assert ids(store) == ["0", "1", "2", "3"]


def test_compaction_and_vacuum_keep_every_state_that_a_run_needs(store: Store) -> None:
    finished(store, "early", 0)
    Upkeep(store).compact()
    add(store, 3)
    finished(store, "late", 100)
    Upkeep(store).compact()
    now = max(read_log(store.raw("s", "t").path).times.values()) + 2 * GRACE
    rows, faults = Upkeep(store).status(now)
    raw = next(row for row in rows if row["table"] == "raw/s.t")
    assert (faults, raw["files"], raw["commits"], raw["orphans"]) == ([], 1, 4, 0)
    (store.raw("s", "t").path / "part-00000-orphan.parquet").write_text("left by a kill")
    done = {row["table"]: row for row in Upkeep(store).vacuum(horizon=day(50), now=now)}
    assert (done["raw/s.t"]["orphans"], done["raw/s.t"]["expired"] > 0) == (1, True)
    assert (seen(store, "late"), ids(store)) == (["0", "1", "2", "3"], ["0", "1", "2", "3"])
    with pytest.raises(StoreError, match="can no longer be shown"):
        seen(store, "early")


def test_a_lost_object_is_found_and_the_read_says_so(store: Store) -> None:
    finished(store, "it", 0)
    next(iter(store.raw("s", "t").path.glob("*.parquet"))).unlink()
    _, faults = Upkeep(store).status(datetime.now(UTC))
    assert [(fault.table, fault.remedy) for fault in faults] == [("raw/s.t", "backup"), ("raw/s.t", "backup")]
    with pytest.raises(StoreError, match="1 of its files are gone"):
        seen(store, "it")
    with pytest.raises(StoreError, match="store status"):
        ids(store)


def test_a_person_is_gone_from_every_object(store: Store, tmp_path: Path) -> None:
    raw = store.raw("s", "t")
    rows = raw.prepare(page(("p", 1, '{"agent": "Planted Person"}')), at=day(0), by_arrival=False).rows
    raw.commit(rows, cursor="c", expected_n=raw.position().n, run_id="r", at=day(0))
    redactor = Redactor(Person(token="erased-1", names=(("Planted Person",),)))
    with store.lock.held():
        staged = [stage_table(path, path.name, redactor, write=True) for path in store.delta_folders()]
        store.lock.count_erasure()
        take_place(store.folder, staged)
    from qa_sync.store.erase import traces

    assert (sum(one.rows for one in staged), traces(store.folder, redactor)) == (1, [])
    assert [name for name in names(store) if name.endswith((".erased", "erasing.json"))] == []
    assert ids(Store(store.folder, state=tmp_path)) == ["0", "1", "2", "p"]


def test_an_erasure_that_was_cut_short_is_finished_by_whoever_opens_the_store(store: Store, tmp_path: Path) -> None:
    raw = store.raw("s", "t")
    rows = raw.prepare(page(("p", 1, '{"agent": "Planted Person"}')), at=day(0), by_arrival=False).rows
    raw.commit(rows, cursor="c", expected_n=raw.position().n, run_id="r", at=day(0))
    redactor = Redactor(Person(token="erased-1", names=(("Planted Person",),)))
    staged = stage_table(raw.path, "raw/s.t", redactor, write=True)
    listed = {"replace": [one.relative_to(store.folder).as_posix() for one in staged.staged], "remove": []}
    (store.folder / "erasing.json").write_text(json.dumps(listed))
    staged.staged[0].replace(staged.staged[0].with_name(staged.staged[0].name.removesuffix(".erased")))
    from qa_sync.store.erase import traces

    assert traces(Store(store.folder, state=tmp_path).folder, redactor) == []


def test_a_store_moves_from_a_bucket_to_a_disk_and_back(store: Store, emulator: Emulator, tmp_path: Path) -> None:
    finished(store, "it", 1)
    Upkeep(store).compact()
    add(store, 3)
    export_store(store, tmp_path / "box", at=datetime(2026, 11, 22, tzinfo=UTC))
    import_store(tmp_path / "box", tmp_path / "disk")
    import_store(tmp_path / "box", emulator.folder("moved"))
    for new in (Store(tmp_path / "disk"), emulator.store("moved", tmp_path / "state")):
        assert (ids(new), seen(new, "it"), Upkeep(new).status(day(2))[1]) == (["0", "1", "2", "3"], ["0", "1", "2"], [])
    with pytest.raises(StoreError, match="not empty"):
        import_store(tmp_path / "box", emulator.folder("moved"))


def test_an_import_that_was_cut_short_opens_as_no_store_and_can_be_done_again(
    store: Store, emulator: Emulator, tmp_path: Path
) -> None:
    export_store(store, tmp_path / "box", at=datetime(2026, 11, 22, tzinfo=UTC))
    half = emulator.folder("half")
    (half / MOVING).write_text("{}")
    (half / "raw/s.t/part-0.parquet").write_text("half")
    with pytest.raises(StoreError, match="import' again"):
        Store(half, state=tmp_path)
    import_store(tmp_path / "box", half)
    assert ids(Store(half, state=tmp_path)) == ["0", "1", "2"]


# ---- the lock ---------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def lock_of(emulator: Emulator, name: str, clock: Clock, run: str = "") -> BucketLock:
    return BucketLock(emulator.folder(name) / "lock.json", run_id=run, clock=clock, sleep=clock.sleep, beating=False)


def test_one_holds_the_lock_and_the_next_has_it_when_it_is_let_go(emulator: Emulator) -> None:
    clock = Clock()
    first, second = lock_of(emulator, "a", clock, "one"), lock_of(emulator, "a", clock, "two")
    assert first.acquire(0.0)
    assert first.acquire(0.0)  # nested
    first.release()
    assert not second.acquire(5.0)
    assert second.holder().startswith("run one (process ")
    first.release()
    assert second.acquire(0.0)
    first_again = first.acquire(5.0)
    second.release()
    assert (first_again, first.acquire(0.0)) == (False, True)


def test_the_lock_of_one_that_died_is_taken_over_when_it_was_not_written_for_so_long(emulator: Emulator) -> None:
    clock = Clock()
    dead, next_one = lock_of(emulator, "b", clock), lock_of(emulator, "b", clock)
    assert dead.acquire(0.0)
    began = clock.now
    assert next_one.acquire(LEASE_SECONDS * 2)
    assert LEASE_SECONDS <= clock.now - began < LEASE_SECONDS + 2
    said = json.loads((emulator.folder("b") / "lock.json").read_text())
    assert (said["fence"], said["free"]) == (2, False)


def test_one_that_was_stopped_and_lost_its_lock_may_not_go_on_nor_let_go_what_is_another_s(emulator: Emulator) -> None:
    clock = Clock()
    stopped, next_one = lock_of(emulator, "c", clock), lock_of(emulator, "c", clock)
    assert stopped.acquire(0.0)
    stopped.check()
    assert next_one.acquire(LEASE_SECONDS * 2)
    with pytest.raises(StoreError, match="another took the store's lock"):
        stopped.check()
    stopped.release()
    next_one.check()
    assert not lock_of(emulator, "c", clock).acquire(1.0)


def test_one_that_looks_in_time_keeps_its_lock_for_as_long_as_it_likes(emulator: Emulator) -> None:
    clock = Clock()
    holder, waiting = lock_of(emulator, "d", clock), lock_of(emulator, "d", clock)
    assert holder.acquire(0.0)
    for _ in range(10):
        clock.sleep(LEASE_SECONDS * 0.6)
        holder.check()
    assert not waiting.acquire(1.0)
    holder.release()
    assert waiting.acquire(0.0)


def test_a_beat_in_the_background_keeps_the_lock(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa_sync.store import bucket_lock

    monkeypatch.setattr(bucket_lock, "LEASE_SECONDS", 0.03)
    place = emulator.folder("e") / "lock.json"
    holder = BucketLock(place)
    assert holder.acquire(0.0)
    before = json.loads(place.read_text())["beat"]
    for _ in range(2000):
        if json.loads(place.read_text())["beat"] != before:
            break
    else:
        pytest.fail("the lock was never written anew")
    holder.release()
    assert json.loads(place.read_text())["free"]


def test_a_write_whose_answer_was_lost_still_counts(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    lock = lock_of(emulator, "f", clock)
    whole, answers = BucketLock._write, iter([False])

    def lossy(self: BucketLock, tag: str, *, is_free: bool) -> bool:
        return whole(self, tag, is_free=is_free) and next(answers, True)

    monkeypatch.setattr(BucketLock, "_write", lossy)
    assert lock.acquire(0.0)
    lock.check()


def test_a_live_run_is_named_and_one_that_died_is_not_waited_for_for_ever(emulator: Emulator) -> None:
    clock = Clock()
    told: list[str] = []
    lease_object = emulator.folder("g") / "leases" / "run.json"
    alive = BucketLock(lease_object, run_id="first", clock=clock, sleep=clock.sleep, beating=False)
    assert alive.acquire(0.0)

    def wait_and_beat(seconds: float) -> None:
        clock.sleep(seconds)
        alive.check()

    other = BucketLock(lease_object, run_id="second", clock=clock, sleep=wait_and_beat, beating=False)
    began = clock.now
    assert not other.acquire(0.0, for_certain=True)
    assert clock.now - began <= LEASE_SECONDS / 3 + 1  # as soon as the first was seen to be alive
    silent = BucketLock(lease_object, run_id="third", clock=clock, sleep=clock.sleep, beating=False)
    assert silent.acquire(0.0, for_certain=True)
    silent.release()
    with lease(emulator.folder("g"), "run", run_id="fourth", notify=told.append):
        assert json.loads(lease_object.read_text())["run"] == "fourth"
    assert told == []


def test_a_store_that_lost_its_lock_does_not_let_an_erasure_take_place(
    store: Store, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(
        store.lock, "_lock", BucketLock(store.folder / "lock.json", clock=clock, sleep=clock.sleep, beating=False)
    )  # type: ignore[operator]
    other = BucketLock(store.folder / "lock.json", clock=clock, sleep=clock.sleep, beating=False)  # type: ignore[arg-type]
    with store.lock.held():
        assert other.acquire(LEASE_SECONDS * 2)
        with pytest.raises(StoreError, match="another took"):
            store.lock.count_erasure()
    assert "erasures" not in names(store)


# ---- what an administrator meets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["s3://", "s3://quality", "s3://quality/", "s3://Quality/x", "s3://quality/a b", "s3://quality/a%20b"]
)
def test_an_address_that_is_none_is_refused_with_what_to_write(address: str) -> None:
    with pytest.raises(ConfigError, match="s3://BUCKET/PREFIX"):
        open_bucket(address, {})


def test_another_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gs:// is not supported"):
        locate("gs://quality/x", base=tmp_path, options={})


def test_a_bucket_that_is_not_there_is_one_clear_error_without_a_secret(emulator: Emulator, tmp_path: Path) -> None:
    folder = open_bucket("s3://not-there/x", emulator.options)
    with pytest.raises(StoreError, match="there is no such bucket") as raised:
        Store(folder, state=tmp_path)
    said = f"{raised.value} {raised.value.__cause__!r} {folder!r} {folder} {folder.bucket!r}"
    assert [secret for secret in KEYS.values() if secret in said] == []


def test_storage_that_does_not_answer_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa_sync.store import bucket

    monkeypatch.setattr(bucket, "_RETRIES", {"max_retries": 0, "retry_timeout": timedelta(seconds=1)})
    folder = open_bucket("s3://quality/x", {"endpoint": "http://127.0.0.1:1", **KEYS})
    with pytest.raises(StoreError, match="the bucket cannot be reached"):
        Store(folder, state=tmp_path)


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(ConfigError, match=r"pip install 'qa-sync\[s3\]'"):
        open_bucket("s3://quality/x", {})
