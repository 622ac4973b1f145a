"""Complete listings of the user management interface, and of resources that an administrator described."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from qa_sync.errors import SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page
from qa_sync_verint.settings import KNOWN_PATHS, ResourceSettings
from qa_sync_verint.tenant import Tenant
from qa_sync_verint.wire import KINDS, Found, slice_described, slice_listing

#: A listing is always read from its beginning: only a whole one says what is gone.
BEGINNING = '{"from":"beginning"}'


def read_listing(tenant: Tenant, resource: str, settings: ResourceSettings) -> Iterator[Page]:
    """Yield the pages of a complete listing.

    Raises:
        AuthError, TransientError, SourceError: as the server answered; a next page that was already read.
    """
    path: str = settings.path or KNOWN_PATHS[resource]
    params: dict[str, str] | None = dict(settings.params)
    seen = {path}
    while True:
        body = tenant.get(path, params)
        if resource in KINDS:
            found, raws, following = slice_listing(body, resource)
        else:
            found, raws, following = slice_described(body, resource, settings)
        yield make_page(found, raws, cursor=BEGINNING, listing=True, last=not following)
        if not following:
            return
        if following in seen:
            msg = f"{resource}: the next page is one that was read already; the listing goes in circles"
            raise SourceError(msg)
        seen.add(following)
        # The address of the next page carries its own parameters.
        path, params = following, None


def make_page(
    found: Sequence[Found],
    raws: Sequence[msgspec.Raw],
    *,
    cursor: str,
    listing: bool,
    last: bool,
    stamps: Sequence[Any] = (),
) -> Page:
    """Return a page; a record without a readable shape becomes a reject, known by id or by its place on the page."""
    good = [item for item in found if len(item) == 2]
    records = pa.table(
        [
            pa.array([item[0] for item in good], pa.string()),
            pa.array(list(stamps) or [None] * len(good), PAGE.field("source_stamp").type),
            pa.array(range(len(good)), pa.int64()),
            pa.array([False] * len(good), pa.bool_()),
            pa.array([item[1] for item in good], pa.binary()).cast(pa.string()),
        ],
        schema=PAGE,
    )
    bad = [(at, item) for at, item in enumerate(found) if len(item) == 3]
    rejects = pa.Table.from_pylist(
        [
            {
                "record_id": item[0] or f"record {at + 1}",
                "field": item[1],
                "reason": item[2],
                "payload_hash": hashlib.sha256(bytes(raws[at])).hexdigest(),
            }
            for at, item in bad
        ],
        schema=PAGE_REJECTS,
    )
    return Page(records=records, rejects=rejects, cursor=cursor, listing=listing, last=last)
