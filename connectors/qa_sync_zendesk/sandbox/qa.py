"""Zendesk QA in the stand-in: its export interface with the habits of a gateway over protocol buffers.

64-bit numbers are texts, zeros are left out, pages are numbered from a base that nobody tells, and larger pages than
the server likes are made smaller.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from qa_sync_zendesk.sandbox import qa_shapes

TOKEN = "sandbox-qa-token-not-for-anything-real"
_PATH = re.compile(
    r"/qa/api/export/(?:workspace/(?P<workspace>\d+)/(?P<one>reviews|disputes|calibration-sessions|csat|scorecards|users)"
    r"|(?P<all>workspaces|users|reviews|csat|autoqa/reviews|autoqa/ratings))\Z"
)
#: Path → (kind of row, key of the rows in an answer, the moment that fromDate and toDate look at).
_SERVED = {
    "workspaces": ("workspaces", "workspaces", ""),
    "users": ("users", "users", ""),
    "scorecards": ("scorecards", "data", ""),
    "reviews": ("reviews", "conversations", ""),
    "disputes": ("disputes", "disputes", "createdAt"),
    "calibration-sessions": ("sessions", "calibrationSessions", "createdAt"),
    "csat": ("csat", "tickets", "csatCreatedAt"),
    "autoqa/reviews": ("autoqa_reviews", "rows", "createdAt"),
    "autoqa/ratings": ("autoqa_ratings", "rows", "createdAt"),
}
_Answer = tuple[int, dict[str, Any]]


class QAAccount:
    """Rows by kind and workspace, as the interface gives them.

    Args:
        page_base: number of the first page.
        largest_page: longer pages are cut to so many rows.
    """

    def __init__(self, *, page_base: int = 0, largest_page: int = 50) -> None:
        self.page_base = page_base
        self.largest_page = largest_page
        self._lock = threading.RLock()
        self._rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._unread: Any = None

    def put(self, kind: str, rows: Iterable[Mapping[str, Any]], *, workspace: str = "") -> None:
        """Insert or replace rows of a kind (reviews are put as conversations) in a workspace ("" for the account's)."""
        self._unpack()
        self._put(kind, rows, workspace)

    def drop(self, kind: str, name: str, *, workspace: str = "") -> None:
        """Take a row away."""
        with self._lock:
            del self._rows[(kind, workspace)][name]

    def load(self, shown: Any) -> None:
        """Show a generated programme instead of what was there; it is taken apart when somebody first asks."""
        with self._lock:
            self._rows, self._unread = {}, shown

    def answer(self, method: str, path: str, query: Mapping[str, str], authorization: str | None) -> _Answer:
        """Answer one request below ``/qa``: status and body."""
        if authorization != f"Bearer {TOKEN}":
            return 401, {"code": 16, "message": "unauthenticated", "details": []}
        match = _PATH.match(path)
        if method != "GET" or match is None:
            return 404, {"code": 5, "message": "Not Found", "details": []}
        self._unpack()
        workspace, name = match["workspace"] or "", match["one"] or match["all"]
        kind, key, dated = _SERVED[name]
        if workspace and workspace not in self._rows.get(("workspaces", ""), {}):
            return 404, {"code": 5, "message": "workspace not found", "details": []}
        with self._lock:
            rows = self._of(kind, workspace)
        if name in {"workspaces", "users", "scorecards"}:
            return 200, without_zeros({key: rows, **({"total": len(rows)} if name == "scorecards" else {})})
        if "fromDate" not in query and name != "disputes":
            return 400, {"code": 3, "message": "fromDate is required", "details": []}
        since, until = query.get("fromDate", ""), query.get("toDate", "9999")
        if kind == "reviews":
            rows = [row for row in (_in_time(row, since, until) for row in rows) if row["reviews"]]
        else:
            rows = [row for row in rows if since <= row[dated] < until]
        return self._page(name, key, rows, query)

    def _unpack(self) -> None:
        with self._lock:
            shown, self._unread = self._unread, None
            for (kind, workspace), rows in (qa_shapes.rows_of(shown) if shown is not None else {}).items():
                self._put(kind, rows, workspace)

    def _put(self, kind: str, rows: Iterable[Mapping[str, Any]], workspace: str) -> None:
        with self._lock:
            held = self._rows.setdefault((kind, workspace), {})
            held.update({_name(row): dict(row) for row in rows})

    def _of(self, kind: str, workspace: str) -> list[dict[str, Any]]:
        shared: tuple[str, ...] = ("", workspace) if kind == "users" and workspace else (workspace,)
        if not workspace and kind in {"reviews", "csat"}:
            shared = tuple(place for held, place in self._rows if held == kind)
        return [row for place in shared for row in self._rows.get((kind, place), {}).values()]

    def _page(self, name: str, key: str, rows: list[dict[str, Any]], query: Mapping[str, str]) -> _Answer:
        size = min(int(query.get("pageSize", self.largest_page)), self.largest_page)
        cursor = query.get("cursor", "")
        if cursor:
            page = int(base64.b64decode(cursor).decode())
        else:
            page = max(int(query.get("page", self.page_base)), self.page_base)
        first = (page - self.page_base) * size
        answer: dict[str, Any] = {
            key: rows[first : first + size],
            "pagination": {"page": page, "pageSize": size, "total": len(rows)},
        }
        if name.startswith("autoqa/") and first + size < len(rows):
            answer["nextCursor"] = base64.b64encode(str(page + 1).encode()).decode()
        return 200, without_zeros(answer)


def without_zeros(value: Any) -> Any:
    """Return an answer as the gateway writes it: zeros, false, empty texts and empty lists are left out."""
    if isinstance(value, dict):
        made = {name: without_zeros(part) for name, part in value.items()}
        return {name: part for name, part in made.items() if part not in (None, 0, False, "", "0", [])}
    return [without_zeros(part) for part in value] if isinstance(value, list) else value


def _in_time(conversation: dict[str, Any], since: str, until: str) -> dict[str, Any]:
    kept = [review for review in conversation.get("reviews", ()) if since <= review["createdISO"] < until]
    return {**conversation, "reviews": kept}


def _name(row: Mapping[str, Any]) -> str:
    for name in ("autoqaRatingId", "autoqaReviewId", "disputeId", "id", "externalId", "externalTicketId"):
        if name in row:
            return str(row[name])
    return json.dumps(row, sort_keys=True)
