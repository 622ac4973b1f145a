"""Tell people what a mapping made of one record: each column, the value found, what every verb did to it, and why."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from datetime import datetime
from typing import Any

from qa_sync.mapping.language import Coalesce, Const, CustomField, From, Match, Template, Values
from qa_sync.mapping.layers import Term
from qa_sync.mapping.trace import Asked, Chain, Joined, Link, place
from qa_sync.mapping.tryout import Tried, TriedField, TriedPart
from qa_sync.model import TABLES

#: Longer values are cut: a line stays a line.
WIDTH = 60
_FATES = {
    "row": "a row",
    "set aside": "set aside, not in the table",
    "skipped": "no row, because when: does not hold",
    "nothing": "no row, because the list is empty or absent",
    "deleted": "no row: the source deleted the record, and its rows go",
    "fault": "set aside",
}
_NOTHING = "nothing there"
_AND_GONE = "; rows of an earlier version of the record go"


def lines(tried: Tried) -> list[str]:
    """Return the account of one table, ready to be printed. Only what the mapping reads is in it."""
    fans_out = tried.spec.each is not None
    made = sum(part.fate == "row" for part in tried.parts)
    told: list[str] = []
    if fans_out:
        elements = sum(part.fate not in {"nothing", "deleted", "fault"} for part in tried.parts)
        told.append(f"{tried.table}: {_count(elements, 'element')} of {tried.spec.each}, {_count(made, 'row')}")
    for part in tried.parts:
        head = f"  element {part.position}: " if fans_out else f"{tried.table}: "
        told.append(head + _fate(part))
        indent = "    " if fans_out else "  "
        if tried.when and part.fate in {"row", "set aside", "skipped"}:
            outcome = part.when_reason or ("does not hold" if part.fate == "skipped" else "holds")
            told.append(f"{indent}when {_condition(tried.when, part.read)}: {outcome}")
        told += [indent + line for line in _fields(tried, part)]
    if not made and fans_out and any(row["deleted"] for row in tried.rows):
        told.append("  no element is left" + _AND_GONE)
    unmapped = [
        name
        for name in TABLES[tried.table].names
        if name not in {f.column for f in tried.spec.fields} and not (name == "dimensions" and tried.spec.dimensions)
    ]
    if unmapped and any(part.fields for part in tried.parts):
        told.append(f"  not mapped: {', '.join(unmapped)}")
    return told


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _fate(part: TriedPart) -> str:
    told = _FATES[part.fate] + (f": {part.reason}" if part.reason else "")
    return told + _AND_GONE if part.fate in {"skipped", "nothing"} and part.position is None else told


def _fields(tried: Tried, part: TriedPart) -> Iterator[str]:
    width = max((len(field.name) for field in part.fields), default=0)
    second = min(max((len(_value(field)[0]) for field in part.fields), default=0), WIDTH // 2)
    event = {column.name: column for column in TABLES[tried.table].columns if column.event}
    for field in part.fields:
        value, ending = _value(field)
        found = _path(field, part.read, in_each=tried.spec.each is not None)
        yield f"{field.name:<{width}}  {value:<{second}}  <- {found[0]}{ending}"
        yield from (" " * (width + 4) + line for line in found[1:])
        if field.name in event and part.row and field.value is not None:
            stem = event[field.name].stem
            yield f"{'':<{width}}  {stem}_date {part.row[f'{stem}_date']}, {stem}_week {part.row[f'{stem}_week']}"


def _value(field: TriedField) -> tuple[str, str]:
    if not field.reason:
        return text_of(field.value), ""
    what = "rejected" if field.severity == "reject" else "left out, with a finding"
    return text_of(field.value), f"; {what}: {field.reason}"


def text_of(value: Any) -> str:
    """Return a value as one printable line, cut where it is long."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S") + (f".{value.microsecond:06}" if value.microsecond else "") + " UTC"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(text_of(one) for one in value) + "]"
    if not isinstance(value, str):
        return str(value)
    cut = value if len(value) <= WIDTH else value[: WIDTH - 3] + "..."
    # what a terminal would act on is written out
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


