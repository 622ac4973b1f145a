"""When the next planned run is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def next_run(after: datetime, *, at: Sequence[str], days: Sequence[str], zone: str) -> datetime | None:
    """Return the first planned moment later than ``after``, in UTC; None without any.

    Args:
        after: a moment, with its zone.
        at: times of day as HH:MM.
        days: names of days, ``mon`` to ``sun``.
        zone: IANA zone that times and days are of. A time that a clock change leaves out comes an hour later.
    """
    local = after.astimezone(ZoneInfo(zone))
    for ahead in range(9):
        day = local.date() + timedelta(days=ahead)
        if DAYS[day.weekday()] not in days:
            continue
        for clock in sorted(at):
            moment = datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)
            if moment > after:
                return moment
    return None
