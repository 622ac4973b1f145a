"""Trying a mapping on one record shows what a run would make of it, and how."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from mapping.one_row import ENGINE, mapped, raw
from mapping.strategies import mappings, payloads
from mapping.test_starters import EVALUATION, TICKET, starter

from qa_sync.mapping import Mapping, Tried, lines, parse, try_out
from qa_sync.model.system import RAW


def tried(mapping: Mapping, stream: str, table: str, payload: Any, *, deleted: bool = False) -> Tried:
    ENGINE.register("tried_raw", pa.Table.from_pylist([raw(payload, deleted=deleted)], RAW))
    return try_out(ENGINE, mapping, source="zd", stream=stream, table=table, zone="UTC", relation="tried_raw")


def test_every_column_is_shown_with_the_path_its_value_took() -> None:
    told = lines(tried(starter("mappings", "zendesk.yaml"), "tickets", "interactions", TICKET))
    assert told[0] == "interactions: a row"
    shown = {line.split()[0]: line for line in told[1:] if line.startswith("  ")}
    assert "template zendesk:{id}" in shown["interaction_id"]
    assert "zendesk:5" in shown["interaction_id"]
    assert 'from via.channel "email"' in shown["channel"]
    assert "nothing there" in shown["priority"]
    assert 'from satisfaction_rating.score "offered", then values offered: null' in shown["satisfaction"]


def test_an_option_that_was_taken_is_named() -> None:
    told = "\n".join(lines(tried(starter("mappings", "verint.yaml"), "evaluations", "evaluations", EVALUATION)))
    assert "coalesce, option 4 of 4" in told
    assert "zendesk:55501" in told


def test_each_element_of_a_list_is_accounted_for() -> None:
    payload = EVALUATION | {"rows": [*EVALUATION["rows"], {"answer": "Yes"}, {"component_id": "9", "points": "many"}]}  # type: ignore[misc]
    found = tried(starter("mappings", "verint.yaml"), "evaluations", "answers", payload)
    assert [part.fate for part in found.parts] == ["row"] * 4 + ["skipped", "set aside"]
    told = "\n".join(lines(found))
    assert "when: does not hold" in told
    assert "not a number" in told


def test_a_required_field_without_a_value_is_told() -> None:
    nameless = {name: value for name, value in TICKET.items() if name != "id"}
    found = tried(starter("mappings", "zendesk.yaml"), "tickets", "interactions", nameless)
    assert [part.fate for part in found.parts] == ["set aside"]
    assert "required, and no value was found" in "\n".join(lines(found))


def test_what_becomes_of_a_record_without_a_row_is_told() -> None:
    mapping = starter("mappings", "zendesk.yaml")
    assert "when: does not hold" in lines(tried(mapping, "users", "people", {"id": 1, "role": "end-user"}))[0]
    assert "deleted" in lines(tried(mapping, "users", "people", {"id": 1}, deleted=True))[0]
    assert "not JSON" in lines(tried(mapping, "users", "people", "{bad"))[0]


def test_control_characters_of_a_record_never_reach_the_terminal() -> None:
    told = "\n".join(
        lines(
            tried(
                starter("mappings", "zendesk.yaml"),
                "tickets",
                "interactions",
                TICKET | {"priority": "\x1b[2J\u202e" + "x" * 500},
            )
        )
    )
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert max(map(len, told.splitlines())) < 400


@settings(max_examples=30)
@given(mappings(), payloads())
def test_a_try_out_tells_of_the_very_rows_a_run_would_make(text: str, payload: str | None) -> None:
    the_very_rows(text, payload)


@pytest.mark.soak
@settings(max_examples=1000)
@given(mappings(), payloads())
def test_a_try_out_tells_of_the_very_rows_a_run_would_make_for_long(text: str, payload: str | None) -> None:
    the_very_rows(text, payload)


def the_very_rows(text: str, payload: str | None) -> None:
    mapping = parse(text, file="m.yaml")
    (table,) = mapping.streams["s"]
    found = tried(mapping, "s", table, payload)
    rows = mapped(mapping, "s", table, [raw(payload)])
    assert sorted(map(repr, found.rows)) == sorted(map(repr, rows))
    made = [part.row for part in found.parts if part.row]
    assert sorted(map(repr, made)) == sorted(repr(row) for row in rows if _is_row(row))
    for part in found.parts:
        assert not part.fields or len(part.fields) == len(found.spec.fields) + len(found.spec.dimensions)
    assert all("\n" not in line for line in lines(found))


def _is_row(row: dict[str, Any]) -> bool:
    at_fault = any(problem["field"] in {"payload", "each"} for problem in row["_problems"])
    return not row["deleted"] and not at_fault
