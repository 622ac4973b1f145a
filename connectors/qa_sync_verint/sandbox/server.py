"""The HTTP side of the stand-in: it answers on loopback, refuses what is not signed, and misbehaves when told to."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qa_sync_verint.sandbox.verifier import Verifier
from qa_sync_verint.sandbox.world import World

USER_MANAGEMENT = "/wfo/user-mgmt-api/v1/"
SESSION_PATH = "/wfo/rest/core-api/auth/token"
OAUTH_PATH = "/identity/oauth2/token"
QUERY_PATH = "/daswebapi/query/executedynamicquery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came: its path without query, and the status it was answered with."""

    method: str
    path: str
    status: int


class Tenant:
    """The state behind the server. Fields may be changed while it runs.

    Attributes:
        accepts: which ways of authorisation are taken.
        page_size: employees a page; 0 gives all at once, as public clients have seen it.
        refusals: statuses (and Retry-After seconds, or None) that the next requests get.
        most_sessions: a query for more interactions than this "times out" with 504; 0 for no limit.
        clock_ahead: by how many seconds the tenant's clock is wrong.
        extra_rows: raw texts served among the employees, well formed as JSON or not as employees.
    """

    def __init__(
        self,
        world: World,
        verifier: Verifier,
        *,
        user: str,
        password: str,
        client_id: str,
        client_secret: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.world = world
        self.verifier = verifier
        self.accepts = {"hmac", "session", "oauth2"}
        self.page_size = 0
        self.refusals: list[tuple[int, float | None]] = []
        self.most_sessions = 0
        self.clock_ahead = 0.0
        self.extra_rows: list[str] = []
        self.asked: list[Asked] = []
        self.tokens: set[str] = set()
        self.credentials = (user, password)
        self.clients = {client_id: client_secret}
        self.lock = threading.Lock()
        self._clock = clock

    @property
    def now(self) -> datetime:
        """The tenant's time."""
        return self._clock() + timedelta(seconds=self.clock_ahead)

    def answer(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, what to send as JSON (or bytes as they are), and extra headers."""
        parts = urlsplit(target)
        if self.refusals:
            status, seconds = self.refusals.pop(0)
            return status, {}, {"Retry-After": f"{seconds:g}"} if seconds is not None else {}
        if method == "POST" and parts.path == SESSION_PATH:
            return self._session(body)
        if method == "POST" and parts.path == OAUTH_PATH:
            return self._oauth(headers, body)
        if not self._is_authorised(method, target, headers):
            return 401, {}, {}
        if method == "POST" and parts.path.lower() == QUERY_PATH:
            return self._query(body)
        if method == "GET" and parts.path.startswith(USER_MANAGEMENT):
            return self._listing(parts.path.removeprefix(USER_MANAGEMENT), parse_qs(parts.query))
        return 404, {}, {}

    def _is_authorised(self, method: str, target: str, headers: list[tuple[str, str]]) -> bool:
        given = {name.lower(): value for name, value in headers}
        if "session" in self.accepts and given.get("impact360authtoken") in self.tokens:
            return True
        scheme, _, token = given.get("authorization", "").partition(" ")
        if "oauth2" in self.accepts and scheme == "Bearer" and token in self.tokens:
            return True
        return "hmac" in self.accepts and self.verifier.fault(method, target, headers, self.now) == ""

    def _new_token(self) -> str:
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return token

    def _session(self, body: bytes) -> tuple[int, Any, dict[str, str]]:
        try:
            data = json.loads(body)
            right = (data["user"], data["password"]) == self.credentials
        except (ValueError, KeyError, TypeError):
            return 400, {}, {}
        if not right:
            return 401, {}, {}
        return 200, {"AuthToken": {"id": 10721, "token": self._new_token(), "extendSession": ""}}, {}

    def _oauth(self, headers: list[tuple[str, str]], body: bytes) -> tuple[int, Any, dict[str, str]]:
        given = {name.lower(): value for name, value in headers}
        try:
            pair = base64.b64decode(given.get("authorization", "").removeprefix("Basic ")).decode()
        except (binascii.Error, UnicodeDecodeError):
            return 400, {"error": "invalid_request"}, {}
        client_id, _, secret = pair.partition(":")
        if parse_qs(body.decode()).get("grant_type") != ["client_credentials"] or self.clients.get(client_id) != secret:
            return 400, {"error": "invalid_client"}, {}
        return 200, {"access_token": self._new_token(), "token_type": "Bearer", "expires_in": 300}, {}

    def _listing(self, resource: str, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        if resource not in ("employees", "organizations", "groups"):
            return 404, {}, {}
        rows = [json.dumps(row) for row in getattr(self.world, resource).values()]
        if resource == "employees":
            rows += self.extra_rows
        links = ""
        if self.page_size and resource == "employees":
            at = int(query.get("page", ["0"])[0])
            if (at + 1) * self.page_size < len(rows):
                links = f', "links": {{"next": "{USER_MANAGEMENT}employees?page={at + 1}"}}'
            rows = rows[at * self.page_size : (at + 1) * self.page_size]
        return 200, ('{"data": [' + ",".join(rows) + f"]{links}}}").encode(), {}

    def _query(self, body: bytes) -> tuple[int, Any, dict[str, str]]:
        try:
            period = {key.lower(): value for key, value in json.loads(body)["period"].items()}
            begin, end = (
                datetime.fromisoformat(period[name].rstrip("Z").split(".")[0]).replace(tzinfo=UTC)
                for name in ("beginperiod", "endperiod")
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return 400, {}, {}
        found = self.world.sessions(begin, end)
        if self.most_sessions and len(found) > self.most_sessions:
            return 504, {}, {}
        return 200, {"Sessions": found, "QDI": [{"TIME_FROM": "", "TIME_TO": ""}]}, {}


class Server:
    """A tenant listening on loopback, in a thread of its own."""

    def __init__(self, tenant: Tenant, port: int) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(tenant))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens, such as http://127.0.0.1:40001."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def stop(self) -> None:
        """End the server."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(tenant: Tenant) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: headers and body apart would wait for each other.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing: paths and headers are not for logs."""

        def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
            return format_datetime(tenant.now, usegmt=True)

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with tenant.lock:
                status, data, extra = tenant.answer(self.command, self.path, list(self.headers.items()), body)
                tenant.asked.append(Asked(method=self.command, path=urlsplit(self.path).path, status=status))
            text = data if isinstance(data, bytes) else json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, value in extra.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    return Handler
