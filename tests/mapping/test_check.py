"""Rules held against each other: what can never be reached or matched is told, what can be is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.reference import Bad, Row, decode, express, holds
from mapping.strategies import conditions, expressions, payloads
from mapping.test_page import WHOLE
from mapping.test_schema import PROJECT, starters

from qa_sync.errors import ConfigError
from qa_sync.mapping import Mapping, check_mapping, load, parse
from qa_sync.mapping.language import TableMapping
from qa_sync.mapping.logic import always, possible

HEAD = (
    "version: 1\nstreams:\n  s:\n    interactions:\n{when}      fields:\n        interaction_id: {{from: id}}\n"
    "        kind: {{const: ticket}}\n{field}"
)


def told(field: str = "", *, when: str = "") -> list[str]:
    text = HEAD.format(when=f"      when: {when}\n" if when else "", field=f"        {field}\n" if field else "")
    return [str(problem) for problem in check_mapping(parse(text, file="m.yaml"))]


@pytest.mark.parametrize(
    ("field", "part"),
    [
        (
            "queue: {coalesce: [{from: a}, {from: b}, {from: a}]}",
            "queue.coalesce.2: never reached: the same as option 1",
        ),
        (
            "queue: {coalesce: [{from: _source}, {from: a}]}",
            "coalesce.1: never reached: the option before it always gives a value",
        ),
        (
            "queue: {coalesce: [{const: x, when: {from: a, is: b}}, {const: z}], values: {x: A, z: B, w: C}}",
            "queue.values.w: never matched: the value is one of x, z",
        ),
        ("queue: {from: a, match: '[0-9]+', values: {'12': A, B: C}}", "queue.values.B: never matched"),
        ("queue: {const: null}", "queue: queue would never have a value"),
        ("queue: {const: x, when: {all: [{from: a, is: b}, {from: a, is: c}]}}", "queue.when: never holds"),
        (
            "queue: {from: a, when: {any: [{from: a, is_null: true}, {from: a, is_null: false}]}}",
            "queue.when: always holds",
        ),
    ],
)
def test_rules_that_can_never_work_are_told_where_they_stand(field: str, part: str) -> None:
    (message,) = told(field)
    assert message.startswith("m.yaml:8:")
    assert part in message


@pytest.mark.parametrize(
    "when",
    [
        "[{from: status, in: [open]}, {from: status, not_in: [open, new]}]",
        "{all: [{from: a, is_null: true}, {from: a, matches: x}]}",
        "{from: a, values: {x: z}, default: null, is: x}",
    ],
)
def test_conditions_that_no_record_meets_are_told(when: str) -> None:
    assert any("never" in message for message in told(when=when))


@pytest.mark.parametrize(
    "field",
    [
        "queue: {coalesce: [{from: a}, {const: x}]}",
        "queue: {from: a, match: '[0-9]+$', values: {'12': A}, default: null}",
        "queue: {from: a, when: {not: {from: b, in: [x, z]}}}",
        "queue: {from: a, when: {from: b, matches: '^x'}}",
    ],
)
def test_rules_that_can_work_are_left_alone(field: str) -> None:
    assert told(field) == []


def test_rows_that_would_replace_each_other_are_told() -> None:
    text = (
        "version: 1\nstreams:\n  s:\n    lookups:\n      fields: {lookup: {const: queue}, lookup_key: {const: a}}\n    answers:\n"
        "      each: rows\n      fields: {evaluation_id: {from: $.id}, criterion_key: {from: $.key}, state: {const: na}}\n"
    )
    messages = [str(problem) for problem in check_mapping(parse(text, file="m.yaml"))]
    assert any("every record makes the same row" in message and ":5:" in message for message in messages)
    assert any("every element of a record makes the same row" in message for message in messages)


def test_children_whose_parent_is_spelled_otherwise_are_told() -> None:
    text = (
        "version: 1\nstreams:\n  s:\n    evaluations:\n      fields: {evaluation_id: {template: 'a:{id}'}, about: {const: agent_work},"
        " kind: {const: ata}, status: {const: final}, form_id: {from: f}}\n    answers:\n      each: rows\n"
        "      fields: {evaluation_id: {template: 'b:{$.id}'}, criterion_key: {from: key}, state: {const: na}}\n"
    )
    (message,) = (str(problem) for problem in check_mapping(parse(text, file="m.yaml")))
    assert 'made as "b:{...}", but as "a:{...}" in evaluations' in message
    assert check_mapping(parse(text.replace("b:", "a:"), file="m.yaml")) == []


@pytest.mark.parametrize("path", starters(), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_starters_have_nothing_to_tell(path: Any) -> None:
    assert check_mapping(load(path, shown_as=path.name)) == []


@pytest.mark.parametrize("text", WHOLE)
def test_examples_of_the_page_have_nothing_to_tell(text: str) -> None:
    assert check_mapping(parse(text, file="page.yaml")) == []


def _table(body: dict[str, Any]) -> TableMapping | None:
    fields = {"interaction_id": {"from": "_record_id"}, "kind": {"const": "call"}}
    text = json.dumps({"version": 1, "streams": {"s": {"interactions": {"fields": fields} | body}}}, ensure_ascii=False)
    try:
        mapping: Mapping = parse(text, file="m.yaml")
    except ConfigError:
        return None
    check_mapping(mapping)  # never fails on a mapping that can be read
    return mapping.streams["s"]["interactions"]


@settings(max_examples=60, deadline=None)
@given(conditions(in_each=False), st.lists(payloads(), max_size=4))
def test_a_condition_never_comes_out_as_it_is_said_it_cannot(
    condition: dict[str, Any], texts: list[str | None]
) -> None:
    table = _table({"when": condition})
    assert table
    assert table.when
    outcomes = possible(table.when)
    for text in texts:
        try:
            row = Row(decode(text or "{}"), None, "r1", "zd", 0)
            assert holds(table.when, row) in outcomes
        except (Bad, ValueError):
            continue


@settings(max_examples=60, deadline=None)
@given(expressions(in_each=False), st.lists(payloads(), max_size=4))
def test_what_is_said_to_always_give_a_value_does(made: dict[str, Any], texts: list[str | None]) -> None:
    table = _table({"dimensions": {"market": made}})
    if table is None or not always(table.dimensions[0].expression):
        return
    for text in texts:
        try:
            assert express(table.dimensions[0].expression, Row(decode(text or "{}"), None, "r1", "zd", 0)) is not None
        except (Bad, ValueError):
            continue
