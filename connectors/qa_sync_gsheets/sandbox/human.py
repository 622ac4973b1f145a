"""People at the emulated sheet: what they do between our read and our write."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.drive import Drive
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.typed import CellFailure, effective, entered
from qa_sync_gsheets.sandbox.workbook import Workbook


class Human:
    """Edits by hand. A tab is named by its title; rows and columns count from 0, the header is row 0."""

    def __init__(self, drive: Drive, lock: threading.RLock, on_change: Callable[[], None]) -> None:
        #: Who is at the sheet.
        self.name = "analyst@example.invalid"
        self._drive = drive
        self._lock = lock
        self._on_change = on_change

    def _grid(self, file_id: str, title: str) -> tuple[Workbook, Grid]:
        book = self._drive.files[file_id].book
        grid = book.titled(title)
        if grid is None:
            msg = f"no tab {title!r}"
            raise KeyError(msg)
        return book, grid

    def _done(self, book: Workbook) -> None:
        book.version += 1
        self._drive.touched(book.id, self.name)
        self._on_change()

    def titles(self, file_id: str) -> list[str]:
        """Return the titles of the tabs, in order."""
        with self._lock:
            return [grid.title for grid in self._drive.files[file_id].book.sheets]

    def rows(self, file_id: str, title: str) -> list[list[Any]]:
        """Return the values of a tab, row by row, as shown values; empty is None."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            height, width = grid.used()
            return [
                [_shown(effective(book, grid, grid.cell(row, column))) for column in range(width)]
                for row in range(height)
            ]

    def value(self, file_id: str, title: str, row: int, column: int) -> Any:
        """Return the value of one cell."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            return _shown(effective(book, grid, grid.cell(row, column)))

    def edit(self, file_id: str, title: str, row: int, column: int, value: Any, *, typed: bool = True) -> None:
        """Type into a cell (``typed=False`` puts the value as it is); "" empties it."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            while row >= len(grid.rows):
                book.insert(grid, "ROWS", len(grid.rows), 1)
            while column >= len(grid.columns):
                book.insert(grid, "COLUMNS", len(grid.columns), 1)
            new = entered(value, grid.cell(row, column), parse=typed)
            if new is not None:
                grid.put(row, [(column, new)])
            self._done(book)

    def sort(self, file_id: str, title: str, column: int, *, descending: bool = False, header: bool = True) -> None:
        """Sort whole rows by a column, keeping the header where it is."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            height = max(grid.used()[0], 2)
            box = Box(1 if header else 0, height, 0, len(grid.columns))
            grid.sort(
                box,
                [(column, descending)],
                lambda r, c: effective(book, grid, grid.cell(r, c)),
                rows_move=book.switches.metadata_follows_sort,
            )
            self._done(book)

    def insert_row(self, file_id: str, title: str, at: int) -> None:
        """Insert an empty row above ``at``."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.insert(grid, "ROWS", at, 1, inherit_before=at > 0)
            self._done(book)

    def delete_row(self, file_id: str, title: str, at: int) -> None:
        """Delete a row."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.delete(grid, "ROWS", at, at + 1)
            self._done(book)

    def move_row(self, file_id: str, title: str, at: int, to: int) -> None:
        """Drag a row in front of row ``to``."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.move(grid, "ROWS", at, at + 1, to)
            self._done(book)

    def insert_column(self, file_id: str, title: str, at: int) -> None:
        """Insert an empty column left of ``at``."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.insert(grid, "COLUMNS", at, 1)
            self._done(book)

    def delete_column(self, file_id: str, title: str, at: int) -> None:
        """Delete a column."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.delete(grid, "COLUMNS", at, at + 1)
            self._done(book)

    def move_column(self, file_id: str, title: str, at: int, to: int) -> None:
        """Drag a column in front of column ``to``."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.move(grid, "COLUMNS", at, at + 1, to)
            self._done(book)

    def filter(self, file_id: str, title: str) -> None:
        """Put a filter over everything that is used."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            height, width = grid.used()
            grid.basic_filter = {
                "range": {
                    "sheetId": grid.sheet_id,
                    "startRowIndex": 0,
                    "endRowIndex": max(height, 1),
                    "startColumnIndex": 0,
                    "endColumnIndex": max(width, 1),
                }
            }
            self._done(book)

    def rename_tab(self, file_id: str, title: str, new: str) -> None:
        """Give a tab another title."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            grid.title = new
            self._done(book)

    def delete_tab(self, file_id: str, title: str) -> None:
        """Delete a tab, with its metadata."""
        with self._lock:
            book, grid = self._grid(file_id, title)
            book.sheets.remove(grid)
            for entry in book.all_metadata():
                if entry.sheet_id == grid.sheet_id:
                    book.drop_metadata(entry)
            self._done(book)


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, CellFailure) else value
