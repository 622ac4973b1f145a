"""Compile expressions and conditions: each becomes a text and a reason why there is none.

A value and a reason are never both there. Reasons name rules, never the value.
"""

from __future__ import annotations

from dataclasses import dataclass

from qa_sync.engine.duck import literal
from qa_sync.mapping.extract import Extraction, cleaned
from qa_sync.mapping.language import (
    Coalesce,
    Condition,
    Const,
    CustomField,
    Expression,
    From,
    Match,
    Question,
    Template,
    Values,
)
from qa_sync.mapping.layers import NULL, Layers, Term, first, text

UNLISTED = "a value that values: does not list"


@dataclass(frozen=True, slots=True)
class Value:
    """A text (or, after conversion, a typed value) and the reason why it is bad."""

    value: Term
    reason: Term = NULL


@dataclass(frozen=True, slots=True)
class Step:
    """What one verb made of a value: for people who try a mapping out."""

    verb: str
    value: Value


class Expressions:
    """Compiles the expressions of one table into its layers. ``steps`` keeps what each verb gave, in order."""

    def __init__(self, layers: Layers, extraction: Extraction) -> None:
        self._layers = layers
        self._extraction = extraction
        self.steps: list[Step] = []

    def expression(self, expression: Expression) -> Value:
        """Return the text that an expression gives."""
        found = self._source(expression.source)
        if expression.when:
            truth, reason = self.condition(expression.when)
            found = self._note("when", self._gate(found, truth, reason))
        if expression.match:
            found = self._note("match", self._match(found, expression.match))
        if expression.values:
            found = self._note("values", self._values(found, expression.values))
        return found

    def _note(self, verb: str, value: Value) -> Value:
        self.steps.append(Step(verb, value))
        return value

    def _source(self, source: From | CustomField | Const | Template | Coalesce) -> Value:
        if isinstance(source, Coalesce):
            return self._note("coalesce", self._coalesce([self.expression(option) for option in source.options]))
        if isinstance(source, Template):
            return self._note("template", self._template(source))
        if isinstance(source, Const):
            return self._note("const", Value(text(source.value)))
        verb = f"from {source.path}" if isinstance(source, From) else f"custom_field {source.id}"
        return self._note(verb, self.read(source))

    def read(self, source: From | CustomField) -> Value:
        """Return the text at a path."""
        found = self._extraction.of(source)
        return Value(found.text) if found.reason is None else Value(found.text, found.reason)

    def _template(self, template: Template) -> Value:
        parts: list[Term] = []
        reasons: list[Term] = []
        for part in template.parts:
            read = Value(text(part)) if isinstance(part, str) else self.read(part)
            parts.append(read.value)
            reasons.append(read.reason)
        if len(parts) == 1:
            return Value(parts[0], reasons[0])
        joined = self._layers.name(" || ".join(part.sql for part in parts), *parts)
        return Value(joined, first(self._layers, *reasons))

    def _coalesce(self, options: list[Value]) -> Value:
        reads = [term for option in options for term in (option.value, option.reason) if not term.is_null]
        if all(option.reason.is_null for option in options):
            return Value(first(self._layers, *(option.value for option in options)))
        values, reasons = "CASE", "CASE"
        for option in options:
            if not option.value.is_null:
                values += f" WHEN {option.value.sql} IS NOT NULL THEN {option.value.sql}"
                reasons += f" WHEN {option.value.sql} IS NOT NULL THEN NULL"
            if not option.reason.is_null:
                values += f" WHEN {option.reason.sql} IS NOT NULL THEN NULL"
                reasons += f" WHEN {option.reason.sql} IS NOT NULL THEN {option.reason.sql}"
        name = self._layers.name
        return Value(name(f"CAST({values} END AS VARCHAR)", *reads), name(f"CAST({reasons} END AS VARCHAR)", *reads))

    def _gate(self, found: Value, truth: Term, reason: Term) -> Value:
        name = self._layers.name
        value = name(f"CASE WHEN {truth.sql} THEN {found.value.sql} END", truth, found.value)
        if found.reason.is_null:
            return Value(value, reason)
        inner = name(f"CASE WHEN {truth.sql} THEN {found.reason.sql} END", truth, found.reason)
        return Value(value, first(self._layers, reason, inner))

    def _match(self, found: Value, match: Match) -> Value:
        taken = f"regexp_extract({found.value.sql}, {literal(match.pattern.regex)}, {match.group})"
        return Value(self._layers.name(cleaned(taken), found.value), found.reason)

    def _values(self, found: Value, values: Values) -> Value:
        given = found.value
        cases = " ".join(f"WHEN {literal(key)} THEN {text(value).sql}" for key, value in values.table)
        default = "" if values.default is None else f" ELSE {literal(values.default)}"
        translated = self._layers.name(
            f"CASE WHEN {given.sql} IS NOT NULL THEN CAST(CASE {given.sql} {cases}{default} END AS VARCHAR) END", given
        )
        if not values.rejects:
            return Value(translated, found.reason)
        keys = ", ".join(literal(key) for key, _ in values.table)
        unlisted = self._layers.name(f"CASE WHEN {given.sql} NOT IN ({keys}) THEN {literal(UNLISTED)} END", given)
        return Value(translated, first(self._layers, found.reason, unlisted))

    def condition(self, condition: Condition) -> tuple[Term, Term]:
        """Return (truth, reason): truth is never NULL, and false where a reason says it cannot be told."""
        truth, reasons = self._condition(condition)
        reason = first(self._layers, *reasons)
        if reason.is_null:
            return truth, reason
        return self._layers.name(f"{truth.sql} AND {reason.sql} IS NULL", truth, reason), reason

    def _condition(self, condition: Condition) -> tuple[Term, list[Term]]:
        if isinstance(condition, Question):
            found = self.expression(condition.expression)
            return self._layers.name(_question(condition, found.value.sql), found.value), [found.reason]
        parts = [self._condition(part) for part in condition.parts]
        truths = [truth for truth, _ in parts]
        reasons = [reason for _, each in parts for reason in each]
        if condition.how == "not":
            return self._layers.name(f"NOT {truths[0].sql}", *truths), reasons
        word = " AND " if condition.how == "all" else " OR "
        return self._layers.name(f"({word.join(truth.sql for truth in truths)})", *truths), reasons


def _question(question: Question, value: str) -> str:
    if question.op == "is_null":
        return f"({value} IS NULL)"
    if question.op == "in":
        return f"coalesce({value} IN ({', '.join(literal(one) for one in question.texts)}), false)"
    pattern = question.pattern.regex if question.pattern else ""
    return f"coalesce(regexp_matches({value}, {literal(pattern)}), false)"
