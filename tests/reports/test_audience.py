"""What auditees read is a function of everything but the audits under embargo: nothing about them can be derived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from reconcile.world import World, day
from reports.scenes import generated, opened, opened_world, without
from tiers import some

from qa_sync.errors import ConfigError
from qa_sync.reports import REPORTS, Ask, build
from qa_sync.runner.opened import Opened

SHOWN = [name for name, spec in REPORTS.items() if spec.for_auditees]
FOR_AUDITEES = Ask(audience="auditees")
#: A day after the programme's end: the blind audits of its last weeks are not released yet.
THEN = datetime(2025, 11, 25, tzinfo=UTC)


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated(), as_of=THEN) as made:
        yield made


@pytest.fixture(scope="module")
def held(it: Opened) -> set[str]:
    """The audits that auditees may not know of."""
    pairs = it.engine.fetch("SELECT auditor_evaluation_id AS id FROM pairs WHERE is_embargoed").to_pylist()
    return {row["id"] for row in pairs}


@pytest.fixture(scope="module")
def never(it: Opened) -> Iterator[Opened]:
    """The same programme in which blind audits that are not released by then were never made."""
    blind = generated()["evaluations"].select(["evaluation_id", "kind", "is_blind", "released_at"]).to_pylist()
    gone = {
        row["evaluation_id"]
        for row in blind
        if row["is_blind"] and row["kind"] == "ata" and (row["released_at"] is None or row["released_at"] > THEN)
    }
    with opened(without(generated(), gone), as_of=THEN) as made:
        yield made


def _told(it: Opened, name: str) -> Any:
    report = build(name, it.scene, FOR_AUDITEES)
    return report.rows.to_pylist(), report.notes, report.charts


@pytest.mark.parametrize("name", some(SHOWN, every=3))
def test_a_report_for_auditees_is_what_it_would_be_had_the_audits_never_been_made(
    it: Opened, never: Opened, held: set[str], name: str
) -> None:
    assert len(held) > 40
    told = _told(it, name)
    assert told == _told(never, name)
    assert not held & set(re.findall(r"E\d+", repr(told)))


@pytest.mark.parametrize("name", ["summary", "pairs"])
def test_the_embargo_changes_what_is_shown(it: Opened, name: str) -> None:
    assert build(name, it.scene).rows.to_pylist() != build(name, it.scene, FOR_AUDITEES).rows.to_pylist()


def test_an_audit_appears_once_it_is_released(it: Opened, held: set[str]) -> None:
    never = set(_without_release(generated()["evaluations"].to_pylist()))
    with opened(generated()) as later:
        shown = {row["auditor_evaluation_id"] for row in _told(later, "pairs")[0]}
    assert held & never
    assert held & shown == held - never


def _without_release(rows: list[Any]) -> list[str]:
    return [row["evaluation_id"] for row in rows if row["released_at"] is None]


@pytest.mark.parametrize("name", SHOWN)
def test_no_name_of_a_person_is_told_but_that_of_the_one_who_looks(it: Opened, name: str) -> None:
    people = it.engine.fetch("""
        SELECT DISTINCT p.person_id, p.name FROM people p JOIN buckets b ON b.evaluator_id = p.person_id""").to_pylist()
    told = repr(_told(it, name))
    assert not [one for one in people if f"'{one['person_id']}" in told or f"'{one['name']}'" in told]


def test_the_one_who_looks_sees_their_own_name(it: Opened) -> None:
    me = build("evaluators", it.scene).rows["auditee"][3].as_py()
    ask = Ask(audience="auditees", where={"auditee": me}, by=("auditee",))
    (row,) = build("evaluators", it.scene, ask).rows.to_pylist()
    assert row["auditee"] == me
    assert row["name"]
    assert build("evaluators", it.scene, FOR_AUDITEES).rows.num_rows > 1


def test_a_report_that_is_not_for_auditees_says_so(it: Opened) -> None:
    for name in set(REPORTS) - set(SHOWN):
        with pytest.raises(ConfigError, match="not for auditees"):
            build(name, it.scene, FOR_AUDITEES)


@pytest.mark.parametrize("name", ["summary", "weighted", "disputes"])
def test_agents_are_pseudonyms_too_where_a_report_is_grouped_by_them(it: Opened, name: str) -> None:
    agents = {row["id"] for row in it.engine.fetch("SELECT DISTINCT agent_id AS id FROM buckets").to_pylist()} - {None}
    here, there = (
        {row["agent"] for row in build(name, it.scene, Ask(by=("agent",), audience=audience)).rows.to_pylist()}
        for audience in ("", "auditees")
    )
    assert agents & here
    assert not agents & there


def test_an_audit_of_an_audit_under_embargo_is_held_back_with_it() -> None:
    world = World()
    world.form(criteria={"Q1": {"max": 10, "weight": 1}})
    world.evaluation("e1", {"Q1": 10})
    for n, (name, of, blind) in enumerate((("held", "e1", True), ("a2", "held", False), ("a3", "a2", False)), start=1):
        about = {"kind": "ata", "evaluator_id": f"v{n}", "submitted_at": day(n)}
        world.evaluation(name, {"Q1": 5}, audited_evaluation_id=of, is_blind=blind, **about)
    with opened_world(world) as it:
        assert build("pairs", it.scene).rows.num_rows == 3
        told = repr([_told(it, name) for name in ("exceptions", "pairs", "summary")])
    assert not re.findall(r"held|\ba2|\ba3", told)
