"""Interactions: every one arrives although the query has no pages, and nothing of the customer's is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from shared_data import shared_data
from verint.worlds import context_of, filled

from qa_sync.errors import TransientError
from qa_sync.http import Retry
from qa_sync_verint.sandbox import Sandbox, start
from qa_sync_verint.source import VerintSource

NOW = datetime(2025, 1, 3, tzinfo=UTC)


def session(number: int, moment: datetime, **more: Any) -> dict[str, Any]:
    return {
        "sid": number,
        "site_id": 1,
        "AUDIO_START_TIME": moment.strftime("%Y-%m-%dT%H:%M:%S.120"),
        "audio_end_time": None,
        "duration_seconds": 312,
        "ani": "5550100",
        "cd17": "ZD-1",
        "cd2": "secret",
        **more,
    }


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = start(clock=lambda: NOW)
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    # Thirty calls within one quarter of an hour, and one an hour around them.
    times = [begin + timedelta(hours=at) for at in range(48)] + [
        begin + timedelta(hours=9, seconds=30 * at) for at in range(1, 31)
    ]
    made.tenant.world.interactions = [session(at, moment) for at, moment in enumerate(times)]
    yield made
    made.stop()


def source_of(sandbox: Sandbox, folder: Path, kind: str = "hmac", now: datetime = NOW, **options: Any) -> VerintSource:
    settings = {**filled(sandbox, kind), "streams": ["interactions"]}
    settings["rest"]["interactions"] = {"start": "2025-01-01", **options}
    return VerintSource(settings, context_of(folder), retry=Retry(attempts=2, sleep=lambda _s: None), clock=lambda: now)


def ids(pages: list) -> list[str]:
    return [row["id"] for page in pages for row in page.records.to_pylist()]


@pytest.mark.parametrize("kind", ["hmac", "session"])
def test_a_window_that_times_out_is_halved_until_it_answers(kind: str, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.tenant.most_sessions = 5
    pages = list(source_of(sandbox, tmp_path, kind).read("interactions", None))
    assert sorted(ids(pages), key=lambda text: int(text[2:])) == [f"1:{at}" for at in range(78)]
    assert [page.last for page in pages].count(True) == 1
    assert 504 in [asked.status for asked in sandbox.requests]


def test_a_minute_that_times_out_is_an_error_and_what_came_before_stands(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.tenant.world.interactions += [session(900 + at, NOW - timedelta(hours=5)) for at in range(9)]
    sandbox.tenant.most_sessions = 5
    pages: list = []
    with pytest.raises(TransientError):
        pages.extend(source_of(sandbox, tmp_path).read("interactions", None))
    assert len(ids(pages)) > 60


def test_numbers_of_callers_and_custom_data_are_dropped_unless_allowed(sandbox: Sandbox, tmp_path: Path) -> None:
    pages = list(source_of(sandbox, tmp_path, keep=["CD17"]).read("interactions", None))
    payload = json.loads(pages[0].records["payload"][0].as_py())
    assert payload == {
        "columns": {
            "sid": 0,
            "site_id": 1,
            "audio_start_time": "2025-01-01T00:00:00.120",
            "duration_seconds": 312,
            "cd17": "ZD-1",
        },
        "times": {"audio_start_time": "2025-01-01T00:00:00.120Z"},
    }


def test_reading_on_begins_with_the_overlap(sandbox: Sandbox, tmp_path: Path) -> None:
    first = list(source_of(sandbox, tmp_path).read("interactions", None))
    later = NOW + timedelta(hours=1)
    sandbox.tenant.clock_ahead = 3600
    second = list(source_of(sandbox, tmp_path, now=later, overlap_minutes=120).read("interactions", first[-1].cursor))
    assert ids(second) == ["1:46", "1:47"]


def test_a_record_without_identity_or_time_is_a_reject(sandbox: Sandbox, tmp_path: Path) -> None:
    moment = NOW - timedelta(minutes=30)
    sandbox.tenant.world.interactions += [session(950, moment, audio_end_time="later"), session(951, moment, sid=None)]
    pages = list(source_of(sandbox, tmp_path).read("interactions", None))
    found = [(row["record_id"], row["field"], row["reason"]) for page in pages for row in page.rejects.to_pylist()]
    assert found == [("1:950", "audio_end_time", "is not a time"), ("record 3", "sid", "is missing")]
    assert len(ids(pages)) == 78


def test_the_published_shape_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    shape = json.loads(shared_data("verint", "das", "execute_dynamic_query.json").read_text())
    sandbox.tenant.world.interactions = shape["response_shape_synthetic"]["Sessions"]
    pages = list(source_of(sandbox, tmp_path).read("interactions", None))
    assert ids(pages) == ["1:123456789"]


def test_too_many_records_in_one_answer_ask_for_a_smaller_window(sandbox: Sandbox, tmp_path: Path) -> None:
    pages = list(source_of(sandbox, tmp_path, max_records=8).read("interactions", None))
    assert len(set(ids(pages))) == 78
    assert max(page.records.num_rows for page in pages) < 8
