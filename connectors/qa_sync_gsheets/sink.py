"""The sink: read all tabs at once, write what the plans say in one fenced batch, make sure that it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa_sync.dashboards.cells import Present, PresentTab, Receipt, TabPlan, TabShape
from qa_sync.errors import AuthError, Problem, QASyncError, SinkError
from qa_sync.ports import Context
from qa_sync_gsheets import reading
from qa_sync_gsheets.connection import open_transport
from qa_sync_gsheets.drive import changes_of, last_edit
from qa_sync_gsheets.fence import Sender
from qa_sync_gsheets.formulas import find_formulas
from qa_sync_gsheets.marks import Marks, read_marks
from qa_sync_gsheets.memory import Memory
from qa_sync_gsheets.probe import probe as try_out
from qa_sync_gsheets.reading import tab_name
from qa_sync_gsheets.settings import GOOGLE, SinkSettings
from qa_sync_gsheets.targets import old_target
from qa_sync_gsheets.transport import Transport
from qa_sync_gsheets.writing import Writing, search


class SheetsSink:
    """One spreadsheet. Nothing is sent before the first read."""

    def __init__(self, settings: SinkSettings, context: Context, transport: Transport | None = None) -> None:
        self._settings = settings
        self._context = context
        self._memory = Memory(context.state, settings.base_url, settings.spreadsheet)
        self._open: Transport | None = transport

    @property
    def transport(self) -> Transport:
        """The connection, opened when first needed."""
        if self._open is None:
            drive = self._settings.watch == "drive"
            self._open = open_transport(
                self._settings, self._context, ("sinks", self._context.name), read_only=False, drive=drive
            )
        return self._open

    @property
    def place(self) -> str:
        """What tells this spreadsheet from every other."""
        return f"sheet {self._settings.base_url} {self._settings.spreadsheet}"

    @property
    def url(self) -> str:
        """Where a person looks at the spreadsheet."""
        host = "https://docs.google.com" if self._settings.base_url == GOOGLE else self._settings.base_url
        return f"{host}/spreadsheets/d/{self._settings.spreadsheet}/edit"

    def close(self) -> None:
        """Give back connections."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        """Return what is wrong with credentials and permissions; asks for the spreadsheet's properties.

        With ``probe``, also try what nobody has shown about Google and the fence relies on (writes hidden
        metadata, and removes it).
        """
        place = ("sinks", self._context.name)
        try:
            self._call("GET", "", params={"fields": "spreadsheetId,sheets.properties.sheetId"})
            return try_out(self._call, place, self._context.notify) if probe else []
        except QASyncError as error:
            problems = getattr(error, "problems", None)
            return list(problems) if problems else [Problem(what=str(error), path=place)]

    def _call(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        return self.transport.call(method, self._settings.spreadsheet, path, params=params, body=body)

    # -- requests of people ------------------------------------------------------------------------------------

    def changed(self) -> bool:
        """Tell whether anybody may have changed the spreadsheet since the last call.

        By Drive's list of changes, which costs no call of Sheets; where it may not be asked, always true.
        """
        if self._settings.watch != "drive":
            return True
        account = f"{self._settings.base_url} {self.transport.account} {self._context.folder}"
        try:
            return changes_of(account).has(self._settings.spreadsheet, self.transport.drive)
        except (AuthError, SinkError):
            self._context.notify("Drive does not tell of changes (its API, or the scope, is missing): reading instead")
            return True

    def last_editor(self) -> str:
        """Return who changed the spreadsheet last; "" where Drive may not be asked."""
        if self._settings.watch != "drive":
            return ""
        try:
            return last_edit(self._settings.spreadsheet, self.transport.drive).who
        except QASyncError:
            return ""

    # -- read ------------------------------------------------------------------------------------------------

    def present(self, tabs: Sequence[TabShape]) -> Present:
        """Return what managed columns hold now: one call where the marks are remembered, two otherwise.

        Raises:
            AuthError, TransientError: no answer to be had. SinkError: a tab lost its key column.
        """
        # The fence must be older than what is read: then a write in between makes ours fail, not go wrong.
        remembered = self._memory.recall()
        marks = remembered or self._search()
        found = self._read(marks, tabs)
        if remembered is not None and reading.missing(marks, tabs, found):
            marks = self._search()
            found = self._read(marks, tabs)
        self._memory.keep(marks)
        there: dict[str, PresentTab] = {}
        for shape in tabs:
            tab = marks.tabs.get(tab_name(shape))
            if tab is None:
                continue
            one = reading.read_tab(shape, tab, found)
            if one is None:
                raise self._no_key(shape)
            there[shape.name] = one
        there = find_formulas(there, self._call)
        return Present(tabs=there, token=marks, url=self.url)

    def _search(self) -> Marks:
        return read_marks(search(self._call))

    def _read(self, marks: Marks, tabs: Sequence[TabShape]) -> reading.Answered:
        ids = reading.wanted_marks(marks, tabs)
        if not ids:
            return reading.Answered()
        answer = self._call("POST", "/values:batchGetByDataFilter", body=reading.values_request(ids))
        return reading.read_values(answer, frozenset(tab.head_mark for tab in marks.tabs.values()))

    def _no_key(self, shape: TabShape) -> SinkError:
        label = next(f.label for f in shape.fields if f.name == shape.key)
        self._memory.forget()
        return SinkError(
            f"tab {shape.title!r}: its key column {label!r} is gone; undo the deletion in the Sheet, "
            "or delete the whole tab to have it made anew"
        )

    # -- write -----------------------------------------------------------------------------------------------

    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        """Carry out the plans in one batch, or several where it would be larger than Google advises.

        Raises:
            LostRace: somebody wrote, or moved columns or tabs, since ``present`` was read: nothing of the
                batch happened; read and plan again.
            AuthError, TransientError, SinkError: nothing of the batch happened, or nobody knows (then the next
                refresh finds out by itself).
        """
        if all(plan.is_empty for plan in plans):
            return Receipt(data_cells=0, calls=self.transport.calls, url=self.url, notes=self._notes(plans, present))
        sender = Sender(self.transport, self._settings.spreadsheet, self._context.notify)
        guarded = self._settings.unverified.column_guard == "recreate"
        try:
            outcome = Writing(plans, present, self._call, sender, guarded=guarded).run()
        except QASyncError:
            # Whatever is remembered may be what was wrong.
            self._memory.forget()
            raise
        self._memory.keep(outcome.marks)
        cells = sum(plan.data_cells for plan in plans)
        return Receipt(data_cells=cells, calls=self.transport.calls, url=self.url, notes=outcome.notes)

    def _notes(self, plans: Sequence[TabPlan], present: Present) -> tuple[str, ...]:
        tabs = ((plan, present.tabs.get(plan.wanted.shape.name)) for plan in plans)
        return tuple(note for plan, tab in tabs if tab is not None for note in old_target(plan, tab.handle).notes)
