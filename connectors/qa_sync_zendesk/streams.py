"""Which streams exist, where each is read, and how it is paged: a table written by hand.

(The official description declares paging for 48 of 333 GET operations only, so it cannot be generated.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_sync.ports import Stream

#: cursor: incremental export by cursor. time: incremental export by start_time. listing: read whole, every time.
Paging = Literal["cursor", "time", "listing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One stream: ``key`` is where the records stand in an answer, ``stamps`` which fields date a version.

    ``deleted_when`` are (field, value) pairs, any of which marks a deleted record; value ``...`` means any that
    is not null.
    """

    name: str
    paging: Paging
    stamps: tuple[str, ...]
    deleted_when: tuple[tuple[str, object], ...] = ()
    doc: str = ""

    @property
    def key(self) -> str:
        """Where the records stand in an answer."""
        return self.name

    def stream(self) -> Stream:
        """Return the stream as the port describes it."""
        return Stream(name=self.name, order="source", doc=self.doc)


_ALL = (
    Endpoint(
        name="tickets",
        paging="cursor",
        stamps=("generated_timestamp", "updated_at"),
        deleted_when=(("status", "deleted"),),
        # System updates move generated_timestamp only, so it, not updated_at, says which version is newer.
        doc="Tickets, deleted and archived ones included; newest version by generated_timestamp.",
    ),
    Endpoint(
        name="users",
        paging="cursor",
        stamps=("updated_at",),
        # An inactive account is somebody who left: the name stays, for the weeks in which they worked.
        deleted_when=(("permanently_deleted", True),),
        doc="Users; names and addresses of agents and administrators only.",
    ),
    Endpoint(
        name="organizations",
        paging="time",
        stamps=("updated_at",),
        deleted_when=(("deleted_at", ...),),
        doc="Organizations.",
    ),
    Endpoint(name="groups", paging="listing", stamps=("updated_at",), deleted_when=(("deleted", True),), doc="Groups."),
    Endpoint(name="group_memberships", paging="listing", stamps=("updated_at",), doc="Who is in which group."),
    Endpoint(name="ticket_fields", paging="listing", stamps=("updated_at",), doc="Ticket fields and their options."),
    Endpoint(name="ticket_forms", paging="listing", stamps=("updated_at",), doc="Ticket forms and their fields."),
    Endpoint(name="custom_statuses", paging="listing", stamps=("updated_at",), doc="Statuses within the categories."),
    Endpoint(
        name="brands",
        paging="listing",
        stamps=("updated_at",),
        deleted_when=(("is_deleted", True),),
        doc="Brands.",
    ),
)

ENDPOINTS: dict[str, Endpoint] = {endpoint.name: endpoint for endpoint in _ALL}
