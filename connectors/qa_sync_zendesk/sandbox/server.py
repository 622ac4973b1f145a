"""The HTTP side of the stand-in."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from qa_sync_zendesk.sandbox.account import Account
from qa_sync_zendesk.sandbox.faults import Fault, Faults
from qa_sync_zendesk.sandbox.grants import Grants
from qa_sync_zendesk.sandbox.limits import Limits
from qa_sync_zendesk.sandbox.qa import QAAccount

_ROUTES = re.compile(
    r"/api/v2/(?:incremental/(?P<cursor>tickets|users)/cursor|incremental/"
    r"(?P<time>tickets|users|organizations|ticket_events|ticket_metric_events)"
    r"|tickets/(?P<audits>\d+)/audits|(?P<list>satisfaction_ratings|guide/survey_responses|groups|group_memberships|ticket_fields|ticket_forms|custom_statuses|brands))(?:\.json)?\Z"
)
_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "429": (
        429,
        {
            "error": "APIRateLimitExceeded",
            "description": "Number of allowed incremental export API requests per minute exceeded",
        },
    ),
    "429_no_header": (429, {"error": "APIRateLimitExceeded", "description": "Too many requests"}),
    "429_edge": (
        429,
        {"detail": "Rate limited by Zendesk edge protection", "status": "429", "title": "Automated response"},
    ),
    "503": (503, {"error": "ServiceUnavailable"}),
    "504": (504, {"error": "GatewayTimeout"}),
    "401": (401, {"error": "invalid_token", "error_description": "The access token is expired."}),
    "poisoned_cursor": (400, {"error": "InvalidValue", "description": "The cursor is not valid."}),
}


#: Seconds after which a page that stalls is given up by this side, too.
LONGEST_STALL = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in, and the status it was answered with (0: not at all)."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    anonymous: bool
    fault: str = ""


@dataclass(slots=True)
class _Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: Whether half of it is sent, and whether the connection is then kept open.
    cut: bool = False
    stalls: bool = False


class Server:
    """Serves an account on 127.0.0.1 in threads of its own, until it is stopped."""

    def __init__(
        self, account: Account, qa: QAAccount, faults: Faults, grants: Grants, limits: Limits, port: int
    ) -> None:
        self._qa = qa
        #: Streams that the account's plan lacks.
        self._absent: frozenset[str] = frozenset()
        self.asked: list[Asked] = []
        self._account, self._faults, self._grants, self._limits = account, faults, grants, limits
        self._jobs: dict[str, dict[str, Any]] = {}
        #: Whether jobs stay queued: asked for, and not carried out.
        self.holds_jobs = False
        self._last_page: dict[str, list[bytes]] = {}
        self._http = _Http(("127.0.0.1", port), _handler_for(self.answer))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close what is open."""
        self._http.shutdown()
        self._http.server_close()
        self._http.close_connections()
        self._thread.join(timeout=5)

    def lack(self, streams: Iterable[str]) -> None:
        """Answer for these streams as an account does whose plan lacks them."""
        self._absent = frozenset(streams)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Answer | None:
        """Answer one request; None closes the connection without a word."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        fault = self._faults.take(parts.path)
        kind = fault.kind if fault else ""
        made = self._judge(method, parts.path, query, headers, body, fault)
        answer = _as_answer(made)
        if fault and kind == "429":
            answer.headers["Retry-After"] = fault.retry_after
        if kind == "redirect":
            answer = _Answer(302, b"", {"Location": f"https://elsewhere.invalid{parts.path}"})
        if kind == "cut_json":
            answer.body = answer.body[: len(answer.body) * 2 // 3]
        answer.stalls = fault is not None and kind == "slow_page" and _length(query) > fault.over
        answer.cut = kind == "cut_body" or answer.stalls
        status = 0 if kind == "reset" else answer.status
        self.asked.append(
            Asked(
                method=method,
                path=parts.path,
                query=query,
                status=status,
                anonymous="Authorization" not in headers,
                fault=kind,
            )
        )
        return None if kind == "reset" else answer

    def _judge(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: Mapping[str, str],
        body: bytes,
        fault: Fault | None,
    ) -> tuple[int, Any, dict[str, str]]:
        kind = fault.kind if fault else ""
        if method == "POST" and path == "/oauth/tokens":
            if kind in _REFUSALS:
                return *_REFUSALS[kind], {}
            return *self._grants.grant(_read_form(body, headers)), {}
        if path.startswith("/qa/"):
            if kind in _REFUSALS:
                return *_REFUSALS[kind], {}
            return *self._qa.answer(method, path, query, headers.get("Authorization")), {}
        passes, told = self._limits.count(path)
        if not passes:
            return *_REFUSALS["429"], told
        if kind == "expire_tokens":
            self._grants.expire_all()
        if kind in _REFUSALS and (kind != "poisoned_cursor" or "cursor" in query):
            return *_REFUSALS[kind], told
        if path in {"/api/v2/users/me", "/api/v2/users/me.json"} and "Authorization" not in headers:
            return 200, {"user": {"id": None, "name": "Anonymous user", "role": "end-user"}}, told
        if path == "/api/v2/oauth/tokens/current.json":
            return *self._grants.current(headers.get("Authorization")), told
        refusal = self._grants.judge(headers.get("Authorization"), path)
        if refusal:
            return *refusal, told
        if path.startswith(("/api/v2/job_statuses/", "/api/v2/tickets/show_many", "/api/v2/tickets/update_many")):
            return *self._writing(method, path, query, body), told
        if path == "/api/v2/search/export.json":
            return *self._account.found(query), told
        route = _ROUTES.match(path)
        if method != "GET" or route is None:
            return 404, {"error": "InvalidEndpoint", "description": "Not found"}, told
        return *self._page(route.groupdict(), path, query, kind), told

    def _writing(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Answer what belongs to changing tickets; a job is queued first, and done when it is looked at again."""
        if "show_many" in path:
            return self._account.shown(query)
        if "update_many" in path and method == "PUT":
            tickets = json.loads(body)["tickets"]
            if len(tickets) > 100:
                return 400, {"error": "TooManyValues", "description": "Too many", "max_count": 100}
            number = f"job{len(self._jobs)}"
            self._jobs[number] = {"total": len(tickets), "asked": tickets}
            self._carry_out()
            return 200, {"job_status": {"id": number, "status": "queued", "results": None, "total": len(tickets)}}
        job = self._jobs.get(path.rpartition("/")[2].removesuffix(".json"))
        if job is None:
            return 404, {"error": "RecordNotFound", "description": "Not found"}
        told = {name: part for name, part in job.items() if name != "asked"}
        told |= {"id": path.rpartition("/")[2].removesuffix(".json"), "results": job.get("results")}
        return 200, {"job_status": {**told, "status": "completed" if "results" in job else "queued"}}

    def _carry_out(self) -> None:
        """Carry out the queued jobs in turn, unless they are held."""
        for job in self._jobs.values():
            if not self.holds_jobs and "results" not in job:
                job["results"] = self._account.update(job["asked"])

    def _page(self, route: dict[str, str | None], path: str, query: dict[str, str], kind: str) -> tuple[int, Any]:
        base = "https://elsewhere.invalid" if kind == "foreign_host" else self.url
        stream = route["cursor"] or route["time"] or (route["list"] or "audits").removeprefix("guide/")
        if stream in self._absent:
            return 404, {"error": "InvalidEndpoint", "description": "Not found"}
        if route["cursor"]:
            status, around, rows = self._account.cursor_page(stream, query, base + path)
        elif route["time"]:
            status, around, rows = self._account.time_page(stream, query, base + path)
        elif route["audits"]:
            status, around, rows = self._account.audits_page(route["audits"], query, base + path)
        else:
            status, around, rows = self._account.list_page(stream, query, base + path)
        if status != 200:
            return status, around
        if kind == "empty_page" and "cursor" in query:
            rows, around = [], {**around, "after_cursor": query["cursor"], "end_of_stream": False}
        if kind == "repeat_cursor" and "cursor" in query:
            around = {**around, "after_cursor": query["cursor"], "end_of_stream": False}
        if kind == "duplicates":
            rows = [*self._last_page.get(stream, [])[-3:], *rows]
        self._last_page[stream] = rows
        head = json.dumps({stream: []})[:-2].encode()
        tail = json.dumps(around)[1:].encode()
        return 200, head + b",".join(rows) + b"]," + tail


