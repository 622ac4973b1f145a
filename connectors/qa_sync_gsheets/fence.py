"""Send one batch so that it lands once: whatever breaks on the way, the fence tells whether it did.

Every batch takes the next generation with a token of its own. No answer, 503 or a broken line: the fence is read.
Our token there: it landed. Nothing there: it did not, and is sent again. Somebody else's: they were first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qa_sync.errors import LostRace, SinkError
from qa_sync_gsheets.batches import FIELDS, Sealed
from qa_sync_gsheets.marks import fence_request, found_entries
from qa_sync_gsheets.transport import Transport
from qa_sync_gsheets.trouble import AmbiguousWrite, Refused

Json = dict[str, Any]
#: How often a batch is sent at most, when each time nobody knows what became of it.
MOST_SENDINGS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A batch that was carried out. ``answer`` is None where its answer was lost on the way."""

    answer: Json | None


class Sender:
    """Sends batches to one spreadsheet."""

    def __init__(self, transport: Transport, spreadsheet: str, notify: Callable[[str], None]) -> None:
        self._transport = transport
        self._spreadsheet = spreadsheet
        self._notify = notify

    def send(self, sealed: Sealed, generation: int) -> Landed:
        """Carry out a batch that takes ``generation``.

        Raises:
            LostRace: another publisher was first, or a person moved a column; nothing happened.
            Refused: Google will not do it as it stands. AmbiguousWrite: still nobody knows.
        """
        for sending in range(1, MOST_SENDINGS + 1):
            try:
                answer = self._transport.call(
                    "POST", self._spreadsheet, ":batchUpdate", params={"fields": FIELDS}, body=sealed.body
                )
            except AmbiguousWrite:
                self._notify("no clear answer from Google Sheets; looking whether the write landed")
                holder = self._holder(generation)
                if holder == sealed.token:
                    return Landed(answer=None)
                if holder is not None:
                    raise _beaten() from None
                if sending == MOST_SENDINGS:
                    raise
            except Refused as refused:
                if self._holder(generation) == sealed.token:
                    # An earlier sending that seemed lost has landed after all, and taken its generation.
                    return Landed(answer=None)
                raise self._why(refused, sealed) from None
            else:
                return Landed(answer=answer)
        msg = "unreachable"
        raise SinkError(msg)

    def _holder(self, generation: int) -> str | None:
        """Return the token of a generation, None while it is free."""
        answer = self._transport.call(
            "POST", self._spreadsheet, "/developerMetadata:search", body=fence_request(generation)
        )
        entries = found_entries(answer)
        return str(entries[0].get("metadataValue", "")) if entries else None

    def _why(self, refused: Refused, sealed: Sealed) -> Exception:
        if 0 <= refused.number < sealed.fences:
            return _beaten()
        if refused.number < 0:
            return refused
        if refused.number < sealed.fences + sealed.guards:
            return ColumnMoved()
        return refused


class ColumnMoved(LostRace):
    """A column was not where it was read a moment ago."""

    def __init__(self) -> None:
        super().__init__("somebody moved a column while it was written to; nothing was written, read it again")


def _beaten() -> LostRace:
    return LostRace("another publisher wrote to this spreadsheet first; nothing of ours was written, read it again")
