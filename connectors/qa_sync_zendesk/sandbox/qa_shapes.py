"""A generated programme in Zendesk QA's shapes: its newest evaluations as reviews, disputes, calibration sessions."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

WORKSPACE = "11"
CONNECTION = "77"
#: Words of a customer or an evaluator; nothing of it may be stored unless it is kept on purpose.
_WORDS = "Aoife Customer was right: card ending 4929 was charged twice"
Rows = dict[tuple[str, str], list[dict[str, Any]]]


def rows_of(programme: Any) -> Rows:
    """Return rows by (kind, workspace), zeros included; the account leaves them out when it answers."""
    people = {row["person_no"]: row for row in programme.people.to_pylist()}
    forms = {(form["form_id"], form["version"]): 500 + at for at, form in enumerate(programme.forms)}
    newest = _newest(programme)
    return {
        ("workspaces", ""): [{"id": WORKSPACE, "name": "Support"}],
        ("users", ""): [{"id": str(no), "name": row["name"], "email": row["email"]} for no, row in people.items()],
        ("scorecards", WORKSPACE): [_scorecard(form, forms) for form in programme.forms],
        ("reviews", WORKSPACE): _conversations(newest, people, forms, calibration=False),
        ("disputes", WORKSPACE): _disputes(programme, people, newest),
        ("sessions", WORKSPACE): _sessions(programme, people, forms, newest),
    }


def _newest(programme: Any) -> dict[int, dict[str, Any]]:
    """Return each evaluation in its newest revision, with its answers; drafts and deleted ones are not shown."""
    found: dict[int, dict[str, Any]] = {}
    for row in programme.evaluations.to_pylist():
        kept = found.get(row["evaluation_no"])
        if kept is None or row["revision"] > kept["revision"]:
            found[row["evaluation_no"]] = {**row, "answers": []}
    for answer in programme.answers.to_pylist():
        evaluation = found[answer["evaluation_no"]]
        if answer["revision"] == evaluation["revision"]:
            evaluation["answers"].append(answer)
    return {no: row for no, row in found.items() if row["status"] == "active"}


def _conversations(newest: dict[int, Any], people: Any, forms: Any, *, calibration: bool) -> list[dict[str, Any]]:
    by_ticket: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in newest.values():
        if (row["session_no"] is not None) == calibration:
            by_ticket[row["ticket_no"]].append(_review(row, people, forms))
    return [
        {
            "externalId": str(ticket),
            "url": f"https://sandbox.invalid/qa/conversations/{ticket}",
            "externalUrl": f"https://sandbox.invalid/agent/tickets/{ticket}",
            "lastUpdatedISO": max(review["updatedISO"] for review in reviews),
            "createdAtISO": min(review["createdISO"] for review in reviews),
            "reviews": reviews,
            "comments": [{"id": str(ticket), "comment": _WORDS, "createdISO": reviews[0]["createdISO"]}],
            "workspaceId": WORKSPACE,
            "workspaceName": "Support",
            "sourceType": "ZENDESK",
        }
        for ticket, reviews in sorted(by_ticket.items())
    ]


def _review(row: dict[str, Any], people: Any, forms: Any) -> dict[str, Any]:
    scorecard = forms[(row["form_id"], row["form_version"])]
    return {
        "id": str(row["evaluation_no"]),
        "reviewer": _user(people, row["evaluator_no"]),
        "reviewee": _user(people, row["agent_no"]),
        "score": row["reported_score"] or 0,
        "ratings": [
            {
                "categoryId": str(category_id(scorecard, answer["criterion_key"])),
                "categoryName": answer["question"],
                "score": answer["points"] or 0,
                "weight": answer["max_points"] or 0,
                "critical": bool(answer["is_fail"]),
            }
            for answer in row["answers"]
            if answer["state"] == "valued"
        ],
        "comment": _WORDS,
        "createdISO": _iso(row["submitted_at"] or row["saved_at"]),
        "updatedISO": _iso(row["saved_at"]),
        "reviewTime": "300",
        "scorecard": {"id": str(scorecard), "name": f"{row['form_id']}{' ATA' if row['kind'] == 'ata' else ''}"},
    }


def category_id(scorecard: int, key: str) -> int:
    """Return the number under which a criterion stands on a scorecard."""
    return scorecard * 100_000 + sum(ord(sign) * (at + 1) for at, sign in enumerate(key)) % 100_000


def _scorecard(form: dict[str, Any], forms: Any) -> dict[str, Any]:
    number = forms[(form["form_id"], form["version"])]
    categories = [
        {
            "name": criterion.get("label", criterion["key"]),
            "ratingCategoryId": str(category_id(number, criterion["key"])),
            "scale": "100",
            "weight": int(criterion.get("weight", 0) or 0),
            "critical": bool(criterion.get("is_critical", False)),
            "position": at,
        }
        for at, criterion in enumerate(form["criteria"])
    ]
    return {"id": str(number), "name": form.get("name", form["form_id"]), "categories": categories}


def _disputes(programme: Any, people: Any, newest: dict[int, Any]) -> list[dict[str, Any]]:
    events: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in programme.disputes.to_pylist():
        events[row["dispute_no"]].append(row)
    made: list[dict[str, Any]] = []
    for number, rows in sorted(events.items()):
        rows.sort(key=lambda row: row["event_no"])
        first, last = rows[0], rows[-1]
        if first["evaluation_no"] not in newest:
            continue
        over = last["event"] in {"resolved", "retracted"}
        made.append(
            {
                "account": "1",
                "workspace": WORKSPACE,
                "conversationId": str(newest[first["evaluation_no"]]["ticket_no"]),
                "connectionId": CONNECTION,
                "reviewId": str(first["evaluation_no"]),
                "disputeId": str(number),
                "type": "DISPUTE",
                "createdAt": _iso(first["event_at"]),
                "createdBy": _account(people, first["raised_by_no"]),
                "assignee": _account(people, last["decided_by_no"]),
                "status": _STATUS.get(last["outcome"] or last["event"], "OPEN"),
                "resolutionTime": str(int((last["event_at"] - first["event_at"]).total_seconds())) if over else "0",
                "categories": [],
                "comment": {"comment": _WORDS, "created": _iso(first["event_at"])},
                "resolvedAt": _iso(last["event_at"]) if over else None,
            }
        )
    return made


_STATUS = {
    "upheld": "REJECTED",
    "overturned_full": "ACCEPTED",
    "overturned_partial": "PARTIALLY_ACCEPTED",
    "retracted": "RETRACTED",
}


def _sessions(programme: Any, people: Any, forms: Any, newest: dict[int, Any]) -> list[dict[str, Any]]:
    reviews: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in newest.values():
        if row["session_no"] is not None:
            review = _review(row, people, forms)
            moments = {"createdAt": review["createdISO"], "updatedAt": review["updatedISO"]}
            reviews[row["session_no"]].append(
                {**{name: part for name, part in review.items() if name != "reviewTime"}, **moments}
            )
    return [
        {
            "id": str(row["session_no"]),
            "createdBy": "1",
            "createdAt": _iso(row["opened_at"]),
            "title": _WORDS,
            "dueAt": _iso(row["due_at"]),
            "updatedAt": _iso(row["closed_at"] or row["opened_at"]),
            "conversations": [
                {
                    "externalId": str(row["ticket_no"]),
                    "createdBy": "1",
                    "createdAt": _iso(row["opened_at"]),
                    "reviews": reviews[row["session_no"]],
                }
            ],
        }
        for row in programme.calibrations.to_pylist()
    ]


def _user(people: Any, number: int | None) -> dict[str, Any] | None:
    row = people.get(number)
    return {"email": row["email"], "name": row["name"], "groups": [{"id": "1", "name": row["team"]}]} if row else None


def _account(people: Any, number: int | None) -> dict[str, Any] | None:
    return {"id": str(number), "name": people[number]["name"]} if number in people else None


def _iso(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