def _path(field: TriedField, read: Dictionary[Term, str | None], *, in_each: bool) -> list[str]:
    """Tell how a field came by its value: one line, and one more for each option of a coalesce that was looked at."""
    source = field.field.expression.source
    if field.chain:
        first, more = _chain(field.chain, read)
        return [first, *more]
    told = place(source, in_each=in_each) if isinstance(source, From | CustomField) else ""
    return [f"from {told}" if isinstance(source, From) else told]  # a list of texts: one verb, nothing on the way


def _chain(chain: Chain, read: Dictionary[Term, str | None]) -> tuple[str, list[str]]:
    told = ""
    more: list[str] = []
    before: str | None = None
    for link in chain:
        value, reason = read[link.step.value.value], read[link.step.value.reason]
        if isinstance(link.verb, Coalesce):
            words, more = _options(link, read)
        else:
            words = _link(link, before, value, reason, read)
        told += (", " if link.verb is None else ", then ") * bool(told and words) + words
        before = value
    return told, more


def _link(
    link: Link, before: str | None, value: str | None, reason: str | None, read: Dictionary[Term, str | None]
) -> str:
    verb = link.verb
    if verb is None:
        return f"when {_condition(link.condition, read)}: {_came_out(before, value, reason)}" if link.condition else ""
    if isinstance(verb, Const):
        return f"const {text_of(verb.value)}"
    if isinstance(verb, Template):
        absent = [name for name, term in link.parts if read[term] is None]
        told = f"template {link.says}"
        return f"{told}: {reason or 'nothing at ' + ', '.join(absent)}" if value is None else told
    if isinstance(verb, Match):
        if before is None:
            return ""
        return f"match {verb.pattern.text}: {'does not match' if value is None else _quoted(value)}"
    if isinstance(verb, Values):
        return _translated(verb, before, value)
    named = f"from {link.says}" if isinstance(verb, From) else link.says
    if value is None:
        return f"{named}: {reason or _NOTHING}"
    return f"{named} {_quoted(value)}"


def _quoted(value: str) -> str:
    return f'"{text_of(value)}"'


def _translated(verb: Values, before: str | None, value: str | None) -> str:
    if before is None:
        return ""
    if before in dict(verb.table):
        return f"values {text_of(before)}: {text_of(value)}"
    return "values does not list it" if verb.rejects else f"values does not list it, default {text_of(value)}"


def _came_out(before: str | None, value: str | None, reason: str | None) -> str:
    if reason:
        return reason
    if before is None:
        return "changes nothing"
    return "does not hold" if value is None else "holds"


def _options(link: Link, read: Dictionary[Term, str | None]) -> tuple[str, list[str]]:
    """Tell every option up to the one that gave a value, or a problem."""
    told: list[str] = []
    for number, option in enumerate(link.options, start=1):
        last = option[-1].step.value
        first, more = _chain(option, read)
        told += [f"{number}. {first}", *("  " + line for line in more)]
        if read[last.value] is not None or read[last.reason] is not None:
            return f"coalesce, option {number} of {len(link.options)}", told
    return f"coalesce, none of {len(link.options)} options gives a value", told


def _condition(condition: Asked | Joined | None, read: Dictionary[Term, str | None]) -> str:
    if condition is None:
        return ""
    if isinstance(condition, Joined):
        parts = [_condition(part, read) for part in condition.parts]
        word = {"all": " and ", "any": " or "}.get(condition.how)
        if word is None:
            return f"not ({parts[0]})"
        return f"({word.join(parts)})" if len(parts) > 1 else parts[0]
    first, _ = _chain(condition.chain, read)
    subject = first.removeprefix("from ")
    if subject.endswith(": " + _NOTHING):
        subject = subject.removesuffix(": " + _NOTHING) + ("" if condition.of_absence else " (absent)")
    return f"{subject} {condition.words}"
