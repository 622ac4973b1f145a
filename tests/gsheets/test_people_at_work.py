"""Random edits between read and write: no analyst's cell changes, and one more pass puts everything right."""

from __future__ import annotations

from pathlib import Path

import pytest
from gsheets.chaos import Office
from gsheets.gsheet_world import World
from tiers import some

from qa_sync_gsheets.sandbox import Switches


def run(world: World, seed: int, rounds: int, *, columns: bool = True) -> Office:
    office = Office(world, seed)
    for _ in range(rounds):
        office.round(columns=columns)
    return office


@pytest.mark.parametrize(
    ("seed", "missing_fails"), some([(1, True), (2, False), (3, False), (4, True)], every=4, several=True)
)
def test_no_analyst_cell_changes_and_one_more_pass_converges(tmp_path: Path, seed: int, missing_fails: bool) -> None:
    switches = Switches(delete_missing_metadata_fails=missing_fails, metadata_follows_sort=seed % 2 == 0)
    world = World(tmp_path, switches=switches)
    office = run(world, seed, 50)
    world.close()
    tally = office.tally
    assert (tally.analyst_cells_changed, tally.not_converged) == (0, 0)
    # Rounds in which nothing happened would prove nothing.
    assert tally.races > 5
    assert tally.repaired > 3
    assert len(tally.seen) == 13


def test_rows_that_moved_while_we_wrote_are_put_right_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    office = run(world, 7, 60, columns=False)
    world.close()
    assert (office.tally.analyst_cells_changed, office.tally.not_converged) == (0, 0)
    assert office.tally.repaired > 15


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_thousands_of_rounds(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, switches=Switches(delete_missing_metadata_fails=seed % 2 == 0))
    office = run(world, 100 + seed, 300)
    world.close()
    assert (office.tally.analyst_cells_changed, office.tally.not_converged) == (0, 0)
