"""A stand-in for a Zendesk account: a real HTTP server on loopback that pages, expires tokens and limits rates.

It can be told to misbehave at run time (``faults``), and what it was asked is on record (``requests``). Everything in
it is generated; the customers' words in it are there to prove that they are never stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from qa_sync_zendesk.qa.streams import QA_ENDPOINTS
from qa_sync_zendesk.sandbox.account import Account
from qa_sync_zendesk.sandbox.faults import Fault, Faults
from qa_sync_zendesk.sandbox.grants import Grants
from qa_sync_zendesk.sandbox.limits import Limits
from qa_sync_zendesk.sandbox.qa import TOKEN, QAAccount
from qa_sync_zendesk.sandbox.server import Asked, Server
from qa_sync_zendesk.sandbox.shapes import CUSTOM_FIELDS

__all__ = ["CUSTOM_FIELDS", "Asked", "Fault", "Sandbox", "start"]

_ENVIRONMENT = {
    "ZENDESK_CLIENT_ID": "qa-sync-sandbox",
    "ZENDESK_CLIENT_SECRET": "sandbox-secret-not-for-anything-real",
    "ZENDESK_QA_TOKEN": TOKEN,
    "ZENDESK_HASH_KEY": "sandbox-hash-key-not-for-anything-real",
}


class Sandbox:
    """A running stand-in; see ``start``.

    Attributes:
        faults: switch misbehaviour on with ``faults.add(kind, ...)`` and off with ``faults.clear()``.
        requests: everything asked so far, oldest first.
        url: where it listens.
        qa: Zendesk QA's part of the account; ``qa.put(kind, rows, workspace=...)`` fills it.
    """

    def __init__(
        self, account: Account, qa: QAAccount, faults: Faults, grants: Grants, limits: Limits, port: int
    ) -> None:
        self._account = account
        self.qa = qa
        self._streams = ("tickets", "users", "groups")
        self._programme: Any = None
        self.faults = faults
        self._grants = grants
        self._server = Server(account, qa, faults, grants, limits, port)

    @property
    def url(self) -> str:
        """Where it listens, such as http://127.0.0.1:40001."""
        return self._server.url

    @property
    def requests(self) -> list[Asked]:
        """Everything asked so far, oldest first."""
        return list(self._server.asked)

    @property
    def now(self) -> datetime | None:
        """The moment up to which the loaded programme is shown; None shows all of it."""
        return self._account.now

    @now.setter
    def now(self, moment: datetime | None) -> None:
        self._account.show_until(moment)
        if self._programme is not None:
            self.qa.load(self._programme if moment is None else self._programme.until(moment))

    def put(self, stream: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Insert or replace records by id; each becomes the newest version unless it brings a later stamp itself."""
        self._account.put(stream, records)

    @property
    def notes(self) -> list[dict[str, Any]]:
        """Comments that were written into tickets, oldest first."""
        return list(self._account.notes)

    def tickets(self) -> dict[int, dict[str, Any]]:
        """Return the tickets as they are, by number."""
        return self._account.tickets()

    def put_raw(self, stream: str, record_id: int, text: bytes) -> None:
        """Serve ``text`` as the newest record, well formed or not."""
        self._account.put_raw(stream, record_id, text)

    def load(self, programme: Any) -> None:
        """Fill the account from a ``qa_sync.testing.programme.Programme``."""
        self._programme = programme
        self._account.load(programme)
        self.qa.load(programme)

    def lack(self, *streams: str) -> None:
        """Let the account's plan lack these streams from now on."""
        self._server.lack(streams)

    def hold_jobs(self, *, held: bool) -> None:
        """Let jobs wait in the queue; those that waited are carried out with the next one, in turn."""
        self._server.holds_jobs = held

    def expire_tokens(self) -> None:
        """Let every token issued so far be refused from now on."""
        self._grants.expire_all()

    def settings(self) -> Mapping[str, object]:
        """Return the settings of a source that reads this account; secrets as references."""
        return {
            "base_url": self.url,
            "auth": {
                "kind": "client_credentials",
                "client_id": "${ZENDESK_CLIENT_ID}",
                "client_secret": "${ZENDESK_CLIENT_SECRET}",
            },
            "hash_key": "${ZENDESK_HASH_KEY}",
            "streams": list(self._streams),
            "start": "2020-01-01",
        }

    def qa_settings(self) -> Mapping[str, object]:
        """Return the settings of a source that reads this account's Zendesk QA; secrets as references."""
        return {
            "base_url": self.url,
            "qa_auth": {"kind": "bearer", "token": "${ZENDESK_QA_TOKEN}"},
            "hash_key": "${ZENDESK_HASH_KEY}",
            "streams": sorted(QA_ENDPOINTS),
            "start": "2020-01-01",
        }

    def workspace(self) -> Mapping[str, Mapping[str, object]]:
        """Return the source that a workspace needs to read this account."""
        return {
            "sources": {"zendesk": {"connector": "zendesk", "mapping": "mappings/demo/zendesk.yaml", **self.settings()}}
        }

    def pages(self) -> Mapping[str, str]:
        """Return nothing: there is nothing to look at."""
        return {}

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that the settings refer to."""
        return dict(_ENVIRONMENT)

    def stop(self) -> None:
        """End the server and every connection to it."""
        self._server.stop()


def start(
    programme: Any = None,
    *,
    port: int = 0,
    folder: Path | None = None,  # noqa: ARG001  (an account keeps nothing between two starts)
    faults: Iterable[str | Fault] | None = None,
    export_limit: int = 100,
    account_limit: int = 700,
    window: float = 60.0,
    token_life: float = 172_800.0,
    clock_skew: float = 0.0,
    qa_page_base: int = 0,
    qa_largest_page: int = 50,
) -> Sandbox:
    """Start a stand-in on 127.0.0.1.

    Args:
        programme: a ``qa_sync.testing.programme.Programme`` to fill it with; None for an empty account.
        port: 0 takes a free one.
        folder: not used: an account is filled anew at every start.
        faults: kinds of misbehaviour that each happen once, or ``Fault`` values for more.
        export_limit: requests a window for all exports together.
        account_limit: requests a window for everything.
        window: its length in seconds.
        token_life: seconds until a token expires.
        clock_skew: how many seconds the account's clock is ahead of ours.
        qa_page_base: number of Zendesk QA's first page.
        qa_largest_page: longer pages of Zendesk QA are cut to so many rows.
    """
    account = Account(clock_skew=clock_skew)
    qa = QAAccount(page_base=qa_page_base, largest_page=qa_largest_page)
    grants = Grants(_ENVIRONMENT["ZENDESK_CLIENT_ID"], _ENVIRONMENT["ZENDESK_CLIENT_SECRET"], token_life)
    sandbox = Sandbox(account, qa, Faults(faults or ()), grants, Limits(export_limit, account_limit, window), port)
    if programme is not None:
        sandbox.load(programme)
    return sandbox
