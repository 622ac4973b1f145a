"""Tokens of the stand-in: given for a client's secret, expiring, and without rights when the scope is unknown."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

SCOPES = frozenset({"read", "write", "read write", "tickets:read", "users:read", "tickets:read users:read"})


class Grants:
    """Gives tokens for one confidential client and knows which are good."""

    def __init__(self, client_id: str, client_secret: str, life: float) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._life = life
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, str, str]] = {}

    def grant(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer ``POST /oauth/tokens``: status and body."""
        secret = str(asked.get("client_secret", ""))
        known = hmac.compare_digest(secret.encode(), self._client_secret.encode())
        if asked.get("client_id") != self._client_id or not known:
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed."}
        kind = asked.get("grant_type")
        with self._lock:
            if kind == "refresh_token":
                old = [token for token, kept in self._tokens.items() if kept[2] == asked.get("refresh_token")]
                if not old:
                    return 400, {"error": "invalid_grant", "error_description": "The refresh token is invalid."}
                for token in old:  # a refresh ends the pair before it
                    del self._tokens[token]
            elif kind != "client_credentials":
                return 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant type."}
            token, refresh = secrets.token_hex(32), secrets.token_hex(32)
            scope = str(asked.get("scope", "read"))
            self._tokens[token] = (time.monotonic() + self._life, scope, refresh)
        return 200, {
            "access_token": token,
            "token_type": "bearer",
            "scope": scope,
            "expires_in": int(self._life),
            "refresh_token": refresh,
            "refresh_token_expires_in": 2_592_000,
        }

    def judge(self, header: str | None, path: str) -> tuple[int, dict[str, Any]] | None:
        """Return the refusal of a request, or None when its token is good."""
        if not header:
            return 401, {"error": "Couldn't authenticate you"}
        with self._lock:
            until, scope, _ = self._tokens.get(header.removeprefix("Bearer "), (0.0, "", ""))
        if time.monotonic() >= until:
            return 401, {"error": "invalid_token", "error_description": "The access token is expired or revoked."}
        narrow = {part.partition(":")[0] for part in scope.split() if part.endswith(":read")}
        if scope not in SCOPES or (narrow and not any(f"/{name}" in path for name in narrow)):
            return 403, {"error": "Forbidden", "description": "You do not have access to this page."}
        return None

    def current(self, header: str | None) -> tuple[int, dict[str, Any]]:
        """Answer what the account tells about the token that asks, whatever that may be used for."""
        with self._lock:
            until, scope, _ = self._tokens.get((header or "").removeprefix("Bearer "), (0.0, "", ""))
        left = until - time.monotonic()
        if left <= 0:
            return 401, {"error": "invalid_token", "error_description": "The access token is expired or revoked."}
        expires = datetime.now(UTC) + timedelta(seconds=left)
        return 200, {"token": {"id": 1, "scopes": scope.split(), "expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}}

    def expire_all(self) -> None:
        """Make every token invalid; refresh tokens stay good."""
        with self._lock:
            self._tokens = {token: (0.0, scope, refresh) for token, (_, scope, refresh) in self._tokens.items()}
