"""Where a dashboard is shown: one place a sink, or one for each value of a column (each site's own spreadsheet)."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_sync.config import SinkSettings
from qa_sync.errors import ConfigError, Problem
from qa_sync.ports import Sink

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One spreadsheet or workbook of a sink. ``value`` is whose rows it shows, "" where it shows all."""

    sink: str
    value: str
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the place is called in the ledger and in a run's summary."""
        return f"{self.sink}/{self.value}" if self.value else self.sink


def places_of(
    sink: str, settings: SinkSettings, column: str, values: Sequence[str]
) -> tuple[list[Place], tuple[str, ...]]:
    """Return the places of a sink, and the values that have none.

    A value has a place where the sink's ``for_each`` names it, or where ``{column}`` stands in a text of its settings.
    A place whose value has no rows any more is among them, so that it is emptied and not left as it was.

    Args:
        sink: its name in the workspace.
        settings: as written there, references not yet filled.
        column: what the dashboard is published for each value of; "" for one place.
        values: the values in the data.

    Raises:
        ConfigError: the settings do not fit the column, or two values would share one place.
    """
    if not column:
        if settings.for_each:
            what = "for_each is set, but the dashboard is published as a whole"
            raise ConfigError(
                Problem(what=what, hint="set for_each on the dashboard too", path=("sinks", sink, "for_each"))
            )
        return [Place(sink=sink, value="", settings=settings.own)], ()
    template = holds(settings.own, column)
    if not template and not settings.for_each:
        what = f"one place cannot show each {column} its own rows only"
        hint = f"write {{{column}}} in its path, or give it for_each: {{VALUE: {{spreadsheet: ...}}}}"
        raise ConfigError(Problem(what=what, hint=hint, path=("sinks", sink)))
    found: list[Place] = []
    unplaced: list[str] = []
    for value in dict.fromkeys([*settings.for_each, *values]):
        own = {**settings.own, **settings.for_each.get(value, {})}
        if value in settings.for_each or template:
            found.append(Place(sink=sink, value=value, settings=fill_in(own, column, value)))
        else:
            unplaced.append(value)
    _require_apart(sink, found)
    return found, tuple(unplaced)


def place_of(place: Place, sink: Sink) -> str:
    """Return what tells a spreadsheet or workbook from every other, whatever its sink is called."""
    return str(getattr(sink, "place", "") or place.name)


def holds(own: Any, column: str) -> bool:
    """Tell whether ``{column}`` stands in any text of some settings."""
    if isinstance(own, Mapping):
        return any(holds(part, column) for part in own.values())
    return isinstance(own, str) and f"{{{column}}}" in own


def fill_in(own: Any, column: str, value: str) -> Any:
    """Return settings with ``{column}`` replaced by the value, as a file name can hold it."""
    if isinstance(own, Mapping):
        return {name: fill_in(part, column, value) for name, part in own.items()}
    return own.replace(f"{{{column}}}", file_safe(value)) if isinstance(own, str) else own


def file_safe(value: str) -> str:
    """Return a value as part of a file name.

    >>> file_safe("BPO / Manila"), file_safe("../..")
    ('BPO_Manila', '_')
    """
    return _UNSAFE.sub("_", value).strip("._") or "_"


def alias_salt(folder: Path, *, keep: bool = True) -> str:
    """Return the workspace's own secret for aliases, made when first needed: without it none can be computed.

    Where there is none and none is to be kept, one for this time only.
    """
    path = folder / "alias.salt"
    if not keep and not path.exists():
        return secrets.token_hex(16)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(16))
    return path.read_text()


def _require_apart(sink: str, places: Sequence[Place]) -> None:
    """Two values in one place would show each the other's rows."""
    seen: dict[str, str] = {}
    for place in places:
        # Some file systems take no notice of case.
        where = repr(sorted((name, repr(part)) for name, part in place.settings.items())).casefold()
        if where in seen:
            what = f"{seen[where]!r} and {place.value!r} would share one place"
            raise ConfigError(Problem(what=what, hint="name each under for_each", path=("sinks", sink)))
        seen[where] = place.value
