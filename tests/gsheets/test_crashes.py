"""A process that dies between any two requests, and two publishers in turn: nothing of an analyst's is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gsheets.chaos import Office
from gsheets.gsheet_world import World, base_of, rows, tab

from qa_sync.errors import LostRace
from qa_sync_gsheets.sink import SheetsSink
from qa_sync_gsheets.transport import Transport


class Died(BaseException):
    """What a killed process looks like from inside: nothing after it runs, clean-up included."""


def dies_at(sink: SheetsSink, request: int, *, before: bool) -> Callable[[], int]:
    """Let a sink's process die just before, or just after, its n-th request; return how many it had made."""
    transport = sink.transport
    made = [0]
    send = Transport._send

    def counted(*arguments: Any, **options: Any) -> Any:
        made[0] += 1
        if before and made[0] == request:
            raise Died
        answer = send(transport, *arguments, **options)
        if not before and made[0] == request:
            raise Died
        return answer

    transport._send = counted  # type: ignore[method-assign]
    return lambda: made[0]


@pytest.mark.parametrize("before", [True, False])
def test_whichever_request_a_process_dies_at_the_next_refresh_puts_everything_right(
    tmp_path: Path, before: bool
) -> None:
    for request in range(1, 6):
        world = World(tmp_path / f"{request}{before}")
        first, second = tab(rows(9)), tab(rows(14, start_at=2, salt=2.0))
        world.publish(first)
        human, sheet = world.sandbox.human, world.spreadsheet
        human.edit(sheet, "Pairs", 4, 7, "note of an analyst")
        # What is remembered is lost too: marks have to be searched for, one request more.
        sink = world.sink(state=f"state {request}")
        died = dies_at(sink, request, before=before)
        try:
            world.publish(second, base={"pairs": base_of(first)}, sink=sink)
            assert died() < request  # there was no such request: it was done before
        except Died:
            assert died() == request
        world.publish(second, base={"pairs": base_of(first)})
        shown = world.shown(second)
        for key, cells in base_of(second).items():
            assert shown[key] == cells
        assert [line[7] for line in world.cells() if line[0] == "P0003"] == ["note of an analyst"]
        assert world.publish(second).data_cells == 0
        world.close()


@pytest.mark.parametrize("seed", [21, pytest.param(22, marks=pytest.mark.soak)])
def test_two_publishers_who_die_now_and_then_while_people_work(tmp_path: Path, seed: int) -> None:
    """Rounds of random edits, with two publishers who know nothing of each other, each dying at random requests."""
    office = Office(World(tmp_path), seed)
    lost = _rounds(office, 40)
    office.world.close()
    assert (office.tally.analyst_cells_changed, office.tally.not_converged) == (0, 0)
    assert lost["deaths"] > 10
    assert office.tally.races > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_hundreds_of_rounds_with_crashes_and_two_publishers(tmp_path: Path, seed: int) -> None:
    office = Office(World(tmp_path), 500 + seed)
    _rounds(office, 100)
    office.world.close()
    assert (office.tally.analyst_cells_changed, office.tally.not_converged) == (0, 0)


def _rounds(office: Office, count: int) -> dict[str, int]:
    told = {"deaths": 0}
    rnd = office.random

    def publish() -> None:
        """A publisher dies at a random request as often as not; then the other one has its turn."""
        for attempt in range(8):
            sink = office.world.sink(state=f"publisher {rnd.randrange(2)}")
            if attempt < 2 and rnd.random() < 0.5:
                dies_at(sink, rnd.randrange(1, 4), before=rnd.random() < 0.5)
            try:
                receipt = office.world.publish(office.wanted, base=office.base, sink=sink)
            except LostRace:
                office.tally.races += 1
                continue
            except Died:
                told["deaths"] += 1
                continue
            office.tally.repaired += sum("rows moved" in note for note in receipt.notes)
            break
        office.base = {"pairs": base_of(office.wanted)}

    office.publish = publish  # type: ignore[method-assign]
    for _ in range(count):
        office.round(columns=False)
    return told
