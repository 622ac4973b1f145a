"""A requests session that waits when told to, gives up in bounded time, and never leaves its host.

Retrying happens here and nowhere else. A request that may be sent twice without harm (GET, HEAD, OPTIONS, or
``repeatable=True``) is retried on 409, 429, 5xx, resets, time-outs and truncated bodies; any other
request only where the server surely did nothing: 429 and a refused connection.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
import urllib3
from isal import isal_zlib
from requests.auth import AuthBase

from qa_sync.errors import AuthError, SourceError, TransientError
from qa_sync.http.patience import Retry, bounded, stop_of, timeouts
from qa_sync.http.redact import redact_url

#: So many 401 in a row, each after a renewal, and the credentials themselves are refused.
MOST_RENEWALS = 2
#: No vendor sends longer answers; a few packed bytes can become any number.
MOST_BYTES = 1_000_000_000
_TOO_LONG = "the answer is longer than any can be"
# The stubs call the class of the error an exception.
_Corrupt = cast("type[Exception]", isal_zlib.error)
RETRIED_STATUSES = frozenset({409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


def retry_after_seconds(value: str | None, *, now: float | None = None) -> float | None:
    """Read a Retry-After header: whole or fractional seconds, or a date; None when absent or unreadable.

    >>> retry_after_seconds("0.5"), retry_after_seconds("soon"), retry_after_seconds(None)
    (0.5, None, None)
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        seconds = moment.timestamp() - (time.time() if now is None else now)
    return max(0.0, seconds) if seconds < float("inf") else None


