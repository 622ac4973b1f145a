"""What ``mapping diff`` foretells is what happens; ``mapping coverage`` counts what is stored."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from program.command import ask, qa_sync, query
from program.worlds import World, edit, own_copy, small_programme, world

from qa_sync.cli import show
from qa_sync.dashboards import Field, Tab, TabShape
from qa_sync.model import TABLES
from qa_sync.runner import differing
from qa_sync.runner.differing import MappingChange, mapping_changes
from qa_sync.runner.number_changes import number_changes
from qa_sync.store import Store

MAPPING = "mappings/demo/zendesk.yaml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world run once, whose Zendesk mapping is its own to edit."""
    folder = tmp_path_factory.mktemp("change")
    with world(folder, small_programme(tickets=120)) as it:
        own_copy(folder, "demo/zendesk.yaml")
        ask(folder, "run")
        yield it


@pytest.fixture
def made(ran: World, tmp_path: Path) -> World:
    """The same in a folder of one's own."""
    shutil.copytree(ran.folder, tmp_path / "copy")
    return replace(ran, folder=tmp_path / "copy")


def _versions(folder: Path) -> dict[str, int]:
    store = Store(folder / "data")
    return {name: store.table(name).position().version for name in TABLES}


def _changed(mapping: Any) -> None:
    """Another name for a queue, a channel that is refused, and a priority that nobody maps any more."""
    mapping["streams"]["groups"]["lookups"]["fields"]["lookup_value"]["values"]["Billing Tier 1"] = "Money"
    tickets = mapping["streams"]["tickets"]["interactions"]["fields"]
    tickets["channel"] = {"from": "via.channel", "values": {"email": "letter", "chat": "chat"}}
    tickets.pop("priority")


def test_what_the_diff_foretells_is_what_happens(made: World) -> None:
    folder = made.folder
    before = _versions(folder)
    edit(folder, _changed, MAPPING)
    (told,) = mapping_changes(made.workspace())
    assert _versions(folder) == before, "asking changed the store"
    tables = {change.table: change for change in told.tables}
    assert set(tables) == {"interactions", "lookups"}
    assert (tables["lookups"].added, tables["lookups"].removed, tables["lookups"].changed) == (0, 0, 1)
    assert [(cell.column, cell.before, cell.after) for cell in tables["lookups"].examples] == [
        ("lookup_value", "Billing", "Money")
    ]
    then = {row["key"]: row for row in query(folder, _INTERACTIONS)}
    published = _published(folder)
    with mock.patch.object(differing, "mapping_changes", return_value=(told,)):  # what it prints of this
        told_again = json.loads(qa_sync(folder, "mapping", "diff", "--format", "json", "--quiet").out)
    assert told_again[0]["numbers"] == [show.plain({n: getattr(one, n) for n in one.__slots__}) for one in told.numbers]

    edit(folder, lambda settings: settings.update(max_new_rejects=10_000, max_reject_share=1))
    ask(folder, "run")
    now = {row["key"]: row for row in query(folder, _INTERACTIONS)}
    assert tables["interactions"].removed == len(then.keys() - now.keys()) > 0
    assert tables["interactions"].added == len(now.keys() - then.keys()) == 0
    unlike = [key for key in now if now[key] != then[key]]
    assert tables["interactions"].changed == len(unlike) > 0
    assert dict(tables["interactions"].columns) == {
        name: sum(now[key][name] != then[key][name] for key in now) for name in ("channel", "priority")
    }
    assert dict(tables["interactions"].rejects) == {
        "channel: a value that values: does not list": tables["interactions"].removed
    }
    assert _foretold(told) == _moved(published, _published(folder))


#: Current rows; the key is shown as the diff shows it.
_INTERACTIONS = "SELECT interaction_id AS key, channel, priority, status, queue FROM interactions"


