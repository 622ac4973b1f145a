"""Whatever breaks on the way, a write lands once; and of two publishers only one wins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from gsheets.gsheet_world import World, rows, tab

from qa_sync.errors import AuthError, LostRace, SinkError, TransientError
from qa_sync_gsheets.marks import FENCE, FENCE_WINDOW
from qa_sync_gsheets.sandbox import Switches


def writes(world: World) -> int:
    return sum(1 for one in world.sandbox.log if one.is_write)


def fences(world: World) -> list[int]:
    return [one.id for one in world.sandbox.book(world.spreadsheet).all_metadata() if one.key == FENCE]


def test_nothing_changed_is_one_read_and_no_write(world: World) -> None:
    one = tab(rows(20))
    world.publish(one)
    before, wrote = len(world.sandbox.log), writes(world)
    receipt = world.publish(one)
    assert (receipt.data_cells, receipt.calls) == (0, 1)
    assert len(world.sandbox.log) - before == 1
    assert writes(world) == wrote


def test_a_small_change_is_one_read_and_one_write(world: World) -> None:
    world.publish(tab(rows(50)))
    columns = rows(50)
    columns["leniency"] = [7.5, *columns["leniency"][1:]]
    receipt = world.publish(tab(columns))
    assert (receipt.data_cells, receipt.calls) == (1, 2)
    assert world.cells()[1][3] == 7.5


@pytest.mark.parametrize("fault", ["unavailable_before", "unavailable_after", "drop_before", "drop_after"])
def test_a_write_with_no_clear_answer_lands_exactly_once(world: World, fault: str) -> None:
    world.publish(tab(rows(5)))
    world.sandbox.faults.plan(fault)
    after = tab(rows(8, salt=1.0))
    world.publish(after)
    assert [line[0] for line in world.cells()[1:]] == after.columns["pair_id"]
    assert len(fences(world)) == 2
    assert world.publish(after).data_cells == 0


def test_a_first_publish_whose_answer_is_lost_is_not_repeated(world: World) -> None:
    world.sandbox.faults.plan("drop_after")
    one = tab(rows(5))
    world.publish(one)
    assert len(world.cells()) == 6
    assert world.publish(one).data_cells == 0


def test_an_answer_that_never_comes_is_given_up_in_time(world: World) -> None:
    world.publish(tab(rows(5)))
    world.sandbox.faults.plan("hang_after")
    after = tab(rows(6))
    world.publish(after, sink=(sink := world.sink(timeout=0.3)))
    sink.close()
    world.sandbox.faults.release()
    assert len(world.cells()) == 7


def test_a_write_that_never_gets_through_ends_in_bounded_time(world: World) -> None:
    world.publish(tab(rows(5)))
    world.sandbox.faults.plan("unavailable_before", times=50)
    with pytest.raises(TransientError, match="may or may not have landed"):
        world.publish(tab(rows(6)))
    world.sandbox.faults.clear()
    world.publish(tab(rows(6)))
    assert len(world.cells()) == 7


def test_too_many_requests_are_waited_for_and_a_read_is_repeated(world: World) -> None:
    world.sandbox.faults.plan("quota", on="write", times=2)
    world.sandbox.faults.plan("unavailable_before", on="read", times=2)
    world.publish(tab(rows(3)))
    assert len(world.cells()) == 4
    assert len(world.slept) == 4
    assert all(1 <= seconds <= 64 for seconds in world.slept)


def test_the_quota_answer_does_not_go_on_for_ever(world: World) -> None:
    world.sandbox.faults.plan("quota", on="any", times=100)
    with pytest.raises(TransientError, match="too many requests a minute"):
        world.publish(tab(rows(3)))
    assert len(world.slept) < 10


def test_a_spreadsheet_that_is_missing_for_a_moment_is_asked_for_again(world: World) -> None:
    sink = world.sink()
    one = tab(rows(3))
    world.publish(one, sink=sink)
    world.sandbox.faults.plan("not_found_once", on="read", times=2)
    assert world.publish(one, sink=sink).data_cells == 0
    sink.close()


def test_a_file_that_is_not_shared_is_said_to_be_so(world: World) -> None:
    world.sandbox.unshare(world.spreadsheet)
    with pytest.raises(AuthError, match="share it with that account as an editor"):
        world.publish(tab(rows(3)))
    problems = world.sink().check()
    assert len(problems) == 1
    assert "may not use this spreadsheet" in str(problems[0])


def test_a_file_that_does_not_exist_is_said_to_be_so(world: World) -> None:
    world.spreadsheet = "1nosuchfile"
    with pytest.raises(SinkError, match="no such spreadsheet"):
        world.publish(tab(rows(3)))


def test_of_two_publishers_the_second_writes_nothing(world: World) -> None:
    world.publish(tab(rows(5)))
    first, second = world.sink(state="a"), world.sink(state="b")
    one, other = tab(rows(5, salt=1.0)), tab(rows(7, salt=2.0))
    seen_first, seen_second = first.present([one.shape]), second.present([other.shape])
    first.apply(world.plan(seen_first, one), seen_first)
    with pytest.raises(LostRace, match="another publisher"):
        second.apply(world.plan(seen_second, other), seen_second)
    assert [line[3] for line in world.cells()[1:]] == one.columns["leniency"]
    again = second.present([other.shape])
    second.apply(world.plan(again, other), again)
    assert [line[3] for line in world.cells()[1:]] == other.columns["leniency"]
    first.close()
    second.close()


def test_a_lost_race_is_lost_also_when_the_answer_was_lost(world: World) -> None:
    world.publish(tab(rows(5)))
    first, second = world.sink(state="a"), world.sink(state="b")
    one, other = tab(rows(5, salt=1.0)), tab(rows(7, salt=2.0))
    seen_first, seen_second = first.present([one.shape]), second.present([other.shape])
    first.apply(world.plan(seen_first, one), seen_first)
    world.sandbox.faults.plan("drop_before")
    with pytest.raises(LostRace):
        second.apply(world.plan(seen_second, other), seen_second)
    assert len(world.cells()) == 6
    first.close()
    second.close()


def test_two_first_publishes_at_once_make_one_tab(world: World) -> None:
    first, second = world.sink(state="a"), world.sink(state="b")
    one = tab(rows(5))
    seen_first, seen_second = first.present([one.shape]), second.present([one.shape])
    first.apply(world.plan(seen_first, one), seen_first)
    with pytest.raises(LostRace):
        second.apply(world.plan(seen_second, one), seen_second)
    assert world.sandbox.human.titles(world.spreadsheet) == ["Pairs", "Sheet1"]
    first.close()
    second.close()


@pytest.fixture(params=list(product([True, False], [True, False])), ids=lambda one: f"missing={one[0]},sort={one[1]}")
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    missing_fails, follows_sort = request.param
    one = World(
        tmp_path,
        switches=Switches(
            delete_missing_metadata_fails=missing_fails,
            metadata_follows_sort=follows_sort,
            insert_at_end_allowed=False,
        ),
    )
    yield one
    one.close()


def test_generations_behind_the_window_are_freed_and_none_sooner(either: World) -> None:
    one = tab(rows(2))
    either.publish(one)
    for number in range(1, FENCE_WINDOW + 6):
        one = tab(rows(2, salt=float(number)))
        either.publish(one)
    assert len(fences(either)) == FENCE_WINDOW
    assert max(fences(either)) - min(fences(either)) == FENCE_WINDOW - 1


def test_a_column_moved_between_read_and_write_stops_the_write(either: World) -> None:
    either.publish(tab(rows(5)))
    human, sheet = either.sandbox.human, either.spreadsheet
    human.edit(sheet, "Pairs", 2, 6, "mine")
    before = either.cells()
    either.sandbox.before_next_write(lambda: human.insert_column(sheet, "Pairs", 1))
    with pytest.raises(LostRace, match="moved a column"):
        either.publish(tab(rows(5, salt=1.0)))
    assert [[*line[:1], *line[2:]] for line in either.cells()] == before
    either.publish(tab(rows(5, salt=1.0)))
    assert [line[4] for line in either.cells()[1:]] == rows(5, salt=1.0)["leniency"]


def test_new_rows_are_made_where_the_sheet_ends(either: World) -> None:
    from qa_sync_gsheets.sandbox.changes import apply_all

    either.publish(tab(rows(5)))
    book = either.sandbox.book(either.spreadsheet)
    with book.changing() as draft:
        sheet_id = next(grid.sheet_id for grid in draft.sheets if grid.title == "Pairs")
        where = {"sheetId": sheet_id, "gridProperties": {"rowCount": 6}}
        apply_all(draft, [{"updateSheetProperties": {"properties": where, "fields": "gridProperties.rowCount"}}])
    after = tab(rows(9))
    either.publish(after)
    assert [line[0] for line in either.cells()[1:]] == after.columns["pair_id"]


def test_a_guard_that_google_does_not_take_is_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish(tab(rows(3)))
    from qa_sync_gsheets.sandbox.changes import CHANGES
    from qa_sync_gsheets.sandbox.refusal import Refusal

    create = CHANGES["createDeveloperMetadata"]

    def no_reuse(book, body):  # type: ignore[no-untyped-def]
        if body["developerMetadata"]["metadataKey"] == "qa.c":
            raise Refusal(400, "an id is never used twice")
        return create(book, body)

    monkeypatch.setitem(CHANGES, "createDeveloperMetadata", no_reuse)
    with pytest.raises(SinkError, match="column_guard: none"):
        world.publish(tab(rows(3, salt=1.0)))
    sink = world.sink(guard="none")
    world.publish(tab(rows(3, salt=1.0)), sink=sink)
    sink.close()
    assert [line[3] for line in world.cells()[1:]] == rows(3, salt=1.0)["leniency"]


def test_a_large_first_load_goes_in_several_fenced_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_sync_gsheets.batches.pack.__defaults__", (60_000,))
    monkeypatch.setattr("qa_sync_gsheets.steps.STEP_CELLS", 300)
    one = tab(rows(800))
    world.publish(one)
    sent = [entry for entry in world.sandbox.log if entry.path.endswith(":batchUpdate")]
    assert len(sent) > 3
    assert all(entry.sent < 75_000 for entry in sent)
    assert len(fences(world)) == len(sent)
    assert [line[0] for line in world.cells()[1:]] == one.columns["pair_id"]


def test_a_crash_between_batches_leaves_a_prefix_and_the_next_run_does_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_sync_gsheets.batches.pack.__defaults__", (60_000,))
    monkeypatch.setattr("qa_sync_gsheets.steps.STEP_CELLS", 300)
    world.sandbox.faults.plan("drop_before", skip=2, times=1)
    world.sandbox.faults.plan("unavailable_before", times=20)
    one = tab(rows(400))
    with pytest.raises(TransientError):
        world.publish(one)
    world.sandbox.faults.clear()
    there = [line[0] for line in world.cells()[1:]]
    assert 0 < len(there) < 400
    assert there == one.columns["pair_id"][: len(there)]
    receipt = world.publish(one)
    assert receipt.data_cells == (400 - len(there)) * len(one.shape.fields)
    assert [line[0] for line in world.cells()[1:]] == one.columns["pair_id"]
