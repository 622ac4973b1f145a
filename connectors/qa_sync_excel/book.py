"""The workbook as it is: opened once, its sheets read when asked for."""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine as calamine

from qa_sync.dashboards.cells import Cell
from qa_sync.errors import SinkError
from qa_sync_excel.registry import SHEET, Registered, place_of, read_rows

_EPOCH = date(1899, 12, 30)
_DAY = 86_400
_FORMULA = re.compile(r'<(?:\w+:)?c r="([A-Z]+)(\d+)"[^>]*>\s*<(?:\w+:)?f[^>]*>([^<]*)</')


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What a cell is besides its value: its formula, if any, and its number format."""

    formula: str | None
    number_format: str


def cell_of(value: Any) -> Cell:
    """Return a value of calamine as a cell: numbers as floats, dates and times as serial numbers."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, datetime):
        return (value.date() - _EPOCH).days + _fraction(
            timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
        )
    if isinstance(value, date):
        return float((value - _EPOCH).days)
    if isinstance(value, time):
        return _fraction(
            timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
        )
    if isinstance(value, timedelta):
        return value.days + _fraction(timedelta(seconds=value.seconds, microseconds=value.microseconds))
    return str(value)


def _fraction(clock: timedelta) -> float:
    """Whole seconds as the planner has them; the reader gives milliseconds of a double."""
    seconds = clock.total_seconds()
    whole = round(seconds)
    return round((whole if abs(seconds - whole) < 0.005 else seconds) / _DAY, 9)


class Book:
    """A workbook in memory. ``registered`` is None where ``_qa_sync_columns`` is missing: not a workbook of ours."""

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        self.digest = hashlib.sha256(content).hexdigest()
        self._cells: dict[str, list[list[Cell]]] = {}
        with _readable(name):
            self._book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
            self.titles: tuple[str, ...] = tuple(self._book.sheet_names)
            self.registered = self._registered()

    def cells(self, title: str) -> list[list[Cell]]:
        """Return a sheet's rows from A1 on."""
        if title not in self._cells:
            rows = self._book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            self._cells[title] = [[cell_of(value) for value in row] for row in rows]
        return self._cells[title]

    def extras(self, title: str, columns: frozenset[int]) -> dict[tuple[int, int], Extra]:
        """Return formulas of a whole sheet, and for ``columns`` the number formats too, by (row, column).

        Reading them is slow, so it is done only where there are formulas or columns to care about.
        """
        if not columns and title not in self._titles_with_formulas():
            return {}
        found: dict[tuple[int, int], Extra] = {}
        with self.opened(read_only=True) as book:
            for row in book[title].iter_rows():
                for cell in row:
                    if cell.value is None or (cell.data_type != "f" and cell.column - 1 not in columns):
                        continue
                    formula = str(getattr(cell.value, "text", cell.value)) if cell.data_type == "f" else None
                    found[cell.row - 1, cell.column - 1] = Extra(formula=formula, number_format=cell.number_format)
        return found

    @contextmanager
    def opened(self, *, read_only: bool) -> Iterator[Any]:
        """Open with openpyxl, which knows formulas and formats."""
        import openpyxl

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that openpyxl does not know
            book = openpyxl.load_workbook(io.BytesIO(self.content), read_only=read_only, keep_links=False)
            try:
                yield book
            finally:
                book.close()

    def _registered(self) -> dict[str, Registered] | None:
        """Read the hidden sheet: values by calamine, references straight from its XML (openpyxl takes seconds)."""
        if SHEET not in self.titles:
            return None
        rows: list[list[Any]] = [list(row) for row in self.cells(SHEET)]
        with zipfile.ZipFile(io.BytesIO(self.content)) as packed:
            xml = _text(packed, self._parts()[SHEET])
        for letters, row, formula in _FORMULA.findall(xml):
            column, at = place_of(f"=x!${letters}$1"), int(row) - 1
            if column is not None and at < len(rows) and column.column < len(rows[at]):
                rows[at][column.column] = "=" + html.unescape(formula)
        return read_rows(rows)

    def _parts(self) -> dict[str, str]:
        """Return sheet title → its file inside the workbook."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as packed:
            relations = {}
            for tag in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", _text(packed, "xl/_rels/workbook.xml.rels")):
                attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
                target = attributes.get("Target", "")
                relations[attributes.get("Id", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
            parts = {}
            for tag in re.findall(r"<(?:\w+:)?sheet\s[^>]*>", _text(packed, "xl/workbook.xml")):
                attributes = dict(re.findall(r'([\w:]+)="([^"]*)"', tag))
                relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                parts[html.unescape(attributes.get("name", ""))] = relations.get(relation, "")
        return parts

    def _titles_with_formulas(self) -> set[str]:
        with zipfile.ZipFile(io.BytesIO(self.content)) as packed:
            names = set(packed.namelist())
            return {
                title
                for title, part in self._parts().items()
                if part not in names or re.search(rb"<(?:x:)?f[\s>/]", packed.read(part))
            }

    def has_more_than_cells(self, titles: tuple[str, ...]) -> bool:
        """Whether any of these sheets has drawings, charts, pivots, comments or the like."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as packed:
            names, parts = set(packed.namelist()), self._parts()
            for title in titles:
                folder, _, file = parts.get(title, "").rpartition("/")
                if f"{folder}/_rels/{file}.rels" in names:
                    return True
        return False


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (calamine.CalamineError, zipfile.BadZipFile, KeyError, ValueError, OSError, IndexError) as error:
        msg = f"{name} cannot be read as a workbook ({type(error).__name__}): repair it, or move it away and run again"
        raise SinkError(msg) from error


def _text(packed: zipfile.ZipFile, name: str) -> str:
    return packed.read(name).decode("utf-8", "replace")


def open_book(path: Path, name: str) -> Book | None:
    """Read a workbook; None when there is none.

    Raises:
        SinkError: it is there and cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}; close it elsewhere or correct its permissions"
        raise SinkError(msg) from error
    return Book(content, name)
