"""Page bytes to an Arrow table: decode the wanted fields only, and write them out again, reduced, as JSON text.

The decoder is made from the policy, so what may not be stored is skipped as bytes and never becomes an object.
What it cannot read goes through ``salvage``, record by record.
"""

from __future__ import annotations

import gc
import hashlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise, repeat
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, Struct, UnsetType

from qa_sync.errors import TransientError
from qa_sync.model.system import PAGE, PAGE_REJECTS, TIME
from qa_sync_zendesk import salvage
from qa_sync_zendesk.pairs import MOST_LAYOUTS, Layout, Pair, keep_allowed, layout_of
from qa_sync_zendesk.privacy import STAFF_ROLES, Branch, Hasher, Policy, Tree
from qa_sync_zendesk.salvage import Unreadable
from qa_sync_zendesk.streams import Endpoint
from qa_sync_zendesk.values import LATEST, is_odd, microseconds

_TYPES: dict[str, Any] = {
    "text": str | None | UnsetType,
    "number": int | float | None | UnsetType,
    "flag": bool | None | UnsetType,
    "numbers": list[int | float] | None | UnsetType,
    "texts": list[str] | None | UnsetType,
    "any": Any,
}
_NEWLINE = 10
#: Stored beside the payload, not in it: it moves with every system update, and an unchanged ticket is no news.
_STAMP_ONLY = "generated_timestamp"


