"""Re-mapping: a changed mapping makes its tables anew from stored records; its memory does not grow with their number.

Zendesk-like tickets of about 500 bytes, one table from four paths and one from a list, through the runner and the
store: read, mapped and committed a chunk at a time.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from measure import Case, Work, compare

from qa_sync.mapping import parse
from qa_sync.model.system import PAGE
from qa_sync.runner.feeds import feeds_of
from qa_sync.runner.mapping_step import map_all
from qa_sync.runner.progress import Silent
from qa_sync.store import Store

AT = datetime(2026, 1, 5, tzinfo=UTC)
BATCH = 50_000
MAPPING = """
version: 1
streams:
  tickets:
    interactions:
      fields:
        interaction_id: {template: "zendesk:{id}"}
        kind: {const: ticket}
        channel: {from: via.channel, values: {email: email, chat: chat}}
        queue: {custom_field: 7}
        created_at: {from: created_at, type: time}
    timeline_events:
      each: comments
      fields:
        event_id: {template: "zendesk:{$.id}:{id}"}
        case_review_id: {template: "zendesk:{$.id}"}
        kind: {from: type}
"""


def remapped(rows: int) -> Work:
    """Store ``rows`` tickets and map them; what is timed is mapping them anew after every field's change."""
    folder = Path(tempfile.mkdtemp())
    store = Store(folder / "data")
    stream = store.raw("zd", "tickets")
    n = 0
    for first in range(0, rows, BATCH):
        page = _page(first, min(BATCH, rows - first))
        n = stream.commit(
            stream.prepare(page, at=AT, by_arrival=False).rows, cursor=str(first), expected_n=n, run_id="pull", at=AT
        )
    _map(store, MAPPING)
    changed = MAPPING.replace('"zendesk:', '"zd:')

    def work() -> dict[str, float]:
        made = _map(store, changed)
        shutil.rmtree(folder)
        return {"records": rows, "rows out": made}

    return work


def _map(store: Store, text: str) -> int:
    feeds = feeds_of({"zd": parse(text, file="benchmark.yaml")}, "Europe/Dublin")
    made = map_all(store, feeds, run_id="map", clock=lambda: AT, progress=Silent())
    return sum(one.rows for one in made.values())


def _page(first: int, height: int) -> pa.Table:
    numbers = range(first, first + height)
    payloads = [
        f'{{"id":{i},"via":{{"channel":"email"}},"created_at":"2026-01-05T10:00:00Z",'
        f'"custom_fields":[{{"id":7,"value":"queue {i % 40}"}}],'
        f'"comments":[{{"id":1,"type":"Comment"}},{{"id":2,"type":"Note"}}],"pad":"{"x" * 300}{i}"}}'
        for i in numbers
    ]
    columns = {
        "id": [str(i) for i in numbers],
        "source_stamp": [AT] * height,
        "source_seq": list(numbers),
        "deleted": [False] * height,
        "payload": payloads,
    }
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in PAGE}, schema=PAGE)


if __name__ == "__main__":
    compare(
        "mapping anew",
        [Case(f"{rows:,} records", remapped, rows=rows) for rows in (200_000, 1_000_000)],
        baseline="200,000 records",
        repeat=1,
    )
