"""Erase a person on request: find who is meant, take them out of the store, prove it, and say what is left to do."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, Problem, StoreError
from qa_sync.model import TABLES
from qa_sync.people import identities_of
from qa_sync.store import Store, Upkeep
from qa_sync.store.erase import TableErasure, copies, discard_staged, is_ours, stage_table, take_place, traces
from qa_sync.store.path import StorePath
from qa_sync.store.redact import Person, Redactor, folded, is_distinct, names_of, spellings
from qa_sync.store.tables import register_table
from qa_sync.store.tombstones import Tombstones, made_key

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace

_NAMED = ("person_id", "record_id", "name", "email", "employee_number", "user_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure did, or would do.

    Attributes:
        token: what the person is called from now on.
        accounts: how many accounts they had.
        rows: table → rows changed, old versions included.
        runs: runs whose state changed.
        sheets: (dashboard, sink, tab) → what must be done there.
        left: files of the store, then of the workspace, that still hold the person.
        short: how many short ids were replaced only in fields that name people.
    """

    token: str
    accounts: int
    rows: Mapping[str, int]
    runs: tuple[str, ...]
    sheets: Mapping[tuple[str, str, str], str]
    left: tuple[str, ...]
    short: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; nothing of the person is in them."""
        return {
            "token": self.token,
            "accounts": self.accounts,
            "rows": dict(self.rows),
            "runs": list(self.runs),
            "sheets": [{"dashboard": d, "sink": s, "tab": t, "todo": todo} for (d, s, t), todo in self.sheets.items()],
            "left": list(self.left),
            "short_ids": self.short,
        }


def erase(workspace: Workspace, who: str, *, dry_run: bool = False) -> Erasure:
    """Take a person out of raw records, tables, ledger, published values and all old versions of them.

    Args:
        workspace: whose store.
        who: a person or account id, employee number, e-mail address, login or full name, as the people table has it;
            or any other text of at least six characters, such as the hash of a requester.
        dry_run: only say what would change.

    Raises:
        ConfigError: nobody is called so, or several are.
        StoreError: the store is damaged, or the person is still found in it afterwards.
    """
    store = workspace.store
    redactor = Redactor(_person(store, who))
    if dry_run:
        with store.lock.held():
            tables = [stage_table(path, _name(store, path), redactor, write=False) for path in store.delta_folders()]
        done = _told(workspace, redactor, tables, _sheets(store, redactor))
        return replace(done, left=tuple(_left(workspace, redactor)))
    with workspace.recorded("erase") as run:
        sheets = _sheets(store, redactor)
        with store.lock.held():
            discard_staged(store.folder)
            Upkeep(store).sweep_orphans()
            tables = [stage_table(path, _name(store, path), redactor, write=True) for path in store.delta_folders()]
            done = _told(workspace, redactor, tables, sheets)
            run.counts["erase"] = done.as_dict()
            kept = store.tombstones() or Tombstones(key=made_key(store.state))
            kept.add(redactor)
            store.lock.count_erasure()
            row = run.row(workspace.now())
            take_place(
                store.folder,
                tables,
                extra=copies(store.folder),
                tombstones=kept.text(),
                run=row,
                ledger=store.ledger,
            )
            run.is_written = True
    done = replace(done, left=tuple(_left(workspace, redactor)))
    within = f"{store.folder.name}/"
    ours = [file for file in done.left if file.startswith(within) and is_ours(file.removeprefix(within))]
    if ours:
        msg = f"the person is still found in {', '.join(ours)}: this is a fault of qa-sync; report it"
        raise StoreError(msg)
    return done


def _person(store: Store, who: str) -> Person:
    """Find every account of the person who is meant, by all versions of the people table."""
    token = f"erased-{secrets.token_hex(3)}"
    engine = DuckEngine(threads=1)
    try:
        register_table(engine, TABLES["people"], store.table("people").files())
        register_table(engine, TABLES["identities"], store.table("identities").files())
        declared = engine.fetch("SELECT account_id, person_id, evidence FROM identities")
        alike = identities_of(engine.fetch("SELECT * FROM people"), declared=declared).to_pylist()
        rows = engine.fetch(f"SELECT DISTINCT source, stream, {', '.join(_NAMED)} FROM people_versions").to_pylist()
    finally:
        engine.close()
    stands = {row["account_id"]: row["person_id"] for row in alike}
    meant = {stands.get(row["person_id"], row["person_id"]) for row in rows if _is_called(row, folded(who.strip()))}
    if len(meant) > 1:
        hint = f"name one of them: {', '.join(sorted(meant))}"
        raise ConfigError(Problem(what=f"{len(meant)} people are called so", hint=hint))
    if not meant:
        if not is_distinct(who.strip()):
            hint = "give a person id, e-mail address, employee number, login or full name as in the people table"
            raise ConfigError(Problem(what="nobody is called so", hint=hint))
        return Person(token=token, names=((who.strip(),),))
    own = [row for row in rows if stands.get(row["person_id"], row["person_id"]) in meant]
    records = frozenset((row["source"], row["stream"], row["record_id"]) for row in own)
    return Person(token=token, names=names_of(own, _NAMED), records=records)


def _is_called(row: Mapping[str, Any], wanted: str) -> bool:
    """Whether an account has an id, address or name that a folded text is the same as, in any spelling of a name."""
    called = [row[column] for column in _NAMED if row[column]]
    return any(folded(text) == wanted for text in (*called, *spellings(row["name"] or "")))


def _told(
    workspace: Workspace, redactor: Redactor, tables: list[TableErasure], sheets: Mapping[tuple[str, str, str], str]
) -> Erasure:
    return Erasure(
        token=redactor.person.token,
        accounts=len(redactor.person.records),
        rows={table.name: table.rows for table in tables if table.rows},
        runs=tuple(Upkeep(workspace.store).runs_with({table.name: table.files for table in tables if table.files})),
        sheets=sheets,
        left=(),
        short=len(redactor.person.short),
    )


def _sheets(store: Store, redactor: Redactor) -> dict[tuple[str, str, str], str]:
    """Return the tabs that show the person now; a row that is keyed by them can no longer be found by its key."""
    shown: dict[tuple[str, str, str], str] = {}
    for dashboard, sink in store.published.places():
        for tab, rows in store.published.tabs(dashboard, sink).items():
            keyed = sum(redactor.text(key) != key for key in rows)
            named = any(redactor.text(str(cell)) != str(cell) for cells in rows.values() for cell in cells.values())
            if keyed:
                shown[dashboard, sink, tab] = f"publish again, then delete the {keyed} rows whose key names the person"
            elif named:
                shown[dashboard, sink, tab] = "publish again"
    return shown


def _left(workspace: Workspace, redactor: Redactor) -> Iterable[str]:
    """Yield the files that hold the person: of the store by bytes and contents, of the workspace by bytes."""
    store = workspace.store.folder
    yield from (f"{store.name}/{name}" for name in traces(store, redactor))
    for file in sorted(workspace.folder.rglob("*")):
        if store in file.parents or not file.is_file() or file.stat().st_size > 100_000_000:
            continue
        if any(redactor.stands_in(part.decode("utf-8", "replace")) for part in _parts(file)):
            yield file.relative_to(workspace.folder).as_posix()


def _parts(file: Path) -> list[bytes]:
    """Return the contents of a file; of a workbook, those of its parts."""
    if file.suffix.lower() in (".xlsx", ".zip") and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            return [packed.read(name) for name in packed.namelist()]
    return [file.read_bytes()]


def _name(store: Store, path: StorePath) -> str:
    return path.relative_to(store.folder).as_posix()
