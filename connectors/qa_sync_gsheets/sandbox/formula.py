"""A small part of the formula language: arithmetic, references, and the functions a test needs.

Anything else shows #NAME?, as an unknown function does. The emulator is no spreadsheet engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from qa_sync_gsheets.a1 import Box, parse_cells, split_range

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>"(?:[^"]|"")*")"""
    r"""|(?P<range>(?:(?:'(?:[^']|'')+'|[A-Za-z_]\w*)!)?\$?[A-Za-z]{1,3}\$?\d+(?::\$?[A-Za-z]{1,3}\$?\d+)?"""
    r"""|(?:(?:'(?:[^']|'')+'|[A-Za-z_]\w*)!)?\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3})"""
    r"""|(?P<name>[A-Za-z][A-Za-z0-9.]*)|(?P<op><>|<=|>=|[-+*/^&=<>(),;%]))"""
)
ERROR, DIVIDED_BY_ZERO, NO_SUCH_NAME, NO_NUMBER, NO_SUCH_PLACE = "#ERROR!", "#DIV/0!", "#NAME?", "#VALUE!", "#REF!"
Look = Callable[[str | None, Box], list[Any]]


class FormulaError(Exception):
    """An error value: #NAME?, #DIV/0!, #VALUE!, #REF!, #ERROR!."""


def evaluate(text: str, look: Look) -> Any:
    """Return the value of a formula. ``look`` gives the values of a range as a flat list.

    >>> evaluate("=3/2+SUM(1,2)", lambda title, box: [])
    4.5

    Raises:
        FormulaError: what the cell would show instead.
    """
    return _Reader(text[1:], look).whole()


class _Reader:
    def __init__(self, text: str, look: Look) -> None:
        self.tokens = list(_tokens(text))
        self.look = look

    def whole(self) -> Any:
        value = self.compare()
        if self.tokens:
            raise FormulaError(ERROR)
        return _one(value)

    def peek(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise FormulaError(ERROR)
        return self.tokens.pop(0)

    def compare(self) -> Any:
        left = self.joined()
        while self.peek() in {"=", "<>", "<", ">", "<=", ">="}:
            op, right = self.take()[1], _one(self.joined())
            one = _one(left)
            left = {
                "=": lambda a, b: a == b,
                "<>": lambda a, b: a != b,
                "<": lambda a, b: a < b,
                ">": lambda a, b: a > b,
                "<=": lambda a, b: a <= b,
                ">=": lambda a, b: a >= b,
            }[op](one, right)
        return left

    def joined(self) -> Any:
        left = self.total()
        while self.peek() == "&":
            self.take()
            left = _text(left) + _text(self.total())
        return left

    def total(self) -> Any:
        left = self.product()
        while self.peek() in {"+", "-"}:
            op, right = self.take()[1], _number(self.product())
            left = _number(left) + (right if op == "+" else -right)
        return left

    def product(self) -> Any:
        left = self.power()
        while self.peek() in {"*", "/"}:
            op, right = self.take()[1], _number(self.power())
            if op == "/" and right == 0:
                raise FormulaError(DIVIDED_BY_ZERO)
            left = _number(left) * right if op == "*" else _number(left) / right
        return left

    def power(self) -> Any:
        left = self.single()
        while self.peek() in {"^", "%"}:
            left = _number(left) / 100 if self.take()[1] == "%" else _number(left) ** _number(self.single())
        return left

    def single(self) -> Any:
        kind, token = self.take()
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1].replace('""', '"')
        if kind == "range":
            title, cells = split_range(token)
            return self.look(title, parse_cells(cells) or Box())
        if kind == "name":
            return self.call(token.upper())
        if token == "(":
            value = self.compare()
            self.close()
            return value
        if token in {"-", "+"}:
            value = _number(self.single())
            return -value if token == "-" else value
        raise FormulaError(ERROR)

    def close(self) -> None:
        if self.take()[1] != ")":
            raise FormulaError(ERROR)

    def call(self, name: str) -> Any:
        if name in {"TRUE", "FALSE"} and self.peek() != "(":
            return name == "TRUE"
        if self.peek() != "(":
            raise FormulaError(NO_SUCH_NAME)
        self.take()
        given: list[Any] = []
        while self.peek() != ")":
            given.append(self.compare())
            if self.peek() in {",", ";"}:
                self.take()
        self.close()
        if name not in _FUNCTIONS:
            raise FormulaError(NO_SUCH_NAME)
        return _FUNCTIONS[name](given)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise FormulaError(ERROR)
        yield str(match.lastgroup), match[str(match.lastgroup)]
        position = match.end()


def _flat(given: list[Any]) -> list[Any]:
    return [part for one in given for part in (one if isinstance(one, list) else [one])]


def _numbers(given: list[Any]) -> list[float]:
    return [part for part in _flat(given) if isinstance(part, float) and not isinstance(part, bool)]


def _average(given: list[Any]) -> float:
    numbers = _numbers(given)
    if not numbers:
        raise FormulaError(DIVIDED_BY_ZERO)
    return sum(numbers) / len(numbers)


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "SUM": lambda given: sum(_numbers(given), 0.0),
    "COUNT": lambda given: float(len(_numbers(given))),
    "COUNTA": lambda given: float(sum(part is not None for part in _flat(given))),
    "MIN": lambda given: min(_numbers(given), default=0.0),
    "MAX": lambda given: max(_numbers(given), default=0.0),
    "AVERAGE": _average,
    "COUNTIF": lambda given: float(sum(part == _one(given[1]) for part in _flat(given[:1]))),
    "IF": lambda given: _one(given[1]) if _one(given[0]) else (_one(given[2]) if len(given) > 2 else False),
    "CONCATENATE": lambda given: "".join(_text(part) for part in _flat(given)),
    "LEN": lambda given: float(len(_text(given[0]))),
    "ROUND": lambda given: float(round(_number(given[0]), int(_number(given[1])) if len(given) > 1 else 0)),
}


def _one(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _number(value: Any) -> float:
    value = _one(value)
    if value is None:
        return 0.0
    if isinstance(value, (bool, int, float)):
        return float(value)
    try:
        return float(value)
    except ValueError:
        raise FormulaError(NO_NUMBER) from None


def _text(value: Any) -> str:
    value = _one(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value)
