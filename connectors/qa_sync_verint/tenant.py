"""One tenant's REST interface: requests that are signed, spaced and bounded, and the server's clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from qa_sync.errors import AuthError
from qa_sync.http import HttpClient, Retry
from qa_sync_verint.auth import ApiKey, HmacAuth, OAuth2Auth, SessionAuth, Signing
from qa_sync_verint.settings import RestSettings

TIMEOUT = (10.0, 60.0)
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Tenant:
    """Requests against one tenant.

    ``server_ahead`` is by how many seconds the server's clock is ahead of ours, by its last answer; None before one.
    """

    def __init__(
        self,
        settings: RestSettings,
        *,
        notify: Callable[[str], None],
        retry: Retry | None = None,
        clock: Clock = utc_now,
        signing: Signing | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.server_ahead: float | None = None
        self.retry = retry or Retry(attempts=5)
        self._last = 0.0
        self._clients: list[HttpClient] = []
        self._notify = notify
        self.auth = self._make_auth(signing)
        self._client = self._new_client(settings.base_url, self.auth)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """GET a path or an address on the same host; return the body."""
        return self._explained(lambda: self._client.get(path, params=params, headers={"Accept": "application/json"}))

    def query(self, path: str, body: Mapping[str, Any]) -> bytes:
        """POST a query once; a time-out is told at once, because a smaller question is the remedy."""
        return self._explained(
            lambda: self._client.request(
                "POST", path, repeatable=False, json=body, headers={"Accept": "application/json"}
            )
        )

    def _explained(self, send: Callable[[], requests.Response]) -> bytes:
        try:
            return send().content
        except AuthError as error:
            raise AuthError(f"{error}{self.explanation()}") from error  # noqa: EM102

    def explanation(self) -> str:
        """Return what may be behind a refusal, as far as can be told from here."""
        ahead = self.server_ahead
        if ahead is not None and abs(ahead) > 60 and isinstance(self.auth, HmacAuth):
            return f"; the server's clock is {ahead:+.0f} s from ours, and signatures carry the time"
        if isinstance(self.auth, HmacAuth):
            ids = ", ".join(key.key_id for key in self.auth.keys)
            return f"; key expired or rotated? (tried {ids}; see System Management, API Keys)"
        if isinstance(self.auth, SessionAuth):
            return "; wrong password, or a user with single sign-on, who needs an API key instead"
        return "; are the client credentials current?"

    def close(self) -> None:
        """Give back connections."""
        for client in self._clients:
            client.session.close()

    def _new_client(self, base_url: str, auth: AuthBase | None) -> HttpClient:
        client = HttpClient(
            base_url,
            auth=auth,
            timeout=TIMEOUT,
            retry=self.retry,
            notify=self._notify,
            before=self._space,
            after=self._note,
        )
        self._clients.append(client)
        return client

    def _space(self, _path: str) -> None:
        wait = self._last + self.settings.spacing_seconds - time.monotonic()
        if wait > 0:
            self.retry.sleep(wait)
        self._last = time.monotonic()

    def _note(self, response: requests.Response) -> None:
        try:
            told = parsedate_to_datetime(response.headers.get("Date", ""))
        except (TypeError, ValueError):
            return
        if told.tzinfo is not None:
            self.server_ahead = (told - self.clock()).total_seconds()

    def _make_auth(self, signing: Signing | None) -> AuthBase | None:
        auth = self.settings.auth
        if auth.kind == "hmac":
            keys = [ApiKey(key_id=auth.key_id, key=auth.key)]
            if auth.standby:
                keys.append(ApiKey(key_id=auth.standby.key_id, key=auth.standby.key))
            return HmacAuth(keys, signing or auth.signing, headers=auth.headers, clock=self.clock)
        if auth.kind == "session":
            return SessionAuth(self._new_client(self.settings.base_url, None), auth.user, auth.password)
        if auth.kind == "oauth2":
            parts = urlsplit(auth.token_url)
            endpoint = self._new_client(f"{parts.scheme}://{parts.netloc}", None)
            credentials = [(auth.client_id, auth.client_secret)]
            if auth.standby_client_id:
                credentials.append((auth.standby_client_id, auth.standby_client_secret))
            return OAuth2Auth(endpoint, parts.path, credentials, scope=auth.scope, clock=self.clock)
        return None
