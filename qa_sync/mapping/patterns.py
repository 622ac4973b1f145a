r"""Patterns: the part of regular expressions that means the same in every engine.

Allowed: literals, ``.`` (anything but a line end), classes ``[a-z0-9_]``, ``\d \w \s`` (ASCII) and their
opposites, ``\b``, ``^ $``, groups ``( )``, ``(?: )``, ``(?P<name> )``, ``|``, and repeats ``* + ? {2,5}`` with a
lazy ``?``. ``(?i)`` in front ignores the case of ASCII letters. Not allowed, because engines differ or time
could run away: look-around, back-references, repeats inside repeats, repeats of what may be empty.

A pattern is parsed and written out anew in plain terms, so that no engine's own reading of a shorthand matters.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

MAX_LENGTH = 500
MAX_REPEAT = 100
MAX_DEPTH = 20
MAX_SIZE = 3_000
_DIGIT, _WORD, _SPACE = "0-9", "0-9A-Za-z_", " \\t\\n\\r\\f"
_SHORT = {
    "d": f"[{_DIGIT}]",
    "D": f"[^{_DIGIT}]",
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}]",
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}]",
    "t": "\\t",
    "n": "\\n",
}
_IN_CLASS = {"d": _DIGIT, "w": _WORD, "s": _SPACE, "t": "\\t", "n": "\\n"}


class PatternError(ValueError):
    """The pattern is outside the subset. The text says what and, after a semicolon, what to try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern of the subset. ``regex`` is the plain form; groups are numbered from 1."""

    text: str
    regex: str
    groups: int
    names: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Part:
    regex: str
    may_be_empty: bool
    repeats: bool
    size: int


def parse_pattern(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        PatternError: it is outside the subset.
    """
    if not text:
        msg = "the pattern is empty"
        raise PatternError(msg)
    if len(text) > MAX_LENGTH:
        msg = f"the pattern is longer than {MAX_LENGTH} characters"
        raise PatternError(msg)
    reader = _Reader(text)
    part = reader.choice()
    if reader.at < len(text):
        msg = f"character {reader.at + 1} of the pattern: a closing bracket without an opening one"
        raise PatternError(msg)
    if part.size > MAX_SIZE:
        msg = "the pattern is too large once its repeats are written out; use smaller counts"
        raise PatternError(msg)
    return Pattern(text=text, regex=part.regex, groups=reader.groups, names=tuple(reader.names.items()))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.ignore_case = text.startswith("(?i)")
        self.at = 4 if self.ignore_case else 0
        self.groups = 0
        self.depth = 0
        self.names: dict[str, int] = {}

    def fail(self, what: str, hint: str = "") -> PatternError:
        return PatternError(f"character {self.at + 1} of the pattern: {what}" + (f"; {hint}" if hint else ""))

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def choice(self) -> _Part:
        parts = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            parts.append(self.sequence())
        return _Part(
            "|".join(p.regex for p in parts),
            any(p.may_be_empty for p in parts),
            any(p.repeats for p in parts),
            sum(p.size for p in parts),
        )

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.text) and self.peek() not in {"|", ")"}:
            parts.append(self.repeat(*self.atom()))
        return _Part(
            "".join(p.regex for p in parts),
            all(p.may_be_empty for p in parts),
            any(p.repeats for p in parts),
            sum(p.size for p in parts) + 1,
        )

    def repeat(self, part: _Part, can_repeat: bool) -> _Part:
        low, high = self.counts()
        if low is None:
            return part
        if not can_repeat:
            msg = "an anchor cannot be repeated"
            raise self.fail(msg)
        if part.may_be_empty:
            msg = "a repeat of something that may be empty"
            raise self.fail(msg, "make it match at least one character")
        unbounded = high is None
        if part.repeats and (unbounded or high != 1):
            msg = "a repeat inside a repeat"
            raise self.fail(msg, "write it without one of them")
        shown = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
        if shown is None:
            shown = f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"
        if self.peek() == "?":
            self.at += 1
            shown += "?"
        elif self.peek() in {"+", "*", "{"}:
            msg = "a repeat of a repeat"
            raise self.fail(msg)
        return _Part(part.regex + shown, low == 0, part.repeats or high != 1, part.size * max(low, high or 1, 1))

    def counts(self) -> tuple[int | None, int | None]:
        sign = self.peek()
        if sign in {"*", "+", "?"}:
            self.at += 1
            return (0 if sign != "+" else 1), (1 if sign == "?" else None)
        if sign != "{":
            return None, None
        end = self.text.find("}", self.at)
        body = self.text[self.at + 1 : end] if end > 0 else ""
        low, comma, high = body.partition(",")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            msg = "{ } holds one or two counts"
            raise self.fail(msg, r"for a brace itself write \{")
        least = int(low[:4])
        most = (int(high[:4]) if high else None) if comma else least
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < max(least, 1)):
            msg = f"counts go from 0 to {MAX_REPEAT}, the second at least as large as the first"
            raise self.fail(msg)
        self.at = end + 1
        return least, most

    def atom(self) -> tuple[_Part, bool]:
        char = self.peek()
        if char == "(":
            return self.group(), True
        if char == "[":
            return _Part(self.char_class(), False, False, 1), True
        self.at += 1
        if char in "^$":
            return _Part(char, True, False, 1), False
        if char == ".":
            return _Part("[^\\n]", False, False, 1), True
        if char == "\\":
            return self.escape()
        if char in "*+?{}])":
            self.at -= 1
            msg = f"{char} cannot stand here"
            raise self.fail(msg, f"for the character itself write \\{char}")
        return _Part(self.plain(char), False, False, 1), True

    def plain(self, char: str) -> str:
        if self.ignore_case and char in string.ascii_letters:
            return f"[{char.upper()}{char.lower()}]"
        return _escaped(char)

    def escape(self) -> tuple[_Part, bool]:
        char = self.peek()
        self.at += 1
        if char == "b":
            return _Part("\\b", True, False, 1), False
        if char in _SHORT:
            return _Part(_SHORT[char], False, False, 1), True
        if char and char in string.punctuation + " ":
            return _Part(_escaped(char), False, False, 1), True
        self.at -= 2
        msg = f"\\{char} is not in the subset"
        raise self.fail(msg, r"allowed: \d \w \s \D \W \S \b \t \n and escaped punctuation")

    def group(self) -> _Part:
        self.at += 1
        opening = "("
        if self.peek(2) == "?:":
            self.at += 2
            opening = "(?:"
        elif self.peek(3) == "?P<":
            self.groups += 1
            self.name()
        elif self.peek() == "?":
            msg = "this kind of group is not in the subset"
            raise self.fail(msg, "allowed: ( ), (?: ), (?P<name> ); (?i) in front")
        else:
            self.groups += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            msg = f"groups nested deeper than {MAX_DEPTH}"
            raise self.fail(msg)
        part = self.choice()
        self.depth -= 1
        if self.peek() != ")":
            msg = "a bracket ( is not closed"
            raise self.fail(msg)
        self.at += 1
        return _Part(f"{opening}{part.regex})", part.may_be_empty, part.repeats, part.size)

    def name(self) -> None:
        end = self.text.find(">", self.at)
        name = self.text[self.at + 3 : end] if end > 0 else ""
        if not name.isidentifier() or not name.isascii() or name in self.names:
            msg = "a group's name is letters, digits and _, and used once"
            raise self.fail(msg)
        self.names[name] = self.groups
        self.at = end + 1

    def char_class(self) -> str:
        self.at += 1
        negated = self.peek() == "^"
        self.at += negated
        members: list[str] = []
        while self.peek() != "]":
            if self.at >= len(self.text):
                msg = "a class [ is not closed"
                raise self.fail(msg)
            members.append(self.member())
        if not members:
            msg = "a class [ ] holds nothing"
            raise self.fail(msg, r"for the bracket itself write \]")
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def member(self) -> str:
        low = self.class_char()
        if len(low) > 1:  # a shorthand such as \d
            return low[1:]
        if self.peek() != "-" or self.peek(2) in {"-]", "-"}:
            return self.cased(low, low)
        self.at += 1
        high = self.class_char()
        if len(high) > 1 or high < low:
            msg = "a range in [ ] goes from a lower to a higher character"
            raise self.fail(msg)
        return self.cased(low, high)

    def class_char(self) -> str:
        """Return one character, or ``=`` and the members a shorthand stands for."""
        char = self.peek()
        self.at += 1
        if char == "[":
            msg = "[ inside [ ]"
            raise self.fail(msg, r"for the bracket itself write \[")
        if char != "\\":
            return char
        char = self.peek()
        self.at += 1
        if char in _IN_CLASS:
            return "=" + _IN_CLASS[char]
        if char and char in string.punctuation + " ":
            return char
        msg = f"\\{char} is not allowed inside [ ]"
        raise self.fail(msg)

    def cased(self, low: str, high: str) -> str:
        shown = _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        if not self.ignore_case:
            return shown
        swapped = (c.swapcase() for c in string.ascii_letters if low <= c <= high)
        return shown + "".join(c for c in swapped if not low <= c <= high)


def _escaped(char: str) -> str:
    return "\\" + char if char in string.punctuation and char != "_" else {"\n": "\\n", "\t": "\\t"}.get(char, char)
