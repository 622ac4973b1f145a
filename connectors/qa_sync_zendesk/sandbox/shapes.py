"""A generated programme in Zendesk's shapes."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

#: Ids of the account's own ticket fields, as a mapping reads them.
CUSTOM_FIELDS = {"region": 360000000101, "language": 360000000102, "severity": 360000000103, "feedback": 360000000104}
#: Groups are numbered from here, in the order of their names over the whole programme.
FIRST_GROUP = 360000001001
#: A person's or customer's number plus this is the user's id.
USER_BASE = 360000900000
FORM, BRAND = 360000002001, 360000003001
_STATUSES = {"new": 1, "open": 2, "pending": 3, "hold": 4, "solved": 5, "closed": 5}
#: Words of a customer who does not exist; nothing of it may ever be stored.
_WORDS = "My card ending 4929 was charged twice, please call me on +353 1 555 0100. Regards, Aoife Customer"
_CUSTOM_FIELD_TITLES = {"region": "Region", "language": "Language", "severity": "Severity", "feedback": "Your words"}


def records_of(shown: Any, whole: Any) -> dict[str, list[dict[str, Any]]]:
    """Return records by stream: the newest version of each ticket in ``shown``, and what belongs to them.

    ``whole`` is the programme that ``shown`` is a part of: ids come from it, so that they stay the same.
    """
    groups = {name: FIRST_GROUP + at for at, name in enumerate(sorted(set(whole.tickets["group_name"].to_pylist())))}
    newest: dict[int, dict[str, Any]] = {}
    first_seen: dict[int, datetime] = {}
    for row in shown.tickets.to_pylist():
        kept = newest.get(row["ticket_no"])
        if kept is None or row["version"] > kept["version"]:
            newest[row["ticket_no"]] = row
        customer = row["requester_no"]
        first_seen[customer] = min(first_seen.get(customer, row["created_at"]), row["created_at"])
    staff = [_colleague(row) for row in shown.people.to_pylist()]
    customers = [_customer(number, at) for number, at in sorted(first_seen.items())]
    return {
        "tickets": [_ticket(row, groups[row["group_name"]]) for row in newest.values()],
        "users": staff + customers,
        "groups": [_group(name, identity) for name, identity in groups.items()],
        "ticket_fields": [_field(name, identity) for name, identity in CUSTOM_FIELDS.items()],
        "ticket_forms": [
            {
                "id": FORM,
                "name": "Default",
                "active": True,
                "default": True,
                "position": 1,
                "end_user_visible": True,
                "in_all_brands": True,
                "restricted_brand_ids": [],
                "ticket_field_ids": list(CUSTOM_FIELDS.values()),
                **_EPOCH,
            }
        ],
        "custom_statuses": [
            {
                "id": number,
                "status_category": name,
                "agent_label": name.title(),
                "active": True,
                "default": True,
                **_EPOCH,
            }
            for name, number in _STATUSES.items()
            if name != "closed"
        ],
        "brands": [
            {
                "id": BRAND,
                "name": "Acme",
                "subdomain": "acme",
                "active": True,
                "default": True,
                "is_deleted": False,
                **_EPOCH,
            }
        ],
    }


_EPOCH = {"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}


def _ticket(row: dict[str, Any], group: int) -> dict[str, Any]:
    requester = USER_BASE + row["requester_no"]
    address = f"customer{row['requester_no']}@mail.example"
    fields = [{"id": CUSTOM_FIELDS[name], "value": row[name]} for name in ("region", "language", "severity")]
    fields.append({"id": CUSTOM_FIELDS["feedback"], "value": _WORDS})
    return {
        "url": f"https://sandbox.invalid/api/v2/tickets/{row['ticket_no']}.json",
        "id": row["ticket_no"],
        "external_id": None,
        "via": {"channel": row["channel"], "source": {"from": {"address": address}, "to": {}, "rel": None}},
        "created_at": _iso(row["created_at"]),
        "updated_at": _iso(row["updated_at"]),
        "type": "question",
        "subject": f"Charged twice, says Aoife Customer {row['requester_no']}",
        "raw_subject": f"Charged twice, says Aoife Customer {row['requester_no']}",
        "description": _WORDS,
        "priority": row["priority"],
        "status": "deleted" if row["deleted"] else row["status"],
        "recipient": "support@acme.example",
        "requester_id": requester,
        "submitter_id": requester,
        "assignee_id": USER_BASE + row["agent_no"] if row["agent_no"] is not None else None,
        "organization_id": None,
        "group_id": group,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": [row["queue"].lower().replace(" ", "_")],
        "custom_fields": fields,
        "satisfaction_rating": {"score": "good", "comment": _WORDS} if row["solved_at"] else {"score": "unoffered"},
        "sharing_agreement_ids": [],
        "custom_status_id": _STATUSES.get(row["status"]),
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": FORM,
        "brand_id": BRAND,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": row["channel"] == "chat",
        "generated_timestamp": int(row["updated_at"].timestamp()),
        "metric_set": {"ticket_id": row["ticket_no"], "solved_at": _iso(row["solved_at"]), "reopens": 0, "replies": 1},
    }


def _colleague(row: dict[str, Any]) -> dict[str, Any]:
    since = datetime.combine(row["valid_from"], time(), tzinfo=UTC)
    role = "admin" if row["role"] == "auditor" else "agent"
    return _user(row["person_no"], row["name"], row["email"], role, since) | {
        "external_id": row["employee_number"],
        "alias": row["user_name"],
    }


def _customer(number: int, since: datetime) -> dict[str, Any]:
    return _user(number, f"Aoife Customer {number}", f"customer{number}@mail.example", "end-user", since)


def _user(number: int, name: str, email: str, role: str, since: datetime) -> dict[str, Any]:
    return {
        "id": USER_BASE + number,
        "url": f"https://sandbox.invalid/api/v2/users/{USER_BASE + number}.json",
        "name": name,
        "email": email,
        "created_at": _iso(since),
        "updated_at": _iso(since),
        "time_zone": "Dublin",
        "iana_time_zone": "Europe/Dublin",
        "phone": "+353 1 555 0100" if role == "end-user" else None,
        "locale": "en-GB",
        "organization_id": None,
        "role": role,
        "verified": True,
        "external_id": None,
        "tags": [],
        "alias": None,
        "active": True,
        "permanently_deleted": False,
        "shared": False,
        "shared_agent": False,
        "details": "",
        "notes": "",
        "role_type": 4 if role == "admin" else None,
        "custom_role_id": None,
        "restricted_agent": role != "admin",
        "suspended": False,
        "default_group_id": None,
        "user_fields": {},
    }


def _group(name: str, identity: int) -> dict[str, Any]:
    return {
        "id": identity,
        "url": f"https://sandbox.invalid/api/v2/groups/{identity}.json",
        "name": name,
        "is_public": True,
        "description": "",
        "default": identity == FIRST_GROUP,
        "deleted": False,
        **_EPOCH,
    }


def _field(name: str, identity: int) -> dict[str, Any]:
    return {
        "id": identity,
        "url": f"https://sandbox.invalid/api/v2/ticket_fields/{identity}.json",
        "type": "text" if name == "feedback" else "tagger",
        "title": _CUSTOM_FIELD_TITLES[name],
        "active": True,
        "required": False,
        "removable": True,
        "position": identity - 360000000100,
        **_EPOCH,
    }


def _iso(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
