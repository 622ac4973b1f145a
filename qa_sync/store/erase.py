"""Erase a person from the files of a store: every version, the log and its statistics; all of it or nothing.

New contents of all files are written beside the old ones first; then one journal says that they hold; then each takes
its place. A crash before the journal changes nothing; after it, the next one to open the store finishes the work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qa_sync.errors import StoreError
from qa_sync.store.durable import sync_file, sync_folder, write_whole
from qa_sync.store.ledger import Ledger, Run
from qa_sync.store.log import LAST_CHECKPOINT, LOG, SET_ASIDE, actions_in, checkpoints, entries, read_log
from qa_sync.store.path import StorePath
from qa_sync.store.redact import ALIKE, PERSON_FIELD, SPACE, Redactor
from qa_sync.store.repair import COPIES
from qa_sync.store.shorten import put_back
from qa_sync.store.storage import opened, read_all, write_parquet
from qa_sync.store.tombstones import TOMBSTONES

#: The list of files that are about to take their place.
JOURNAL = "erasing.json"

#: The ending of a file that waits for its turn.
STAGED = ".erased"


#: What an erasure goes through: data files, entries of logs and checkpoints, the list of people erased.
_OURS = re.compile(
    rf"[\w.-]+(/[\w.-]+)?/(part-[^/]+\.parquet|({LOG}|{SET_ASIDE})/(\d{{20}}\.[\w.-]+|{LAST_CHECKPOINT}))"
    rf"|{re.escape(TOMBSTONES)}|{re.escape(JOURNAL)}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableErasure:
    """What erasing changes in one table: rows (of all files, old versions included), and which data files."""

    name: str
    rows: int
    files: frozenset[str]
    staged: tuple[StorePath, ...]
    shortcuts: tuple[StorePath, ...]


def stage_table(path: StorePath, name: str, redactor: Redactor, *, write: bool) -> TableErasure:
    """Stage a table without the person; see ``stage``."""
    return stage(path, name, lambda table: redacted(table, name, redactor), clean=redactor.text, write=write)


def stage(
    path: StorePath,
    name: str,
    change: Callable[[pa.Table], tuple[pa.Table, int]],
    *,
    clean: Callable[[str], str],
    write: bool,
) -> TableErasure:
    """Write the new contents of a table's files beside the old ones (or only count). The caller holds the lock.

    Args:
        path: the table's folder.
        name: what it is called.
        change: makes the new rows of a file, and says how many rows it changed or dropped; 0 leaves the file alone.
        clean: makes the new texts of the log's own notes.
        write: whether to write, or only to count.

    Raises:
        StoreError: an entry of the log or a file is damaged.
    """
    damaged = f"{name} is damaged; 'qa-sync store repair' first, then try again"
    log = read_log(path)
    if log.damaged:
        raise StoreError(damaged)
    if write:
        put_back(path)  # its checkpoints go with the person
    changed = 0
    sizes: dict[str, tuple[int, int]] = {}
    staged: list[StorePath] = []
    known = {span.path for span in log.spans}
    for file in sorted(file for file in path.glob("*.parquet") if file.name in known):
        try:
            held = pq.read_table(opened(file), partitioning=None)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(damaged) from error
        made, rows = change(held)
        if not rows:
            continue
        changed += rows
        sizes[file.name] = (0, made.num_rows)
        if write:
            fresh = file.with_name(file.name + STAGED)
            sizes[file.name] = (write_parquet(made, fresh), made.num_rows)
            sync_file(fresh)
            staged.append(fresh)
    written = [commit for _, commit in entries(path)]
    commits = [(one, actions_in(held) or []) for one, held in zip(written, read_all(written), strict=True)]
    for commit, actions in commits:
        rewritten = [_action(action, sizes, clean) for action in actions]
        if rewritten != actions and write:
            fresh = commit.with_name(commit.name + STAGED)
            fresh.write_text("\n".join(json.dumps(a, separators=(",", ":")) for a in rewritten), encoding="utf-8")
            sync_file(fresh)
            staged.append(fresh)
    shortcuts = [*checkpoints(path).values(), *(path / LOG).glob(LAST_CHECKPOINT)]
    return TableErasure(
        name=name,
        rows=changed,
        files=frozenset(sizes),
        staged=tuple(staged),
        shortcuts=tuple(sorted(shortcuts)) if staged else (),
    )


def redacted(table: pa.Table, name: str, redactor: Redactor) -> tuple[pa.Table, int]:
    """Return a table without the person, and how many of its rows changed."""
    hit = _suspects(table, redactor)
    at = pc.indices_nonzero(hit)
    if not len(at):
        return table, 0
    rows = table.take(at).to_pylist(maps_as_pydicts="strict")
    made = [_row(row, name, redactor) for row in rows]
    changed = [place for place, (before, after) in enumerate(zip(rows, made, strict=True)) if before != after]
    if not changed:
        return table, 0
    fresh = pa.Table.from_pylist([made[place] for place in changed], schema=table.schema)
    target = pa.array(range(table.num_rows), pa.int64()).to_numpy().copy()
    target[at.to_numpy()[changed]] = table.num_rows + pa.array(range(len(changed)), pa.int64()).to_numpy()
    return pa.concat_tables([table, fresh]).take(pa.array(target)).combine_chunks(), len(changed)


def _suspects(table: pa.Table, redactor: Redactor) -> pa.Array:
    """Return, row for row, whether any text of it holds one of the terms anywhere."""
    either = "|".join(_re2(needle) for needle in redactor.needles)
    hit = pa.array([False] * table.num_rows)
    for column in table.columns:
        flat = column.combine_chunks()
        if not (pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type)):
            if pa.types.is_nested(flat.type):
                flat = pa.array([json.dumps(v, ensure_ascii=False) for v in flat.to_pylist()], pa.string())
            else:
                continue
        found = pc.match_substring_regex(flat, f"(?i:{either})")
        hit = pc.or_(hit, pc.fill_null(found, fill_value=False))
    return hit


def _re2(text: str) -> str:
    """Return the expression that finds a term in JSON text too; it may find too much, as each row is looked at."""
    return "".join(map(_written_as, text))


def _written_as(c: str) -> str:
    """What a character of a term may be written as: escaped, or as another that is like it."""
    if c.isspace():
        return rf"(?:\s|{SPACE}|\\[a-z][0-9a-f]*)+"
    if c in "iIıİ":
        return r"(?:[iıİ]|\\u013[01])"
    like = next((kind for kind in ALIKE if c in kind), "")
    if like:
        return rf"(?:[{re.escape(like)}]|\\u[0-9a-f]+)"
    return c if c.isalnum() or ord(c) > 127 else f"\\x{{{ord(c):x}}}"


def _row(row: dict[str, Any], name: str, redactor: Redactor) -> dict[str, Any]:
    if name.startswith("raw/"):
        own = (*name.removeprefix("raw/").split(".", 1), row["id"]) in redactor.person.records
    else:
        own = (row.get("source"), row.get("stream"), row.get("record_id")) in redactor.person.records
    made = {key: _value(key, value, own=own, redactor=redactor) for key, value in row.items()}
    if name == "published" and made != row:
        made["removed"] = True  # no base any more: the next publish writes the cell whatever it finds
    return made


def _value(key: str, value: Any, *, own: bool, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {redactor.text(k): _value(k, v, own=own, redactor=redactor) for k, v in value.items()}
    if isinstance(value, list):
        return [_value(key, part, own=own, redactor=redactor) for part in value]
    if not isinstance(value, str):
        return value
    if key == "payload":
        return redactor.payload(value, own=own)
    if own and key in ("id", "record_id"):
        return redactor.own_id(value)
    if key == "payload_hash":
        return value
    return redactor.value(value, is_person=bool(PERSON_FIELD.search(key)))


def _action(
    action: dict[str, Any], sizes: Mapping[str, tuple[int, int]], clean: Callable[[str], str]
) -> dict[str, Any]:
    """Return an entry of the log that fits the new files (name → bytes, rows) and holds no value that is gone."""
    made = dict(action)
    for kind in ("add", "remove"):
        held = action.get(kind)
        if held is None:
            continue
        held = dict(held)
        if held["path"] in sizes:
            held["size"], rows = sizes[held["path"]]
            if held.get("stats"):  # least and greatest values are those of the old contents
                held["stats"] = json.dumps({"numRecords": rows})
        made[kind] = held
    if "commitInfo" in action:
        made["commitInfo"] = {k: clean(v) if isinstance(v, str) else v for k, v in action["commitInfo"].items()}
    return made


def take_place(
    store: StorePath,
    tables: list[TableErasure],
    *,
    extra: tuple[StorePath, ...] = (),
    tombstones: str = "",
    run: Run | None = None,
    ledger: Ledger | None = None,
) -> None:
    """Let everything staged take its place. The caller holds the lock.

    Args:
        store: the store's folder.
        tables: what was staged.
        extra: files that go for good.
        tombstones: the new text of the list of people erased; "": it stays.
        run: the run that does it. Its row is written with the rest: it says whose states changed.
        ledger: where that row goes.

    Raises:
        OSError: before the journal nothing changed; after it, opening the store goes on.
    """
    staged = [file for table in tables for file in table.staged]
    if tombstones:
        fresh = store / (TOMBSTONES + STAGED)
        fresh.write_text(tombstones, encoding="utf-8")
        sync_file(fresh)
        staged.append(fresh)
    gone = [file for table in tables for file in table.shortcuts] + list(extra)
    for folder in {file.parent for file in staged}:
        sync_folder(folder)
    journal: dict[str, Any] = {
        "replace": sorted(file.relative_to(store).as_posix() for file in staged),
        "remove": sorted(file.relative_to(store).as_posix() for file in gone),
    }
    if run is not None:
        journal["run"] = {
            "run_id": run.run_id,
            "command": run.command,
            "started_at": run.started_at.isoformat(),
            "finished_at": run.finished_at.isoformat(),
            "counts": run.counts,
        }
    write_whole(store / JOURNAL, json.dumps(journal))
    finish(store, ledger)


def finish(store: StorePath, ledger: Ledger | None = None) -> bool:
    """Go on with what the journal lists, if there is one; return whether there was. The caller holds the lock.

    Raises:
        StoreError: the journal is damaged.
    """
    journal = store / JOURNAL
    if not journal.is_file():
        return False
    try:
        listed = json.loads(journal.read_text(encoding="utf-8"))
    except ValueError:
        msg = f"{store.name}/{JOURNAL} is not readable, so an erasure is half done; restore the folder from a backup"
        raise StoreError(msg) from None
    folders = set()
    for name in listed["remove"]:
        (store / name).unlink(missing_ok=True)
        folders.add((store / name).parent)
    for name in listed["replace"]:
        fresh = store / name
        folders.add(fresh.parent)
        if fresh.is_file():
            fresh.replace(fresh.with_name(fresh.name.removesuffix(STAGED)))
    for folder in folders:
        if folder.is_dir():
            sync_folder(folder)
    if ledger is not None and listed.get("run"):
        _record(ledger, listed["run"])
    journal.unlink()
    return True


def _record(ledger: Ledger, told: Mapping[str, Any]) -> None:
    """Write the row of the run that did it, once: a crash may have come between the row and the journal's end."""
    if ledger.has(told["run_id"]):
        return
    started, finished = (datetime.fromisoformat(told[name]) for name in ("started_at", "finished_at"))
    run_id, command, counts = told["run_id"], told["command"], told["counts"]
    ledger.finish(
        Run(run_id=run_id, command=command, status="done", started_at=started, finished_at=finished, counts=counts)
    )


