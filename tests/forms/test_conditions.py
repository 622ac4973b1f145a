"""Conditions of criteria: what a catalogue may say, what is wrong with it, and what it means for answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qa_sync.errors import ConfigError
from qa_sync.forms import Answer, evaluation_score, parse_catalogue, rule_of
from qa_sync.forms.conditions import condition_text, is_unasked, parse_condition

FORM = """
- form_id: refunds
  version: "1"
  higher_is: better
  scale: points
  criteria:
    - key: refund
      options: [{option: "No", points: 0}, {option: Late, points: 5}, {option: "Yes", points: 10}]
    - key: amount
      max_points: 10
      asked_when: AMOUNT
    - key: form_used
      options: [{option: "No", points: 0}, {option: "Yes", points: 5}]
      asked_when: USED
"""
YES = '{criterion: refund, is: "Yes"}'


def condition(amount: str, used: str = YES, key: str = "amount") -> list[list[dict[str, object]]]:
    """The condition of a criterion, as it is stored."""
    text = FORM.replace("AMOUNT", amount).replace("USED", used)
    rows = parse_catalogue(text, file="f.yaml").rows["criteria"]
    (found,) = [row["asked_when"] for row in rows if row["criterion_key"] == key]
    return [
        [{name: value for name, value in test.items() if name not in ("points", "is_na")} for test in clause]
        for clause in json.loads(found)
    ]


@pytest.mark.parametrize(
    ("written", "clauses"),
    [
        (YES, [[{"criterion": "refund", "options": ["Yes"]}]]),
        ('{criterion: refund, is_not: "No"}', [[{"criterion": "refund", "options": ["Late", "Yes"]}]]),
        ('{criterion: refund, in: ["Yes", Late]}', [[{"criterion": "refund", "options": ["Late", "Yes"]}]]),
        ('{criterion: refund, not_in: ["Yes", Late]}', [[{"criterion": "refund", "options": ["No"]}]]),
        ("{criterion: refund, at_least: 5}", [[{"criterion": "refund", "options": ["Late", "Yes"]}]]),
        ("{criterion: refund, at_most: 5}", [[{"criterion": "refund", "options": ["No", "Late"]}]]),
        ("{criterion: refund, is_na: true}", [[{"criterion": "refund"}]]),
        (
            '[{criterion: refund, is_not: "No"}, {criterion: refund, is_not: Late}]',
            [[{"criterion": "refund", "options": ["Yes"]}]],
        ),
        (
            '{any: [{criterion: refund, is: "Yes"}, {all: [{criterion: refund, is: Late}]}]}',
            [[{"criterion": "refund", "options": ["Yes"]}], [{"criterion": "refund", "options": ["Late"]}]],
        ),
    ],
)
def test_a_condition_becomes_clauses_of_tests(written: str, clauses: list[list[dict[str, object]]]) -> None:
    assert condition(written) == clauses


def test_a_condition_holds_those_of_the_criteria_it_asks_about() -> None:
    whole = condition(YES, "{criterion: amount, at_least: 3, at_most: 8}", key="form_used")
    assert whole == [
        [
            {"criterion": "amount", "at_least": 3.0, "at_most": 8.0},
            {"criterion": "refund", "options": ["Yes"]},
        ]
    ]


def test_a_condition_is_read_back_as_it_was_written_down() -> None:
    text = FORM.replace("AMOUNT", "{criterion: refund, is_na: false}")
    rows = parse_catalogue(text.replace("USED", "{criterion: amount, at_most: 0}"), file="f.yaml").rows["criteria"]
    for row in rows[1:]:
        assert condition_text(parse_condition(row["asked_when"], criterion="x")) == row["asked_when"]
    # Zero points is a bound like any other.
    assert is_unasked(parse_condition(rows[2]["asked_when"], criterion="x"), {"amount": Answer(points=1)})


@pytest.mark.parametrize("text", ["{", "5", '["a"]', '[[{"kriterion": "a"}]]', "null"])
def test_a_stored_condition_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="asked_when of criterion 'a' is not a condition"):
        parse_condition(text, criterion="a")


@pytest.mark.parametrize(
    ("amount", "used", "message"),
    [
        ("{criterion: refnd, is: x}", YES, "11:20: 0.criteria.1.asked_when.criterion: no criterion 'refnd'; did you mean refund?"),
        ('{criterion: refund, is: "yes"}', YES, "11:39: 0.criteria.1.asked_when.is: refund has no option 'yes'; did you mean Yes?"),
        ("{criterion: refund, in: Late}", YES, "in and not_in take a list of options, is and is_not one option"),
        ("{criterion: refund, is: [Late]}", YES, "in and not_in take a list of options, is and is_not one option"),
        ("{criterion: refund, equals: Late}", YES, "0.criteria.1.asked_when.equals: this key is not known"),
        ("{criterion: refund}", YES, "0.criteria.1.asked_when: exactly one question is needed: is, is_not"),
        ("{criterion: refund, is: Late, is_na: true}", YES, "exactly one question is needed"),
        ("{criterion: amount, at_least: 3}", YES, "a criterion cannot depend on its own answer"),
        ("{criterion: refund, at_least: many}", YES, "at_least must be a number of points"),
        ("{criterion: refund, at_least: 11}", YES, "no option of refund fits, so it would never be asked"),
        ('{criterion: refund, not_in: ["No", Late, "Yes"]}', YES, "no option of refund fits"),
        (YES, "{criterion: amount, at_least: 5, at_most: 3}", "no number of points fits, so it would never be asked"),
        (YES, "{criterion: amount, is: 3}", "amount has no options, it takes points; ask at_least or at_most"),
        ("{criterion: refund, is_na: 1}", YES, "is_na must be true or false"),
        ("{any: []}", YES, "0.criteria.1.asked_when.any: a list of conditions is expected here"),
        ("[]", YES, "0.criteria.1.asked_when: a list of conditions is expected here"),
        ("refund", YES, '0.criteria.1.asked_when: a condition has keys; such as {criterion: refund, is: "Yes"}'),
        ('{any: [{criterion: refund, is: "Yes"}], is: x}', YES, "any stands by itself; put the rest into its list"),
        (
            '[{criterion: refund, is: "Yes"}, {criterion: refund, is: Late}]',
            "{criterion: amount, at_least: 1}",
            "0.criteria.1.asked_when: never asked: its tests contradict each other",
        ),
        (
            '{criterion: form_used, is: "Yes"}',
            "{criterion: amount, at_least: 1}",
            "11:7: 0.criteria.1.asked_when: a circle: amount depends on form_used depends on amount; one of them must",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_condition_is_told_where_it_stands(amount: str, used: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_catalogue(FORM.replace("AMOUNT", amount).replace("USED", used), file="f.yaml")
    assert message in str(caught.value)


def test_a_circle_is_told_once() -> None:
    text = FORM.replace("AMOUNT", '{criterion: form_used, is: "Yes"}').replace(
        "USED", "{criterion: amount, at_least: 1}"
    )
    with pytest.raises(ConfigError) as caught:
        parse_catalogue(text, file="f.yaml")
    assert len(caught.value.problems) == 1


def test_a_nest_of_alternatives_is_refused_before_it_grows() -> None:
    choice = "{{any: [{{criterion: k{}, is: a}}, {{criterion: k{}, is: a}}]}}"
    asked = ", ".join(choice.format(2 * at, 2 * at + 1) for at in range(30))
    criteria = "".join(f"    - {{key: k{at}, options: [a, b]}}\n" for at in range(60))
    text = f"""
