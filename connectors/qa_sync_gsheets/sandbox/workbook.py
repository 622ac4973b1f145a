"""One spreadsheet: sheets in order, developer metadata, named ranges, and an all-or-nothing way to change them."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from qa_sync_gsheets.a1 import Box, parse_cells, split_range
from qa_sync_gsheets.sandbox.grid import Dimension, Grid, Place, remap_ranges
from qa_sync_gsheets.sandbox.refusal import Refusal

METADATA_CHARACTERS = 30_000


@dataclass(frozen=True, slots=True)
class Switches:
    """What nobody has shown about Google's behaviour; qa-sync is tested under both answers."""

    duplicate_metadata_id_fails: bool = True
    delete_missing_metadata_fails: bool = True
    metadata_follows_sort: bool = False
    freed_metadata_id_reusable: bool = True
    insert_at_end_allowed: bool = True
    cell_limit: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Metadata:
    """A developer metadata entry. Its place: the spreadsheet, a sheet, or one row or column by identity."""

    id: int
    key: str
    value: str
    visibility: str
    sheet_id: int | None = None
    dimension: Dimension | None = None
    line_id: int | None = None


@dataclass(slots=True)
class Workbook:
    """The state of one spreadsheet."""

    id: str
    title: str
    sheets: list[Grid] = field(default_factory=list)
    metadata: dict[int, Metadata] = field(default_factory=dict)
    named_ranges: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=lambda: {"locale": "en_US", "timeZone": "Etc/GMT"})
    #: Only where duplicates are allowed: later entries that carry an id again.
    doubles: list[Metadata] = field(default_factory=list)
    switches: Switches = field(default_factory=Switches)
    version: int = 1
    #: Ids of entries that were removed.
    freed: set[int] = field(default_factory=set)

    @contextmanager
    def changing(self) -> Iterator[Workbook]:
        """Give a draft that becomes the workbook when the block ends well, and is forgotten otherwise."""
        draft = replace(
            self,
            sheets=[sheet.snapshot() for sheet in self.sheets],
            metadata=dict(self.metadata),
            named_ranges=copy.deepcopy(self.named_ranges),
            properties=copy.deepcopy(self.properties),
            doubles=list(self.doubles),
            freed=set(self.freed),
        )
        yield draft
        draft.check_size()
        for name in ("title", "sheets", "metadata", "named_ranges", "properties", "doubles", "freed"):
            setattr(self, name, getattr(draft, name))
        self.version += 1

    def check_size(self) -> None:
        """Refuse a spreadsheet of more cells than Google allows."""
        cells = sum(len(sheet.rows) * len(sheet.columns) for sheet in self.sheets)
        if cells > self.switches.cell_limit:
            limit = self.switches.cell_limit
            text = f"above the limit of {limit} cells."
            raise Refusal(400, f"This action would increase the number of cells in the workbook {text}")

    # -- sheets ----------------------------------------------------------------------------------------------

    def sheet(self, sheet_id: int | None) -> Grid:
        """Return the sheet of an id (unset means 0)."""
        wanted = sheet_id or 0
        for sheet in self.sheets:
            if sheet.sheet_id == wanted:
                return sheet
        raise Refusal(400, f"Invalid requests[0]: No grid with id: {wanted}")

    def titled(self, title: str) -> Grid | None:
        """Return the sheet of a title, ignoring case as Google does, or None."""
        return next((sheet for sheet in self.sheets if sheet.title.casefold() == title.casefold()), None)

    def resolve(self, a1: str) -> tuple[Grid, Box]:
        """Return the sheet and box that an A1 text or a named range means.

        Raises:
            Refusal: nothing of that name.
        """
        title, cells = split_range(a1)
        if title is None:
            named = self.titled(cells)
            if named is not None and parse_cells(cells) is None:
                return named, Box()
        named_range = next((one for one in self.named_ranges if one["name"].casefold() == cells.casefold()), None)
        if named_range is not None:
            return self.grid_range(named_range["range"])
        sheet = self.titled(title) if title is not None else (self.sheets[0] if self.sheets else None)
        box = parse_cells(cells) if cells else Box()
        if sheet is None or box is None:
            raise Refusal(400, f"Unable to parse range: {a1}")
        return sheet, box

    def grid_range(self, grid_range: dict[str, Any]) -> tuple[Grid, Box]:
        """Return the sheet and box of a GridRange."""
        box = Box(
            grid_range.get("startRowIndex"),
            grid_range.get("endRowIndex"),
            grid_range.get("startColumnIndex"),
            grid_range.get("endColumnIndex"),
        )
        return self.sheet(grid_range.get("sheetId")), box

    # -- developer metadata ------------------------------------------------------------------------------------

    def all_metadata(self) -> list[Metadata]:
        """Return every entry, by id."""
        return [*sorted(self.metadata.values(), key=lambda entry: entry.id), *self.doubles]

    def add_metadata(self, entry: Metadata) -> None:
        """Add an entry.

        Raises:
            Refusal: the id is taken (unless the switch says otherwise) or the quota of characters is spent.
        """
        if entry.id in self.freed and not self.switches.freed_metadata_id_reusable:
            raise Refusal(400, f"Invalid developer metadata: the metadata ID {entry.id} was used before.")
        if entry.id in self.metadata:
            if self.switches.duplicate_metadata_id_fails:
                raise Refusal(400, f"Invalid developer metadata: the metadata ID {entry.id} is already in use.")
            self.doubles.append(entry)
        else:
            self.metadata[entry.id] = entry
        spent = sum(
            len(other.key) + len(other.value) for other in self.all_metadata() if other.sheet_id == entry.sheet_id
        )
        if spent > METADATA_CHARACTERS:
            raise Refusal(400, f"Developer metadata is limited to {METADATA_CHARACTERS} characters per location.")

    def drop_metadata(self, entry: Metadata) -> None:
        """Remove one entry."""
        self.freed.add(entry.id)
        if self.metadata.get(entry.id) is entry:
            del self.metadata[entry.id]
            again = next((other for other in self.doubles if other.id == entry.id), None)
            if again is not None:
                self.doubles.remove(again)
                self.metadata[entry.id] = again
        elif entry in self.doubles:
            self.doubles.remove(entry)

    # -- rows and columns ------------------------------------------------------------------------------------

    def insert(
        self, sheet: Grid, dimension: Dimension, start: int, count: int, *, inherit_before: bool = False
    ) -> None:
        """Insert rows or columns, and carry every range along."""
        self._carry(sheet, dimension, sheet.insert(dimension, start, count, inherit_before=inherit_before))

    def move(self, sheet: Grid, dimension: Dimension, start: int, end: int, destination: int) -> None:
        """Move rows or columns in front of ``destination``, and carry every range along."""
        self._carry(sheet, dimension, sheet.move(dimension, start, end, destination))

    def delete(self, sheet: Grid, dimension: Dimension, start: int, end: int) -> None:
        """Delete rows or columns with their metadata, and carry every range along."""
        gone, place = sheet.delete(dimension, start, end)
        dead = set(gone)
        for entry in self.all_metadata():
            if entry.sheet_id == sheet.sheet_id and entry.dimension == dimension and entry.line_id in dead:
                self.drop_metadata(entry)
        self._carry(sheet, dimension, place)

    def resize(self, sheet: Grid, dimension: Dimension, count: int) -> None:
        """Grow or cut a sheet at its end."""
        size = len(sheet.line(dimension))
        if count < 1:
            raise Refusal(400, f"The sheet must keep at least one of its {dimension.lower()}.")
        if count > size:
            self.insert(sheet, dimension, size, count - size)
        elif count < size:
            self.delete(sheet, dimension, count, size)

    def _carry(self, sheet: Grid, dimension: Dimension, place: Place) -> None:
        """Move every range that lies on ``sheet``, wherever it is kept; those without cells left vanish."""

        def carried(part: Any) -> Any:
            return remap_ranges(part, sheet.sheet_id, dimension, place)

        for grid in self.sheets:
            # Only charts draw from other sheets; everything else lies on its own.
            reaching = grid.parts if grid is sheet else {"charts": grid.parts["charts"]}
            grid.parts |= {name: carried(parts) for name, parts in reaching.items() if parts}
        sheet.basic_filter = carried(sheet.basic_filter) if sheet.basic_filter else None
        self.named_ranges = carried(self.named_ranges)

    def new_id(self) -> int:
        """Return a positive int32 that no metadata, sheet or object uses."""
        while True:
            number = random.randrange(1, 2**31 - 1)  # noqa: S311
            if number not in self.metadata and all(sheet.sheet_id != number for sheet in self.sheets):
                return number
