"""Files as a source: csv, xlsx (and xls, xlsb, ods), parquet and json lines, any table of them.

Every row of every matching file is one raw record. Its payload is the row as a JSON object, with the name
of the file and the number of the row under ``_file`` and ``_row``; nothing is translated here, mappings do that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_sync.ports import Context, Source

__all__ = ["connect"]


def connect(settings: Mapping[str, Any], context: Context) -> Source:
    """Return a source over a folder of files.

    Args:
        settings: see ``qa_sync_files.settings.FilesSettings``.
        context: relative folders start at ``context.folder``, unless settings say ``relative_to: cwd``.

    Raises:
        ConfigError: with every problem of the settings at once.
    """
    from qa_sync_files.settings import read_settings
    from qa_sync_files.source import FilesSource

    return FilesSource(read_settings(settings, context), context)
