"""Calibration sessions: everybody beside what was agreed, and nobody lost."""

from __future__ import annotations

from typing import Any

import pytest
from reconcile.world import F1, World, day

from qa_sync.reconcile.programme import Programme

FULL = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}


@pytest.fixture
def world() -> World:
    world = World()
    world.form()
    world.add("calibrations", session_id="s1", interaction_id="i1", form_id="F1", opened_at=day(0), due_at=day(7))
    for person in ("u1", "u2", "u3", "u4"):
        world.add("calibration_participants", session_id="s1", person_id=person, status="invited")
    scored(world, "c1", "u1", FULL)
    scored(world, "c2", "u2", {**FULL, "Q1": 0}, at=9)
    scored(world, "c3", "u3", {**FULL, "Q3": 0})
    return world


def scored(world: World, name: str, person: str, answers: dict[str, Any], at: float = 2, **more: Any) -> None:
    """One person's scoring in the session."""
    given = {"kind": "calibration", "session_id": "s1", "submitted_at": day(at), **more}
    world.evaluation(name, answers, evaluator_id=person, **given)


def results(world: World, *names: str, **run: Any) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in world.run(**run).rows("calibration_results", "2, 3")]


def test_the_late_are_compared_and_the_absent_are_rows(world: World) -> None:
    scored(world, "agreed", "v1", FULL, at=8, kind="consensus")
    assert results(world, "person_id", "status", "score", "agreed_score", "delta", "items_agree", "is_baseline") == [
        ("u1", "done", 100.0, 100.0, 0.0, 4, False),
        ("u2", "late", 75.0, 100.0, -25.0, 3, False),
        ("u3", "done", 50.0, 100.0, -50.0, 3, False),
        ("u4", "absent", None, None, None, None, False),
        ("v1", "late", 100.0, None, None, None, True),
    ]


def test_before_the_day_it_is_due_nobody_is_absent(world: World) -> None:
    assert ("u4", "invited") in results(world, "person_id", "status", as_of=day(6))
    assert ("u4", "absent") in results(world, "person_id", "status", as_of=day(7))


def test_without_an_agreed_answer_each_is_set_beside_the_others(world: World) -> None:
    assert results(world, "person_id", "score", "delta", "others_score", "others") == [
        ("u1", 100.0, None, 62.5, 2),
        ("u2", 75.0, None, 75.0, 2),
        ("u3", 50.0, None, 87.5, 2),
        ("u4", None, None, None, None),
    ]


def test_what_was_agreed_is_not_one_of_the_others(world: World) -> None:
    scored(world, "agreed", "v1", {**FULL, "Q1": 0, "Q2": 0, "Q3": 0}, kind="consensus")
    assert ("u1", 62.5, 2) in results(world, "person_id", "others_score", "others")


def test_the_others_of_a_session_may_have_scored_on_a_form_that_counts_as_the_same() -> None:
    world = World()
    world.form()
    world.form("G1", "1", {**F1, "Q1": {"max": 10, "weight": 1}}, counts_as="F1")
    scored(world, "c1", "u1", FULL)
    scored(world, "c2", "u2", {**FULL, "Q1": 0}, form_id="G1", form_version="1")
    scored(world, "c3", "u3", {**FULL, "Q2": 0, "Q1": 0})
    assert results(world, "person_id", "score", "others_score", "others") == [
        ("u1", 100.0, 62.5, 2),
        ("u2", 75.0, 75.0, 2),
        ("u3", 50.0, 87.5, 2),
    ]


def test_a_declared_baseline_is_stronger_than_a_consensus(world: World) -> None:
    world.rows["calibrations"][0]["baseline_evaluation_id"] = "c3"
    scored(world, "agreed", "v1", FULL, kind="consensus")
    assert results(world, "person_id", "agreed_score", "is_baseline")[:3] == [
        ("u1", 50.0, False),
        ("u2", 50.0, False),
        ("u3", None, True),
    ]


def test_a_session_known_from_evaluations_alone_is_a_session() -> None:
    world = World()
    world.form()
    scored(world, "c1", "u1", FULL)
    scored(world, "agreed", "v1", {**FULL, "Q1": 0}, kind="consensus")
    assert results(world, "person_id", "was_invited", "status", "delta") == [
        ("u1", False, "done", 25.0),
        ("v1", False, "done", None),
    ]


def test_calibrations_are_beside_the_pairs_by_criterion_and_never_in_them(world: World) -> None:
    scored(world, "agreed", "v1", FULL, kind="consensus")
    result = world.run()
    assert result.pairs == []
    assert {row["evaluation_id"]: row["bucket"] for row in result.rows("buckets")} == dict.fromkeys(
        ("c1", "c2", "c3", "agreed"), "EXCLUDED"
    )
    pairs = {row["pair_id"]: row for row in result.rows("other_pairs")}
    assert {row["relation"] for row in pairs.values()} == {"calibration"}
    assert {key: row["outcome"] for key, row in pairs.items()} == {
        "c1|agreed": "EXACT",
        "c2|agreed": "STRICT",
        "c3|agreed": "STRICT",
    }
    differing = [row for row in result.rows("other_comparisons") if not row["agrees"]]
    assert sorted((row["pair_id"], row["criterion_key"], row["delta"]) for row in differing) == [
        ("c2|agreed", "Q1", -10.0),
        ("c3|agreed", "Q3", -10.0),
    ]


