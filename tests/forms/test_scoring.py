"""Scores of forms by methods, baselines, minimums and rules: the published numbers, and the laws behind them."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared_data import shared_data

from qa_sync.forms import Part, Question, Rules, score
from qa_sync.forms.scoring_columns import form_scores
from qa_sync.forms.scoring_rule import Asked, ScoringRule, Step


def part_of(node: dict[str, Any]) -> Question | Part:
    rules = Rules(delta=node["delta"], baseline=node["baseline"], minimum=node["minimum"], set_to=node["set_to"])
    if node["kind"] == "q":
        return Question(score=node["score"], maximum=node["max"], rules=rules)
    return Part(
        children=tuple(map(part_of, node["children"])),
        method=node["method"],
        rules=rules,
        base_percentage=node["base_pct"],
        precision=node["precision"],
    )


def test_published_scoring_cases_come_out() -> None:
    cases = json.loads(shared_data("verint", "scoring", "scoring_cases.json").read_text(encoding="utf-8"))
    assert len(cases) > 0
    assert {case["name"]: score(part_of(case["node"])) for case in cases} == {
        case["name"]: case["expected"] for case in cases
    }


def questions(*scores: float | None) -> tuple[Question, ...]:
    return tuple(Question(score=one, maximum=10) for one in scores)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Part(children=questions(10, 5, None), method="percentage", base_percentage=50), 37.5),
        (Part(children=questions(10, 0, None), method="average"), 5),
        (Part(children=questions(10, 0, None)), 10),
        (Part(children=questions(None, None), rules=Rules(baseline=5, minimum=1)), None),
        (Part(children=questions(None), rules=Rules(set_to=0)), 0),
        (Part(children=questions(10), rules=Rules(baseline=10, minimum=50, set_to=0)), 0),
        (Part(children=questions(3), rules=Rules(delta=-8, minimum=0)), 0),
        (Part(children=questions(3), rules=Rules(delta=-8, baseline=6)), 1),
        (Part(children=questions(1, 0, 0), method="average", precision=2), 0.33),
        (Part(children=(Question(score=0.125),), precision=2), 0.13),
        (Part(children=(Question(score=1),), method="percentage"), None),
        (Question(score=0, maximum=10), 0),
    ],
)
def test_method_then_delta_then_baseline_then_minimum_then_set(part: Part | Question, expected: float | None) -> None:
    assert score(part) == expected


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([40, 50, 60, 100])), min_size=1, max_size=5),
    st.sampled_from([100, 50, 30, 12.5]),
    st.integers(0, 2),
)
@example([(17, 100), (40, 100)], 100, 0)  # 57 of 200: 28.499999999999996 in binary fractions
def test_a_half_is_rounded_up_as_on_paper(pairs: list[tuple[int, int]], base: float, precision: int) -> None:
    part = Part(
        children=tuple(Question(score=points, maximum=most) for points, most in pairs),
        method="percentage",
        base_percentage=base,
        precision=precision,
    )
    exact = Fraction(sum(points for points, _ in pairs), sum(most for _, most in pairs)) * Fraction(base)
    assert score(part) == math.floor(exact * 10**precision + Fraction(1, 2)) / 10**precision
    rule = ScoringRule(steps={("form",): Step(method="percentage", base_percentage=base, precision=precision)})
    asked = [Asked(key=str(at), maximum=most) for at, (_points, most) in enumerate(pairs)]
    columns = form_scores(rule, asked, np.array([[float(points) for points, _ in pairs]]), np.empty((1, 0), bool))
    assert columns.tolist() == [score(part)]


def test_a_part_counts_by_what_it_could_have_earned() -> None:
    half = Part(children=questions(10, 5, None), method="percentage", base_percentage=50)
    whole = Part(children=questions(10, 10), method="percentage", base_percentage=50)
    assert score(Part(children=(half, whole), method="percentage")) == 87.5
    assert score(Part(children=(Part(children=questions(10, 5, None)),), method="percentage")) == 75
    assert score(Part(children=(Part(children=questions(10, 5), method="average"),), method="percentage")) == 75


answers = st.lists(st.one_of(st.none(), st.integers(0, 10)), min_size=1, max_size=6)


@given(answers, st.sampled_from(["sum", "average", "percentage"]), st.randoms())
def test_unanswered_questions_and_their_order_never_matter(
    given_scores: list[int | None], method: Any, chance: Any
) -> None:
    mixed = [*given_scores, None]
    chance.shuffle(mixed)
    answered = [one for one in given_scores if one is not None]
    expected = score(Part(children=questions(*answered), method=method)) if answered else None
    assert score(Part(children=questions(*mixed), method=method)) == expected


@given(answers.filter(lambda scores: any(one is not None for one in scores)), st.integers(0, 100))
def test_a_percentage_lies_between_nothing_and_its_base(given_scores: list[int | None], base: int) -> None:
    found = score(Part(children=questions(*given_scores), method="percentage", base_percentage=base))
    assert found is not None
    assert 0 <= found <= base + 1e-9
