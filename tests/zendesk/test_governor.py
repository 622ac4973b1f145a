"""Under ten exports a minute: none refused after the first page, and no more time than it must take."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from qa_sync_zendesk.limiter import Limiter

PATH = "/api/v2/incremental/{}/cursor.json"
SPELLINGS = ("zendesk-ratelimit-incremental-exports", "Zendesk-Rate-Limit-Incremental-Exports")


class SharedTime:
    """Time for several threads: it passes when all of them sleep, up to the first that wakes."""

    def __init__(self, threads: int) -> None:
        self.at = 1_780_000_000.0
        self._awake = threads
        self._sleeping: list[float] = []
        self._turn = threading.Condition()

    def now(self) -> float:
        with self._turn:
            return self.at

    def sleep(self, seconds: float) -> None:
        with self._turn:
            wakes = self.at + max(seconds, 1e-6)
            self._sleeping.append(wakes)
            self._awake -= 1
            self._pass()
            self._turn.wait_for(lambda: self.at >= wakes)

    def leave(self) -> None:
        with self._turn:
            self._awake -= 1
            self._pass()

    def _pass(self) -> None:
        if self._awake == 0 and self._sleeping:
            self.at = min(self._sleeping)
            woken = [wakes for wakes in self._sleeping if wakes <= self.at]
            self._sleeping = [wakes for wakes in self._sleeping if wakes > self.at]
            self._awake = len(woken)
            self._turn.notify_all()


@dataclass
class Account:
    """Ten exports a minute, in windows that begin with a request or with the clock's minute."""

    time: SharedTime
    by_clock: bool = False
    tells: bool = True
    seconds_a_page: float = 0.8
    answered: list[tuple[float, int, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ends: float = 0.0
    _used: int = 0

    def get(self, path: str) -> requests.Response:
        made = requests.Response()
        with self._lock:
            now = self.time.now()
            if now >= self._ends:
                self._ends = now + 60 if not self.by_clock else math.floor(now / 60 + 1) * 60.0
                self._used = 0
            resets = math.ceil(self._ends - now)
            made.status_code = 200 if self._used < 10 else 429
            self._used += made.status_code == 200
            self.answered.append((now, made.status_code, path))
            if self.tells:
                spelling = SPELLINGS[len(self.answered) % 2]
                made.headers[spelling] = f"total=10; remaining={10 - self._used}; resets={resets}"
        if made.status_code == 429:
            made.headers["Retry-After"] = str(resets)
        made.request = requests.Request("GET", "https://acme.example" + path).prepare()
        self.time.sleep(self.seconds_a_page)
        return made

    @property
    def refused(self) -> int:
        return sum(status == 429 for _, status, _ in self.answered)


def pull(limiter: Limiter, account: Account, stream: str, pages: int, lag: Callable[[int], float | None]) -> None:
    left = pages
    while left:
        limiter.behind(lag(pages - left))
        limiter.before(PATH.format(stream))
        answer = account.get(PATH.format(stream))
        limiter.after(answer)
        left -= answer.status_code == 200


def run(
    tmp_path: Path, account: Account, time: SharedTime, jobs: list[tuple[str, int, Callable[[int], float | None]]]
) -> list[str]:
    """Pull with one limiter a job, as processes of one workspace have; return what was told."""
    told: list[str] = []

    def work(stream: str, pages: int, lag: Callable[[int], float | None]) -> None:
        limiter = Limiter(tmp_path / "limits.json", told.append, now=time.now, sleep=time.sleep)
        limiter._lock.poll_interval = 0.001  # whoever waits for the file would else wait for real
        try:
            pull(limiter, account, stream, pages, lag)
        finally:
            time.leave()

    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return told


def least(account: Account, begun: float, pages: int) -> float:
    """Return the least wall time in which so many pages can be had: full windows, and the last one's pages."""
    if account.by_clock:
        first = math.floor(begun / 60 + 1) * 60.0 - begun
        windows = (pages - 1) // 10
        return (first + 60.0 * (windows - 1) if windows else 0.0) + account.seconds_a_page
    return 60.0 * ((pages - 1) // 10) + account.seconds_a_page


@pytest.mark.parametrize("by_clock", [False, True])
def test_one_process_is_never_refused_and_loses_no_time(by_clock: bool, tmp_path: Path) -> None:
    time = SharedTime(1)
    account, begun = Account(time, by_clock=by_clock), time.at
    told = run(tmp_path, account, time, [("tickets", 85, lambda _page: None)])
    assert (account.refused, len(account.answered)) == (0, 85)
    assert time.at - begun <= 1.05 * least(account, begun, 85)
    assert sum("export bucket" in line for line in told) == 8


@pytest.mark.parametrize("by_clock", [False, True])
def test_two_processes_at_once_are_never_refused_and_lose_no_time(by_clock: bool, tmp_path: Path) -> None:
    time = SharedTime(2)
    account, begun = Account(time, by_clock=by_clock), time.at
    run(
        tmp_path,
        account,
        time,
        [("tickets", 60, lambda page: 1000.0 - page), ("users", 41, lambda page: 1000.0 - page)],
    )
    assert (account.refused, len(account.answered)) == (0, 101)
    assert time.at - begun <= 1.05 * least(account, begun, 101)


def test_the_stream_that_is_furthest_behind_gets_the_bucket_first(tmp_path: Path) -> None:
    time = SharedTime(2)
    account, begun = Account(time), time.at
    far, near = (lambda page: 500_000.0 - 10_000 * page), (lambda _page: 200.0)
    run(tmp_path, account, time, [("users", 20, near), ("tickets", 40, far)])
    order = [path.split("/")[4] for _, _, path in account.answered]
    assert order[10:40].count("tickets") >= 28  # the first window began before either knew of the other
    assert account.refused == 0
    assert time.at - begun <= 1.05 * least(account, begun, 60)


def test_what_a_slow_stream_leaves_unused_goes_to_the_other(tmp_path: Path) -> None:
    time = SharedTime(2)
    account, begun = Account(time, seconds_a_page=9.0), time.at
    run(tmp_path, account, time, [("users", 20, lambda _page: 200.0), ("tickets", 40, lambda _page: 500_000.0)])
    assert account.refused == 0
    # The slow one alone needs 360 s and uses 6 or 7 of 10; one after the other they would need 540.
    assert time.at - begun <= 1.2 * 40 * 9.0


def test_a_stream_that_died_holds_nobody_back(tmp_path: Path) -> None:
    time = SharedTime(1)
    account = Account(time)
    dead = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    pull(dead, account, "tickets", 2, lambda _page: 1e9)
    run(tmp_path, account, time, [("users", 8, lambda _page: 0.0)])
    assert account.refused == 0
    assert account.answered[-1][0] - account.answered[1][0] < 15


def test_an_account_that_tells_nothing_refuses_once_and_then_no_more(tmp_path: Path) -> None:
    time = SharedTime(1)
    account, begun = Account(time, tells=False), time.at
    run(tmp_path, account, time, [("tickets", 85, lambda _page: None)])
    assert account.refused == 1
    assert time.at - begun <= 1.05 * least(account, begun, 85) + 5


def test_a_refusal_at_the_edge_that_names_no_wait_holds_everybody_back_a_little(tmp_path: Path) -> None:
    time = SharedTime(1)
    mine, theirs = (
        Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep) for _ in range(2)
    )
    answer = requests.Response()
    answer.status_code = 429
    answer.request = requests.Request("GET", "https://acme.example/api/v2/groups.json").prepare()
    begun = time.at
    mine.after(answer)
    theirs.before("/api/v2/groups.json")
    assert time.at - begun == pytest.approx(5, abs=0.1)


def test_zendesk_qa_has_a_bucket_of_its_own_that_no_header_tells_of(tmp_path: Path) -> None:
    time = SharedTime(1)
    limiter = Limiter(tmp_path / "limits.json", lambda _line: None, now=time.now, sleep=time.sleep)
    limiter.after(_empty_account())
    begun = time.at
    state = {"buckets": {"qa": {"sent": [begun] * 1500}}, "paths": {}, "claims": {}}
    limiter.before("/qa/api/export/users")
    assert time.at == begun
    (tmp_path / "limits.json").write_text(__import__("json").dumps(state))
    limiter.before("/qa/api/export/users")
    assert time.at - begun == pytest.approx(61, abs=0.1)


def _empty_account() -> requests.Response:
    answer = requests.Response()
    answer.status_code = 200
    answer.headers["ratelimit-remaining"] = "0"
    answer.headers["ratelimit-reset"] = "40"
    answer.request = requests.Request("GET", "https://acme.example/api/v2/groups.json").prepare()
    return answer
