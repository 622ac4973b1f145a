"""Read expressions and conditions of a mapping file; every problem is noted where it stands."""

from __future__ import annotations

import re
from typing import Any

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
from qa_sync.mapping.paths import PathError, parse_path
from qa_sync.mapping.patterns import Pattern, PatternError, parse_pattern
from qa_sync.mapping.problems import Place, Problems

SOURCES = ("from", "custom_field", "coalesce", "template", "const")
STEPS = ("when", "match", "values", "default")
QUESTIONS = ("in", "not_in", "is", "is_not", "is_null", "matches")
BLANK = " \t\r\n"
MAX_VALUES = 2_000
MAX_OPTIONS = 50
MAX_TEMPLATE = 2_000
_MISSING: Any = object()


class Expressions:
    """Reads expressions. ``in_each`` says whether paths are of an element of a list."""

    def __init__(self, problems: Problems, *, in_each: bool) -> None:
        self.problems = problems
        self.in_each = in_each

    def expression(self, data: Any, place: Place, *, further: tuple[str, ...] = ()) -> Expression | None:
        """Return the expression at ``place``, or None after noting why there is none.

        ``further`` are keys that belong to whoever holds the expression.
        """
        if not isinstance(data, dict):
            self.problems.mapping(data, place, of="an expression such as {from: status}")
            return None
        known = (*SOURCES, *STEPS, *further)
        self.problems.keys(data, place, known)
        given = [key for key in SOURCES if key in data]
        if not given and any(key not in known for key in data):
            return None  # most likely the misspelt one, which is told already
        if len(given) != 1:
            what = f"{' and '.join(given)} together" if given else "nothing says where the value comes from"
            self.problems.add(place, what, f"give exactly one of {', '.join(SOURCES)}")
            return None
        source = getattr(self, f"_{given[0]}")(data[given[0]], (*place, given[0]))
        when = self.condition(data["when"], (*place, "when")) if "when" in data else None
        match = self._match(data["match"], (*place, "match")) if "match" in data else None
        values = self._values(data, place)
        return None if source is None else Expression(source=source, when=when, match=match, values=values)

    # --- where a value comes from -------------------------------------------------------------------------
    def _from(self, data: Any, place: Place) -> From | None:
        text = self.problems.text(data, place, of="a path such as via.channel")
        if text is None:
            return None
        try:
            return From(path=parse_path(text, in_each=self.in_each))
        except PathError as error:
            self.problems.add(place, error.what, error.hint)
            return None

    def _custom_field(self, data: Any, place: Place) -> CustomField | None:
        text = self.problems.text(data, place, of="the id of a custom field, such as 360001")
        return None if text is None else CustomField(id=text.strip(BLANK))

    def _const(self, data: Any, place: Place) -> Const | None:
        if isinstance(data, (dict, list)):
            self.problems.add(place, "a const is one text, number, true, false or null")
            return None
        return Const(value=_clean(as_text(data)))

    def _coalesce(self, data: Any, place: Place) -> Coalesce | None:
        if not isinstance(data, list) or not data:
            self.problems.add(place, "coalesce is a list of expressions", "such as [{from: a}, {from: b}]")
            return None
        if len(data) > MAX_OPTIONS:
            self.problems.add(place, f"more than {MAX_OPTIONS} options")
            return None
        options: list[Expression] = []
        for at, item in enumerate(data):
            option = self.expression(item, (*place, at))
            if option is None:
                continue
            options.append(option)
            if at < len(data) - 1 and always_gives(option):
                self.problems.add(
                    (*place, at + 1), "never reached: the option before it always gives a value", "put the const last"
                )
        return Coalesce(options=tuple(options)) if len(options) == len(data) else None

    def _template(self, data: Any, place: Place) -> Template | None:
        text = self.problems.text(data, place, of='a template such as "zendesk:{id}"')
        if text is None:
            return None
        if len(text) > MAX_TEMPLATE:
            self.problems.add(place, f"longer than {MAX_TEMPLATE} characters")
            return None
        parts: list[str | From | CustomField] = []
        sound = True
        for piece in re.findall(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+", text):
            if piece in {"{{", "}}"}:
                parts.append(piece[0])
            elif piece in {"{", "}"}:
                self.problems.add(place, f"a lone {piece} in the template", f"for the brace itself write {piece * 2}")
                return None
            elif piece.startswith("{"):
                inner = piece[1:-1]
                number = inner.removeprefix("custom_field:")
                part = self._from(inner, place) if number == inner else self._custom_field(number, place)
                sound = sound and part is not None
                parts.append(part or "")
            else:
                parts.append(piece)
        return Template(parts=tuple(parts)) if sound else None

    # --- what is done to it -------------------------------------------------------------------------------
    def pattern(self, data: Any, place: Place) -> Pattern | None:
        """Return the pattern at ``place``, or None after noting why there is none."""
        text = self.problems.text(data, place, of="a pattern")
        try:
            return None if text is None else parse_pattern(text)
        except PatternError as error:
            what, _, hint = str(error).partition("; ")
            self.problems.add(place, what, hint)
            return None

    def _match(self, data: Any, place: Place) -> Match | None:
        wanted: Any = None
        where = place
        if isinstance(data, dict):
            self.problems.keys(data, place, ("pattern", "group"), of="match")
            wanted = data.get("group")
            where, data = (*place, "pattern"), data.get("pattern")
        pattern = self.pattern(data, where)
        if pattern is None:
            return None
        names = dict(pattern.names)
        if wanted is None and "value" in names:
            wanted = "value"
        if wanted is None:
            if pattern.groups > 1:
                self.problems.add(
                    place,
                    f"{pattern.groups} groups: which one is the value?",
                    "name it (?P<value> ), or turn the others into (?: )",
                )
                return None
            return Match(pattern=pattern, group=pattern.groups)
        group = names.get(wanted) if isinstance(wanted, str) else wanted
        if isinstance(group, bool) or not isinstance(group, int) or not 0 <= group <= pattern.groups:
            self.problems.add((*place, "group"), f"the pattern has no group {wanted}")
            return None
        return Match(pattern=pattern, group=group)

    def _values(self, data: dict[str, Any], place: Place) -> Values | None:
        if "values" not in data:
            if "default" in data:
                self.problems.add(
                    (*place, "default"),
                    "default belongs to values",
                    "to fill what is absent, write coalesce: [{...}, {const: ...}]",
                )
            return None
        where = (*place, "values")
        table = data["values"]
        if not isinstance(table, dict) or not table:
            self.problems.add(where, 'values is a table such as {"1": Billing, "2": Claims}')
            return None
        if len(table) > MAX_VALUES:
            self.problems.add(where, f"more than {MAX_VALUES:,} values", "keep them in a lookup table")
            return None
        if isinstance(data.get("const", _MISSING), (str, int, float)):
            self.problems.add(where, "values of a const: write the result as the const")
        pairs: list[tuple[str, str | None]] = []
        for key, value in table.items():
            if not key.strip(BLANK) or key != key.strip(BLANK):
                self.problems.add(
                    (*where, key),
                    "never matched: spaces around a value are cut before it is looked up",
                    "cut them here too; for what is absent use coalesce",
                )
            if isinstance(value, (dict, list)):
                self.problems.add((*where, key), "a value stands for one text, number, true, false or null")
                continue
            pairs.append((key, _clean(as_text(value))))
        default = data.get("default")
        if isinstance(default, (dict, list)):
            self.problems.add((*place, "default"), "a default is one text, number, true, false or null")
            default = None
        return Values(table=tuple(pairs), default=_clean(as_text(default)), rejects="default" not in data)

    # --- conditions ---------------------------------------------------------------------------------------
    def condition(self, data: Any, place: Place) -> Condition | None:
        """Return the condition at ``place`` (a list means all of them), or None after noting why there is none."""
        if isinstance(data, list):
            return self._combined("all", data, place)
        if not isinstance(data, dict):
            self.problems.mapping(data, place, of="a condition such as {from: status, not_in: [deleted]}")
            return None
        for how in ("all", "any", "not"):
            if how in data:
                self.problems.keys(data, place, (how,), of="this condition")
                inner = data[how]
                return self._combined(how, [inner] if how == "not" else inner, (*place, how), single=how == "not")
        asked = [key for key in QUESTIONS if key in data]
        if len(asked) != 1:
            self.problems.keys(data, place, (*SOURCES, *STEPS, *QUESTIONS))
            self.problems.add(place, "a condition asks exactly one question", f"one of {', '.join(QUESTIONS)}")
            return None
        expression = self.expression(data, place, further=QUESTIONS)
        question = self._question(asked[0], data[asked[0]], (*place, asked[0]), expression)
        return None if expression is None else question

    def _combined(self, how: str, data: Any, place: Place, *, single: bool = False) -> Condition | None:
        if not isinstance(data, list) or not data:
            self.problems.add(place, f"{how} holds a list of conditions")
            return None
        parts = [self.condition(item, place if single else (*place, at)) for at, item in enumerate(data)]
        kept = tuple(part for part in parts if part is not None)
        return Combined(how=how, parts=kept) if len(kept) == len(parts) else None  # type: ignore[arg-type]

    def _question(self, op: str, data: Any, place: Place, expression: Expression | None) -> Condition | None:
        subject = expression or Expression(source=Const(value=None))
        if op == "is_null":
            if not isinstance(data, bool):
                self.problems.add(place, "is_null is true or false")
                return None
            asked: Condition = Question(expression=subject, op="is_null")
            return asked if data else Combined(how="not", parts=(asked,))
        if op == "matches":
            pattern = self.pattern(data, place)
            return None if pattern is None else Question(expression=subject, op="matches", pattern=pattern)
        listed = data if op in {"in", "not_in"} else [data]
        if not isinstance(listed, list) or not listed or any(isinstance(v, (dict, list)) or v is None for v in listed):
            hint = "to ask for an absent value, use is_null: true"
            what = f"{op} holds a list of texts" if op in {"in", "not_in"} else f"{op} holds one text"
            self.problems.add(place, what, hint)
            return None
        texts = tuple(as_text(value) or "" for value in listed)
        if any(text != text.strip(BLANK) or not text for text in texts):
            self.problems.add(place, "never matched: spaces around a value are cut before it is compared")
        asked = Question(expression=subject, op="in", texts=texts)
        return asked if op in {"in", "is"} else Combined(how="not", parts=(asked,))


def as_text(value: Any) -> str | None:
    """Return the text by which the language knows a YAML value: ``true``, ``5``, ``2.5``, or None for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _clean(text: str | None) -> str | None:
    """Blank is no value, here as in records."""
    return (text or "").strip(BLANK) or None


def always_gives(expression: Expression) -> bool:
    """Say whether an expression gives a value for every record."""
    if expression.when or expression.match or expression.values:
        return False
    source = expression.source
    if isinstance(source, Coalesce):
        return any(always_gives(option) for option in source.options)
    return isinstance(source, Const) and source.value is not None


def outcomes(expression: Expression) -> frozenset[str | None] | None:
    """Return every text an expression can give (None: no value), or None where that depends on the records."""
    source = expression.source
    if expression.values:
        found: set[str | None] = {value for _, value in expression.values.table} | {None}
        return frozenset(found if expression.values.rejects else found | {expression.values.default})
    if expression.match:
        return None
    extra: frozenset[str | None] = frozenset({None}) if expression.when else frozenset()
    if isinstance(source, Const):
        return frozenset({source.value}) | extra
    if isinstance(source, Coalesce):
        each = [outcomes(option) for option in source.options]
        if any(one is None for one in each):
            return None
        return frozenset[str | None]().union(*(one for one in each if one is not None)) | extra
    return None
