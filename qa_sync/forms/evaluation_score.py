"""The score of one evaluation from its answers, by the rule of its form: 0 to 100, or none.

``qa_sync.reconcile`` computes the same for whole tables in SQL; this is the rule by itself, for one evaluation:
to explain a score, to try a form out, and to hold the SQL against.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_sync.forms.catalogue import Catalogue
from qa_sync.forms.conditions import Condition, is_unasked, parse_condition
from qa_sync.forms.scoring_rule import Asked, ScoringRule, form_score


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRule:
    """How one criterion counts.

    Attributes:
        max_points: points available; None: the most an option gives, else what the record says.
        weight: weight in the score; 0 for criteria that only pass or fail.
        is_critical: whether failing it triggers the form's auto-fail rule.
        options: the points of each option (None: not known).
        fails: whether an option fails a critical criterion, where the form says so.
        asked_when: the condition on other criteria's answers under which it is asked; empty: always.
    """

    max_points: float | None = None
    weight: float = 1.0
    is_critical: bool = False
    options: Mapping[str, float | None] = field(default_factory=dict)
    fails: Mapping[str, bool] = field(default_factory=dict)
    asked_when: Condition = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRule:
    """A form version's rule.

    Attributes:
        criteria: how each criterion counts.
        auto_fail: zero, cap (then ``auto_fail_cap`` is the most that is left) or none.
        scale: only ``points`` makes a score.
        methods: how its parts add up, where that is no weighted share; ``asked`` says where its criteria stand.
        is_reported: whether only the source knows the rule: nothing is recomputed then.
    """

    criteria: Mapping[str, CriterionRule]
    auto_fail: str = "zero"
    auto_fail_cap: float | None = None
    scale: str = "points"
    methods: ScoringRule | None = None
    asked: tuple[Asked, ...] = ()
    is_reported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one criterion, as in the table answers. What the form says of the option wins over the record."""

    state: str = "valued"
    option: str | None = None
    points: float | None = None
    max_points: float | None = None
    is_fail: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationScore:
    """A score after and before auto-fail, and the critical criteria that were failed. None is undefined, never 0."""

    score: float | None
    raw_score: float | None
    failed: tuple[str, ...]


def rule_of(catalogue: Catalogue, form_id: str, form_version: str) -> FormRule:
    """Return the rule of a form version of a catalogue; KeyError when the catalogue has no such version."""

    def rows(table: str) -> list[Mapping[str, Any]]:
        key = (form_id, form_version)
        return [row for row in catalogue.rows[table] if (row["form_id"], row["form_version"]) == key]

    found = rows("forms")
    if not found:
        msg = f"{form_id} {form_version}"
        raise KeyError(msg)
    options = rows("options")
    criteria = {}
    for row in rows("criteria"):
        own = [option for option in options if option["criterion_key"] == row["criterion_key"]]
        criteria[row["criterion_key"]] = CriterionRule(
            max_points=row["max_points"],
            weight=row["weight"],
            is_critical=row["is_critical"],
            options={option["option"]: option["points"] for option in own},
            fails={option["option"]: option["is_fail"] for option in own if option["is_fail"] is not None},
            asked_when=parse_condition(row["asked_when"], criterion=row["criterion_key"]) if row["asked_when"] else (),
        )
    form = found[0]
    return FormRule(
        criteria=criteria,
        auto_fail=form["auto_fail"],
        auto_fail_cap=form["auto_fail_cap"],
        scale=form["scale"],
        methods=ScoringRule.parse(form["scoring_rule"]) if form["scoring"] == "methods" else None,
        asked=tuple(
            Asked(
                key=row["criterion_key"],
                section=row["section"],
                category=row["category"],
                maximum=_top(criteria[row["criterion_key"]], Answer()),
            )
            for row in rows("criteria")
        ),
        is_reported=form["scoring"] == "reported",
    )


def evaluation_score(rule: FormRule, answers: Mapping[str, Answer], *, auto_failed: bool = False) -> EvaluationScore:
    """Score an evaluation: 100 times the weighted points earned of those available, over the criteria that apply.

    A form that adds up by methods has the score its methods make.
    Undefined (None) where nothing that counts applies, where points that count are not known, and on forms whose
    scale is not points. A failed critical criterion, or ``auto_failed`` where the source says so, then makes it 0 or
    caps it, as the form says. Answers to criteria that the form does not have, or whose conditions rule them out,
    count for nothing.

    >>> rule = FormRule(criteria={"a": CriterionRule(max_points=10), "b": CriterionRule(max_points=10, weight=3)})
    >>> evaluation_score(rule, {"a": Answer(points=0), "b": Answer(points=10)}).score
    75.0
    >>> evaluation_score(rule, {"a": Answer(points=0), "b": Answer(state="na")}).score
    0.0
    """
    earned: list[float] = []
    available: list[float] = []
    unknown = False
    failed = []
    answers = {
        key: answer
        for key, answer in answers.items()
        if key in rule.criteria and not is_unasked(rule.criteria[key].asked_when, answers)
    }
    for key, criterion in rule.criteria.items():
        answer = answers.get(key)
        if answer is None or answer.state != "valued" or (answer.option is None and answer.points is None):
            continue
        points, top = _points(criterion, answer), _top(criterion, answer)
        if criterion.is_critical and _fails(criterion, answer, points, top):
            failed.append(key)
        if top is None or top <= 0 or (criterion.weight <= 0 and rule.methods is None):
            continue
        unknown = unknown or points is None
        earned.append(criterion.weight * (points or 0.0))
        available.append(criterion.weight * top)
    raw = None if unknown or not available else 100.0 * math.fsum(earned) / math.fsum(available)
    if rule.methods is not None:
        raw = None if unknown else _by_methods(rule, rule.methods, answers)
    if rule.scale != "points" or rule.is_reported:
        return EvaluationScore(score=None, raw_score=None, failed=tuple(failed))
    made = _after_auto_fail(rule, raw) if failed or auto_failed else raw
    return EvaluationScore(score=made, raw_score=raw, failed=tuple(failed))


def _by_methods(rule: FormRule, methods: ScoringRule, answers: Mapping[str, Answer]) -> float | None:
    valued = {key: answer for key, answer in answers.items() if answer.state == "valued" and key in rule.criteria}
    points = {key: _points(rule.criteria[key], answer) for key, answer in valued.items()}
    return form_score(methods, rule.asked, points, {key: answer.option for key, answer in valued.items()})


def _points(criterion: CriterionRule, answer: Answer) -> float | None:
    listed = criterion.options.get(answer.option) if answer.option is not None else None
    return answer.points if listed is None else listed


def _top(criterion: CriterionRule, answer: Answer) -> float | None:
    if criterion.max_points is not None:
        return criterion.max_points
    listed = [points for points in criterion.options.values() if points is not None]
    return max(listed) if listed else answer.max_points


def _fails(criterion: CriterionRule, answer: Answer, points: float | None, top: float | None) -> bool:
    listed = criterion.fails.get(answer.option) if answer.option is not None else None
    for said in (listed, answer.is_fail):
        if said is not None:
            return said
    return points is not None and points <= 0 and top is not None and top > 0


def _after_auto_fail(rule: FormRule, raw: float | None) -> float | None:
    if rule.auto_fail == "none":
        return raw
    if rule.auto_fail == "cap":
        return raw if raw is None else min(raw, rule.auto_fail_cap or 0.0)
    return 0.0
