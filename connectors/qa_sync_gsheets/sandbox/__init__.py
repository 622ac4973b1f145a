"""A stand-in for Google Sheets and Drive on this machine: a real HTTP server that keeps to Google's contract.

What it knows about Google is written down where it is used; what nobody has shown is a named switch
(``Switches``), and qa-sync is tested under both answers. It computes only the simplest formulas.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qa_sync_gsheets.sandbox.app import App, Logged
from qa_sync_gsheets.sandbox.cell import Cell
from qa_sync_gsheets.sandbox.contract import find_documents, load_contract
from qa_sync_gsheets.sandbox.drive import Clock, Drive, now_utc
from qa_sync_gsheets.sandbox.faults import Faults, Quota
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.human import Human
from qa_sync_gsheets.sandbox.seed import KEYS, as_cell, queue_rows, roster_rows
from qa_sync_gsheets.sandbox.server import Server
from qa_sync_gsheets.sandbox.store import load, save
from qa_sync_gsheets.sandbox.tokens import EMAIL, Tokens, as_text
from qa_sync_gsheets.sandbox.view import pages_of
from qa_sync_gsheets.sandbox.workbook import Switches, Workbook

__all__ = ["SheetsSandbox", "Switches", "start"]

KEY_VARIABLE = "QA_SYNC_SANDBOX_SHEETS_KEY"
DASHBOARD, INPUT = "QA dashboard", "QA roster"


class SheetsSandbox:
    """A running emulator with one spreadsheet for a dashboard and, after ``load``, one that people keep."""

    def __init__(
        self,
        *,
        port: int = 0,
        persist: Path | None = None,
        switches: Switches | None = None,
        contracts: Sequence[Path] | None = None,
        require_token: bool = False,
        account: str = EMAIL,
        may_create: bool = True,
        quota_per_minute: int | None = None,
        clock: Clock = now_utc,
    ) -> None:
        switches = switches or Switches()
        drive = Drive(clock, switches, may_create=may_create)
        drive.account = account
        paths = find_documents() if contracts is None else tuple(contracts)
        known = {path.name.split(".")[0]: load_contract(path) for path in paths}
        self._app = App(drive, known, Tokens(required=require_token, email=account), quota=Quota(quota_per_minute))
        self._persist = persist
        if persist is not None:
            load(drive, persist, switches)
            self._app.on_change = self.save
        self.drive = drive
        self.human = Human(drive, self._app.lock, self._app.on_change)
        self._server = Server(self._app, port)
        self._key = as_text(self._app.tokens.new_key(f"{self.url}/token")) if require_token else ""

    # -- what a workspace needs ------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Address of the server, without a trailing slash."""
        return self._server.url

    def settings(self) -> Mapping[str, object]:
        """Return the settings of a sink on the dashboard spreadsheet."""
        return {
            "connector": "gsheets",
            "spreadsheet": self.spreadsheet(DASHBOARD),
            "base_url": self.url,
            "credentials": self._credentials(),
        }

    def source_settings(self) -> Mapping[str, object]:
        """Return the settings of a source on the spreadsheet that ``load`` filled."""
        tabs = {name: {"title": name.capitalize(), "key": key} for name, key in KEYS.items()}
        return {
            "connector": "gsheets",
            "spreadsheet": self.spreadsheet(INPUT),
            "base_url": self.url,
            "tabs": tabs,
            "credentials": self._credentials(),
        }

    def workspace(self) -> Mapping[str, Mapping[str, object]]:
        """Return the entries of a workspace: the roster as a source, the dashboard spreadsheet as a sink."""
        whole = self.source_settings()
        tabs = whole["tabs"]
        assert isinstance(tabs, dict)  # noqa: S101
        # The queues of groups come with the ticket system's own mapping; the tab is there to be tried out.
        roster = {**whole, "mapping": "mappings/roster.yaml", "tabs": {"roster": tabs["roster"]}}
        return {"sources": {"roster": roster}, "sinks": {"sheet": dict(self.settings())}}

    def pages(self) -> Mapping[str, str]:
        """Return a page for each visible tab of the dashboard, by file name; the first is sheet.html."""
        with self._app.lock:
            return pages_of(self.book(self.spreadsheet(DASHBOARD)))

    def _credentials(self) -> Mapping[str, object]:
        if self._key:
            return {"kind": "service_account", "json": "${" + KEY_VARIABLE + "}"}
        return {"kind": "anonymous"}

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that the settings refer to."""
        return {KEY_VARIABLE: self._key} if self._key else {}

    def page_url(self, file_id: str) -> str:
        """Return where a person looks at a spreadsheet."""
        return self._app.page(file_id)

    def stop(self) -> None:
        """End the server; with ``persist`` the spreadsheets are kept."""
        self.save()
        self._server.stop()

    def save(self) -> None:
        """Write the spreadsheets to the ``persist`` file, if there is one."""
        if self._persist is not None:
            with self._app.lock:
                save(self.drive, self._persist)

    # -- spreadsheets ----------------------------------------------------------------------------------------

    def spreadsheet(self, title: str) -> str:
        """Return the id of the spreadsheet of a title, making it where it does not exist."""
        with self._app.lock:
            for file_id, file in self.drive.files.items():
                if file.book.title == title:
                    return file_id
            return self.create_spreadsheet(title)

    def create_spreadsheet(self, title: str) -> str:
        """Make an empty spreadsheet, as a person would, and return its id."""
        with self._app.lock:
            book = self.drive.new(title)
        self._app.on_change()
        return book.id

    def book(self, file_id: str) -> Workbook:
        """Return the state of a spreadsheet, for tests."""
        return self.drive.files[file_id].book

    def add_tab(self, file_id: str, title: str, rows: Sequence[Sequence[Any]]) -> int:
        """Add (or fill anew) a tab with rows of Python values and return its sheet id; dates are real dates."""
        with self._app.lock, self.book(file_id).changing() as draft:
            grid = draft.titled(title)
            if grid is None:
                width = max((len(row) for row in rows), default=0)
                grid = Grid(draft.new_id(), title, max(len(rows) + 20, 100), max(width + 2, 12))
                draft.sheets.append(grid)
            grid.cells = {}
            for number, row in enumerate(rows):
                grid.put(number, [(column, Cell(*as_cell(value))) for column, value in enumerate(row)])
            sheet_id = grid.sheet_id
        self._app.on_change()
        return sheet_id

    def load(self, programme: Any) -> None:
        """Fill the roster and the queue lookup of a generated programme into one spreadsheet."""
        file_id = self.spreadsheet(INPUT)
        self.add_tab(file_id, "Roster", roster_rows(programme))
        self.add_tab(file_id, "Queues", queue_rows(programme))

    def unshare(self, file_id: str) -> None:
        """Answer 403 for a spreadsheet, as if nobody had shared it with us."""
        self.drive.files[file_id].private = True

    # -- what went on, and what is to go wrong ------------------------------------------------------------------

    @property
    def faults(self) -> Faults:
        """Faults to come."""
        return self._app.faults

    @property
    def log(self) -> deque[Logged]:
        """Requests so far (the last 20,000)."""
        return self._app.log

    @property
    def deviations(self) -> list[str]:
        """Answers of the emulator that do not fit Google's document: must stay empty."""
        return self._app.deviations

    @property
    def is_checked(self) -> bool:
        """True when the discovery documents were found."""
        return "sheets" in self._app.contracts

    def before_next_write(self, edit: Callable[[], None]) -> None:
        """Let people edit after the client's read, just before its next write takes effect."""
        self._app.interruptions.append(edit)

    def expire_tokens(self) -> None:
        """Make every token given so far worthless."""
        self._app.tokens.expire()


def start(
    programme: Any = None,
    *,
    port: int = 0,
    folder: Path | None = None,
    persist: str | Path | None = None,
    **options: Any,
) -> SheetsSandbox:
    """Start the emulator on loopback.

    Args:
        programme: a generated programme to fill in (``qa_sync.testing.programme``), or nothing.
        port: 0 for any free one.
        folder: keeps the spreadsheets from one run to the next, in ``sheets.json``.
        persist: the same, with a file name of one's own.
        options: as ``SheetsSandbox``: switches, contracts, require_token, account, may_create, quota_per_minute, clock.
    """
    kept = Path(persist) if persist is not None else folder / "sheets.json" if folder is not None else None
    sandbox = SheetsSandbox(port=port, persist=kept, **options)
    if programme is not None:
        sandbox.load(programme)
    return sandbox