def copies(store: StorePath) -> tuple[StorePath, ...]:
    """Return the copies that repairs kept: an erasure takes them along."""
    return tuple(sorted(file for file in (store / COPIES).rglob("*") if file.is_file()))


def discard_staged(store: StorePath) -> None:
    """Remove what an erasure left that never came to its journal. The caller holds the lock."""
    for file in store.rglob(f"*{STAGED}"):
        file.unlink()


def traces(store: StorePath, redactor: Redactor) -> list[str]:
    """Return the files that hold one of the person's distinct terms, as bytes or within compressed columns."""
    found = []
    for file in sorted(path for path in store.rglob("*") if path.is_file()):
        held = file.read_bytes()
        texts = [held]
        if held[:4] == b"PAR1":
            with suppress(pa.ArrowException):  # somebody else's file, of which nothing more can be said
                texts += _contents(file)
        if any(redactor.stands_in(text.decode("utf-8", "replace")) for text in texts):
            found.append(file.relative_to(store).as_posix())
    return found


def is_ours(name: str) -> bool:
    """Whether a file of a store, by its name below the store's folder, can be one that an erasure goes through."""
    return bool(_OURS.fullmatch(name))


def _contents(file: StorePath) -> list[bytes]:
    """Return every text of a Parquet file, decompressed."""
    texts = []
    for column in pq.read_table(opened(file), partitioning=None).columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            texts.append("\n".join(text for text in column.to_pylist() if text).encode())
        elif pa.types.is_nested(column.type):
            texts.append(json.dumps(column.to_pylist(), ensure_ascii=False, default=str).encode())
    return texts
