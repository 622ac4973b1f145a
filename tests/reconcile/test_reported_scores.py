"""Recomputed where the catalogue holds the form's rule, else reported on both sides; every difference has a reason."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from reconcile.brute_force import BruteForce
from reconcile.random_worlds import PROGRAMME, build, happenings
from reconcile.world import LATER, World, day, pairs_of, side_by_side

from qa_sync.forms import Effect, ScoringRule, Step
from qa_sync.reconcile import outcomes

YES_NO = {"No": {"points": 0}, "Yes": {"points": 10}}
CRITERIA = {"Q1": {"max": 10, "weight": 1, "options": YES_NO}, "Q2": {"max": 10, "weight": 1, "options": YES_NO}}
METHODS = ScoringRule(
    steps={("form",): Step(method="average", baseline=5.0)},
    effects=(Effect(criterion="Q2", options=("No",), kind="set", amount=0.0),),
    out_of=15.0,
)


def world_of(
    auditee: dict[str, Any],
    auditor: dict[str, Any],
    reported: tuple[float | None, float | None] = (None, None),
    criteria: Any = CRITERIA,
    **form: Any,
) -> World:
    world = World()
    world.form(criteria=criteria, **form)
    world.evaluation("e1", auditee, reported_score=reported[0])
    world.evaluation("a1", auditor, kind="ata", evaluator_id="v1", submitted_at=day(1), reported_score=reported[1])
    return world


def scores(pair: dict[str, Any]) -> tuple[str, float | None, float | None]:
    return pair["outcome"], pair["auditee_score"], pair["auditor_score"]


def test_a_form_by_methods_is_compared_by_what_its_methods_make() -> None:
    world = world_of(
        {"Q1": "Yes", "Q2": "NA"}, {"Q1": "No", "Q2": "Yes"}, scoring="methods", scoring_rule=METHODS.text()
    )
    # Average of what was answered, plus 5, of 15: 15 of 15 against 10 of 15.
    assert scores(world.run().pair()) == ("LENIENT", 100.0, pytest.approx(1000 / 15))


def test_a_rule_that_sets_the_form_fails_it() -> None:
    world = world_of(
        {"Q1": "Yes", "Q2": "Yes"}, {"Q1": "Yes", "Q2": "No"}, scoring="methods", scoring_rule=METHODS.text()
    )
    assert scores(world.run().pair()) == ("LENIENT", 100.0, 0.0)


def test_a_form_that_only_the_source_can_score_is_compared_by_reported_scores() -> None:
    same, other = {"Q1": "Yes", "Q2": "Yes"}, {"Q1": "No", "Q2": "Yes"}
    found = pairs_of(
        world_of(same, same, (91.5, 80.0), scoring="reported"),
        world_of(same, same, (90.0, 90.0), scoring="reported"),
        # One side has none: nothing is recomputed by a rule nobody knows.
        world_of(same, other, (90.0, None), scoring="reported"),
    )
    assert list(map(scores, found)) == [
        ("LENIENT", 91.5, 80.0),
        ("EXACT", 90.0, 90.0),
        ("UNSCORED_DIFFERENCE", 90.0, None),
    ]


def test_a_form_without_criteria_is_compared_by_reported_scores() -> None:
    world = world_of({}, {}, (91.5, 90.0), criteria={}, scoring="reported")
    assert scores(world.run().pair()) == ("WITHIN_TOLERANCE", 91.5, 90.0)


def test_a_catalogue_without_points_leaves_both_sides_to_the_reported_scores() -> None:
    criteria = {"Q1": {"options": ["No", "Yes"]}}
    worlds = [world_of({"Q1": "Yes"}, {"Q1": "No"}, (80.0, other), criteria) for other in (60.0, None)]
    assert list(map(scores, pairs_of(*worlds))) == [("LENIENT", 80.0, 60.0), ("UNSCORED_DIFFERENCE", None, None)]


def test_the_agent_sees_the_reported_score_whatever_is_recomputed() -> None:
    pair = world_of({"Q1": "Yes", "Q2": "No"}, {"Q1": "Yes", "Q2": "No"}, (70.0, None)).run().pair()
    assert (pair["agent_score"], pair["auditee_score"]) == (70.0, 50.0)


WEIGHTED = {**CRITERIA, "Q2": {**CRITERIA["Q2"], "weight": 3}, "C": {"max": 0, "weight": 0, "crit": True}}
THIRDS = {key: {"max": 1, "weight": 1} for key in ("Q1", "Q2", "Q3")}


#: Answers, the reported score, their form, and why the one does not follow from the others.
DIFFERENCES: tuple[tuple[dict[str, Any], float | None, str, str | None], ...] = (
    ({"Q1": "Yes", "Q2": "No", "C": "pass"}, 25.0, "F1", None),
    ({"Q1": "Yes", "Q2": "No", "C": "pass"}, 50.0, "F1", "WEIGHTS_NOT_APPLIED"),
    ({"Q1": "Yes", "Q2": "No", "C": "fail"}, 25.0, "F1", "AUTO_FAIL_NOT_APPLIED"),
    ({"Q1": "Yes", "Q2": "No", "C": "pass"}, 0.0, "F1", "AUTO_FAIL_NOT_FOUND"),
    ({"Q1": "Yes", "Q2": "NA", "C": "pass"}, 25.0, "F1", "NOT_APPLICABLE_COUNTED"),
    ({"Q1": "No", "Q2": "NA", "C": "pass"}, 75.0, "F1", "NOT_APPLICABLE_COUNTED"),
    ({"Q1": "Yes", "C": "pass"}, 25.0, "F1", "ANSWERS_MISSING"),
    ({"Q1": "Yes", "Q2": "Maybe", "C": "pass"}, 25.0, "F1", "ANSWERS_OFF_SCALE"),
    ({"Q1": "Yes", "Q2": "No", "C": "pass", "Q9": 3}, 40.0, "F1", "ANSWERS_UNKNOWN"),
    ({"Q1": "NA", "Q2": "NA", "C": "pass"}, 100.0, "F1", "UNDEFINED"),
    ({"Q1": "Yes", "Q2": "No", "C": "pass"}, 33.0, "F1", "RULE_DIFFERS"),
    ({"Q1": 1, "Q2": 1, "Q3": 0}, 67.0, "F2", "ROUNDED"),
    ({"Q1": 1, "Q2": 1, "Q3": 0}, 66.7, "F2", "ROUNDED"),
    ({"Q1": 1, "Q2": 1, "Q3": 0}, 66.67, "F2", None),
    ({"Q1": 1, "Q2": 1, "Q3": 0}, None, "F2", None),
)


def test_every_difference_is_a_finding_with_its_reason() -> None:
    world = World()
    world.form("F1", criteria=WEIGHTED)
    world.form("F2", criteria=THIRDS)
    for at, (answers, reported, form, _) in enumerate(DIFFERENCES):
        for is_paired in (True, False):
            item = f"{at:02}{'paired' if is_paired else 'alone'}"
            of = {"interaction_id": item, "form_id": form}
            world.evaluation(f"e{item}", answers, reported_score=reported, **of)
            if is_paired:
                world.evaluation(f"a{item}", answers, kind="ata", evaluator_id="v1", submitted_at=day(1), **of)
    result = world.run()
    assert len(result.pairs) == len(DIFFERENCES)
    wanted = [
        (f"e{at:02}{which}", reason)
        for at, (_, _, _, reason) in enumerate(DIFFERENCES)
        for which in ("alone", "paired")
        if reason
    ]
    assert [(row["evaluation_id"], row["reason"]) for row in result.rows("score_findings")] == wanted
    assert result.counts.score_findings == Counter(reason for _, reason in wanted)
    assert all(outcomes.explain(reason) for _, reason in wanted)


def test_a_form_by_methods_has_findings_too_and_a_reported_one_has_none() -> None:
    answers = {"Q1": "Yes", "Q2": "Yes"}
    by_methods = world_of(answers, answers, (90.0, 100.0), scoring="methods", scoring_rule=METHODS.text()).run()
    assert [(row["evaluation_id"], row["reported"], row["recomputed"], row["difference"], row["reason"])
            for row in by_methods.rows("score_findings")] == [("e1", 90.0, 100.0, -10.0, "RULE_DIFFERS")]  # fmt: skip
    assert world_of(answers, answers, (90.0, 100.0), scoring="reported").run().rows("score_findings") == []


def test_both_sides_of_a_pair_are_findings_once_each() -> None:
    world = world_of({"Q1": "Yes", "Q2": "No"}, {"Q1": "Yes", "Q2": "Yes"}, (70.0, 70.0))
    world.evaluation("a2", {"Q1": "Yes", "Q2": "No"}, kind="ata", evaluator_id="v2", submitted_at=day(2))
    result = world.run()
    assert [(row["evaluation_id"], row["recomputed"]) for row in result.rows("score_findings")] == [
        ("a1", 100.0),
        ("e1", 50.0),
    ]
    assert result.counts.score_findings == {"RULE_DIFFERS": 2}


def lone(**values: Any) -> World:
    world = World()
    world.form(criteria=CRITERIA)
    world.evaluation("e1", {"Q1": "Yes", "Q2": "No"}, **values)
    return world


def test_only_living_evaluations_of_forms_with_a_full_rule_are_checked() -> None:
    cases: list[tuple[dict[str, Any], list[tuple[float, float]]]] = [
        ({"reported_score": 5.0, "reported_max": 10.0}, []),
        ({"reported_score": 6.0, "reported_max": 10.0}, [(60.0, 50.0)]),
        ({"reported_score": 6.0, "reported_max": 0.0}, []),  # of nothing: no percentage
        ({"reported_score": 60.0, "auto_failed": True}, [(60.0, 0.0)]),
        ({"reported_score": 0.0, "auto_failed": True}, []),
        ({"reported_score": 60.0, "form_version": None}, [(60.0, 50.0)]),  # the newest version of its form
        ({"reported_score": 60.0, "form_version": "9"}, []),  # no rule is known
        ({"reported_score": 60.0, "status": "draft"}, []),
        ({"reported_score": 60.0, "status": "retracted"}, []),
        ({"reported_score": 60.0, "kind": "self"}, [(60.0, 50.0)]),  # left out of pairs, not of the check
    ]
    world = lone()
    for at, (values, _) in enumerate(cases):
        world.evaluation(f"x{at}", {"Q1": "Yes", "Q2": "No"}, interaction_id=f"i{at}x", **values)
    found: dict[str, list[tuple[float, float]]] = {f"x{at}": [] for at in range(len(cases))}
    for row in world.run().rows("score_findings"):
        found[row["evaluation_id"]].append((row["reported"], row["recomputed"]))
    assert list(found.values()) == [wanted for _, wanted in cases]


def test_an_evaluation_is_checked_as_it_is_today() -> None:
    world = lone(reported_score=60.0)
    assert len(world.run().rows("score_findings")) == 1
    world.evaluation("e1", {"Q1": "Yes", "Q2": "No"}, reported_score=50.0, effective_at=day(3), seq=1)
    assert world.run().rows("score_findings") == []
    assert len(world.run(as_of=day(2)).rows("score_findings")) == 1
    world.delete("e1", day(4))
    assert world.run().rows("score_findings") == []


def test_answers_in_a_record_of_their_own_are_checked_too() -> None:
    world = lone(reported_score=50.0)
    for row in world.rows["answers"]:
        row |= {"stream": "answers", "record_id": f"e1-{row['criterion_key']}"}
    assert world.run().rows("score_findings") == []
    world.rows["evaluations"][0]["reported_score"] = 60.0
    assert [row["recomputed"] for row in world.run().rows("score_findings")] == [50.0]


def test_an_answer_that_came_twice_confirms_nothing() -> None:
    world = lone(reported_score=200 / 3)
    world.rows["answers"].append({**world.rows["answers"][0], "option": "No"})
    world.rows["answers"][1]["option"] = "Yes"
    # Q1 Yes, Q1 No, Q2 Yes would make 20 of 30.
    assert [row["recomputed"] for row in world.run().rows("score_findings")] == [50.0]


def test_a_form_of_many_criteria_is_checked() -> None:
    world = World()
    keys = [f"Q{number}" for number in range(60)]
    world.form(criteria={key: {"max": 1, "weight": 1} for key in keys})
    world.evaluation("e1", dict.fromkeys(keys, 1), reported_score=100.0)
    world.evaluation("e2", {**dict.fromkeys(keys, 1), "Q59": 0}, reported_score=100.0)
    assert [row["evaluation_id"] for row in world.run().rows("score_findings")] == ["e2"]


def with_reported_scores(seed: int) -> tuple[World, dict[str, tuple[float, float | None]]]:
    """A random programme whose evaluations report any score, and what a slow reader finds in it."""
    random = Random(seed)
    world = build(happenings(seed))
    slow = BruteForce(world, PROGRAMME, LATER)
    wanted = {}
    for evaluation in slow.evaluations.values():
        score = slow.comparison.score(evaluation.now)
        row = evaluation.now.row
        row["reported_score"] = random.choice([None, score, score, 50.0, 0.0])
        is_other = score is None or row["reported_score"] is None or abs(score - row["reported_score"]) > 0.01
        is_full = slow.comparison.has_rule(row)
        if is_full and is_other and row["reported_score"] is not None and slow.state(evaluation) == "live":
            wanted[evaluation.id] = (row["reported_score"], score)
    return world, wanted


def test_the_first_look_leaves_out_nothing_and_every_finding_is_what_a_slow_reader_finds() -> None:
    made = {f"world {seed}": with_reported_scores(seed) for seed in range(20)}
    worlds = {name: world for name, (world, _) in made.items()}
    for name, found in side_by_side(worlds, PROGRAMME, tables=["score_findings"]).items():
        rows = {row["evaluation_id"]: (row["reported"], row["recomputed"]) for row in found.rows("score_findings")}
        wanted = {key: (told, score and pytest.approx(score)) for key, (told, score) in made[name][1].items()}
        assert rows == wanted, name
    assert sum(len(wanted) for _, wanted in made.values()) > 20
