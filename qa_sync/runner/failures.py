"""What failed while its neighbours had their turn, told as one error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa_sync.errors import ConfigError, QASyncError

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace


def one_error(
    workspace: Workspace, failures: Sequence[tuple[str, tuple[str, str], QASyncError]], kind: tuple[str, str]
) -> QASyncError:
    """Return one error for all: every problem of set-up with its place, or the first failure of each source or place.

    Args:
        workspace: whose settings file the problems are placed in.
        failures: what failed, the section and name of its settings, and the error.
        kind: what one of them is called, and several.
    """
    if all(isinstance(error, ConfigError) for _, _, error in failures):
        placed = [
            workspace.placed(problem, path)
            for _, path, error in failures
            if isinstance(error, ConfigError)
            for problem in error.problems
        ]
        return ConfigError(dict.fromkeys(placed))
    firsts: dict[tuple[str, str], str] = {}
    for name, path, error in failures:
        firsts.setdefault(path, f"{name}: {error}")
    _, _, error = failures[0]
    more = len(failures) - len(firsts)
    rest = f" (and {more} more {kind[more > 1]} failed)" if more else ""
    failed = type(error)("\n".join(firsts.values()) + rest)
    failed.__cause__ = error
    return failed
