"""An Excel workbook as a sink and a source: the same tables as in the Sheet, drawn anew whenever something changed.

What people wrote is carried over: their own columns (values, formulas, number formats) stay with the row's key, their
rows without a key stay at the end, their own sheets stay with values, formulas and plain formats. Comments,
validation, charts and pivots of their own cannot be carried; where there are such, the old file is kept beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_sync.ports import Context, Sink, Source

__all__ = ["connect", "connect_source"]


def connect(settings: Mapping[str, Any], context: Context) -> Sink:
    """Return a sink on one workbook.

    Args:
        settings: ``path`` of the workbook (relative to the workspace) and, if wanted, its ``title``.
        context: relative paths start at ``context.folder``.

    Raises:
        ConfigError: with every problem of the settings at once.
    """
    from qa_sync_excel.settings import read_settings
    from qa_sync_excel.sink import ExcelSink

    return ExcelSink(read_settings(settings, context), context)


def connect_source(settings: Mapping[str, Any], context: Context) -> Source:
    """Return a source of what people wrote in a workbook of ours.

    Args:
        settings: ``path`` of the workbook or of a copy of it, and ``tabs``: stream → {managed: dashboard/tab}.
        context: relative paths start at ``context.folder``.

    Raises:
        ConfigError: with every problem of the settings at once.
    """
    from qa_sync_excel.settings import read_source_settings
    from qa_sync_excel.source import ExcelSource

    return ExcelSource(read_source_settings(settings, context), context)