class Envelope(Struct, gc=False):
    """What stands around the records of a page, whichever way it is paged."""

    after_cursor: str | None = None
    after_url: str | None = None
    end_of_stream: bool | None = None
    end_time: int | None = None
    next_page: str | None = None
    meta: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A page taken apart. ``newest``: epoch seconds of its newest version; ``count``: records, rejects included."""

    records: pa.Table
    rejects: pa.Table
    envelope: Envelope
    newest: int | None
    count: int


class Slicer:
    """Slices the pages of one stream.

    Args:
        endpoint: where the records, stamps and deletion marks stand.
        policy: what may be stored.
        hasher: turns an id of a requester into its keyed hash.
    """

    def __init__(self, endpoint: Endpoint, policy: Policy, hasher: Hasher) -> None:
        self._endpoint = endpoint
        self._policy = policy
        self._hasher = hasher
        pairs = list[Pair] if policy.custom_fields != frozenset() else None
        record = self._record(pairs)
        self._page_decoder = self._pages(record)
        self._record_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(record)
        self._quick: tuple[msgspec.json.Decoder[Any], Layout] | None = None
        self._layouts = 0
        encoder = msgspec.json.Encoder()
        self._encode, self._encode_lines = encoder.encode, encoder.encode_lines
        self._stamps = tuple(name for name in endpoint.stamps if name in policy.tree)
        self._deleted_when = tuple(pair for pair in endpoint.deleted_when if pair[0] in policy.tree)
        self._hashed, self._staff_only, self._allowed = policy.hashed, policy.staff_only, policy.custom_fields
        self._hides_stamp = _STAMP_ONLY in policy.tree

    def _record(self, pairs: Any) -> Any:
        """Return a class of records whose custom fields are decoded as ``pairs`` (None: not at all)."""
        extra = [("custom_fields", pairs | None | UnsetType, UNSET)] if pairs is not None else []
        return _struct("Record", dict(self._policy.tree), extra, identity=str if self._endpoint.is_text_id else int)

    def _pages(self, record: Any) -> msgspec.json.Decoder[Any]:
        page = msgspec.defstruct(
            "PageOf",
            [("records", list[record])],
            bases=(Envelope,),
            rename={"records": self._endpoint.key},
            kw_only=True,
            gc=False,
        )
        return msgspec.json.Decoder(page)

    def slice(self, body: bytes) -> Slice:
        """Take one page apart.

        Raises:
            TransientError: the body is not a whole page; asking again may give one.
        """
        collects = gc.isenabled()
        gc.disable()  # a page is thousands of small objects and no cycles: looking for some costs a tenth
        try:
            page = self._decoded(body)
            columns = self._columns(page.records)
            page.records = []  # freed before anybody looks for cycles among them
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Unreadable, ValueError, OverflowError):
            return self._carefully(body)
        finally:
            if collects:
                gc.enable()
        return _finished(columns, page, [])

    @property
    def knows_layout(self) -> bool:
        """Whether it has learnt where the custom fields stand that may be stored."""
        return self._quick is not None

    def _decoded(self, body: bytes) -> Any:
        """Return a decoded page whose custom fields are those that may be stored."""
        if self._quick is not None:
            decoder, layout = self._quick
            with suppress(msgspec.MsgspecError):
                page = decoder.decode(body)
                if layout.reduce(page.records):
                    return page
            self._quick = None  # the account's fields, or their order, are others now
        page = self._page_decoder.decode(body)
        if self._allowed:
            learnt = layout_of(page.records, self._allowed) if self._layouts < MOST_LAYOUTS else None
            if learnt is not None:
                self._layouts += 1
                self._quick = self._pages(self._record(learnt.fields)), learnt
            keep_allowed(page.records, self._allowed)
        return page

    def _columns(self, records: list[Any]) -> list[pa.Array]:
        """Return id, microseconds, deleted and payload of decoded records: encoded in one go, cut by the newlines."""
        count = len(records)
        stamps = self._stamps_of(records)
        deleted = np.zeros(count, bool)
        for name, marked in self._deleted_when:
            values = map(attrgetter(name), records)
            if marked is ...:
                deleted |= np.fromiter((value is not None and value is not UNSET for value in values), bool, count)
            else:
                deleted |= np.fromiter((value == marked for value in values), bool, count)
        ids = [record.id for record in records]
        self._reduce(records)
        lines = self._encode_lines(records)
        ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == _NEWLINE)
        if len(ends) != count:  # a value that was passed on as it came spans lines
            raise Unreadable(reason="needs repair")
        if not lines.isascii():
            lines.decode()  # bytes that are not UTF-8 raise here
        payloads = lines.replace(b"\n", b"")
        offsets = np.zeros(count + 1, np.int32)
        offsets[1:] = ends - np.arange(count)
        # Looking for one byte first is 20 times cheaper, and most pages have no backslash at all.
        if (
            b"\\" in payloads
            and b"\\u" in payloads
            and any(is_odd(payloads[a:b]) for a, b in pairwise(offsets.tolist()) if b"\\u" in payloads[a:b])
        ):
            raise Unreadable(reason="needs repair")
        return [
            pa.array(ids, pa.string() if self._endpoint.is_text_id else pa.int64()).cast(pa.string()),
            pa.array(stamps, pa.int64()),
            pa.array(deleted),
            pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(payloads)),
        ]

    def _stamps_of(self, records: list[Any]) -> Any:
        """Return the microseconds at which each version was made, as an array where all are epoch seconds."""
        values = list(map(attrgetter(self._stamps[0]), records)) if self._stamps else []
        if set(map(type, values)) == {int}:
            seconds = np.array(values, np.int64)
            if ((seconds >= 0) & (seconds < LATEST)).all():
                return seconds * 1_000_000
        return [self._stamp_of(record) for record in records]

    def _carefully(self, body: bytes) -> Slice:
        parts = salvage.split_page(body, self._endpoint.key)
        if parts is None:
            msg = f"{self._endpoint.name}: the answer is not a whole page of {self._endpoint.key}"
            raise TransientError(msg)
        elements, rest = parts
        try:
            envelope = msgspec.convert(rest, Envelope)
        except msgspec.ValidationError:
            msg = f"{self._endpoint.name}: the answer pages in a way that is not known"
            raise TransientError(msg) from None
        batch, rejects = _Batch(), []
        for element in elements:
            try:
                self._add_one(batch, element)
            except Unreadable as error:
                digest = hashlib.sha256(element).hexdigest()
                rejects.append((salvage.probable_id(element), error.field, error.reason, digest))
        return _finished(batch.columns(), envelope, rejects)

    def _add_one(self, batch: _Batch, element: bytes) -> None:
        try:
            self._add(batch, self._record_decoder.decode(element))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Unreadable, ValueError, OverflowError):
            reduced, record = salvage.repair(element, self._policy, self._hasher)
            identity = record.get("id")
            if self._endpoint.is_text_id:
                if not isinstance(identity, str) or not identity:
                    raise Unreadable(reason="is missing or not a text", field="id") from None
            elif isinstance(identity, bool) or not str(identity).lstrip("-").isdecimal():
                raise Unreadable(reason="is missing or not a number", field="id") from None
            told = [name for name in self._stamps if reduced.get(name) is not None]
            stamp = microseconds(told[0], reduced[told[0]]) if told else None
            found = [(reduced.get(name), marked) for name, marked in self._deleted_when]
            deleted = any(value == marked or (marked is ... and value is not None) for value, marked in found)
            reduced.pop(_STAMP_ONLY, None)
            batch.add(str(identity), stamp, deleted, salvage.to_text(reduced).encode())

    def _add(self, batch: _Batch, record: Any) -> None:
        """Add one decoded record, or raise when it must be repaired."""
        stamp, deleted = self._stamp_of(record), False
        for name, marked in self._deleted_when:
            value = getattr(record, name)
            deleted |= value == marked or (marked is ... and value is not None and value is not UNSET)
        if self._allowed:
            keep_allowed([record], self._allowed)
        self._reduce([record])
        payload = self._encode(record)
        if b"\\u" in payload and is_odd(payload):
            raise Unreadable(reason="needs repair")
        payload.decode()  # bytes that are not UTF-8 raise here
        batch.add(str(record.id), stamp, deleted, payload)

    def _stamp_of(self, record: Any) -> int | None:
        for name in self._stamps:
            value = getattr(record, name)
            if value is not None and value is not UNSET:
                return microseconds(name, value)
        return None

    def _reduce(self, records: list[Any]) -> None:
        """Turn decoded records into what is stored of them, a field at a time: most of it runs in C."""
        for name in self._hashed:
            known = map(self._hasher.__getitem__, map(attrgetter(name), records))
            deque(map(setattr, records, repeat(name), known), maxlen=0)
        if self._staff_only:
            for record in records:
                if record.role not in STAFF_ROLES:
                    for name in self._staff_only:
                        setattr(record, name, UNSET)
        if self._hides_stamp:
            deque(map(setattr, records, repeat(_STAMP_ONLY), repeat(UNSET)), maxlen=0)


class _Batch:
    """Columns that grow, where records are taken one by one."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int | None, bool, bytes]] = []

    def add(self, identity: str, stamp: int | None, deleted: bool, payload: bytes) -> None:
        self.rows.append((identity, stamp, deleted, payload))

    def columns(self) -> list[pa.Array]:
        kinds = (pa.string(), pa.int64(), pa.bool_(), pa.string())
        return [pa.array([row[at] for row in self.rows], kind) for at, kind in enumerate(kinds)]


