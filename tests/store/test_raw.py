from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest
from store.pages import day, page

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import LostRace, StoreError
from qa_sync.model.system import RAW
from qa_sync.store import RawStream, Store, Upkeep, delta


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def put(raw: RawStream, rows: pa.Table, *, n: int, cursor: str = "c", by_arrival: bool = False, at: int = 0) -> int:
    prepared = raw.prepare(rows, at=day(at), by_arrival=by_arrival)
    return raw.commit(prepared.rows, cursor=cursor, expected_n=n, run_id="run", at=day(at))


def stored(raw: RawStream) -> list[tuple[str, str | None]]:
    engine = DuckEngine()
    engine.scan("it", raw.files(), RAW)
    rows = engine.fetch("SELECT id, payload FROM it ORDER BY source_stamp NULLS FIRST, source_seq, id").to_pylist()
    engine.close()
    return [(row["id"], row["payload"]) for row in rows]


def test_rows_and_cursor_are_one_commit(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    assert (raw.position().n, raw.position().cursor) == (0, None)
    put(raw, page(("1", 0, '{"a":1}')), n=0, cursor="after-1")
    assert (raw.position().n, raw.position().cursor) == (1, "after-1")
    assert stored(raw) == [("1", '{"a":1}')]


def test_a_second_writer_with_the_same_position_commits_nothing(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    put(raw, page(("1", 0, "{}")), n=0, cursor="mine")
    with pytest.raises(LostRace):
        put(raw, page(("2", 0, "{}")), n=0, cursor="theirs")
    assert raw.position().cursor == "mine"
    assert stored(raw) == [("1", "{}")]


def test_the_cursor_survives_compaction_and_so_does_compare_and_swap(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    for n in range(4):
        put(raw, page((str(n), n, "{}")), n=n, cursor=f"c{n}")
    before = stored(raw)
    Upkeep(store).compact()
    Upkeep(store).compact()
    assert (raw.position().n, raw.position().cursor) == (4, "c3")
    assert stored(raw) == before
    assert len(raw.files()) == 1
    with pytest.raises(LostRace):
        put(raw, page(("9", 9, "{}")), n=3)
    assert put(raw, page(("9", 9, "{}")), n=4, cursor="c4") == 5


def test_the_same_version_again_is_unchanged_and_not_stored(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    put(raw, page(("1", 0, "{}"), ("2", 0, "{}")), n=0)
    again = raw.prepare(page(("1", 0, "{}"), ("2", 1, '{"b":1}')), at=day(1), by_arrival=False)
    assert (again.counts.accepted, again.counts.unchanged) == (1, 1)
    assert again.rows["id"].to_pylist() == ["2"]


def test_there_and_back_is_three_versions(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    counts = raw.prepare(page(("1", 0, "A"), ("1", 1, "B"), ("1", 2, "A")), at=day(3), by_arrival=False).counts
    assert counts.rejected == 3  # A and B are not JSON
    counts = raw.prepare(page(("1", 0, '"A"'), ("1", 1, '"B"'), ("1", 2, '"A"')), at=day(3), by_arrival=False).counts
    assert (counts.accepted, counts.unchanged) == (3, 0)


def test_an_equal_later_version_is_kept_because_another_may_arrive_between(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    put(raw, page(("1", 0, '"A"')), n=0)
    later = raw.prepare(page(("1", 2, '"A"')), at=day(2), by_arrival=False)
    assert (later.counts.unchanged, later.rows.num_rows) == (1, 1)


def test_where_arrival_decides_an_equal_record_is_dropped(store: Store) -> None:
    raw = store.raw("files", "roster")
    put(raw, page(("1", None, '"A"')), n=0, by_arrival=True)
    again = raw.prepare(page(("1", None, '"A"'), ("2", None, '"B"')), at=day(1), by_arrival=True)
    assert (again.counts.unchanged, again.rows["id"].to_pylist()) == (1, ["2"])


def test_absence_from_a_complete_listing_is_a_tombstone(store: Store) -> None:
    raw = store.raw("files", "roster")
    put(raw, page(("1", None, "{}"), ("2", None, "{}")), n=0, by_arrival=True)
    gone = raw.absent(pa.array(["2"]))
    assert [(row["id"], row["deleted"]) for row in gone.to_pylist()] == [("1", True)]
    put(raw, gone, n=1, by_arrival=True, at=1)
    assert raw.absent(pa.array(["2"])).num_rows == 0


def test_odd_characters_are_repaired_and_what_is_no_json_is_set_aside(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    rows = page(
        ("1", 0, '{"a":"\\ud800x","n":NaN}'),
        ("2", 0, '{"a":'),
        ("", 0, "{}"),
        ("4", 0, '{"a":"z\\u0000"}'),
        ("5", 0, '{"a":"a NaN in words"}'),
    )
    prepared = raw.prepare(rows, at=day(0), by_arrival=False)
    assert {r["id"]: json.loads(r["payload"]) for r in prepared.rows.to_pylist()} == {
        "1": {"a": "\ufffdx", "n": None},
        "4": {"a": "z\ufffd"},
        "5": {"a": "a NaN in words"},
    }
    assert {(r["record_id"], r["reason"]) for r in prepared.rejects.to_pylist()} == {
        ("2", "not JSON text"),
        ("(row 3)", "no id"),
    }
    assert (prepared.counts.accepted, prepared.counts.rejected, prepared.counts.repaired) == (3, 2, 2)


def test_rows_of_another_shape_are_refused(store: Store) -> None:
    from qa_sync.store import delta

    raw = store.raw("zen", "tickets")
    put(raw, page(("1", 0, "{}")), n=0)
    wrong = pa.table(
        {name: pa.array([1.7]) if name == "n" else pa.array([None], RAW.field(name).type) for name in RAW.names}
    )
    with pytest.raises(StoreError, match=r"n: double instead of int64"):
        delta.commit(raw.path, RAW, wrong, expected_n=1, note={}, statistics=("id",))


def test_old_versions_stay_readable(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    put(raw, page(("1", 0, "{}")), n=0)
    version = raw.position().version
    put(raw, page(("2", 0, "{}")), n=1)
    assert len(raw.files(version)) == 1
    assert len(raw.files()) == 2


def test_nothing_in_the_log_expires_by_itself(store: Store) -> None:
    from deltalake import DeltaTable

    raw = store.raw("zen", "tickets")
    put(raw, page(("1", 0, "{}")), n=0)
    configuration = DeltaTable(str(raw.path)).metadata().configuration
    assert configuration["delta.enableExpiredLogCleanup"] == "false"
    assert configuration["delta.logRetentionDuration"] == "interval 40000 days"
    assert configuration["delta.checkpointInterval"] == "20"


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"format": 99}')
    with pytest.raises(StoreError, match="upgrade"):
        Store(tmp_path)


def test_a_known_version_is_recognised_in_whichever_file_it_is_and_no_other_file_is_read(store: Store) -> None:
    raw = store.raw("zen", "tickets")
    batches = [("1", "2"), ("5", "59"), ("é" * 40, "日" * 40)]
    for n, ids in enumerate(batches):
        put(raw, page(*((one, n, "{}") for one in ids)), n=n)
    table = delta.open_table(raw.path)
    held = {ids: set(delta.files_within(table, raw.path, "id", *sorted(ids))) for ids in batches}
    assert [len(files) for files in held.values()] == [1, 1, 1]
    assert set().union(*held.values()) == set(raw.files())
    assert set(delta.files_within(table, raw.path, "id", "2", "5")) == held["1", "2"] | held["5", "59"]
    assert delta.files_within(table, raw.path, "id", "3", "4") == []
    for n, ids in enumerate(batches):
        assert raw.prepare(page(*((one, n, "{}") for one in ids)), at=day(9), by_arrival=False).counts.unchanged == 2


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        ('{"a":"\\u00e9"}', '{"a":"\\u00e9"}'),
        ('{"a":"\\u0000"}', '{"a":"\ufffd"}'),
        ('{"a":NaN}', '{"a":null}'),
        ('{"a":"NaN"}', '{"a":"NaN"}'),
        ('{"a":12345678901234567890123}', '{"a":12345678901234567890123}'),
        ("{" + '"a":[' * 3000 + "]" * 3000 + "}", None),
        ("", None),
        ('{"a":01}', None),
    ],
)
def test_one_odd_payload_is_judged_for_itself_and_its_neighbours_stand(
    store: Store, payload: str, kept: str | None
) -> None:
    prepared = store.raw("zen", "tickets").prepare(
        page(("1", 0, '{"b":1}'), ("2", 0, payload), ("3", 0, None)), at=day(0), by_arrival=False
    )
    middle = [] if kept is None else [kept]
    assert prepared.rows["payload"].to_pylist() == ['{"b":1}', *middle, None]
    texts = [text or "" for text in prepared.rows["payload"].to_pylist()]
    assert prepared.rows["payload_hash"].to_pylist() == [hashlib.sha256(text.encode()).hexdigest() for text in texts]
