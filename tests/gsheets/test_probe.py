"""``check --probe`` tells which unverified behaviour of Google holds, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from gsheets.gsheet_world import World, rows, tab

from qa_sync.ports import Context
from qa_sync_gsheets import connect_sink
from qa_sync_gsheets.sandbox import Switches


def probed(tmp_path: Path, switches: Switches) -> tuple[list[str], list[str], World]:
    world = World(tmp_path, switches=switches)
    told: list[str] = []
    where = Context(name="sheet", folder=tmp_path, state=tmp_path / "state", notify=told.append)
    settings = {"spreadsheet": world.spreadsheet, "base_url": world.sandbox.url, "credentials": "anonymous"}
    sink = connect_sink(settings, where)
    problems = [str(problem) for problem in sink.check(probe=True)]
    sink.close()
    assert world.sandbox.book(world.spreadsheet).all_metadata() == []
    return problems, told, world


@pytest.mark.parametrize(("fails", "words"), [(True, "is an error"), (False, "is taken for done")])
def test_all_is_well(tmp_path: Path, fails: bool, words: str) -> None:
    problems, told, world = probed(tmp_path, Switches(delete_missing_metadata_fails=fails))
    world.close()
    assert problems == []
    assert told == [f"deleting metadata that is not there {words}"]


def test_a_fence_that_does_not_hold_is_told(tmp_path: Path) -> None:
    problems, _, world = probed(tmp_path, Switches(duplicate_metadata_id_fails=False))
    world.close()
    assert problems == [
        "sinks.sheet: Google lets two entries have one metadata id, so two publishers at once are not noticed; "
        "let one qa-sync at a time write to this spreadsheet"
    ]


def test_ids_that_are_never_used_twice_are_told_and_can_be_lived_with(tmp_path: Path) -> None:
    problems, _, world = probed(tmp_path, Switches(freed_metadata_id_reusable=False))
    assert problems == [
        "sinks.sheet.unverified.column_guard: Google does not let a freed metadata id be taken again in the same "
        "batch; set unverified: {column_guard: none}"
    ]
    sink = world.sink(guard="none")
    world.publish(tab(rows(3)), sink=sink)
    world.publish(tab(rows(4, salt=1.0)), sink=sink)
    sink.close()
    assert [line[3] for line in world.cells()[1:]] == rows(4, salt=1.0)["leniency"]
    world.close()


def test_where_the_fence_does_not_hold_one_publisher_still_converges(tmp_path: Path) -> None:
    world = World(tmp_path, switches=Switches(duplicate_metadata_id_fails=False))
    sink = world.sink(guard="none")
    for salt in range(4):
        one = tab(rows(5, salt=float(salt)))
        world.publish(one, sink=sink)
        assert world.publish(one, sink=sink).data_cells == 0
    sink.close()
    world.close()
