"""What a mapping says of an account, held against what the account has: fields, options, forms and groups by id."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Literal

from qa_sync.errors import Problem
from qa_sync.mapping.language import (
    Coalesce,
    Combined,
    Condition,
    CustomField,
    Expression,
    Field,
    From,
    Mapping,
    Question,
    TableMapping,
)
from qa_sync.mapping.problems import Place
from qa_sync.model.account import CUSTOM_FIELD, Defined, Definitions
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document, parse

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")

Tables = Dictionary[str, TableMapping]

#: Things of the account that a hint names.
MOST = 10
_TITLE = re.compile(r'#.*?"([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something that records or the account have and the set-up does not know, or the other way round.

    ``high``: numbers are wrong or missing because of it; ``medium``: something is told apart less well than it could
    be; ``low``: worth knowing. ``problem`` says where in the mapping file, where it is about one.
    """

    severity: Severity
    kind: str
    stream: str
    id: str
    what: str
    hint: str = ""
    problem: Problem | None = None


def account_drift(mapping: Mapping, definitions: Sequence[Definitions]) -> list[Drift]:
    """Return where a mapping and an account's definitions differ, most severe first, then in the order of the file."""
    document = parse(mapping.text, file=mapping.file)
    found: list[Drift] = []
    for known in definitions:
        tables = mapping.streams.get(known.stream, {})
        if known.kind == CUSTOM_FIELD:
            found += _custom_fields(document, known, tables)
        else:
            found += _named_by_path(document, known, tables)
    return sorted(dict.fromkeys(found), key=_order)


def _order(one: Drift) -> tuple[int, int, int]:
    place = (one.problem.line, one.problem.column) if one.problem else (sys.maxsize, 0)
    return SEVERITIES.index(one.severity), *place


# --- custom fields --------------------------------------------------------------------------------------------
def _custom_fields(document: Document, known: Definitions, tables: Tables) -> Iterator[Drift]:
    read: set[str] = set()
    for place, expression, field in _expressions(known.stream, tables):
        source = expression.source
        if not isinstance(source, CustomField):
            continue
        read.add(source.id)
        thing = known.things.get(source.id)
        where = (*place, "custom_field")
        if thing is None:
            what = f"the account has no custom field {source.id}"
            yield _drift(document, where, known, source.id, "high", what, _meant(document, where, known))
            continue
        if not thing.is_active:
            what = f'custom field {source.id} ("{thing.title}") is no longer in use'
            yield _drift(document, where, known, source.id, "medium", what, "records from now on will not fill it")
        yield from _title(document, where, known, thing)
        if expression.values and thing.options and not expression.match:
            yield from _options(document, place, known, thing, expression, field)
    for thing in known.things.values():
        if thing.is_active and thing.id not in read:
            what = f'custom field {thing.id} ("{thing.title}") is read by no mapping'
            hint = "map it if reports should group or filter by it"
            yield Drift(severity="low", kind=known.kind, stream=known.stream, id=thing.id, what=what, hint=hint)


def _meant(document: Document, place: Place, known: Definitions) -> str:
    """Find the field that is meant by the title in the comment, else by the name of the column."""
    said = _TITLE.search(_line(document, place))
    words = {said.group(1).casefold()} if said else {str(place[4]).replace("_", " ").casefold()}
    named = [thing for thing in known.things.values() if thing.title.casefold() in words]
    return f'"{named[0].title}" is {named[0].id}' if named else "compare the ids here with those of the account"


def _there_are(known: Definitions) -> str:
    listed = ", ".join(f'{thing.id} ("{thing.title}")' for thing in list(known.things.values())[:MOST])
    return f"there are {listed}{', ...' if len(known.things) > MOST else ''}" if listed else ""


def _line(document: Document, place: Place) -> str:
    return document.text.splitlines()[document.places.get(place, (1, 1))[0] - 1]


def _title(document: Document, place: Place, known: Definitions, thing: Defined) -> Iterator[Drift]:
    """Hold the title in the comment beside a field against the account's."""
    line = _line(document, place)
    said = _TITLE.search(line)
    if said and line.count("custom_field") == 1 and said.group(1).casefold() != thing.title.casefold():
        what = f'custom field {thing.id} is "{thing.title}" in the account, but "{said.group(1)}" in the comment here'
        yield _drift(document, place, known, thing.id, "medium", what, "is it the field you mean?")


