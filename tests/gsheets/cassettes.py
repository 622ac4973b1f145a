"""Play recorded traffic (gspread's cassettes) against the emulator and compare the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

_ID = re.compile(r"[A-Za-z0-9_-]{25,}")
_VOLATILE = {"createdTime", "modifiedTime", "spreadsheetUrl", "selfLink", "etag"}
#: The answer to an upload describes the account more than the file; that it was taken in shows in what follows.
_NOT_COMPARED = "/upload/drive/v2/"


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer that is not what was recorded."""

    cassette: str
    request: str
    recorded: Any
    answered: Any


class Names:
    """Ids that the recording and the emulator chose for the same thing."""

    def __init__(self) -> None:
        self.ours: dict[str, str] = {}

    def learn(self, recorded: Any, answered: Any, key: str = "") -> None:
        """Pair the ids in two answers of the same shape."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for name in recorded.keys() & answered.keys():
                self.learn(recorded[name], answered[name], name)
        elif isinstance(recorded, list) and isinstance(answered, list):
            for one, other in zip(recorded, answered, strict=False):
                self.learn(one, other, key)
        elif key in {"id", "spreadsheetId", "sheetId", "namedRangeId", "protectedRangeId"} and recorded != answered:
            self.ours[str(recorded)] = str(answered)

    def translate(self, text: str) -> str:
        """Return a recorded URL or body with our ids."""
        for theirs, ours in self.ours.items():
            text = re.sub(rf"(?<![A-Za-z0-9_-]){re.escape(theirs)}(?![A-Za-z0-9_-])", ours, text)
        return text


def private_files(path: Path) -> set[str]:
    """Return the ids of files that the recording account was not allowed to see."""
    refused = (request["uri"] for request, response in exchanges(path) if response["status"]["code"] == 403)
    return {match[0] for uri in refused if (match := _ID.search(urlsplit(uri).path))}


def exchanges(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield (request, response) of a cassette, in order."""
    for one in json.loads(path.read_text("utf-8"))["interactions"]:
        yield one["request"], one["response"]


def replay(path: Path, base: str, session: requests.Session) -> tuple[int, list[Difference]]:
    """Send a cassette's requests and return how many were compared, and what differs."""
    names, found, compared = Names(), [], 0
    for request, response in exchanges(path):
        parts = urlsplit(request["uri"])
        url = base + names.translate(parts.path) + (f"?{names.translate(parts.query)}" if parts.query else "")
        body = names.translate(request["body"]) if request["body"] else None
        answer = session.request(
            request["method"],
            url,
            data=body.encode() if body else None,
            headers={"Content-Type": "application/json"},
            timeout=10,
        )
        if parts.path.startswith(_NOT_COMPARED):
            continue
        recorded = _parsed(response["body"].get("string", ""))
        answered = _parsed(answer.text)
        names.learn(recorded, answered)
        compared += 1
        status = response["status"]["code"]
        if answer.status_code != status or _plain(recorded) != _plain(answered):
            what = f"{request['method']} {parts.path}?{parts.query} {(request['body'] or '')[:300]}"
            found.append(Difference(path.name, what, (status, recorded), (answer.status_code, answered)))
    return compared, found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.replace("\r\n", "\n")


def _plain(value: Any, key: str = "") -> Any:
    """Return an answer without what differs from one day and one account to the next."""
    if isinstance(value, dict):
        return {name: _plain(part, name) for name, part in value.items() if name not in _VOLATILE}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if key in {"sheetId", "namedRangeId", "protectedRangeId"} and value not in (0, "0"):
        return "id"
    if isinstance(value, str) and (_ID.fullmatch(value) or value.endswith("gserviceaccount.com")):
        return "id"
    return value
