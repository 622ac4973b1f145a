"""Daily feeds beside the evaluation detail: what happened in appeals, and calibration sessions with those invited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

APPEALS, SESSIONS = "appeals_{day:%Y%m%d}.csv", "calibration_sessions_{day:%Y%m%d}.csv"
APPEAL_COLUMNS = (
    "Appeal ID",
    "Event Number",
    "Event",
    "Event Date",
    "Report ID",
    "Form Component Key",
    "Employee",
    "Reviewer",
    "Appeal Category",
    "Report Code",
    "Answer Before",
    "Answer After",
    "Score Before",
    "Score After",
)
SESSION_COLUMNS = (
    "Session ID",
    "Ticket ID",
    "Form ID",
    "Form Version",
    "Agreed Evaluation",
    "Opened",
    "Due",
    "Closed",
    "Participant",
    "Participation",
    "Evaluation Key",
)
_EVENTS = {"opened": "Opened", "in_review": "In review", "retracted": "Withdrawn", "resolved": "Resolved"}
_CODES = {"upheld": "Upheld", "overturned_full": "Overturned", "overturned_partial": "Partially overturned"}
Rows = dict[date, list[list[str]]]
#: From a moment to its local day, and to the text that these files write.
Day = Callable[[datetime], date]
Text = Callable[[datetime | None], str]


def appeals(programme: Any, day_of: Day, text: Text) -> Iterator[tuple[date, list[list[str]]]]:
    """Yield the appeal events of each local day, in the order of time; an event is told once and never again."""
    numbers = _numbers(programme)
    days: Rows = defaultdict(list)
    for row in sorted(programme.disputes.to_pylist(), key=lambda row: (row["event_at"], row["dispute_no"])):
        days[day_of(row["event_at"])].append(
            [
                str(row["dispute_no"]),
                str(row["event_no"]),
                _EVENTS[row["event"]],
                text(row["event_at"]),
                str(row["evaluation_no"]),
                row["criterion_key"],
                numbers.get(row["raised_by_no"], ""),
                numbers.get(row["decided_by_no"], ""),
                row["category"],
                _CODES.get(row["outcome"], ""),
                row["option_before"] or "",
                row["option_after"] or "",
                _score(row["score_before"]),
                _score(row["score_after"]),
            ]
        )
    yield from sorted(days.items())


def sessions(programme: Any, day_of: Day, text: Text) -> Iterator[tuple[date, list[list[str]]]]:
    """Yield the sessions told on each local day: as they are called, and once more when they are closed."""
    numbers = _numbers(programme)
    invited: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for person in programme.participants.to_pylist():
        invited[person["session_no"]].append(person)
    days: Rows = defaultdict(list)
    for session in programme.calibrations.to_pylist():
        for closed in (None, session["closed_at"]) if session["closed_at"] else (None,):
            shared = [
                str(session["session_no"]),
                str(session["ticket_no"]),
                session["form_id"],
                session["form_version"],
                str(session["baseline_evaluation_no"]) if closed else "",
                text(session["opened_at"]),
                text(session["due_at"]),
                text(closed),
            ]
            for person in invited[session["session_no"]]:
                answered = str(person["evaluation_no"]) if closed and person["evaluation_no"] else ""
                status = person["status"].capitalize() if closed else "Invited"
                days[day_of(closed or session["opened_at"])].append(
                    [*shared, numbers.get(person["person_no"], ""), status, answered]
                )
    yield from sorted(days.items())


def _numbers(programme: Any) -> dict[int, str]:
    return {person["person_no"]: person["employee_number"] for person in programme.people.to_pylist()}


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
