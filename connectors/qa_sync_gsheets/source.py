"""The source: tabs that people keep (rosters, lookups, scored evaluations) as complete listings of raw records.

A row of a sheet has no time stamp, so versions are ordered by arrival. A tab is read in one request, because
rows that are sorted between two requests would be missed, and then taken for deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qa_sync.errors import ConfigError, Problem, QASyncError, SourceError
from qa_sync.notes import Edit, Note, must_be_there, note_records, pages, read_position, stamped
from qa_sync.ports import Context, Page, Stream
from qa_sync.wording import nearest
from qa_sync_gsheets.connection import open_transport
from qa_sync_gsheets.drive import last_edit
from qa_sync_gsheets.grid_rows import FIELDS, SheetTable, read_table
from qa_sync_gsheets.notes import read_notes
from qa_sync_gsheets.records import make_records
from qa_sync_gsheets.settings import SourceSettings, TabSettings
from qa_sync_gsheets.transport import Transport

Json = dict[str, Any]


class SheetsSource:
    """Tabs of one spreadsheet. Nothing is sent before the first read."""

    def __init__(self, settings: SourceSettings, context: Context, transport: Transport | None = None) -> None:
        self._settings = settings
        self._context = context
        self._open: Transport | None = transport

    @property
    def _place(self) -> tuple[str, str]:
        return ("sources", self._context.name)

    @property
    def transport(self) -> Transport:
        """The connection, opened when first needed."""
        if self._open is None:
            drive = self._settings.who == "drive"
            self._open = open_transport(self._settings, self._context, self._place, read_only=True, drive=drive)
        return self._open

    def streams(self) -> Sequence[Stream]:
        """Return one stream for each tab of the settings."""
        return [Stream(name=name, order="arrival", doc=_doc(tab)) for name, tab in self._settings.tabs.items()]

    def close(self) -> None:
        """Give back connections."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def check(self, *, probe: bool = False) -> Sequence[Problem]:  # noqa: ARG002
        """Return what is wrong: credentials, permissions, tabs and key columns that are not there."""
        try:
            found = self._sheets()
        except QASyncError as error:
            problems = getattr(error, "problems", None)
            return list(problems) if problems else [Problem(what=str(error), path=self._place)]
        wrong: list[Problem] = []
        for name, tab in self._settings.tabs.items():
            try:
                if tab.managed is not None:
                    self._notes(name, tab)
                    continue
                self._require_key(name, tab, self._table(name, tab, found))
            except ConfigError as error:
                wrong += error.problems
        return wrong

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield the rows of a tab; nothing but the last page when it holds what it held at ``cursor``.

        Raises:
            ConfigError: no such tab, or it lacks a key column. AuthError, TransientError, SourceError: no answer.
        """
        tab = self._settings.tabs.get(stream)
        if tab is None:
            msg = f"source {self._context.name!r} has no stream {stream!r}"
            raise SourceError(msg)
        before, settings, size = read_position(cursor), tab.model_dump_json(), self._settings.page_rows
        if tab.managed is None:
            table = self._table(stream, tab, self._sheets())
            self._require_key(stream, tab, table)
            records, rejects, whole = make_records(table, tab)
            if not whole:
                self._context.note(
                    f"{stream}: a row has no key, so the tab is no whole listing: nothing that is gone from it counts "
                    "as deleted until that is mended"
                )
            yield from pages(records, rejects, before, rows={}, settings=settings, whole=whole, size=size)
            return
        found = self._notes(stream, tab)
        if found is None and before is None:
            # The first run has to publish it: what nobody could write into holds nothing.
            self._context.note(f"{self._context.name}.{stream}: {tab.managed} has not been published here yet")
        must_be_there(found, before, f"the tab that qa-sync keeps up as {tab.managed}", (*self._place, "tabs", stream))
        edits = stamped(found or [], before.rows if before else {}, self._last_edit)
        records = note_records(found or [], edits, tab.managed)
        yield from pages(records, None, before, rows=edits, settings=settings, size=size)

    def _last_edit(self) -> Edit | None:
        return last_edit(self._settings.spreadsheet, self.transport.drive) if self._settings.who == "drive" else None

    def _notes(self, name: str, tab: TabSettings) -> list[Note] | None:
        """Read what people wrote beside the rows of a managed tab."""

        def call(method: str, path: str, **options: Any) -> Any:
            return self.transport.call(method, self._settings.spreadsheet, path, **options)

        found = read_notes(call, str(tab.managed), tab.keep)
        if isinstance(found, str):
            raise ConfigError(Problem(what=found, path=(*self._place, "tabs", name, "managed")))
        return found

    # -- the spreadsheet -------------------------------------------------------------------------------------

    def _sheets(self) -> dict[int, str]:
        """Return sheet id → title."""
        params = {"fields": "sheets.properties(sheetId,title)"}
        answer = self.transport.call("GET", self._settings.spreadsheet, "", params=params)
        found = (sheet["properties"] for sheet in answer.get("sheets") or [])
        return {one.get("sheetId", 0): one["title"] for one in found}

    def _table(self, name: str, tab: TabSettings, sheets: dict[int, str]) -> SheetTable:
        sheet_id = self._sheet_id(name, tab, sheets)
        body = {"dataFilters": [{"gridRange": {"sheetId": sheet_id}}], "includeGridData": True}
        path = ":getByDataFilter"
        answer = self.transport.call("POST", self._settings.spreadsheet, path, params={"fields": FIELDS}, body=body)
        data = [part for sheet in answer.get("sheets") or [] for part in sheet.get("data") or []]
        return read_table(data, tab.header_row)

    def _sheet_id(self, name: str, tab: TabSettings, sheets: dict[int, str]) -> int:
        where = (*self._place, "tabs", name)
        if tab.gid is not None:
            if tab.gid in sheets:
                return tab.gid
            raise ConfigError(Problem(what=f"the spreadsheet has no tab with gid {tab.gid}", path=(*where, "gid")))
        wanted = str(tab.title)
        found = next((number for number, title in sheets.items() if title.casefold() == wanted.casefold()), None)
        if found is None:
            near = nearest(wanted, sheets.values())
            hint = f"did you mean {near}?" if near else "was it renamed? gid stays the same when a tab is renamed"
            what = f"the spreadsheet has no tab {wanted!r}"
            raise ConfigError(Problem(what=what, hint=hint, path=(*where, "title")))
        return found

    def _require_key(self, name: str, tab: TabSettings, table: SheetTable) -> None:
        problems = []
        for setting, names in (("key", tab.key), ("keep", tab.keep or ())):
            for wanted in names:
                if wanted not in table.headers:
                    near = nearest(wanted, table.headers)
                    hint = f"did you mean {near}?" if near else "look at header_row"
                    what = f"row {tab.header_row} of the tab has no header {wanted!r}"
                    problems.append(Problem(what=what, hint=hint, path=(*self._place, "tabs", name, setting)))
        if problems:
            raise ConfigError(problems)


def _doc(tab: TabSettings) -> str:
    if tab.managed is not None:
        return f"what people wrote beside {tab.managed}"
    return f"tab {tab.title if tab.gid is None else f'gid {tab.gid}'}"
