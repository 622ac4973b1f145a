"""Three hundred tabs in one spreadsheet are read in one call and written in one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from gsheets.gsheet_world import SHAPE, World, base_of, rows, tab

TABS, ROWS = 300, 4
FIELDS = SHAPE.fields[:4]
NAMES = [one.name for one in FIELDS]


def columns(salt: float = 0.0) -> dict[str, Any]:
    return {name: cells for name, cells in rows(ROWS, salt=salt).items() if name in NAMES}


@pytest.mark.thorough
def test_when_little_changed_three_hundred_tabs_cost_two_calls_and_no_cell_too_many(world: World) -> None:
    shapes = [
        replace(SHAPE, name=f"t{at}", title=f"Tab {at}", fields=FIELDS, charts=(), notes=()) for at in range(TABS)
    ]
    before = [tab(columns(), shape) for shape in shapes]
    world.publish(*before)
    base = {one.shape.name: base_of(one) for one in before}
    quiet = world.publish(*before, base=base)
    assert (quiet.calls, quiet.data_cells) == (1, 0)
    after = [tab(columns(1.0), one.shape) if at % 20 == 0 else one for at, one in enumerate(before)]
    world.sandbox.log.clear()
    changed = world.publish(*after, base=base)
    # One row of the four has no leniency, before and after.
    assert (changed.calls, len(world.sandbox.log), changed.data_cells) == (2, 2, TABS // 20 * (ROWS - 1))
    for one in after[:41:20]:
        assert world.shown(one) == base_of(one)
