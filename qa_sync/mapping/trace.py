"""The path a value takes through the verbs of a field: which terms of the compiled select tell it, in what words.

The compiler notes what each verb gave in one flat list; here the list is laid back on the expression it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qa_sync.mapping.express import Step
from qa_sync.mapping.extract import Extraction
from qa_sync.mapping.language import (
    Coalesce,
    Combined,
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
from qa_sync.mapping.layers import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of a condition: the chain that its text came by, and the words after it."""

    chain: Chain
    words: str
    of_absence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Conditions put together."""

    how: str
    parts: tuple[Asked | Joined, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One verb of a chain; no verb stands for ``when``.

    ``says`` is the place or template as the file writes it, ``parts`` are the places a template reads.
    """

    verb: From | CustomField | Const | Template | Coalesce | Match | Values | None
    step: Step
    says: str = ""
    parts: tuple[tuple[str, Term], ...] = ()
    options: tuple[Chain, ...] = ()
    condition: Asked | Joined | None = None


Chain = tuple[Link, ...]


def chain_of(expression: Expression, steps: tuple[Step, ...], extraction: Extraction) -> Chain:
    """Return the links of an expression, given the steps its compilation noted."""
    return _Layer(iter(steps), extraction).chain(expression)


def condition_of(condition: Condition, steps: tuple[Step, ...], extraction: Extraction) -> Asked | Joined:
    """Return a condition with the chains of its questions."""
    return _Layer(iter(steps), extraction).condition(condition)


def terms(chain: Chain) -> Iterator[Term]:
    """Yield every term that has to be read to tell what a chain did."""
    for link in chain:
        yield link.step.value.value
        yield link.step.value.reason
        yield from (term for _, term in link.parts)
        for option in link.options:
            yield from terms(option)
        if link.condition:
            yield from condition_terms(link.condition)


def condition_terms(condition: Asked | Joined) -> Iterator[Term]:
    """Yield every term that has to be read to tell how a condition came out."""
    if isinstance(condition, Asked):
        yield from terms(condition.chain)
    else:
        for part in condition.parts:
            yield from condition_terms(part)


class _Layer:
    """Takes steps in the order in which the compiler notes them: source, condition, when, match, values."""

    def __init__(self, steps: Iterator[Step], extraction: Extraction) -> None:
        self._steps = steps
        self._extraction = extraction

    def chain(self, expression: Expression) -> Chain:
        links = [self._source(expression.source)]
        if expression.when:
            condition = self.condition(expression.when)
            links.append(Link(verb=None, step=next(self._steps), condition=condition))
        links += [Link(verb=verb, step=next(self._steps)) for verb in (expression.match, expression.values) if verb]
        return tuple(links)

    def _source(self, source: From | CustomField | Const | Template | Coalesce) -> Link:
        options: tuple[Chain, ...] = ()
        parts: tuple[tuple[str, Term], ...] = ()
        says = ""
        if isinstance(source, Coalesce):
            options = tuple(self.chain(option) for option in source.options)
        elif isinstance(source, Template):
            parts = tuple(
                (self._place(part), self._extraction.of(part).text)
                for part in source.parts
                if not isinstance(part, str)
            )
            says = self._template(source)
        elif not isinstance(source, Const):
            says = self._place(source)
        return Link(verb=source, step=next(self._steps), says=says, parts=parts, options=options)

    def _place(self, read: From | CustomField) -> str:
        return place(read, in_each=self._extraction.each is not None)

    def _template(self, template: Template) -> str:
        return "".join(
            part.replace("{", "{{").replace("}", "}}")
            if isinstance(part, str)
            else "{" + self._place(part).replace("custom_field ", "custom_field:") + "}"
            for part in template.parts
        )

    def condition(self, condition: Condition) -> Asked | Joined:
        if isinstance(condition, Combined):
            return Joined(how=condition.how, parts=tuple(self.condition(part) for part in condition.parts))
        return Asked(
            chain=self.chain(condition.expression), words=question(condition), of_absence=condition.op == "is_null"
        )


def place(read: From | CustomField, *, in_each: bool) -> str:
    """Return a path or a custom field as the file writes it."""
    if isinstance(read, CustomField):
        return f"custom_field {read.id}"
    return f"$.{read.path}" if in_each and read.path.scope == "record" else str(read.path)


def question(asked: Question) -> str:
    """Return the words of a question after what it asks about."""
    if asked.op == "is_null":
        return "is absent"
    if asked.op == "matches":
        return f"matches {asked.pattern.text if asked.pattern else ''}"
    shown = ", ".join(asked.texts[:5]) + (", ..." if len(asked.texts) > 5 else "")
    return f"is {shown}" if len(asked.texts) == 1 else f"is one of {shown}"
