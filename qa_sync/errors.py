"""What can go wrong, arranged by what the reader must do about it.

    QASyncError
    ├── ConfigError       fix a file: holds every problem found, not only the first      exit 2
    ├── AuthError         get new or better credentials                                  exit 2
    ├── TransientError    wait (``retry_after`` seconds, where known) and run again      exit 1
    ├── SourceError       a source answered something that it should not                 exit 1
    ├── SinkError         a dashboard could not be read or written                       exit 1
    ├── StoreError        the store refused: busy, damaged, or made by a newer version   exit 1
    │   └── LostRace      another writer committed first: read the position again
    └── ConservationError records went in that did not come out: a bug, nothing is published   exit 1

Messages name files, fields and record ids. They never hold a payload, a customer's words or a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to fix: what is wrong, where, and what to try.

    ``path`` is the place inside a settings or mapping file (``("sources", "zendesk", "auth")``); whoever
    read the file turns it into ``line`` and ``column`` (both from 1).
    """

    what: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        dotted = ".".join(str(part) for part in self.path)
        head = ": ".join(part for part in (place, dotted, self.what) if part)
        return f"{head}; {self.hint}" if self.hint else head


class QASyncError(Exception):
    """Base of every error that qa-sync raises on purpose. ``exit_code`` is what the command line ends with."""

    exit_code = 1


class ConfigError(QASyncError):
    """Something an administrator wrote must change. ``problems`` holds all of them."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem(what=problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class AuthError(QASyncError):
    """The credentials were refused, have expired, or lack a permission."""

    exit_code = 2


class TransientError(QASyncError):
    """It may work later. ``retry_after`` is the number of seconds the other side asked for, or None."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SourceError(QASyncError):
    """A source cannot go on. What was committed before stays."""


class SinkError(QASyncError):
    """A dashboard could not be read or written."""


class StoreError(QASyncError):
    """The store refused to read or write."""


class LostRace(StoreError):
    """Another writer advanced the same position first; nothing of ours was committed."""


class NoRoom(StoreError):
    """A step of the work needs more memory than the engine may take. Nothing was stored."""


class ConservationError(QASyncError):
    """In is not out plus rejected. The run fails and publishes nothing."""


def is_stop(error: BaseException) -> bool:
    """Whether a person or a scheduler stopped us: Ctrl-C, SIGTERM, or what DuckDB makes of them while it is at work.

    >>> is_stop(KeyboardInterrupt()), is_stop(RuntimeError("Query interrupted")), is_stop(RuntimeError("other"))
    (True, True, False)
    """
    return isinstance(error, KeyboardInterrupt) or (type(error) is RuntimeError and str(error) == "Query interrupted")
