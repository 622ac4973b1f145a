"""How a form's parts add up to a score, where the source computes by methods, baselines, minimums and rules.

A form is a tree: form, sections, categories, questions. ``score`` follows the published scoring methods of
quality-management suites step by step: method, rule deltas, baseline, minimum, rounding; a rule that *sets* a score
overrides all of them. No answer is not 0: a part of which nothing was answered has no score. The order of the steps
and the maximum of a nested part are not published anywhere (assumed).

A catalogue describes such a form below ``scoring`` (``scoring_rule``); ``scoring_columns`` computes the same for whole
tables. Forms without it have a weighted share of points (``evaluation_score``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Method = Literal["sum", "average", "percentage"]
METHODS: tuple[Method, ...] = get_args(Method)

#: Keeps binary fractions from deciding a half: 28.499999999999996 is 28.5.
EPSILON = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question. ``score``: points of the answer; None: unanswered, or N/A without points."""

    score: float | None
    maximum: float | None = None
    rules: Rules | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A category, a section or the form itself.

    Attributes:
        children: what it is made of.
        method: how their scores make its own.
        base_percentage: what a full score is worth, with the method ``percentage``.
        precision: decimals it is rounded to, halves away from zero; None: not rounded.
    """

    children: tuple[Question | Part, ...]
    method: Method = "sum"
    base_percentage: float = 100.0
    precision: int | None = None
    rules: Rules | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is done to a score after its method.

    Attributes:
        delta: sum of the increases and decreases that answers triggered.
        baseline: added where anything was answered.
        minimum: the least it becomes, where anything was answered.
        set_to: the score a rule set, whatever else holds, even where nothing was answered (so auto-fail is built).
    """

    delta: float = 0.0
    baseline: float = 0.0
    minimum: float | None = None
    set_to: float | None = None


def score(part: Question | Part) -> float | None:
    """Return the score of a question, a part or a whole form; None where nothing was answered.

    >>> ten, five, unanswered = Question(score=10, maximum=10), Question(score=5, maximum=10), Question(score=None)
    >>> score(Part(children=(ten, five, unanswered), method="percentage", base_percentage=50))
    37.5
    """
    rules = part.rules or Rules()
    if rules.set_to is not None:
        return _rounded(rules.set_to, part)
    made = part.score if isinstance(part, Question) else _combined(part)
    if made is None:
        return None
    made = math.fsum((made, rules.delta, rules.baseline))
    if rules.minimum is not None:
        made = max(made, rules.minimum)
    return _rounded(made, part)


def _combined(part: Part) -> float | None:
    scored = [(child, value) for child in part.children if (value := score(child)) is not None]
    if not scored:
        return None
    total = math.fsum(value for _, value in scored)
    if part.method == "sum":
        return total
    if part.method == "average":
        return total / len(scored)
    available = [_attainable(child) for child, _ in scored]
    most = math.fsum(one for one in available if one is not None)
    if None in available or most <= 0:
        return None
    return total * part.base_percentage / most


def _attainable(part: Question | Part) -> float | None:
    """Return the most a part could score by its method; baselines are extra and do not count."""
    if isinstance(part, Question):
        return part.maximum
    if part.method == "percentage":
        return part.base_percentage
    found = [_attainable(child) for child in part.children if score(child) is not None]
    known = [one for one in found if one is not None]
    if len(known) < len(found) or not known:
        return None
    return math.fsum(known) / (len(known) if part.method == "average" else 1)


def _rounded(value: float, part: Question | Part) -> float:
    if isinstance(part, Question) or part.precision is None:
        return value
    scale = 10.0**part.precision
    return math.copysign(math.floor(abs(value) * scale + 0.5 + EPSILON) / scale, value)