def _finished(columns: list[pa.Array], envelope: Any, rejects: list[tuple[str, str, str, str]]) -> Slice:
    ids, stamps, deleted, payloads = columns
    sequence = pa.repeat(pa.scalar(0, pa.int64()), len(ids))
    records = pa.table([ids, stamps.cast(TIME), sequence, deleted, payloads], schema=PAGE)
    refused = pa.table(
        [list(column) for column in zip(*rejects, strict=True)] if rejects else [[]] * 4, schema=PAGE_REJECTS
    )
    newest = pc.max(stamps).as_py()
    # Not the decoded page itself: it would keep every record in memory for as long as its envelope is looked at.
    around = Envelope(**{name: getattr(envelope, name) for name in Envelope.__struct_fields__})
    return Slice(
        records=records,
        rejects=refused,
        envelope=around,
        newest=None if newest is None else newest // 1_000_000,
        count=len(ids) + len(rejects),
    )


def _struct(name: str, tree: Tree, extra: list[tuple[str, Any, Any]], identity: type = int) -> type[Struct]:
    """Make a class with a field for every path that may be stored, and for nothing else."""
    fields: list[Any] = [("id", identity)] if name == "Record" else []
    rename: dict[str, str] = {}
    for at, (key, node) in enumerate(tree.items()):
        if (key, name) == ("id", "Record"):
            continue
        attribute = key if key.isidentifier() and not key.startswith("__") else f"field_{at}"
        if attribute != key:
            rename[attribute] = key
        if isinstance(node, Branch):
            inner: Any = _struct(f"{name}_{at}", node.parts, [])
            kind: Any = (list[inner] if node.many else inner) | None | UnsetType
        else:
            kind = _TYPES[node]
        fields.append((attribute, kind, UNSET))
    return msgspec.defstruct(name, [*fields, *extra], rename=rename or None, gc=False)
