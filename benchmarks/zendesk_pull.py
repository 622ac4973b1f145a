"""Pulling tickets: bytes, sliced records, committed rows, mapped rows; beside requests + orjson, which only decodes.

Tickets of about 3 kB in gzipped pages of 1,000, from a server in a process of its own on loopback. Each case does
all that the one before it does, so that the differences are the costs of the stages. zenpy's objects stand beside them,
for a twentieth of the tickets. ``--large`` pulls a million.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mapping_tickets import mapping_of, tickets
from measure import Case, Work, compare

ROWS = 100_000
PAGE = 1_000
#: Ids are as wide as this one, so that a page of the template becomes any page.
FIRST = 1_000_000_000
BEGIN = 1_760_000_000
ZONE = "Europe/Dublin"
PATH = "/api/v2/incremental/tickets/cursor.json"


# ---- the server, a process of its own -----------------------------------------------------------------------


def serve(rows: int) -> None:
    """Serve ``rows`` tickets by cursor; print the port."""
    parts = [piece for text in tickets(PAGE, lists=False) for piece in _as_served(json.loads(text)).split(b"#")]
    assert len(parts) == 3 * PAGE

    def page(number: int) -> bytes:
        made = []
        for at in range(PAGE):
            this = number * PAGE + at
            made += [
                parts[3 * at],
                b"%d" % (FIRST + this),
                parts[3 * at + 1],
                b"%d" % (BEGIN + this),
                parts[3 * at + 2],
                b",",
            ]
        made.pop()
        last = (number + 1) * PAGE >= rows
        cursor = b64encode(b"%d.0||%d|" % (BEGIN + (number + 1) * PAGE - 1, number + 1)).decode()
        around = {
            "after_cursor": cursor,
            "after_url": f"https://account.invalid{PATH}?cursor={cursor}",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": last,
        }
        return b'{"tickets":[' + b"".join(made) + b"]," + json.dumps(around, separators=(",", ":")).encode()[1:]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            cursor = parse_qs(urlsplit(self.path).query).get("cursor", [""])[0]
            number = int(b64decode(cursor).split(b"||")[1].rstrip(b"|")) if cursor else 0
            body = gzip.compress(page(number), compresslevel=1, mtime=0)
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    http = HTTPServer(("127.0.0.1", 0), Handler)
    print(http.server_port, flush=True)
    http.serve_forever()


def _as_served(ticket: dict[str, Any]) -> bytes:
    """Return a ticket as the export writes it, compact, with # for its id and its stamp.

    Keys and their order are those of recorded tickets; ``fields`` says all of ``custom_fields`` again, as the
    documentation has it.
    """
    custom = ticket["custom_fields"] + [
        {"id": 360000000300 + n, "value": (None, f"choice_{n}", False)[n % 3]} for n in range(3)
    ]
    served = {
        "url": "https://acme.zendesk.com/api/v2/tickets/1000000.json",
        "id": "#",
        "external_id": None,
        "via": ticket["via"],
        **{name: ticket[name] for name in ("created_at", "updated_at", "type", "subject", "raw_subject")},
        "description": ticket["description"][:250],
        **{name: ticket[name] for name in ("priority", "status", "recipient", "requester_id")},
        **{name: ticket[name] for name in ("submitter_id", "assignee_id", "organization_id", "group_id")},
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": ticket["tags"],
        "custom_fields": custom,
        "satisfaction_rating": ticket["satisfaction_rating"],
        "sharing_agreement_ids": [],
        "custom_status_id": 6130892426138,
        "fields": custom,
        "followup_ids": [],
        "ticket_form_id": ticket["ticket_form_id"],
        "brand_id": ticket["brand_id"],
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
        "generated_timestamp": "#",
    }
    return json.dumps(served, separators=(",", ":"), ensure_ascii=False).replace('"#"', "#").encode()


def start(rows: int) -> tuple[str, subprocess.Popen[str]]:
    """Start the server; return its address and process."""
    command = [sys.executable, __file__, "--serve", str(rows)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return f"http://127.0.0.1:{server.stdout.readline().strip()}", server


# ---- the cases ---------------------------------------------------------------------------------------------


def orjson_only(rows: int) -> Work:
    """What a script does: requests, and orjson on each page. Nothing is kept."""
    import orjson
    import requests

    url, server = start(rows)
    session = requests.Session()

    def work() -> dict[str, float]:
        params, count = {"start_time": "0", "per_page": str(PAGE)}, 0
        while True:
            page = orjson.loads(session.get(url + PATH, params=params, timeout=60).content)
            count += len(page["tickets"])
            if page["end_of_stream"]:
                server.kill()
                return {"tickets": count}
            params = {"cursor": page["after_cursor"]}

    return work


def zenpy_objects(rows: int) -> Work:
    """What a script with zenpy does: each ticket an object, page after page. Nothing is kept."""
    from qa_sync.http import HttpClient
    from qa_sync_zendesk import zenpy_adapter

    url, server = start(rows)
    zenpy = zenpy_adapter.objects(HttpClient(url))

    def work() -> dict[str, float]:
        count = sum(1 for _ticket in zenpy.tickets.incremental(start_time=BEGIN, paginate_by_time=False))
        server.kill()
        return {"tickets": count}

    return work


def bytes_only(rows: int) -> Work:
    """Our client's requests, limits and retries; pages are not looked into."""
    source, _folder, server = _source(rows)

    def work() -> dict[str, float]:
        size = 0
        cursor = {"start_time": "0"}
        for number in range(rows // PAGE):
            size += len(source._client.get(PATH, params=cursor).content)
            cursor = {"cursor": b64encode(b"%d.0||%d|" % (BEGIN, number + 1)).decode()}
        server.kill()
        return {"MB": round(size / 1e6)}

    return work


def sliced(rows: int) -> Work:
    """Pages taken apart and reduced to what may be stored."""
    source, _folder, server = _source(rows)

    def work() -> dict[str, float]:
        count = sum(page.records.num_rows for page in source.read("tickets", None))
        server.kill()
        return {"tickets": count}

    return work


def committed(rows: int) -> Work:
    """What a sync does: pages sliced, checked, hashed and committed with their cursor, ten at a time."""
    return _synced(rows, mapped=False)


def mapped(rows: int) -> Work:
    """Committed, and mapped: 12 paths and three custom fields."""
    return _synced(rows, mapped=True)


def _source(rows: int) -> tuple[Any, Path, subprocess.Popen[str]]:
    from qa_sync.ports import Context
    from qa_sync_zendesk import connect

    url, server = start(rows)
    folder = Path(tempfile.mkdtemp())
    context = Context(
        name="zd",
        folder=folder,
        state=folder / "state",
        mapped_fields={"tickets": mapping_of(lists=False).custom_fields("tickets")},
    )
    auth = {"kind": "bearer", "token": "t"}
    own = {"hash_key": "k" * 16, "streams": ["tickets"], "metric_sets": False}
    settings = {"base_url": url, "auth": auth, **own}
    return connect(settings, context), folder, server


def _synced(rows: int, *, mapped: bool) -> Work:
    from qa_sync.runner.feeds import feeds_of
    from qa_sync.runner.mapping_step import map_all
    from qa_sync.runner.progress import Silent
    from qa_sync.runner.sync import sync_stream
    from qa_sync.store import Store

    source, folder, server = _source(rows)

    def now() -> datetime:
        return datetime.now(UTC)

    def work() -> dict[str, float]:
        store = Store(folder / "data")
        stream = source.streams()[0]
        counts = sync_stream(store, source, "zd", stream, run_id="r", clock=now, progress=Silent())
        facts = {"accepted": float(counts.accepted)}
        if mapped:
            feeds = feeds_of({"zd": mapping_of(lists=False)}, ZONE)
            made = map_all(store, feeds, run_id="r", clock=now, progress=Silent())
            facts["rows"] = float(sum(count.rows for count in made.values()))
        server.kill()
        shutil.rmtree(folder)
        return facts

    return work


def _cases(rows: int) -> Iterator[Case]:
    for name, function in (
        ("requests + orjson, decode only", orjson_only),
        ("bytes", bytes_only),
        ("and slice", sliced),
        ("and commit", committed),
        ("and map", mapped),
    ):
        yield Case(name, function, rows=rows)
    # A twentieth is enough of what takes so long; its time is to be multiplied.
    yield Case("zenpy objects, a twentieth of the tickets", zenpy_objects, rows=rows // 20)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    elif "--large" in sys.argv:
        cases = [Case(f"and map, {rows:,}", mapped, rows=rows) for rows in (ROWS, 10 * ROWS)]
        compare("zendesk pull memory", cases, repeat=1, timeout=3600)
    else:
        compare("zendesk pull", list(_cases(ROWS)), repeat=3)
