"""Paths: how a mapping names a place in a record.

``via.channel``, ``rows[0].points``, ``columns."Odd. name"``. In a fan-out a plain path is of the element,
``$.id`` of the whole record and ``@`` the element itself. Words that start with ``_`` and are listed in
``WORDS`` are not in the payload: they are known about the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_sync.mapping.problems import NotInSubset

Scope = Literal["record", "element", "word"]

#: What is known of a record beside its payload.
WORDS = {
    "_source": "name of the source in the workspace",
    "_record_id": "id of the raw record",
    "_position": "place of the element in the list, from 1 (in a fan-out)",
}

MAX_SEGMENTS = 20
MAX_SEGMENT = 300
_FORBIDDEN = frozenset('[]"{}')
_ODD = frozenset('*"\\')  # what JSONPath would read as its own


class PathError(NotInSubset):
    """The text is not a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A place in a record, or one of ``WORDS`` (then ``segments`` holds the word)."""

    scope: Scope
    segments: tuple[str | int, ...]

    def __str__(self) -> str:
        if self.scope == "word":
            return str(self.segments[0])
        if not self.segments:
            return "@"
        return "".join(_shown(segment) for segment in self.segments).lstrip(".")

    @property
    def json(self) -> str:
        """The path as DuckDB writes it. JSONPath has no escape, so odd keys go by JSON pointer."""
        if any(isinstance(s, str) and _ODD.intersection(s) for s in self.segments):
            return "".join(f"/{str(s).replace('~', '~0').replace('/', '~1')}" for s in self.segments)
        return "$" + "".join(f"[{s}]" if isinstance(s, int) else f'."{s}"' for s in self.segments)


def _shown(segment: str | int) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    plain = segment == segment.strip() and not any(c in _FORBIDDEN or c in ".$@" for c in segment)
    return f".{segment}" if plain else f'."{segment}"'


def parse_path(text: str, *, in_each: bool) -> Path:
    """Read a path.

    Raises:
        PathError: the text is not a path, or needs a fan-out that is not there.
    """
    if text in WORDS:
        if text == "_position" and not in_each:
            msg = "_position is known only in a fan-out"
            raise PathError(msg, "add each: with the path of the list")
        return Path(scope="word", segments=(text,))
    if text == "@":
        if not in_each:
            msg = "@ (the element itself) is known only in a fan-out"
            raise PathError(msg, "add each: with the path of the list")
        return Path(scope="element", segments=())
    if text.startswith("$."):
        return Path(scope="record", segments=_segments(text[2:], text))
    return Path(scope="element" if in_each else "record", segments=_segments(text, text))


def _segments(rest: str, whole: str) -> tuple[str | int, ...]:
    found: list[str | int] = []
    at = 0
    while True:
        segment, at = _quoted(rest, at, whole) if rest[at : at + 1] == '"' else _plain(rest, at, whole)
        found.append(segment)
        while rest[at : at + 1] == "[":
            index, at = _index(rest, at, whole)
            found.append(index)
        if at == len(rest):
            break
        if rest[at] != ".":
            msg = f"{whole!r} is not a path: a point or [ is expected after a closing bracket or quote"
            raise PathError(msg)
        at += 1
    if len(found) > MAX_SEGMENTS or any(len(s) > MAX_SEGMENT for s in found if isinstance(s, str)):
        msg = "a path this long cannot be read"
        raise PathError(msg, f"at most {MAX_SEGMENTS} parts of {MAX_SEGMENT} characters")
    return tuple(found)


def _plain(rest: str, at: int, whole: str) -> tuple[str, int]:
    end = at
    while end < len(rest) and rest[end] not in '.["]{}' and rest[end].isprintable():
        end += 1
    segment = rest[at:end]
    if not segment or segment != segment.strip() or segment[0] in "$@" or (end < len(rest) and rest[end] not in ".["):
        what = f"{whole!r} is not a path"
        raise PathError(what, 'write it as a.b[0].c; put odd names in quotes: columns."Odd. name"')
    return segment, end


def _quoted(rest: str, at: int, whole: str) -> tuple[str, int]:
    end = rest.find('"', at + 1)
    segment = rest[at + 1 : end]
    if end < 0 or not segment or not segment.isprintable():
        msg = f"{whole!r} is not a path: a quote is not closed, or holds nothing"
        raise PathError(msg)
    return segment, end + 1


def _index(rest: str, at: int, whole: str) -> tuple[int, int]:
    end = rest.find("]", at)
    digits = rest[at + 1 : end] if end > 0 else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        msg = f"{whole!r} is not a path: [ ] holds a whole number from 0"
        raise PathError(msg, "to make rows of a whole list, use each:")
    return int(digits), end + 1
