"""The store of a workspace: raw records, tables, ledger. The only place that commits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from qa_sync.engine import Engine
from qa_sync.engine.files import Files
from qa_sync.errors import StoreError
from qa_sync.model import TABLES, VIEWS
from qa_sync.model.system import LEDGER, RAW
from qa_sync.store.durable import write_whole
from qa_sync.store.erase import JOURNAL, finish
from qa_sync.store.ledger import Ledger, Snapshot
from qa_sync.store.lock import StoreLock
from qa_sync.store.log import LOG
from qa_sync.store.migrate import STEPS, migrate
from qa_sync.store.path import StorePath
from qa_sync.store.published import PublishedValues
from qa_sync.store.raw import RawStream
from qa_sync.store.storage import MOVING, check_address, lost
from qa_sync.store.tables import StoredTable, register_table
from qa_sync.store.tombstones import Tombstones, read_tombstones

#: The layout of the folder. A store made by a newer qa-sync is refused, never guessed at.
FORMAT = 1

#: The file in which a store says its format.
CARD = "store.json"

#: The tables of which reconciling reads all versions. A view takes time to make, and more are made only when asked for.
HISTORIES = ("evaluations", "answers")

#: The folders that a store may have.
PLACES = ("raw", "tables", "runs", "rejects", "findings", "published", "state", "leases")


class Store:
    """A folder of Delta tables.

    Args:
        folder: a folder, made when it does not exist, or a prefix of a bucket.
        state: where connectors keep keys and memories; always a folder of this machine. Left out: ``state`` below.

    Raises:
        StoreError: the folder was made by a newer version of qa-sync, or cannot be written.
        ConfigError: its path has a character that no store can live below.
    """

    def __init__(self, folder: StorePath, *, state: Path | None = None) -> None:
        self.folder = folder
        self._state = state
        check_address(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.lock = StoreLock(folder)
            self._check_format()
            self._check_places()
        except OSError as error:
            msg = f"the store {folder.name} cannot be used: {error.strerror}"
            raise StoreError(msg) from error
        self.ledger = Ledger(folder, self.lock)
        self.published = PublishedValues(self.ledger)
        if (folder / JOURNAL).is_file():
            with self.lock.held():
                finish(folder, self.ledger)

    @property
    def state(self) -> Path:
        """The folder in which connectors keep what is theirs: on this machine, wherever the tables are."""
        if self._state is None:
            assert isinstance(self.folder, Path)  # noqa: S101  (a workspace names one beside a bucket)
            return self.folder / "state"
        return self._state

    def tombstones(self) -> Tombstones | None:
        """Return the people erased so far, None where there is none; raises as ``read_tombstones`` does."""
        return read_tombstones(self.folder, self.state)

    @property
    def swept_before(self) -> datetime | None:
        """States of runs that finished before this moment may lack files: a vacuum removed them."""
        moment = self._card().get("swept_before")
        return datetime.fromisoformat(moment) if moment else None

    def set_swept_before(self, moment: datetime) -> None:
        """Remember that files of older runs are being removed."""
        self._set("swept_before", moment)

    @property
    def expired_at(self) -> datetime | None:
        """When rows past their retention were last looked for."""
        moment = self._card().get("expired_at")
        return datetime.fromisoformat(moment) if moment else None

    def set_expired_at(self, moment: datetime) -> None:
        """Remember that rows past their retention have gone."""
        self._set("expired_at", moment)

    def _set(self, name: str, moment: datetime) -> None:
        with self.lock.held():
            card = {**self._card(), name: moment.isoformat()}
            write_whole(self.folder / CARD, json.dumps(card, sort_keys=True))

    def _card(self) -> dict[str, Any]:
        """Return what the store says of itself."""
        try:
            found: dict[str, Any] = json.loads((self.folder / CARD).read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        except ValueError:
            return {}

    def _check_format(self) -> None:
        if not (self.folder / CARD).is_file():
            write_whole(self.folder / CARD, json.dumps({"format": FORMAT}))
            return
        made = self._card().get("format")
        if type(made) is not int or made < 1:
            msg = f'{self.folder.name}/{CARD} is not readable; restore it: {{"format": {FORMAT}}}'
            raise StoreError(msg)
        if made > FORMAT:
            msg = f"the store has format {made}, this qa-sync reads up to {FORMAT}; upgrade qa-sync"
            raise StoreError(msg)
        if made < FORMAT:
            with self.lock.held():
                migrate(self.folder, made, FORMAT, steps=STEPS, done=self._set_format)

    def _set_format(self, reached: int) -> None:
        write_whole(self.folder / CARD, json.dumps({**self._card(), "format": reached}, sort_keys=True))

    def _check_places(self) -> None:
        """Refuse a folder in which something else stands where a folder of the store belongs."""
        files = {path.name for path in self.folder.iterdir() if path.is_file()}
        if MOVING in files:
            msg = "an import into this store was cut short; run 'qa-sync store import' again"
            raise StoreError(msg)
        for name in PLACES:
            if name in files:
                msg = f"{self.folder.name}/{name} is a file that is not the store's; move it away and run again"
                raise StoreError(msg)

    def raw(self, source: str, stream: str) -> RawStream:
        """Return one raw stream."""
        return RawStream(self.folder, source, stream, self.lock, self.tombstones)

    def table(self, name: str) -> StoredTable:
        """Return one table of the common schema."""
        return StoredTable(self.folder, name, self.lock)

    def raw_streams(self) -> list[RawStream]:
        """Return every raw stream that exists, sorted by name."""
        folder = self.folder / "raw"
        names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        return [self.raw(*name.split(".", 1)) for name in names if "." in name]

    def snapshot(self, contents: Mapping[str, Any], *, feeds: Mapping[str, Iterable[str]]) -> Snapshot | None:
        """Take a snapshot under the lock, or return None while the tables made from one stream differ in coverage.

        Args:
            contents: texts of settings, mappings, catalogues and definitions that the run worked with.
            feeds: stream ("zendesk.tickets") → the tables its mapping fills.
        """
        with self.lock.held():
            positions = {name: self.table(name).position() for name in TABLES}
            streams: dict[str, int] = {}
            for stream, tables in feeds.items():
                covered = {
                    positions[name].coverage[stream].n if stream in positions[name].coverage else 0 for name in tables
                }
                if len(covered) > 1:
                    return None
                streams[stream] = covered.pop() if covered else 0
            raw_versions = {raw.name: raw.position().version for raw in self.raw_streams()}
            tables = {name: place.version for name, place in positions.items() if place.version >= 0}
        return Snapshot(streams=streams, raw_versions=raw_versions, tables=tables, contents=contents)

    def register(self, engine: Engine, snapshot: Snapshot, *, raw: bool = False) -> None:
        """Make the tables of a snapshot readable by their model names, with the histories that reconciling reads.

        With ``raw`` all histories, the model's further names, and raw streams as raw_<source>_<stream>.
        """
        for name, schema in TABLES.items():
            table = self.table(name)
            files = _present(table.path, table.files(snapshot.tables.get(name, -1)))
            register_table(engine, schema, files, history=raw or name in HISTORIES)
        if not raw:
            return
        for name, select in VIEWS.items():
            engine.view(name, select)
        for stream in self.raw_streams():
            version = snapshot.raw_versions.get(stream.name)
            name = "raw_" + stream.name.replace(".", "_").replace("-", "_")
            files = _present(stream.path, stream.files(version)) if version is not None else Files()
            engine.scan(f"{name}_stored", files, RAW)
            covered = snapshot.streams.get(stream.name)
            bound = "" if covered is None else f"WHERE n <= {covered:d}"
            engine.view(
                name,
                f"""SELECT id, source_stamp, source_seq, ingested_at, run_id, deleted, payload, payload_hash, n
                                  FROM "{name}_stored" {bound}""",
            )
        for ledger_name, schema in LEDGER.items():
            engine.scan(ledger_name, self.ledger.files(ledger_name), schema)

    def delta_folders(self) -> list[StorePath]:
        """Return the folder of every Delta table, sorted."""
        places: list[StorePath] = [self.folder / name for name in LEDGER]
        for name in ("raw", "tables"):
            folder = self.folder / name
            places += folder.iterdir() if folder.is_dir() else ()
        return sorted(path for path in places if (path / LOG).is_dir())


def _present(place: StorePath, files: Files) -> Files:
    """Return the files of a table's state, if all of them are still there.

    Raises:
        StoreError: some are gone, by a vacuum or by damage.
    """
    gone = lost(place, files)
    if gone:
        msg = (
            f"this state can no longer be shown: {gone} of its files are gone. States older than retention_days are "
            "removed by 'store vacuum'; of a newer one, 'qa-sync store status' says what is wrong"
        )
        raise StoreError(msg)
    return files
