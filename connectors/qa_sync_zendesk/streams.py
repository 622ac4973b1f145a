"""Which streams exist, where each is read, and how it is paged: a table written by hand.

(The official description declares paging for 48 of 333 GET operations only, so it cannot be generated.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_sync.ports import Stream

#: cursor: incremental export by cursor. time: incremental export by start_time. listing: read whole, every time.
#: since: a list from a moment on. per_ticket: the list of each chosen ticket.
Paging = Literal["cursor", "time", "listing", "since", "per_ticket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One stream: ``key`` is where the records stand in an answer, ``stamps`` which fields date a version.

    ``deleted_when`` are (field, value) pairs, any of which marks a deleted record; value ``...`` means any that
    is not null. ``path`` is given where it does not follow from name and paging; ``row_key`` where records stand under
    another name than the stream's. ``since``: parameter and unit (a second's worth) of the moment a list begins with.
    ``order``: see ``qa_sync.ports.Stream``. ``is_text_id``: ids are texts, not numbers.
    """

    name: str
    paging: Paging
    stamps: tuple[str, ...]
    deleted_when: tuple[tuple[str, object], ...] = ()
    doc: str = ""
    path: str = ""
    row_key: str = ""
    since: tuple[str, int] = ("", 0)
    order: Literal["source", "arrival"] = "source"
    is_text_id: bool = False
    parts: tuple[Endpoint, ...] = ()

    @property
    def key(self) -> str:
        """Where the records stand in an answer."""
        return self.row_key or self.name

    @property
    def address(self) -> str:
        """The path that is asked for, as zenpy's catalogue has it (which a test holds it against).

        Reading it there at run time would cost half a second of imports.
        """
        named = {"cursor": f"incremental/{self.name}/cursor", "time": f"incremental/{self.name}"}.get(
            self.paging, self.name
        )
        return self.path or f"/api/v2/{named}.json"

    def stream(self) -> Stream:
        """Return the stream as the port describes it; all are read at once, and the governor says whose turn it is."""
        return Stream(name=self.name, order=self.order, doc=self.doc, alongside=True)


#: An account has the one or the other kind of satisfaction survey.
_RATINGS = Endpoint(
    name="satisfaction_ratings",
    paging="since",
    since=("start_time", 1),
    stamps=(),
)
_SURVEYS = Endpoint(
    name="survey_responses",
    paging="since",
    path="/api/v2/guide/survey_responses",
    since=("filter[created_at_start]", 1000),
    stamps=(),
    is_text_id=True,
)

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
    Endpoint(
        name="ticket_events",
        paging="time",
        stamps=("timestamp",),
        doc="What happened to tickets; comments with their words only where keep names them.",
    ),
    Endpoint(
        name="ticket_metric_events",
        paging="time",
        stamps=("time",),
        deleted_when=(("deleted", True),),
        doc="When clocks of reply, resolution and waiting times started, paused and ended.",
    ),
    Endpoint(
        name="csat",
        paging="since",
        stamps=(),
        # Ratings change after they were given, and not all of them say when.
        order="arrival",
        parts=(_RATINGS, _SURVEYS),
        doc="Customer satisfaction: ratings or survey responses, whichever the account has; no comments.",
    ),
    Endpoint(
        name="ticket_audits",
        paging="per_ticket",
        row_key="audits",
        stamps=("created_at",),
        doc="All audits of the tickets chosen by audit_tickets and audit_search; one request a ticket.",
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
