"""What is wrong with the files of a store, and what can be done about it: looks, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qa_sync.store.log import (
    LAST_CHECKPOINT,
    LOG,
    SET_ASIDE,
    Span,
    TableLog,
    actions_of,
    checkpoints,
    numbered,
    read_log,
)
from qa_sync.store.path import StorePath
from qa_sync.store.storage import opened, sizes_of

#: What mends a fault: taking back a commit that nobody was told of, making the log's shortcuts anew, making a table
#: anew from raw records, or a backup.
Remedy = Literal["take back", "drop shortcuts", "make anew", "backup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a table.

    ``what`` is for people; ``version`` is the first commit to take back, where that is the remedy.
    """

    table: str
    what: str
    remedy: Remedy
    version: int = -1

    @property
    def can_be_mended(self) -> bool:
        """Whether ``store repair`` mends it."""
        return self.remedy != "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A table's log, its damaged files (missing, cut off, or not of the size that the log has), and its faults."""

    log: TableLog
    damaged: tuple[Span, ...]
    faults: tuple[Fault, ...]


def examine(path: StorePath, name: str, *, kept: Mapping[int, Sequence[str]], is_derived: bool) -> Examined:
    """Look at one table.

    Args:
        path: its folder.
        name: what it is called in messages.
        kept: versions that runs refer to, and those runs' ids.
        is_derived: whether it can be made anew from raw records.
    """
    reached = max(checkpoints(path), default=-1)  # looked at first: a commit may come in between
    log = read_log(path)
    needed = log.needed(kept)
    sizes = sizes_of(path)
    damaged = tuple(
        span
        for span in log.spans
        if span.path in needed and (sizes.get(span.path) != span.size or not _has_both_ends(path / span.path))
    )
    faults = [*_log_faults(name, log, kept, reached), *_file_faults(name, log, damaged, kept, is_derived=is_derived)]
    faults += _shortcut_faults(path, name)
    return Examined(log=log, damaged=damaged, faults=tuple(faults))


def _has_both_ends(file: StorePath) -> bool:
    """Whether a data file begins and ends as one: a loss of power may leave the size, and zeros in its place.

    An object of a bucket is written as a whole, and looking at each would be a request.
    """
    if not isinstance(file, Path):
        return True
    try:
        with file.open("rb") as held:
            begin = held.read(4)
            held.seek(-4, os.SEEK_END)
            return begin == held.read(4) == b"PAR1"
    except OSError:
        return False


def _log_faults(name: str, log: TableLog, kept: Mapping[int, Sequence[str]], reached: int) -> list[Fault]:
    """A half-written entry at the end was never acknowledged; before others it means a damaged disk.

    ``reached`` is the newest checkpoint: entries are there up to it.
    """
    found = []
    tail = _tail(log.versions, set(log.unreadable))
    for version in log.unreadable:
        if version in tail and not any(at >= version for at in kept):
            what = f"commit {version} was only half written"
            found.append(Fault(table=name, what=what, remedy="take back", version=version))
        elif version in log.damaged or version in kept:
            found.append(Fault(table=name, what=f"the log entry of commit {version} is damaged", remedy="backup"))
        # an empty entry that those behind it did not count never held a commit, and hinders nothing
    gaps = [at for at in range(max(log.newest, reached) + 1) if at not in set(log.versions)]
    if gaps:
        what = f"the log lacks {len(gaps)} of its entries, the first of them {gaps[0]}"
        found.append(Fault(table=name, what=what, remedy="backup"))
    beyond = [at for at in kept if at > log.newest]
    if beyond:
        what = f"the log ends at commit {log.newest}, and run {kept[max(beyond)][0]} saw commit {max(beyond)}"
        found.append(Fault(table=name, what=what, remedy="backup"))
    return found


def _file_faults(
    name: str, log: TableLog, damaged: Sequence[Span], kept: Mapping[int, Sequence[str]], *, is_derived: bool
) -> list[Fault]:
    if not damaged:
        return []
    current = [span for span in damaged if span.removed is None]
    past = sorted({run for version, runs in kept.items() for run in runs for s in damaged if s.is_in([version])})
    found = []
    if past:
        what = f"{len(past)} runs cannot be shown again, {past[-1]} the last of them: {_counted(damaged)}"
        found.append(Fault(table=name, what=what, remedy="backup"))
    if not current:
        return found
    newest = {span.added for span in current}
    tail = _tail(log.versions, newest)
    if newest <= tail and not any(version >= min(newest) for version in kept):
        what = f"commit {min(newest)} is not whole: {_counted(current)}"
        found.append(Fault(table=name, what=what, remedy="take back", version=min(newest)))
    elif is_derived:
        found.append(Fault(table=name, what=_counted(current), remedy="make anew"))
    else:
        found.append(Fault(table=name, what=_counted(current), remedy="backup"))
    return found


def _shortcut_faults(path: StorePath, name: str) -> list[Fault]:
    """Checkpoints only spare the reading of the log: a damaged one is dropped."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = checkpoints(path)
    what = ""
    for version, checkpoint in sorted(found.items()):
        try:
            pq.read_metadata(opened(checkpoint))
        except (OSError, pa.ArrowException):
            what = f"checkpoint {version} of the log is damaged"
    listed = numbered(path / LOG)
    if not found and listed and listed[0][0] and numbered(path / SET_ASIDE):
        what = "the checkpoint is lost that stands for the entries set aside"
    pointer = path / LOG / LAST_CHECKPOINT
    if pointer.exists():
        actions = actions_of(pointer)
        named = actions[0].get("version") if actions else None
        if (named or 0) not in found:
            what = what or "the log points to a checkpoint that is not there"
    return [Fault(table=name, what=what, remedy="drop shortcuts")] if what else []


def _tail(versions: Sequence[int], wanted: set[int]) -> set[int]:
    """Return those of ``wanted`` with nothing but others of them behind."""
    found: set[int] = set()
    for version in reversed(versions):
        if version not in wanted:
            break
        found.add(version)
    return found


def _counted(damaged: Iterable[Span]) -> str:
    spans = list(damaged)
    return f"{len(spans)} {'file is' if len(spans) == 1 else 'files are'} lost or damaged"
