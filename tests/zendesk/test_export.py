"""Paging arithmetic: only the end of the stream ends it, nothing is missed, and nothing goes round in circles."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest
from zendesk.worlds import NOW, FakeTime

from qa_sync.errors import SourceError, TransientError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync_zendesk.export import IDLE_WAITS, MOST_EMPTY_PAGES, read_by_cursor, read_by_time
from qa_sync_zendesk.lists import read_listing
from qa_sync_zendesk.position import Position, time_in
from qa_sync_zendesk.wire import Envelope, Slice


def piece(*ids: int, newest: int | None = None, rejects: int = 0, **around: Any) -> Slice:
    records = pa.table(
        [[str(one) for one in ids], [None] * len(ids), [0] * len(ids), [False] * len(ids), ["{}"] * len(ids)],
        schema=PAGE,
    )
    refused = pa.table([[str(at) for at in range(rejects)], *[[""] * rejects] * 3], schema=PAGE_REJECTS)
    return Slice(records=records, rejects=refused, envelope=Envelope(**around), newest=newest, count=len(ids) + rejects)


class Script:
    """Answers in order; an exception is raised."""

    def __init__(self, *answers: Slice | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def __call__(self, params: Mapping[str, str]) -> Slice:
        self.asked.append(dict(params))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refused(status: int) -> SourceError:
    error = SourceError("refused")
    error.status = status  # type: ignore[attr-defined]
    return error


def cursor(stamp: int, identity: int) -> str:
    return base64.b64encode(f"{stamp}.0||{identity}|".encode()).decode()


def by_cursor(script: Script, position: Position | None = None, time: FakeTime | None = None) -> list[Any]:
    clock = (time or FakeTime()).clock
    return list(read_by_cursor("tickets", position or Position(), start=1_600_000_000, fetch=script, clock=clock))


def test_start_time_is_sent_once_and_then_cursors() -> None:
    script = Script(piece(1, after_cursor="a", end_of_stream=False), piece(2, after_cursor="b", end_of_stream=True))
    pages = by_cursor(script)
    assert script.asked == [{"start_time": "1600000000"}, {"cursor": "a"}]
    assert [page.last for page in pages] == [False, True]


def test_an_empty_page_that_moves_on_does_not_end_the_export() -> None:
    script = Script(
        piece(1, after_cursor="a", end_of_stream=False),
        piece(after_cursor="b", end_of_stream=False),
        piece(2, after_cursor="c", end_of_stream=True),
    )
    assert [page.records.num_rows for page in by_cursor(script)] == [1, 0, 1]


def test_an_empty_page_that_does_not_move_on_is_asked_for_again() -> None:
    time = FakeTime()
    stuck = piece(after_cursor="a", end_of_stream=False)
    script = Script(
        piece(1, after_cursor="a", end_of_stream=False), stuck, stuck, piece(2, after_cursor="b", end_of_stream=True)
    )
    assert [page.records["id"].to_pylist() for page in by_cursor(script, time=time)] == [["1"], ["2"]]
    assert time.slept == list(IDLE_WAITS[:2])


def test_an_export_that_never_moves_on_is_given_up_for_now_and_not_called_complete() -> None:
    script = Script(piece(1, after_cursor="a", end_of_stream=False), piece(after_cursor="a", end_of_stream=False))
    with pytest.raises(TransientError) as caught:
        by_cursor(script)
    assert caught.value.retry_after
    assert len(script.asked) == 2 + len(IDLE_WAITS)


def test_empty_pages_with_ever_new_cursors_are_given_up() -> None:
    number = iter(range(10**6))

    def fetch(_params: Mapping[str, str]) -> Slice:
        return piece(after_cursor=f"c{next(number)}", end_of_stream=False)

    with pytest.raises(TransientError):
        list(read_by_cursor("tickets", Position(), start=0, fetch=fetch, clock=FakeTime().clock))
    assert next(number) == MOST_EMPTY_PAGES + 1


@pytest.mark.parametrize("circle", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]], ids="".join)
def test_a_cursor_that_comes_back_with_records_raises(circle: list[str]) -> None:
    script = Script(*[piece(at, after_cursor=name, end_of_stream=False) for at, name in enumerate(circle)])
    with pytest.raises(SourceError, match="repeats"):
        by_cursor(script)
    assert len(script.asked) == len(circle)


def test_the_cursor_is_kept_after_the_end_and_used_next_time() -> None:
    last = by_cursor(Script(piece(1, after_cursor="z", end_of_stream=True, newest=1_700_000_000)))[-1]
    script = Script(piece(after_cursor="z", end_of_stream=True))
    again = by_cursor(script, Position.from_text(last.cursor))
    assert script.asked == [{"cursor": "z"}]
    assert (again[0].cursor, again[0].last) == (last.cursor, True)


def test_an_empty_account_has_no_cursor_and_asks_by_time_again() -> None:
    page = by_cursor(Script(piece(after_cursor=None, end_of_stream=True)))[-1]
    script = Script(piece(after_cursor=None, end_of_stream=True))
    by_cursor(script, Position.from_text(page.cursor))
    assert script.asked == [{"start_time": "1600000000"}]


def test_a_cursor_is_found_in_the_next_link_but_the_link_is_not_followed() -> None:
    link = "https://elsewhere.example/api/v2/incremental/tickets/cursor.json?cursor=a%3D%3D&per_page=1"
    script = Script(piece(1, after_url=link, end_of_stream=False), piece(2, after_cursor="b", end_of_stream=True))
    by_cursor(script)
    assert script.asked[1] == {"cursor": "a=="}


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_an_expired_cursor_is_replaced_by_the_time_behind_it(status: int) -> None:
    at = 1_700_000_500
    script = Script(refused(status), piece(1, after_cursor=cursor(at, 1), end_of_stream=True))
    pages = by_cursor(script, Position(after="old", time=at))
    assert script.asked == [{"cursor": "old"}, {"start_time": str(at - 1)}]
    assert Position.from_text(pages[-1].cursor) == Position(after=cursor(at, 1), time=at)


def test_a_cursor_refused_again_where_it_was_refused_before_ends_the_read() -> None:
    at = 1_700_000_500
    script = Script(refused(400), piece(1, after_cursor=cursor(at, 1), end_of_stream=False), refused(400))
    with pytest.raises(SourceError):
        by_cursor(script, Position(after="old", time=at))
    assert len(script.asked) == 3


def test_a_refused_first_request_is_an_error_and_no_reason_to_start_again() -> None:
    script = Script(refused(404))
    with pytest.raises(SourceError):
        by_cursor(script)
    assert len(script.asked) == 1


def test_a_page_that_promises_more_but_not_where_raises() -> None:
    with pytest.raises(SourceError, match="not where"):
        by_cursor(Script(piece(1, after_cursor=None, end_of_stream=False)))


def test_an_export_never_starts_within_the_last_minute() -> None:
    script = Script(piece(after_cursor=None, end_of_stream=True))
    by_cursor(script, Position(time=int(NOW)))
    assert script.asked == [{"start_time": str(int(NOW) - 61)}]


def test_the_time_of_a_position_is_what_the_cursor_shows_or_the_newest_record() -> None:
    shown = by_cursor(Script(piece(1, after_cursor=cursor(1_700_000_001, 9), end_of_stream=True, newest=5)))[-1]
    assert Position.from_text(shown.cursor).time == 1_700_000_001
    hidden = by_cursor(Script(piece(1, after_cursor="opaque!", end_of_stream=True, newest=1_700_000_002)))[-1]
    assert Position.from_text(hidden.cursor).time == 1_700_000_002


@pytest.mark.parametrize("text", ["", "{}", "[]", "page 3", '{"after":1,"time":2}', '{"after":"x","time":"y"}'])
def test_a_foreign_position_is_an_error_that_does_not_quote_it(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        Position.from_text(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("MTY5NTA3Mzk2My4wfHw2MTYzOTA5NzE2NTA2fA==", 1_695_073_963),
        ("aaa", None),
        ("MTY5NTA3Mzk2My4wfHw2MTYzOTA5NzE2NTA2fA", 1_695_073_963),
        ("é", None),
    ],
)
def test_the_time_in_a_cursor_is_shown_where_it_can_be_read(text: str, time: int | None) -> None:
    assert time_in(text) == time


def by_time(script: Script, position: Position | None = None, time: FakeTime | None = None) -> list[Any]:
    clock = (time or FakeTime()).clock
    return list(read_by_time("organizations", position or Position(), start=100, fetch=script, clock=clock))


def test_a_time_export_goes_on_from_the_end_time_of_each_page() -> None:
    script = Script(piece(1, end_time=200, end_of_stream=False), piece(2, end_time=300, end_of_stream=True))
    pages = by_time(script)
    assert script.asked == [{"start_time": "100"}, {"start_time": "200"}]
    assert Position.from_text(pages[-1].cursor) == Position(time=300)


def test_a_time_export_that_does_not_move_on_raises_when_records_came_and_waits_when_none() -> None:
    with pytest.raises(SourceError, match="does not move on"):
        by_time(Script(piece(1, end_time=100, end_of_stream=False)))
    script = Script(piece(end_time=100, end_of_stream=False))
    with pytest.raises(TransientError):
        by_time(script)
    assert len(script.asked) == 1 + len(IDLE_WAITS)


def test_a_clock_behind_ours_is_met_by_stepping_back_once() -> None:
    script = Script(refused(422), piece(1, end_time=int(NOW) - 600, end_of_stream=True))
    by_time(script, Position(time=int(NOW)))
    assert [int(NOW) - int(asked["start_time"]) for asked in script.asked] == [61, 661]
    with pytest.raises(SourceError):
        by_time(Script(refused(422)), Position(time=int(NOW)))


def test_a_clock_ahead_of_ours_does_not_lead_round_and_round() -> None:
    ends = [int(NOW) + 3000, int(NOW) + 3200, int(NOW) + 3300]
    script = Script(*(piece(at, end_time=end, end_of_stream=end == ends[-1]) for at, end in enumerate(ends)))
    pages = by_time(script, Position(time=int(NOW) + 2000))
    assert [int(asked["start_time"]) - int(NOW) for asked in script.asked] == [-61, 3000, 3200]
    assert Position.from_text(pages[-1].cursor) == Position(time=ends[-1])


def test_a_page_that_ends_within_the_last_minute_is_followed_once_that_has_passed() -> None:
    now, time = int(NOW), FakeTime()
    script = Script(
        piece(1, end_time=now - 30, end_of_stream=False), refused(400), piece(2, end_time=now - 20, end_of_stream=True)
    )
    pages = by_time(script, Position(time=now - 61), time)
    assert [int(asked["start_time"]) - now for asked in script.asked] == [-61, -30, -30]
    assert time.slept == [61]
    assert len(pages) == 2


def listing(script: Callable[[Mapping[str, str]], Slice]) -> Any:
    pages = list(read_listing("groups", fetch=script))
    assert len(pages) == 1
    return pages[0]


def test_a_listing_is_read_whole_by_cursor_pages() -> None:
    script = Script(piece(1, meta={"has_more": True, "after_cursor": "p"}), piece(2, meta={"has_more": False}))
    page = listing(script)
    assert (page.records["id"].to_pylist(), page.listing, page.last) == (["1", "2"], True, True)
    assert script.asked[1] == {"page[size]": "100", "page[after]": "p"}


def test_a_listing_is_read_whole_by_numbered_pages() -> None:
    script = Script(piece(1, next_page="https://elsewhere.example/2"), piece(2))
    assert listing(script).records["id"].to_pylist() == ["1", "2"]
    assert script.asked[1] == {"page": "2", "per_page": "100"}


def test_a_listing_with_an_unreadable_record_says_that_it_is_not_whole() -> None:
    assert listing(Script(piece(1, rejects=1))).listing is False


def test_a_listing_that_goes_round_raises() -> None:
    with pytest.raises(SourceError):
        listing(Script(piece(1, meta={"has_more": True, "after_cursor": "p"})))


def test_the_position_is_small_json_text() -> None:
    assert json.loads(Position(after="x", time=5).to_text()) == {"after": "x", "time": 5}
    assert Position.from_text(None) == Position()
