"""How a QA stream is read: workspace by workspace, window by window, page by page. Arithmetic only; no HTTP here.

Nothing documents the page base, the order of rows or how large a page may be, and reviews change long after they
were written. So the first page is asked for without a number and the echo says which it was; an empty page ends a
window, or a short one once the told total is reached; each pass begins ``look_back`` seconds before the watermark,
and now and then at the very beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from qa_sync.errors import SourceError
from qa_sync.model.system import PAGE
from qa_sync.ports import Page
from qa_sync_zendesk.clock import iso
from qa_sync_zendesk.qa.position import QAPosition, Under
from qa_sync_zendesk.qa.rows import QAPage
from qa_sync_zendesk.qa.streams import QAEndpoint, Reading

#: Rows asked for; the server may give fewer, and says so.
PAGE_SIZE = 100
#: So many pages of one window, and nobody believes that there is an end.
MOST_PAGES = 100_000
_DAY = 86_400


class QAFetch(Protocol):
    """Gets and takes apart one page of one workspace ("" for the account)."""

    def __call__(self, workspace: str, params: Mapping[str, str]) -> QAPage:
        """Return the page.

        Raises:
            AuthError, TransientError, SourceError: it cannot be had.
        """
        ...


def read_whole(endpoint: QAEndpoint, workspaces: Sequence[str], fetch: QAFetch) -> Iterator[Page]:
    """Yield one page with the whole list, always read from its beginning, since such lists are short."""
    pages = [fetch(workspace, {}) for workspace in (workspaces if endpoint.by_workspace else [""])]
    rejects = pa.concat_tables([page.rejects for page in pages]) if pages else Page(records=_NONE, cursor="").rejects
    records = pa.concat_tables([page.records for page in pages]).combine_chunks() if pages else _NONE
    # An unreadable record is not in the list, and must not be taken for a deleted one.
    yield Page(
        records=records, rejects=rejects, cursor=QAPosition().to_text(), listing=rejects.num_rows == 0, last=True
    )


def read_dated(
    endpoint: QAEndpoint,
    position: QAPosition,
    workspaces: Sequence[str],
    *,
    reading: Reading,
    now: int,
    fetch: QAFetch,
) -> Iterator[Page]:
    """Yield the pages of all that may have changed since the position.

    A pass that reads all workspaces from their beginning, and saw the same total from first to last page, is a
    complete listing: what it does not name was deleted. The first pass is not one, so that it can be broken off
    and resumed.

    Raises:
        SourceError: the pages of a window go round in circles.
    """
    units = list(workspaces) if endpoint.by_workspace else [""]
    whole = {unit: _is_whole(position, unit, reading, now) for unit in units}
    listing = all(whole.values()) and set(position.read) == set(units) and bool(units) and not position.under
    for at, unit in enumerate(units):
        run = _Run(endpoint, unit, fetch, reading)
        state = position.under.get(unit) or Under(
            goal=now, whole=whole[unit], since=_since(position, unit, reading, whole[unit])
        )
        for page, after in run.pages(state, now):
            finished = after is None
            position = (
                position.done(unit, state.goal, whole=state.whole) if after is None else position.begun(unit, after)
            )
            listing = listing and run.is_steady and page.rejects.num_rows == 0
            yield Page(
                records=page.records,
                rejects=page.rejects,
                cursor=position.to_text(),
                listing=listing,
                last=finished and at == len(units) - 1,
            )
    if not units:
        yield Page(records=_NONE, cursor=position.to_text(), last=True)


def _is_whole(position: QAPosition, unit: str, reading: Reading, now: int) -> bool:
    last = position.whole.get(unit)
    return unit not in position.read or last is None or now - last >= reading.full_every


def _since(position: QAPosition, unit: str, reading: Reading, whole: bool) -> int:
    return reading.start if whole else max(reading.start, position.read[unit] - reading.look_back)


@dataclass(slots=True)
class _Run:
    """The windows of one workspace, one after the other."""

    endpoint: QAEndpoint
    unit: str
    fetch: QAFetch
    reading: Reading
    is_steady: bool = True

    def pages(self, state: Under, now: int) -> Iterator[tuple[QAPage, Under | None]]:
        """Yield each page with the state behind it, None behind the last."""
        # Rows may have been deleted since, and what followed moved up by as many: the page before comes again.
        page = None if state.page is None else state.page - 1
        since, cursor = state.since, state.cursor
        while True:
            until = since + self.endpoint.window_days * _DAY if self.endpoint.window_days else now
            dates = {"fromDate": iso(since)}
            # The last window is open: a clock that is ahead of ours must not hide what was written just now.
            if until < now:
                dates["toDate"] = iso(until)
            window = (
                self._by_cursor(dates, cursor) if self.endpoint.paging == "cursor" else self._by_number(dates, page)
            )
            for found, following in window:
                if following is not None:
                    yield found, _within(state, since, following)
                elif until < now:
                    yield found, _within(state, until, None)
                else:
                    yield found, None
                    return
            since, page, cursor = until, None, ""

    def _by_number(self, dates: Mapping[str, str], first: int | None) -> Iterator[tuple[QAPage, int | None]]:
        seen = _Seen()
        page = first
        for _ in range(MOST_PAGES):
            params = {**dates, "pageSize": str(PAGE_SIZE)}
            found = self.fetch(self.unit, params if page is None else {**params, "page": str(page)})
            if seen.is_over(self.endpoint.name, found, asked=page, resumed=first is not None):
                self.is_steady = self.is_steady and seen.is_steady
                yield found, None
                return
            page = found.page + 1 if page is None else page + 1
            yield found, page
        raise _endless(self.endpoint.name)

    def _by_cursor(self, dates: Mapping[str, str], cursor: str) -> Iterator[tuple[QAPage, str | None]]:
        known, resumed = {cursor} - {""}, bool(cursor)
        for _ in range(MOST_PAGES):
            params = {**dates, "pageSize": str(PAGE_SIZE)}
            try:
                found = self.fetch(self.unit, {**params, "cursor": cursor} if cursor else params)
            except SourceError as error:
                if not resumed or getattr(error, "status", None) not in {400, 404, 410, 422}:
                    raise
                # The cursor kept from another day has expired: the window is read again from its beginning.
                cursor, resumed, known = "", False, set()
                continue
            resumed = False
            if not found.next_cursor:
                yield found, None
                return
            if found.next_cursor in known:
                raise _endless(self.endpoint.name)
            known.add(found.next_cursor)
            cursor = found.next_cursor
            yield found, cursor
        raise _endless(self.endpoint.name)


@dataclass(slots=True)
class _Seen:
    """What the pages of one window had, to know when it is over."""

    rows: int = 0
    totals: set[int] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    repeats: int = 0

    @property
    def is_steady(self) -> bool:
        """Whether the same total was told throughout, and at least as many rows or records were seen."""
        return len(self.totals) <= 1 and max(self.rows, len(self.ids)) >= max(self.totals, default=0)

    def is_over(self, name: str, page: QAPage, *, asked: int | None, resumed: bool) -> bool:
        """Take one page in; return whether it ends the window.

        Raises:
            SourceError: page after page repeats what came before, and more was promised.
        """
        if page.total:
            self.totals.add(page.total)
        new = set(page.ids) - self.ids
        self.ids |= new
        if not page.rows:
            return True
        if asked is not None and page.page < asked and not new and page.page:
            return True  # asked for one beyond the end, the server shows the last page again
        if not new and page.ids:
            self.repeats += 1
            if self.repeats > 1:
                if self.is_steady:
                    return True
                raise _endless(name)
            return False
        self.repeats = 0
        self.rows += page.rows
        reached = self.rows >= page.total > 0 and not resumed
        return reached and page.rows < (page.size or PAGE_SIZE)


def _within(state: Under, since: int, following: int | str | None) -> Under:
    page = following if isinstance(following, int) else None
    cursor = following if isinstance(following, str) else ""
    return Under(goal=state.goal, whole=state.whole, since=since, page=page, cursor=cursor)


def _endless(name: str) -> SourceError:
    return SourceError(f"{name}: the pages of Zendesk QA repeat and do not come to an end; run again later")


_NONE = PAGE.empty_table()
