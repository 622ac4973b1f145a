"""The HTTP server around the emulator: loopback only, one thread a connection."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qa_sync_gsheets.sandbox.app import App, Logged
from qa_sync_gsheets.sandbox.faults import DroppedConnection
from qa_sync_gsheets.sandbox.view import page_for

MOST_BODY = 64 * 2**20


class Server:
    """A running emulator. ``url`` has no trailing slash."""

    def __init__(self, app: App, port: int = 0) -> None:
        class Handler(_Handler):
            emulator = app

        self._http = _Loopback(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        app.url = self.url
        self._app = app
        serve = self._http.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.02,), daemon=True, name="sheets-sandbox")
        self._thread.start()

    def stop(self) -> None:
        """End the server and its connections."""
        self._app.faults.release()
        self._http.shutdown()
        self._http.end_connections()
        self._http.server_close()
        self._thread.join(5)


class _Loopback(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    emulator: App
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay quiet; the emulator keeps its own log."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BODY:
            self._send(413, "text/plain", b"")
            return
        raw = self.rfile.read(length)
        if self.command == "GET" and not parts.path.startswith(("/v4/", "/drive/", "/upload/")):
            with self.emulator.lock:
                page = page_for(self.emulator.drive, parts.path, query)
            self._send(200 if page else 404, "text/html; charset=utf-8", (page or "not found").encode())
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            status, answer = self.emulator.handle(self.command, parts.path, query, raw, token)
        except DroppedConnection:
            self._log(parts.path, query, raw, 0, 0)
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        if answer is None:
            kind, data = "text/html", b""
        elif isinstance(answer, str):
            kind, data = "text/csv", answer.encode()
        else:
            kind = "application/json; charset=UTF-8"
            pretty = query.get("prettyPrint", ["true"])[-1].lower() != "false"
            data = json.dumps(
                answer, ensure_ascii=False, indent=2 if pretty else None, separators=None if pretty else (",", ":")
            ).encode("utf-8", "surrogatepass")
        data, packed = self._packed(data)
        # Before the answer leaves: who has read it may look at the log.
        self._log(parts.path, query, raw, status, len(data))
        self._send(status, kind, data, packed=packed)

    def _log(self, path: str, query: dict[str, list[str]], raw: bytes, status: int, sent: int) -> None:
        try:
            body = json.loads(raw) if raw and path != "/token" else None
        except ValueError:
            body = None
        self.emulator.log.append(Logged(self.command, path, query, body, status, len(raw), sent))

    def _packed(self, data: bytes) -> tuple[bytes, bool]:
        if len(data) > 1024 and "gzip" in self.headers.get("Accept-Encoding", ""):
            return gzip.compress(data, 1), True
        return data, False

    def _send(self, status: int, kind: str, data: bytes, *, packed: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815
