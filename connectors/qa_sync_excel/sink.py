"""The sink: read the workbook once, draw it anew when a plan changes anything, replace it in one step."""

from __future__ import annotations

from collections.abc import Sequence

from qa_sync.dashboards.cells import Present, PresentTab, Receipt, TabPlan, TabShape
from qa_sync.dashboards.look import shape_hash
from qa_sync.errors import ConfigError, Problem, SinkError
from qa_sync.ports import Context
from qa_sync_excel.book import Book, open_book
from qa_sync_excel.drawing import draw
from qa_sync_excel.foreign import read_foreign
from qa_sync_excel.merging import Sheet, merge, unchanged
from qa_sync_excel.registry import SHEET, identity
from qa_sync_excel.settings import ExcelSettings
from qa_sync_excel.texts import sheet_title
from qa_sync_excel.there import There, find_tab, present_tab
from qa_sync_excel.writing import in_the_way, replace_file


class ExcelSink:
    """One workbook on disk."""

    def __init__(self, settings: ExcelSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._path = settings.file(context.folder)
        self._name = settings.path

    @property
    def place(self) -> str:
        """What tells this workbook from every other."""
        return f"file {self._path.resolve()}"

    def present(self, tabs: Sequence[TabShape]) -> Present:
        """Return what managed columns hold now.

        Raises:
            SinkError: the file cannot be read. ConfigError: it is somebody else's workbook.
        """
        book = self._open()
        found: dict[str, PresentTab] = {}
        everything = all_tabs(book)
        for shape in tabs:
            if identity(shape) in everything:
                found[shape.name] = present_tab(everything[identity(shape)])
        return Present(tabs=found, token=book, url=str(self._path))

    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        """Draw the workbook as the plans want it; where they want nothing, the file is not touched.

        Raises:
            SinkError: the file is open elsewhere, has changed since it was read, or cannot be written.
        """
        if all(plan.is_empty for plan in plans):
            return Receipt(data_cells=0, url=str(self._path))
        book: Book | None = present.token
        now = open_book(self._path, self._name)
        if (now.digest if now else "") != (book.digest if book else ""):
            msg = f"{self._name} was changed by somebody while it was being planned: run again"
            raise SinkError(msg)
        notes: list[str] = []
        everything = all_tabs(book)
        ours = {there.title for there in everything.values()}
        foreign = [title for title in (book.titles if book else ()) if title not in ours and title != SHEET]
        sheets = self._sheets(plans, everything, foreign)
        lost = sum(sheet.lost_formulas for sheet in sheets)
        if lost:
            notes.append(f"{lost} formulas of analysts are values now, because columns have moved")
        if book is not None and foreign and book.has_more_than_cells(tuple(foreign)):
            notes.append(self._keep_aside(book))
        hashes = {name: there.registered.shape_hash for name, there in everything.items()}
        hashes |= {identity(plan.wanted.shape): shape_hash(plan.wanted.shape) for plan in plans}
        content = draw(
            sheets,
            hashes,
            title=self._settings.title or self._path.stem,
            foreign=read_foreign(book, foreign) if book else (),
        )
        replace_file(self._path, content, self._name)
        return Receipt(
            data_cells=sum(plan.data_cells for plan in plans), calls=1, url=str(self._path), notes=tuple(notes)
        )

    def check(self, *, probe: bool = False) -> Sequence[Problem]:  # noqa: ARG002
        """Return what would keep the workbook from being replaced."""
        place = ("sinks", self._context.name, "path")
        why = in_the_way(self._path, self._name)
        if why:
            return [Problem(what=why, path=place)]
        try:
            self._open()
        except ConfigError as error:
            return list(error.problems)
        except SinkError as error:
            return [Problem(what=str(error), path=place)]
        return []

    def close(self) -> None:
        """Nothing stays open."""

    def _open(self) -> Book | None:
        book = open_book(self._path, self._name)
        if book is not None and book.registered is None:
            what = f"{self._name} exists and was not made by qa-sync"
            hint = "set another path, or move that workbook away"
            raise ConfigError(Problem(what=what, hint=hint, path=("sinks", self._context.name, "path")))
        return book

    def _sheets(self, plans: Sequence[TabPlan], everything: dict[str, There], foreign: Sequence[str]) -> list[Sheet]:
        """Merge the planned tabs, in order, and those tabs of ours that are not planned now."""
        planned = {identity(plan.wanted.shape) for plan in plans}
        others = [unchanged(there) for name, there in everything.items() if name not in planned]
        # Dashboards that share a workbook keep their order, whichever of them is published.
        dashboards = [there.registered.shape.dashboard for there in everything.values()]
        taken, sheets = [*foreign, SHEET], list[Sheet]()
        for plan in sorted((*plans, *others), key=lambda one: _rank(one.wanted.shape.dashboard, dashboards)):
            there = everything.get(identity(plan.wanted.shape))
            renamed = there is not None and there.title != there.registered.title
            wanted = there.title if there is not None and renamed else plan.wanted.shape.title
            title = sheet_title(wanted, taken)
            taken.append(title)
            sheets.append(merge(plan, there, title))
        return sheets

    def _keep_aside(self, book: Book) -> str:
        """Keep the old file where people's sheets have charts or the like, which a new drawing cannot hold."""
        kept = self._path.with_name(f"{self._path.stem}.kept-{book.digest[:8]}{self._path.suffix}")
        if not kept.exists():
            replace_file(kept, book.content, kept.name)
        return f"own sheets had charts, comments or pivots, which are not redrawn: the workbook before is {kept.name}"


def all_tabs(book: Book | None) -> dict[str, There]:
    """Return the tabs of ours that a workbook has, by dashboard/tab."""
    found: dict[str, There] = {}
    if book is None or book.registered is None:
        return found
    claimed: set[str] = set()
    for name, registered in book.registered.items():
        there = find_tab(book, registered, claimed)
        if there is not None:
            claimed.add(there.title)
            found[name] = there
    return found


def _rank(dashboard: str, known: Sequence[str]) -> int:
    return known.index(dashboard) if dashboard in known else len(known)