def _length(query: Mapping[str, str]) -> int:
    """Return how many records a page is asked for with."""
    told = query.get("per_page", query.get("page[size]", ""))
    return int(told) if told.isdecimal() else 1000


def _as_answer(made: tuple[int, Any, dict[str, str]]) -> _Answer:
    status, body, headers = made
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return _Answer(status, text, {"Content-Type": "application/json; charset=utf-8", **headers})


def _read_form(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    if "json" in headers.get("Content-Type", ""):
        try:
            data = json.loads(body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._guard:
            still_open = list(self._open)
        for request in still_open:
            self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away, or a connection closed by ``stop``."""


_Answering = Callable[[str, str, Mapping[str, str], bytes], _Answer | None]


def _handler_for(answer: _Answering) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            headers = {name.title(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("Content-Length") or 0))
            made = answer(self.command, self.path, headers, body)
            if made is None:
                self.close_connection = True
                return
            data = made.body
            if "gzip" in headers.get("Accept-Encoding", "") and len(data) > 1000 and not made.cut:
                data = gzip.compress(data, compresslevel=1, mtime=0)
                made.headers["Content-Encoding"] = "gzip"
            made.headers["Content-Length"] = str(len(data))
            lines = [f"HTTP/1.1 {made.status} {HTTPStatus(made.status).phrase}"]
            lines += [f"{name}: {value}" for name, value in made.headers.items()]
            head = "\r\n".join([*lines, "", ""]).encode("latin-1")
            # Head and body in one write: two would wait for each other's acknowledgement.
            self.wfile.write(head + (data[: len(data) // 2] if made.cut else data))
            self.close_connection = self.close_connection or made.cut
            if made.stalls:
                self.connection.settimeout(LONGEST_STALL)
                self.connection.recv(1)  # until the other side gives up

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