def _published(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = query(
        folder,
        """SELECT tab, key, cells FROM (SELECT *, row_number() OVER (PARTITION BY sink, tab, key ORDER BY "at" DESC) AS newest
           FROM published) WHERE newest = 1 AND NOT removed AND tab <> '_qa_sync'""",
    )
    return {(row["tab"], row["key"]): json.loads(row["cells"]) for row in rows}


def _moved(before: dict[tuple[str, str], Any], after: dict[tuple[str, str], Any]) -> dict[str, int]:
    """Count the rows that come or go, and the cells that change."""
    both = before.keys() & after.keys()
    return {
        "rows": len(before.keys() ^ after.keys()),
        "cells": sum(before[key].get(name) != cell for key in both for name, cell in after[key].items()),
    }


def _foretold(told: MappingChange) -> dict[str, int]:
    return {
        "rows": sum(not number.column for number in told.numbers),
        "cells": sum(bool(number.column) for number in told.numbers),
    }


def _a_book_each_queue(settings: dict[str, Any]) -> None:
    settings["sinks"] = {"books": {"connector": "excel", "path": "./out/{queue}.xlsx"}}
    settings["dashboards"] = {
        "queues": {"definition": "mappings/dashboards/queues.yaml", "sinks": ["books"], "for_each": "queue"}
    }
    settings.update(max_new_rejects=10_000, max_reject_share=1)


_QUEUES = """version: 1
tabs:
  - {name: summary, title: Summary, report: summary, by: [queue, week]}
  - {name: pairs, title: Pairs, report: pairs}
  - name: outcomes
    title: Outcomes
    sql: >
      SELECT p.queue, p.outcome, i.channel, count(*) AS pairs
      FROM pairs p LEFT JOIN interactions i USING (interaction_id) GROUP BY ALL
    key: [queue, outcome, channel]
"""


@pytest.mark.thorough
def test_a_workbook_each_and_tabs_from_a_select_are_foretold_as_they_come(made: World) -> None:
    folder = made.folder
    (folder / "mappings" / "dashboards").mkdir(exist_ok=True)
    (folder / "mappings" / "dashboards" / "queues.yaml").write_text(_QUEUES, encoding="utf-8")
    edit(folder, _a_book_each_queue)
    ask(folder, "publish")
    before = _places(folder)
    edit(folder, _changed, MAPPING)
    (told,) = mapping_changes(made.workspace())
    ask(folder, "run")
    after = _places(folder)
    found = {(one.value, one.tab, one.row, one.column): (one.before, one.after) for one in told.numbers if one.row}
    assert {key[:3] for key, words in found.items() if not key[3]} == before.keys() ^ after.keys()
    cells = Counter(key[:3] for key in found if key[3])
    moved = {key: _moved({key: before[key]}, {key: after[key]})["cells"] for key in before.keys() & after.keys()}
    assert dict(cells) == {key: count for key, count in moved.items() if count}
    assert cells
    assert {key[1] for key in found} == {"Summary", "Pairs", "Outcomes"}
    assert (folder / "out" / "Money.xlsx").exists()


def test_a_value_that_no_row_has_any_more_leaves_its_workbook_as_it_is() -> None:
    shape = TabShape(
        dashboard="queues", name="t", title="T", key="k", fields=(Field(name="k", label="K", kind="text"),)
    )
    shown = Tab(shape=shape, columns={"k": ["a"]})
    (one,) = number_changes({("queues", "Billing", "T"): shown}, {})
    assert (one.value, one.tab, one.row, one.before, one.after) == ("Billing", "T", "", "refreshed", "left as it is")
    (other,) = number_changes({}, {("queues", "Money", "T"): shown})
    assert (other.value, other.row, other.column, other.before, other.after) == ("Money", "a", "", "", "a row")


def _places(folder: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = query(
        folder,
        """SELECT sink, tab, key, cells FROM (SELECT *, row_number() OVER (PARTITION BY sink, tab, key ORDER BY "at" DESC)
           AS newest FROM published WHERE dashboard = 'queues') WHERE newest = 1 AND NOT removed AND tab <> '_qa_sync'""",
    )
    return {
        (row["sink"].partition("/")[2], row["tab"].capitalize(), row["key"]): json.loads(row["cells"]) for row in rows
    }


def test_an_equal_mapping_changes_nothing(made: World) -> None:
    path = made.folder / MAPPING
    path.write_text(path.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    (told,) = mapping_changes(made.workspace(), source="zendesk")
    assert (told.tables, told.numbers) == ((), ())
    assert "no row changes, and no published number" in qa_sync(made.folder, "mapping", "diff", "--quiet").out


def test_files_and_runs_can_be_compared(made: World) -> None:
    first = ask(made.folder, "runs")[0]["run"]
    other = made.folder / "mappings" / "other.yaml"
    other.write_text((made.folder / MAPPING).read_text(encoding="utf-8"), encoding="utf-8")
    edit(made.folder, _changed, "mappings/other.yaml")
    (told,) = mapping_changes(made.workspace(), old=first, new=str(other), source="zendesk")
    assert {table.table for table in told.tables} == {"interactions", "lookups"}
    (back,) = mapping_changes(made.workspace(), old=str(other), new=first, source="zendesk")
    assert {t.table: (t.added, t.removed, t.changed) for t in back.tables} == {
        t.table: (t.removed, t.added, t.changed) for t in told.tables
    }
    assert [(n.row, n.column, n.after, n.before) for n in back.numbers if n.column] == [
        (n.row, n.column, n.before, n.after) for n in told.numbers if n.column
    ]


def test_coverage_counts_what_is_stored(made: World) -> None:
    folder = made.folder
    edit(folder, _changed, MAPPING)
    found = {(one["table"], one["field"]): one for one in ask(folder, "mapping", "coverage", "--source", "zendesk")}
    channels = query(
        folder,
        """SELECT json_extract_string(payload, '$.via.channel') AS channel, count(*) AS n FROM (
               SELECT *, row_number() OVER (PARTITION BY id ORDER BY source_stamp DESC, source_seq DESC) AS newest
               FROM raw_zendesk_tickets) WHERE newest = 1 AND NOT deleted GROUP BY ALL""",
    )
    counts = {row["channel"]: row["n"] for row in channels}
    unlisted = {name: n for name, n in counts.items() if name not in {"email", "chat", None}}
    asked = found["interactions", "channel"]
    assert asked["rows"] == sum(counts.values())
    assert asked["filled"] == counts["email"] + counts["chat"]
    assert asked["rejected"] == sum(unlisted.values()) > 0
    assert {one["value"]: one["rows"] for one in asked["unseen"]} == unlisted
    weekly = ask(folder, "mapping", "coverage", "--source", "zendesk", "--weeks")
    of_channel = [one for one in weekly if (one["table"], one["field"]) == ("interactions", "channel")]
    assert len(of_channel) > 1
    assert [one["week"] for one in of_channel] == sorted({one["week"] for one in of_channel})
    assert sum(one["rejected"] for one in of_channel) == asked["rejected"]


def test_nothing_stored_is_said(made: World) -> None:
    edit(made.folder, lambda settings: settings.update(store="./elsewhere"))
    done = qa_sync(made.folder, "mapping", "coverage", "--quiet", expect=2)
    assert "nothing is stored of " in done.err
    assert "qa-sync sync" in done.err
