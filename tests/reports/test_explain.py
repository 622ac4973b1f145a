"""Every number of every report can be traced to evaluations, and made again from exactly these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from reconcile.world import World, day
from reports.by_hand import Facts, measures
from reports.scenes import generated, opened, opened_world
from tiers import some

from qa_sync.errors import ConfigError
from qa_sync.reports import REPORTS, Ask, build, explain
from qa_sync.reports.explain import NUMBERS
from qa_sync.runner.opened import Opened


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated()) as made:
        yield made


def _cells(it: Opened, name: str, ask: Ask, each: int = 2) -> list[tuple[str, str, Any]]:
    """Some cells with a number of each column: the first and one from the middle."""
    report = build(name, it.scene, ask)
    keys = report.rows[report.key].to_pylist()
    found = []
    for field in report.fields:
        if field.kind in NUMBERS:
            there = [
                (key, v) for key, v in zip(keys, report.rows[field.name].to_pylist(), strict=True) if v is not None
            ]
            step = max(1, len(there) // each)
            found += [(key, field.name, value) for key, value in there[step // 2 :: step][:each]]
    return found


TRACED = [name for name in REPORTS if name not in ("exceptions", "definitions", "evaluator_work")]


def _made_again(it: Opened, name: str, cells: list[tuple[str, str, Any]]) -> None:
    assert cells
    for key, column, value in cells:
        found = explain(name, it.scene, key, column)
        assert (found.value, found.recomputed) == (value, pytest.approx(value, rel=1e-12, abs=1e-12)), (key, column)
        assert found.agrees
        assert found.evaluations.num_rows, (key, column)
        assert None not in found.evaluations["payload_hash"].to_pylist()


@pytest.mark.parametrize("name", some(TRACED, every=4))
def test_a_number_is_made_again_from_the_evaluations_listed(it: Opened, name: str) -> None:
    """One cell of each set of columns that are made of the same evaluations."""
    report = build(name, it.scene)
    rows = dict(zip(report.rows[report.key].to_pylist(), report.rows.to_pylist(), strict=True))
    assert report.trace
    kinds = {}
    for key, column, value in _cells(it, name, Ask(), each=1):
        inputs = report.trace(rows[key], column)
        # What differs from row to row is the row's own values: without them, equal SQL is equal lineage.
        shape = tuple(re.sub(r"'[^']*'", "", part) for part in (inputs.sql, inputs.population))
        kinds.setdefault(shape, (key, column, value))
    _made_again(it, name, list(kinds.values()))


@pytest.mark.soak
@pytest.mark.parametrize("name", TRACED)
def test_every_column_is_made_again_from_the_evaluations_listed(it: Opened, name: str) -> None:
    _made_again(it, name, _cells(it, name, Ask(), each=3))


def test_plain_python_makes_the_same_number_from_the_pairs_listed(it: Opened) -> None:
    facts = Facts(it)
    for column in ("line_accuracy", "defect_free", "within_tolerance", "ac1", "kappa", "bias", "mae", "pairs"):
        for key, name, value in _cells(it, "summary", Ask(by=("queue", "site")), each=3):
            if name == column:
                found = explain("summary", it.scene, key, column, Ask(by=("queue", "site")))
                listed = set(found.evaluations["pair_id"].to_pylist())
                pairs = [pair for pair in facts.pairs if pair["pair_id"] in listed]
                assert len(pairs) == len(listed)
                assert measures(facts, pairs)[column] == pytest.approx(value, abs=1e-9)


def test_a_count_of_a_class_lists_its_pairs_apart_from_those_it_is_counted_among(it: Opened) -> None:
    row = next(row for row in build("summary", it.scene, Ask(by=("site",))).rows.to_pylist() if row["critical_miss"])
    found = explain("summary", it.scene, row["key"], "critical_miss", Ask(by=("site",)))
    parts = found.evaluations.to_pylist()
    own = {part["pair_id"] for part in parts if part["part"] == "own"}
    missed = {pair["pair_id"] for pair in Facts(it).pairs if pair["outcome"] == "CRITICAL_MISS"}
    assert len(own) == row["critical_miss"]
    assert own <= missed
    assert len({part["pair_id"] for part in parts}) == row["pairs"]


def test_the_hash_is_that_of_the_revision_compared_and_not_of_the_newest(it: Opened) -> None:
    rows = it.engine.fetch("""
        SELECT p.pair_id, p.auditee_payload_hash AS used, b.payload_hash AS newest, p.site
        FROM measured p JOIN buckets b ON b.evaluation_id = p.auditee_evaluation_id
        WHERE p.is_headline AND p.outcome <> 'NOT_COMPARABLE' AND p.auditee_payload_hash <> b.payload_hash""").to_pylist()
    assert rows
    for row in rows[:2]:
        found = explain("pairs", it.scene, row["pair_id"], "delta").evaluations.to_pylist()
        (auditee,) = [part for part in found if part["role"] == "auditee"]
        assert auditee["payload_hash"] == row["used"] != row["newest"]


@pytest.mark.parametrize(
    ("name", "row", "column", "told"),
    [
        ("summary", "Dublin|2025-W40", "site", "is no number"),
        ("summary", "Dublin|2025-W40", "line_acuracy", "did you mean line_accuracy?"),
        ("summary", "Dublin|2025-W4", "pairs", "did you mean 'Dublin|2025-W"),
        ("definitions", "setting:n_min", "version", "is no number"),
        ("exceptions", "x", "pairs", "has no column"),
    ],
)
def test_what_is_no_number_is_refused_in_words(it: Opened, name: str, row: str, column: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        explain(name, it.scene, row, column)
    assert told in str(error.value)


def test_an_empty_cell_says_when_it_is_left_empty(it: Opened) -> None:
    ask = Ask(by=("week", "site", "queue"))
    few = next(row for row in build("summary", it.scene, ask).rows.to_pylist() if row["line_accuracy"] is None)
    with pytest.raises(ConfigError, match="hidden below n_min pairs"):
        explain("summary", it.scene, few["key"], "line_accuracy", ask)


def test_a_heading_names_a_column_too(it: Opened) -> None:
    key = build("summary", it.scene).rows["key"][0].as_py()
    assert explain("summary", it.scene, key, "Critical missed").field.name == "critical_miss"


def test_blind_audits_can_be_grouped_by_whether_they_are() -> None:
    with opened_world(_audited_twice()) as it:
        rows = build("blind", it.scene, Ask(by=("blind",))).rows.to_pylist()
    assert {row["blind"]: (row["blind_pairs"], row["open_pairs"]) for row in rows} == {
        "blind": (1, 0),
        "not blind": (0, 1),
    }


def test_a_margin_is_made_again_where_an_audit_was_audited_itself() -> None:
    with opened_world(_audited_twice()) as it:
        (row,) = build("sampling", it.scene, Ask(by=("all",))).rows.to_pylist()
        found = explain("sampling", it.scene, "all", "margin", Ask(by=("all",)))
    assert found.value == row["margin"]
    assert found.agrees


def _audited_twice() -> World:
    """An evaluation, the audit of it, and an audit of that audit."""
    world = World()
    world.form(criteria={"Q1": {"max": 10, "weight": 1}})
    world.evaluation("e1", {"Q1": 10})
    world.evaluation("e2", {"Q1": 10}, interaction_id="i2")
    audit = {"kind": "ata", "submitted_at": day(1)}
    world.evaluation(
        "a1", {"Q1": 0}, evaluator_id="v1", audited_evaluation_id="e1", is_blind=True, is_released=True, **audit
    )
    world.evaluation("a2", {"Q1": 10}, evaluator_id="v2", audited_evaluation_id="a1", is_blind=False, **audit)
    return world
