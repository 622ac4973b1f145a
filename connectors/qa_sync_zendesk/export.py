"""How an export is read: by cursor or by time. Arithmetic over pages; no HTTP here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from qa_sync.errors import SourceError, TransientError
from qa_sync.ports import Page
from qa_sync_zendesk.clock import RECENT_SECONDS, Clock
from qa_sync_zendesk.position import Position, time_in
from qa_sync_zendesk.wire import Slice

#: Restarted from a time, an export begins this much earlier, since that second may not have been read to its end.
OVERLAP_SECONDS = 1
#: How often a page without records that leads nowhere is asked for again, and the waits in between.
IDLE_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
#: So many pages in a row without a record, cursors moving, and nobody believes that there is an end.
MOST_EMPTY_PAGES = 500
#: Statuses that answer an export cursor which is no longer good.
_STALE = frozenset({400, 404, 410, 422})


class Fetch(Protocol):
    """Gets and slices one page; ``params`` are those of the position."""

    def __call__(self, params: Mapping[str, str]) -> Slice:
        """Return the page.

        Raises:
            AuthError, TransientError, SourceError: it cannot be had.
        """
        ...


def read_by_cursor(name: str, position: Position, *, start: int, fetch: Fetch, clock: Clock) -> Iterator[Page]:
    """Yield the pages of a cursor export: ``start_time`` once, then cursors; only ``end_of_stream`` ends it.

    Raises:
        SourceError: the cursor repeats although records came with it, or is refused again and again.
        TransientError: pages stay empty and lead nowhere.
    """
    after, behind = position.after, position.time
    seen = {after} if after else set()
    restarted_from, idle, empty = -1, 0, 0
    while True:
        moment = start if behind is None else behind
        try:
            piece = fetch({"cursor": after} if after else {"start_time": str(clock.startable(moment))})
        except SourceError as error:
            if not after or getattr(error, "status", None) not in _STALE or moment <= restarted_from:
                raise
            # The cursor has expired: take the time behind it. Records come again, none is missed.
            restarted_from, after = moment, None
            behind = max(0, moment - OVERLAP_SECONDS) if behind is not None else None
            seen.clear()
            continue
        around = piece.envelope
        following = around.after_cursor or _cursor_in(around.after_url)
        done = around.end_of_stream if around.end_of_stream is not None else following is None
        if following is None and not done:
            msg = f"{name}: a page says that more follows, but not where"
            raise SourceError(msg)
        if following in seen and not done:
            if piece.count:
                msg = f"{name}: the export's cursor repeats with records: it would go round for ever; run again later"
                raise SourceError(msg)
            _wait_idle(name, idle, clock)
            idle += 1
            continue
        idle, empty = 0, 0 if piece.count else empty + 1
        if empty > MOST_EMPTY_PAGES:
            msg = f"{name}: {MOST_EMPTY_PAGES} pages in a row held no record; run again later"
            raise TransientError(msg, retry_after=60.0)
        after = following or after
        shown = time_in(following) if following else None
        behind = shown if shown is not None else piece.newest if piece.newest is not None else behind
        yield Page(
            records=piece.records, rejects=piece.rejects, last=done, cursor=Position(after=after, time=behind).to_text()
        )
        if done:
            return
        if after:
            seen.add(after)


def read_by_time(name: str, position: Position, *, start: int, fetch: Fetch, clock: Clock) -> Iterator[Page]:
    """Yield the pages of a time-based export; the records of its boundary second come again.

    Raises:
        SourceError: the time does not move on although records came.
        TransientError: pages stay empty and do not move on.
    """
    moment, idle, gave_way, before = position.time if position.time is not None else start, 0, False, -1
    while True:
        asked = clock.startable(moment)
        if asked <= before < moment:
            asked = moment  # the account named it as the end of a page, by a clock that is ahead of ours
        try:
            piece = fetch({"start_time": str(asked)})
        except SourceError as error:
            recent = asked > clock.now() - 3600
            if gave_way or not recent or getattr(error, "status", None) not in {400, 422}:
                raise
            gave_way = True
            if asked > clock.startable(asked):
                clock.sleep(RECENT_SECONDS)  # it shows what is younger than it lets us ask for
            else:
                moment, before = asked - 600, -1  # by the account's clock, behind ours, that is too recent
            continue
        before = asked
        around = piece.envelope
        reached = around.end_time if around.end_time is not None else piece.newest
        reached = asked if reached is None else max(reached, asked)
        done = around.end_of_stream
        if done is None:
            # Some exports do not tell: where time does not move on, there is nothing more.
            done = around.next_page is None or reached <= asked
        if not done and reached <= asked:
            if piece.count:
                msg = f"{name}: the export's end_time does not move on although records came; run again later"
                raise SourceError(msg)
            _wait_idle(name, idle, clock)
            idle += 1
            continue
        moment, idle = reached, 0
        yield Page(records=piece.records, rejects=piece.rejects, cursor=Position(time=moment).to_text(), last=done)
        if done:
            return


def _wait_idle(name: str, idle: int, clock: Clock) -> None:
    """Wait before a page without records that leads nowhere is asked for again.

    Raises:
        TransientError: it has been asked for often enough.
    """
    if idle == len(IDLE_WAITS):
        msg = f"{name}: the export gives empty pages and does not move on; run again later"
        raise TransientError(msg, retry_after=60.0)
    clock.sleep(IDLE_WAITS[idle])


def _cursor_in(url: str | None) -> str | None:
    """Return the cursor of a next link. Never the link itself: it may name another host."""
    if not url:
        return None
    values = parse_qs(urlsplit(url).query).get("cursor")
    return values[0] if values else None
