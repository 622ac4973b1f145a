"""The score of one evaluation by its form's rule, and that reconciling whole frames gives the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import qa_sync
from qa_sync.forms import Answer, CriterionRule, FormRule, evaluation_score, load_catalogue, rule_of
from qa_sync.reconcile.form import to_form

PROJECT = Path(__file__).resolve().parents[2]
YES_NO = {"No": 0.0, "Yes": 10.0}
PLAIN = {
    "a": CriterionRule(options=YES_NO),
    "b": CriterionRule(max_points=10, weight=3),
    "c": CriterionRule(
        max_points=1, weight=0, is_critical=True, options={"Fail": None, "Pass": None}, fails={"Fail": True}
    ),
}
PASS, FAIL = Answer(option="Pass"), Answer(option="Fail")


@pytest.mark.parametrize(
    ("answers", "rule", "expected"),
    [
        ({"a": Answer(option="Yes"), "b": Answer(points=10), "c": PASS}, {}, 100.0),
        ({"a": Answer(option="No"), "b": Answer(points=10), "c": PASS}, {}, 75.0),
        ({"a": Answer(option="No"), "b": Answer(state="na")}, {}, 0.0),
        ({"a": Answer(state="na"), "b": Answer(state="not_asked"), "c": PASS}, {}, None),
        ({}, {}, None),
        ({"a": Answer(option="Maybe")}, {}, None),
        ({"a": Answer(option="Maybe", points=5)}, {}, 50.0),
        ({"a": Answer(option="Yes", points=1)}, {}, 100.0),
        ({"a": Answer(), "b": Answer(points=5)}, {}, 50.0),
        ({"a": Answer(option="Yes"), "x": Answer(points=0)}, {}, 100.0),
        ({"a": Answer(option="Yes"), "c": FAIL}, {}, 0.0),
        ({"c": FAIL}, {}, 0.0),
        ({"a": Answer(option="Yes"), "c": FAIL}, {"auto_fail": "none"}, 100.0),
        ({"a": Answer(option="Yes"), "c": FAIL}, {"auto_fail": "cap", "auto_fail_cap": 40.0}, 40.0),
        ({"a": Answer(option="No"), "c": FAIL}, {"auto_fail": "cap", "auto_fail_cap": 40.0}, 0.0),
        ({"c": FAIL}, {"auto_fail": "cap", "auto_fail_cap": 40.0}, None),
        ({"a": Answer(option="Yes"), "c": Answer(option="Pass", is_fail=True)}, {}, 0.0),
        ({"a": Answer(option="Yes"), "c": Answer(option="Fail", is_fail=False)}, {}, 0.0),
        ({"a": Answer(option="Yes"), "c": Answer(points=0)}, {}, 0.0),
        ({"a": Answer(option="Yes"), "c": Answer(state="na", option="Fail")}, {}, 100.0),
        ({"a": Answer(option="Yes")}, {"scale": "ordinal"}, None),
    ],
)
def test_score_follows_the_rule_of_the_form(
    answers: dict[str, Answer], rule: dict[str, Any], expected: float | None
) -> None:
    assert evaluation_score(FormRule(criteria=PLAIN, **rule), answers).score == expected


def test_what_the_source_says_failed_fails() -> None:
    made = evaluation_score(FormRule(criteria=PLAIN), {"a": Answer(option="Yes")}, auto_failed=True)
    assert (made.score, made.raw_score, made.failed) == (0.0, 100.0, ())


def test_the_failed_criteria_and_the_score_before_auto_fail_are_kept() -> None:
    made = evaluation_score(FormRule(criteria=PLAIN), {"a": Answer(option="Yes"), "b": Answer(points=0), "c": FAIL})
    assert (made.score, made.raw_score, made.failed) == (0.0, 25.0, ("c",))


def test_starter_form_scores_as_its_comments_say() -> None:
    path = PROJECT / "mappings" / "forms" / "support_quality.yaml"
    rule = rule_of(load_catalogue([(path, path.name)]), "support_quality", "1")
    answers = {
        "understanding": Answer(option="Partly"),
        "solution": Answer(option="Yes"),
        "tone": Answer(points=7),
        "data_protection": PASS,
    }
    assert evaluation_score(rule, answers).score == pytest.approx(100 * (2 * 5 + 3 * 10 + 7) / 60)
    assert evaluation_score(rule, answers | {"data_protection": FAIL}).score == 0.0
    with pytest.raises(KeyError):
        rule_of(load_catalogue([(path, path.name)]), "support_quality", "2")


FORM: dict[str, Any] = {
    "criteria": {
        "a": {"options": {"No": 0.0, "Partly": 2.5, "Yes": 5.0}, "weight": 2.0},
        "b": {"max": 7.0},
        "c": {"options": {"No": 0.0, "Yes": 4.0}, "weight": 0.3},
        "d": {"options": {"Fail": 0.0, "Pass": 1.0}, "weight": 0.0, "is_critical": True, "failing": ["Fail"]},
        "e": {"max": 2.0, "is_critical": True},
    },
}


@pytest.mark.parametrize(
    "auto_fail", [{"auto_fail": "zero"}, {"auto_fail": "none"}, {"auto_fail": "cap", "auto_fail_cap": 35.0}]
)
def test_reconciling_frames_gives_the_same_scores(auto_fail: dict[str, Any]) -> None:
    chance = random.Random(5)
    choices = {
        "a": ["No", "Partly", "Yes", "NA"],
        "b": [0, 3.5, 7, "NA", "NOT_ASKED"],
        "c": ["No", "Yes", "NA"],
        "d": ["Pass", "Pass", "Pass", "Fail", "NA"],
        "e": [0, 1, 2, 2, 2, "NA"],
    }
    given = [{key: chance.choice(listed) for key, listed in choices.items()} for _ in range(300)]
    frame = pd.DataFrame([{"interaction_id": f"i{at}", "evaluator_id": "e", **one} for at, one in enumerate(given)])
    made = qa_sync.reconcile(frame, frame.drop(columns="evaluator_id"), form=FORM | auto_fail).pairs
    found = dict(zip(made["interaction_id"], made["auditee_score"], strict=True))
    rule = _rule(FORM | auto_fail)
    for at, answers in enumerate(given):
        wanted = evaluation_score(rule, {key: _answer(value) for key, value in answers.items()}).score
        got = found[f"i{at}"]
        assert (None if pd.isna(got) else got) == (None if wanted is None else pytest.approx(wanted, abs=1e-9)), answers


def _answer(value: Any) -> Answer:
    if value in {"NA", "NOT_ASKED"}:
        return Answer(state="na" if value == "NA" else "not_asked")
    return Answer(option=value) if isinstance(value, str) else Answer(points=float(value))


def _random_form(chance: random.Random) -> dict[str, Any]:
    criteria: dict[str, Any] = {}
    for key in "abcdef"[: chance.randint(1, 6)]:
        options = chance.sample([0.0, 1.0, 2.5, 4.0, 7.0, 10.0], chance.randint(2, 4))
        one: dict[str, Any] = {"options": {f"o{at}": points for at, points in enumerate(options)}}
        if chance.random() < 0.3:
            one = {"max": chance.choice([0.0, 1.0, 7.0])}
        one["weight"] = chance.choice([0.0, 0.3, 1.0, 1.0, 2.5])
        if chance.random() < 0.3:
            one["is_critical"] = True
            if "options" in one and chance.random() < 0.7:
                one["failing"] = [chance.choice(list(one["options"]))]
        others = [other for other, rest in criteria.items() if "options" in rest]
        if others and chance.random() < 0.4:
            other = chance.choice(others)
            named = chance.sample(list(criteria[other]["options"]), 1)
            question = {"is": named[0]} if chance.random() < 0.5 else {"not_in": named}
            one["asked_when"] = {"criterion": other, **question}
        criteria[key] = one
    mode = chance.choice(["zero", "none", "cap"])
    return {"criteria": criteria, "auto_fail": mode, **({"auto_fail_cap": 30.0} if mode == "cap" else {})}


@pytest.mark.parametrize("seed", range(6))
def test_the_rule_is_the_same_in_both_places_for_any_form(seed: int) -> None:
    """One evaluation by the rule, whole tables by the SQL of reconciling: the same score, whatever the form."""
    chance = random.Random(seed)
    form = _random_form(chance)
    given = []
    for _ in range(60):
        answers: dict[str, Any] = {}
        for key, one in form["criteria"].items():
            valued = list(one["options"]) if "options" in one else [0.0, one["max"] / 2, one["max"]]
            answers[key] = chance.choice([*valued, *valued, "NA", "NOT_ASKED"])
        given.append(answers)
    frame = pd.DataFrame([{"interaction_id": f"i{at}", "evaluator_id": "e", **one} for at, one in enumerate(given)])
    made = qa_sync.reconcile(frame, frame.drop(columns="evaluator_id"), form=form).pairs
    found = dict(zip(made["interaction_id"], made["auditee_score"], strict=True))
    assert len(found) == len(given)
    rule = _rule(form)
    for at, answers in enumerate(given):
        wanted = evaluation_score(rule, {key: _answer(value) for key, value in answers.items()}).score
        got = None if pd.isna(found[f"i{at}"]) else found[f"i{at}"]
        assert got == (None if wanted is None else pytest.approx(wanted, abs=1e-9)), (form, answers)


def _rule(form: dict[str, Any]) -> FormRule:
    rest = {name: value for name, value in form.items() if name != "criteria"}
    conditions = to_form(form).conditions()
    return FormRule(
        criteria={
            key: CriterionRule(
                asked_when=conditions.get(key, ()),
                max_points=one.get("max"),
                weight=one.get("weight", 1.0),
                is_critical=one.get("is_critical", False),
                options=one.get("options", {}),
                fails={name: name in one["failing"] for name in one["options"]} if one.get("failing") else {},
            )
            for key, one in form["criteria"].items()
        },
        **rest,
    )
