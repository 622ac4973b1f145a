"""One page of the QA interface to records: rows taken apart, zeros put back, and only what may be stored kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from qa_sync.errors import TransientError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync_zendesk.qa.streams import Kind, Part, QAEndpoint, Tree
from qa_sync_zendesk.salvage import NOT_A_NUMBER, Unreadable, clean

#: "2026-01-05 09:30:00.123 +0000 UTC": the older of the two ways in which moments are written.
_LEGACY = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d* ([+-]\d{4})(?: [A-Z]+)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class QAPage:
    """A page taken apart. ``rows``: how many rows it had; ``ids``: of its records, rejects included.

    ``page``, ``size``, ``total`` are echoed by the server, ``next_cursor`` is "" at the end.
    """

    records: pa.Table
    rejects: pa.Table
    rows: int
    ids: tuple[str, ...]
    page: int = 0
    size: int = 0
    total: int = 0
    next_cursor: str = ""


def slice_page(
    endpoint: QAEndpoint, tree: Tree, body: bytes, *, workspace: str, people: Mapping[str, str] | None = None
) -> QAPage:
    """Take one answer apart; ``people`` are the addresses of users by id, for records that name users by id only.

    Raises:
        TransientError: it is not a whole answer of this endpoint; asking again may give one.
    """
    try:
        answer = json.loads(body.decode("utf-8", "replace"), parse_constant=lambda _name: NOT_A_NUMBER)
    except (ValueError, RecursionError):
        answer = None
    # A list without elements is left out, and an answer of nothing but zeros is {}.
    whole = isinstance(answer, dict) and "code" not in answer and "error" not in answer
    rows = answer.get(endpoint.key) or [] if whole else None
    if not isinstance(rows, list):
        msg = f"{endpoint.name}: the answer is not a whole page of {endpoint.key}"
        raise TransientError(msg)
    kept: list[tuple[str, bytes]] = []
    refused: list[tuple[str, str, str, str]] = []
    ids: list[str] = []
    for row in rows:
        for made in _apart(endpoint.name, row, workspace, people or {}):
            identity = _identity(endpoint.name, made)
            ids.append(identity)
            try:
                kept.append((identity, _reduced(endpoint, tree, made)))
            except Unreadable as error:
                refused.append((identity, error.field, error.reason, _digest(made)))
    told = answer.get("pagination") if isinstance(answer.get("pagination"), dict) else {}
    cursor = answer.get("nextCursor")
    return QAPage(
        records=_table(kept),
        rejects=pa.table([list(part) for part in zip(*refused, strict=True)] or [[]] * 4, schema=PAGE_REJECTS),
        rows=len(rows),
        ids=tuple(ids),
        page=_whole(told.get("page")),
        size=_whole(told.get("pageSize")),
        total=_whole(told.get("total")),
        next_cursor=cursor if isinstance(cursor, str) else "",
    )


def _table(kept: list[tuple[str, bytes]]) -> pa.Table:
    count = len(kept)
    return pa.table(
        [
            pa.array([identity for identity, _ in kept], pa.string()),
            pa.nulls(count, PAGE.field("source_stamp").type),
            pa.repeat(pa.scalar(0, pa.int64()), count),
            pa.repeat(pa.scalar(False), count),
            pa.array([payload for _, payload in kept], pa.string()),
        ],
        schema=PAGE,
    )


def _reduced(endpoint: QAEndpoint, tree: Tree, row: object) -> bytes:
    if not isinstance(row, dict):
        raise Unreadable(reason="not an object")
    if not _own_id(endpoint.name, row):
        raise Unreadable(reason="is missing", field=_ID_FIELD.get(endpoint.name, "id"))
    try:
        text = json.dumps(_parts(row, tree, ""), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise Unreadable(reason="a number is out of range") from None
    return text.encode()


def _parts(row: Row, tree: Tree, prefix: str) -> Row:
    made: Row = {}
    for name, node in tree.items():
        value, where = row.get(name), f"{prefix}{name}"
        if isinstance(node, Part):
            if node.many:
                elements = value if isinstance(value, list) else []
                made[name] = [_parts(part, node.tree, f"{where}.") for part in elements if isinstance(part, dict)]
            else:
                made[name] = _parts(value, node.tree, f"{where}.") if isinstance(value, dict) else None
        else:
            made[name] = _READ[node](value, name in row, where)
    return made


def _identifier(value: object, _told: bool, where: str) -> str | None:
    if value is None or value in {"", "0"} or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(reason="is not an id", field=where)
    return str(clean(str(value), where))


def _number(value: object, told: bool, where: str) -> int | float | None:
    if value is None:
        return None if told else 0
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(reason="is not a number", field=where)
    return value


def _flag(value: object, told: bool, where: str) -> bool | None:
    if value is None:
        return None if told else False
    if not isinstance(value, bool):
        raise Unreadable(reason="is not true or false", field=where)
    return value


def _text(value: object, _told: bool, where: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable(reason="has an unexpected shape", field=where)
    return str(clean(str(value), where))


def _address(value: object, told: bool, where: str) -> str | None:
    """Addresses are compared without regard to case: a person is the same however theirs is written."""
    text = _text(value, told, where)
    return text.strip().lower() if text else None


def _time(value: object, told: bool, where: str) -> str | None:
    text = _text(value, told, where)
    if text is None:
        return None
    legacy = _LEGACY.fullmatch(text.strip())
    try:
        moment = datetime.fromisoformat(f"{legacy[1]}T{legacy[2]}{legacy[3]}" if legacy else text.strip())
    except ValueError:
        raise Unreadable(reason="is not a time", field=where) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # A zero moment of the other side means that there is none.
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment.year > 1 else None


def _list(value: object, read: Callable[[object, bool, str], str | None], where: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(reason="has an unexpected shape", field=where)
    return [text for text in (read(part, True, where) for part in value) if text is not None]


_READ: dict[Kind, Callable[[object, bool, str], Any]] = {
    "id": _identifier,
    "text": _text,
    "address": _address,
    "time": _time,
    "number": _number,
    "flag": _flag,
    "ids": lambda value, _told, where: _list(value, _identifier, where),
    "texts": lambda value, _told, where: _list(value, _text, where),
    "any": lambda value, _told, where: clean(value, where),
}


# ---- what a row of an answer consists of --------------------------------------------------------------------


def _apart(stream: str, row: object, workspace: str, people: Mapping[str, str]) -> Iterator[object]:
    """Yield the records of one row; what is not an object is passed on, to be set aside."""
    if not isinstance(row, dict):
        yield row
    elif stream == "qa_reviews":
        yield from _reviews(row, workspace)
    elif stream in {"qa_calibration_sessions", "qa_calibration_reviews"}:
        yield from _calibrations(stream, row, workspace)
    elif stream == "qa_disputes":
        yield {**row, "workspaceId": row.get("workspace") or workspace, "events": _events(row, people)}
    elif stream in {"qa_workspaces", "qa_users"}:
        yield row
    else:
        yield {**row, "workspaceId": row.get("workspaceId") or workspace}


def _reviews(conversation: Row, workspace: str) -> Iterator[object]:
    around = {name: value for name, value in conversation.items() if name not in {"reviews", "comments"}}
    around["createdAtISO"] = _either(conversation, "createdAtISO", "createdAt")
    around["lastUpdatedISO"] = _either(conversation, "lastUpdatedISO", "lastUpdated")
    for review in _listed(conversation.get("reviews")):
        if not isinstance(review, dict):
            yield review
            continue
        yield {
            **review,
            "createdISO": _either(review, "createdISO", "created"),
            "updatedISO": _either(review, "updatedISO", "updated"),
            "workspaceId": conversation.get("workspaceId") or workspace,
            "conversation": around,
        }


def _calibrations(stream: str, session: Row, workspace: str) -> Iterator[object]:
    conversations = _listed(session.get("conversations"))
    if not conversations and stream == "qa_calibration_sessions":
        conversations = [{}]  # a session nobody has put a conversation into yet is a session all the same
    for conversation in conversations:
        if not isinstance(conversation, dict):
            yield conversation
            continue
        around = {"workspaceId": workspace, "session": session, "externalId": conversation.get("externalId")}
        reviews = [
            {
                **review,
                "createdISO": _either(review, "createdISO", "createdAt"),
                "updatedISO": _either(review, "updatedISO", "updatedAt"),
            }
            if isinstance(review, dict)
            else review
            for review in _listed(conversation.get("reviews"))
        ]
        if stream == "qa_calibration_sessions":
            yield {**around, "createdAt": conversation.get("createdAt"), "reviews": reviews}
        else:
            yield from ({**review, **around} if isinstance(review, dict) else review for review in reviews)


def _events(dispute: Row, people: Mapping[str, str]) -> list[Row]:
    """Return what happened in a dispute: opened, and where it says when, resolved."""

    def event(name: str, at: object, person: object) -> Row:
        by = _id_of(person)
        return {"event": name, "at": at, "by": by, "email": people.get(str(by))}

    events = [event("opened", dispute.get("createdAt"), dispute.get("createdBy"))]
    if dispute.get("resolvedAt"):
        events.append(event("resolved", dispute["resolvedAt"], dispute.get("rejectedBy") or dispute.get("assignee")))
    return events


def _id_of(person: object) -> object:
    return person.get("id") if isinstance(person, dict) else None


def _either(row: Row, newer: str, older: str) -> object:
    return row.get(newer) or row.get(older)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_ID_FIELD = {
    "qa_disputes": "disputeId",
    "qa_calibration_sessions": "session.id",
    "qa_autoqa_reviews": "autoqaReviewId",
    "qa_autoqa_ratings": "autoqaRatingId",
    "qa_csat": "externalTicketId",
}


def _own_id(stream: str, row: Row) -> object:
    session = row.get("session")
    return _id_of(session) if stream == "qa_calibration_sessions" else row.get(_ID_FIELD.get(stream, "id"))


def _identity(stream: str, row: object) -> str:
    """Return a record's id: ids are unique within a workspace only, and within a session for its reviews."""
    if not isinstance(row, dict):
        return ""
    own = _own_id(stream, row)
    if stream in {"qa_workspaces", "qa_users"}:
        return _joined([own])
    parts: list[object] = [row.get("workspaceId")]
    if stream == "qa_calibration_sessions":
        parts += [own, row.get("externalId")]
    elif stream == "qa_calibration_reviews":
        parts += [_id_of(row.get("session")), row.get("externalId"), own]
    elif stream == "qa_csat":
        parts += [own, row.get("csatCreatedAt")]
    else:
        parts.append(own)
    return _joined(parts)


def _joined(parts: Iterable[object]) -> str:
    texts = ["" if part is None else str(part) for part in parts]
    return str(clean(":".join(texts), "id"))


def _whole(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError):
        return 0


def _digest(row: object) -> str:
    return hashlib.sha256(json.dumps(row, default=str, sort_keys=True).encode()).hexdigest()
