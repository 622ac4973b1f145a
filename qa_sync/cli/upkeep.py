"""store: look after the store."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from qa_sync.cli import show
from qa_sync.cli.runs import open_workspace
from qa_sync.errors import ConfigError, Problem
from qa_sync.runner import upkeep
from qa_sync.runner.erasure import erase
from qa_sync.runner.retention import expire
from qa_sync.runner.workspace import Workspace
from qa_sync.store import Upkeep
from qa_sync.store.moving import export_store, import_store

_REMEDIES = {
    "take back": "'qa-sync store repair' takes it back: nobody was told that it was stored",
    "drop shortcuts": "'qa-sync store repair' drops it: the log itself is whole",
    "make anew": "'qa-sync store repair' empties the table, and the next 'qa-sync map' makes it anew from raw records",
    "backup": "restore the folder from a backup",
}
_SHOWN = ("table", "commits", "version", "files", "bytes", "bytes_on_disk", "kept_versions", "orphans", "age_days")


def store(arguments: argparse.Namespace) -> int:
    """``qa-sync store``."""
    return _ACTIONS[arguments.what](arguments, open_workspace(arguments))


def _status(arguments: argparse.Namespace, workspace: Workspace) -> int:
    rows, faults = Upkeep(workspace.store).status(workspace.now())
    for row in rows:
        row["faults"] = "; ".join(fault.what for fault in faults if fault.table == row["table"])
    show.rows(rows, form=arguments.format, columns=_SHOWN if arguments.format == "table" else ())
    if arguments.format == "table":
        for fault in faults:
            print(f"{fault.table}: {fault.what}; {_REMEDIES[fault.remedy]}")
    return 1 if faults else 0


def _repair(arguments: argparse.Namespace, workspace: Workspace) -> int:
    done = Upkeep(workspace.store).repair(workspace.now())
    show.rows(done, form=arguments.format, columns=("table", "what", "done", "mended"))
    return 0 if all(row["mended"] for row in done) else 1


def _compact(arguments: argparse.Namespace, workspace: Workspace) -> int:
    done = Upkeep(workspace.store).compact()
    Upkeep(workspace.store).shorten()
    show.rows([{"table": name, **counts} for name, counts in done.items()], form=arguments.format)
    return 0


def _vacuum(arguments: argparse.Namespace, workspace: Workspace) -> int:
    show.rows(upkeep.vacuum(workspace, dry_run=arguments.dry_run), form=arguments.format)
    return 0


def _expire(arguments: argparse.Namespace, workspace: Workspace) -> int:
    done = expire(workspace, dry_run=arguments.dry_run)
    if arguments.format == "json":
        print(json.dumps(done, indent=1))
        return 0
    show.rows([{"table": name, "rows": rows} for name, rows in done["rows"].items()], form=arguments.format)
    if arguments.format == "table":
        print(f"{len(done['runs'])} runs {'would ' if arguments.dry_run else ''}show less")
    return 0


def _erase(arguments: argparse.Namespace, workspace: Workspace) -> int:
    if not arguments.person:
        raise ConfigError(Problem(what="who is to be erased?", hint="--person ID, or an e-mail address or full name"))
    done = erase(workspace, arguments.person, dry_run=arguments.dry_run)
    if not (done.accounts or done.rows or done.left):
        hint = "give a person id, e-mail address, employee number, login or full name as in the people table"
        raise ConfigError(
            Problem(what="nobody is called so, and no record holds that text: nothing was erased", hint=hint)
        )
    if arguments.format == "json":
        print(json.dumps(done.as_dict(), indent=1))
        return 0
    head = "would become" if arguments.dry_run else "is now called"
    print(f"the person {head} {done.token}: {done.accounts} accounts, {len(done.runs)} runs show another state")
    show.rows([{"table": name, "rows": rows} for name, rows in done.rows.items()], form=arguments.format)
    if done.short:
        print(f"{done.short} ids are so short that they were replaced only in fields that name people")
    for (dashboard, sink, tab), todo in done.sheets.items():
        print(f"{dashboard} > {sink}, tab {tab}: {todo}")
    for file in () if arguments.dry_run else done.left:
        print(f"still named in {file}: edit or delete it")
    return 0


def _export(arguments: argparse.Namespace, workspace: Workspace) -> int:
    manifest = export_store(workspace.store, _folder(arguments), at=workspace.now())
    _show_moved(arguments, manifest)
    return 0


def _import(arguments: argparse.Namespace, workspace: Workspace) -> int:
    _show_moved(arguments, import_store(_folder(arguments), workspace.store_path))
    return 0


def _folder(arguments: argparse.Namespace) -> Path:
    if not arguments.folder:
        raise ConfigError(Problem(what=f"store {arguments.what} needs a folder", hint="name it after the command"))
    return Path(arguments.folder)


def _show_moved(arguments: argparse.Namespace, manifest: dict[str, Any]) -> None:
    rows = [
        {
            "table": name,
            "versions": len(table["versions"]),
            "files": len(table["files"]),
            "rows": sum(table["files"][file]["rows"] for file in table["versions"][str(table["newest"])]),
            "bytes": sum(facts["bytes"] for facts in table["files"].values()),
        }
        for name, table in manifest["tables"].items()
    ]
    show.rows(rows, form=arguments.format)
    if arguments.format == "table":
        for text in manifest["not_included"]:
            print(f"not included: {text}")


_ACTIONS = {
    "status": _status,
    "repair": _repair,
    "compact": _compact,
    "vacuum": _vacuum,
    "expire": _expire,
    "erase": _erase,
    "export": _export,
    "import": _import,
}
