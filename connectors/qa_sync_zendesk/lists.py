"""How lists outside the exports are read: whole, from a moment on, ticket by ticket. Arithmetic only; no HTTP here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from qa_sync.errors import AuthError, SourceError
from qa_sync.model.system import PAGE
from qa_sync.ports import Page
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.export import Fetch
from qa_sync_zendesk.position import Position
from qa_sync_zendesk.wire import Slice

#: Records of a page.
LISTING_PAGE = 100
#: Ratings change after they were given: so many seconds before the last reading are read again.
LOOK_BACK = 35 * 86_400
_ABSENT = frozenset({403, 404})
_STALE = frozenset({400, 404, 410, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of several lists of which an account has some: its name, how it is fetched, and since when."""

    name: str
    fetch: Fetch
    since: tuple[str, int]


def read_listing(name: str, *, fetch: Fetch) -> Iterator[Page]:
    """Yield one page with the whole list, always read from its beginning, since lists are short.

    Raises:
        SourceError: the list goes round in circles.
    """
    records, rejects = _whole(name, fetch)
    yield Page(
        records=records,
        rejects=rejects,
        cursor=Position().to_text(),
        # An unreadable record is not in the list, and must not be taken for a deleted one.
        listing=rejects.num_rows == 0,
        last=True,
    )


def read_since(name: str, position: Position, kinds: Iterable[Kind], *, start: int, clock: Clock) -> Iterator[Page]:
    """Yield the pages of every kind the account has, from somewhat before the last reading on.

    Raises:
        SourceError: it has none of them, or a list goes round in circles.
        AuthError: it lets us read none of them.
    """
    goal, resumed_kind, token = _under_way(position, clock)
    begin = start if position.time is None else max(start, position.time - LOOK_BACK)
    refusals: list[SourceError | AuthError] = []
    names = [kind.name for kind in kinds]
    found = False
    for kind in kinds:
        if resumed_kind and names.index(kind.name) < names.index(resumed_kind):
            found = True
            continue
        parameter, unit = kind.since
        constant = {parameter: str(begin * unit), "page[size]": str(LISTING_PAGE)}
        try:
            for piece, after in _pages(name, kind.fetch, constant, token if kind.name == resumed_kind else ""):
                found = True
                under = Position(after=f"{goal} {kind.name} {after}", time=position.time)
                yield Page(records=piece.records, rejects=piece.rejects, cursor=under.to_text())
        except (SourceError, AuthError) as error:
            if getattr(error, "status", None) not in _ABSENT:
                raise
            refusals.append(error)
    if not found and refusals:
        raise refusals[-1]
    yield Page(records=PAGE.empty_table(), cursor=Position(time=goal).to_text(), last=True)


def read_per_ticket(
    name: str,
    position: Position,
    tickets: Iterable[int],
    fetch_of: Callable[[int], Fetch],
    notify: Callable[[str], None],
) -> Iterator[Page]:
    """Yield all records of each ticket, one page a ticket, smallest number first.

    A ticket that is not there any more is told of and passed over.
    """
    done = int(position.after) if position.after and position.after.isdecimal() else -1
    for ticket in sorted(set(tickets)):
        if ticket <= done:
            continue
        try:
            records, rejects = _whole(name, fetch_of(ticket))
        except SourceError as error:
            if getattr(error, "status", None) != 404:
                raise
            notify(f"{name}: there is no ticket {ticket}")
            continue
        yield Page(records=records, rejects=rejects, cursor=Position(after=str(ticket)).to_text())
    yield Page(records=PAGE.empty_table(), cursor=Position().to_text(), last=True)


def _whole(name: str, fetch: Fetch) -> tuple[pa.Table, pa.Table]:
    """Return the records and the rejects of all pages of a list, read from its beginning."""
    pieces = [piece for piece, _ in _pages(name, fetch, {"page[size]": str(LISTING_PAGE)}, "")]
    records = pa.concat_tables([piece.records for piece in pieces]).combine_chunks()
    return records, pa.concat_tables([piece.rejects for piece in pieces])


def _pages(name: str, fetch: Fetch, constant: Mapping[str, str], token: str) -> Iterator[tuple[Slice, str]]:
    """Yield the pages of a cursor list, each with the cursor behind it ("" behind the last)."""
    seen: set[str] = set()
    number = 1
    params = {**constant, "page[after]": token} if token else dict(constant)
    while True:
        try:
            piece = fetch(params)
        except SourceError as error:
            if not token or getattr(error, "status", None) not in _STALE:
                raise
            params, token = dict(constant), ""  # the cursor of an earlier run has expired: from the beginning
            continue
        token = ""
        meta = piece.envelope.meta or {}
        if meta.get("has_more"):
            after = meta.get("after_cursor")
            if not isinstance(after, str) or after in seen:
                msg = f"{name}: the list says that more follows, but not where"
                raise SourceError(msg)
            seen.add(after)
            params = {**constant, "page[after]": after}
            yield piece, after
        elif piece.envelope.next_page and piece.count:
            number += 1
            params = {**constant, "page": str(number), "per_page": constant["page[size]"]}
            del params["page[size]"]  # both ways of paging in one request are refused
            yield piece, ""
        else:
            yield piece, ""
            return


def _under_way(position: Position, clock: Clock) -> tuple[int, str, str]:
    """Return when the pass began, and the kind and cursor at which it was broken off ("" for a new one)."""
    parts = (position.after or "").split(" ", 2)
    if len(parts) == 3 and parts[0].isdecimal():
        return int(parts[0]), parts[1], parts[2]
    return int(clock.now()), "", ""
