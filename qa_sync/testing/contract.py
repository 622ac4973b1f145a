"""The contract of a source, as tests. ``SinkContract``, in a file of its own, can be imported from here too.

A connector author gives the suite a *world*, a stand-in for the vendor with records in it, and gets the claims:

    from qa_sync.testing.contract import SourceContract, SourceWorld

    class AcmeWorld(SourceWorld):
        stream = "tickets"
        expected_ids = {"1", "2", "3"}
        def connect(self): return qa_sync_acme.connect({...small pages...}, context)

    class TestAcme(SourceContract):
        def world(self, tmp_path): return AcmeWorld(tmp_path)

What a world cannot do (no credentials, no rate limit) is skipped with the reason. Nothing here waits:
a world hands its client a sleep that does not sleep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from qa_sync.errors import AuthError, TransientError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page, Source
from qa_sync.testing.sink_contract import SinkContract, SinkWorld

__all__ = ["SinkContract", "SinkWorld", "SourceContract", "SourceWorld", "ids_of", "rejects_of", "versions_of"]

#: Seconds that the suite asks a world to refuse requests for.
REFUSED_SECONDS = 2.0
#: From at most so many places is the reading taken up again.
MAX_RESUMES = 25
#: A source that gives more pages than this for a world's few records is taken to be going in circles.
MAX_PAGES = 2_000

Version = tuple[Any, ...]


class SourceWorld(Protocol):
    """A vendor of one's own, to be inherited from: what is in it, and what can be done to it.

    Attributes:
        stream: the stream to read.
        expected_ids: ids of all its records, deleted ones included.
        pages: at least so many pages must hold records, so that paging is tested (1: the source has no pages).
        may_repeat: the vendor may hand out a version twice in one reading (it must then be the same).
        secret: a text of the credentials that no message may hold.
    """

    stream: str
    expected_ids: set[str]
    pages: int = 2
    may_repeat: bool = False
    secret: str = ""

    def connect(self) -> Source:
        """Return a fresh, working source with pages small enough for ``pages``."""
        ...

    def connect_with_bad_credentials(self) -> Source | None:
        """Return a source that will be refused (or raise AuthError at once); None: it has no credentials."""
        return None

    def rate_limit(self, seconds: float) -> bool:  # noqa: ARG002
        """Make the vendor refuse the next request, saying to come back in ``seconds``; False: it never does."""
        return False

    def plant_bad_record(self) -> str | None:
        """Add one unreadable record; return the ``record_id`` of its reject, "" if not known, None: cannot be."""
        return None

    def close(self) -> None:
        """End what the world started."""
        return


def ids_of(pages: Sequence[Page]) -> list[str]:
    """Return the ids on some pages, in order, repeated ones repeated."""
    return [identity for page in pages for identity in page.records["id"].to_pylist()]


def versions_of(pages: Sequence[Page]) -> list[Version]:
    """Return (id, source_stamp, source_seq, deleted, payload) of each record on some pages, in order."""
    return [tuple(row[name] for name in PAGE.names) for page in pages for row in page.records.to_pylist()]


def rejects_of(pages: Sequence[Page]) -> list[dict[str, str]]:
    """Return the rejects on some pages, in order."""
    return [row for page in pages for row in page.rejects.to_pylist()]


def _claim(holds: bool, message: str) -> None:
    if not holds:
        pytest.fail(message, pytrace=False)


def _some(ids: set[str]) -> str:
    return ", ".join(sorted(ids)[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")


class SourceContract:
    """What every source keeps to. Inherit, name the class ``Test...`` and give it a ``world``."""

    def world(self, tmp_path: Path) -> SourceWorld:
        """Return a fresh world for one test."""
        raise NotImplementedError

    @pytest.fixture(name="vendor")
    def _vendor(self, tmp_path: Path) -> Iterator[SourceWorld]:
        world = self.world(tmp_path)
        yield world
        world.close()

    def test_the_stream_is_declared_once(self, vendor: SourceWorld) -> None:
        """``streams()`` names the stream, and no name twice."""
        with _closing(vendor.connect()) as source:
            names = [stream.name for stream in source.streams()]
        _claim(vendor.stream in names, f"streams() does not name {vendor.stream!r} but {names}")
        _claim(len(set(names)) == len(names), f"streams() names one twice: {names}")

    def test_check_finds_nothing_wrong_with_a_working_source(self, vendor: SourceWorld) -> None:
        """A problem reported on a healthy source would be a false alarm."""
        with _closing(vendor.connect()) as source:
            problems = source.check()
        _claim(not problems, f"check() complains about a working source: {[str(p) for p in problems]}")

    def test_every_record_arrives_once_across_pages(self, vendor: SourceWorld) -> None:
        """No record lost between pages, none invented, none twice, none rejected."""
        pages = _read(vendor)
        filled = sum(1 for page in pages if page.records.num_rows)
        _claim(filled >= vendor.pages, f"{filled} pages with records prove nothing about paging: make pages smaller")
        _claim_complete(vendor, ids_of(pages), "reading from the beginning")
        if not vendor.may_repeat:
            ids = ids_of(pages)
            twice = {identity for identity in ids if ids.count(identity) > 1}
            _claim(not twice, f"handed out more than once in one reading: {_some(twice)}")
        rejects = rejects_of(pages)
        _claim(not rejects, f"rejected good records: {rejects[:3]}")

    def test_reading_again_gives_the_same_versions(self, vendor: SourceWorld) -> None:
        """A version comes unchanged however often: same id, stamp, number and payload."""
        first, second = set(versions_of(_read(vendor))), set(versions_of(_read(vendor)))
        changed = {version[0] for version in first ^ second}
        _claim(not changed, f"two readings of an unchanged source differ for: {_some(changed)}")

    def test_reading_takes_up_from_any_page(self, vendor: SourceWorld) -> None:
        """Whatever page was the last one stored, reading on from its cursor loses nothing."""
        pages = _read(vendor)
        whole = set(versions_of(pages))
        for at in range(min(len(pages) - 1, MAX_RESUMES)):
            rest = _read(vendor, pages[at].cursor)
            where = f"taking up after page {at + 1} of {len(pages)}"
            _claim_complete(vendor, ids_of(pages[: at + 1]) + ids_of(rest), where)
            strange = {version[0] for version in set(versions_of(rest)) - whole}
            _claim(not strange, f"{where} gave other versions of: {_some(strange)}")

    def test_an_abandoned_reading_harms_nothing(self, vendor: SourceWorld) -> None:
        """A reader that stops after one page can read on with the very same source."""
        with _closing(vendor.connect()) as source:
            reading = iter(source.read(vendor.stream, None))
            first = next(reading)
            close = getattr(reading, "close", None)
            if close is not None:
                close()
            rest = [] if first.last else _drain(source, vendor.stream, first.cursor)
        _claim_complete(vendor, ids_of([first, *rest]), "reading on after stopping at the first page")

    def test_reading_on_from_the_end_gives_nothing_new(self, vendor: SourceWorld) -> None:
        """After the last page come unchanged versions at most; a listing is whole or says that it is none."""
        pages = _read(vendor)
        again = _read(vendor, pages[-1].cursor)
        new = {version[0] for version in set(versions_of(again)) - set(versions_of(pages))}
        _claim(not new, f"reading on from the end of an unchanged source gave new versions of: {_some(new)}")
        if again[-1].listing:
            # An incomplete listing would delete every record that it leaves out.
            _claim_complete(vendor, ids_of(again), "a listing (Page.listing) that starts at the end")
        kinds = {page.listing for page in pages}
        _claim(len(kinds) == 1, "some pages of one reading are a listing and some are not")

    def test_pages_have_the_declared_shape(self, vendor: SourceWorld) -> None:
        """Schemas as declared, ids not empty, payloads JSON text, a cursor on every page, the last page says so."""
        pages = _read(vendor)
        for number, page in enumerate(pages, start=1):
            where = f"page {number} of {len(pages)}"
            _claim(page.records.schema.equals(PAGE), f"{where}: records have not the schema PAGE")
            _claim(page.rejects.schema.equals(PAGE_REJECTS), f"{where}: rejects have not the schema PAGE_REJECTS")
            _claim(isinstance(page.cursor, str) and page.cursor != "", f"{where} has no cursor")
            _claim(page.last == (number == len(pages)), f"{where}: last is {page.last}")
            for row in page.records.to_pylist():
                _claim_record(row, where)

    def test_newer_versions_can_be_told_where_that_is_declared(self, vendor: SourceWorld) -> None:
        """With order "source", two versions of one record never have the same stamp and number."""
        with _closing(vendor.connect()) as source:
            stream = next(stream for stream in source.streams() if stream.name == vendor.stream)
        if stream.order != "source":
            pytest.skip("the stream falls back to the order of arrival, and says so")
        seen: dict[Version, Version] = {}
        for version in versions_of(_read(vendor)):
            _claim(seen.setdefault(version[:3], version) == version, f"record {version[0]}: two versions, one order")

    def test_bad_credentials_stop_the_run(self, vendor: SourceWorld) -> None:
        """AuthError, not an empty reading; and the secret is not in the message."""
        try:
            source = vendor.connect_with_bad_credentials()
            if source is None:
                pytest.skip("the source has no credentials")
            with _closing(source):
                pages = _drain(source, vendor.stream, None)
        except AuthError as error:
            _claim(not vendor.secret or vendor.secret not in str(error), "the AuthError shows the secret")
            return
        pytest.fail(f"bad credentials went unnoticed: {len(ids_of(pages))} records, no AuthError", pytrace=False)

    @pytest.mark.parametrize("pages_before", [0, 1])
    def test_a_rate_limit_is_honoured_or_says_when_to_come_back(self, vendor: SourceWorld, pages_before: int) -> None:
        """Refused at the start or midway: all records still arrive, at once or when reading on later."""
        got: list[Page] = []
        with _closing(vendor.connect()) as source:
            reading = iter(source.read(vendor.stream, None))
            got.extend(islice(reading, pages_before))
            if not vendor.rate_limit(REFUSED_SECONDS):
                pytest.skip("the source is never refused for asking too often")
            try:
                got.extend(reading)
            except TransientError as error:
                told = error.retry_after
                _claim(told is not None and told > 0, f"refused, but retry_after is {told}: nobody knows how long")
        if not (got and got[-1].last):
            got.extend(_read(vendor, got[-1].cursor if got else None))
        _claim_complete(vendor, ids_of(got), "reading past a rate limit")

    def test_one_bad_record_is_reported_and_hides_no_other(self, vendor: SourceWorld) -> None:
        """It becomes a reject, with its id and a reason; the reading goes on behind it."""
        record_id = vendor.plant_bad_record()
        if record_id is None:
            pytest.skip("the world cannot hold a bad record")
        pages = _read(vendor)
        rejects = rejects_of(pages)
        _claim(bool(rejects), "an unreadable record vanished: no page has a reject")
        _claim(len(rejects) == 1, f"one bad record gave {len(rejects)} rejects: {rejects[:3]}")
        _claim(rejects[0]["reason"] != "", "the reject has no reason")
        named = rejects[0]["record_id"]
        _claim(record_id in ("", named), f"the reject names record {named!r}, not {record_id!r}")
        missing = vendor.expected_ids - set(ids_of(pages))
        _claim(not missing, f"the bad record hides: {_some(missing)}")


class _closing:  # noqa: N801
    """Close a source when done, also after an error."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __enter__(self) -> Source:
        return self.source

    def __exit__(self, *_error: object) -> None:
        self.source.close()


