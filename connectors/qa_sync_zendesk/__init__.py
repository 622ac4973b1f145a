"""Tickets, users and what belongs to them from a Zendesk account, complete and reduced to what may be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa_sync.ports import Context, Source

__all__ = ["connect"]


def connect(settings: Mapping[str, object], context: Context) -> Source:
    """Return a source for one account; nothing is sent yet.

    Raises:
        ConfigError: with every problem of the settings.
    """
    from qa_sync_zendesk.client import ZendeskSource
    from qa_sync_zendesk.settings import read_settings

    return ZendeskSource(read_settings(settings, context.name), context)
