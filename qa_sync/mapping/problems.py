"""Collecting problems while a mapping file is read: where, what, and what to try."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qa_sync.errors import Problem
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document

Place = tuple[str | int, ...]


class NotInSubset(ValueError):
    """A text is outside the part of a notation that means the same everywhere. ``hint`` says what to try."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Problems:
    """The problems of one document. Reading goes on after each, so that all are told at once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.found: list[Problem] = []

    def add(self, place: Sequence[str | int], what: str, hint: str = "") -> None:
        """Note a problem at a place of the document."""
        self.found.append(self._document.problem(place, what, hint))

    def mapping(self, data: Any, place: Place, *, of: str) -> dict[str, Any]:
        """Return ``data`` when it is a mapping; else note it and return an empty one."""
        if isinstance(data, dict):
            return data
        self.add(place, f"{_named(data)}, where {of} is expected")
        return {}

    def keys(self, data: dict[str, Any], place: Place, allowed: Iterable[str], *, of: str = "") -> None:
        """Note every key that is not allowed."""
        known = tuple(allowed)
        for key in data:
            if key not in known:
                self.add((*place, key), f"unknown key {key}{f' in {of}' if of else ''}", did_you_mean(key, known))

    def text(self, data: Any, place: Place, *, of: str) -> str | None:
        """Return ``data`` when it is a text that is not empty; numbers count as their text."""
        if isinstance(data, int) and not isinstance(data, bool):
            return str(data)
        if isinstance(data, str) and data.strip():
            return data
        self.add(place, f"{_named(data)}, where {of} is expected")
        return None


def _named(data: Any) -> str:
    """Say in an admin's words what kind of thing stands there."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "true or false"
    if isinstance(data, dict):
        return "keys and values"
    if isinstance(data, list):
        return "a list"
    return (
        "an empty text"
        if isinstance(data, str) and not data.strip()
        else ("a text" if isinstance(data, str) else "a number")
    )
