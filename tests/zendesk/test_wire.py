"""Slicing: what comes through, what is repaired, what is rejected, and what never leaves the decoder."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zendesk.worlds import ticket, user

from qa_sync.errors import TransientError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync_zendesk import privacy
from qa_sync_zendesk.privacy import Hasher, policy
from qa_sync_zendesk.streams import ENDPOINTS
from qa_sync_zendesk.wire import Slice, Slicer

HASHER = Hasher(b"a key of the tests")


def slicer(stream: str = "tickets", **options: Any) -> Slicer:
    return Slicer(ENDPOINTS[stream], policy(stream, **options), HASHER)


def page_of(*records: bytes, stream: str = "tickets") -> bytes:
    return b'{"' + stream.encode() + b'":[' + b",".join(records) + b'],"after_cursor":"abc","end_of_stream":false}'


def text(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


def payloads(piece: Slice) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in piece.records["payload"].to_pylist()]


def test_a_page_becomes_rows_of_the_declared_schema() -> None:
    piece = slicer().slice(page_of(text(ticket(7, generated_timestamp=1_767_600_000, status="deleted"))))
    assert piece.records.schema.equals(PAGE)
    assert piece.rejects.schema.equals(PAGE_REJECTS)
    row = piece.records.to_pylist()[0]
    assert (row["id"], row["source_stamp"].timestamp(), row["source_seq"], row["deleted"]) == (
        "7",
        1_767_600_000,
        0,
        True,
    )
    assert (piece.envelope.after_cursor, piece.envelope.end_of_stream, piece.newest) == ("abc", False, 1_767_600_000)


def test_a_ticket_without_generated_timestamp_is_dated_by_its_update() -> None:
    row = slicer().slice(page_of(text(ticket(7)))).records.to_pylist()[0]
    assert row["source_stamp"].isoformat() == "2026-01-05T09:00:00+00:00"


def test_a_system_update_that_changes_nothing_kept_gives_the_same_payload() -> None:
    first = slicer().slice(page_of(text(ticket(7, generated_timestamp=1_767_600_000))))
    later = slicer().slice(page_of(text(ticket(7, generated_timestamp=1_767_700_000))))
    assert first.records["payload"].to_pylist() == later.records["payload"].to_pylist()
    assert first.records["source_stamp"].to_pylist() != later.records["source_stamp"].to_pylist()


@pytest.mark.parametrize("broken", [False, True], ids=["fast", "careful"])
def test_the_safe_default_holds_no_words_of_a_customer(broken: bool) -> None:
    records = [text(ticket(7)), b'{"id": 8, "status": NaN}'] if broken else [text(ticket(7))]
    piece = slicer().slice(page_of(*records))
    assert "PLANTED" not in str(piece.records.to_pylist()) + str(piece.rejects.to_pylist())
    kept = payloads(piece)[0]
    assert kept["via"] == {"channel": "email"}
    assert kept["satisfaction_rating"] == {"score": "bad"}
    assert kept["requester_id"] == HASHER(770001) != "770001"
    assert "770001" not in piece.records["payload"][0].as_py()
    assert "custom_fields" not in kept
    assert piece.rejects.num_rows == broken


@pytest.mark.parametrize("odd", ['"\\ud800"', '"ok"'], ids=["careful", "fast"])
def test_only_mapped_custom_fields_are_stored(odd: str) -> None:
    record = text(ticket(7)).replace(b'"PLANTED-body"', odd.encode())
    kept = payloads(slicer(mapped={"9001"}).slice(page_of(record)))[0]
    assert kept["custom_fields"] == [{"id": 9001, "value": "emea"}]


@pytest.mark.parametrize("value", ["text", 12.5, True, None, ["a", "x"], 0])
def test_custom_field_values_keep_their_type(value: Any) -> None:
    record = ticket(7, custom_fields=[{"id": 9001, "value": value}])
    kept = payloads(slicer(mapped={"9001"}).slice(page_of(text(record))))[0]
    assert kept["custom_fields"] == [{"id": 9001, "value": value}]
    assert type(kept["custom_fields"][0]["value"]) is type(value)


def test_keep_adds_paths_and_lists_of_objects() -> None:
    keep = ["subject", "via.source.from.address", "custom_fields.9002", "events[].kind"]
    record = ticket(7, events=[{"kind": "a", "body": "PLANTED-x"}, {"kind": "b"}])
    kept = payloads(slicer(keep=keep).slice(page_of(text(record))))[0]
    assert kept["subject"] == "PLANTED-subject"
    assert kept["via"] == {"channel": "email", "source": {"from": {"address": "PLANTED-via@example.com"}}}
    assert kept["custom_fields"] == [{"id": 9002, "value": "PLANTED-free text"}]
    assert kept["events"] == [{"kind": "a"}, {"kind": "b"}]
    assert "description" not in kept


def test_keeping_a_whole_object_keeps_it_whole() -> None:
    kept = payloads(slicer(keep=["satisfaction_rating", "custom_fields"]).slice(page_of(text(ticket(7)))))[0]
    assert kept["satisfaction_rating"] == {"score": "bad", "comment": "PLANTED-comment"}
    assert [pair["id"] for pair in kept["custom_fields"]] == [9001, 9002]


@pytest.mark.parametrize("role", ["agent", "admin", "end-user", "ENDUSER", None])
def test_names_and_addresses_are_stored_of_staff_only(role: str | None) -> None:
    kept = payloads(slicer("users").slice(page_of(text(user(5, role=role)), stream="users")))[0]
    assert ("name" in kept, "email" in kept) == ((role in {"agent", "admin"}),) * 2
    assert kept["role"] == role
    assert not {"phone", "notes", "details"} & set(kept)


@pytest.mark.parametrize(
    ("changes", "deleted"),
    [
        ({}, False),
        ({"active": False}, False),
        ({"permanently_deleted": True}, True),
        ({"permanently_deleted": False}, False),
    ],
)
def test_deleted_users_are_tombstones(changes: dict[str, Any], deleted: bool) -> None:
    piece = slicer("users").slice(page_of(text(user(5, **changes)), stream="users"))
    assert piece.records["deleted"].to_pylist() == [deleted]


BAD = [
    (b'{"id": 9, "status": NaN}', "9", "status", "is not a number that JSON knows"),
    (b'{"id": 9, "status": }', "9", "", "not valid JSON"),
    (b'{"id": "nine"}', "", "id", "is missing or not a number"),
    (b'{"status": "open"}', "", "id", "is missing or not a number"),
    (b'{"id": 9, "generated_timestamp": -5}', "9", "generated_timestamp", "is out of range"),
    (b'{"id": 9, "generated_timestamp": 1e18}', "9", "generated_timestamp", "is out of range"),
    (b'{"id": 9, "updated_at": "PLANTED yesterday"}', "9", "updated_at", "is not a time"),
    (b'{"id": 9, "priority": {"PLANTED": 1}}', "9", "priority", "has an unexpected shape"),
    (b'{"id": 9, "group_id": 1e999}', "9", "", "a number is out of range"),
    (b"null", "", "", "not an object"),
    (b'"PLANTED"', "", "", "not an object"),
    (b'{"id": 9, "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "9", "", "nested too deeply"),
]


@pytest.mark.parametrize(("bad", "identity", "field", "reason"), BAD, ids=range(len(BAD)))
def test_one_bad_record_is_rejected_and_hides_no_other(bad: bytes, identity: str, field: str, reason: str) -> None:
    piece = slicer().slice(page_of(text(ticket(1)), bad, text(ticket(2))))
    assert piece.records["id"].to_pylist() == ["1", "2"]
    assert piece.rejects.to_pylist() == [
        {"record_id": identity, "field": field, "reason": reason, "payload_hash": hashlib.sha256(bad).hexdigest()}
    ]
    assert piece.count == 3
    assert piece.envelope.after_cursor == "abc"


@pytest.mark.parametrize(
    ("written", "read"),
    [(b'"\\ud800x"', "�x"), (b'"a\\u0000b"', "a�b"), (b'"a\xffb"', "a�b"), (b'"\\ud83d\\ude00"', "😀")],
)
def test_text_that_no_store_could_keep_is_repaired(written: bytes, read: str) -> None:
    record = b'{"id": 9, "tags": [' + written + b'], "custom_fields": [{"id": 9001, "value": ' + written + b"}]}"
    piece = slicer(mapped={"9001"}).slice(page_of(record))
    kept = payloads(piece)[0]
    assert (kept["tags"], kept["custom_fields"][0]["value"]) == ([read], read)
    assert piece.rejects.num_rows == 0
    piece.records.validate(full=True)


def test_a_backslash_before_u_is_no_reason_to_repair() -> None:
    piece = slicer(mapped={"9001"}).slice(page_of(b'{"id":9,"custom_fields":[{"id":9001,"value":"C:\\\\u0000"}]}'))
    assert payloads(piece)[0]["custom_fields"][0]["value"] == "C:\\u0000"


def test_odd_text_in_a_field_that_is_not_stored_harms_nothing() -> None:
    piece = slicer().slice(page_of(b'{"id": 9, "status": "open", "subject": "\\ud800", "x": NaN}'))
    assert payloads(piece) == [{"id": 9, "status": "open"}]


def test_a_ticket_whose_via_is_no_object_is_stored_without_it() -> None:
    assert payloads(slicer().slice(page_of(text(ticket(1, via=34)))))[0]["via"] is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>PLANTED</html>", b'{"error":"PLANTED"}', page_of(text(ticket(1)))[:-40], b"[]"]
)
def test_a_body_that_is_no_whole_page_may_be_asked_for_again_and_is_not_quoted(body: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        slicer().slice(body)
    assert "PLANTED" not in str(caught.value)


@given(
    st.lists(
        st.sampled_from(
            [
                text(ticket(1)),
                text(ticket(2, via=3)),
                text(ticket(3, tags=["é", "\u2028"])),
                b'{"id":4,"status":"\\ud800"}',
                b'{"id":5,"custom_fields":[{"id":9001,"value":[1,{"a":"]}"}]}]}',
                b'{"id": 6, "status": NaN}',
                text(ticket(7, custom_fields=None)),
                b'{ "id" : 8 , "generated_timestamp" : 1767600000.5 }',
            ]
        ),
        max_size=8,
    )
)
def test_what_a_record_becomes_does_not_depend_on_its_neighbours(records: list[bytes]) -> None:
    one = slicer(mapped={"9001"})
    together, alone = one.slice(page_of(*records)), [one.slice(page_of(record)) for record in records]
    assert together.records.to_pylist() == [row for piece in alone for row in piece.records.to_pylist()]
    assert together.rejects.to_pylist() == [row for piece in alone for row in piece.rejects.to_pylist()]


def test_hashes_are_the_same_after_the_remembered_ones_were_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "MOST_REMEMBERED", 4)
    hasher = Hasher(b"a key of the tests")
    found = [hasher[number] for number in [*range(9), *range(9)]]
    assert found == [HASHER(number) for number in [*range(9), *range(9)]]
    assert len(set(found)) == 9
    assert len(hasher) <= 6
    assert (hasher[None], hasher[12.0], hasher["12"]) == (None, HASHER(12), HASHER(12))
