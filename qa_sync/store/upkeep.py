"""Look after a store: what is in it, what is wrong with it, mending it, and merging small files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from qa_sync.errors import StoreError
from qa_sync.model import TABLES
from qa_sync.store import delta
from qa_sync.store.health import Examined, Fault, examine
from qa_sync.store.log import read_log
from qa_sync.store.path import StorePath
from qa_sync.store.repair import mend
from qa_sync.store.shorten import is_long, shorten
from qa_sync.store.storage import sizes_of
from qa_sync.store.store import Store
from qa_sync.store.tables import stored_schema
from qa_sync.store.vacuum import waste_of

#: Table folder ("raw/zendesk.tickets") → version → ids of the runs whose snapshot names it.
Kept = Mapping[str, Mapping[int, list[str]]]

#: A table is compacted by itself when its newest version consists of so many files of less than SMALL bytes.
CROWDED = 100
SMALL = 16_000_000


class Upkeep:
    """The upkeep of one store. Each table is worked on under the store's lock, one after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def status(self, now: datetime) -> tuple[list[dict[str, Any]], list[Fault]]:
        """Return one row a table, and everything that is wrong with any of them. Changes nothing.

        A row: table, commits, version, files and bytes of the newest version, missing_files, bytes_on_disk of all
        versions, kept_versions that runs refer to, oldest and newest commit, orphans (data files of no version).
        """
        rows: list[dict[str, Any]] = []
        faults: list[Fault] = []
        kept = self._kept() or {}
        for path in self.store.delta_folders():
            name = self._name(path)
            looked = self._examine(path, kept)
            faults += looked.faults
            rows.append(_row(path, name, looked, kept.get(name, {}), now))
        faults += self._ahead({fault.table for fault in faults})
        return rows, faults

    def repair(self, now: datetime) -> list[dict[str, Any]]:
        """Mend everything that can be mended; return one row a fault: table, what, done, mended.

        The ledger comes first: it says which versions are spoken for.
        """
        done: list[dict[str, Any]] = []
        for path in sorted(self.store.delta_folders(), key=lambda path: self._name(path) != "runs"):
            with self.store.lock.held():
                kept = self._kept()
                faults = list(self._examine(path, kept or {}).faults)
                if kept is None and self._name(path) != "runs":  # a commit may be spoken for: nobody can say
                    faults = [replace(f, remedy="backup") if f.remedy == "take back" else f for f in faults]
                done += self._mend(faults, now)
        with self.store.lock.held():
            done += self._mend(self._ahead({row["table"] for row in done if not row["mended"]}), now)
        return done

    def vacuum(self, *, horizon: datetime, now: datetime, dry_run: bool = False) -> list[dict[str, Any]]:
        """Remove the files that only runs before ``horizon`` need, and orphans; return one row a table.

        The newest state and everything younger than a day stay, whatever the horizon. A row: table, expired, orphans
        (files), bytes.
        """
        horizon = max(horizon, self.store.swept_before or horizon)
        if not dry_run:
            self.store.set_swept_before(horizon)  # first: what is half removed must not pass for a damaged disk
        rows = []
        for path in self.store.delta_folders():
            name = self._name(path)
            with self.store.lock.held():
                kept = self._kept(since=horizon)
                if kept is None:
                    msg = "the ledger of runs cannot be read: nobody can say which files are needed; try 'store status'"
                    raise StoreError(msg)
                waste = waste_of(path, kept=kept.get(name, {}), now=now)
                size = waste.size
                if not dry_run:
                    self.store.lock.check()
                    waste.remove()
            rows.append({"table": name, "expired": len(waste.expired), "orphans": len(waste.orphans), "bytes": size})
        return rows

    def sweep_orphans(self) -> None:
        """Remove data files of no version, whatever their age. The caller holds the lock: nobody is writing one."""
        for path in self.store.delta_folders():
            waste = waste_of(path, kept=(), now=datetime.max.replace(tzinfo=UTC), grace=timedelta(0))
            self.store.lock.check()
            replace(waste, expired=()).remove()

    def runs_with(self, files: Mapping[str, frozenset[str]]) -> list[str]:
        """Return the runs whose state holds any of these files (table folder → names), newest first."""
        kept = self._kept() or {}
        found: dict[str, None] = {}
        for name, wanted in files.items():
            spans = [span for span in read_log(self.store.folder / name).spans if span.path in wanted]
            for version, runs in kept.get(name, {}).items():
                if any(span.is_in([version]) for span in spans):
                    found.update(dict.fromkeys(runs))
        return sorted(found, reverse=True)

    def kept(self) -> Kept:
        """Return the versions that retained runs refer to.

        Raises:
            StoreError: the ledger cannot be read.
        """
        kept = self._kept()
        if kept is None:
            msg = "the ledger of runs cannot be read; try 'qa-sync store status'"
            raise StoreError(msg)
        return kept

    def crowded(self) -> list[StorePath]:
        """Return the tables whose newest version consists of too many small files."""
        found = []
        for path in self.store.delta_folders():
            # Counting names is cheap and counts too many: only a folder full of files is worth a look at its table.
            if sum(1 for _ in path.glob("*.parquet")) < CROWDED:
                continue
            if sum(size < SMALL for size in delta.sizes(delta.open_table(path))) >= CROWDED:
                found.append(path)
        return found

    def shorten(self) -> int:
        """Set aside old entries of the logs that have become long; return how many."""
        done = 0
        for path in self.store.delta_folders():
            if is_long(path):
                with self.store.lock.held():
                    done += shorten(path)
        return done

    def compact(self, tables: Sequence[StorePath] | None = None) -> dict[str, Any]:
        """Merge small files of every table (or those named), one after the other under the lock.

        Returns:
            Table → files_before and files_after.
        """
        done: dict[str, Any] = {}
        for path in self.store.delta_folders() if tables is None else tables:
            with self.store.lock.held():
                metrics = delta.compact(path, {})
            done[self._name(path)] = {
                "files_before": metrics.get("numFilesRemoved", 0),
                "files_after": metrics.get("numFilesAdded", 0),
            }
        return done

    def _mend(self, faults: list[Fault], now: datetime) -> list[dict[str, Any]]:
        done: list[dict[str, Any]] = []
        for fault in faults:
            name = fault.table.rpartition("/")[2]
            schema = stored_schema(TABLES[name]) if fault.remedy == "make anew" else None
            try:
                told, mended = mend(self.store.folder, fault, at=now, schema=schema), fault.can_be_mended
            except OSError as error:
                told, mended = f"not mended: {error.strerror or type(error).__name__}", False
            done.append({"table": fault.table, "what": fault.what, "done": told, "mended": mended})
        return done

    def _examine(self, path: StorePath, kept: Kept) -> Examined:
        name = self._name(path)
        return examine(path, name, kept=kept.get(name, {}), is_derived=name.startswith("tables/"))

    def _ahead(self, already: set[str]) -> list[Fault]:
        """Tables that cover more of a stream than is stored, as after the loss of raw commits."""
        found = []
        try:
            ends = {raw.name: raw.position().n for raw in self.store.raw_streams() if f"raw/{raw.name}" not in already}
        except StoreError:
            return []
        for table in TABLES:
            name = f"tables/{table}"
            if name in already or not (self.store.folder / name).is_dir():
                continue
            for stream, covered in self.store.table(table).position().coverage.items():
                if stream in ends and covered.n > ends[stream]:
                    what = f"it covers commit {covered.n} of {stream}, of which {ends[stream]} are stored"
                    found.append(Fault(table=name, what=what, remedy="make anew"))
        return found

    def _kept(self, *, since: datetime | None = None) -> Kept | None:
        """Return the versions that runs refer to, or None while the ledger cannot be read.

        Runs before ``since``, or before what a vacuum removed, count no more; the newest state always does.
        """
        since = since or self.store.swept_before
        kept: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        try:
            snapshots = self.store.ledger.snapshots()
        except StoreError:
            return None
        for at, (run_id, finished_at, snapshot) in enumerate(snapshots):
            if at and since is not None and finished_at < since:
                break
            for name, version in snapshot.tables.items():
                kept[f"tables/{name}"][version].append(run_id)
            for name, version in snapshot.raw_versions.items():
                kept[f"raw/{name}"][version].append(run_id)
        return kept

    def _name(self, path: StorePath) -> str:
        return path.relative_to(self.store.folder).as_posix()


def _row(path: StorePath, name: str, looked: Examined, kept: Mapping[int, list[str]], now: datetime) -> dict[str, Any]:
    log = looked.log
    current = [span for span in log.spans if span.removed is None]
    on_disk = sizes_of(path)
    try:
        commits = delta.position(delta.open_table(path), path).n
    except StoreError:
        commits = -1
    moments = sorted(log.times.values())
    return {
        "table": name,
        "commits": commits,
        "version": log.newest,
        "files": len(current),
        "bytes": sum(span.size for span in current),
        "missing_files": len(looked.damaged),
        "bytes_on_disk": sum(on_disk.values()),
        "kept_versions": len(kept),
        "orphans": len(on_disk.keys() - {span.path for span in log.spans}),
        "oldest": moments[0] if moments else None,
        "newest": moments[-1] if moments else None,
        "age_days": round((now - moments[-1]).total_seconds() / 86400, 1) if moments else None,
    }
