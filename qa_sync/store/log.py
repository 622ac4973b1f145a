"""The log of one Delta table, read as plain files: which data file lives from which version to which.

Delta Lake opens a table at one version. Upkeep must know all of them at once, also of a table that no longer opens;
nothing in the log is ever removed (``delta.enableExpiredLogCleanup=false``), so its JSON entries tell everything. Old
ones may have been set aside (``qa_sync.store.shorten``).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote

from qa_sync.store.path import StorePath
from qa_sync.store.storage import read_all

_P = TypeVar("_P", bound=StorePath)

LOG = "_delta_log"
#: Where entries lie that Delta Lake needs no more.
SET_ASIDE = "_old_log"
LAST_CHECKPOINT = "_last_checkpoint"

#: Action → what Delta Lake calls their number, when it writes and when it merges.
_COUNTED = {"add": ("num_added_files", "numFilesAdded"), "remove": ("num_removed_files", "numFilesRemoved")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One data file: ``size`` bytes as the log has it; in the versions from ``added`` to before ``removed``."""

    path: str
    size: int
    added: int
    removed: int | None
    removed_at: datetime | None = None

    def is_in(self, versions: Sequence[int]) -> bool:
        """Say whether one of these versions (sorted) holds the file."""
        at = bisect_left(versions, self.added)
        return at < len(versions) and (self.removed is None or versions[at] < self.removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLog:
    """What a table's log says.

    ``unreadable`` are entries that hold no whole commit: half-written, empty, or damaged; ``times`` is when each
    readable one was made, ``counts`` the n that it noted, where it noted one. ``empty`` are those unreadable ones that
    have no contents.
    """

    versions: tuple[int, ...]
    unreadable: tuple[int, ...]
    spans: tuple[Span, ...]
    times: dict[int, datetime]
    counts: dict[int, int]
    empty: frozenset[int]

    @property
    def damaged(self) -> tuple[int, ...]:
        """The unreadable entries, but for those that hinder nothing: empty, and not counted by the commits behind."""
        return tuple(version for version in self.unreadable if version not in self.empty or self._is_missed(version))

    def _is_missed(self, version: int) -> bool:
        """Whether the counts of commits go on behind a version as if it had held one, or do not go on."""
        before = max((at for at in self.counts if at < version), default=None)
        behind = min((at for at in self.counts if at > version), default=None)
        if version == 0 or behind is None:
            return True
        return self.counts[behind] - (0 if before is None else self.counts[before]) > 1

    @property
    def newest(self) -> int:
        """The newest version, -1 where there is none."""
        return self.versions[-1] if self.versions else -1

    def needed(self, kept: Iterable[int]) -> set[str]:
        """Return the files of the newest version and of the versions ``kept``."""
        versions = sorted({*kept, self.newest})
        return {span.path for span in self.spans if span.is_in(versions)}


def entry(table: _P, version: int, *, folder: str = LOG) -> _P:
    """Return the file of one commit."""
    return table / folder / f"{version:020d}.json"


def entries(table: _P) -> list[tuple[int, _P]]:
    """Return (version, file) of every commit, sorted; those set aside are among them."""
    return sorted({**dict(numbered(table / SET_ASIDE)), **dict(numbered(table / LOG))}.items(), key=_version)


def numbered(folder: _P) -> list[tuple[int, _P]]:
    """Return (version, file) of the commits in one folder of a log, sorted."""
    found = ((int(path.stem), path) for path in folder.glob("*.json") if path.stem.isdigit())
    return sorted(found, key=_version)


def checkpoints(table: _P) -> dict[int, _P]:
    """Return version → file of the checkpoints of a log."""
    found = ((path.name.partition(".checkpoint"), path) for path in (table / LOG).glob("*.checkpoint*.parquet"))
    return {int(name): path for (name, _, _), path in found if name.isdigit()}


def _version(one: tuple[int, Any]) -> int:
    return one[0]


def actions_of(path: StorePath) -> list[dict[str, Any]] | None:
    """Return the actions of one commit, or None when the file does not hold a whole one."""
    return actions_in(read_all([path])[0])


def actions_in(held: bytes | None) -> list[dict[str, Any]] | None:
    """Return the actions in the contents of a commit's file, or None when there is no whole one."""
    if held is None:
        return None
    try:
        # By its own newlines only: a JSON text may hold other characters that Python ends a line at.
        lines = [line for line in held.decode("utf-8").split("\n") if line.strip()]
        actions = [json.loads(line) for line in lines]
    except ValueError:
        return None
    if not actions or not all(isinstance(action, dict) for action in actions) or not _has_its_files(actions):
        return None
    return actions


def _has_its_files(actions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether as many files come and go as the commit says of itself; one cut off behind a line lacks some."""
    told: Mapping[str, Any] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    metrics = told.get("operationMetrics")
    if not isinstance(metrics, dict):
        return True
    for kind, names in _COUNTED.items():
        count = next((metrics[name] for name in names if name in metrics), None)
        if type(count) is int and count != sum(kind in action for action in actions):
            return False
    return True


def read_log(table: StorePath) -> TableLog:
    """Read the whole log of a table."""
    versions: list[int] = []
    unreadable: list[int] = []
    times: dict[int, datetime] = {}
    counts: dict[int, int] = {}
    empty: set[int] = set()
    added: dict[str, tuple[int, int]] = {}
    spans: list[Span] = []
    found = entries(table)
    for (version, _), held in zip(found, read_all([path for _, path in found]), strict=True):
        versions.append(version)
        if held is None:  # set aside, or put back, since it was listed
            held = next(
                (one for one in read_all([entry(table, version, folder=f) for f in (SET_ASIDE, LOG)]) if one), None
            )
        actions = actions_in(held)
        if actions is None:
            unreadable.append(version)
            if not held:
                empty.add(version)
            continue
        for action in actions:
            if "commitInfo" in action:
                times[version] = _moment(action["commitInfo"].get("timestamp"))
                if "qa_sync" in action["commitInfo"]:
                    counts[version] = int(json.loads(action["commitInfo"]["qa_sync"]).get("n", 0))
            elif "add" in action:
                added[unquote(action["add"]["path"])] = (version, int(action["add"]["size"]))
            elif "remove" in action:
                name = unquote(action["remove"]["path"])
                since, size = added.pop(name, (0, int(action["remove"].get("size") or 0)))
                gone = _moment(action["remove"].get("deletionTimestamp"))
                spans.append(Span(path=name, size=size, added=since, removed=version, removed_at=gone))
    spans += [Span(path=name, size=size, added=since, removed=None) for name, (since, size) in added.items()]
    return TableLog(
        versions=tuple(versions),
        unreadable=tuple(unreadable),
        spans=tuple(spans),
        times=times,
        counts=counts,
        empty=frozenset(empty),
    )


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC)
