"""Forms that add up by methods: read from a catalogue, and scored one by one and in columns alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_sync.errors import ConfigError
from qa_sync.forms import (
    Answer,
    Asked,
    Effect,
    ScoringRule,
    Step,
    evaluation_score,
    form_score,
    parse_catalogue,
    rule_of,
)
from qa_sync.forms.scoring_columns import form_scores

CALLS = """
- form_id: calls
  version: "7"
  higher_is: better
  scale: points
  scoring:
    precision: 2
    sections:
      Opening: {method: percentage, base_percentage: 40}
      Resolution: {method: percentage, base_percentage: 60}
    categories:
      Resolution / Accuracy: {method: average}
    questions:
      greeting: {minimum: 2}
    rules:
      - {criterion: policy, option: "No", decrease: 5, section: Resolution}
      - {criterion: privacy, option: ["No", Unclear], set: 0}
  criteria:
    - {key: greeting, section: Opening, max_points: 10}
    - {key: policy, section: Resolution, category: Accuracy, options: [{option: "No", points: 0}, {option: "Yes", points: 10}]}
    - {key: depth, section: Resolution, category: Accuracy, max_points: 10}
    - key: privacy
      section: Resolution
      options: [{option: "No", points: 0}, {option: Unclear, points: 0}, {option: "Yes", points: 5}]
"""
YES, NO = Answer(option="Yes"), Answer(option="No")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"greeting": Answer(points=10), "policy": YES, "depth": Answer(points=10), "privacy": YES}, 100.0),
        ({"greeting": Answer(points=0), "policy": YES, "depth": Answer(points=10), "privacy": YES}, 68.0),
        # (10 + 5) / 2 of 10, and 5 of 5: 12.5 of 15, less nothing, of 60.
        ({"greeting": Answer(points=10), "policy": YES, "depth": Answer(points=5), "privacy": YES}, 90.0),
        ({"greeting": Answer(points=10), "policy": NO, "depth": Answer(state="na"), "privacy": YES}, 55.0),
        ({"greeting": Answer(points=10), "policy": YES, "privacy": NO}, 0.0),
        ({"privacy": Answer(option="Unclear")}, 0.0),
        ({"greeting": Answer(state="na")}, None),
        ({"greeting": Answer(points=10), "policy": Answer(option="Maybe")}, None),
        ({}, None),
    ],
)
def test_a_catalogue_holds_the_full_rule_of_a_form(answers: dict[str, Answer], expected: float | None) -> None:
    assert evaluation_score(rule_of(parse_catalogue(CALLS, file="c.yaml"), "calls", "7"), answers).score == expected


def test_a_rule_is_kept_as_text_and_read_back() -> None:
    rule = rule_of(parse_catalogue(CALLS, file="c.yaml"), "calls", "7").methods
    assert rule is not None
    assert ScoringRule.parse(rule.text()) == rule
    assert rule.steps["section", "Opening"] == Step(method="percentage", base_percentage=40.0)
    assert rule.effects[1] == Effect(criterion="privacy", options=("No", "Unclear"), kind="set", amount=0.0)


BROKEN = """
- form_id: calls
  version: "1"
  higher_is: better
  scale: points
  scoring:
    methode: sum
    precision: 12
    out_of: 0
    sections: {Closing: {method: median}, Opening: 5}
    categories: {Accuracy: {}}
    questions: {tone: {}, open: {method: sum}}
    rules:
      - {criterion: open, option: "No"}
      - {criterion: tone, option: "No", set: 0}
      - {criterion: open, set: 0}
      - {criterion: open, option: "No", set: 0, section: Opening, question: open}
      - {criterion: open, option: "No", set: zero}
      - 5
  criteria:
    - {key: open, section: Opening, max_points: 10, weight: 2}
- {form_id: a, version: "1", higher_is: better, scale: ordinal, scoring: reported}
- {form_id: b, version: "1", higher_is: better, scale: points, scoring: guessed, criteria: [{key: x, max_points: 1}]}
"""


def test_every_problem_of_a_scoring_rule_is_told_at_its_place() -> None:
    with pytest.raises(ConfigError) as told:
        parse_catalogue(BROKEN, file="c.yaml")
    found = [(".".join(str(part) for part in problem.path), problem.what) for problem in told.value.problems]
    assert found == [
        ("0.scoring.methode", "this key is not known"),
        ("0.scoring.precision", "precision is a number of decimals, 0 to 9"),
        ("0.scoring.sections.Closing", "no criterion stands in 'Closing'"),
        ("0.scoring.sections.Opening", "needs settings"),
        ("0.scoring.categories.Accuracy", "no criterion stands in 'Accuracy'"),
        ("0.scoring.questions.tone", "no criterion 'tone'"),
        ("0.scoring.questions.open.method", "this key is not known"),
        ("0.scoring.out_of", "out_of must be above 0"),
        ("0.scoring.rules.0", "a rule needs one of increase, decrease, set"),
        ("0.scoring.rules.1.criterion", "no criterion 'tone'"),
        ("0.scoring.rules.2.option", "a rule needs the option (or options) that trigger it"),
        ("0.scoring.rules.3", "a rule has one target: section, category, question, or the form"),
        ("0.scoring.rules.4.set", "set must be a number"),
        ("0.scoring.rules.5", "a rule has keys"),
        ("0.scoring", "weights have no part in scoring by methods"),
        ("1.scoring", "only a form with scale: points has a score to make"),
        ("2.scoring", "scoring must be weighted, reported, or a mapping of methods"),
    ]


def test_a_key_of_digits_is_one_key_in_criteria_and_rules_and_nothing_else_is_a_key() -> None:
    text = """
