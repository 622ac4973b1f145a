"""The QA part of an account as a source: its own token, its own host path, pages of records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from qa_sync.errors import TransientError
from qa_sync.http import HttpClient
from qa_sync.ports import Page
from qa_sync_zendesk.clock import Clock, iso
from qa_sync_zendesk.qa.export import read_dated, read_whole
from qa_sync_zendesk.qa.position import QAPosition
from qa_sync_zendesk.qa.rows import QAPage, slice_page
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS, QAEndpoint, Reading, allowed

BASE = "qa/api/export/"
#: A page that does not arrive whole is asked for again so often.
PAGE_TRIES = 5


class QASource:
    """Reads the QA streams of one account.

    Args:
        client: requests against the account's host, signed with Zendesk QA's token.
        reading: how far back, how often, and which workspaces.
        keep: dotted paths stored on top of the safe default, by stream.
        clock: the present moment, and waiting.
    """

    def __init__(
        self, client: HttpClient, *, reading: Reading, keep: Mapping[str, Sequence[str]], clock: Clock
    ) -> None:
        self._client = client
        self._reading = reading
        self._keep = keep
        self._clock = clock

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield the pages after ``cursor``; see ``qa_sync.ports.Source.read``."""
        endpoint = QA_ENDPOINTS[stream]
        position = QAPosition.from_text(cursor)
        workspaces = self._workspaces() if endpoint.by_workspace else []
        people = self._people() if stream == "qa_disputes" else {}

        def fetch(workspace: str, params: Mapping[str, str]) -> QAPage:
            return self._page(endpoint, workspace, params, people)

        if endpoint.paging == "whole":
            yield from read_whole(endpoint, workspaces, fetch)
        else:
            now = int(self._clock.now())
            yield from read_dated(endpoint, position, workspaces, reading=self._reading, now=now, fetch=fetch)

    def ask_one(self, stream: str) -> None:
        """Ask for as little as the stream's endpoint gives, as the work itself would.

        Raises:
            AuthError, TransientError, SourceError: it cannot be had.
        """
        endpoint = QA_ENDPOINTS[stream]
        recently = {"fromDate": iso(self._clock.now() - 3600), "pageSize": "1"} if endpoint.paging != "whole" else {}
        for workspace in self._workspaces()[:1] if endpoint.by_workspace else [""]:
            self._page(endpoint, workspace, recently, {})

    def _workspaces(self) -> list[str]:
        if self._reading.workspaces:
            return list(self._reading.workspaces)
        found = self._page(QA_ENDPOINTS["qa_workspaces"], "", {}, {})
        return sorted(found.records["id"].to_pylist(), key=lambda number: (len(number), number))

    def _people(self) -> dict[str, str]:
        """Return the addresses of users by id: disputes name people by id, reviews by address."""
        found = self._page(QA_ENDPOINTS["qa_users"], "", {}, {})
        users = [json.loads(payload) for payload in found.records["payload"].to_pylist()]
        return {user["id"]: user["email"] for user in users if user["email"]}

    def _page(
        self, endpoint: QAEndpoint, workspace: str, params: Mapping[str, str], people: Mapping[str, str]
    ) -> QAPage:
        path = BASE + endpoint.path.replace("{workspace}", workspace)
        tree = allowed(endpoint, self._keep.get(endpoint.name, ()))
        for attempt in range(1, PAGE_TRIES + 1):
            body = self._client.get(path, params=params).content
            try:
                return slice_page(endpoint, tree, body, workspace=workspace, people=people)
            except TransientError:
                if attempt == PAGE_TRIES:
                    raise
                self._clock.sleep(float(attempt))
        msg = f"{endpoint.name}: no whole page"  # not reached: the last attempt raises
        raise TransientError(msg)
