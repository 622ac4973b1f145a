"""The stand-in answers as Zendesk's own description says; where it does not, it follows recorded traffic."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from shared_data import shared_data
from zendesk.contracts import support_problems
from zendesk.worlds import drained, source_on

from qa_sync.testing.programme import make_programme
from qa_sync_zendesk.sandbox import start
from qa_sync_zendesk.streams import ENDPOINTS

#: Fields that the description calls a text or a number, and that recorded traffic holds null in.
NULLS = {
    "tickets": {"external_id", "forum_topic_id", "organization_id", "problem_id"},
    "users": {"alias", "default_group_id", "organization_id", "phone"},
}


def test_every_answer_is_as_described_or_as_recorded(tmp_path: Path) -> None:
    sandbox = start(make_programme(tickets=40, weeks=2, start=date(2025, 10, 6)), export_limit=10_000)
    sandbox.put("organizations", [{"id": 1, "name": "Acme"}])
    sandbox.put(
        "ticket_metric_events", [{"id": 1, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "measure"}]
    )
    sandbox.put(
        "satisfaction_ratings",
        [{"id": 1, "ticket_id": 1, "score": "good", "assignee_id": 1, "group_id": 1, "requester_id": 1}],
    )
    number = min(key for key, one in sandbox.tickets().items() if one["status"] not in {"closed", "deleted"})
    sandbox.put("audits", [{"id": 1, "ticket_id": number, "events": [], "author_id": 1}])
    found: dict[str, set[str]] = {}
    real = requests.Session.request

    def judged(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        answer = real(self, method, url, **options)
        path = url.removeprefix(sandbox.url)
        if path.startswith("/api/") and answer.status_code == 200:
            found.setdefault(path, set()).update(support_problems(path, answer.content))
        return answer

    settings = {"select": "-", "tags": ["x"], "note": "n"}
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.Session, "request", judged)
            source = source_on(
                sandbox,
                tmp_path,
                streams=list(ENDPOINTS),
                audit_tickets=[number],
                audit_search="tags:escalated",
                start="2025-01-01",
                write_back=settings,
            )
            for name in ENDPOINTS:
                drained(source, name)
            source.write_back(lambda _sql: [{"ticket_id": number}], dry_run=False)
            source.close()
    finally:
        sandbox.stop()
    assert len(found) >= len(ENDPOINTS) + 3
    # Newer than the description that we have.
    assert found.pop("/api/v2/guide/survey_responses") == {"/api/v2/guide/survey_responses: not in the description"}
    told = {place.split(":")[0] for places in found.values() for place in places}
    assert told == {f"{stream}/[]/{name}" for stream, names in NULLS.items() for name in names}


@pytest.mark.parametrize("stream", sorted(NULLS))
def test_each_deviation_from_the_description_is_in_recorded_traffic(stream: str) -> None:
    with gzip.open(shared_data("zendesk", "recorded", f"objects_{stream}.jsonl.gz"), "rt") as lines:
        records = [json.loads(line) for line in lines]
    nulls = {name for record in records for name, value in record.items() if value is None}
    assert nulls >= NULLS[stream]
