"""Check a mapping offline, beyond what reading it does: rules never reached, values never matched, rows that collide.

Reading a file already tells what is wrong by itself (names, types, required columns); here rules are held
against each other. Nothing here stops a run: it is what ``mapping check`` and ``check`` tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qa_sync.errors import Problem
from qa_sync.mapping.expressions import always_gives, outcomes
from qa_sync.mapping.language import (
    Coalesce,
    Combined,
    Condition,
    Const,
    CustomField,
    Expression,
    Field,
    From,
    Mapping,
    Match,
    Question,
    TableMapping,
    Template,
    sources,
)
from qa_sync.mapping.logic import always, possible
from qa_sync.mapping.matching import matched
from qa_sync.mapping.problems import Place, Problems
from qa_sync.model import TABLES, Column
from qa_sync.yamlfile import Document, parse


def check_mapping(mapping: Mapping) -> list[Problem]:
    """Return what in a mapping can never work as it is written, in the order of the file."""
    document = parse(mapping.text, file=mapping.file)
    checker = _Checker(document)
    for stream, tables in mapping.streams.items():
        for name, table in tables.items():
            checker.table(table, ("streams", stream, name))
            parent = tables.get(TABLES[name].parent)
            if parent:
                checker.child(table, parent, ("streams", stream, name))
    return sorted(dict.fromkeys(checker.problems.found), key=lambda problem: (problem.line, problem.column))


class _Checker:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = Problems(document)

    # --- tables -------------------------------------------------------------------------------------------
    def table(self, table: TableMapping, place: Place) -> None:
        if table.when:
            self.condition(table.when, (*place, "when"), never="so no record makes a row")
        for field in table.fields:
            self.field(field, TABLES[table.table].column(field.column), (*place, "fields", field.column))
        for field in table.dimensions:
            self.field(field, None, (*place, "dimensions", field.column))
        self.key(table, place)

    def key(self, table: TableMapping, place: Place) -> None:
        """Rows that cannot have different keys replace each other."""
        schema = TABLES[table.table]
        reads = [
            read
            for field in table.fields
            if field.column in schema.key
            for read in sources(TableMapping(table=table.table, fields=(field,)))
        ]
        names = ", ".join(schema.key)
        if not reads:
            self.problems.add(
                (*place, "fields"),
                f"every record makes the same row: the key ({names}) is made of consts",
                "take at least one part of the key from the record",
            )
        elif table.each and all(
            isinstance(read, CustomField) or read.path.scope == "record" or str(read.path) in {"_source", "_record_id"}
            for read in reads
        ):
            self.problems.add(
                (*place, "fields"),
                f"every element of a record makes the same row: the key ({names}) takes nothing from the element",
                "add something of the element, or _position",
            )

    def child(self, table: TableMapping, parent: TableMapping, place: Place) -> None:
        """The id of the parent must be spelled alike on both sides, or no child finds its parent."""
        theirs = {field.column: _skeleton(field.expression) for field in parent.fields}
        for field in table.fields:
            mine = _skeleton(field.expression)
            there = theirs.get(field.column) if field.column in TABLES[parent.table].key else None
            if mine is not None and there is not None and mine != there:
                self.problems.add(
                    (*place, "fields", field.column),
                    f"made as {_spelled(mine)}, but as {_spelled(there)} in "
                    f"{parent.table}: no row here would belong to a row there",
                    "spell both alike",
                )

    # --- fields -------------------------------------------------------------------------------------------
    def field(self, field: Field, column: Column | None, place: Place) -> None:
        self.expression(field.expression, place)
        required = column is not None and column.required
        if outcomes(field.expression) == frozenset({None}) and not required:
            self.problems.add(place, f"{field.column} would never have a value", "leave it out")
        if required and field.on_bad == "missing":
            self.problems.add(
                (*place, "on_bad"),
                f"{field.column} is required: a bad value always rejects the row",
                "leave on_bad: out",
            )

    def expression(self, expression: Expression, place: Place) -> None:
        source = expression.source
        if isinstance(source, Coalesce):
            self.options(source, (*place, "coalesce"))
        if expression.when:
            self.condition(expression.when, (*place, "when"), never="so no value ever comes from here")
        if expression.values and not isinstance(source, Const):
            self.keys(expression, [key for key, _ in expression.values.table], place)

    def options(self, source: Coalesce, place: Place) -> None:
        for at, option in enumerate(source.options):
            self.expression(option, (*place, at))
            before = source.options[:at]
            if option in before:
                self.problems.add((*place, at), f"never reached: the same as option {before.index(option) + 1}")
            elif at and always(before[-1]) and not always_gives(before[-1]):
                self.problems.add(
                    (*place, at), "never reached: the option before it always gives a value", "put that one last"
                )

    def keys(self, expression: Expression, keys: list[str], place: Place) -> None:
        """Keys of ``values`` that what comes before them can never give."""
        bare = Expression(source=expression.source, when=expression.when)
        known = None if expression.match else outcomes(bare)
        givable = _givable(expression.match, keys) if expression.match else frozenset[str]()
        for key in keys:
            if known is not None and key not in known:
                given = ", ".join(sorted(text for text in known if text is not None))
                self.problems.add((*place, "values", key), f"never matched: the value is one of {given}")
            elif expression.match and key not in givable:
                self.problems.add((*place, "values", key), "never matched: the pattern of match: cannot give this text")

    # --- conditions ---------------------------------------------------------------------------------------
    def condition(self, condition: Condition, place: Place, *, never: str) -> None:
        found = possible(condition)
        if found == {False}:
            self.problems.add(
                place, f"never holds, {never}", "its questions contradict each other, or what they ask about"
            )
        elif found == {True}:
            self.problems.add(place, "always holds, so it has no effect", "leave it out, or ask something else")
        else:
            self.questions(condition, place, self.at(place))

    def questions(self, condition: Condition, place: Place, data: Any) -> None:
        if isinstance(condition, Question):
            known = outcomes(condition.expression)
            missed = [text for text in condition.texts if known is not None and text not in known]
            for text in missed:
                self.problems.add(place, f"never {text}: what is asked about cannot give it")
            self.expression(condition.expression, place)
            return
        for at, part in enumerate(condition.parts):
            inner = _inner(condition, data, place, at)
            self.questions(part, inner, self.at(inner))

    def at(self, place: Place) -> Any:
        """Return what stands at a place of the file."""
        data = self.document.data
        for step in place:
            data = data[step]
        return data


def _inner(condition: Combined, data: Any, place: Place, at: int) -> Place:
    """Return where a part of a condition stands: a plain list means all, and is_not and the like have no not."""
    if isinstance(data, list):
        return (*place, at)
    if condition.how not in data:
        return place
    return (*place, "not") if condition.how == "not" else (*place, condition.how, at)


def _skeleton(expression: Expression) -> tuple[str, ...] | None:
    """Return the fixed texts around what a simple expression takes from the record, or None where it is not simple."""
    if expression.when or expression.match or expression.values:
        return None
    if isinstance(expression.source, From | CustomField):
        return ("", "")
    if not isinstance(expression.source, Template):
        return None
    texts = [""]
    for part in expression.source.parts:
        if isinstance(part, str):
            texts[-1] += part
        else:
            texts.append("")
    return tuple(texts)


def _spelled(skeleton: tuple[str, ...]) -> str:
    return '"' + "{...}".join(skeleton) + '"'


def _givable(match: Match, texts: Iterable[str]) -> frozenset[str]:
    """Return the texts that the group of a pattern could be; all of them where that is hard to tell."""
    regex = match.pattern.regex if match.group == 0 else _group(match.pattern.regex, match.group)
    anchors = ("\\b", "^", "$")
    if regex is None or any(mark in regex.replace("\\^", "").replace("\\$", "").replace("[^", "") for mark in anchors):
        return frozenset(texts)  # what stands around the group matters too
    return matched(regex, texts, whole=True)


def _group(regex: str, number: int) -> str | None:
    """Return the inside of the numbered group of a plain pattern."""
    at, groups, in_class = 0, 0, False
    start = depth = 0
    while at < len(regex):
        char = regex[at]
        if char == "\\":
            at += 2
            continue
        if in_class or char == "[":
            in_class = char != "]"
        elif char == "(":
            groups += regex[at + 1 : at + 2] != "?"
            if start:
                depth += 1
            elif groups == number and regex[at + 1 : at + 2] != "?":
                start, depth = at + 1, 1
        elif char == ")" and start:
            depth -= 1
            if depth == 0:
                return regex[start:at]
        at += 1
    return None
