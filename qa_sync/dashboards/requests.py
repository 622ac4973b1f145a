"""Requests for fresh data: which are carried out now, and which wait. Nothing here reads a sheet or a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A ticked box: of which dashboard, in which place of which sink, and by whom where that is known.

    The tab in which it stands says what it is for; nothing that a person wrote does.
    """

    dashboard: str
    place: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``now``: dashboard → the requests that one refresh answers. ``later``: request → when its turn is."""

    now: Mapping[str, tuple[Request, ...]] = field(default_factory=dict)
    later: Mapping[Request, datetime] = field(default_factory=dict)


def decide(requests: Sequence[Request], *, now: datetime, last: Mapping[str, datetime], spacing: timedelta) -> Decision:
    """Return what to do about requests: those of one dashboard are one refresh, and two refreshes stand apart.

    Args:
        requests: all boxes that are ticked.
        now: this moment.
        last: dashboard → when it was last refreshed, as far as known.
        spacing: the least time from one refresh of a dashboard to the next.
    """
    due: dict[str, tuple[Request, ...]] = {}
    later: dict[Request, datetime] = {}
    for request in dict.fromkeys(requests):
        before = last.get(request.dashboard)
        turn = before + spacing if before is not None else now
        # A clock that was set back never makes anybody wait longer than the spacing.
        if turn <= now or (before is not None and before > now):
            due[request.dashboard] = (*due.get(request.dashboard, ()), request)
        else:
            later[request] = turn
    return Decision(now=due, later=later)
