"""Which QA streams exist, where each is read, how it is paged, and which of its fields may be stored.

The interface is a gateway over protocol buffers: 64-bit numbers come as texts, and a zero, a false or an empty text
is left out. ``id`` fields are 64-bit identities (stored as text, absent: none), ``number`` and ``flag`` are read as
zero and false where they are absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from qa_sync.ports import Stream

Kind = Literal["id", "text", "address", "time", "number", "flag", "ids", "texts", "any"]
Tree = dict[str, "Kind | Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """An object (or with ``many`` a list of objects) of which only ``tree`` is stored."""

    tree: Tree
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QAEndpoint:
    """One QA stream.

    ``path`` stands below ``/qa/api/export`` and holds ``{workspace}`` where it is read workspace by workspace;
    ``key`` is where the rows stand in an answer. ``paging``: pages by number, AutoQA's cursor, or a whole list.
    ``window_days``: how much time one run of pages covers, None for all of it.
    """

    name: str
    path: str
    key: str
    paging: Literal["pages", "cursor", "whole"]
    tree: Tree
    window_days: int | None = None
    doc: str = ""

    @property
    def by_workspace(self) -> bool:
        """Whether it is read workspace by workspace."""
        return "{workspace}" in self.path

    def stream(self) -> Stream:
        """Return the stream as the port describes it.

        Nothing says that ``updated`` moves with every change of a review: what arrives later is the newer version.
        """
        return Stream(name=self.name, order="arrival", doc=self.doc, alongside=True)


def _tree(**kinds: str | Part) -> Tree:
    tree: Tree = {}
    for kind, names in kinds.items():
        if isinstance(names, Part):
            tree[kind] = names
        else:
            for name in names.split():
                tree[name] = kind  # type: ignore[assignment]
    return tree


_PERSON = Part(_tree(text="name", address="email"))
_ACCOUNT = Part(_tree(id="id", text="name"))
_SCORECARD = Part(_tree(id="id", text="name"))
_RATINGS = Part(
    _tree(id="categoryId groupId", text="categoryName groupName", number="score weight", flag="critical"), many=True
)
_CATEGORY = _tree(
    id="ratingCategoryId",
    text="name type scale autoQaCategory status",
    number="weight position",
    flag="critical reviewCritical groupCritical skippable",
    ratings=Part(_tree(id="rating"), many=True),
)
_CALIBRATION_REVIEW = _tree(
    text="id",
    number="score",
    time="createdISO updatedISO",
    flag="received",
    reviewer=_PERSON,
    reviewee=_PERSON,
    scorecard=_SCORECARD,
    ratings=_RATINGS,
)
_SESSION = Part(_tree(text="id", id="createdBy", time="createdAt dueAt updatedAt"))
_AUTOQA = {
    "id": "workspaceId connectionId",
    "text": "autoqaReviewId workspaceName externalTicketId revieweeExternalId revieweeInternalId revieweeName",
    "address": "revieweeEmail",
    "time": "conversationCreatedAt createdAt updatedAt",
}

_ALL = (
    QAEndpoint(
        name="qa_workspaces",
        path="workspaces",
        key="workspaces",
        paging="whole",
        tree=_tree(id="id", text="name"),
        doc="Zendesk QA's workspaces.",
    ),
    QAEndpoint(
        name="qa_users",
        path="users",
        key="users",
        paging="whole",
        tree=_tree(id="id", text="name", address="email"),
        doc="People of Zendesk QA.",
    ),
    QAEndpoint(
        name="qa_scorecards",
        path="workspace/{workspace}/scorecards",
        key="data",
        paging="whole",
        tree=_tree(
            id="id workspaceId",
            text="name",
            time="createdAt updatedAt",
            categories=Part(_CATEGORY, many=True),
            groups=Part(
                {**_tree(id="id", text="name", number="position"), "categories": Part(_CATEGORY, many=True)}, many=True
            ),
        ),
        doc="Scorecards with their categories and groups.",
    ),
    QAEndpoint(
        name="qa_reviews",
        path="workspace/{workspace}/reviews",
        key="conversations",
        paging="pages",
        window_days=92,
        tree=_tree(
            id="id workspaceId",
            number="score reviewTime pauseTime",
            flag="received",
            time="createdISO updatedISO",
            reviewer=_PERSON,
            reviewee=_PERSON,
            scorecard=_SCORECARD,
            ratings=_RATINGS,
            conversation=Part(_tree(text="externalId sourceType workspaceName", time="createdAtISO lastUpdatedISO")),
        ),
        doc="Reviews, one record a review, with the conversation they are of.",
    ),
    QAEndpoint(
        name="qa_disputes",
        path="workspace/{workspace}/disputes",
        key="disputes",
        paging="pages",
        tree=_tree(
            id="workspaceId connectionId reviewId",
            text="disputeId conversationId type status",
            time="createdAt resolvedAt",
            number="resolutionTime",
            createdBy=_ACCOUNT,
            assignee=_ACCOUNT,
            rejectedBy=_ACCOUNT,
            categories=Part(_tree(id="id", number="expectedRating"), many=True),
            events=Part(_tree(text="event", time="at", id="by", address="email"), many=True),
        ),
        doc="Disputes; events lists when each was opened and resolved, and by whom.",
    ),
    QAEndpoint(
        name="qa_calibration_sessions",
        path="workspace/{workspace}/calibration-sessions",
        key="calibrationSessions",
        paging="pages",
        tree=_tree(
            id="workspaceId",
            text="externalId",
            time="createdAt",
            session=_SESSION,
            reviews=Part(
                _tree(text="id", time="createdISO updatedISO", reviewer=_PERSON, scorecard=_SCORECARD), many=True
            ),
        ),
        doc="Calibration sessions, one record a conversation of a session, with who reviewed it.",
    ),
    QAEndpoint(
        name="qa_calibration_reviews",
        path="workspace/{workspace}/calibration-sessions",
        key="calibrationSessions",
        paging="pages",
        tree={**_CALIBRATION_REVIEW, **_tree(id="workspaceId", text="externalId", session=_SESSION)},
        doc="Reviews made in calibration sessions, one record a review.",
    ),
    QAEndpoint(
        name="qa_autoqa_reviews",
        path="autoqa/reviews",
        key="rows",
        paging="cursor",
        window_days=92,
        tree=_tree(**{**_AUTOQA, "text": _AUTOQA["text"] + " conversationChannel language"}, flag="isBot"),
        doc="AutoQA's reviews.",
    ),
    QAEndpoint(
        name="qa_autoqa_ratings",
        path="autoqa/ratings",
        key="rows",
        paging="cursor",
        window_days=92,
        tree=_tree(
            **{
                **_AUTOQA,
                "id": _AUTOQA["id"] + " ratingCategoryId scorecardId",
                "text": _AUTOQA["text"]
                + " autoqaRatingId ratingCategoryName autoqaCategoryType categoryDisplayName scorecardName",
            },
            number="score ratingScaleScore ratingMax ratingRangeMax weight",
            flag="isCritical reviewCritical groupCritical evaluated",
            texts="rootCauseCodes",
        ),
        doc="AutoQA's ratings, one record a category of a review.",
    ),
    QAEndpoint(
        name="qa_csat",
        path="workspace/{workspace}/csat",
        key="tickets",
        paging="pages",
        window_days=92,
        tree=_tree(
            id="workspaceId",
            text="externalTicketId agentName csatRawScore conversationChannel conversationSource language",
            address="agentEmail",
            number="csatScore",
            time="ticketCreatedAt csatCreatedAt csatAnsweredAt",
        ),
        doc="Customer satisfaction as Zendesk QA holds it; no customer, no comment.",
    ),
)

QA_ENDPOINTS: dict[str, QAEndpoint] = {endpoint.name: endpoint for endpoint in _ALL}


def allowed(endpoint: QAEndpoint, keep: Iterable[str]) -> Tree:
    """Return what of a stream may be stored: its tree, and the paths kept on purpose, as they came."""
    tree = endpoint.tree
    for path in keep:
        tree = _grown(tree, path.split("."))
    return tree


def _grown(tree: Tree, path: list[str]) -> Tree:
    name, many = path[0].removesuffix("[]"), path[0].endswith("[]")
    if len(path) == 1:
        return tree if isinstance(tree.get(name), str) else {**tree, name: "any"}
    node = tree.get(name, Part({}, many=many))
    return {**tree, name: Part(_grown(node.tree, path[1:]), many=node.many)} if isinstance(node, Part) else tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far back and how often QA streams are read.

    ``start``: epoch seconds before which nothing is asked for. ``look_back``: seconds re-read before the watermark.
    ``full_every``: seconds after which everything is read again. ``workspaces``: ids, empty for all.
    """

    start: int
    look_back: int
    full_every: int
    workspaces: tuple[str, ...] = ()
