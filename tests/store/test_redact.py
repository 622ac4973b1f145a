"""What is taken for a person, and what is not: JSON text keeps every other letter."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_sync.store.erase import redacted
from qa_sync.store.redact import Person, Redactor, folded, names_of, spellings
from qa_sync.store.tombstones import Tombstones

ROW = {
    "person_id": "desk:360000901020",
    "record_id": "1018",
    "name": "Oisín Byrne",
    "email": "oisin.byrne@acme.example",
}
REDACTOR = Redactor(Person(token="erased-x", names=names_of([ROW], ("person_id", "record_id", "name", "email"))))
ID, SHORT, NAME, MAIL = (f"erased-x-{n}" for n in (1, 2, 3, 4))


@pytest.mark.parametrize(("before", "after"), [
    ('{"assignee_id":360000901020}', f'{{"assignee_id":"{ID}"}}'),
    ('{"assignee_id": "360000901020", "x": 5.10}', f'{{"assignee_id": "{ID}", "x": 5.10}}'),
    ('{"n":3600009010201,"m":1360000901020}', '{"n":3600009010201,"m":1360000901020}'),
    ('{"by":"Byrne, Ois\\u00edn","note":"OISIN BYRNE said \\"no\\""}', f'{{"by":"{NAME}","note":"{NAME} said \\"no\\""}}'),
    ('{"to":["a@b.example","Oisin.Byrne@ACME.example"]}', f'{{"to":["a@b.example","{MAIL}"]}}'),
    ('{"evaluator":"1018","count":1018,"pages":"1018"}', f'{{"evaluator":"{SHORT}","count":1018,"pages":"1018"}}'),
    ('{"users":[1018,1019]}', f'{{"users":["{SHORT}",1019]}}'),
    ('{"first_name":"Oisín","text":"Byrneson"}', '{"first_name":"Oisín","text":"Byrneson"}'),
    ('{"Oisín Byrne":1,"big":123456789012345678901234567890,"e":1e400}', f'{{"{NAME}":1,"big":123456789012345678901234567890,"e":1e400}}'),
])  # fmt: skip
def test_a_record_of_others_loses_the_person_and_nothing_else(before: str, after: str) -> None:
    assert REDACTOR.payload(before, own=False) == after


def test_a_record_of_the_persons_own_loses_parts_of_the_name_and_short_ids_too() -> None:
    record = '{"id":"1018","person":{"first":"Oisín","last":"BYRNE"},"site":"Dublin","seats":1018}'
    assert json.loads(REDACTOR.payload(record, own=True)) == {
        "id": SHORT,
        "person": {"first": "erased-x", "last": "erased-x"},
        "site": "Dublin",
        "seats": SHORT,
    }


@pytest.mark.parametrize(("value", "is_person", "made"), [
    ("desk:360000901020", True, f"desk:{ID}"), ("desk:1018", True, f"desk:{SHORT}"), ("desk:1018", False, "desk:1018"),
    ("desk:10180", True, "desk:10180"), ("1018|agent|2024-01-01", True, f"{SHORT}|agent|2024-01-01"), ("", True, ""),
])  # fmt: skip
def test_a_column_that_names_people_loses_short_ids(value: str, is_person: bool, made: str) -> None:
    assert REDACTOR.value(value, is_person=is_person) == made


def test_a_name_is_known_in_all_its_spellings() -> None:
    assert {"Ana María Ruiz", "Ruiz, Ana María", "María Ruiz, Ana", "Ruiz Ana Maria"} <= set(
        spellings("Ana María Ruiz")
    )
    assert len({REDACTOR.text(form) for form in spellings("Oisín Byrne")}) == 1


#: (a name as the people table has it, how somebody else wrote it)
WRITTEN = [
    ("Ibrahim Kaya", "\u0130brahim KAYA"),
    ("\u0130brahim Y\u0131ld\u0131z", "Ibrahim Yildiz"),
    ("Ayse Yildiz", "Ayse Y\u0131ld\u0131z"),
    ("Anna Gro\u00df", "ANNA GROSS"),
    ("J\u00fcrgen M\u00fcller", "Mueller, Juergen"),
    ("\u0141ukasz \u00d8rsted", "Lukasz Orsted"),
    ("Pat O'Brien", "Pat O\u2019Brien"),
    ("Anne-Marie Roux", "Anne\u2011Marie  Roux"),
    ("Ann Lee", "Ann\u00a0Lee"),
    ("Ann Lee", "Lee,\u2003 Ann"),
    ("Ann Lee", "Ann\u2000Lee"),
    ("Ann Lee", "Ann\u205fLee"),
    ("Ann\u2009Lee", "Ann\u3000Lee"),
]


@pytest.mark.parametrize(("name", "written"), WRITTEN)
def test_a_name_is_known_however_it_is_typed(name: str, written: str) -> None:
    redactor = Redactor(Person(token="erased-x", names=names_of([{"name": name}], ("name",))))
    tombstones = Tombstones(key=b"k" * 32)
    tombstones.add(redactor)
    for ascii_only in (False, True):
        sent = json.dumps({"note": f"Hi\n{written}\nbye"}, ensure_ascii=ascii_only)
        made = redactor.payload(sent, own=False)
        assert json.loads(made) == {"note": "Hi\nerased-x-1\nbye"}
        assert tombstones.payloads(pa.array([sent]), [False])[0].to_pylist() == [made]
        table = pa.table({"id": ["1"], "payload": [sent]})
        assert redacted(table, "raw/s.t", redactor)[0].to_pylist() == [{"id": "1", "payload": made}]


@pytest.mark.parametrize(
    "text", ["by Ann Lee.", '{"note":"Hi\\nAnn Lee"}', '{"note":"Hi\\u2028ANN LEE"}', "ann_lee,Ann Lee"]
)
def test_a_file_in_which_the_person_stands_is_told_from_one_of_longer_words(text: str) -> None:
    redactor = Redactor(Person(token="erased-x", names=(("Ann Lee",), ("123456",))))
    assert redactor.stands_in(text)
    assert not redactor.stands_in("Joann Leeson, Ann Leeson and Joann Lee have 1234567 and 0123456")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t", "\u2028"])
def test_two_names_one_below_the_other_are_not_a_third(end: str) -> None:
    redactor = Redactor(Person(token="erased-x", names=names_of([{"name": "Ann Lee"}], ("name",))))
    tombstones = Tombstones(key=b"k" * 32)
    tombstones.add(redactor)
    text = f"Bruce Lee{end}Ann Roux"
    sent = json.dumps({"note": text})
    assert (redactor.text(text), redactor.stands_in(text), redactor.payload(sent, own=False)) == (text, False, sent)
    assert tombstones.payloads(pa.array([sent]), [False])[0].to_pylist() == [sent]


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)  # fmt: skip


@given(value=VALUES, ascii_only=st.booleans())
def test_a_record_without_the_person_stays_as_it_is_to_the_letter(value: object, ascii_only: bool) -> None:
    text = json.dumps({"x": value}, ensure_ascii=ascii_only)
    if not any(folded(term) in folded(text) for term in REDACTOR.person.terms):
        assert REDACTOR.payload(text, own=False) == text
