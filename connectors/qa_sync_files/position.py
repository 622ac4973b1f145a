"""The cursor of a stream of files: which contents were read, and how far the current one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec

from qa_sync.errors import SourceError
from qa_sync_files.settings import StreamSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a stream was read.

    ``read``: file name → print of the content read. ``name``, ``content`` and ``row`` tell how far the file
    in work was read. ``whole`` turns False once something was rejected: what is left is no complete listing.
    ``settings`` is a hash: other settings make other records of the same files, so all is read anew.
    """

    settings: str
    read: dict[str, str] = field(default_factory=dict)
    name: str = ""
    content: str = ""
    row: int = 0
    whole: bool = True
    done: bool = False

    def text(self) -> str:
        """Return the cursor."""
        return msgspec.json.encode(self).decode()


def settings_hash(stream: StreamSettings) -> str:
    """Return a short hash of everything that changes what is read from a file."""
    return hashlib.sha256(stream.model_dump_json().encode()).hexdigest()[:16]


def position_of(cursor: str | None, stream: StreamSettings) -> Position:
    """Return where to read on; from the beginning when there is no cursor or the settings have changed.

    Raises:
        SourceError: the cursor was not made by this connector.
    """
    fresh = Position(settings=settings_hash(stream))
    if cursor is None:
        return fresh
    try:
        position = msgspec.json.decode(cursor, type=Position)
    except msgspec.DecodeError:
        msg = "the stored position of a files stream cannot be read; pull the stream again from the beginning"
        raise SourceError(msg) from None
    return position if position.settings == fresh.settings else fresh
