"""Requests that would be refused are not sent; what is refused is waited for, whatever the headers look like."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from zendesk.worlds import NOW, FakeTime, drained, rows, source_on, ticket

from qa_sync.errors import TransientError
from qa_sync_zendesk.buckets import read_headers
from qa_sync_zendesk.limiter import Limiter
from qa_sync_zendesk.sandbox import start

EXPORT = "/api/v2/incremental/tickets/cursor.json"


def answer(headers: dict[str, str], status: int = 200, path: str = EXPORT) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers)
    made.request = requests.Request("GET", f"https://acme.example{path}?cursor=x").prepare()
    return made


@pytest.mark.parametrize(
    ("headers", "bucket", "told"),
    [
        ({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"}, "account", {"total": 700.0, "remaining": 699.0}),
        (
            {"rate-limit": "700", "rate-limit-remaining": "1", "rate-limit-reset": "5"},
            "account",
            {"total": 700.0, "remaining": 1.0, "resets": 5.0},
        ),
        (
            {"ratelimit-limit": "700", "ratelimit-remaining": "0", "RateLimit-Reset": "43"},
            "account",
            {"total": 700.0, "remaining": 0.0, "resets": 43.0},
        ),
        (
            {"zendesk-rate-limit-tickets-index": "total=100; remaining=99; resets=17"},
            "tickets-index",
            {"total": 100.0, "remaining": 99.0, "resets": 17.0},
        ),
        (
            {"Zendesk-RateLimit-Incremental-Exports": "total=10;remaining=0;resets=2"},
            "incremental-exports",
            {"total": 10.0, "remaining": 0.0, "resets": 2.0},
        ),
    ],
)
def test_every_spelling_of_the_headers_is_read(headers: dict[str, str], bucket: str, told: dict[str, float]) -> None:
    assert read_headers(headers) == {bucket: told}


@given(
    st.dictionaries(
        st.sampled_from(["ratelimit-reset", "x-rate-limit", "zendesk-ratelimit-x", "retry-after"]), st.text()
    )
)
def test_a_malformed_header_says_nothing_and_raises_nothing(headers: dict[str, str]) -> None:
    for parts in read_headers(headers).values():
        assert all(value >= 0 for value in parts.values())


def test_an_empty_export_bucket_holds_exports_back_and_nothing_else(tmp_path: Path) -> None:
    time, told = FakeTime(), []
    limiter = Limiter(tmp_path / "limits.json", told.append, now=time.now, sleep=time.sleep)
    limiter.after(answer({"zendesk-ratelimit-incremental-exports": "total=10; remaining=0; resets=40"}))
    limiter.before("/api/v2/groups.json")
    assert time.slept == []
    limiter.before(EXPORT)
    assert time.at - NOW == pytest.approx(41)
    assert told == ["41 s for Zendesk's export bucket"]
    limiter.before(EXPORT)
    assert time.at - NOW == pytest.approx(41)


def test_what_is_left_is_counted_between_answers(tmp_path: Path) -> None:
    time = FakeTime()
    limiter = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    limiter.after(answer({"zendesk-ratelimit-incremental-exports": "total=10; remaining=2; resets=30"}))
    limiter.before(EXPORT)
    limiter.before(EXPORT)
    assert time.slept == []
    limiter.before(EXPORT)
    assert time.at > NOW + 30


def test_a_refusal_holds_back_every_process_of_the_workspace(tmp_path: Path) -> None:
    time = FakeTime()
    mine, theirs = (
        Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep) for _ in range(2)
    )
    mine.after(answer({"Retry-After": "93"}, status=429))
    theirs.before(EXPORT)
    assert time.at - NOW == pytest.approx(93)


def test_a_bucket_seen_on_an_endpoint_holds_that_endpoint_back(tmp_path: Path) -> None:
    time = FakeTime()
    limiter = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    headers = {"zendesk-ratelimit-per-ticket-updates": "total=30; remaining=0; resets=9"}
    limiter.after(answer(headers, path="/api/v2/tickets/12.json"))
    limiter.before("/api/v2/groups.json")
    assert time.slept == []
    limiter.before("/api/v2/tickets/4711.json")
    assert time.at > NOW + 9


def test_no_header_makes_us_wait_for_ever(tmp_path: Path) -> None:
    time = FakeTime()
    limiter = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    limiter.after(
        answer({"Retry-After": "9999999", "ratelimit-remaining": "0", "ratelimit-reset": "88888888"}, status=429)
    )
    limiter.before(EXPORT)
    assert time.at - NOW <= 600


def test_a_damaged_state_file_is_started_anew(tmp_path: Path) -> None:
    (tmp_path / "limits.json").write_text("{half")
    time = FakeTime()
    Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep).before(EXPORT)
    assert time.slept == []


class Bucket:
    """The other side: a fixed window that opens with the first request in it, told in whole seconds."""

    def __init__(self, time: FakeTime, rounding: Callable[[float], int]) -> None:
        self.time, self.rounding = time, rounding
        self.ends, self.used, self.refused, self.served = 0.0, 0, 0, 0

    def ask(self) -> requests.Response:
        if self.time.at >= self.ends:
            self.ends, self.used = self.time.at + 60, 0
        passes = self.used < 10
        self.used += passes
        self.served += passes
        self.refused += not passes
        resets = self.rounding(self.ends - self.time.at)
        headers = {"zendesk-ratelimit-incremental-exports": f"total=10; remaining={10 - self.used}; resets={resets}"}
        return answer(headers if passes else {**headers, "Retry-After": str(resets + 1)}, 200 if passes else 429)


@pytest.mark.parametrize("pace", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("rounding", [math.ceil, math.floor])
@pytest.mark.parametrize("seed", [1])
def test_three_processes_of_one_account_are_never_refused_and_waste_no_time(
    seed: int, rounding: Callable[[float], int], pace: float, tmp_path: Path
) -> None:
    """The budget is 10 a minute for all of them together, and their answers overtake each other."""
    time = FakeTime()
    bucket = Bucket(time, rounding)
    under_way: dict[int, requests.Response] = {}

    def deliver(process: int) -> None:
        limiters[process].after(under_way.pop(process))

    def sleep(seconds: float) -> None:
        for process in list(under_way):  # while one waits, the answers of the others come in
            deliver(process)
        time.sleep(seconds)

    limiters = [Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=sleep) for _ in range(3)]
    limiters[0].before(EXPORT)
    limiters[0].after(bucket.ask())
    begin, chance = time.at, random.Random(seed)
    for process in chance.choices(range(3), k=150):
        if process in under_way:
            deliver(process)
        else:
            limiters[process].before(EXPORT)
            under_way[process] = bucket.ask()
        time.at += pace
    assert bucket.refused == 0
    shortest = (math.ceil(bucket.served / 10) - 1) * 60
    assert time.at - begin <= max(shortest * 1.05, 151 * pace) + 60 * (pace > 0)


@pytest.mark.parametrize(
    ("fault", "detail", "waited"),
    [
        ("429", {"retry_after": "93"}, 93),
        ("429", {"retry_after": "0.5"}, 0.5),
        ("429_no_header", {}, 0.5),
        ("429_edge", {}, 0.5),
        ("429", {"retry_after": "soon"}, 0.5),
    ],
)
def test_a_refused_page_is_waited_for_and_asked_for_again(
    fault: str, detail: dict[str, str], waited: float, tmp_path: Path
) -> None:
    sandbox, time = start(), FakeTime()
    try:
        sandbox.put("tickets", [ticket(number) for number in range(1, 7)])
        sandbox.faults.add(fault, **detail)
        source = source_on(sandbox, tmp_path, time=time, per_page=2)
        assert [row["id"] for row in rows(drained(source, "tickets"))] == [str(number) for number in range(1, 7)]
        source.close()
    finally:
        sandbox.stop()
    assert time.at - NOW >= waited


@pytest.mark.parametrize("fault", ["429", "429_edge"])
def test_a_refusal_without_end_says_when_to_come_back(fault: str, tmp_path: Path) -> None:
    sandbox = start()
    try:
        sandbox.faults.add(fault, times=None, retry_after="20")
        source = source_on(sandbox, tmp_path)
        with pytest.raises(TransientError) as caught:
            drained(source, "tickets")
        source.close()
    finally:
        sandbox.stop()
    assert caught.value.retry_after in {20.0, 60.0}


def told(left: int) -> dict[str, str]:
    return {"zendesk-ratelimit-incremental-exports": f"total=10; remaining={left}; resets=60"}


def test_a_token_that_is_renewed_while_a_page_waits_takes_nothing_of_the_exports_budget(tmp_path: Path) -> None:
    time = FakeTime()
    limiter = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    limiter.before(EXPORT)
    limiter.before("/oauth/tokens")
    limiter.after(answer({}, path="/oauth/tokens"))
    limiter.after(answer(told(9)))
    for left in range(8, -1, -1):
        limiter.before(EXPORT)
        limiter.after(answer(told(left)))
    assert time.slept == []
    limiter.before(EXPORT)
    assert time.at == pytest.approx(NOW + 61)


def test_a_request_that_was_never_answered_counts_as_one_until_the_bucket_fills_up_and_no_longer(
    tmp_path: Path,
) -> None:
    time = FakeTime()
    limiter = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    limiter.before(EXPORT)
    limiter.after(answer(told(9)))
    limiter.before(EXPORT)  # lost on its way
    for left in range(7, -1, -1):
        limiter.before(EXPORT)
        limiter.after(answer(told(left)))
    assert time.slept == []
    for left in range(9, -1, -1):
        limiter.before(EXPORT)
        limiter.after(answer(told(left)))
    assert time.at == pytest.approx(NOW + 61)
