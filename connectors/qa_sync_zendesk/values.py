"""What single values of a record say: when a version was made, and whether a text could be kept by every store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from qa_sync_zendesk.salvage import Unreadable

#: Epoch seconds of the year 10000, beyond which no calendar of ours goes.
LATEST = 253_402_300_800


def microseconds(name: str, value: Any) -> int:
    """Return the microseconds since 1970 at which a version was made, from epoch seconds or ISO text."""
    try:
        seconds = value if isinstance(value, int | float) else _instant(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        raise Unreadable(reason="is not a time", field=name) from None
    if not 0 <= seconds < LATEST:
        raise Unreadable(reason="is out of range", field=name)
    return round(seconds * 1_000_000)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_odd(payload: bytes) -> bool:
    """Whether JSON text that holds a backslash and a u says NUL or half a character."""
    try:
        _check_text(msgspec.json.decode(payload))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        return True
    return False


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            msg = "NUL"
            raise ValueError(msg)
    elif isinstance(value, list):
        for part in value:
            _check_text(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            _check_text(key)
            _check_text(part)
