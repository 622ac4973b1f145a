"""What people write beside rows that qa-sync keeps up, as raw records: the same from a Sheet and from a workbook."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from qa_sync.errors import ConfigError, Problem, SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page

_ENCODER = msgspec.json.Encoder(order="deterministic")
#: Above so many rows with something written, who and when are not kept for each: the position would grow too long.
MOST_STAMPED = 20_000
#: Row key → (hash of what is written, who, when).
Stamped = Mapping[str, tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The last change of a file: who made it ("" where nobody tells) and when, as it is written there."""

    who: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One of our rows beside which somebody wrote: its key, its number in the sheet, and column → value."""

    key: str
    number: int
    values: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A hash of what was written."""
        return hashlib.sha256(_ENCODER.encode(dict(self.values))).hexdigest()[:16]


class Position(msgspec.Struct, frozen=True):
    """What was read last, whole, and under which settings. Half a reading is no position: it starts anew."""

    content: str
    done: bool
    #: Of a managed tab: row key → hash of what people wrote, who, when.
    rows: dict[str, tuple[str, str, str]] = {}


def read_position(cursor: str | None) -> Position | None:
    """Return the position that a cursor holds.

    Raises:
        SourceError: it is no position of a tab.
    """
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(cursor, type=Position)
    except msgspec.DecodeError:
        msg = "the stored position of a tab cannot be read; pull the stream again from the beginning"
        raise SourceError(msg) from None


def stamped(notes: Sequence[Note], before: Stamped, edit: Callable[[], Edit | None]) -> dict[str, tuple[str, str, str]]:
    """Return row key → (hash of what is written, who, when), anew for rows that are not as they were ``before``."""
    if len(notes) > MOST_STAMPED:
        return {}
    fresh = [note for note in notes if before.get(note.key, ("",))[0] != note.digest]
    last = edit() if fresh else None
    new = (last.who, last.at) if last else ("", "")
    changed = {note.key for note in fresh}
    stamps = {note.key: before[note.key] for note in notes if note.key not in changed}
    return stamps | {note.key: (note.digest, *new) for note in fresh}


def note_records(notes: Iterable[Note], edits: Stamped, managed: str) -> pa.Table:
    """Return notes beside the tab ``managed`` (dashboard/tab) as records (schema PAGE).

    They are a whole listing: a note taken back is gone.
    """
    dashboard, _, name = managed.partition("/")
    rows = []
    for note in notes:
        _, who, at = edits.get(note.key, ("", "", ""))
        told = {"edited_by": who, "edited_at": at} if at else {}
        payload = {"key": note.key, "dashboard": dashboard, "tab": name, **told, **sayable(note.values)}
        rows.append(
            {
                "id": note.key,
                "source_stamp": None,
                "source_seq": note.number,
                "deleted": False,
                "payload": _ENCODER.encode(payload).decode(),
            }
        )
    return pa.Table.from_pylist(rows, schema=PAGE)


def sayable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in which texts hold nothing that JSON cannot: lone surrogates are question marks."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }


def must_be_there(found: object | None, before: Position | None, what: str, path: tuple[str | int, ...]) -> None:
    """Check that a tab is not gone with what people wrote beside it: that would count as taken back.

    Raises:
        ConfigError: nothing was found where something was written when it was read last.
    """
    if found is None and before is not None and before.rows:
        told = f"{what} is gone, and with it what people wrote beside {len(before.rows):,} of its rows"
        raise ConfigError(Problem(what=told, hint="bring it back; to let that go, publish the tab again", path=path))


def pages(
    records: pa.Table,
    rejects: pa.Table | None,
    before: Position | None,
    *,
    rows: Stamped,
    settings: str,
    whole: bool = True,
    size: int,
) -> Iterator[Page]:
    """Yield one reading of a tab; nothing but the last page where it holds what it held ``before``.

    Args:
        records: all of them.
        rejects: rows that are none.
        before: position of the last reading.
        rows: of a managed tab, what is kept of each row.
        settings: how it was read; under other settings everything is told again.
        whole: whether the records are a complete listing.
        size: records of a page at most.
    """
    refused = PAGE_REJECTS.empty_table() if rejects is None else rejects
    content = _content(records, refused, settings)
    done = msgspec.json.encode(Position(content, done=True, rows=dict(rows))).decode()
    if before is not None and before.done and before.content == content:
        yield Page(records=PAGE.empty_table(), cursor=done, last=True)
        return
    halfway = msgspec.json.encode(Position(content, done=False)).decode()
    for start in range(0, max(records.num_rows, 1), size):
        last = start + size >= records.num_rows
        yield Page(
            records=records.slice(start, size),
            rejects=refused if start == 0 else PAGE_REJECTS.empty_table(),
            cursor=done if last else halfway,
            listing=whole,
            last=last,
        )


def _content(records: pa.Table, rejects: pa.Table, settings: str) -> str:
    """Return a hash of everything that a reading gives."""
    digest = hashlib.sha256(settings.encode())
    for table in (records, rejects):
        for column in table.columns:
            for value in column.to_pylist():
                digest.update(repr(value).encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:32]