def _options(
    document: Document, place: Place, known: Definitions, thing: Defined, expression: Expression, field: Field | None
) -> Iterator[Drift]:
    values = expression.values
    assert values is not None  # noqa: S101 - asked before
    listed = {key for key, _ in values.table}
    for option, title in thing.options.items():
        if option in listed:
            continue
        sets_aside = values.rejects and (field is None or field.on_bad == "reject")
        becomes = "would set its records aside" if sets_aside else "is not told apart from other values"
        what = f'values does not list the option {option} ("{title}") of "{thing.title}", which {becomes}'
        severity: Severity = "high" if sets_aside else "medium"
        yield _drift(document, (*place, "values"), known, f"{thing.id}/{option}", severity, what, f"add {option}: ...")
    for key in sorted(listed - thing.options.keys()):
        what = f'"{thing.title}" has no option {key}'
        hint = did_you_mean(key, thing.options)
        yield _drift(document, (*place, "values", key), known, f"{thing.id}/{key}", "low", what, hint)


# --- things that records name at a path -----------------------------------------------------------------------
def _named_by_path(document: Document, known: Definitions, tables: Tables) -> Iterator[Drift]:
    for place, expression, _ in _expressions(known.stream, tables):
        source = expression.source
        if not isinstance(source, From) or str(source.path) != known.path or expression.match:
            continue
        for key in [key for key, _ in expression.values.table] if expression.values else []:
            if key not in known.things:
                what = f"the account has no {known.kind} {key}"
                yield _drift(document, (*place, "values", key), known, key, "medium", what, _there_are(known))
        if not expression.values or expression.values.default is not None:
            continue
        listed = {key for key, _ in expression.values.table}
        for thing in known.things.values():
            if thing.is_active and thing.id not in listed:
                what = f'values does not list the {known.kind} {thing.id} ("{thing.title}")'
                severity: Severity = "high" if expression.values.rejects else "medium"
                yield _drift(document, (*place, "values"), known, thing.id, severity, what, f"add {thing.id}: ...")
    for place, asked in _questions(known.stream, tables):
        source = asked.expression.source
        if isinstance(source, From) and str(source.path) == known.path and not asked.expression.match:
            for text in asked.texts:
                if text not in known.things:
                    what = f"the account has no {known.kind} {text}"
                    yield _drift(document, place, known, text, "medium", what, _there_are(known))


def _drift(
    document: Document, place: Place, known: Definitions, identity: str, severity: Severity, what: str, hint: str
) -> Drift:
    problem = document.problem(place, what, hint)
    return Drift(
        severity=severity, kind=known.kind, stream=known.stream, id=identity, what=what, hint=hint, problem=problem
    )


# --- walking --------------------------------------------------------------------------------------------------
def _expressions(stream: str, tables: Tables) -> Iterator[tuple[Place, Expression, Field | None]]:
    """Yield every expression with its place and its field (none in a condition)."""
    for name, table in tables.items():
        place: Place = ("streams", stream, name)
        if table.when:
            yield from _in_condition(table.when, (*place, "when"))
        for kind, fields in (("fields", table.fields), ("dimensions", table.dimensions)):
            for field in fields:
                yield from _inside(field.expression, (*place, kind, field.column), field)


def _inside(
    expression: Expression, place: Place, field: Field | None
) -> Iterator[tuple[Place, Expression, Field | None]]:
    yield place, expression, field
    if expression.when:
        yield from _in_condition(expression.when, (*place, "when"))
    if isinstance(expression.source, Coalesce):
        for at, option in enumerate(expression.source.options):
            yield from _inside(option, (*place, "coalesce", at), field)


def _in_condition(condition: Condition, place: Place) -> Iterator[tuple[Place, Expression, Field | None]]:
    if isinstance(condition, Combined):
        for part in condition.parts:
            yield from _in_condition(part, place)
    else:
        yield from _inside(condition.expression, place, None)


def _questions(stream: str, tables: Tables) -> Iterator[tuple[Place, Question]]:
    for name, table in tables.items():
        if table.when:
            for asked in _asked(table.when):
                yield ("streams", stream, name, "when"), asked
    for place, expression, _ in _expressions(stream, tables):
        if expression.when:
            for asked in _asked(expression.when):
                yield (*place, "when"), asked


def _asked(condition: Condition) -> Iterator[Question]:
    if isinstance(condition, Combined):
        for part in condition.parts:
            yield from _asked(part)
    else:
        yield condition
