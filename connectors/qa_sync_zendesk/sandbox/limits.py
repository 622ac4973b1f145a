"""Rate buckets of the stand-in: fixed windows, the headers of 2024 and later, and real refusals."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Bucket:
    total: int
    used: int = 0
    ends: float = 0.0


@dataclass(slots=True)
class Limits:
    """Counts requests of all exports together, and of the account.

    ``refused`` counts those answered with 429 because a bucket was empty.
    """

    exports: int
    account: int
    window: float
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def count(self, path: str) -> tuple[bool, dict[str, str]]:
        """Count one request: whether it may pass, and the headers that tell what is left."""
        names = {"account": self.account}
        if "/incremental/" in path:
            names["incremental-exports"] = self.exports
        now = time.monotonic()
        with self._lock:
            buckets = {}
            for name, total in names.items():
                bucket = self._buckets.setdefault(name, _Bucket(total))
                if now >= bucket.ends:
                    bucket.used, bucket.ends = 0, now + self.window
                buckets[name] = bucket
            passes = all(bucket.used < bucket.total for bucket in buckets.values())
            if passes:
                for bucket in buckets.values():
                    bucket.used += 1
            else:
                self.refused += 1
            return passes, self._headers(buckets, passes, now)

    def _headers(self, buckets: dict[str, _Bucket], passes: bool, now: float) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name, bucket in buckets.items():
            left, resets = bucket.total - bucket.used, math.ceil(bucket.ends - now)
            if name == "account":
                headers |= {
                    "ratelimit-limit": str(bucket.total),
                    "ratelimit-remaining": str(left),
                    "ratelimit-reset": str(resets),
                    "x-rate-limit": str(bucket.total),
                    "x-rate-limit-remaining": str(left),
                }
            else:
                headers[f"zendesk-ratelimit-{name}"] = f"total={bucket.total}; remaining={left}; resets={resets}"
        if not passes:
            empty = max(bucket.ends for bucket in buckets.values() if bucket.used >= bucket.total)
            headers["Retry-After"] = str(math.ceil(empty - now))
        return headers
