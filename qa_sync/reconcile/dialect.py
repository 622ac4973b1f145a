"""The few expressions that engines spell differently; all other SQL of reconciling is shared text.

Written for DuckDB. Another engine replaces this module's functions and nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime


def text(value: str) -> str:
    """Return a text literal."""
    return "'" + value.replace("'", "''") + "'"


def moment(at: datetime) -> str:
    """Return a literal of a moment.

    Raises:
        ValueError: the time has no zone.
    """
    if at.tzinfo is None:
        msg = f"a time without a zone cannot be compared with stored times: {at.isoformat()}; add its zone"
        raise ValueError(msg)
    return f"TIMESTAMPTZ '{at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00'"


def local_date(time: str, zone: str) -> str:
    """Return the calendar date that clocks in ``zone`` showed at a moment."""
    return f"CAST(timezone({text(zone)}, {time}) AS DATE)"


def iso_week(date: str) -> str:
    """Return the ISO week of a date, as 2026-W01; the year is the ISO year."""
    return f"strftime({date}, '%G-W%V')"


def days_between(start: str, end: str) -> str:
    """Return the days between two moments, with their fraction."""
    return f"date_diff('microsecond', {start}, {end}) / 8.64e10"


def exact_sum(expression: str) -> str:
    """Return a sum that does not depend on the order of rows; a sum of doubles differs in its last digits with it."""
    return f"CAST(sum(CAST({expression} AS DECIMAL(38, 15))) AS DOUBLE)"


def merged_labels(weaker: str, stronger: str) -> str:
    """Return two label maps as one; where both name a label the second holds; null counts as empty."""
    return f"coalesce(map_concat({weaker}, {stronger}), MAP {{}})"


def words(*conditions: tuple[str, str]) -> str:
    """Return the list of the words whose condition is true, in the order given; one of them must be true."""
    cases = ", ".join(f"CASE WHEN {condition} THEN {text(word)} END" for word, condition in conditions)
    return f"split(concat_ws(',', {cases}), ',')"


def row_no() -> str:
    """Return the expression that numbers rows in no particular order: an identity for joins, never a result."""
    return "row_number() OVER ()"