- form_id: a
  version: 1
  higher_is: better
  scale: points
  criteria: [{key: 70001, options: [{option: "No", points: 0}, {option: "Yes", points: 10}]}]
  scoring: {rules: [{criterion: 70001, option: "No", set: 0}]}
"""
    (row,) = parse_catalogue(text, file="c.yaml").rows["forms"]
    assert [effect.criterion for effect in ScoringRule.parse(row["scoring_rule"]).effects] == ["70001"]
    for broken, what in (
        ("[a]", "no criterion ['a']"),
        ("{a: 1}", "no criterion {'a': 1}"),
        ("true", "no criterion True"),
    ):
        with pytest.raises(ConfigError) as told:
            parse_catalogue(text.replace("criterion: 70001", f"criterion: {broken}"), file="c.yaml")
        assert [problem.what for problem in told.value.problems] == [what]
    with pytest.raises(ConfigError, match="70001 has no option 'no'; did you mean No"):
        parse_catalogue(text.replace('option: "No", set', 'option: "no", set'), file="c.yaml")
    with pytest.raises(ConfigError, match="set must be a number"):
        parse_catalogue(text.replace("set: 0", "set: 1e999"), file="c.yaml")


def test_a_form_scored_by_its_source_needs_no_criteria() -> None:
    text = '- {form_id: a, version: "1", higher_is: better, scale: points, scoring: reported}'
    catalogue = parse_catalogue(text, file="c.yaml")
    assert (catalogue.rows["forms"][0]["scoring"], len(catalogue.rows["criteria"])) == ("reported", 0)
    assert evaluation_score(rule_of(catalogue, "a", "1"), {}).score is None


NAMES = ("a", "b", "c", "d", "e")
PLACES = (("form",), ("section", "S"), ("section", "T"), ("category", "S", "K"), ("question", "a"), ("question", "c"))
SMALL = st.one_of(st.integers(-20, 20).map(float), st.sampled_from([0.5, 12.25, 33.3]))
STEPS = st.builds(
    Step,
    method=st.sampled_from(["sum", "average", "percentage"]),
    base_percentage=st.sampled_from([0.0, 50.0, 100.0]),
    precision=st.sampled_from([None, 0, 1, 2]),
    baseline=st.one_of(st.just(0.0), SMALL),
    minimum=st.one_of(st.none(), SMALL),
)
EFFECTS = st.builds(
    Effect,
    criterion=st.sampled_from(NAMES),
    options=st.sampled_from([("x",), ("y", "z")]),
    kind=st.sampled_from(["increase", "decrease", "set"]),
    amount=SMALL,
    place=st.sampled_from(PLACES),
)
RULES = st.builds(
    ScoringRule,
    steps=st.dictionaries(st.sampled_from(PLACES[:4]), STEPS),
    effects=st.lists(EFFECTS, max_size=4).map(tuple),
    out_of=st.sampled_from([None, 40.0]),
)
CRITERIA = st.tuples(
    *(
        st.builds(
            Asked,
            key=st.just(name),
            section=st.sampled_from([None, "S", "T"]),
            category=st.sampled_from([None, "K"]),
            maximum=st.sampled_from([None, 0.0, 5.0, 10.0]),
        )
        for name in NAMES
    )
)
ANSWERS = st.lists(
    st.dictionaries(
        st.sampled_from(NAMES), st.tuples(st.sampled_from([None, 0.0, 2.5, 5.0]), st.sampled_from([None, "x", "y"]))
    ),
    min_size=1,
    max_size=4,
)


@given(RULES, CRITERIA, ANSWERS)
def test_columns_score_as_one_evaluation_does(rule: ScoringRule, criteria: Any, given_answers: Any) -> None:
    points = np.array(
        [[np.nan if (one.get(k) or (None,))[0] is None else one[k][0] for k in NAMES] for one in given_answers]
    )
    fired = np.array(
        [[(one.get(e.criterion) or (0, None))[1] in e.options for e in rule.effects] for one in given_answers],
        dtype=bool,
    ).reshape(len(given_answers), len(rule.effects))
    found = form_scores(rule, criteria, points, fired)
    for at, one in enumerate(given_answers):
        wanted = form_score(rule, criteria, {k: v[0] for k, v in one.items()}, {k: v[1] for k, v in one.items()})
        got = None if np.isnan(found[at]) else found[at]
        assert got == (None if wanted is None else pytest.approx(wanted, abs=1e-6))
