"""Custom fields are found by where they stand, and are the same as found one by one: every page, whatever it holds."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zendesk.worlds import ticket

from qa_sync_zendesk.pairs import MOST_LAYOUTS
from qa_sync_zendesk.privacy import Hasher, policy
from qa_sync_zendesk.streams import ENDPOINTS
from qa_sync_zendesk.wire import Slicer

ALLOWED = (9002, 9004, 9005)
IDS = list(range(9001, 9009))


def slicer(*allowed: int) -> Slicer:
    mapped = frozenset(map(str, allowed or ALLOWED))
    return Slicer(ENDPOINTS["tickets"], policy("tickets", mapped=mapped), Hasher(b"k" * 16))


def body(tickets: list[dict[str, Any]]) -> bytes:
    return json.dumps({"tickets": tickets, "end_of_stream": True, "after_cursor": "x"}).encode()


def stored(made: Slicer, tickets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    page = made.slice(body(tickets))
    assert page.rejects.num_rows == 0
    return [json.loads(text) for text in page.records["payload"].to_pylist()]


def wanted(one: dict[str, Any], allowed: tuple[int, ...] = ALLOWED) -> Any:
    """What may be stored of a ticket's custom fields, found one by one."""
    pairs = one.get("custom_fields", "absent")
    return [pair for pair in pairs if pair["id"] in allowed] if isinstance(pairs, list) else pairs


def fields(order: list[int], value: Any = "PLANTED") -> list[dict[str, Any]]:
    return [{"id": one, "value": f"v{one}" if one in ALLOWED else value} for one in order]


#: What has to be repaired before it is stored is another test's matter.
words = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
lists = st.one_of(
    st.just(IDS),  # as an account has them
    st.just([]),  # as a deleted ticket has them
    st.permutations(IDS),
    st.lists(st.sampled_from(IDS), unique=True),
)


@st.composite
def a_ticket(draw: st.DrawFn, order: list[int] | None = None) -> dict[str, Any]:
    chosen = draw(lists) if order is None else order
    made = ticket(draw(st.integers(1, 10**6)), custom_fields=[{"id": one, "value": draw(values)} for one in chosen])
    kind = draw(st.integers(0, 20))
    if kind == 0:
        del made["custom_fields"]
    elif kind == 1:
        made["custom_fields"] = None
    return made


pages = st.lists(st.lists(st.one_of(a_ticket(), a_ticket(order=IDS)), min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(pages)
def test_page_after_page_the_allowed_fields_are_stored_and_no_others(made: list[list[dict[str, Any]]]) -> None:
    one = slicer()
    for tickets in made:
        found = stored(one, tickets)
        assert [record.get("custom_fields", "absent") for record in found] == [wanted(each) for each in tickets]


@pytest.mark.parametrize("allowed", [(9001,), (9001, 9003), (9002,), (9002, 9008)])
def test_every_short_list_is_read_as_it_is(allowed: tuple[int, ...]) -> None:
    lists = [list(some) for size in range(3) for some in itertools.permutations(IDS[:4], size)]
    for short in lists:
        made = slicer(*allowed)
        for tickets in ([ticket(1, custom_fields=fields(IDS))], [ticket(2, custom_fields=fields(short))]):
            found = [record["custom_fields"] for record in stored(made, tickets)]
            assert [[pair["id"] for pair in one] for one in found] == [
                [pair["id"] for pair in one["custom_fields"] if pair["id"] in allowed] for one in tickets
            ]


@pytest.mark.parametrize("allowed", [ALLOWED, (9001,), (9008,), (9001, 9008)])
def test_from_the_second_page_on_no_value_that_may_not_be_stored_is_even_decoded(allowed: tuple[int, ...]) -> None:
    made = slicer(*allowed)
    tickets = [ticket(1, custom_fields=fields(IDS)), ticket(2, custom_fields=[]), ticket(3, custom_fields=fields(IDS))]
    for _ in range(3):
        assert [record["custom_fields"] for record in stored(made, tickets)] == [
            [pair for pair in one["custom_fields"] if pair["id"] in allowed] for one in tickets
        ]
        assert made.knows_layout


@pytest.mark.parametrize(
    "odd",
    [
        fields(IDS[::-1]),
        fields(IDS[:4]),  # 9005 is not there
        fields([9001, 9003, 9002, 9004, 9005]),
        [*fields(IDS[:1]), {"id": 9002, "value": None}],
        fields([*IDS[:3], 9777, *IDS[3:]]),  # a field was added in between
        fields([9002]),
        fields([9003, 9004]),
    ],
    ids=[
        "turned round",
        "one lacks",
        "two have changed places",
        "two only",
        "one was added",
        "one, first",
        "one, second",
    ],
)
def test_a_ticket_that_has_its_fields_elsewhere_is_read_pair_by_pair_and_the_new_places_are_learnt(odd: Any) -> None:
    made = slicer()
    usual = ticket(1, custom_fields=fields(IDS))
    for tickets in ([usual], [usual, ticket(2, custom_fields=odd)], [usual], [usual]):
        assert [record["custom_fields"] for record in stored(made, tickets)] == [wanted(one) for one in tickets]
    assert made.knows_layout


def test_an_account_whose_fields_never_stand_still_is_read_pair_by_pair_in_the_end() -> None:
    made = slicer()
    for turn in range(3 * MOST_LAYOUTS):
        one = ticket(1, custom_fields=fields([*IDS[turn % 8 :], *IDS[: turn % 8]]))
        assert stored(made, [one])[0]["custom_fields"] == wanted(one)
    assert not made.knows_layout


def test_a_field_that_the_account_does_not_have_is_looked_for_in_every_ticket() -> None:
    made = slicer(9002, 9999)
    for order in (IDS, IDS, [*IDS, 9999], [9999, *IDS]):
        one = ticket(1, custom_fields=fields(order))
        assert stored(made, [one])[0]["custom_fields"] == wanted(one, (9002, 9999))
