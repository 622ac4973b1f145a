"""Asks only when the account will answer: one state per rate bucket, shared by every process of a workspace.

Zendesk counts requests per account and, apart from that, all incremental exports together (10 a minute, or 30).
Its headers say how many are left and when a bucket fills up again; their spelling changed over the years.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from qa_sync.http.client import retry_after_seconds

EXPORTS = "incremental-exports"
ACCOUNT = "account"
#: A bucket whose refill time is told in whole seconds may fill up to this much later.
ROUNDING_SECONDS = 1.0
#: No wait is longer, whatever a header says.
LONGEST_WAIT = 600.0
#: A request without an answer for so long was lost with its process or connection.
LOST_AFTER = 90.0
#: Seconds between two looks at what other requests have brought to light.
GLANCE = 0.2
_BUCKET = re.compile(r"zendesk-rate-?limit-([a-z0-9-]+)\Z")
_PART = re.compile(r"(total|remaining|resets)\s*=\s*(\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGITS = re.compile(r"\d+")
_NAMES = {EXPORTS: "export", ACCOUNT: "account"}


def read_headers(headers: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return bucket → {total, remaining, resets}, as far as told, from any spelling of the rate headers.

    >>> read_headers({"Zendesk-RateLimit-Incremental-Exports": "total=10; remaining=9; resets=2"})
    {'incremental-exports': {'total': 10.0, 'remaining': 9.0, 'resets': 2.0}}
    >>> read_headers({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"})
    {'account': {'total': 700.0, 'remaining': 699.0}}
    """
    buckets: dict[str, dict[str, float]] = {}
    account: dict[str, float] = {}
    for raw_name, value in headers.items():
        name = raw_name.lower()
        # Before the general spelling: "zendesk-ratelimit-..." names a bucket of its own.
        match = _BUCKET.match(name)
        if match:
            parts = {part: float(number) for part, number in _PART.findall(value.lower())}
            if parts:
                buckets[match.group(1)] = parts
            continue
        plain = name.removeprefix("x-").replace("rate-limit", "ratelimit")
        part = {
            "ratelimit": "total",
            "ratelimit-limit": "total",
            "ratelimit-remaining": "remaining",
            "ratelimit-reset": "resets",
        }.get(plain)
        number = _NUMBER.match(value.strip())
        if part and number:
            account[part] = float(number.group())
    if account:
        buckets[ACCOUNT] = account
    return buckets


class Limiter:
    """Holds requests back until their buckets have room.

    Args:
        path: the file that the processes of a workspace share.
        notify: told before each wait of a second or more.
        now, sleep: the clock; tests hand in one that only jumps.
    """

    def __init__(
        self,
        path: Path,
        notify: Callable[[str], None],
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = FileLock(str(path) + ".lock", mode=0o600)
        self._notify = notify
        self._now = now
        self._sleep = sleep
        self._own = threading.local()

    def before(self, path: str) -> None:
        """Wait until every bucket of ``path`` has room, and take one request out of each."""
        while True:
            with self._lock:
                state = self._load()
                names = _buckets_of(path, state)
                waits = {name: self._wait(state["buckets"].setdefault(name, {})) for name in names}
                longest = max(waits, key=lambda name: waits[name])
                if waits[longest] <= 0:
                    sent = self._now()
                    for name in names:
                        state["buckets"][name].setdefault("flying", []).append(sent)
                    self._save(state)
                    self._own.sent = sent
                    return
            if waits[longest] >= 1:
                self._notify(f"{waits[longest]:.0f} s for Zendesk's {_NAMES.get(longest, longest)} bucket")
            self._sleep(waits[longest])

    def after(self, response: requests.Response) -> None:
        """Learn from an answer what is left, and from a refusal when to come back."""
        told = read_headers(response.headers)
        asked = retry_after_seconds(response.headers.get("Retry-After")) if response.status_code == 429 else None
        now = self._now()
        sent = getattr(self._own, "sent", now)
        # The headers were true when they arrived; reading a long body took its time since.
        arrived = min(now, sent + response.elapsed.total_seconds())
        path = response.request.path_url.partition("?")[0] if response.request is not None else ""
        with self._lock:
            state = self._load()
            for name in _buckets_of(path, state):
                flying = state["buckets"].get(name, {}).get("flying", [])
                if sent in flying:
                    flying.remove(sent)
            for name, parts in told.items():
                _learn(state["buckets"].setdefault(name, {}), parts, arrived)
                if name not in {ACCOUNT, EXPORTS} and name not in state["paths"].setdefault(_shape(path), []):
                    state["paths"][_shape(path)].append(name)
            if asked is not None:
                name = EXPORTS if "/incremental/" in path else ACCOUNT
                state["buckets"].setdefault(name, {})["blocked"] = now + min(asked, LONGEST_WAIT)
            self._save(state)

    def _wait(self, bucket: dict[str, Any]) -> float:
        """Return how long one more request has to wait, and start a new window where the old one is over."""
        now = self._now()
        if bucket.get("blocked", 0.0) > now:
            # A clock that was set back must not turn into an endless wait.
            return float(min(bucket["blocked"] - now, LONGEST_WAIT))
        if "remaining" not in bucket:
            return 0.0
        if "until" in bucket and bucket["until"] <= now:
            bucket["remaining"] = bucket["total"]
            del bucket["until"]
        # A request under way may or may not be counted in what the newest answer said was left: assume not.
        bucket["flying"] = [since for since in bucket.get("flying", []) if now - since < LOST_AFTER]
        if bucket["remaining"] - len(bucket["flying"]) >= 1:
            return 0.0
        if bucket["flying"] and ("until" not in bucket or bucket["remaining"] >= 1):
            return GLANCE  # an answer under way will tell
        # When it fills up was perhaps never told: a refusal will.
        return float(min(bucket["until"] - now, LONGEST_WAIT)) if "until" in bucket else 0.0

    def _load(self) -> dict[str, Any]:
        try:
            state = json.loads(self._path.read_bytes())
            return {"buckets": dict(state["buckets"]), "paths": dict(state["paths"])}
        except (OSError, ValueError, KeyError, TypeError):
            return {"buckets": {}, "paths": {}}

    def _save(self, state: dict[str, Any]) -> None:
        # Read and written under the lock only; after a crash in between, the file is started anew.
        self._path.write_text(json.dumps(state))


def _learn(bucket: dict[str, Any], parts: dict[str, float], arrived: float) -> None:
    """Take over what an answer says of a bucket.

    Answers overtake each other: within a window only the lowest count is safe, and an answer of an earlier window
    says nothing of this one.
    """
    until = arrived + min(parts["resets"] + ROUNDING_SECONDS, LONGEST_WAIT) if "resets" in parts else None
    left = parts.get("remaining", bucket.get("remaining", 1.0))
    bucket["total"] = max(parts.get("total", bucket.get("total", left)), 1.0)
    known, slack = bucket.get("until"), 2 * ROUNDING_SECONDS
    if until is None or known is None or until > known + slack:
        lowest = min(left, bucket.get("remaining", left)) if until is not None and known is None else left
        bucket["remaining"] = lowest
        if until is not None:
            bucket["until"] = until
    elif until >= known - slack:
        bucket["remaining"] = min(left, bucket["remaining"])
        bucket["until"] = max(until, known)


def _shape(path: str) -> str:
    return _DIGITS.sub("0", path)


def _buckets_of(path: str, state: dict[str, Any]) -> list[str]:
    names = [ACCOUNT, *state["paths"].get(_shape(path), ())]
    return [*names, EXPORTS] if "/incremental/" in path else names
