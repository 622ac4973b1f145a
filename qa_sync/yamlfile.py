"""Read YAML strictly: one meaning per text, a line and column for everything, no surprises.

Plain ``yes``, ``no``, ``on`` and ``off`` are errors (quote them), duplicate keys are errors, aliases and tags
are errors, dates and times stay text. Only null, true, false, decimal integers and decimal numbers are not text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa_sync.errors import ConfigError, Problem

MAX_BYTES = 5_000_000
MAX_DEPTH = 60
MAX_DIGITS = 300

#: Words of the file in a message of the parser; what stands in <> are its own.
_QUOTED = re.compile(r"""(['"])(?!<)[^'"]{2,}\1""")
#: Escapes in quotes can write halves of characters, which no store and no engine takes.
_HALF = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?\Z")
_LOOKALIKE = frozenset({"yes", "no", "on", "off", "y", "n"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML file: its data, its text, and where everything in it stands."""

    file: str
    text: str
    data: Any
    places: dict[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem(self, path: Sequence[str | int], what: str, hint: str = "") -> Problem:
        """Return a Problem at ``path``, with the line and column of the nearest thing that exists."""
        where = tuple(path)
        while where and where not in self.places:
            where = where[:-1]
        line, column = self.places.get(where, (1, 1))
        return Problem(what=what, hint=hint, file=self.file, line=line, column=column, path=tuple(path))

    def with_strictness(self, found: Iterable[Problem]) -> list[Problem]:
        """Return a reader's problems and those of reading leniently, in the order of the file.

        What is not strict counts as nothing while the reader reads on; what it says of that nothing is left out.
        """
        strict = {problem.path for problem in self.problems}
        strict |= {path[:-1] for path in strict if path and isinstance(path[-1], int)}
        rest = (problem for problem in found if problem.path not in strict)
        return sorted((*self.problems, *rest), key=lambda problem: (problem.line, problem.column))


def read(path: Path, *, shown_as: str = "", lenient: bool = False) -> Document:
    """Read one file.

    With ``lenient``, what is not strict is left to the caller in ``Document.problems``, to be raised
    together with what the caller finds.

    Raises:
        ConfigError: the file is missing, too large, not UTF-8, not YAML, or not strict; all problems at once.
    """
    name = shown_as or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(Problem(what=f"larger than {MAX_BYTES:,} bytes", file=name))
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(Problem(what="no such file", file=name)) from None
    except OSError as error:
        raise ConfigError(Problem(what=f"cannot be read: {error.strerror}", file=name)) from error
    except UnicodeDecodeError:
        raise ConfigError(Problem(what="not UTF-8 text", hint="save it as UTF-8", file=name)) from None
    return parse(text, file=name, lenient=lenient)


def parse(text: str, *, file: str, lenient: bool = False) -> Document:
    """Parse YAML text; ``file`` is the name that problems carry. See ``read``.

    Raises:
        ConfigError: with every problem of the text.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        root = (_composed_once if len(text) <= _KEPT_LENGTH else _composed)(text)
    except MarkedYAMLError as error:
        raise ConfigError(_not_yaml(error, text, file)) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = "a character that no text file holds"
        raise ConfigError(Problem(what=what, hint="remove it", file=file, line=line, column=column)) from None
    except (YAMLError, RecursionError) as error:
        raise ConfigError(Problem(what=f"not YAML: {str(error).splitlines()[0]}", file=file)) from None
    if root is None:
        return Document(file=file, text=text, data=None)
    reader = _Reader(file)
    data = reader.value(root, ())
    if reader.problems and not lenient:
        raise ConfigError(reader.problems)
    return Document(file=file, text=text, data=data, places=reader.places, problems=tuple(reader.problems))


def _composed(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="rt", pure=True).compose(text)


#: A run reads the same files in several of its steps, a watch every time, and the parser takes its time. Nodes are only
#: read; those of a text of this many characters take some 2.5 MB.
_KEPT_LENGTH = 50_000
_composed_once = lru_cache(maxsize=64)(_composed)


#: What the parser says of the faults that people make, in words of ours: part of its message, ours, what to try, and
#: whether the place to show is where the thing began.
_FAULTS = (
    ("expected ',' or '", "a bracket is opened here and not closed", "close it", True),
    ("but found '<stream end>'", "the file ends inside a bracket", "close it", False),
    ("found unexpected end of stream", "a quote is opened here and not closed", "close it", True),
    ("mapping values are not allowed here", "a colon where no key can stand",
     "write a text that holds a colon in quotes, or indent the line as those beside it", False),
    ("expected <block end>", "the line does not fit those above", "indent it as those it belongs to", False),
    ("unknown escape character", "no such escape in double quotes", "write it in single quotes", False),
    ("but found another document", "a second document begins here", "write one document a file", False),
    ("could not find expected ':'", "a line without a colon", "write KEY: VALUE", True),
)  # fmt: skip
_START = re.compile(r"found character '(.)' that cannot start any token")


def _not_yaml(error: Any, text: str, file: str) -> Problem:
    """Return what a person can do about a text that the parser does not take; none of its words is said back."""
    said = str(error.problem or error.context or "")
    mark = error.problem_mark or error.context_mark
    what, hint = f"not YAML: {_QUOTED.sub('a word', said)}", ""
    start = _START.search(said)
    if mark is not None and text.splitlines()[mark.line : mark.line + 1] and _is_tab(text, mark):
        what, hint = "a tab, where only blanks may stand", "indent with blanks"
    elif start:
        what, hint = f"a text may not begin with {start[1]}", "write it in quotes"
    elif "alias" in said:
        # What YAML takes for an alias may be an unquoted password that begins with *.
        hint = "write a text that begins with * in quotes"
    else:
        for part, ours, to_try, at_start in _FAULTS:
            if part in said:
                what, hint = ours, to_try
                mark = error.context_mark if at_start and error.context_mark else mark
                break
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(what=what, hint=hint, file=file, line=line, column=column)


def _is_tab(text: str, mark: Any) -> bool:
    line = text.splitlines()[mark.line]
    return line[mark.column : mark.column + 1] == "\t" or "\t" in line[: len(line) - len(line.lstrip())]


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.places: dict[tuple[str | int, ...], tuple[int, int]] = {}
        self._seen: set[int] = set()

    def fault(
        self, node: Any, path: tuple[str | int, ...], what: str, hint: str = "", *, at: tuple[int, int] | None = None
    ) -> None:
        line, column = at or (node.start_mark.line + 1, node.start_mark.column + 1)
        self.problems.append(Problem(what=what, hint=hint, file=self.file, line=line, column=column, path=path))

    def value(self, node: Any, path: tuple[str | int, ...]) -> Any:
        kind = type(node).__name__
        if id(node) in self._seen:
            # The node is where its anchor stands; the key, or the list, is where the alias does.
            at = self.places.get(path) or self.places.get(path[:-1])
            return self.fault(node, path, "aliases (&name, *name) are not allowed", "write it out", at=at)
        self.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        self._seen.add(id(node))
        if len(path) > MAX_DEPTH:
            return self.fault(node, path, f"nested deeper than {MAX_DEPTH} levels")
        if kind == "MappingNode":
            return self.mapping(node, path)
        if kind == "SequenceNode":
            return [self.value(child, (*path, at)) for at, child in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if type(key_node).__name__ != "ScalarNode":
                self.fault(key_node, path, "a key must be plain text")
                continue
            key = str(key_node.value)
            if key == "<<" and not key_node.style:
                self.fault(key_node, path, "merge keys (<<) are not allowed", "write it out")
                continue
            if _HALF.search(key):
                self.fault(key_node, path, "half a character: \\ud800 to \\udfff", "write the character itself")
                continue
            if key in found:
                self.fault(key_node, (*path, key), "this key stands here twice", "keep one of them")
                continue
            self.places[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            found[key] = self.value(value_node, (*path, key))
        return found

    def scalar(self, node: Any, path: tuple[str | int, ...]) -> Any:
        text = str(node.value)
        tag = str(getattr(node, "tag", "") or "")
        if _HALF.search(text):
            return self.fault(node, path, "half a character: \\ud800 to \\udfff", "write the character itself")
        if tag and not tag.startswith("tag:yaml.org,2002:"):
            return self.fault(node, path, "tags (!name) are not allowed")
        if node.style in {"'", '"', "|", ">"}:
            return text
        if text in _NULLS:
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        if text.lower() in _LOOKALIKE:
            return self.fault(node, path, f"{text} could mean text or true/false", f'write "{text}" or true/false')
        if _INTEGER.match(text):
            if len(text) > MAX_DIGITS:
                return self.fault(node, path, f"a number of more than {MAX_DIGITS} digits", "write a text in quotes")
            return int(text)
        if _NUMBER.match(text) and any(mark in text for mark in ".eE"):
            return float(text)
        return text
