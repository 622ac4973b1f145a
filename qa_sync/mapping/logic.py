"""What a condition can come out as, whatever the records hold: always, never, or it depends.

Every text that is asked about is tried with every value the questions can tell apart: each text they name, one
that they do not name, and none. Texts of different places are taken to be independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from qa_sync.mapping.expressions import outcomes
from qa_sync.mapping.language import (
    Coalesce,
    Combined,
    Condition,
    Const,
    CustomField,
    Expression,
    From,
    Question,
    Template,
)
from qa_sync.mapping.matching import matched
from qa_sync.mapping.patterns import Pattern

#: Beyond so many combinations a condition is taken to depend on the records.
MAX_CASES = 20_000
MAX_PATTERNS = 12


@dataclass(frozen=True, slots=True)
class _Other:
    """A text that no question names, and the patterns it is taken to match."""

    matches: frozenset[Pattern]


def possible(condition: Condition) -> frozenset[bool]:
    """Return the truth values a condition can have. More may be returned than can be, never fewer."""
    asked = list(_questions(condition))
    if len({question.pattern for question in asked}) > MAX_PATTERNS:
        return frozenset({True, False})
    cases = {expression: _cases(expression, asked) for expression in dict.fromkeys(one.expression for one in asked)}
    if prod(len(one) for one in cases.values()) > MAX_CASES:
        return frozenset({True, False})
    found = {
        (question.expression, question.pattern): matched(
            question.pattern.regex, (case for case in cases[question.expression] if isinstance(case, str))
        )
        for question in asked
        if question.pattern
    }
    return frozenset(
        _holds(condition, dict(zip(cases, values, strict=True)), found) for values in product(*cases.values())
    )


def always(expression: Expression) -> bool:
    """Say whether an expression gives a value for every record."""
    if expression.match or (expression.when and possible(expression.when) != {True}):
        return False
    if expression.values and (
        expression.values.rejects
        or expression.values.default is None
        or any(value is None for _, value in expression.values.table)
    ):
        return False
    source = expression.source
    if isinstance(source, Coalesce):
        return any(always(option) for option in source.options)
    if isinstance(source, Const):
        return source.value is not None
    if isinstance(source, Template):
        return all(isinstance(part, str) or _is_word(part) for part in source.parts)
    return _is_word(source)


def _is_word(read: From | CustomField) -> bool:
    return isinstance(read, From) and read.path.scope == "word"


def _questions(condition: Condition) -> Iterator[Question]:
    if isinstance(condition, Question):
        yield condition
    else:
        for part in condition.parts:
            yield from _questions(part)


def _cases(expression: Expression, asked: list[Question]) -> list[str | _Other | None]:
    known = outcomes(expression)
    if known is not None:
        return list(known)
    about = [question for question in asked if question.expression == expression]
    named = dict.fromkeys(text for question in about for text in question.texts)
    patterns = [question.pattern for question in dict.fromkeys(about) if question.pattern]
    others = [
        _Other(frozenset(pattern for pattern, taken in zip(patterns, matched, strict=True) if taken))
        for matched in product((True, False), repeat=len(patterns))
    ]
    return [*named, *others, *([] if always(expression) else [None])]


def _holds(
    condition: Condition,
    values: Mapping[Expression, str | _Other | None],
    found: Mapping[tuple[Expression, Pattern], frozenset[str]],
) -> bool:
    if isinstance(condition, Combined):
        parts = [_holds(part, values, found) for part in condition.parts]
        return not parts[0] if condition.how == "not" else all(parts) if condition.how == "all" else any(parts)
    value = values[condition.expression]
    if condition.op == "is_null":
        return value is None
    if condition.op == "in":
        return value in condition.texts
    if value is None or condition.pattern is None:
        return False
    if isinstance(value, _Other):
        return condition.pattern in value.matches
    return value in found[condition.expression, condition.pattern]
