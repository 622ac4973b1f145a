"""gspread's HTTP client with what it lacks: time-outs, bounded retries, quota, and no blind repeat of a write.

gspread's own back-off client retries for ever and re-sends appends. Here a read is repeated within
bounds; a write only where Google surely did nothing with it (429, refused connection). Everything else about a
write is the fence's business (``fence.py``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
from gspread import HTTPClient
from gspread.urls import SPREADSHEETS_API_V4_BASE_URL

from qa_sync.errors import AuthError, SinkError, SourceError, TransientError
from qa_sync.http import Retry, bounded, stop_of, timeouts
from qa_sync_gsheets.quota import Budget, Side, budget_of
from qa_sync_gsheets.settings import GOOGLE
from qa_sync_gsheets.trouble import AmbiguousWrite, NotThere, judge

POLICY = Retry(attempts=8, total=300.0, first=1.0, cap=64.0)
CONNECT_SECONDS = 10.0
#: A spreadsheet that was there a moment ago may answer 404 after heavy writes (seen live by others).
_PHANTOM_404 = 3
_READ_POSTS = (":getByDataFilter", ":batchGetByDataFilter", "developerMetadata:search")


class _Again(Exception):
    """Carries the error to raise when trying again has come to an end."""

    def __init__(self, error: TransientError | NotThere) -> None:
        super().__init__(str(error))
        self.error = error


class Transport(HTTPClient):
    """All traffic with one spreadsheet host. Counts its calls in ``calls``, ``sent`` and ``received`` (bytes).

    ``shared``: the folder in which processes count their calls together; ``urgent``: a person waits.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        base_url: str = GOOGLE,
        timeout: float = 190.0,
        retry: Retry = POLICY,
        calls_per_minute: int = 55,
        budget: Budget | None = None,
        shared: Path | None = None,
        urgent: bool = False,
        notify: Callable[[str], None] = lambda _line: None,
    ) -> None:
        # With a session of one's own there is nothing left to authorize.
        super().__init__(None, session)  # type: ignore[arg-type]
        self._timeouts = (CONNECT_SECONDS, timeout)
        self.calls = 0
        self.sent = 0
        self.received = 0
        self._base_url = base_url
        self._retry = retry
        self._limit = calls_per_minute
        self._budget = budget or budget_of(base_url, self.account, shared)
        self._urgent = urgent
        self._notify = notify
        self._seen: set[str] = set()
        self._missed = 0

    @property
    def account(self) -> str:
        """Address of the account that signs the requests, where known: the one to share files with."""
        credentials = getattr(self.session, "credentials", None)
        return str(getattr(credentials, "service_account_email", "") or "")

    def close(self) -> None:
        """Give back connections."""
        self.session.close()

    def call(
        self, method: str, spreadsheet: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Send one request below a spreadsheet and return its JSON. ``path`` starts with ":", "/" or is empty."""
        url = f"{SPREADSHEETS_API_V4_BASE_URL}/{spreadsheet}{path}"
        answer = self.request(method, url, params={"prettyPrint": "false", **(params or {})}, json=body)
        self._seen.add(spreadsheet)
        self._missed = 0
        return answer.json()

    def drive(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Read something of Drive, which has a quota of its own."""
        found: dict[str, Any] = self.request("GET", f"https://www.googleapis.com{path}", params=dict(params)).json()
        return found

    def request(
        self,
        method: str,
        endpoint: str,
        params: Any = None,
        data: Any = None,
        json: Any = None,
        files: Any = None,
        headers: Any = None,
    ) -> requests.Response:
        """Send a request of gspread or of ours.

        Raises:
            AuthError: credentials refused, or the file is not shared. TransientError: still refused at the end.
            AmbiguousWrite: a write that may have landed. Refused, NotThere: not as it stands.
        """
        url = self._url(endpoint)
        path = urlsplit(url).path
        side: Side = "read" if method.upper() == "GET" or path.endswith(_READ_POSTS) else "write"
        options = {"params": params, "data": data, "json": json, "files": files, "headers": headers}

        def once() -> requests.Response:
            return self._once(method, url, side, options)

        policy = bounded(self._retry)
        retrying = tenacity.Retrying(
            stop=stop_of(policy),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_Again),
            sleep=self._retry.sleep,
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            return retrying(once)
        except _Again as again:
            raise again.error from None

    def _url(self, endpoint: str) -> str:
        """Put our host in the place of Google's; a request never goes anywhere else."""
        parts = urlsplit(endpoint)
        if parts.hostname not in {"sheets.googleapis.com", "www.googleapis.com"}:
            msg = f"refused to leave Google Sheets for {parts.hostname}"
            raise SourceError(msg)
        if self._base_url == GOOGLE:
            return endpoint
        return self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")

    def _wait(self, state: tenacity.RetryCallState) -> float:
        # Google's advice: min(2^n + up to a second, 64 s).
        seconds = bounded(self._retry).first * 2 ** (state.attempt_number - 1)
        capped: float = min(seconds + random.uniform(0, 1), self._retry.cap)  # noqa: S311
        return capped

    def _announce(self, state: tenacity.RetryCallState) -> None:
        seconds = state.next_action.sleep if state.next_action else 0.0
        self._notify(f"waiting {seconds:.0f} s for Google Sheets")

    def _once(self, method: str, url: str, side: Side, options: dict[str, Any]) -> requests.Response:
        if "/drive/" not in url:
            self._budget.spend(side, self._limit, sleep=self._retry.sleep, notify=self._notify, urgent=self._urgent)
        response = self._send(method, url, side, options)
        if response.ok:
            return response
        try:
            body = response.json()
        except ValueError:
            body = None
        verdict = judge(response.status_code, body, writes=side == "write", account=self.account)
        if verdict.again and isinstance(verdict.error, TransientError):
            raise _Again(verdict.error)
        if isinstance(verdict.error, NotThere) and self._is_phantom(url):
            raise _Again(verdict.error)
        raise verdict.error

    def _is_phantom(self, url: str) -> bool:
        """A file that answered before is asked for again a few times."""
        known = next((one for one in self._seen if f"/{one}" in url), None)
        if known is None:
            return False
        self._missed += 1
        return self._missed < _PHANTOM_404

    def _send(self, method: str, url: str, side: Side, options: dict[str, Any]) -> requests.Response:
        from google.auth.exceptions import RefreshError, TransportError

        self.calls += 1
        where = f"{method.upper()} {urlsplit(url).hostname}"
        try:
            response = self.session.request(
                method, url, timeout=timeouts(*self._timeouts), allow_redirects=False, **options
            )
        except RefreshError:
            msg = "Google refused to renew the credentials; replace the key, or sign in again"
            raise AuthError(msg) from None
        except TransportError:
            # Signing in failed for want of a connection: nothing of the request itself was sent.
            msg = f"{where}: the sign-in service could not be reached"
            raise _Again(TransientError(msg)) from None
        except requests.exceptions.SSLError:
            msg = f"{where}: the certificate was not accepted"
            raise SinkError(msg) from None
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            if side == "read" or _never_sent(error):
                msg = f"{where}: no connection, or no whole answer in time"
                raise _Again(TransientError(msg)) from None
            msg = f"{where}: the connection broke; the write may or may not have landed"
            raise AmbiguousWrite(msg) from None
        body = response.request.body
        self.sent += len(body) if body else 0
        self.received += int(response.headers.get("Content-Length") or len(response.content))
        return response


def _never_sent(error: requests.exceptions.RequestException) -> bool:
    """Whether the connection was refused before a byte of the request left."""
    return isinstance(error, requests.exceptions.ConnectTimeout) or "NewConnectionError" in repr(error)