def _drain(source: Source, stream: str, cursor: str | None) -> list[Page]:
    pages: list[Page] = []
    for page in source.read(stream, cursor):
        pages.append(page)
        _claim(len(pages) < MAX_PAGES, f"more than {MAX_PAGES} pages: is the source going in circles?")
    _claim(bool(pages), "a reading gave no page; where there is nothing, one empty page says last")
    return pages


def _read(vendor: SourceWorld, cursor: str | None = None) -> list[Page]:
    with _closing(vendor.connect()) as source:
        return _drain(source, vendor.stream, cursor)


def _claim_complete(vendor: SourceWorld, ids: Sequence[str], where: str) -> None:
    missing, strange = vendor.expected_ids - set(ids), set(ids) - vendor.expected_ids
    _claim(not missing, f"{where} lost {len(missing)} of {len(vendor.expected_ids)} records: {_some(missing)}")
    _claim(not strange, f"{where} gave ids that do not exist: {_some(strange)}")


def _claim_record(row: dict[str, Any], where: str) -> None:
    _claim(bool(row["id"]), f"{where}: a record without id")
    for name in ("source_seq", "deleted"):
        _claim(row[name] is not None, f"{where}: record {row['id']} has no {name}")
    payload = row["payload"]
    if payload is None:
        _claim(row["deleted"], f"{where}: record {row['id']} is not deleted and has no payload")
        return
    try:
        msgspec.json.decode(payload)
    except msgspec.DecodeError:
        pytest.fail(f"{where}: the payload of record {row['id']} is not JSON text", pytrace=False)
