"""Workspaces that earlier releases left behind: opened by this one, their reports say what they said then."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from earlier.make import ASKED, EXPECTED, HERE, said
from program.command import opened_once

from qa_sync.runner.workspace import Workspace
from qa_sync.store import Upkeep

#: (archive, report, field) → why it is meant to say something else now; each is told in the changelog.
BROKEN: dict[tuple[str, str, str], str] = {
    ("workspace-0.1.0.tar.xz", "disputes", end): "the last dispute to be decided bounds no median"
    for end in ("median_days_low", "median_days_high")
} | {
    ("workspace-0.1.0.tar.xz", report, rate): "hidden where it is of fewer than n_min cases of its own"
    for report, rate in (("critical", "sensitivity"), ("critical", "precision"), ("auditors", "agreement"))
}

ARCHIVES = sorted(HERE.glob("workspace-*.tar.xz"))


@dataclass(frozen=True, slots=True)
class Earlier:
    """An unpacked workspace, and run → how a report was asked for → its rows then."""

    archive: str
    workspace: Workspace
    expected: dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda archive: archive.name.split(".tar")[0])
def earlier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Earlier]:
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(request.param) as packed:
        packed.extractall(folder, filter="data")
    expected = json.loads((folder / EXPECTED).read_text())
    with opened_once():
        yield Earlier(request.param.name, Workspace(folder), expected)


def now(earlier: Earlier) -> dict[tuple[str, str], list[dict[str, Any]]]:
    return {
        (run, what): said(earlier.workspace, run, ASKED[what])
        for run, reports in earlier.expected.items()
        for what in reports
    }


def moved(earlier: Earlier) -> list[tuple[str, str, str]]:
    """Return (run, report, field) of all that says something else now; fields that came later do not count."""
    found = []
    for (run, what), rows in now(earlier).items():
        then = earlier.expected[run][what]
        fields = list(dict.fromkeys(field for row in then for field in row))
        if len(rows) != len(then):
            found.append((run, what, f"{len(rows)} rows instead of {len(then)}"))
            continue
        found += [
            (run, what, field)
            for field in fields
            if (earlier.archive, what, field) not in BROKEN
            and json.dumps([row.get(field, "gone") for row in rows]) != json.dumps([row[field] for row in then])
        ]
    return found


def test_there_is_a_workspace_of_the_present_format() -> None:
    assert ARCHIVES


def test_each_report_of_each_run_says_byte_for_byte_what_it_said_then(earlier: Earlier) -> None:
    assert len(earlier.expected) == 3
    assert moved(earlier) == [], "is it meant? See CONTRIBUTING.md, 'A release'"


def test_the_runs_of_then_differ_so_that_this_proves_something(earlier: Earlier) -> None:
    first, second, third = earlier.expected.values()
    assert [what for what in ("summary", "pairs", "agreement") if first[what] in (second[what], third[what])] == []


def test_nothing_is_wrong_with_the_store_and_it_is_written_on(earlier: Earlier) -> None:
    upkeep = Upkeep(earlier.workspace.store)
    at = earlier.workspace.now()
    assert upkeep.status(at)[1] == []
    assert earlier.workspace.map().exit_code == 0
    upkeep.compact()
    assert upkeep.status(at)[1] == []
    newest = next(iter(earlier.expected))
    assert said(earlier.workspace, newest, ASKED["pairs"])[0].keys() >= earlier.expected[newest]["pairs"][0].keys()
