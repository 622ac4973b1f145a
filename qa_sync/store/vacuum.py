"""Remove data files that no retained run needs, and what interrupted work left behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qa_sync.store.log import LOG, read_log
from qa_sync.store.path import StorePath

#: So long a file outlives the version that needed it: readers take no lock, and may be in the middle of it.
GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """Files of one table that can go: ``expired`` were in a version, ``orphans`` never were."""

    expired: tuple[StorePath, ...]
    orphans: tuple[StorePath, ...]

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.stat().st_size for file in (*self.expired, *self.orphans))

    def remove(self) -> None:
        """Delete them; begun again after a crash, it goes on."""
        for file in (*self.expired, *self.orphans):
            file.unlink(missing_ok=True)


def waste_of(path: StorePath, *, kept: Iterable[int], now: datetime, grace: timedelta = GRACE) -> Waste:
    """Return what of a table's folder neither its newest version nor the versions ``kept`` need.

    Nothing younger than ``grace`` is waste, by the log's times for files of old versions and by the file system's for
    others; a file that is not ours by its name never is. The caller holds the store's lock.
    """
    log = read_log(path)
    if log.damaged:
        return Waste(expired=(), orphans=())  # what a damaged entry names is not known: nothing may go
    needed = log.needed(kept)
    old = now - grace
    gone = {span.path for span in log.spans if span.removed_at is None or span.removed_at > old}
    known = {span.path for span in log.spans}
    held = {file.name: file for file in path.glob("*.parquet")}
    expired = [held[name] for name in sorted(known - needed - gone) if name in held]
    staged = [*path.glob("*.parquet#*"), *(path / LOG).glob("*.json#*"), *(path / LOG).glob("*.parquet#*")]
    unknown = [file for name, file in held.items() if name.startswith("part-") and name not in known]
    orphans = [file for file in sorted([*unknown, *staged]) if _age(file) < old]
    return Waste(expired=tuple(expired), orphans=tuple(orphans))


def _age(file: StorePath) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
