"""A pull under each fault, and under all at once, ends in the same state as without faults."""

from __future__ import annotations

import datetime
import itertools
import time as wall_time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from tiers import some
from zendesk.worlds import FakeTime, drained, rows, source_on, ticket

from qa_sync.errors import QASyncError, SourceError, TransientError
from qa_sync_zendesk.clock import iso as clock_text
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


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes half a minute or more elsewhere is slow here after a moment."""
    monkeypatch.setattr("qa_sync.http.client.timeouts", lambda _connect, _answer: (5.0, 0.3))


def state_of(sandbox: Sandbox, state: Path, stream: str = "tickets") -> set[tuple[Any, ...]]:
    """All versions a pull brings, resuming from the last cursor wherever it is broken off."""
    found, cursor = set(), None
    for _attempt in range(30):
        source = source_on(sandbox, state, per_page=4, streams=[stream])
        try:
            for page in source.read(stream, cursor):
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
    ("slow_page", {}),
    # The last: what a cursor's expiry sets back must move on before the next.
    ("poisoned_cursor", {}),
]
KINDS = [kind + detail.get("retry_after", "") for kind, detail in FAULTS]
MIX = 5


def mixes() -> list[tuple[int, ...]]:
    """Sets of MIX faults in which every two are together at least once, by place in FAULTS."""
    open_pairs = set(itertools.combinations(range(len(FAULTS)), 2))
    made = []
    while open_pairs:
        chosen = set(min(open_pairs))
        while len(chosen) < MIX:
            chosen.add(
                max(
                    set(range(len(FAULTS))) - chosen,
                    key=lambda one: (sum(tuple(sorted((one, other))) in open_pairs for other in chosen), -one),
                )
            )
        made.append(tuple(sorted(chosen)))
        open_pairs -= set(itertools.combinations(made[-1], 2))
    return made


MIXES = mixes()


def storm(sandbox: Sandbox, state: Path, stream: str, chosen: Sequence[int]) -> None:
    """Pull under some faults at once, and hold it against a calm pull; each of them must have happened."""
    expected = state_of(sandbox, state / "calm", stream)
    assert len(expected) == COUNT
    asked_before = len(sandbox.requests)
    for at, one in enumerate(chosen):
        kind, detail = FAULTS[one]
        sandbox.faults.add(kind, times=None, every=3 + at, path="/api/v2/", **detail)
    assert state_of(sandbox, state / "storm", stream) == expected
    assert {asked.fault for asked in sandbox.requests[asked_before:]} >= {FAULTS[one][0] for one in chosen}


@pytest.mark.parametrize("stream", ["tickets", "organizations"])
@pytest.mark.parametrize("ahead", [-3600.0, -400.0, -45.0, 45.0, 3600.0])
def test_a_pull_from_an_account_whose_clock_is_not_ours_ends_as_one_without(
    ahead: float, stream: str, tmp_path: Path
) -> None:
    sandbox = start(export_limit=10_000, account_limit=10_000, clock_skew=ahead)
    try:
        time = FakeTime(at=wall_time.time())  # the stand-in has no other clock
        newest = int(time.at + ahead) - 61  # as young as an export shows them, by the account's clock
        stamps = [(number, newest - COUNT + number) for number in range(1, COUNT + 1)]
        sandbox.put(stream, [{"id": n, "generated_timestamp": at, "updated_at": clock_text(at)} for n, at in stamps])
        source = source_on(sandbox, tmp_path, per_page=4, streams=[stream], time=time)
        pages = drained(source, stream)
        assert {row["id"] for row in rows(pages)} == {str(number) for number in range(1, COUNT + 1)}
        # What is written later is found from where the first pull ended, whatever that was by our clock.
        sandbox.put(stream, [{"id": 7, "name": "changed"}])
        assert "7" in {row["id"] for row in rows(drained(source, stream, pages[-1].cursor))}
        source.close()
    finally:
        sandbox.stop()


def test_every_two_faults_are_together_in_a_mix() -> None:
    together = {pair for mix in MIXES for pair in itertools.combinations(mix, 2)}
    assert together == set(itertools.combinations(range(len(FAULTS)), 2))
    assert len(MIXES) < 25


@pytest.mark.parametrize("mix", some(MIXES, every=4), ids=[" ".join(KINDS[one] for one in mix) for mix in MIXES])
def test_a_pull_under_a_mix_of_faults_ends_as_one_without(
    mix: tuple[int, ...], sandbox: Sandbox, tmp_path: Path
) -> None:
    storm(sandbox, tmp_path, "tickets", mix)


@pytest.mark.soak
@pytest.mark.parametrize("stream", ["tickets", "organizations", "groups"])
@pytest.mark.parametrize("first", range(len(FAULTS)), ids=KINDS)
def test_a_pull_under_each_two_faults_ends_as_one_without(
    first: int, stream: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By cursor, by time and as a listing; the fault that comes first in a pair is the one that strikes more often."""
    monkeypatch.setattr("qa_sync_zendesk.lists.LISTING_PAGE", 4)
    if stream != "tickets":
        sandbox.put(stream, [{"id": number, "name": f"N{number}"} for number in range(1, COUNT + 1)])
    for second in range(len(FAULTS)):
        if second != first:
            sandbox.faults.clear()
            storm(sandbox, tmp_path / str(second), stream, (first, second))


@pytest.mark.parametrize(("kind", "detail"), FAULTS, ids=KINDS)
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
    sandbox.faults.add("504", times=2)
    source = source_on(sandbox, tmp_path, per_page=400, notify=told.append)
    assert len(rows(drained(source, "tickets"))) == COUNT + 2900
    source.close()
    assert lengths(sandbox)[:3] == [400, 400, 200]
    assert lengths(sandbox)[-1] == 400
    assert "tickets: pages of 200 from here, longer ones did not arrive" in told


def lengths(sandbox: Sandbox) -> list[int]:
    return [int(asked.query["per_page"]) for asked in sandbox.requests if "incremental" in asked.path]


def test_pages_that_stall_are_asked_for_shorter_until_they_arrive(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.put("tickets", [ticket(number) for number in range(100, 1000)])
    sandbox.faults.add("slow_page", times=None, over=150)
    source = source_on(sandbox, tmp_path, per_page=400)
    assert len(rows(drained(source, "tickets"))) == COUNT + 900
    source.close()
    assert lengths(sandbox)[:5] == [400, 400, 200, 200, 100]
    assert set(lengths(sandbox)[4:]) == {100}


def test_a_page_that_stalls_at_the_shortest_length_is_asked_for_until_patience_ends(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add("slow_page", times=4)
    source = source_on(sandbox, tmp_path, per_page=50)
    assert len(rows(drained(source, "tickets"))) == COUNT
    source.close()
    assert lengths(sandbox) == [50] * 5


def test_pages_that_arrive_slowly_are_asked_for_shorter_before_they_fail(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    sandbox.put("tickets", [ticket(number) for number in range(100, 500)])
    source = source_on(sandbox, tmp_path, per_page=200, notify=told.append)
    real = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = real(self, request, **options)
        if "per_page=200" in str(request.url):
            answer.elapsed = datetime.timedelta(seconds=31)
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    assert len(rows(drained(source, "tickets"))) == COUNT + 400
    source.close()
    assert lengths(sandbox) == [200, 100, 100, 100]
    assert told == ["tickets: pages of 100 from here, longer ones are slow"]


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
