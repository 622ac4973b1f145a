"""The source: what people wrote beside our rows in a workbook, or in somebody's copy of it, as raw records.

Our own columns are left out; columns made for people are called by the name of their input, and people's own columns
by their header. It does not matter what anybody sorted, moved or renamed; only the header of a column made for people
has to stay, since a workbook has no mark for it.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from qa_sync.dashboards.cells import Cell
from qa_sync.errors import ConfigError, Problem, SinkError, SourceError
from qa_sync.notes import Edit, Note, must_be_there, note_records, pages, read_position, stamped
from qa_sync.ports import Context, Page, Stream
from qa_sync.wording import did_you_mean
from qa_sync_excel.book import Book, Extra, open_book
from qa_sync_excel.settings import ExcelSourceSettings, NotesSettings
from qa_sync_excel.sink import all_tabs
from qa_sync_excel.there import There

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's serial numbers have no zone
_WHOLE = 2**53
#: What a number format says of a date or a clock, once what stands in quotes, brackets or behind a backslash is gone.
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')


class ExcelSource:
    """One workbook that qa-sync made, read anew each time."""

    def __init__(self, settings: ExcelSourceSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._path = settings.file(context.folder)

    @property
    def _place(self) -> tuple[str, str]:
        return ("sources", self._context.name)

    def streams(self) -> Sequence[Stream]:
        """Return one stream for each tab of the settings."""
        return [
            Stream(name=name, order="arrival", doc=f"what people wrote beside {tab.managed}")
            for name, tab in self._settings.tabs.items()
        ]

    def check(self, *, probe: bool = False) -> Sequence[Problem]:  # noqa: ARG002
        """Return what is wrong: a file that is none of ours, or tabs that it does not have."""
        try:
            book = self._open()
        except ConfigError as error:
            return list(error.problems)
        except SourceError as error:
            return [Problem(what=str(error), path=(*self._place, "path"))]
        there = all_tabs(book)
        return [
            Problem(
                what=f"the workbook has no tab that qa-sync keeps up as {tab.managed}",
                hint=did_you_mean(tab.managed, sorted(there)),
                path=(*self._place, "tabs", name, "managed"),
            )
            for name, tab in self._settings.tabs.items()
            if book is not None and tab.managed not in there
        ]

    def close(self) -> None:
        """Nothing stays open."""

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield what people wrote beside a tab; nothing but the last page when it holds what it held at ``cursor``.

        Raises:
            ConfigError: it is no workbook of ours, or the tab is gone. SourceError: it cannot be read.
        """
        tab = self._settings.tabs.get(stream)
        if tab is None:
            msg = f"source {self._context.name!r} has no stream {stream!r}"
            raise SourceError(msg)
        before = read_position(cursor)
        book = self._open()
        there = all_tabs(book).get(tab.managed)
        if there is None and before is None:
            # The first run has to publish it: what nobody could write into holds nothing.
            self._context.note(f"{self._context.name}.{stream}: {tab.managed} has not been published there yet")
        what = f"{tab.managed} in {self._settings.path}"
        must_be_there(there, before, what, (*self._place, "tabs", stream))
        notes = _notes(there, tab) if there else []
        edits = stamped(notes, before.rows if before else {}, lambda: self._last_edit(book))
        yield from pages(
            note_records(notes, edits, tab.managed),
            None,
            before,
            rows=edits,
            settings=tab.model_dump_json(),
            size=self._settings.page_rows,
        )

    def _open(self) -> Book | None:
        try:
            book = open_book(self._path, self._settings.path)
        except SinkError as error:
            # It may be half saved: the next pull reads it.
            raise SourceError(str(error)) from None
        if book is not None and book.registered is None:
            what = f"{self._settings.path} was not made by qa-sync, so nobody knows which columns are people's"
            hint = "name the published workbook or a copy of it; any other table is read by connector: files"
            raise ConfigError(Problem(what=what, hint=hint, path=(*self._place, "path")))
        return book

    def _last_edit(self, book: Book | None) -> Edit | None:
        return _last_saved(book.content) if book and self._settings.who == "file" else None


def _notes(there: There, tab: NotesSettings) -> list[Note]:
    inputs = {one.label: one.name for one in there.registered.shape.inputs}
    names: dict[int, str] = {}
    for column, header in there.own:
        name = inputs.get(header, header)
        if name and name not in names.values() and (tab.keep is None or name in tab.keep or header in tab.keep):
            names[column] = name
    notes: list[Note] = []
    seen: set[str] = set()
    for row, cells in enumerate(there.rows):
        key = _text(there.key(row))
        found = {name: _value(cells[at], there.extras.get((row, at))) for at, name in names.items()}
        values = {name: value for name, value in found.items() if value is not None}
        if key and key not in seen and values:
            notes.append(Note(key=key, number=row + 1, values=values))
        # A row copied with its key: the first counts, as in a refresh.
        seen.add(key)
    return notes


def _text(cell: Cell) -> str:
    """A program may have turned the key "123" into a number, and it is still "123"."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _value(cell: Cell, extra: Extra | None) -> Any:
    """Return a cell as JSON can hold it: whole numbers as integers, dates and times as ISO text."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    letters = _LITERAL.sub("", extra.number_format).lower() if extra and extra.number_format != "General" else ""
    is_date, is_clock = "y" in letters or "d" in letters, "h" in letters or "s" in letters
    if is_date or is_clock:
        try:
            moment = _EPOCH + timedelta(seconds=round(cell * 86_400))
        except OverflowError:
            return cell
        if not is_clock:
            return moment.date().isoformat()
        return moment.isoformat() if is_date else moment.time().isoformat()
    return int(cell) if float(cell).is_integer() and abs(cell) < _WHOLE else cell


def _last_saved(content: bytes) -> Edit | None:
    """Return who saved a workbook last, and when, as its properties say; None where qa-sync did, or nobody is named."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if "docProps/core.xml" not in packed.namelist():
            return None
        core = packed.read("docProps/core.xml").decode("utf-8", "replace")
    who, at = (
        html.unescape(found[1]) if (found := re.search(rf"<(?:\w+:)?{name}[^>]*>([^<]*)<", core)) else ""
        for name in ("lastModifiedBy", "modified")
    )
    return None if who == "qa-sync" or not at else Edit(who=who, at=at)
