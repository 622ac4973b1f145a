"""What became of disputes: of agents and of auditees, by rounds and criteria, open ones kept in view."""

from __future__ import annotations

from typing import Any

import pytest
from reconcile.world import World, day

from qa_sync.reconcile.programme import Programme

FULL = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}


@pytest.fixture
def world() -> World:
    world = World()
    world.form()
    world.evaluation("e1", FULL, status="released", released_at=day(1))
    world.evaluation("a1", FULL, kind="ata", evaluator_id="v1", submitted_at=day(2))
    world.add("identities", account_id="g1-mail", person_id="g1")
    return world


def events(world: World, *happened: tuple[Any, ...], dispute: str = "d1", evaluation: str = "e1") -> None:
    """Events as (event, day[, settings])."""
    start = len(world.rows["disputes"])
    for number, (event, at, *rest) in enumerate(happened, start=start + 1):
        world.add(
            "disputes",
            dispute_id=dispute,
            event_no=number,
            event=event,
            event_at=day(at),
            evaluation_id=evaluation,
            ingested=day(at),
            **(rest[0] if rest else {}),
        )


def test_a_resolved_dispute_of_an_agent_is_told_with_both_weeks(world: World) -> None:
    events(
        world,
        ("opened", 3, {"raised_by": "g1-mail", "category": "policy", "score_before": 75.0}),
        ("in_review", 5),
        ("resolved", 9.5, {"outcome": "overturned_full", "decided_by": "v2", "score_after": 100.0}),
    )
    (case,) = world.run().rows("dispute_cases")
    assert {name: case[name] for name in ("challenges", "state", "outcome", "is_overturned", "is_open", "days")} == {
        "challenges": "work",
        "state": "resolved",
        "outcome": "overturned_full",
        "is_overturned": True,
        "is_open": False,
        "days": 6.5,
    }
    assert (case["raised_by"], case["decided_by"], case["category"]) == ("g1", "v2", "policy")
    assert (case["score_before"], case["score_after"]) == (75.0, 100.0)
    assert (case["week"], case["opened_week"], case["closed_week"]) == ("2026-W02", "2026-W02", "2026-W03")
    assert (case["auditee_id"], case["auditor_id"], case["agent_id"]) == ("u1", None, "g1")


def test_a_dispute_of_an_audit_is_the_auditees_and_counts_in_the_week_of_the_work(world: World) -> None:
    world.evaluation("late", FULL, kind="ata", evaluator_id="v1", submitted_at=day(16), audited_evaluation_id="e1")
    events(world, ("opened", 17), evaluation="late")
    (case,) = world.run(as_of=day(20)).rows("dispute_cases")
    assert (case["challenges"], case["auditee_id"], case["auditor_id"]) == ("audit", "u1", "v1")
    assert (case["week"], case["opened_week"], case["closed_week"]) == ("2026-W02", "2026-W04", None)
    assert (case["state"], case["is_open"], case["closed_at"], case["days"]) == ("open", True, None, 3.0)


@pytest.mark.parametrize(
    ("second", "outcome", "is_open"),
    [
        (("resolved", 9, {"outcome": "upheld", "round": 2}), "upheld", False),
        (("retracted", 9, {"round": 2}), "overturned_full", False),
        (("expired", 9, {"round": 2}), "overturned_full", False),
        (("in_review", 9, {"round": 2}), "overturned_full", True),
    ],
)
def test_the_last_decided_round_speaks_and_a_dispute_counts_once(
    world: World, second: tuple[Any, ...], outcome: str, is_open: bool
) -> None:
    events(
        world,
        ("opened", 3),
        ("resolved", 5, {"outcome": "overturned_full"}),
        ("opened", 7, {"round": 2}),
        second,
    )
    (case,) = world.run().rows("dispute_cases")
    assert (case["state"], case["outcome"], case["is_open"], case["rounds"]) == ("resolved", outcome, is_open, 2)


@pytest.mark.parametrize(("event", "state"), [("retracted", "retracted"), ("expired", "expired")])
def test_withdrawn_and_expired_disputes_have_no_outcome_and_an_end(world: World, event: str, state: str) -> None:
    events(world, ("opened", 3), (event, 7))
    (case,) = world.run().rows("dispute_cases")
    assert (case["state"], case["outcome"], case["is_overturned"], case["days"]) == (state, None, None, 4.0)


def test_criteria_decided_apart_overturn_a_dispute_in_part(world: World) -> None:
    events(
        world,
        ("opened", 3, {"criterion_key": "Q1", "option_before": "0"}),
        ("opened", 3, {"criterion_key": "Q2"}),
        ("resolved", 5, {"criterion_key": "Q1", "outcome": "overturned_full", "option_after": "10"}),
        ("resolved", 5, {"criterion_key": "Q2", "outcome": "upheld"}),
    )
    result = world.run()
    (case,) = result.rows("dispute_cases")
    assert (case["outcome"], case["items"]) == ("overturned_partial", 2)
    assert [
        (row["criterion_key"], row["outcome"], row["is_overturned"], row["option_before"], row["option_after"])
        for row in result.rows("dispute_items", "2")
    ] == [("Q1", "overturned_full", True, "0", "10"), ("Q2", "upheld", False, None, None)]


def test_an_item_without_its_own_decision_has_the_disputes(world: World) -> None:
    events(world, ("opened", 3, {"criterion_key": "Q1"}), ("resolved", 5, {"outcome": "upheld"}))
    (item,) = world.run().rows("dispute_items")
    assert (item["outcome"], item["is_overturned"]) == ("upheld", False)


def test_a_dispute_of_an_unknown_evaluation_is_kept_and_said(world: World) -> None:
    events(world, ("opened", 3), evaluation="nobody")
    (case,) = world.run().rows("dispute_cases")
    assert (case["is_known"], case["challenges"], case["week"]) == (False, None, None)


def test_as_of_sees_a_dispute_as_it_stood_then(world: World) -> None:
    events(world, ("opened", 3), ("resolved", 9, {"outcome": "upheld"}))
    (case,) = world.run(as_of=day(5)).rows("dispute_cases")
    assert (case["state"], case["outcome"], case["days"]) == ("open", None, 2.0)
    assert world.run(as_of=day(2)).rows("dispute_cases") == []


def test_disputable_is_what_was_disputed_or_released_long_enough_ago(world: World) -> None:
    world.evaluation("fresh", FULL, interaction_id="i2", status="released", released_at=day(10))
    world.evaluation("hidden", FULL, interaction_id="i3")
    world.evaluation("challenged", FULL, interaction_id="i4")
    events(world, ("opened", 4), evaluation="challenged")
    rows = world.run(Programme(dispute_window_days=14), as_of=day(15)).rows("buckets")
    assert {row["evaluation_id"]: (row["is_disputed"], row["is_disputable"]) for row in rows} == {
        "e1": (False, True),  # 14 days to the hour
        "a1": (False, False),
        "fresh": (False, False),
        "hidden": (False, False),
        "challenged": (True, True),
    }
