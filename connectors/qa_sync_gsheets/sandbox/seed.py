"""Fill the emulator with what a programme keeps in a Sheet: the roster, and which queue a group works."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from qa_sync_gsheets.sandbox.serial import to_serial

ROSTER = (
    "employee_number",
    "name",
    "email",
    "user_name",
    "role",
    "site",
    "site_kind",
    "team",
    "queue",
    "valid_from",
    "valid_to",
)
QUEUES = ("group_name", "queue")
#: Columns of the seeded tabs that make up the key of a row.
KEYS = {"roster": ["employee_number", "role", "valid_from"], "queues": ["group_name"]}


def roster_rows(programme: Any) -> list[list[Any]]:
    """Return the roster tab of a programme, header first: one row per person, role and period."""
    people = {one["person_no"]: one for one in programme.people.to_pylist()}
    rows: list[list[Any]] = [list(ROSTER)]
    for one in programme.rosters.to_pylist():
        merged = {**people[one["person_no"]], **one}
        rows.append([merged.get(name) for name in ROSTER])
    return rows


def queue_rows(programme: Any) -> list[list[Any]]:
    """Return the lookup of a programme's groups to queues, header first."""
    return [list(QUEUES), *([group, queue] for group, queue in sorted(programme.group_queues.items()))]


def as_cell(value: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return the stored value and format of a Python value; dates become serial numbers with a date format."""
    if isinstance(value, datetime):
        form = {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss"}
        return to_serial(value.replace(tzinfo=None)), {"numberFormat": form}
    if isinstance(value, date):
        form = {"type": "DATE", "pattern": "yyyy-mm-dd"}
        return to_serial(datetime(value.year, value.month, value.day)), {"numberFormat": form}  # noqa: DTZ001
    if isinstance(value, bool) or value is None:
        return value, None
    if isinstance(value, (int, float)):
        return float(value), None
    return str(value) or None, None