def test_every_answer_of_a_session_is_there_for_reliability(world: World) -> None:
    rows = world.run().rows("calibration_answers", "criterion_key, evaluation_id")
    assert [(row["criterion_key"], row["evaluation_id"], row["points"]) for row in rows[3:]] == [
        (key, name, 0.0 if (name, key) in (("c2", "Q1"), ("c3", "Q3")) else 10.0)
        for key in ("Q1", "Q2", "Q3")
        for name in ("c1", "c2", "c3")
    ]
    assert [row["option"] for row in rows[:3]] == ["pass"] * 3


def test_a_participants_two_accounts_are_one_person(world: World) -> None:
    world.add("identities", account_id="u4-mail", person_id="u4")
    scored(world, "c4", "u4-mail", FULL)
    found = [row for row in results(world, "person_id", "evaluation_id", "status") if row[0] == "u4"]
    assert found == [("u4", "c4", "done")]


@pytest.mark.parametrize(
    ("days", "blind", "counts"), [(7, True, True), (6.9, True, False), (20, None, False), (20, False, False)]
)
def test_a_repeat_counts_as_intra_rater_when_blind_and_after_the_gap(
    days: float, blind: bool | None, counts: bool
) -> None:
    world = World()
    world.form()
    world.evaluation("e1", FULL)
    world.evaluation("e2", {**FULL, "Q1": 0}, repeat_no=2, submitted_at=day(days), is_blind=blind)
    (pair,) = world.run().rows("other_pairs")
    assert (pair["relation"], pair["gap_days"], pair["is_intra_rater"]) == ("repeat", pytest.approx(days), counts)


def test_a_self_audit_tells_its_gap_and_the_programme_sets_the_least() -> None:
    world = World()
    world.form()
    world.evaluation("e1", FULL)
    world.evaluation("a1", FULL, kind="ata", is_blind=True, submitted_at=day(3))
    (pair,) = world.run().rows("other_pairs")
    assert (pair["relation"], pair["gap_days"], pair["is_intra_rater"]) == ("self_audit", 3.0, False)
    (pair,) = world.run(Programme(self_audit_gap_days=3)).rows("other_pairs")
    assert pair["is_intra_rater"]


def test_a_missed_fatal_and_a_false_one_are_told_apart_by_class() -> None:
    world = World()
    both = {
        "C1": {"max": 0, "weight": 0, "crit": True, "class": "customer"},
        "C2": {"max": 0, "weight": 0, "crit": True, "class": "customer"},
        "B1": {"max": 0, "weight": 0, "crit": True, "class": "business"},
        "Q1": {"max": 10, "weight": 1},
    }
    world.form(criteria=both)
    world.evaluation("e1", {"C1": "fail", "C2": "pass", "B1": "pass", "Q1": 10})
    world.evaluation(
        "a1",
        {"C1": "pass", "C2": "fail", "B1": "fail", "Q1": 10},
        kind="ata",
        evaluator_id="v1",
        submitted_at=day(1),
    )
    rows = world.run().rows("critical_comparisons", "critical_class")
    assert [
        (row["critical_class"], row["items"], row["auditee_found"], row["auditor_found"], row["agrees"]) for row in rows
    ] == [("business", 1, False, True, False), ("customer", 2, True, True, False)]


def shared(*people: str, **more: Any) -> World:
    world = World()
    world.form()
    for person in people:
        world.evaluation(f"e-{person}", FULL, evaluator_id=person, **more.get(person, {}))
    return world


def buckets(world: World, people: int) -> dict[str, str | None]:
    result = world.run(Programme(calibration_evaluators=people))
    return {row["evaluation_id"]: row["reason"] or row["bucket"] for row in result.rows("buckets")}


def test_several_evaluators_of_one_interaction_and_form_make_a_calibration_where_the_programme_says_so() -> None:
    assert buckets(shared("u1", "u2"), 0) == {"e-u1": "AUDITEE_ONLY", "e-u2": "AUDITEE_ONLY"}
    assert buckets(shared("u1", "u2"), 2) == {"e-u1": "CALIBRATION", "e-u2": "CALIBRATION"}
    assert buckets(shared("u1", "u2"), 3) == {"e-u1": "AUDITEE_ONLY", "e-u2": "AUDITEE_ONLY"}
    world = shared("u1", "u2", "u3")
    assert results(world, "person_id", "others", programme=Programme(calibration_evaluators=2)) == [
        ("u1", 2),
        ("u2", 2),
        ("u3", 2),
    ]


def test_an_audit_or_another_form_version_shares_no_work() -> None:
    audit = {"v1": {"kind": "ata", "submitted_at": day(1)}}
    assert buckets(shared("u1", "v1", **audit), 2) == {"e-u1": "PAIRED_AUDITEE", "e-v1": "PAIRED_AUDITOR"}
    world = shared("u1", "u2", u2={"form_version": "2"})
    assert set(buckets(world, 2).values()) == {"AUDITEE_ONLY"}
    draft = shared("u1", "u2", u2={"status": "draft"})
    assert buckets(draft, 2) == {"e-u1": "AUDITEE_ONLY", "e-u2": "DRAFT"}
