"""A pull under each fault, and under all at once, ends in the same state as without faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from zendesk.worlds import FakeTime, drained, rows, source_on, ticket

from qa_sync.errors import QASyncError, SourceError, TransientError
from qa_sync_zendesk.sandbox import Sandbox, start

COUNT = 40


@pytest.fixture
def sandbox() -> Any:
    made = start(export_limit=10_000, account_limit=10_000)
    made.put(
        "tickets", [ticket(number, status="deleted" if number % 9 == 0 else "open") for number in range(1, COUNT + 1)]
    )
    yield made
    made.stop()


def state_of(sandbox: Sandbox, state: Path) -> set[tuple[Any, ...]]:
    """All versions a pull brings, resuming from the last cursor wherever it is broken off."""
    found, cursor = set(), None
    for _attempt in range(30):
        source = source_on(sandbox, state, per_page=4)
        try:
            for page in source.read("tickets", cursor):
                found |= {tuple(row.values()) for row in page.records.to_pylist()}
                assert page.rejects.num_rows == 0
                cursor = page.cursor
            return found
        except TransientError:
            continue
        finally:
            source.close()
    pytest.fail("30 attempts did not bring it to an end")


FAULTS = [
    ("429", {"retry_after": "3"}),
    ("429", {"retry_after": "0.5"}),
    ("429_no_header", {}),
    ("429_edge", {}),
    ("503", {}),
    ("504", {}),
    ("401", {}),
    ("cut_body", {}),
    ("cut_json", {}),
    ("reset", {}),
    ("empty_page", {}),
    ("expire_tokens", {}),
    ("duplicates", {}),
    ("foreign_host", {}),
    ("poisoned_cursor", {}),
]


@pytest.mark.parametrize(
    ("kind", "detail"), FAULTS, ids=[kind + detail.get("retry_after", "") for kind, detail in FAULTS]
)
def test_a_pull_under_a_fault_ends_as_one_without(
    kind: str, detail: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    expected = state_of(sandbox, tmp_path / "calm")
    assert len(expected) == COUNT
    sandbox.faults.add(kind, times=None, every=3, **detail)
    asked_before = len(sandbox.requests)
    assert state_of(sandbox, tmp_path / "storm") == expected
    assert sum(asked.fault == kind for asked in sandbox.requests[asked_before:]) >= 3


def test_a_pull_under_all_faults_at_once_ends_as_one_without(sandbox: Sandbox, tmp_path: Path) -> None:
    expected = state_of(sandbox, tmp_path / "calm")
    for at, (kind, detail) in enumerate(FAULTS):
        sandbox.faults.add(kind, times=4, every=5 + at % 3, **detail)
    assert state_of(sandbox, tmp_path / "storm") == expected
    assert len({asked.fault for asked in sandbox.requests}) >= 12


@pytest.mark.parametrize("stop_after", range(1, 10))
def test_a_pull_broken_off_anywhere_resumes_and_repeats_nothing(
    stop_after: int, sandbox: Sandbox, tmp_path: Path
) -> None:
    first = source_on(sandbox, tmp_path, per_page=4)
    reading = iter(first.read("tickets", None))
    pages = [next(reading) for _ in range(stop_after)]
    first.close()
    second = source_on(sandbox, tmp_path, per_page=4)
    pages += drained(second, "tickets", pages[-1].cursor)
    second.close()
    assert [row["id"] for row in rows(pages)] == [str(number) for number in range(1, COUNT + 1)]


def test_what_changes_after_the_end_comes_next_time_and_nothing_else(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path, per_page=7)
    cursor = drained(source, "tickets")[-1].cursor
    assert rows(drained(source, "tickets", cursor)) == []
    sandbox.put("tickets", [ticket(3, status="solved"), ticket(99)])
    later = drained(source, "tickets", cursor)
    source.close()
    assert [row["id"] for row in rows(later)] == ["3", "99"]
    assert [asked.query.get("start_time") for asked in sandbox.requests if "incremental" in asked.path].count(None) >= 6


def test_no_request_follows_a_next_link_or_redirect_to_another_host(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path, per_page=4)
    sandbox.faults.add("redirect", times=None)
    with pytest.raises(SourceError) as caught:
        drained(source, "tickets")
    source.close()
    assert "elsewhere" not in str(caught.value)


def test_a_cursor_that_repeats_with_records_ends_the_run_with_an_error(sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_on(sandbox, tmp_path, per_page=4)
    sandbox.faults.add("repeat_cursor", times=None)
    with pytest.raises(SourceError, match="repeats"):
        drained(source, "tickets")
    source.close()


def test_pages_that_time_out_are_asked_for_shorter_and_later_longer_again(sandbox: Sandbox, tmp_path: Path) -> None:
    told: list[str] = []
    sandbox.put("tickets", [ticket(number) for number in range(100, 3000)])
    sandbox.faults.add("504", times=8)
    source = source_on(sandbox, tmp_path, per_page=400, notify=told.append)
    assert len(rows(drained(source, "tickets"))) == COUNT + 2900
    source.close()
    sizes = [int(asked.query["per_page"]) for asked in sandbox.requests if "incremental" in asked.path]
    assert sizes[:9] == [400] * 8 + [200]
    assert sizes[-1] == 400
    assert "tickets: pages of 200 from here, longer ones did not arrive" in told


def test_a_server_that_is_gone_ends_the_run_in_bounded_time(sandbox: Sandbox, tmp_path: Path) -> None:
    time = FakeTime()
    source = source_on(sandbox, tmp_path, time=time)
    drained(source, "tickets")
    sandbox.stop()
    begin = time.at
    with pytest.raises(TransientError):
        drained(source, "tickets")
    source.close()
    assert 10 < time.at - begin < 900


def test_waits_are_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    told: list[str] = []
    sandbox.faults.add("429", retry_after="41")
    source = source_on(sandbox, tmp_path, notify=told.append)
    drained(source, "tickets")
    source.close()
    assert any(line.startswith("waiting 41 s for 127.0.0.1") for line in told)


@pytest.mark.parametrize("kind", ["429", "503", "cut_json", "cut_body", "401", "redirect", "repeat_cursor"])
def test_no_error_or_log_line_holds_a_secret_or_a_customers_words(
    kind: str, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    caplog.set_level("DEBUG")
    sandbox.faults.add(kind, times=None)
    source = source_on(sandbox, tmp_path, per_page=4, notify=told.append)
    with pytest.raises(QASyncError) as caught:
        drained(source, "tickets")
    source.close()
    said = str(caught.value) + repr(caught.value) + caplog.text + str(told)
    said += "".join(asked.path + str(asked.query) for asked in sandbox.requests)
    for secret in ("PLANTED", "770001", sandbox.environment()["ZENDESK_CLIENT_SECRET"], "Bearer"):
        assert secret not in said
