"""A changed mapping makes its tables anew from what is stored; no source is asked, and the past stays as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query
from program.worlds import World, edit, own_copy, small_programme, world

MAPPING = "mappings/demo/zendesk.yaml"
QUEUES = "SELECT queue, count(*) AS n FROM pairs GROUP BY queue ORDER BY queue"


def _shout(mapping: Any) -> None:
    values = mapping["streams"]["groups"]["lookups"]["fields"]["lookup_value"]["values"]
    values.update({group: queue.upper() for group, queue in values.items()})


@pytest.mark.thorough
def test_changed_mappings_rebuild_their_tables_from_what_is_stored(tmp_path: Path) -> None:
    with world(tmp_path, small_programme(tickets=150)) as made:
        edit(tmp_path, lambda settings: settings["dashboards"].clear())
        own_copy(tmp_path, "demo/zendesk.yaml")
        ask(tmp_path, "run")
        _rebuilt(made)


def _rebuilt(made: World) -> None:
    folder, asked = made.folder, made.asked()
    first = ask(folder, "runs")[0]["run"]
    then = query(folder, QUEUES)
    versions = {row["table"]: row["version"] for row in ask(folder, "store", "status")}

    # A comment is no change, so there is nothing to do.
    path = folder / MAPPING
    path.write_text(path.read_text() + "# looked at again\n")
    assert not any(counts["rebuilt"] or counts["versions"] for counts in ask(folder, "map")["counts"]["map"].values())

    edit(folder, _shout, MAPPING)
    told = qa_sync(folder, "map", "--quiet").out
    (line,) = [line for line in told.splitlines() if "rebuilt" in line]
    assert line.startswith(
        "  zendesk.groups > lookups: 5 record versions, 5 rows, rebuilt by mappings/demo/zendesk.yaml "
    )
    assert query(folder, QUEUES) == [{"queue": row["queue"].upper(), "n": row["n"]} for row in then]
    after = {row["table"]: row["version"] for row in ask(folder, "store", "status")}
    assert {name for name in after if after[name] != versions[name] and name.startswith("tables/")} == {
        "tables/lookups"
    }

    # A source that is taken away, and a stream that fills a table no more: what they made is gone from now on.
    edit(folder, lambda settings: settings["sources"].pop("roster"))
    edit(folder, lambda mapping: mapping["streams"].pop("users"), MAPPING)
    ask(folder, "map")
    count = "SELECT (SELECT count(*) FROM rosters) AS rosters, (SELECT count(*) FROM people WHERE source = 'zendesk') AS zendesk, (SELECT count(*) FROM people) AS people"
    (now,) = query(folder, count)
    assert (now["rosters"], now["zendesk"]) == (0, 0)
    assert now["people"] > 0
    (before,) = query(folder, count, "--as-of", first)
    assert before["rosters"] > 0
    assert before["zendesk"] > 0
    assert query(folder, QUEUES, "--as-of", first) == then
    assert made.asked() == asked, "a source was asked"

    # And back: the raw records are all still there.
    own_copy(folder, "demo/zendesk.yaml")
    ask(folder, "map")
    assert query(folder, "SELECT count(*) AS n FROM people WHERE source = 'zendesk'") == [{"n": before["zendesk"]}]
    _stricter_and_back(folder)
    assert made.asked() == asked


def _stricter_and_back(folder: Path) -> None:
    """A stricter mapping sets aside what it refuses; the former one takes it back."""
    priorities = "SELECT count(*) AS n FROM interactions"
    before = query(folder, priorities)
    edit(
        folder,
        lambda mapping: mapping["streams"]["tickets"]["interactions"]["fields"].update(
            priority={"from": "priority", "values": {"normal": "normal", "high": "high", "low": "low"}}
        ),
        MAPPING,
    )
    done = qa_sync(folder, "map", "--quiet", "--format", "json", expect=3).data
    counts = done["counts"]["map"]["zendesk.tickets > interactions"]
    assert counts["rejected"] == done["new_rejects"] > 0
    assert counts["versions"] == counts["rows"] + counts["rejected"]
    (told,) = query(folder, "SELECT DISTINCT field, stage FROM rejects")
    assert told == {"field": "priority", "stage": "map"}
    own_copy(folder, "demo/zendesk.yaml")
    assert ask(folder, "map")["new_rejects"] == 0
    assert query(folder, priorities) == before
