"""People who were erased do not return with what their sources send later; what is kept of them tells nothing."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from store.pages import day, page

from qa_sync.errors import StoreError
from qa_sync.store import Store
from qa_sync.store.moving import export_store, import_store
from qa_sync.store.redact import Person, Redactor, spellings
from qa_sync.store.tombstones import KEY, TOMBSTONES, Tombstones, made_key, read_tombstones

NAME = "Oisín Ó Briain"
PERSON = Person(
    token="erased-1",
    names=(("7",), ("70123456",), ("oisin.obriain@acme.example",), tuple(spellings(NAME))),
    records=frozenset({("s", "t", "70123456")}),
)
#: (what a source sends, what is kept), of records that are not the person's own.
TEXTS = [
    ('{"agent": "Oisín Ó Briain", "n": 1.50}', '{"agent": "erased-1-4", "n": 1.50}'),
    ('{"agent": "Ó BRIAIN, OISÍN"}', '{"agent": "erased-1-4"}'),
    ('{"agent": "Ois\\u00edn \\u00d3 Briain"}', '{"agent": "erased-1-4"}'),
    ('{"by": "Oisin O Briain <oisin.obriain@acme.example>"}', '{"by": "erased-1-4 <erased-1-3>"}'),
    ('{"note": "told oisin.obriain@acme.example, and 70123456."}', '{"note": "told erased-1-3, and erased-1-2."}'),
    ('{"note": "Bye\\n70123456"}', '{"note": "Bye\\nerased-1-2"}'),
    ('{"note": "Bye\\toisin.obriain@acme.example"}', '{"note": "Bye\\terased-1-3"}'),
    ('{"assignee_id": 70123456, "count": 70123457}', '{"assignee_id": "erased-1-2", "count": 70123457}'),
    ('{"assignee_id": 7, "count": 7}', '{"assignee_id": "erased-1-1", "count": 7}'),
    ('{"agent": "Oisín Ó Brianach", "id": 701234567}', '{"agent": "Oisín Ó Brianach", "id": 701234567}'),
    ('{"agent": "Sinéad Ó Briain"}', '{"agent": "Sinéad Ó Briain"}'),
    ("{}", "{}"),
]


@pytest.fixture
def gone() -> Tombstones:
    made = Tombstones(key=b"k" * 32)
    made.add(Redactor(PERSON))
    return made


@pytest.mark.parametrize(("sent", "kept"), TEXTS)
def test_each_name_becomes_its_token_and_the_rest_stays_to_the_letter(gone: Tombstones, sent: str, kept: str) -> None:
    made, changed = gone.payloads(pa.array([sent]), [False])
    assert (made.to_pylist(), changed) == ([kept], int(sent != kept))


@pytest.mark.parametrize("sent", [sent for sent, _ in TEXTS])
def test_what_arrives_later_becomes_what_the_erasure_made_of_it(gone: Tombstones, sent: str) -> None:
    made, _ = gone.payloads(pa.array([sent]), [False])
    assert made.to_pylist() == [Redactor(PERSON).payload(sent, own=False)]


def test_decomposed_letters_are_the_same_name(gone: Tombstones) -> None:
    sent = unicodedata.normalize("NFD", '{"agent": "Oisín Ó Briain"}')
    assert gone.payloads(pa.array([sent]), [False])[0].to_pylist() == ['{"agent": "erased-1-4"}']


def test_of_their_own_record_parts_of_the_name_go_too(gone: Tombstones) -> None:
    sent = '{"first": "Oisín", "last": "Briain", "id": 70123456, "seat": "7"}'
    assert gone.payloads(pa.array([sent]), [True])[0].to_pylist() == [
        '{"first": "erased-1", "last": "erased-1", "id": "erased-1-2", "seat": "erased-1-1"}'
    ]


def test_what_is_kept_holds_no_name_and_says_nothing_without_the_key(gone: Tombstones) -> None:
    held = gone.text()
    assert [term for term in PERSON.terms if len(term) > 1 and term in held] == []
    other = Tombstones(key=b"x" * 32)
    other.add(Redactor(PERSON))
    hashes = {one for kind in gone.terms.values() for one in kind} | gone.starts | gone.records.keys()
    assert hashes.isdisjoint(
        {one for kind in other.terms.values() for one in kind} | other.starts | other.records.keys()
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "data")
    gone = Tombstones(key=made_key(made.state))
    gone.add(Redactor(PERSON))
    (made.folder / TOMBSTONES).write_text(gone.text())
    return made


OWN = ("70123456", 1, json.dumps({"id": 70123456, "name": NAME}))
OTHER = ("8", 1, '{"agent": "Sinéad"}')


def put(store: Store, *rows: tuple[str, int, str]) -> tuple[int, int, int]:
    raw = store.raw("s", "t")
    made = raw.prepare(page(*rows), at=day(0), by_arrival=False)
    raw.commit(made.rows, cursor="c", expected_n=raw.position().n, run_id="r", at=day(0))
    return made.counts.accepted, made.counts.unchanged, made.counts.erased


def stored(store: Store) -> list[tuple[str, str]]:
    import pyarrow.parquet as pq

    rows = pa.concat_tables([pq.read_table(file) for file in store.raw("s", "t").files()])
    return sorted(zip(rows["id"].to_pylist(), rows["payload"].to_pylist(), strict=True))


def test_a_record_of_theirs_is_kept_without_them_and_known_when_it_comes_again(store: Store) -> None:
    assert put(store, OWN, OTHER) == (2, 0, 1)
    kept = [("8", '{"agent": "Sinéad"}'), ("erased-1-2", '{"id": "erased-1-2", "name": "erased-1-4"}')]
    assert stored(store) == kept
    assert put(store, OWN, OTHER) == (0, 2, 0)
    assert stored(store) == kept
    absent = store.raw("s", "t").absent
    assert absent(pa.array(["70123456", "8"])).num_rows == 0
    assert absent(pa.array(["8"]))["id"].to_pylist() == ["erased-1-2"]


def test_without_the_key_nothing_is_stored(store: Store) -> None:
    (store.state / KEY).unlink()
    with pytest.raises(StoreError, match=r"copy state/erased\.key from the machine"):
        put(store, OWN)
    assert store.raw("s", "t").position().n == 0


def test_a_damaged_list_lets_nobody_in(store: Store) -> None:
    (store.folder / TOMBSTONES).write_text("{")
    with pytest.raises(StoreError, match="erased people could return"):
        read_tombstones(store.folder, store.state)


def test_a_second_person_is_added_to_the_first(store: Store) -> None:
    gone = store.tombstones()
    assert gone is not None
    gone.add(Redactor(Person(token="erased-2", names=(("sinead@acme.example",),))))
    (store.folder / TOMBSTONES).write_text(gone.text())
    put(store, ("1", 1, '{"a": "sinead@acme.example", "b": "oisin.obriain@acme.example"}'))
    assert stored(store) == [("1", '{"a": "erased-2-1", "b": "erased-1-3"}')]


def test_a_store_that_moved_goes_on_keeping_them_out(store: Store, tmp_path: Path) -> None:
    put(store, OWN)
    export_store(store, tmp_path / "box", at=day(1))
    import_store(tmp_path / "box", tmp_path / "new")
    new = Store(tmp_path / "new")
    with pytest.raises(StoreError, match=r"copy state/erased\.key"):
        put(new, OTHER)
    shutil.copytree(store.state, new.state)
    assert put(new, OWN, OTHER) == (1, 1, 0)


@pytest.mark.parametrize("held", ["", "{", "{}", "[]", '{"terms": [], "starts": [], "words": 1, "records": {}}'])
def test_a_damaged_list_of_people_erased_is_told(tmp_path: Path, held: str) -> None:
    (tmp_path / TOMBSTONES).write_text(held)
    made_key(tmp_path)
    with pytest.raises(StoreError, match="is not readable, so erased people could return"):
        read_tombstones(tmp_path, tmp_path)
