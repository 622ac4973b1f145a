"""How long pages are asked for: shorter when long ones do not arrive or are slow, longer again when they do."""

from __future__ import annotations

from collections.abc import Callable

import requests

from qa_sync.errors import TransientError

#: A page that does not arrive whole is asked for again so often, each time half as long, down to ``SHORTEST``.
PAGE_TRIES = 5
SHORTEST = 100
#: Of one length that can still be halved, a page that may be too long is asked for so often.
SAME_LENGTH_TRIES = 2
#: After so many good pages a page may be twice as long again.
LENGTHEN_AFTER = 10
#: Seconds to the first byte after which the next page is asked for half as long, before one does not arrive at all.
SLOW_SECONDS = 30.0
#: Statuses that a long page brings about.
_TOO_SLOW = frozenset({500, 502, 504, 520, 522, 524})


class PageLength:
    """The length of one stream's pages: ``now`` records, at most those that the settings want."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._shortest = min(SHORTEST, wanted)
        self._good = 0
        self.now = wanted

    def shorten(self) -> bool:
        """Halve it; return whether that was possible."""
        before, self._good = self.now, 0
        self.now = max(self._shortest, self.now // 2)
        return self.now < before

    def good_page(self) -> None:
        """Count a page that came as it should, and lengthen after enough of them."""
        self._good += 1
        if self._good >= LENGTHEN_AFTER and self.now < self._wanted:
            self._good, self.now = 0, min(self._wanted, self.now * 2)

    def patience(self) -> Callable[[TransientError], bool]:
        """Return whether the very same page is worth another try: not for long where a shorter one may come."""
        failures = 0

        def is_worth(error: TransientError) -> bool:
            nonlocal failures
            failures += may_be_too_long(error)
            return failures < SAME_LENGTH_TRIES or self.now <= self._shortest

        return is_worth


def may_be_too_long(error: TransientError) -> bool:
    """Whether a shorter page could help: a refused connection or a busy service is not about its length."""
    status = getattr(error, "status", None)
    if status is not None:
        return status in _TOO_SLOW
    return not isinstance(error.__cause__, requests.exceptions.ConnectionError)
