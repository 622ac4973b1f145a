"""The governor: asks only when the account will answer, and spends what it may ask on what is furthest behind.

Zendesk counts requests per account and, apart from that, all incremental exports together (10 a minute, or 30).
Its headers say how many are left and when a bucket fills up again; their spelling changed over the years. Buckets
that no header tells of are counted by us. One state per bucket is shared by every process of a workspace.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from qa_sync.http.client import retry_after_seconds
from qa_sync_zendesk.buckets import (
    ACCOUNT,
    EXPORTS,
    GLANCE,
    GONE_AFTER,
    LONGEST_WAIT,
    LOST_AFTER,
    MATTERS,
    MINUTE,
    NAMES,
    buckets_of,
    learn,
    read_headers,
    refused,
    shape,
    spend,
    wait_untold,
)


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

    def behind(self, seconds: float | None) -> None:
        """Say how far behind the stream is for which this thread asks from now on; None: it does not matter."""
        self._own.lag = seconds

    def before(self, path: str) -> None:
        """Wait until every bucket of ``path`` has room, and take one request out of each."""
        while True:
            with self._lock:
                state = self._load()
                names = buckets_of(path, state)
                waits = {name: self._wait(name, state["buckets"].setdefault(name, {})) for name in names}
                if EXPORTS in waits:
                    waits[EXPORTS] = waits[EXPORTS] or self._give_way(state)
                    self._claim(state, at=self._now() + max(waits.values()))
                longest = max(waits, key=lambda name: waits[name])
                if waits[longest] <= 0:
                    self._lost(state, path)
                    self._sent()[path] = now = self._now()
                    for name in names:
                        spend(state["buckets"][name], name, now)
                    self._save(state)
                    return
                self._save(state)
            if waits[longest] >= 1:
                self._notify(f"{waits[longest]:.0f} s for Zendesk's {NAMES.get(longest, longest)} bucket")
            self._sleep(waits[longest])

    def after(self, response: requests.Response) -> None:
        """Learn from an answer what is left, and from a refusal when to come back."""
        told = read_headers(response.headers)
        now = self._now()
        path = response.request.path_url.partition("?")[0] if response.request is not None else ""
        sent = self._sent().pop(path, now)
        # The headers were true when they arrived; reading a long body took its time since.
        arrived = min(now, sent + response.elapsed.total_seconds())
        with self._lock:
            state = self._load()
            for name in buckets_of(path, state):
                flying = state["buckets"].get(name, {}).get("flying", [])
                if sent in flying:
                    flying.remove(sent)
            for name, parts in told.items():
                learn(state["buckets"].setdefault(name, {}), parts, arrived)
                if name not in {ACCOUNT, EXPORTS} and name not in state["paths"].setdefault(shape(path), []):
                    state["paths"][shape(path)].append(name)
            if response.status_code == 429:
                refused(state, path, told, retry_after_seconds(response.headers.get("Retry-After")), now)
            self._save(state)

    def _sent(self) -> dict[str, float]:
        """When this thread sent what is not answered yet, by path: a page waits while its token is renewed."""
        if not hasattr(self._own, "sent"):
            self._own.sent = {}
        sent: dict[str, float] = self._own.sent
        return sent

    def _lost(self, state: dict[str, Any], path: str) -> None:
        """Take a request of this thread that was never answered for one that was counted and is under way no more."""
        sent = self._sent().pop(path, None)
        for name in buckets_of(path, state) if sent is not None else ():
            bucket = state["buckets"][name]
            if sent in bucket.get("flying", []):
                bucket["flying"].remove(sent)
                if "remaining" in bucket:
                    bucket["remaining"] = max(0.0, bucket["remaining"] - 1)

    def _wait(self, name: str, bucket: dict[str, Any]) -> float:
        """Return how long one more request has to wait, and start a new window where the old one is over."""
        now = self._now()
        if bucket.get("blocked", 0.0) > now:
            # A clock that was set back must not turn into an endless wait.
            return float(min(bucket["blocked"] - now, LONGEST_WAIT))
        if "remaining" not in bucket:
            return wait_untold(name, bucket, now)
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

    def _give_way(self, state: dict[str, Any]) -> float:
        """Return how long to leave the exports' bucket to streams that are further behind.

        They are left as much as they can use at their pace before the bucket fills up; the rest is ours.
        """
        lag, now = getattr(self._own, "lag", None), self._now()
        if lag is None:
            return 0.0
        bucket = state["buckets"][EXPORTS]
        left = bucket.get("remaining", float("inf")) - len(bucket.get("flying", []))
        wanted = 0.0
        for other, claim in list(state["claims"].items()):
            if now - claim["seen"] > max(GONE_AFTER, 3 * claim["pace"]):
                del state["claims"][other]
            elif other != self._name() and claim["lag"] > lag + MATTERS:
                wanted += max(1.0, (bucket.get("until", now + MINUTE) - now) / claim["pace"])
        return GLANCE if wanted and left - wanted < 1 else 0.0

    def _claim(self, state: dict[str, Any], *, at: float) -> None:
        """Note how far behind this thread's stream is, when it asks (``at``), and at what pace it does."""
        lag = getattr(self._own, "lag", None)
        if lag is None:
            return
        before = state["claims"].get(self._name())
        since = 1.0 if before is None else max(0.05, self._now() - before["seen"])
        # The same request may come here several times while it waits: only what lies between two counts.
        pace = since if before is None else before["pace"] if since < GLANCE * 2 else 0.5 * (before["pace"] + since)
        state["claims"][self._name()] = {"lag": lag, "seen": at, "pace": min(pace, MINUTE / 2)}

    def _name(self) -> str:
        return f"{os.getpid()}:{threading.get_ident()}:{id(self)}"

    def _load(self) -> dict[str, Any]:
        try:
            state = json.loads(self._path.read_bytes())
            return {name: dict(state[name]) for name in ("buckets", "paths", "claims")}
        except (OSError, ValueError, KeyError, TypeError):
            return {"buckets": {}, "paths": {}, "claims": {}}

    def _save(self, state: dict[str, Any]) -> None:
        # Read and written under the lock only; after a crash in between, the file is started anew.
        self._path.write_text(json.dumps(state))
