"""The file on disk: untouched, replaced whole, or a clear word on why not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import xlsxwriter
from excel.workbook import SHAPE, ExcelWorld, context, tab

from qa_sync.dashboards.plan import plan_tab
from qa_sync.errors import ConfigError, SinkError
from qa_sync.testing.sink_contract import publish, wanted_tab
from qa_sync_excel import connect


def test_equal_contents_are_equal_bytes(tmp_path: Path) -> None:
    worlds = [ExcelWorld(tmp_path / name) for name in "ab"]
    for world in worlds:
        world.workspace.mkdir()
        publish(world, wanted_tab())
    assert worlds[0].path.read_bytes() == worlds[1].path.read_bytes()


def test_a_round_trip_over_other_contents_ends_in_the_same_bytes(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1", "p2"))
    first = world.path.read_bytes()
    publish(world, tab("p1", "p2", score=70))
    assert world.path.read_bytes() != first
    publish(world, tab("p1", "p2"))
    assert world.path.read_bytes() == first


def test_where_nothing_changed_the_file_is_not_touched(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, wanted_tab())
    os.utime(world.path, ns=(1, 1))
    before = world.path.stat()
    publish(world, wanted_tab())
    assert (world.path.stat().st_mtime_ns, world.path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_failure_midway_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1"))
    before = world.path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(SinkError, match=r"out/weekly\.xlsx cannot be written: No space left on device"):
            publish(world, tab("p1", "p2"))
    assert world.path.read_bytes() == before
    assert [path.name for path in world.path.parent.iterdir()] == ["weekly.xlsx"]


@pytest.mark.parametrize("lock", ["~$weekly.xlsx", ".~lock.weekly.xlsx#"])
def test_a_workbook_that_somebody_has_open_is_not_replaced(tmp_path: Path, lock: str) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1"))
    (world.path.parent / lock).touch()
    with pytest.raises(SinkError, match="is open in a spreadsheet program: close it there"):
        publish(world, tab("p1", "p2"))
    assert publish(world, tab("p1")).data_cells == 0  # nothing to write: nobody is disturbed
    assert len(world.connect().check()) == 1


def test_a_read_only_workbook_is_not_replaced(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1"))
    world.path.chmod(0o444)
    with pytest.raises(SinkError, match="is read-only"):
        publish(world, tab("p1", "p2"))
    assert len(world.connect().check()) == 1


def test_permissions_stay_what_they_were(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1"))
    world.path.chmod(0o640)
    publish(world, tab("p1", "p2"))
    assert stat.S_IMODE(world.path.stat().st_mode) == 0o640


def test_a_change_between_reading_and_writing_is_noticed(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1"))
    sink = world.connect()
    present = sink.present([SHAPE])
    world.type_in(SHAPE, "p1", "Remark", "just now")
    with pytest.raises(SinkError, match="was changed by somebody"):
        sink.apply([plan_tab(tab("p1", "p2"), present.tabs["pairs"])], present)
    assert world.cell_at(SHAPE, "p1", "Remark") == "just now"


def test_somebody_elses_workbook_is_never_overwritten(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    world.path.parent.mkdir()
    with xlsxwriter.Workbook(world.path) as book:
        book.add_worksheet("Budget").write(0, 0, "Pair")
    with pytest.raises(ConfigError, match="was not made by qa-sync; set another path"):
        publish(world, tab("p1"))
    assert ["was not made by qa-sync" in problem.what for problem in world.connect().check()] == [True]


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 half a workbook"])
def test_a_damaged_workbook_is_named(tmp_path: Path, content: bytes) -> None:
    world = ExcelWorld(tmp_path)
    world.path.parent.mkdir()
    world.path.write_bytes(content)
    with pytest.raises(SinkError, match=r"out/weekly\.xlsx cannot be read as a workbook"):
        publish(world, tab("p1"))


def test_a_truncated_workbook_of_ours_is_named(tmp_path: Path) -> None:
    world = ExcelWorld(tmp_path)
    publish(world, tab("p1"))
    world.path.write_bytes(world.path.read_bytes()[:-2000])
    with pytest.raises(SinkError, match="cannot be read as a workbook"):
        publish(world, tab("p1"))


def test_settings_problems_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        connect({"path": "weekly.csv", "surplus": "x"}, context(tmp_path))
    assert {problem.path for problem in caught.value.problems} == {
        ("sinks", "workbook", "path"),
        ("sinks", "workbook", "surplus"),
    }


@pytest.mark.thorough
def test_twenty_thousand_rows_read_back_as_they_were_written(tmp_path: Path) -> None:
    wanted = wanted_tab([f"p{number:05d}" for number in range(20_000)])
    world = ExcelWorld(tmp_path)
    publish(world, wanted)
    there = world.connect().present([wanted.shape]).tabs["pairs"]
    assert there.columns["pair_id"] == wanted.columns["pair_id"]
    assert plan_tab(wanted, there).is_empty