- form_id: big
  version: "1"
  higher_is: better
  scale: ordinal
  criteria:
{criteria}    - {{key: last, options: [a, b], asked_when: [{asked}]}}
"""
    with pytest.raises(ConfigError, match="more than 64 combinations of answers lead here"):
        parse_catalogue(text, file="f.yaml")


@pytest.mark.parametrize(
    ("refund", "amount", "score"),
    [
        (Answer(option="Yes"), Answer(points=5), 75.0),
        # Not asked: it has no part in the score, whether the answer is absent, says so, or was left over.
        (Answer(option="No"), None, 0.0),
        (Answer(option="No"), Answer(state="not_asked"), 0.0),
        (Answer(option="No"), Answer(points=10), 0.0),
        (Answer(state="na"), Answer(points=10), None),
        # Points without an option say which option it was.
        (Answer(points=10), Answer(points=0), 50.0),
        (Answer(points=0), Answer(points=10), 0.0),
        # Nothing is ruled out by an answer that is not there.
        (None, Answer(points=5), 50.0),
    ],
)
def test_what_is_not_asked_has_no_part_in_the_score(
    refund: Answer | None, amount: Answer | None, score: float | None
) -> None:
    rule = rule_of(parse_catalogue(FORM.replace("AMOUNT", YES).replace("USED", YES), file="f.yaml"), "refunds", "1")
    given = {"refund": refund, "amount": amount, "form_used": Answer(state="na")}
    answers = {key: one for key, one in given.items() if one is not None}
    assert evaluation_score(rule, answers).score == score


def test_an_answer_left_over_further_up_decides_nothing() -> None:
    text = FORM.replace("AMOUNT", YES).replace("USED", "{criterion: amount, at_least: 1}")
    rule = rule_of(parse_catalogue(text, file="f.yaml"), "refunds", "1")
    answers = {"refund": Answer(option="No"), "amount": Answer(points=9), "form_used": Answer(option="Yes")}
    assert evaluation_score(rule, answers).score == 0.0


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "admin.md").read_text(encoding="utf-8")


def test_the_example_on_the_page_is_true() -> None:
    (example,) = re.findall(r"^```yaml catalogue\n(.+?)^```\n\n((?:\|[^\n]*\|\n)+)", PAGE, re.DOTALL | re.MULTILINE)
    rule = rule_of(parse_catalogue(example[0], file="page.yaml"), "refunds", "1")
    head, _, *lines = [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in example[1].splitlines()]
    assert len(lines) == 6
    for written, *told in lines:
        given = json.loads(written)
        answers = {key: _answer(value) for key, value in given.items()}
        found = [
            "not asked" if is_unasked(rule.criteria[key].asked_when, answers) else str(given.get(key, "missing"))
            for key in head[1:-1]
        ]
        score = evaluation_score(rule, answers).score
        assert [*found, "none" if score is None else f"{score:.1f}"] == told, written


def _answer(value: object) -> Answer:
    if value == "NA":
        return Answer(state="na")
    return Answer(points=float(value)) if isinstance(value, int) else Answer(option=str(value))
