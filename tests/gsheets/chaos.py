"""People at work between our read and our write: random, but the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gsheets.gsheet_world import SHAPE, World, base_of, rows, tab

from qa_sync.dashboards.cells import Cell, Tab
from qa_sync.errors import LostRace
from qa_sync_gsheets.marks import COLUMN
from qa_sync_gsheets.reading import tab_name
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.workbook import Workbook

Place = tuple[int, int]


@dataclass(slots=True)
class Tally:
    """What a run of rounds found."""

    rounds: int = 0
    races: int = 0
    analyst_cells_changed: int = 0
    not_converged: int = 0
    repaired: int = 0
    seen: dict[str, int] = field(default_factory=dict)


class Office:
    """One managed tab and the people who work in it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.tally = Tally()
        self.wanted: Tab = tab(rows(12))
        self.base = {"pairs": base_of(self.wanted)}
        world.publish(self.wanted)
        self._notes = 0

    # -- the sheet as it is, seen from inside --------------------------------------------------------------------

    @property
    def book(self) -> Workbook:
        return self.world.sandbox.book(self.world.spreadsheet)

    @property
    def grid(self) -> Grid:
        marked = {e.sheet_id for e in self.book.all_metadata() if e.value == tab_name(SHAPE)}
        return next(grid for grid in self.book.sheets if grid.sheet_id in marked)

    def managed(self) -> dict[int, str]:
        """Return column id → field."""
        mine = (e for e in self.book.all_metadata() if e.key == COLUMN and e.sheet_id == self.grid.sheet_id)
        return {entry.line_id: entry.value for entry in mine if entry.line_id is not None}

    def analysts(self) -> dict[Place, Any]:
        """Return every cell of columns that are not ours, by identity of row and column."""
        ours = self.managed()
        return {
            (rid, cid): cell
            for rid, row in self.grid.cells.items()
            for cid, cell in row.items()
            if cid not in ours and cell.value is not None
        }

    # -- what people do --------------------------------------------------------------------------------------------

    def edit_something(self, *, columns: bool) -> bool:
        """Do one thing that a person may do; tell whether it moved columns."""
        human, sheet, title, rnd = self.world.sandbox.human, self.world.spreadsheet, self.grid.title, self.random
        height, width = max(self.grid.used()[0], 3), len(self.grid.columns)
        ours = self.managed()
        places = {name: self.grid.columns.index(cid) for cid, name in ours.items()}
        own = [at for at, cid in enumerate(self.grid.columns) if cid not in ours]

        def note() -> str:
            self._notes += 1
            return f"note {self._notes}"

        def row() -> int:
            return rnd.randrange(1, height)

        actions: dict[str, Callable[[], None]] = {
            "sort": lambda: human.sort(sheet, title, rnd.randrange(width), descending=rnd.random() < 0.5),
            "insert row": lambda: human.insert_row(sheet, title, row()),
            "delete row": lambda: human.delete_row(sheet, title, row()),
            "move row": lambda: human.move_row(sheet, title, row(), rnd.randrange(1, height)),
            "note": lambda: human.edit(sheet, title, row(), rnd.choice(own), note(), typed=False),
            "note again": lambda: human.edit(sheet, title, row(), rnd.choice(own), note(), typed=False),
            "managed": lambda: human.edit(sheet, title, row(), places[rnd.choice(["leniency", "agreement"])], 99.0),
            "outcome": lambda: human.edit(sheet, title, row(), places["outcome"], "wrong", typed=False),
            "filter": lambda: human.filter(sheet, title),
            "rename": lambda: human.rename_tab(sheet, title, f"Pairs {rnd.randrange(1000)}"),
        }
        if columns:
            actions |= {
                "move column": lambda: human.move_column(sheet, title, rnd.randrange(width), rnd.randrange(width)),
                "insert column": lambda: human.insert_column(sheet, title, rnd.randrange(width)),
                "delete a managed column": lambda: human.delete_column(sheet, title, places["evaluator"]),
            }
        name = rnd.choice(list(actions))
        if name == "move row" and height < 4:
            return False
        self.tally.seen[name] = self.tally.seen.get(name, 0) + 1
        try:
            actions[name]()
        except KeyError:
            return False  # the evaluator column is gone already
        return "column" in name

    # -- rounds ------------------------------------------------------------------------------------------------

    def round(self, *, columns: bool = True) -> None:
        """Change what is wanted, publish while people edit, publish once more, and look."""
        rnd = self.random
        self.tally.rounds += 1
        for _ in range(rnd.randrange(3)):
            self.edit_something(columns=columns)
        count = rnd.randrange(8, 20)
        self.wanted = tab(rows(count, start_at=rnd.randrange(3), salt=float(self.tally.rounds % 5)))
        seen: dict[Place, Any] = {}

        def meanwhile() -> None:
            moving = columns
            for _ in range(rnd.randrange(4)):
                moved = self.edit_something(columns=moving)
                # The known limit (see marks.guard): where Google takes the deletion of a missing mark for done, a
                # managed column deleted *and* another put in its place within this moment goes unnoticed.
                moving = moving and not (moved and not self.book.switches.delete_missing_metadata_fails)
            seen.update(self.analysts())

        self.world.sandbox.before_next_write(meanwhile)
        self.publish()
        if not seen:
            seen = self.analysts()  # nothing was written in this round
        self.compare(seen)
        seen = self.analysts()
        self.publish()
        self.compare(seen)
        self.check_converged()

    def publish(self) -> None:
        for _ in range(4):
            try:
                receipt = self.world.publish(self.wanted, base=self.base)
            except LostRace:
                self.tally.races += 1
                continue
            self.tally.repaired += sum("rows moved" in note for note in receipt.notes)
            break
        self.base = {"pairs": base_of(self.wanted)}

    def compare(self, seen: dict[Place, Any]) -> None:
        now = self.analysts()
        self.tally.analyst_cells_changed += sum(now.get(place) != cell for place, cell in seen.items())
        self.tally.analyst_cells_changed += len(now.keys() - seen.keys())

    def check_converged(self) -> None:
        shown = self.world.shown(self.wanted)
        for at, key in enumerate(self.wanted.columns["pair_id"]):
            wanted: dict[str, Cell] = {name: column[at] for name, column in self.wanted.columns.items()}
            if shown.get(key) != wanted:
                self.tally.not_converged += 1
