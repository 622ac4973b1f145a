"""The text that says how far a stream has been read."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

from qa_sync.errors import SourceError

_KEYSET = re.compile(r"(\d{9,11})(?:\.\d+)?\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """``after``: the export cursor, opaque. ``time``: epoch seconds behind which nothing was missed.

    The time serves when the cursor is refused one day, and for exports that page by time.
    """

    after: str | None = None
    time: int | None = None

    def to_text(self) -> str:
        """Return small JSON text."""
        return json.dumps({"after": self.after, "time": self.time}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | None) -> Position:
        """Read the text back; None is the beginning.

        Raises:
            SourceError: it is not a position of this connector.
        """
        if text is None:
            return cls()
        try:
            data = json.loads(text)
            after, moment = data["after"], data["time"]
        except (ValueError, KeyError, TypeError):
            after, moment = 0, None
        if not isinstance(after, str | None) or not isinstance(moment, int | None):
            msg = "the stored position is not one of the zendesk connector; was the source's connector changed?"
            raise SourceError(msg)
        return cls(after=after, time=moment)


def time_in(cursor: str) -> int | None:
    """Return the epoch seconds that an export cursor shows, None when it shows none.

    >>> time_in("MTY5NTA1MjY2My4wfHwyOHw=")
    1695052663
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    match = _KEYSET.match(text)
    return int(match.group(1)) if match else None
