"""What sample records look like: every path, how often it is filled, its values, and the formats its times fit."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_sync.mapping.paths import PathError, parse_path
from qa_sync.mapping.times import TimeFormat, parse_format

#: Different values remembered of a path; more of them are no choice.
MOST_VALUES = 200
MAX_DEPTH = 4
_FORMATS = tuple(
    parse_format(text)
    for text in (
        "iso",
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d/%m/%Y %H:%M:%S",
        "%m/%d/%Y %H:%M:%S",
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %I:%M %p",
        "%d.%m.%Y",
        "%d.%m.%Y %H:%M:%S",
        "%d.%m.%Y %H:%M",
        "%d %b %Y",
        "%d %b %Y %H:%M",
    )
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


@dataclass(slots=True)
class Sampled:
    """One path: ``records`` that have a value there, the values (while they are few), and what all of them are."""

    path: str
    records: int = 0
    values: Counter[str] = field(default_factory=Counter)
    is_choice: bool = True
    are_numbers: bool = True
    are_truths: bool = True
    formats: tuple[TimeFormat, ...] = _FORMATS

    def add(self, text: str) -> None:
        """Count one value."""
        self.records += 1
        if self.is_choice:
            self.values[text] += 1
            self.is_choice = len(self.values) <= MOST_VALUES
        self.are_numbers = self.are_numbers and _NUMBER.fullmatch(text) is not None
        self.are_truths = self.are_truths and text.lower() in {"true", "false"}
        self.formats = tuple(one for one in self.formats if re.fullmatch(one.regex, text))


def sample(payloads: Iterable[str], *, each: Sequence[str | int] | None = None) -> tuple[int, dict[str, Sampled]]:
    """Return how many records there are, and their paths in the order in which they are met. Lists are left out.

    With ``each``, the records are the elements of the list at that path.
    """
    found: dict[str, Sampled] = {}
    records = 0
    for payload in payloads:
        record = json.loads(payload)
        for one in [record] if each is None else _elements(record, each):
            records += 1
            for path, text in _leaves(one, ""):
                if path not in found:
                    found[path] = Sampled(path=path)
                found[path].add(text)
    return records, found


def _elements(data: Any, path: Sequence[str | int]) -> list[Any]:
    for segment in path:
        if isinstance(data, dict):
            data = data.get(segment)
        elif isinstance(data, list) and isinstance(segment, int) and segment < len(data):
            data = data[segment]
        else:
            return []
    return data if isinstance(data, list) else []


def _leaves(data: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, dict) and path.count(".") < MAX_DEPTH:
        for key, value in data.items():
            part = _part(str(key))
            if part is not None:
                yield from _leaves(value, f"{path}.{part}" if path else part)
    elif path and data is not None and not isinstance(data, dict | list):
        text = ("true" if data else "false") if isinstance(data, bool) else str(data)
        if text.strip():
            yield path, text.strip()


def _part(key: str) -> str | None:
    """Return a key as a path writes it, or None where no path can."""
    for shown in (key, f'"{key}"'):
        try:
            if parse_path(shown, in_each=False).segments == (key,):
                return shown
        except PathError:
            continue
    return None