class HttpClient:
    """Requests against one host.

    Args:
        base_url: scheme, host and optional path prefix. No request ever goes to another host: neither a
            path handed in, nor a redirect, can leave it.
        auth: a requests auth object. If it has a method ``renew()``, a 401 calls it and tries again, at most twice
            in a row.
        timeout: seconds to connect and seconds to wait for bytes.
        retry: the bounds of trying again.
        notify: told one line before each longer wait.
        before, after: called with the request's path before it is sent and with each response: the
            place for a limiter that knows the vendor's buckets.
        explain: returns what the vendor's error codes mean, in words of ours, for the message of a refusal; it
            must never quote free text of the body.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthBase | None = None,
        timeout: tuple[float, float] = (5.0, 60.0),
        retry: Retry | None = None,
        session: requests.Session | None = None,
        notify: Callable[[str], None] = lambda _line: None,
        before: Callable[[str], None] = lambda _path: None,
        after: Callable[[requests.Response], None] = lambda _response: None,
        explain: Callable[[requests.Response], str] = lambda _response: "",
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = f"base_url must be http(s)://host, not {redact_url(base_url)!r}"
            raise SourceError(msg)
        self.base_url = base_url.rstrip("/") + "/"
        self.session = session or requests.Session()
        self._origin = (parts.scheme, parts.hostname, parts.port)
        self._auth = auth
        self._timeout = timeout
        self._retry = retry or Retry()
        self._notify = notify
        self._before = before
        self._after = after
        self._explain = explain

    def url(self, path: str) -> str:
        """Return the absolute URL of ``path`` on our own host.

        Raises:
            SourceError: the path names another host.
        """
        url = urljoin(self.base_url, path.lstrip("/") if not path.startswith("http") else path)
        parts = urlsplit(url)
        if (parts.scheme, parts.hostname, parts.port) != self._origin:
            msg = f"refused to leave {self._origin[1]} for {parts.hostname}"
            raise SourceError(msg)
        return url

    def get(self, path: str, *, params: Mapping[str, Any] | None = None, **options: Any) -> requests.Response:
        """GET a path; see ``request``."""
        return self.request("GET", path, params=params, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool | None = None,
        worth_repeating: Callable[[TransientError], bool] = lambda _error: True,
        **options: Any,
    ) -> requests.Response:
        """Send one request and return its response, whose body has been read whole.

        Args:
            method: of HTTP.
            path: on our host.
            repeatable: whether it may be sent twice without harm; None: by the method.
            worth_repeating: asked after each failure that would be tried again; a caller who can ask for less than
                this very request says no, and gets the error.
            options: as of ``requests.Session.request``.

        Raises:
            AuthError: 401 after renewal, or 403.
            TransientError: still refused or unreachable when attempts or time ran out.
            SourceError: any other 4xx, a redirect elsewhere, or an unexpected answer.

        All three carry the answer's ``status`` where there was one.
        """
        url = self.url(path)
        may_repeat = method in {"GET", "HEAD", "OPTIONS"} if repeatable is None else repeatable
        renewed = 0
        policy = bounded(self._retry)

        def once() -> requests.Response:
            nonlocal renewed
            response = self._send(method, url, may_repeat=may_repeat, **options)
            renew = getattr(self._auth, "renew", None)
            while response.status_code == 401 and renew is not None and renewed < MOST_RENEWALS:
                renewed += 1
                renew()
                response = self._send(method, url, may_repeat=may_repeat, **options)
            if response.status_code != 401:
                renewed = 0  # the token was good: it may expire again while we wait for something else
            return self._judge(response, method, url, may_repeat=may_repeat)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, TransientError) else None
            # Jitter only ever lengthens a wait that the server asked for.
            backoff = min(policy.cap, policy.first * 2.0 ** (state.attempt_number - 1))
            if asked is not None:
                return min(asked, policy.cap * 5) + random.uniform(0, 0.25)  # noqa: S311
            return backoff * random.uniform(0.5, 1.0)  # noqa: S311

        def announce(state: tenacity.RetryCallState) -> None:
            seconds = state.next_action.sleep if state.next_action else 0.0
            if seconds >= 1:
                self._notify(f"waiting {seconds:.0f} s for {urlsplit(url).hostname}")

        retrying = tenacity.Retrying(
            stop=stop_of(policy),
            wait=wait,
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, _Again) and worth_repeating(error)),
            sleep=policy.sleep,
            before_sleep=announce,
            reraise=True,
        )
        return retrying(once)

    def _send(self, method: str, url: str, *, may_repeat: bool, **options: Any) -> requests.Response:
        where = f"{method} {redact_url(url)}"
        self._before(urlsplit(url).path)
        options.setdefault("timeout", timeouts(*self._timeout))
        try:
            response = self.session.request(method, url, auth=self._auth, allow_redirects=False, stream=True, **options)
            _read_whole(response)
        except requests.exceptions.SSLError as error:
            msg = f"{where}: the certificate was not accepted"
            raise SourceError(msg) from error
        except requests.exceptions.ConnectionError as error:
            kind = _Again if may_repeat or _never_sent(error) else TransientError
            msg = f"{where}: the connection failed"
            raise kind(msg) from error
        except (
            requests.exceptions.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            kind = _Again if may_repeat else TransientError
            msg = f"{where}: no whole answer in time"
            raise kind(msg) from error
        except requests.exceptions.RequestException as error:
            msg = f"{where}: the request could not be made ({type(error).__name__})"
            raise SourceError(msg) from error
        self._after(response)
        return response

    def _judge(self, response: requests.Response, method: str, url: str, *, may_repeat: bool) -> requests.Response:
        status = response.status_code
        where = f"{method} {redact_url(url)}"
        if 200 <= status < 300:
            return response
        why = self._explain(response)
        why = f" ({why})" if why else ""
        if status in {401, 403}:
            msg = f"{where}: answered {status}: the credentials were refused or lack a permission{why}"
            refused = AuthError(msg)
            refused.status = status  # type: ignore[attr-defined]
            raise refused
        if status == 429 or (may_repeat and status in RETRIED_STATUSES):
            asked = retry_after_seconds(response.headers.get("Retry-After"))
            msg = f"{where}: answered {status}{why}"
            again = _Again(msg, retry_after=asked)
            again.status = status  # type: ignore[attr-defined]
            raise again
        if status in RETRIED_STATUSES:
            msg = f"{where}: answered {status}; it may or may not have been carried out"
            raise TransientError(msg)
        if 300 <= status < 400:
            msg = f"{where}: answered {status}; redirects are not followed"
        else:
            msg = f"{where}: answered {status}{why}"
        error = SourceError(msg)
        error.status = status  # type: ignore[attr-defined]
        raise error


class _Again(TransientError):
    """A refusal that may be tried again at once by the policy."""


def _read_whole(response: requests.Response) -> None:
    """Read the body to its end; one in gzip is unpacked in one go, at a quarter of the cost of piece by piece.

    Raises:
        requests.exceptions.RequestException: it did not arrive whole, or is not what its headers say.
    """
    # A hook of the session may have read it before us.
    if response._content_consumed or response.headers.get("Content-Encoding", "").strip().lower() != "gzip":  # type: ignore[attr-defined]
        try:
            response.content  # noqa: B018  (reads and keeps it)
        except requests.exceptions.ConnectionError as error:
            # It was connected, and began to answer: not to be told from a page that takes too long.
            raise requests.exceptions.ReadTimeout(error) from error
        return
    try:
        packed = response.raw.read(decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    try:
        response._content = _unpacked(packed) if packed else b""
    except (OSError, EOFError, _Corrupt) as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    response._content_consumed = True  # type: ignore[attr-defined]


def _unpacked(packed: bytes) -> bytes:
    """Unpack a gzip body of any number of members, of at most MOST_BYTES in all; OSError says that it is more."""
    parts: list[bytes] = []
    left = MOST_BYTES
    while packed:
        member = isal_zlib.decompressobj(wbits=31)
        part = member.decompress(packed, left + 1)
        left -= len(part)
        if left < 0:
            raise OSError(_TOO_LONG)
        if not member.eof:
            raise EOFError
        parts.append(part)
        packed = member.unused_data.lstrip(b"\0")  # padding may follow, as gzip itself takes it
    return b"".join(parts)


def _never_sent(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection was refused before a byte of the request left."""
    return isinstance(error, requests.exceptions.ConnectTimeout) or "NewConnectionError" in repr(error)
