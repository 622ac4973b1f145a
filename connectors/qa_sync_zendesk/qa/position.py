"""The text that says how far a QA stream has been read, workspace by workspace."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from qa_sync.errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """A pass over one workspace that is not finished: the window being read, and the page to ask for in it.

    ``goal`` is when the pass began, and the watermark once it is done; ``page`` is None before the first page.
    """

    goal: int
    whole: bool
    since: int
    page: int | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QAPosition:
    """``read``: workspace → epoch seconds up to which it was read. ``whole``: when it was last read from its start.

    The account's own streams stand under the workspace "". ``under``: passes that were begun.
    """

    read: dict[str, int] = field(default_factory=dict)
    whole: dict[str, int] = field(default_factory=dict)
    under: dict[str, Under] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return small JSON text."""
        under = {workspace: asdict(state) for workspace, state in self.under.items()}
        return json.dumps({"read": self.read, "whole": self.whole, "under": under}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | None) -> QAPosition:
        """Read the text back; None is the beginning.

        Raises:
            SourceError: it is not a position of a QA stream.
        """
        if text is None:
            return cls()
        try:
            data = json.loads(text)
            under = {str(name): Under(**state) for name, state in data["under"].items()}
            read = {str(name): int(at) for name, at in data["read"].items()}
            return cls(read=read, whole={str(name): int(at) for name, at in data["whole"].items()}, under=under)
        except (ValueError, KeyError, TypeError, AttributeError):
            msg = "the stored position is not one of a Zendesk QA stream; was the source's connector changed?"
            raise SourceError(msg) from None

    def begun(self, workspace: str, under: Under) -> QAPosition:
        """Return the position within a pass over a workspace."""
        return QAPosition(read=self.read, whole=self.whole, under={**self.under, workspace: under})

    def done(self, workspace: str, goal: int, *, whole: bool) -> QAPosition:
        """Return the position after a pass that began at ``goal``."""
        return QAPosition(
            read={**self.read, workspace: goal},
            whole={**self.whole, workspace: goal} if whole else self.whole,
            under={name: state for name, state in self.under.items() if name != workspace},
        )
