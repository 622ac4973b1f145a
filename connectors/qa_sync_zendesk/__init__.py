"""Tickets, users and what belongs to them from a Zendesk account, complete and reduced to what may be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa_sync.model.account import DefinedForm, Definitions, ReadStream
    from qa_sync.ports import Context, Source

__all__ = ["connect", "definitions", "forms"]


def connect(settings: Mapping[str, object], context: Context) -> Source:
    """Return a source for one account; nothing is sent yet.

    Raises:
        ConfigError: with every problem of the settings.
    """
    from qa_sync_zendesk.client import ZendeskSource
    from qa_sync_zendesk.settings import read_settings

    return ZendeskSource(read_settings(settings, context.name), context)


def definitions(read: ReadStream) -> Sequence[Definitions]:
    """Return what an account has defined, from its metadata streams; nothing is sent."""
    from qa_sync_zendesk.metadata import definitions as read_definitions

    return read_definitions(read)


def forms(read: ReadStream) -> Sequence[DefinedForm]:
    """Return the scorecards of Zendesk QA, from their stream; nothing is sent."""
    from qa_sync_zendesk.metadata import forms as read_forms

    return read_forms(read)
