"""What Drive tells about files: which have changed, and who changed one last. None of it uses the quota of Sheets.

One ``changes.list`` covers every file that the account can see, so any number of spreadsheets costs one call a look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_sync.notes import Edit

Json = dict[str, Any]
#: Sends a GET below Drive's address with parameters, and returns the JSON.
Get = Callable[[str, Mapping[str, str]], Json]
#: A look at the list of changes answers all who ask within so many seconds.
FRESH_SECONDS = 2.0
_SHARED = {"supportsAllDrives": "true"}


class Changes:
    """The changes of all files of one account since we began to look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._looked = float("-inf")
        self._looks = 0
        #: file → number of the look that found it changed, and of the look that an asker was last told of.
        self._changed: dict[str, int] = {}
        self._told: dict[str, int] = {}

    def has(self, file: str, get: Get) -> bool:
        """Tell whether a file may have changed since the last time it was asked for; true the first time."""
        with self._lock:
            if self._clock() - self._looked >= FRESH_SECONDS:
                self._look(get)
            first = file not in self._told
            changed = first or self._changed.get(file, 0) > self._told[file]
            self._told[file] = self._looks
            return changed

    def _look(self, get: Get) -> None:
        if not self._token:
            self._token = str(get("/drive/v3/changes/startPageToken", _SHARED)["startPageToken"])
        number = self._looks + 1
        fields = "nextPageToken,newStartPageToken,changes(fileId)"
        while True:
            asked = {"pageToken": self._token, "fields": fields, "includeItemsFromAllDrives": "true", **_SHARED}
            page = get("/drive/v3/changes", asked)
            for one in page.get("changes") or []:
                self._changed[str(one.get("fileId"))] = number
            following = str(page.get("nextPageToken") or "")
            self._token = following or str(page.get("newStartPageToken") or self._token)
            if not following:
                break
        self._looks = number
        self._looked = self._clock()


@dataclass(slots=True)
class _Shared:
    lock: threading.Lock = field(default_factory=threading.Lock)
    by_account: dict[str, Changes] = field(default_factory=dict)


_SHARED_CHANGES = _Shared()


def changes_of(account: str) -> Changes:
    """Return the changes that all sinks of an account in this process look at together."""
    with _SHARED_CHANGES.lock:
        return _SHARED_CHANGES.by_account.setdefault(account, Changes())


def last_edit(file: str, get: Get) -> Edit:
    """Return who changed a file last, and when."""
    fields = "modifiedTime,lastModifyingUser(displayName,emailAddress)"
    found = get(f"/drive/v3/files/{file}", {"fields": fields, **_SHARED})
    user = found.get("lastModifyingUser") or {}
    return Edit(
        who=str(user.get("emailAddress") or user.get("displayName") or ""), at=str(found.get("modifiedTime") or "")
    )
