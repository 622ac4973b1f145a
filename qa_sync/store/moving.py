"""Move a store: plain Parquet files with a manifest that anything can read, and back again with every retained state.

The manifest says of each table which files make up its newest version and each version that a run refers to. Versions
keep their numbers, so that ``--as-of`` a run gives the same bytes in the new house.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from qa_sync.errors import StoreError
from qa_sync.store import delta
from qa_sync.store.durable import sync_file, sync_folder, write_whole
from qa_sync.store.lock import LOCKS
from qa_sync.store.log import LOG, actions_of, entries, entry, read_log
from qa_sync.store.path import StorePath
from qa_sync.store.storage import MOVING, copy, move_folder, remove_tree
from qa_sync.store.store import CARD, FORMAT, Store
from qa_sync.store.tombstones import TOMBSTONES
from qa_sync.store.upkeep import Upkeep

MANIFEST = "manifest.json"

#: The layout of an export. One made by a newer qa-sync is refused.
EXPORT_FORMAT = 1

#: More than any store's manifest has; what is larger was not made by an export.
MOST_BYTES = 500_000_000
MOST_VERSIONS = 10_000_000

#: What an export can hold: names that lead nowhere but into a folder of the store.
_TABLE = re.compile(r"(raw/[\w-]+(\.[\w-]+)+|tables/\w+|runs|rejects|findings|published)", re.ASCII)
_FILE = re.compile(r"[\w=-][\w.=-]*\.parquet", re.ASCII)


def export_store(store: Store, folder: Path, *, at: datetime) -> dict[str, Any]:
    """Copy every file that a retained state needs, and write the manifest last; return the manifest.

    Raises:
        StoreError: the folder is not empty, or the store is damaged.
    """
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} is not empty; export into a new folder"
        raise StoreError(msg)
    upkeep = Upkeep(store)
    with store.lock.held():  # one moment for all tables; their files do not change after it
        _, faults = upkeep.status(at)
        if faults:
            msg = f"{faults[0].table}: {faults[0].what}; mend the store before it is moved, see 'qa-sync store status'"
            raise StoreError(msg)
        kept = upkeep.kept()
        name_of = {path.relative_to(store.folder).as_posix(): path for path in store.delta_folders()}
        tables = {name: _listed(path, sorted(kept.get(name, {}))) for name, path in name_of.items()}
        card = json.loads((store.folder / CARD).read_text(encoding="utf-8"))
        gone = store.folder / TOMBSTONES
        erased = json.loads(gone.read_text(encoding="utf-8")) if gone.is_file() else None
    for name, table in tables.items():
        target = folder / name
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file, facts in table["files"].items():
            copy(name_of[name] / file, target / file)
            facts.update(_facts(target / file))
            sync_file(target / file)
    manifest = {
        "export_format": EXPORT_FORMAT,
        "exported_at": at.isoformat(),
        "store": card,
        "tables": tables,
        "erased": erased,
        "not_included": [
            "state: keys and memories of connectors, among them the keys that requesters are hashed with and that "
            "people who were erased are recognised by"
        ],
    }
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    return manifest


def import_store(folder: Path, target: StorePath) -> dict[str, Any]:
    """Make a store of an export; return its manifest. Every file is checked before the store comes into being.

    Raises:
        StoreError: there is a store already, the manifest is missing, newer or wrong, or a file is not what it says.
    """
    manifest = _manifest(folder)
    there = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if MOVING not in there and there - {CARD, *LOCKS}:
        msg = f"the store {target.name} is not empty; import into a new one"
        raise StoreError(msg)
    for name, table in manifest["tables"].items():
        _check(folder, name, table)
    fresh = target.with_name(target.name + ".importing")
    remove_tree(fresh)  # of an import that was cut short
    fresh.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, table in manifest["tables"].items():
        place = fresh / name
        (place / LOG).mkdir(parents=True, mode=0o700)
        for file in table["files"]:
            copy(folder / name / file, place / file)
            sync_file(place / file)
        _write_log(place, table, at=datetime.fromisoformat(manifest["exported_at"]))
    card = {name: manifest["store"][name] for name in ("format", "swept_before") if name in manifest["store"]}
    write_whole(fresh / CARD, json.dumps(card, sort_keys=True))
    if manifest.get("erased") is not None:
        write_whole(fresh / TOMBSTONES, json.dumps(manifest["erased"], sort_keys=True))
    move_folder(fresh, target)
    sync_folder(target.parent)
    return manifest


def _listed(path: StorePath, kept: list[int]) -> dict[str, Any]:
    """Return what the manifest says of a table, but for the facts about its files."""
    log = read_log(path)
    versions = sorted({version for version in kept if version <= log.newest} | {log.newest})
    spans = [span for span in log.spans if span.is_in(versions)]
    opened = delta.open_table(path)
    note = delta.position(opened, path).note
    head = [action for _, file in entries(path)[:1] for action in actions_of(file) or []]
    schema = next(
        action for _, file in reversed(entries(path)) for action in actions_of(file) or [] if "metaData" in action
    )
    return {
        "head": [action for action in head if "protocol" in action] + [schema],
        "note": dict(note),
        "newest": log.newest,
        "versions": {str(at): [span.path for span in spans if span.is_in([at])] for at in versions},
        "files": {span.path: {} for span in spans},
    }


def _facts(file: Path) -> dict[str, Any]:
    return {"rows": pq.read_metadata(file).num_rows, "bytes": file.stat().st_size, "sha256": _digest(file)}


def _digest(file: Path) -> str:
    with file.open("rb") as held:
        return hashlib.file_digest(held, "sha256").hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    """Read a manifest as what it is: a stranger's text, until every name and number in it is known to do no harm."""
    file = folder / MANIFEST
    try:
        if file.stat().st_size > MOST_BYTES:
            msg = f"{file} is larger than a manifest can be; do not import it"
            raise StoreError(msg)
        manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        made, store = int(manifest["export_format"]), int(manifest["store"]["format"])
        datetime.fromisoformat(manifest["exported_at"]).timestamp()
        if made > EXPORT_FORMAT or store > FORMAT:
            msg = "the export was made by a newer qa-sync; upgrade qa-sync"
            raise StoreError(msg)
        for name, table in manifest["tables"].items():
            if not _TABLE.fullmatch(name) or not all(_FILE.fullmatch(held) for held in table["files"]):
                msg = f"{file} names a file outside of the export; do not import it"
                raise StoreError(msg)
            _require_whole(table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        msg = f"{file} is missing or not readable; name the folder that 'qa-sync store export' made"
        raise StoreError(msg) from None
    return manifest


def _require_whole(table: Mapping[str, Any]) -> None:
    """Raise ValueError or its like unless everything that the log is written from is there and of its kind."""
    newest, note = table["newest"], table["note"]
    if type(newest) is not int or not 0 <= newest < MOST_VERSIONS:
        raise ValueError
    versions = {int(version): files for version, files in table["versions"].items()}
    if newest not in versions or not all(0 <= version <= newest for version in versions):
        raise ValueError
    if not all(held in table["files"] for files in versions.values() for held in files):
        raise ValueError
    # An action of another kind could add files from anywhere on the disk.
    if sorted(kind for action in table["head"] for kind in action) != ["metaData", "protocol"]:
        raise ValueError
    if not isinstance(note, dict) or (note and type(note["n"]) is not int):
        raise ValueError
    for facts in table["files"].values():
        if type(facts["rows"]) is not int or type(facts["bytes"]) is not int:
            raise TypeError


def _check(folder: Path, name: str, table: Mapping[str, Any]) -> None:
    for file, facts in table["files"].items():
        held = folder / name / file
        if not held.is_file():
            msg = f"{name}/{file} is missing from the export; copy the whole folder again"
            raise StoreError(msg)
        if not held.resolve().is_relative_to(folder.resolve()):
            msg = f"{name}/{file} leads out of the export; do not import it"
            raise StoreError(msg)
        try:
            is_same = _digest(held) == facts["sha256"] and _facts(held) == facts
        except (OSError, pa.ArrowException):
            is_same = False
        if not is_same:
            msg = f"{name}/{file} is not as it was exported; copy the whole folder again"
            raise StoreError(msg)


def _write_log(place: StorePath, table: Mapping[str, Any], *, at: datetime) -> None:
    """Write a log whose kept versions hold the files they held, under their old numbers; as old as the export."""
    made = int(at.timestamp() * 1000)
    newest, note = int(table["newest"]), dict(table["note"])
    held: list[str] = []
    for version in range(newest + 1):
        actions: list[dict[str, Any]] = [{"commitInfo": {"timestamp": made, "operation": "IMPORT"}}]
        if version == 0:
            actions += table["head"]
        wanted = table["versions"].get(str(version), held)
        actions += [{"add": _add(file, table["files"][file])} for file in wanted if file not in held]
        gone = [file for file in held if file not in wanted]
        actions += [{"remove": {"path": file, "deletionTimestamp": 0, "dataChange": True,
                                "size": table["files"][file]["bytes"]}} for file in gone]  # fmt: skip
        if version == newest and note:
            actions[0]["commitInfo"]["qa_sync"] = json.dumps(note, sort_keys=True)
            actions.append({"txn": {"appId": delta.APP, "version": int(note["n"])}})
        held = list(wanted)
        text = "\n".join(json.dumps(action, separators=(",", ":")) for action in actions)
        entry(place, version).write_text(text, encoding="utf-8")
        sync_file(entry(place, version))
    sync_folder(place / LOG)
    sync_folder(place)


def _add(file: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "path": file,
        "partitionValues": {},
        "size": facts["bytes"],
        "modificationTime": 0,
        "dataChange": True,
        "stats": json.dumps({"numRecords": facts["rows"]}),
    }
