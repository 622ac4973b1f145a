"""A generated programme behind real HTTP and real files, and a workspace that reads it."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from ruamel.yaml import YAML

from qa_sync.runner.trial import sandboxes, write_workspace
from qa_sync.runner.workspace import Workspace
from qa_sync.testing.programme import Programme, make_programme
from qa_sync_verint.sandbox import write_files

#: All of it lies in the past, so that nothing here depends on today's date.
START = date(2025, 9, 1)
_ROSTER = ("employee_number", "role", "valid_from", "valid_to", "site", "site_kind", "team", "queue")
_FEW = ("summary", "pairs", "definitions")
_ROSTER_SOURCE = {
    "connector": "files",
    "mapping": "mappings/roster.yaml",
    "folder": "./roster",
    "streams": {"roster": {"glob": "*.csv", "key": ["employee_number", "role", "valid_from"], "listing": True}},
}


def small_programme(**changes: Any) -> Programme:
    """Return a programme small enough for a test and large enough for every situation to occur."""
    return make_programme(**{"tickets": 700, "evaluated": 0.7, "audited": 0.5, "start": START, **changes})


@dataclass(frozen=True, slots=True)
class World:
    """Sandboxes that show a programme, and a workspace on them."""

    programme: Programme
    folder: Path
    running: dict[str, Any]

    @property
    def zendesk(self) -> Any:
        """The help desk."""
        return self.running["zendesk"]

    @property
    def verint(self) -> Any:
        """The evaluation system."""
        return self.running["verint"]

    def workspace(self) -> Workspace:
        """Open the workspace anew, as each command does."""
        return Workspace(self.folder)

    def show(self, moment: datetime) -> None:
        """Let the vendors show what existed by ``moment``."""
        self.zendesk.now = moment
        shown = self.programme.until(moment)
        write_files(self.programme, self.verint.folder, until=moment)
        with self.verint.tenant.lock:
            self.verint.tenant.world.load(shown)
        write_roster(shown, self.folder / "roster")

    def asked(self) -> int:
        """Return how many requests the vendors have had."""
        return len(self.zendesk.requests) + len(self.verint.requests)


@contextmanager
def world(
    folder: Path, programme: Programme, *, until: datetime | None = None, all_tabs: bool = False
) -> Iterator[World]:
    """Start the sandboxes with a programme (as of a moment) and write a workspace for them, a roster file included.

    Its dashboard has a few of the starter's tabs, or all of them: tabs are half of what a small run costs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = programme if until is None else programme.until(until)
    with (
        mock.patch.dict(os.environ),
        sandboxes(("zendesk", "verint"), programme=shown, folder=folder / "sandboxes") as running,
    ):
        running["zendesk"].load(programme)
        running["zendesk"].now = until
        write_workspace(folder, running, zone=programme.zone)
        edit(folder, lambda settings: settings["sources"].update(roster=_ROSTER_SOURCE))
        write_roster(shown, folder / "roster")
        if not all_tabs:
            own_copy(folder, "dashboards/weekly.yaml")
            edit(folder, _few_tabs, "mappings/dashboards/weekly.yaml")
        yield World(programme=programme, folder=folder, running=running)


def _few_tabs(definition: Any) -> None:
    definition["tabs"] = [tab for tab in definition["tabs"] if tab["name"] in _FEW]


def write_roster(programme: Programme, folder: Path) -> None:
    """Write the roster file that people keep by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {row["person_no"]: row["employee_number"] for row in programme.people.to_pylist()}
    with (folder / "roster.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _ROSTER, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {**row, "employee_number": numbers[row["person_no"]], "valid_to": row["valid_to"] or ""}
            for row in programme.rosters.to_pylist()
        )


def edit(folder: Path, change: Callable[[Any], object], name: str = "qa-sync.yaml") -> None:
    """Change a YAML file of a workspace in place."""
    yaml = YAML()
    yaml.preserve_quotes = True
    path = folder / name
    data = yaml.load(path.read_text(encoding="utf-8"))
    change(data)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(data, file)


def own_copy(folder: Path, name: str) -> Path:
    """Give a workspace its own copy of a starter, to be edited; return it."""
    from qa_sync.config.workspace import bundled_folder

    target = folder / "mappings" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((bundled_folder() / name).read_bytes())
    return target
