"""The requests of a batchUpdate. Each kind is one function: (workbook, request) → reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qa_sync_gsheets.sandbox.changes import cells, lines, looks, marks, objects, sheets
from qa_sync_gsheets.sandbox.refusal import Refusal
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]
Change = Callable[[Workbook, Json], Json | None]

CHANGES: dict[str, Change] = {
    **sheets.CHANGES,
    **lines.CHANGES,
    **cells.CHANGES,
    **looks.CHANGES,
    **objects.CHANGES,
    **marks.CHANGES,
}
MOST_REQUESTS = 100_000


def apply_all(book: Workbook, requests: list[Json]) -> list[Json]:
    """Carry out the requests in order on a draft and return the replies.

    Raises:
        Refusal: one of them is invalid; its message names the request, as Google's does.
    """
    if not requests:
        raise Refusal(400, "Must specify at least one request.")
    if len(requests) > MOST_REQUESTS:
        raise Refusal(400, f"Cannot exceed {MOST_REQUESTS} requests in a single batch.")
    replies: list[Json] = []
    for number, request in enumerate(requests):
        kinds = [kind for kind, body in request.items() if body is not None]
        if len(kinds) != 1:
            raise Refusal(400, f"Invalid requests[{number}]: exactly one kind of request must be set.")
        kind = kinds[0]
        change = CHANGES.get(kind)
        if change is None:
            raise Refusal(400, f"Invalid requests[{number}].{kind}: the emulator does not know this kind of request.")
        try:
            reply = change(book, request[kind])
        except Refusal as refusal:
            text = refusal.message.removeprefix("Invalid requests[0]: ").removeprefix("Invalid requests: ")
            raise Refusal(refusal.code, f"Invalid requests[{number}].{kind}: {text}", refusal.details) from None
        replies.append({} if reply is None else {kind: reply})
    return replies
