"""What the stand-in serves: employees, organizations, groups and interactions in the public shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

#: Planted in every employee, to prove that none of it gets past the page decoder.
PRIVATE = {"ssn": "078-05-1120", "birthDate": "1980-02-29", "address": {"street": "12 Hidden Lane", "city": "Nowhere"}}
PRIVATE_PHONES = {"homePhone": "+1 555 0142", "cellPhone": "+1 555 0143"}


def employee(
    number: int,
    *,
    given: str,
    family: str,
    email: str,
    employee_number: str,
    user_name: str,
    organization: str,
    organization_id: int,
    is_supervisor: bool = False,
) -> dict[str, Any]:
    """Return an employee in the public shape, private data included."""
    return {
        "type": "employees",
        "id": str(number),
        "attributes": {
            "employeeNumber": employee_number,
            "employeeType": "Employee",
            "isSupervisor": is_supervisor,
            "isTeamLead": False,
            "organizationId": organization_id,
            "startTime": "2024-01-01T00:00:00Z",
            "endTime": None,
            "user": {"username": user_name, "status": "Active"},
            "person": {
                "firstName": given,
                "middleInitial": None,
                "lastName": family,
                **PRIVATE,
                "contact": {"email": email, "workPhone": None, **PRIVATE_PHONES},
            },
        },
        "relationships": {"organization": {"data": {"id": str(organization_id), "meta": {"name": organization}}}},
    }


class World:
    """Everything in the tenant, by id."""

    def __init__(self) -> None:
        self.employees: dict[str, dict[str, Any]] = {}
        self.organizations: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.interactions: list[dict[str, Any]] = []

    def load(self, programme: Any) -> None:
        """Take the people of a ``qa_sync.testing.programme.Programme``; their sites become organizations."""
        people = programme.people.to_pylist()
        sites = {site: at + 1 for at, site in enumerate(sorted({person["site"] for person in people}))}
        self.organizations = {
            str(number): {"type": "organizations", "id": str(number), "attributes": {"name": site}}
            for site, number in sites.items()
        }
        teams = sorted({person["team"] for person in people if person["team"]})
        self.groups = {
            str(at): {"type": "groups", "id": str(at), "attributes": {"name": team, "parentId": None}}
            for at, team in enumerate(teams, start=1)
        }
        self.employees = {}
        for person in people:
            given, _, family = person["name"].rpartition(" ")
            made = employee(
                person["person_no"],
                given=given,
                family=family,
                email=person["email"],
                employee_number=person["employee_number"],
                user_name=person["user_name"],
                organization=person["site"],
                organization_id=sites[person["site"]],
                is_supervisor=person["role"].endswith("auditor"),
            )
            self.employees[made["id"]] = made

    def sessions(self, begin: datetime, end: datetime) -> list[dict[str, Any]]:
        """Return the interactions that began in a period, its end excluded; times are texts without offset, UTC."""
        first, last = (moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in (begin, end))
        return [row for row in self.interactions if first <= row["AUDIO_START_TIME"] < last]
