"""Cases: records beside a mapping and the rows they must become, run by mapping check."""

from __future__ import annotations

import pytest
from mapping.test_page import WHOLE
from mapping.test_schema import starters

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError
from qa_sync.mapping import failed_cases, parse

MAPPING = """version: 1
streams:
  tickets:
    interactions:
      when: {from: status, is_not: deleted}
      fields:
        interaction_id: {template: "zendesk:{id}"}
        kind: {const: ticket}
        queue: {custom_field: 7, values: {"1": Billing, "2": Claims}}
        created_at: {from: created_at, type: time}
        duration: {from: minutes, type: number, scale: {factor: 60}}
      dimensions:
        market: {from: market}
    answers:
      each: checks
      fields:
        evaluation_id: {template: "zendesk:{$.id}"}
        criterion_key: {from: key}
        state: {const: valued}
        points: {from: points, type: number}
cases:
"""
GOOD = """  - name: a billing ticket with two checks
    record:
      id: 1
      created_at: "2026-01-05T09:30:00Z"
      minutes: 1.5
      market: EMEA
      custom_fields: [{id: 7, value: "1"}]
      checks: [{key: a, points: 5}, {key: b}]
    expect:
      interactions: {queue: Billing, created_at: "2026-01-05T10:30:00+01:00", created_week: 2026-W02, duration: 90,
                     agent_id: null, dimensions: {market: EMEA}}
      answers:
        - {criterion_key: a, points: 5}
        - {criterion_key: b, points: null}
  - name: a tier nobody knows
    record: '{"id": 2, "custom_fields": [{"id": 7, "value": "3"}]}'
    rejects: {interactions: queue}
  - name: a deleted ticket is no row
    stream: tickets
    record: {id: 3, status: deleted}
    expect: {interactions: [], answers: []}
  - name: a ticket that the source removed
    record: {id: 4, market: EMEA}
    deleted: true
    expect: {interactions: []}
"""


def failures(cases: str) -> list[str]:
    engine = DuckEngine(threads=1)
    try:
        return list(
            map(str, failed_cases(engine, parse(MAPPING + cases, file="m.yaml"), source="zd", zone="Europe/Dublin"))
        )
    finally:
        engine.close()


def test_cases_that_hold_say_nothing() -> None:
    assert failures(GOOD) == []


def test_what_does_not_come_out_as_expected_is_told_at_its_place() -> None:
    found = failures(
        GOOD.replace("queue: Billing, cr", "queue: Claims, cr")
        .replace("duration: 90", "duration: 91")
        .replace("{market: EMEA}}\n      a", "{market: APAC}}\n      a")
        .replace("criterion_key: b, points: null", "criterion_key: b, points: 0")
        .replace("rejects: {interactions: queue}", "expect: {interactions: {queue: null}}")
        .replace("status: deleted}", "status: open}")
    )
    see = "; see m.yaml, streams.tickets"
    assert [line.removesuffix(see) for line in found] == [
        "m.yaml:31:7: cases.0.expect.interactions: a billing ticket with two checks: queue is Billing, not Claims",
        "m.yaml:31:7: cases.0.expect.interactions: a billing ticket with two checks: duration is 90.0, not 91",
        "m.yaml:31:7: cases.0.expect.interactions: a billing ticket with two checks: market is EMEA, not APAC",
        "m.yaml:33:7: cases.0.expect.answers: a billing ticket with two checks: row 2: points is null, not 0",
        "m.yaml:38:14: cases.1.expect.interactions: a tier nobody knows: set aside: queue is a value that values: "
        "does not list",
        "m.yaml:42:14: cases.2.expect.interactions: a deleted ticket is no row: no row expected, 1 row made",
    ]


def test_a_reject_that_does_not_happen_is_told() -> None:
    (told,) = failures("  - {name: known, record: {id: 1}, rejects: {interactions: [queue]}}\n")
    assert "known: queue should set the row aside, and does not" in told


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("  name: x\n", "m.yaml:21:1: cases: cases is a list; begin each with - name:"),
        (
            "  - {name: x, stream: ticket, record: {id: 1}, expect: {interactions: []}}\n",
            "m.yaml:22:15: cases.0.stream: stream is one of the streams of this file; did you mean tickets?",
        ),
        (
            "  - {name: x, record: [1], expect: {interactions: []}}\n",
            "m.yaml:22:15: cases.0.record: a record is keys and values, as the source sends it; such as {id: 55501}",
        ),
        (
            "  - {name: x, record: '[1', expect: {interactions: []}}\n",
            "m.yaml:22:15: cases.0.record: not a JSON object; write it as { ... }, as the source sends it",
        ),
        (
            "  - {name: x, record: {id: 1}, expect: {interaction: []}}\n",
            "m.yaml:22:41: cases.0.expect.interaction: the stream fills no table interaction; "
            "did you mean interactions?",
        ),
        (
            "  - {name: x, record: {id: 1}, expect: {interactions: {quene: x}}}\n",
            "m.yaml:22:56: cases.0.expect.interactions.quene: unknown key quene in interactions; did you mean queue?",
        ),
        (
            "  - {name: x, record: {id: 1}}\n",
            "m.yaml:22:5: cases.0: nothing is expected; add expect: {table: {column: value}}, or rejects:",
        ),
    ],
)
def test_a_case_that_cannot_be_read_is_told(cases: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(MAPPING + cases, file="m.yaml")
    assert str(caught.value) == message


def test_cases_change_no_meaning() -> None:
    assert parse(MAPPING + GOOD, file="m.yaml").hash == parse(MAPPING.removesuffix("cases:\n"), file="m.yaml").hash


def test_the_cases_of_the_page_and_of_the_starters_hold() -> None:
    texts = [text for text in WHOLE if "\ncases:" in text]
    texts += [path.read_text(encoding="utf-8") for path in starters()]
    with_cases = [mapping for text in texts if (mapping := parse(text, file="m.yaml")).cases]
    assert len(with_cases) >= 2
    engine = DuckEngine(threads=1)
    try:
        for mapping in with_cases:
            assert failed_cases(engine, mapping, source="it", zone="Europe/Dublin") == []
    finally:
        engine.close()


def test_five_hundred_cases_are_one_select_a_table() -> None:
    record = '{name: "n", record: {id: %d, custom_fields: [{id: 7, value: "1"}]}, expect: {interactions: {queue: %s}}}'
    cases = "".join(f"  - {record % (n % 3, 'Billing' if n % 50 else 'Claims')}\n" for n in range(500))
    engine = DuckEngine(threads=1)
    fetched: list[str] = []
    fetch = engine.fetch
    engine.fetch = lambda sql: (fetched.append(sql), fetch(sql))[1]  # type: ignore[method-assign]
    found = failed_cases(engine, parse(MAPPING + cases, file="m.yaml"), source="zd", zone="UTC")
    engine.close()
    assert len(fetched) == 1
    assert len(found) == 10
    assert all(": queue is Billing, not Claims" in str(one) for one in found)
