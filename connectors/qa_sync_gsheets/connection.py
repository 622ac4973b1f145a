"""Open the connection of a sink or a source: one session, one budget of calls that all of an account share."""

from __future__ import annotations

from qa_sync.ports import Context
from qa_sync_gsheets.credentials import open_session
from qa_sync_gsheets.settings import SinkSettings, SourceSettings
from qa_sync_gsheets.transport import Transport


def open_transport(
    settings: SinkSettings | SourceSettings, context: Context, place: tuple[str, str], *, read_only: bool, drive: bool
) -> Transport:
    """Return the connection; nothing is sent yet.

    Args:
        settings: which spreadsheet, and as whom.
        context: of the workspace.
        place: of the settings in the workspace file, for messages.
        read_only: whether it needs to write.
        drive: whether it asks Drive too.

    Raises:
        ConfigError: the credentials cannot be read. AuthError: they are refused.
    """
    session = open_session(settings.credentials, context.folder, place, read_only=read_only, drive=drive)
    return Transport(
        session,
        base_url=settings.base_url,
        timeout=settings.timeout,
        calls_per_minute=settings.calls_per_minute,
        shared=context.state.parent,
        urgent=context.urgent,
        notify=context.notify,
    )
