"""Connectors are found by entry point; ours register exactly as a stranger's would."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from qa_sync.errors import ConfigError, Problem

Group = Literal["sources", "sinks", "sandboxes", "commands"]


def names(group: Group) -> tuple[str, ...]:
    """Names registered under a group, sorted."""
    return tuple(sorted({entry.name for entry in entries(group)}))


def entries(group: Group) -> tuple[EntryPoint, ...]:
    """Entry points of a group, sorted by name."""
    return _found(group, tuple(sys.path))


@lru_cache
def _found(group: Group, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:  # noqa: ARG001  (where they are looked for)
    """Looking reads the card of every package that is installed."""
    return tuple(sorted(entry_points(group=f"qa_sync.{group}"), key=lambda entry: entry.name))


def load(group: Group, name: str) -> Any:
    """Import and return what a connector registered.

    Raises:
        ConfigError: nobody registered the name, or the package that did cannot be imported.
    """
    for entry in entries(group):
        if entry.name == name:
            try:
                return entry.load()
            except ImportError as error:
                what = f"connector {name!r} cannot be imported: {error}"
                raise ConfigError(Problem(what=what, hint="install the extra it needs")) from error
    known = ", ".join(names(group)) or "none"
    raise ConfigError(Problem(what=f"no connector {name!r} among the {group}", hint=f"installed: {known}"))


def beside(group: Group, name: str, attribute: str) -> Any:
    """Return what a connector offers under ``attribute`` in the module of its entry point, or None."""
    for entry in entries(group):
        if entry.name == name:
            try:
                return getattr(import_module(entry.module), attribute, None)
            except ImportError:
                return None
    return None
