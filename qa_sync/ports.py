"""The two seams to the outside: a Source gives pages of raw records, a Sink shows tabs of cells.

A connector implements one or both, registers a ``connect(settings, context)`` under the entry-point
groups ``qa_sync.sources`` and ``qa_sync.sinks``, and passes the contract suite in ``qa_sync.testing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from qa_sync.model.system import PAGE_REJECTS

if TYPE_CHECKING:
    import pyarrow as pa

    from qa_sync.dashboards.cells import Present, Receipt, TabPlan, TabShape
    from qa_sync.errors import Problem


def _quiet(_message: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a connector may know of the workspace around it.

    ``folder``: relative paths in settings start here. ``state``: a folder of the connector's own, for
    tokens and the like, outside version control. ``common``: one that all sources of the workspace share, None
    where there is none. ``notify``: one line for the progress display, such as
    "41 s for Zendesk's export bucket"; ids and counts only. ``note``: one line for the run's summary, about what
    is no fault and a person should know, such as a pattern that matches no file. ``mapped_fields``: per stream, the
    custom field ids that the workspace's mappings read, which are therefore allowed into the store.
    ``urgent``: a person waits for the result; what shares a quota with others lets it go first.
    """

    name: str
    folder: Path
    state: Path
    time_zone: str = "UTC"
    notify: Callable[[str], None] = _quiet
    note: Callable[[str], None] = _quiet
    mapped_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    urgent: bool = False
    common: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of record a source offers.

    ``order``: "source" when (source_stamp, source_seq) of a record say which version is newer,
    "arrival" when only the order of delivery can. ``alongside``: it may be read by a thread of its own while
    others read other streams of the source.
    """

    name: str
    order: Literal["source", "arrival"] = "source"
    doc: str = ""
    alongside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One batch of raw records and the position behind it.

    ``records`` has the schema ``qa_sync.model.system.PAGE``, reduced to what may be stored.
    ``rejects`` (schema ``PAGE_REJECTS``) holds what could not be read. ``cursor`` is a text that only
    the connector understands; reading on from it never misses a record, and may repeat some.
    ``listing``: the page is part of a complete listing that starts at cursor None; once its last page
    is in, ids not listed are deleted at the source. ``last``: there is nothing more for now.
    """

    records: pa.Table
    cursor: str
    rejects: pa.Table = field(default_factory=PAGE_REJECTS.empty_table)
    listing: bool = False
    last: bool = False


class Source(Protocol):
    """Gives raw records, stream by stream.

    Promises: every record comes at least once; a version comes unchanged however often; a bad record
    becomes a row of ``Page.rejects`` and hides no other; the last page of a read says ``last``.
    Different sources are read by different threads at the same time; one source by one thread, except for streams
    that say ``alongside``.
    """

    def streams(self) -> Sequence[Stream]:
        """Return what can be read with these settings."""
        ...

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield the pages after ``cursor`` (None: from the beginning).

        Raises:
            AuthError, TransientError, SourceError: the read cannot go on; pages already yielded stand.
        """
        ...

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        """Return what is wrong with settings, credentials, permissions; ``probe`` also tries what is unverified."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class LeavesOut(Protocol):
    """A source whose own settings leave columns of the records out: what ``mapping suggest`` tells besides."""

    def left_out(self, stream: str) -> Sequence[str]:
        """Return the names of columns that newest records of a stream have and that are not stored, without a value."""
        ...

    @property
    def how_to_keep(self) -> str:
        """What a person does to have one stored, in a few words."""
        ...


class Sink(Protocol):
    """Shows tabs of cells to people, and writes only what a plan tells it to."""

    def present(self, tabs: Sequence[TabShape]) -> Present:
        """Return what managed columns hold now, all tabs in one read."""
        ...

    def apply(self, plans: Sequence[TabPlan], present: Present) -> Receipt:
        """Carry out the plans, all or nothing where the other side can.

        ``present`` is the read that the plans were made from. A plan that changes nothing writes nothing.
        """
        ...

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        """Return what is wrong with settings, credentials and permissions."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A sink in which people may ask for fresh data: what ``watch`` needs besides ``Sink``."""

    def changed(self) -> bool:
        """Tell whether anything may have changed since the last call; cheap, and true where that is not known."""
        ...

    def last_editor(self) -> str:
        """Return who changed it last, where the other side tells; "" otherwise."""
        ...


class Sandbox(Protocol):
    """A stand-in for a vendor on this machine: a real HTTP server on loopback, or a folder of files.

    Registered under ``qa_sync.sandboxes`` as ``start(programme, *, port=0, folder=None)``: ``programme`` is a
    ``qa_sync.testing.Programme`` to fill it with, or None for an empty one; ``folder`` keeps its state, so
    that a second start shows what the first one was given.
    """

    def workspace(self) -> Mapping[str, Mapping[str, object]]:
        """Return the entries a workspace needs to use it: "sources" and "sinks", by name."""
        ...

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that those entries refer to."""
        ...

    def pages(self) -> Mapping[str, str]:
        """Return HTML pages that show what it holds, by file name; none where there is nothing to look at."""
        ...

    def stop(self) -> None:
        """End the server."""
        ...
