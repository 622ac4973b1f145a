"""Verint: evaluations from export files of every kind, people and interactions by signed REST."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qa_sync.ports import Context, Source

if TYPE_CHECKING:
    from qa_sync_verint.files.inspection import Inspection

__all__ = ["connect", "inspect_file"]


def connect(settings: Mapping[str, object], context: Context) -> Source:
    """Return a source for one Verint system; nothing is sent or opened but the file profile.

    Raises:
        ConfigError: with every problem of the settings and of the file profile.
    """
    from qa_sync_verint.source import VerintSource

    return VerintSource(settings, context)


def inspect_file(path: Path, profile: Path | None = None, *, stream: str = "evaluations") -> Inspection:
    """Return what would be read from an export file, and why not; nothing is stored.

    ``profile`` defaults to the starter that comes with qa-sync. The result prints itself: ``lines()``.

    Raises:
        ConfigError: the profile is wrong, has no such stream, or there is no such file.
    """
    from qa_sync_verint.files.inspection import inspect

    return inspect(path, profile, stream=stream)
