"""Credentials that renew themselves in mid-run, for all threads and processes of a workspace at once.

A renewal may invalidate the token before it, so a new token is on disk (mode 0600, atomically) before it is used,
and whoever finds a newer one there takes it instead of asking for another.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock
from requests.auth import AuthBase

from qa_sync.errors import AuthError, SourceError
from qa_sync.http import HttpClient
from qa_sync_zendesk.settings import ApiToken, Bearer, ClientCredentials, RefreshToken, Settings

#: Renewed this long before it expires, or a tenth of its life before, whichever is shorter.
MARGIN_SECONDS = 300.0
TOKENS_PATH = "/oauth/tokens"
API_TOKENS_END = "2027-04-30"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token; ``renew_at`` in epoch seconds, None when it did not say how long it lives."""

    access: str
    renew_at: float | None
    refresh: str = ""


class TokenStore:
    """Keeps the newest token of one client in a file that only its owner can read.

    Two sources with one client share it: what one of them renews would else be spent for the other.

    Args:
        folder: of all sources of a workspace.
        fingerprint: of the account and the credentials.
        earlier: the folder of this source alone, where a token may lie from before.
    """

    def __init__(self, folder: Path, fingerprint: str, earlier: Path | None = None) -> None:
        self._path = folder / f"token-{fingerprint[:16]}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(str(self._path) + ".lock", mode=0o600)
        kept = earlier / self._path.name if earlier else self._path
        with self.lock:
            if kept.exists() and not self._path.exists():
                kept.replace(self._path)

    def load(self) -> Token | None:
        """Return what is kept; None when nothing is, or it cannot be read."""
        try:
            return Token(**json.loads(self._path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, token: Token) -> None:
        """Keep a token: whole or not at all, on disk before this returns."""
        handle, made = tempfile.mkstemp(dir=self._path.parent, prefix=".token-")  # mode 0600
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(token), file)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(self._path)


class Renewing(AuthBase):
    """OAuth by client credentials or refresh token.

    Args:
        settings: kind and secrets.
        client: talks to the token endpoint of the configured host, without credentials of its own.
        store: where the newest token is kept.
        now: the clock, in epoch seconds.
    """

    def __init__(
        self,
        settings: ClientCredentials | RefreshToken,
        client: HttpClient,
        store: TokenStore,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._client = client
        self._store = store
        self._now = now
        self._guard = threading.Lock()
        self._token: Token | None = None
        self._used = threading.local()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request, renewing the token first when it is about to expire."""
        with self._guard:
            token = self._token
            if token is None or self._is_old(token):
                token = self._take_or_fetch(refused=None)
        self._used.access = token.access
        request.headers["Authorization"] = f"Bearer {token.access}"
        return request

    def renew(self) -> None:
        """Replace the token that was just refused, unless somebody else already has.

        Raises:
            AuthError: the client is refused.
            TransientError: the token endpoint cannot be reached.
        """
        with self._guard:
            self._take_or_fetch(refused=getattr(self._used, "access", None))

    def _is_old(self, token: Token) -> bool:
        return token.renew_at is not None and self._now() >= token.renew_at

    def _take_or_fetch(self, *, refused: str | None) -> Token:
        with self._store.lock:
            for token in (self._store.load(), self._token):
                if token and token.access != refused and not self._is_old(token):
                    self._token = token
                    return token
            token = self._fetch()
            self._store.save(token)
            self._token = token
            return token

    def _fetch(self) -> Token:
        body: dict[str, Any] = {
            "grant_type": self._settings.kind,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "scope": self._settings.scope,
        }
        kept = self._store.load()
        if isinstance(self._settings, RefreshToken):
            newest = kept.refresh if kept and kept.refresh else self._settings.refresh_token.get_secret_value()
            body["refresh_token"] = newest
        try:
            # Asking twice makes one token too many, which harms nobody; a refresh token must not be spent twice.
            answer = self._client.request(
                "POST", TOKENS_PATH, json=body, repeatable=isinstance(self._settings, ClientCredentials)
            )
            given = answer.json()
            access, life, refresh = given["access_token"], given.get("expires_in"), given.get("refresh_token")
        except SourceError as error:
            if getattr(error, "status", None) in {400, 404, 422}:
                msg = f"the account gave no token: {error}; check base_url, client id, secret and scope"
                raise AuthError(msg) from None
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            msg = "the token endpoint answered without an access_token; check base_url"
            raise AuthError(msg) from None
        if not isinstance(access, str) or not access.isascii() or not access.isprintable():
            msg = "the token endpoint answered without a usable access_token; check base_url"
            raise AuthError(msg)
        return Token(access=access, renew_at=self._renew_at(life), refresh=refresh if isinstance(refresh, str) else "")

    def _renew_at(self, life: object) -> float | None:
        try:
            seconds = float(life)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        return self._now() + seconds - min(MARGIN_SECONDS, seconds / 10)


class Fixed(AuthBase):
    """A header that never changes: a bearer, or an API token."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request."""
        request.headers["Authorization"] = self._header
        return request


def auth_for(
    settings: Settings,
    client: HttpClient,
    folder: Path,
    now: Callable[[], float] = time.time,
    earlier: Path | None = None,
) -> AuthBase | None:
    """Return what signs requests; ``client`` reaches the token endpoint; folders as those of ``TokenStore``."""
    auth = settings.auth
    if auth is None:
        return None  # only Zendesk QA is read, which has a token of its own
    if isinstance(auth, Bearer):
        return Fixed(f"Bearer {auth.token.get_secret_value()}")
    if isinstance(auth, ApiToken):
        pair = f"{auth.email}/token:{auth.token.get_secret_value()}"
        return Fixed(f"Basic {base64.b64encode(pair.encode()).decode()}")
    secrets = [auth.client_secret.get_secret_value()]
    if isinstance(auth, RefreshToken):
        secrets.append(auth.refresh_token.get_secret_value())
    # A token made with other credentials must not be taken for ours: changed settings get a file of their own.
    parts = [settings.base_url, auth.kind, auth.client_id, auth.scope, *secrets]
    fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return Renewing(auth, client, TokenStore(folder, fingerprint, earlier), now)
