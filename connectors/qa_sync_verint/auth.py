"""How a request proves who sends it: the signed header, a session token, or OAuth 2 client credentials.

Each is an auth object of requests. ``renew()`` is called once after a 401: it takes the standby key, logs in
again, or fetches a new token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase

from qa_sync.errors import AuthError, SourceError
from qa_sync.http import HttpClient

SCHEME = "Vrnt-1-HMAC-SHA256"
SALT_BYTES = 16
SESSION_PATH = "/wfo/rest/core-api/auth/token"
SESSION_HEADER = "Impact360AuthToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key and its id. The key's text is never shown."""

    key_id: str
    key: str

    def __repr__(self) -> str:
        return f"ApiKey(key_id={self.key_id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What public clients disagree about.

    ``sign_query``: the query is part of the signed path. ``path_form``: the path as sent, or %-decoded.
    ``canonical_headers``: only names of ``verint-`` headers in lower case, sorted; or all of it in lower case,
    in the order of the request. ``key_encoding``: the key is base64url, or its own text.
    """

    sign_query: bool = False
    path_form: Literal["raw", "decoded"] = "raw"
    canonical_headers: Literal["lower_names", "lower_all"] = "lower_names"
    key_encoding: Literal["base64url", "raw"] = "base64url"

    def key_bytes(self, key: str) -> bytes:
        """Return the bytes of a key's text.

        Raises:
            ValueError: not base64url.
        """
        if self.key_encoding == "raw":
            return key.encode()
        return base64.b64decode(
            key.strip().rstrip("=") + "=" * (-len(key.strip().rstrip("=")) % 4), altchars=b"-_", validate=True
        )

    def text(self, *, salt: str, method: str, url: str, iat: str, headers: Sequence[tuple[str, str]]) -> str:
        """Return the text to sign; ``headers`` are all headers of the request, in its order."""
        parts = urlsplit(url)
        path = parts.path or "/"
        if self.sign_query and parts.query:
            path += f"?{parts.query}"
        if self.path_form == "decoded":
            path = unquote(path)
        ours = [(name, value) for name, value in headers if name.lower().startswith("verint-")]
        if self.canonical_headers == "lower_all":
            lines = [f"{name}:{value}\n".lower() for name, value in ours]
        else:
            # By name, not by line: a colon sorts behind the hyphen of a longer name.
            lines = [f"{name}:{value}\n" for name, value in sorted((name.lower(), value) for name, value in ours)]
        return f"{salt}\n{method.upper()}\n{path}\n{iat}\n{''.join(lines)}\n"


def sign(
    key: ApiKey,
    signing: Signing,
    *,
    salt: bytes,
    at: datetime,
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the Authorization header of a request; a pure function of its arguments."""
    salt_text = _base64url(salt)
    iat = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = signing.text(salt=salt_text, method=method, url=url, iat=iat, headers=headers)
    digest = hmac.new(signing.key_bytes(key.key), text.encode(), hashlib.sha256).digest()
    return f"{SCHEME} salt={salt_text},iat={iat},kid={key.key_id},sig={_base64url(digest)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class HmacAuth(AuthBase):
    """Signs every attempt anew, with a fresh salt and the time of sending.

    Args:
        keys: the key in use and, where keys rotate, its standby.
        signing: the options.
        headers: extra ``Verint-`` headers to send and sign.
        clock: gives the time; ``salt`` gives 16 random bytes.
    """

    def __init__(
        self,
        keys: Sequence[ApiKey],
        signing: Signing,
        *,
        headers: dict[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
    ) -> None:
        self.keys = tuple(keys)
        self.signing = signing
        self._at = 0
        self._headers = dict(headers or {})
        self._clock = clock
        self._salt = salt

    @property
    def key(self) -> ApiKey:
        """The key in use."""
        return self.keys[self._at]

    def renew(self) -> None:
        """Take the other key, where there is one. A 401 with both means: expired, rotated or disabled."""
        self._at = (self._at + 1) % len(self.keys)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        request.headers.update(self._headers)
        request.headers["Authorization"] = sign(
            self.key,
            self.signing,
            salt=self._salt(),
            at=self._clock(),
            method=request.method or "GET",
            url=request.url or "",
            headers=[(name, _text(value)) for name, value in request.headers.items()],
        )
        return request


class SessionAuth(AuthBase):
    """Logs in with user and password, and sends the token. ``user_id`` is known after the first login."""

    def __init__(self, login: HttpClient, user: str, password: str) -> None:
        self._login = login
        self._user = user
        self._password = password
        self._token = ""
        self.user_id = 0

    def renew(self) -> None:
        """Forget the token: the next request logs in again."""
        self._token = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Send the token, after logging in where there is none."""
        if not self._token:
            self._log_in()
        request.headers[SESSION_HEADER] = self._token
        return request

    def _log_in(self) -> None:
        answer = self._login.request(
            "POST", SESSION_PATH, repeatable=True, json={"user": self._user, "password": self._password}
        )
        try:
            token = answer.json()["AuthToken"]
            self._token, self.user_id = str(token["token"]), int(token.get("id") or 0)
        except (ValueError, KeyError, TypeError, AttributeError):
            msg = f"POST {SESSION_PATH}: no AuthToken in the answer; users with single sign-on need an API key"
            raise AuthError(msg) from None


class OAuth2Auth(AuthBase):
    """Client credentials for a short-lived bearer token; the second set is tried when the first is refused."""

    def __init__(
        self,
        token_endpoint: HttpClient,
        path: str,
        credentials: Sequence[tuple[str, str]],
        *,
        scope: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoint = token_endpoint
        self._path = path
        self._credentials = tuple(credentials)
        self._scope = scope
        self._clock = clock
        self._token = ""
        self._until = 0.0

    def renew(self) -> None:
        """Forget the token."""
        self._token = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Send the token, after fetching one where there is none or it is about to expire."""
        if not self._token or self._clock().timestamp() >= self._until:
            self._fetch()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _fetch(self) -> None:
        refused: AuthError | None = None
        for client_id, client_secret in self._credentials:
            form = {"grant_type": "client_credentials", **({"scope": self._scope} if self._scope else {})}
            try:
                answer = self._endpoint.request(
                    "POST",
                    self._path,
                    repeatable=True,
                    data=form,
                    headers={"Authorization": requests.auth._basic_auth_str(client_id, client_secret)},
                )
            except AuthError as error:
                refused = error
                continue
            except SourceError as error:
                # RFC 6749 answers 400 invalid_client or invalid_grant where others answer 401.
                if getattr(error, "status", None) != 400:
                    raise
                refused = AuthError(f"{error}: the client credentials were refused")
                continue
            try:
                data = answer.json()
                self._token = str(data["access_token"])
                # Renewed a little early, so that no request carries a token that dies on the way.
                self._until = self._clock().timestamp() + 0.9 * float(data.get("expires_in") or 300)
            except (ValueError, KeyError, TypeError, AttributeError):
                msg = f"POST {self._path}: the answer holds no access_token"
                raise AuthError(msg) from None
            return
        raise refused or AuthError("no client credentials")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
