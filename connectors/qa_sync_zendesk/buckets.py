"""Arithmetic of rate buckets: what headers tell of them, what is left, how long to wait. No clock, no file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

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
#: Buckets that only documentation tells of: requests a minute.
UNTOLD = {"qa": 1500, "search-export": 100}
MINUTE = 60.0
#: The smallest budget of exports that any plan has.
LEAST_EXPORTS = 10
#: A budget learnt from a refusal without headers is believed for so long.
BELIEVED_FOR = 600.0
#: A refusal that names no wait (the edge's has none) holds everybody back for so long.
UNTOLD_WAIT = 5.0
#: A stream so much further behind than another goes first (seconds).
MATTERS = 60.0
#: Whoever has not asked for so long, or three times its usual pace, wants nothing any more.
GONE_AFTER = 3.0
_BUCKET = re.compile(r"zendesk-rate-?limit-([a-z0-9-]+)\Z")
_PART = re.compile(r"(total|remaining|resets)\s*=\s*(\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGITS = re.compile(r"\d+")
#: What people are told.
NAMES = {EXPORTS: "export", ACCOUNT: "account", "qa": "QA", "search-export": "search"}


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


def spend(bucket: dict[str, Any], name: str, at: float) -> None:
    """Take one request out of a bucket."""
    bucket["flying"] = [*(since for since in bucket.get("flying", []) if at - since < LOST_AFTER), at]
    if name == EXPORTS or name in UNTOLD:
        most = UNTOLD.get(name, 200)
        bucket["sent"] = [
            moment for moment in bucket.get("sent", [])[-most:] if at - moment <= MINUTE + ROUNDING_SECONDS
        ]
        bucket["sent"].append(at)


def wait_untold(name: str, bucket: dict[str, Any], now: float) -> float:
    """Return how long to wait for a bucket that no header tells of: by what is documented, or a refusal taught."""
    total = UNTOLD.get(name)
    if "learnt" in bucket and now < bucket["believed_until"]:
        total = bucket["learnt"]
    sent = bucket.get("sent", [])
    if total is None or len(sent) < total:
        return 0.0
    return float(max(0.0, min(sent[-total] + MINUTE + ROUNDING_SECONDS - now, LONGEST_WAIT)))


def refused(
    state: dict[str, Any], path: str, told: Mapping[str, Mapping[str, float]], asked: float | None, now: float
) -> None:
    """Hold back what was refused: for as long as it says, or a little while where it does not."""
    name = next((one for one in ("qa", EXPORTS) if one in buckets_of(path, state)), ACCOUNT)
    bucket = state["buckets"].setdefault(name, {})
    bucket["blocked"] = now + min(UNTOLD_WAIT if asked is None else asked, LONGEST_WAIT)
    if name == EXPORTS and asked is not None and EXPORTS not in told:
        # Nobody tells how many there are a minute: as many as went through, and never fewer than any plan has.
        recent = [moment for moment in bucket.get("sent", []) if now - moment <= MINUTE]
        bucket["learnt"], bucket["believed_until"] = max(LEAST_EXPORTS, len(recent) - 1), now + BELIEVED_FOR


def learn(bucket: dict[str, Any], parts: dict[str, float], arrived: float) -> None:
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
        # Each answer tells the end within a second, and none tells it too early: the earliest is the nearest.
        bucket["until"] = min(until, known)


def shape(path: str) -> str:
    """Return a path with its numbers made alike: one bucket serves all tickets."""
    return _DIGITS.sub("0", path)


def buckets_of(path: str, state: dict[str, Any]) -> list[str]:
    """Return the buckets that a request for ``path`` is taken out of."""
    if path.startswith("/qa/"):
        return ["qa"]
    names = [ACCOUNT, *state["paths"].get(shape(path), ())]
    if "/search/export" in path:
        names.append("search-export")
    return [*names, EXPORTS] if "/incremental/" in path else names
