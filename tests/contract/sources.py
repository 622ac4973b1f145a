"""A small honest source in memory, and the ways in which it can be made to lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from qa_sync.errors import AuthError, Problem, TransientError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page, Source, Stream
from qa_sync.testing.contract import SourceWorld

STAMP = datetime(2026, 1, 5, tzinfo=UTC)
SECRET = "tok-3f9a"


def page(ids: Sequence[str], cursor: str, *, last: bool, listing: bool = False, bad: Sequence[str] = ()) -> Page:
    rows = [
        {
            "id": identity,
            "source_stamp": STAMP,
            "source_seq": 0,
            "deleted": False,
            "payload": json.dumps({"id": identity}),
        }
        for identity in ids
    ]
    rejects = [{"record_id": identity, "field": "", "reason": "unreadable", "payload_hash": ""} for identity in bad]
    return Page(
        records=pa.Table.from_pylist(rows, schema=PAGE),
        cursor=cursor,
        last=last,
        listing=listing,
        rejects=pa.Table.from_pylist(rejects, schema=PAGE_REJECTS),
    )


class MemorySource:
    """Pages of ``size`` over a list of ids. ``None`` in the list is an unreadable record with the id "bad"."""

    size = 3
    listing = False

    def __init__(self, world: MemoryWorld, *, token: str = SECRET) -> None:
        self.world = world
        self.token = token

    def streams(self) -> Sequence[Stream]:
        return [Stream(name="things")]

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        return []

    def close(self) -> None:
        return None

    def start(self, cursor: str | None) -> int:
        at = int(cursor or 0)
        return 0 if self.listing and at >= len(self.world.records) else at

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        at = self.start(cursor)
        while True:
            self.ask()
            chunk = self.world.records[at : at + self.size]
            at += len(chunk)
            last = at >= len(self.world.records)
            yield self.made(chunk, at, last)
            if last:
                return

    def ask(self) -> None:
        if self.token != SECRET:
            msg = "memory: the token was refused"
            raise AuthError(msg)
        if self.world.refuse:
            seconds, self.world.refuse = self.world.refuse, 0.0
            self.refused(seconds)

    def refused(self, seconds: float) -> None:
        msg = "memory: too many requests"
        raise TransientError(msg, retry_after=seconds)

    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        good = [identity for identity in chunk if identity is not None]
        return page(good, str(at), last=last, listing=self.listing, bad=["bad"] * (len(chunk) - len(good)))


class MemoryWorld(SourceWorld):
    stream = "things"
    secret = SECRET

    def __init__(self, kind: type[MemorySource] = MemorySource) -> None:
        self.kind = kind
        self.records: list[str | None] = [f"r{n}" for n in range(8)]
        self.expected_ids = {identity for identity in self.records if identity}
        self.refuse = 0.0

    def connect(self) -> Source:
        return self.kind(self)

    def connect_with_bad_credentials(self) -> Source | None:
        return self.kind(self, token="wrong")

    def rate_limit(self, seconds: float) -> bool:
        self.refuse = seconds
        return True

    def plant_bad_record(self) -> str | None:
        self.records.insert(1, None)
        return "bad"
