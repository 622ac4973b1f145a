"""The suite passes an honest source and catches every lie planted here, by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from contract.sources import SECRET, STAMP, MemorySource, MemoryWorld, page

from qa_sync.errors import AuthError, Problem, TransientError
from qa_sync.model.system import PAGE
from qa_sync.ports import Page, Source, Stream
from qa_sync.testing.contract import SourceContract, SourceWorld


class TestHonestSource(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return MemoryWorld()


class Listing(MemorySource):
    listing = True


class TestHonestListing(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return MemoryWorld(Listing)


class DropsAPage(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made([] if at == 6 else chunk, at, last)


class RepeatsWithNewIds(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made([*chunk, f"{chunk[0]}-again"], at, last)


class RepeatsARecord(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made([*chunk, chunk[0]], at, last)


class HidesRecordsAfterABadOne(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        made = super().made(chunk, at, last)
        if None in chunk:
            made = replace(made, records=made.records.slice(0, chunk.index(None)))
        return made


class SwallowsTheBadOne(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made([identity for identity in chunk if identity], at, last)


class RejectsTheWholePage(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        made = super().made(chunk, at, last)
        return page([], str(at), last=last, bad=[str(i) for i in chunk]) if None in chunk else made


class IgnoresBadCredentials(MemorySource):
    def ask(self) -> None:
        self.token = SECRET
        super().ask()


class ShowsItsSecret(MemorySource):
    def ask(self) -> None:
        if self.token != SECRET:
            msg = f"refused; expected {SECRET}"
            raise AuthError(msg)
        super().ask()


class TakesARefusalForTheEnd(MemorySource):
    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        try:
            yield from super().read(stream, cursor)
        except TransientError:
            yield page([], str(len(self.world.records)), last=True)


class ForgetsHowLong(MemorySource):
    def refused(self, seconds: float) -> None:
        msg = "too many requests"
        raise TransientError(msg)


class CursorRunsAhead(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made(chunk, at if last else at + 1, last)


class ForgetsItsPlace(MemorySource):
    """Keeps the position in itself: works in one piece, loses records when taken up by a fresh source."""

    def start(self, cursor: str | None) -> int:
        return super().start(cursor) + (0 if cursor is None or int(cursor) >= len(self.world.records) else 1)


class NeverSaysLast(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made(chunk, at, False)


class SaysLastTooEarly(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return super().made(chunk, at, at >= 6)


class StampsTheClock(MemorySource):
    """Every reading makes new versions of unchanged records."""

    ticks = 0

    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        made = super().made(chunk, at, last)
        type(self).ticks += 1
        stamp = pa.array([STAMP + timedelta(seconds=self.ticks)] * made.records.num_rows, PAGE.field(1).type)
        return replace(made, records=made.records.set_column(1, PAGE.field(1), stamp))


class EmptyListingAtTheEnd(Listing):
    def start(self, cursor: str | None) -> int:
        return int(cursor or 0)


class PayloadIsNotJson(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        made = super().made(chunk, at, last)
        text = pa.array(["{'id': 1}"] * made.records.num_rows, pa.string())
        return replace(made, records=made.records.set_column(4, PAGE.field(4), text))


class ForgetsTheCursor(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        return replace(super().made(chunk, at, last), cursor="")


class WrongSchema(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        made = super().made(chunk, at, last)
        return replace(made, records=made.records.select([*PAGE.names[1:], "id"]))


class OnePageOnly(MemorySource):
    size = 100


class GoesInCircles(MemorySource):
    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        while True:
            self.ask()
            yield page(["r0"], "1", last=False)


class FalseAlarm(MemorySource):
    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        return [Problem(what="something is wrong")]


class HidesTheStream(MemorySource):
    def streams(self) -> Sequence[Stream]:
        return [Stream(name="others")]


class TwoVersionsOneOrder(MemorySource):
    def made(self, chunk: Sequence[str | None], at: int, last: bool) -> Page:
        made = super().made(chunk, at, last)
        if at != 3:
            return made
        rows = made.records.to_pylist()
        return replace(made, records=pa.Table.from_pylist([*rows, {**rows[0], "payload": "{}"}], schema=PAGE))


CAUGHT_BY = {
    DropsAPage: "every_record_arrives_once",
    RepeatsWithNewIds: "every_record_arrives_once",
    RepeatsARecord: "every_record_arrives_once",
    HidesRecordsAfterABadOne: "hides_no_other",
    SwallowsTheBadOne: "hides_no_other",
    RejectsTheWholePage: "hides_no_other",
    IgnoresBadCredentials: "bad_credentials",
    ShowsItsSecret: "bad_credentials",
    TakesARefusalForTheEnd: "rate_limit",
    ForgetsHowLong: "rate_limit",
    CursorRunsAhead: "takes_up_from_any_page",
    ForgetsItsPlace: "takes_up_from_any_page",
    NeverSaysLast: "declared_shape",
    SaysLastTooEarly: "declared_shape",
    StampsTheClock: "same_versions",
    EmptyListingAtTheEnd: "from_the_end",
    PayloadIsNotJson: "declared_shape",
    ForgetsTheCursor: "declared_shape",
    WrongSchema: "declared_shape",
    OnePageOnly: "every_record_arrives_once",
    GoesInCircles: "every_record_arrives_once",
    FalseAlarm: "check_finds_nothing",
    HidesTheStream: "declared_once",
    TwoVersionsOneOrder: "newer_versions",
}


def failures(kind: type[MemorySource]) -> list[str]:
    """Names of the claims that a source breaks."""
    failed: list[str] = []
    for name, claim in inspect.getmembers(SourceContract, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        for extra in ((0,), (1,)) if "pages_before" in inspect.signature(claim).parameters else ((),):
            try:
                claim(SourceContract(), MemoryWorld(kind), *extra)
            except pytest.skip.Exception:
                continue
            except (pytest.fail.Exception, StopIteration, IndexError):
                failed.append(name)
    return failed


@pytest.mark.parametrize(("kind", "claim"), CAUGHT_BY.items(), ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_bug_is_caught_by_the_claim_about_it(kind: type[MemorySource], claim: str) -> None:
    assert any(claim in name for name in failures(kind)), failures(kind)


@pytest.mark.parametrize("kind", [MemorySource, Listing])
def test_an_honest_source_breaks_no_claim(kind: type[MemorySource]) -> None:
    assert failures(kind) == []


def test_a_vendor_that_repeats_versions_may_say_so() -> None:
    world = MemoryWorld(RepeatsARecord)
    world.may_repeat = True
    SourceContract().test_every_record_arrives_once_across_pages(world)


def test_what_a_world_cannot_do_is_skipped_with_a_reason() -> None:
    class Plain(SourceWorld):
        stream = "things"
        expected_ids = frozenset({"r0"})  # type: ignore[assignment]

        def connect(self) -> Source:
            return MemorySource(MemoryWorld())

    for claim in ("test_bad_credentials_stop_the_run", "test_one_bad_record_is_reported_and_hides_no_other"):
        with pytest.raises(pytest.skip.Exception, match=r"cannot|no credentials"):
            getattr(SourceContract(), claim)(Plain())
    with pytest.raises(pytest.skip.Exception, match="asking too often"):
        SourceContract().test_a_rate_limit_is_honoured_or_says_when_to_come_back(Plain(), 0)
