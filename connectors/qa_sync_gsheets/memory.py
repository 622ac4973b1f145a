"""Marks remembered between runs, so that a refresh needs one read and not two. Only a short cut: never trusted alone.

A stale memory is noticed: the fence refuses the write, or a mark no longer matches; either way the
marks are searched for again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from qa_sync_gsheets.marks import Marks


class Memory:
    """The marks of one spreadsheet, in a file of the connector's state folder."""

    def __init__(self, folder: Path, base_url: str, spreadsheet: str) -> None:
        name = hashlib.sha256(f"{base_url} {spreadsheet}".encode()).hexdigest()[:20]
        self._path = folder / f"sheets-2-{name}.json"

    def recall(self) -> Marks | None:
        """Return what was remembered, or None."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Marks)
        except (OSError, msgspec.DecodeError):
            return None

    def keep(self, marks: Marks) -> None:
        """Remember; a folder that cannot be written only costs a call the next time."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            draft.write_bytes(msgspec.json.encode(marks))
            draft.replace(self._path)

    def forget(self) -> None:
        """Drop what was remembered."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
