"""What is in the stand-in's account, and the arithmetic of its pages."""

from __future__ import annotations

import base64
import bisect
import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from qa_sync_zendesk.sandbox import shapes

_KEYS = {
    "tickets",
    "users",
    "organizations",
    "groups",
    "group_memberships",
    "ticket_fields",
    "ticket_forms",
    "custom_statuses",
    "brands",
    "ticket_events",
    "ticket_metric_events",
    "satisfaction_ratings",
    "survey_responses",
    "audits",
}
#: What dates a record where it is not updated_at.
_STAMPS = {"ticket_metric_events": "time", "audits": "created_at"}
#: (stamp, id, JSON text)
Row = tuple[int, int, bytes]


class Account:
    """Records by stream and id, shown in the order of their stamps."""

    def __init__(self, clock_skew: float = 0.0) -> None:
        self._lock = threading.RLock()
        self._skew = clock_skew
        self._rows: dict[str, dict[int, Row]] = {key: {} for key in _KEYS}
        self._sorted: dict[str, list[Row]] = {}
        self._loaded: set[tuple[str, int]] = set()
        self._programme: Any = None
        self.now: datetime | None = None
        #: Comments that were written into tickets.
        self.notes: list[dict[str, Any]] = []

    def put(self, stream: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Insert or replace; see ``Sandbox.put``."""
        with self._lock:
            for record in records:
                identity, given = _number_of(record["id"]), _stamp_of(stream, record)
                before, latest = self._rows[stream].get(identity), self._latest(stream)
                newer = given is not None and (before is None or given > before[0])
                stamp = given if newer and given is not None else latest + 1
                text = json.dumps(_with_stamp(stream, record, stamp)).encode()
                self._set(stream, (stamp, identity, text))
                self._loaded.discard((stream, identity))

    def put_raw(self, stream: str, identity: int, text: bytes) -> None:
        """Serve ``text`` as the newest record."""
        with self._lock:
            self._set(stream, (self._latest(stream) + 1, identity, text))
            self._loaded.discard((stream, identity))

    def load(self, programme: Any) -> None:
        """Take over a generated programme."""
        self._programme = programme
        self.show_until(self.now)

    def show_until(self, moment: datetime | None) -> None:
        """Show the loaded programme as it was at ``moment``; records that were put stay as they are."""
        with self._lock:
            self.now = moment
            if self._programme is None:
                return
            shown = self._programme if moment is None else self._programme.until(moment)
            for stream, identity in self._loaded:
                del self._rows[stream][identity]
            self._loaded = set()
            for stream, records in shapes.records_of(shown, self._programme).items():
                for record in records:
                    identity = int(record["id"])
                    if identity not in self._rows[stream]:
                        self._loaded.add((stream, identity))
                        self._set(stream, (_stamp_of(stream, record) or 0, identity, json.dumps(record).encode()))
            self._sorted = {}

    def cursor_page(self, stream: str, query: Mapping[str, str], url: str) -> tuple[int, dict[str, Any], list[bytes]]:
        """Answer a cursor export: status, what stands around the records, and the records."""
        size = min(int(query.get("per_page", "1000")), 1000)
        if "cursor" in query:
            after = _read_cursor(query["cursor"])
            if after is None:
                return 400, {"error": "InvalidValue", "description": "The cursor is not valid."}, []
        else:
            begin = int(query.get("start_time", "-1"))
            if not 0 <= begin <= time.time() + self._skew - 60:
                return 400, {"error": "InvalidValue", "description": "Too recent start_time."}, []
            after = (begin, -1)
        rows = self._ordered(stream)
        first = bisect.bisect_right(rows, after, key=lambda row: row[:2])
        page = rows[first : first + size]
        at = _write_cursor(page[-1][:2] if page else after)
        around = {
            "after_url": f"{url}?cursor={at}",
            "after_cursor": at,
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": first + size >= len(rows),
        }
        return 200, around, [row[2] for row in page]

    def time_page(self, stream: str, query: Mapping[str, str], url: str) -> tuple[int, dict[str, Any], list[bytes]]:
        """Answer a time-based export, whose pages grow while stamps are equal."""
        size = min(int(query.get("per_page", "1000")), 1000)
        begin = int(query.get("start_time", "-1"))
        if not 0 <= begin <= time.time() + self._skew - 60:
            return 400, {"error": "InvalidValue", "description": "Too recent start_time."}, []
        rows = self._ordered(stream)
        if stream == "ticket_events" and query.get("include") != "comment_events":
            rows = [(stamp, identity, _without_comments(text)) for stamp, identity, text in rows]
        first = bisect.bisect_left(rows, begin, key=lambda row: row[0])
        last = min(first + size, len(rows))
        while 0 < last < len(rows) and rows[last][0] == rows[last - 1][0]:
            last += 1
        page = rows[first:last]
        one_stamp = bool(page) and page[0][0] == page[-1][0]
        end = page[-1][0] + one_stamp if page else begin
        around = {
            "count": len(page),
            **({} if stream == "ticket_metric_events" else {"end_of_stream": last >= len(rows)}),
            "end_time": end,
            "next_page": f"{url}?start_time={end}",
        }
        return 200, around, [row[2] for row in page]

    def audits_page(self, ticket: str, query: Mapping[str, str], url: str) -> tuple[int, dict[str, Any], list[bytes]]:
        """Answer the audits of one ticket."""
        if int(ticket) not in self._rows["tickets"]:
            return 404, {"error": "RecordNotFound", "description": "Not found"}, []
        rows = [row for row in self._ordered("audits") if json.loads(row[2])["ticket_id"] == int(ticket)]
        return _listed(rows, query, url)

    def found(self, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a search for tickets by tag, such as tags:escalated, one page of it."""
        tag = query.get("query", "").removeprefix("tags:")
        tickets = [json.loads(row[2]) for row in self._ordered("tickets")]
        results = [{"id": one["id"], "result_type": "ticket"} for one in tickets if tag in one.get("tags", ())]
        meta = {"has_more": False, "after_cursor": None, "before_cursor": None}
        return 200, {"results": results, "meta": meta, "links": {"next": None, "prev": None}}

    def tickets(self) -> dict[int, dict[str, Any]]:
        """Return the tickets as they are, by number."""
        return {identity: json.loads(row[2]) for identity, row in self._rows["tickets"].items()}

    def shown(self, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer show_many: those tickets of the ids that exist."""
        ids = [int(part) for part in query.get("ids", "").split(",") if part]
        rows = [self._rows["tickets"][identity] for identity in ids if identity in self._rows["tickets"]]
        return 200, {"tickets": [json.loads(row[2]) for row in rows], "next_page": None, "previous_page": None}

    def update(self, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Change tickets as update_many does, and keep their notes; return the job's results."""
        results: list[dict[str, Any]] = []
        for change in asked:
            row = self._rows["tickets"].get(change["id"])
            ticket = json.loads(row[2]) if row else {}
            is_stale = change.get("safe_update") is not None and change.get("updated_stamp") != ticket.get("updated_at")
            if not row or ticket.get("status") == "closed" or is_stale:
                refused = {"error": "UpdateConflict" if is_stale else "x"}
                results.append(
                    {"id": change["id"], "action": "update", "success": False, "status": "Failed", **refused}
                )
                continue
            tags = [tag for tag in ticket.get("tags", ()) if tag not in change.get("remove_tags", ())]
            ticket["tags"] = list(dict.fromkeys([*tags, *change.get("additional_tags", ())]))
            fields = {
                field["id"]: field for field in [*ticket.get("custom_fields", ()), *change.get("custom_fields", ())]
            }
            ticket["custom_fields"] = list(fields.values())
            if "comment" in change:
                self.notes.append({"ticket_id": change["id"], **change["comment"]})
            before = datetime.fromisoformat(ticket["updated_at"])
            ticket["updated_at"] = f"{before + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
            self.put("tickets", [{name: part for name, part in ticket.items() if name != "generated_timestamp"}])
            results.append({"id": change["id"], "action": "update", "success": True, "status": "Updated"})
        return results

    def list_page(self, stream: str, query: Mapping[str, str], url: str) -> tuple[int, dict[str, Any], list[bytes]]:
        """Answer a list, by cursor where ``page[size]`` asks for it, whole otherwise."""
        rows = sorted(self._ordered(stream), key=lambda row: row[1])
        for name, unit in (("start_time", 1), ("filter[created_at_start]", 1000)):
            if name in query:
                rows = [row for row in rows if row[0] >= int(query[name]) // unit]
        return _listed(rows, {} if stream == "custom_statuses" else query, url)

    def _set(self, stream: str, row: Row) -> None:
        self._rows[stream][row[1]] = row
        self._sorted.pop(stream, None)

    def _latest(self, stream: str) -> int:
        return max((row[0] for row in self._rows[stream].values()), default=1_700_000_000)

    def _ordered(self, stream: str) -> list[Row]:
        with self._lock:
            if stream not in self._sorted:
                self._sorted[stream] = sorted(self._rows[stream].values())
            return self._sorted[stream]


def _listed(rows: list[Row], query: Mapping[str, str], url: str) -> tuple[int, dict[str, Any], list[bytes]]:
    if "page[size]" not in query:
        return 200, {"next_page": None, "previous_page": None, "count": len(rows)}, [row[2] for row in rows]
    rows = sorted(rows, key=lambda row: row[1])
    size = min(int(query["page[size]"]), 100)
    first = bisect.bisect_right(rows, int(query.get("page[after]", "-1")), key=lambda row: row[1])
    page, more = rows[first : first + size], first + size < len(rows)
    at = str(page[-1][1]) if page else None
    around = {
        "meta": {"has_more": more, "after_cursor": at, "before_cursor": None},
        "links": {"next": f"{url}?page[after]={at}" if more else None, "prev": None},
    }
    return 200, around, [row[2] for row in page]


def _without_comments(text: bytes) -> bytes:
    """Return a ticket event as it is without include=comment_events: whether there was a comment, and no more."""
    event = json.loads(text)
    children = event.get("child_events", [])
    event["child_events"] = [
        {"id": child["id"], "comment_present": True, "comment_public": child.get("public", False)}
        if child.get("event_type") == "Comment"
        else child
        for child in children
    ]
    return json.dumps(event).encode()


def _number_of(identity: Any) -> int:
    """Return the number of an id; survey responses have texts, of which the account knows the last digits."""
    return int(re.sub(r"\D", "", str(identity)) or "0")


def _stamp_of(stream: str, record: Mapping[str, Any]) -> int | None:
    if stream == "tickets":
        found = record.get("generated_timestamp")
        return int(found) if isinstance(found, int | float) else None
    if stream == "ticket_events":
        found = record.get("timestamp")
        return int(found) if isinstance(found, int | float) else None
    updated = record.get(_STAMPS.get(stream, "updated_at"))
    return int(datetime.fromisoformat(updated).timestamp()) if isinstance(updated, str) else None


def _with_stamp(stream: str, record: Mapping[str, Any], stamp: int) -> dict[str, Any]:
    if stream == "tickets":
        return {**record, "generated_timestamp": stamp}
    if stream == "ticket_events":
        return {**record, "timestamp": stamp}
    return {**record, _STAMPS.get(stream, "updated_at"): f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _write_cursor(at: tuple[int, int]) -> str:
    return base64.b64encode(f"{at[0]}.0||{at[1]}|".encode()).decode()


def _read_cursor(text: str) -> tuple[int, int] | None:
    try:
        stamp, _, identity, _ = base64.b64decode(text, validate=True).decode().split("|")
        return int(float(stamp)), int(identity)
    except ValueError:
        return None
