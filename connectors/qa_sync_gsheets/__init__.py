"""Google Sheets: a sink that never touches a cell that is not its own, and a source of what people keep in tabs."""

from __future__ import annotations

from collections.abc import Mapping

from qa_sync.ports import Context, Sink, Source

__all__ = ["connect_sink", "connect_source"]


def connect_sink(settings: Mapping[str, object], context: Context) -> Sink:
    """Return a sink for one spreadsheet; nothing is sent yet.

    Raises:
        ConfigError: with every problem of the settings.
    """
    from qa_sync_gsheets.settings import read_sink_settings
    from qa_sync_gsheets.sink import SheetsSink

    return SheetsSink(read_sink_settings(settings, context.name), context)


def connect_source(settings: Mapping[str, object], context: Context) -> Source:
    """Return a source for tabs of one spreadsheet; nothing is sent yet.

    Raises:
        ConfigError: with every problem of the settings.
    """
    from qa_sync_gsheets.settings import read_source_settings
    from qa_sync_gsheets.source import SheetsSource

    return SheetsSource(read_source_settings(settings, context.name), context)
