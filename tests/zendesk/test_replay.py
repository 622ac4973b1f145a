"""Recorded traffic through our client: every record once, none rejected, whatever the page size."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from shared_data import shared_data
from tiers import some
from zendesk.worlds import FakeTime, drained, rows, source_on

from qa_sync.ports import Context
from qa_sync_zendesk.client import ZendeskSource
from qa_sync_zendesk.sandbox import start
from qa_sync_zendesk.settings import read_settings

BASE = "https://acme.zendesk.example"


def recorded(name: str) -> list[dict[str, Any]]:
    with gzip.open(shared_data("zendesk", "recorded", name), "rt") as lines:
        return [json.loads(line) for line in lines]


def chains(stream: str) -> Iterator[list[dict[str, Any]]]:
    """Recorded cursor pages, in runs in which each names the next one's cursor."""
    path = f"/api/v2/incremental/{stream}/cursor.json"
    found = [call for call in recorded("interactions.jsonl.gz") if urlsplit(call["url"]).path == path]
    by_cursor = {parse_qs(urlsplit(call["url"]).query).get("cursor", [""])[0]: call["body"] for call in found}
    followed = {body["after_cursor"] for body in by_cursor.values()}
    heads = [body for cursor, body in by_cursor.items() if cursor not in followed]
    heads += [call["body"] for call in found if "start_time" in call["url"]]
    for head in heads:
        chain, at = [head], head
        while not at["end_of_stream"] and at["after_cursor"] in by_cursor and len(chain) < 500:
            at = by_cursor[at["after_cursor"]]
            chain.append(at)
        yield chain


@responses.activate
@pytest.mark.parametrize("stream", ["tickets", "users"])
def test_recorded_export_pages_give_every_record_and_stay_on_our_host(stream: str, tmp_path: Path) -> None:
    time = FakeTime()
    pages_read = 0
    for number, chain in enumerate(chains(stream)):
        last = {**chain[-1], "end_of_stream": True}
        bodies = {"": chain[0] if len(chain) > 1 else last}
        for before, body in zip(chain, [*chain[1:-1], last], strict=False):
            bodies[before["after_cursor"]] = body if len(chain) > 1 else last

        def answer(
            request: requests.PreparedRequest, bodies: dict[str, Any] = bodies
        ) -> tuple[int, dict[str, str], str]:
            cursor = parse_qs(urlsplit(request.url or "").query).get("cursor", [""])[0]
            assert request.headers["Authorization"] == "Bearer a-token"
            return 200, {}, json.dumps(bodies[cursor])

        responses.add_callback(responses.GET, f"{BASE}/api/v2/incremental/{stream}/cursor.json", answer)
        settings = {"base_url": BASE, "auth": {"kind": "bearer", "token": "a-token"}, "streams": [stream]}
        state = tmp_path / str(number)
        source = ZendeskSource(
            read_settings(settings, "z"), Context(name="z", folder=state, state=state), clock=time.clock
        )
        pages = drained(source, stream)
        source.close()
        wanted = [str(record["id"]) for body in chain for record in body[stream]]
        assert [row["id"] for row in rows(pages)] == wanted
        assert sum(page.rejects.num_rows for page in pages) == 0
        pages_read += len(pages)
        # Every recorded after_url names another host than the one that was asked.
        assert {urlsplit(call.request.url or "").hostname for call in responses.calls} == {"acme.zendesk.example"}
        responses.reset()
    assert pages_read >= 10


@pytest.mark.parametrize("per_page", some([7, 1, 100, 1000], every=4))
@pytest.mark.parametrize("stream", ["tickets", "users"])
def test_recorded_objects_arrive_once_whatever_the_page_size(stream: str, per_page: int, tmp_path: Path) -> None:
    newest: dict[int, dict[str, Any]] = {}
    for record in recorded(f"objects_{stream}.jsonl.gz"):
        newest[record["id"]] = record
    some = dict(sorted(newest.items())[:: 12 if per_page == 1 else 1])
    sandbox = start(export_limit=10_000, account_limit=10_000)
    try:
        sandbox.put(stream, some.values())
        source = source_on(sandbox, tmp_path, per_page=per_page, streams=[stream])
        pages = drained(source, stream)
        source.close()
    finally:
        sandbox.stop()
    ids = [row["id"] for row in rows(pages)]
    assert sorted(ids, key=int) == [str(identity) for identity in sorted(some)]
    assert sum(page.rejects.num_rows for page in pages) == 0
    deleted = {row["id"] for row in rows(pages) if row["deleted"]}
    assert deleted == {
        str(key)
        for key, record in some.items()
        if record.get("status") == "deleted" or record.get("permanently_deleted") is True
    }
