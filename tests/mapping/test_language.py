"""What a mapping knows about itself: its hash, the custom fields it reads, and what a select's hash depends on."""

from __future__ import annotations

import pytest
from mapping.one_row import mapped, raw

from qa_sync.mapping.compile import compile_table
from qa_sync.mapping.files import parse

TEXT = """
version: 1
streams:
  tickets:
    interactions:
      when: {custom_field: 7, is_null: false}
      fields:
        interaction_id: {template: "{_source}:{custom_field:5}"}
        kind: {const: ticket}
        queue: {coalesce: [{custom_field: 1}, {from: a, when: {custom_field: 2, is: x}}]}
        created_at: {from: at}
      dimensions:
        market: {custom_field: 3}
  users:
    people:
      fields:
        person_id: {from: id}
"""


def compiled(text: str = TEXT, **changed: str) -> str:
    arguments = {
        "source": "zd",
        "stream": "tickets",
        "table": "interactions",
        "zone": "UTC",
        "relation": "raw",
    } | changed
    return compile_table(parse(text, file="m.yaml"), **arguments).hash


def test_custom_fields_are_found_wherever_they_are_read() -> None:
    mapping = parse(TEXT, file="m.yaml")
    assert mapping.custom_fields("tickets") == {"1", "2", "3", "5", "7"}
    assert mapping.custom_fields("users") == mapping.custom_fields("unknown") == frozenset()


def test_comments_and_layout_do_not_change_the_hash_and_meaning_does() -> None:
    first = parse(TEXT, file="m.yaml")
    assert (
        parse(TEXT.replace("kind: {const: ticket}", "kind: # why\n          const: 'ticket'"), file="n.yaml").hash
        == first.hash
    )
    assert parse(TEXT.replace("is: x", "is: z"), file="m.yaml").hash != first.hash
    assert first.text == TEXT


def test_a_select_changes_its_hash_with_all_that_could_change_rows() -> None:
    same = compiled()
    assert compiled(relation="elsewhere") == same
    assert compiled(TEXT.replace("person_id: {from: id}", "person_id: {from: key}")) == same
    assert (
        len(
            {
                same,
                compiled(zone="Asia/Tokyo"),
                compiled(source="zd2"),
                compiled(TEXT.replace("{from: at}", "{from: day}")),
            }
        )
        == 4
    )


def test_weeks_are_iso_weeks_of_the_programmes_zone() -> None:
    text = "version: 1\nstreams: {s: {interactions: {fields: {interaction_id: {from: id}, kind: {const: call}, created_at: {from: at}}}}}"
    moments = [
        ("2026-01-01T02:30:00Z", "America/Los_Angeles", "2025-12-31", "2026-W01"),
        ("2027-01-02T12:00:00Z", "UTC", "2027-01-02", "2026-W53"),
        ("2026-03-29T23:30:00Z", "Europe/Dublin", "2026-03-30", "2026-W14"),
    ]
    for moment, zone, day, week in moments:
        (row,) = mapped(parse(text, file="m.yaml"), "s", "interactions", [raw({"id": 1, "at": moment})], zone=zone)
        assert (str(row["created_date"]), row["created_week"]) == (day, week)


def test_a_table_that_is_not_mapped_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        compiled(table="people")
