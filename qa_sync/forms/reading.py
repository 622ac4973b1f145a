"""Values of a form catalogue, read with a problem told where one cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa_sync import yamlfile
from qa_sync.errors import Problem
from qa_sync.wording import did_you_mean

_ID = re.compile(r"\S(.*\S)?\Z")


@dataclass(slots=True)
class Reader:
    """Reads values of one document; what is wrong joins ``problems``, and None stands in its place."""

    document: yamlfile.Document
    problems: list[Problem]

    def fault(self, path: Sequence[str | int], what: str, hint: str = "") -> None:
        """Tell what is wrong at a path."""
        self.problems.append(self.document.problem(path, what, hint))

    def known(self, path: Sequence[str | int], given: Mapping[str, Any], known: Sequence[str]) -> None:
        """Tell keys that mean nothing."""
        for name in given:
            if name not in known:
                self.fault((*path, name), "this key is not known", did_you_mean(str(name), known))

    def id(self, path: Sequence[str | int], given: Mapping[str, Any], name: str) -> str:
        """An identity: a text or number; one that is none gets a name nothing else has."""
        value = given.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not _ID.match(value):
            self.fault((*path, name), f"{name} must be a text", f'for example {name}: "1"' if name == "version" else "")
            return f"?{len(self.problems)}"
        return value

    def text(self, path: Sequence[str | int], given: Mapping[str, Any], name: str) -> str | None:
        """A text, or none."""
        value = given.get(name)
        if value is None or isinstance(value, str):
            return value
        self.fault((*path, name), f"{name} must be a text", f'write it as "{value}"')
        return None

    def number(self, path: Sequence[str | int], given: Mapping[str, Any], name: str) -> float | None:
        """A number, or none."""
        value = given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault((*path, name), f"{name} must be a number")
            return None
        return float(value)

    def truth(self, path: Sequence[str | int], given: Mapping[str, Any], name: str) -> bool | None:
        """True or false, or none."""
        value = given.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.fault((*path, name), f"{name} must be true or false")
        return None

    def choice(
        self,
        path: Sequence[str | int],
        given: Mapping[str, Any],
        name: str,
        values: Sequence[str],
        *,
        required: bool = False,
    ) -> str | None:
        """One of the values, or none."""
        value = given.get(name)
        if value is None and not required:
            return None
        if value not in values:
            self.fault((*path, name), f"{name} must be one of {', '.join(values)}")
            return None
        return str(value)
