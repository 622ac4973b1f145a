"""QA paging: whatever the page base, the order or the page size, every record comes, and nothing goes round for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from qa_sync.errors import SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Page
from qa_sync_zendesk.clock import iso
from qa_sync_zendesk.qa.export import read_dated, read_whole
from qa_sync_zendesk.qa.position import QAPosition
from qa_sync_zendesk.qa.rows import QAPage
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS, Reading

DAY = 86_400
NOW = 1_780_000_000
READING = Reading(start=NOW - 400 * DAY, look_back=35 * DAY, full_every=30 * DAY)


def page_of(ids: list[str], **around: Any) -> QAPage:
    records = pa.table(
        [ids, pa.nulls(len(ids), PAGE.field(1).type), [0] * len(ids), [False] * len(ids), ["{}"] * len(ids)],
        schema=PAGE,
    )
    return QAPage(records=records, rejects=PAGE_REJECTS.empty_table(), rows=len(ids), ids=tuple(ids), **around)


class Server:
    """Rows with the day they were written on, in pages, with the habits that nobody documents."""

    def __init__(
        self, rows: dict[str, int], *, base: int = 0, size: int = 3, clamps: bool = False, tells: bool = True
    ) -> None:
        self.rows, self.base, self.size, self.clamps, self.tells = rows, base, size, clamps, tells
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, workspace: str, params: Mapping[str, str]) -> QAPage:
        self.asked.append((workspace, dict(params)))
        since, until = params["fromDate"], params.get("toDate", "9999")
        ids = [f"{workspace}:{name}" for name, at in self.rows.items() if since <= iso(at) < until]
        page = max(int(params.get("page", self.base)), self.base)
        if self.clamps:
            page = min(page, self.base + max(0, -(-len(ids) // self.size) - 1))
        first = (page - self.base) * self.size
        told = {"page": page, "size": self.size, "total": len(ids)} if self.tells else {}
        return page_of(ids[first : first + self.size], **told)


def read(
    server: Any, cursor: str | None = None, *, now: int = NOW, stream: str = "qa_disputes", **changes: Any
) -> list[Page]:
    reading = Reading(**{name: changes.get(name, getattr(READING, name)) for name in Reading.__slots__})
    position = QAPosition.from_text(cursor)
    workspaces = changes.get("units", ["11"])
    return list(read_dated(QA_ENDPOINTS[stream], position, workspaces, reading=reading, now=now, fetch=server))


def ids(pages: list[Page]) -> list[str]:
    return [name for page in pages for name in page.records["id"].to_pylist()]


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("count", [0, 1, 3, 6, 7])
@pytest.mark.parametrize(("clamps", "tells"), [(False, True), (True, True), (False, False)])
def test_every_record_comes_whatever_the_page_base_and_the_number_of_records(
    base: int, count: int, clamps: bool, tells: bool
) -> None:
    server = Server({str(number): NOW - DAY for number in range(count)}, base=base, clamps=clamps, tells=tells)
    pages = read(server)
    assert sorted(set(ids(pages))) == [f"11:{number}" for number in range(count)]
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert len(server.asked) <= count // 3 + 4


def test_a_server_that_ignores_page_numbers_is_not_asked_for_ever() -> None:
    class Deaf(Server):
        def __call__(self, workspace: str, params: Mapping[str, str]) -> QAPage:
            return super().__call__(workspace, {name: value for name, value in params.items() if name != "page"})

    with pytest.raises(SourceError, match="repeat"):
        read(Deaf({str(number): NOW - DAY for number in range(7)}))


def test_a_later_pass_looks_back_and_the_last_window_is_open() -> None:
    server = Server({"old": NOW - 100 * DAY, "late": NOW - 20 * DAY})
    cursor = read(server)[-1].cursor
    server.asked.clear()
    server.rows["ahead of our clock"] = NOW + 2 * DAY
    later = read(server, cursor, now=NOW + DAY)
    assert ids(later) == ["11:late", "11:ahead of our clock"]
    assert [(asked[1]["fromDate"], asked[1].get("toDate")) for asked in server.asked[:1]] == [
        (iso(NOW - 35 * DAY), None)
    ]


def test_now_and_then_everything_is_read_again_and_what_is_gone_is_told() -> None:
    server = Server({"old": NOW - 300 * DAY, "gone": NOW - 200 * DAY})
    first = read(server)
    assert not any(page.listing for page in first)
    second = read(server, first[-1].cursor, now=NOW + 29 * DAY)
    assert ids(second) == []
    assert not any(page.listing for page in second)
    del server.rows["gone"]
    third = read(server, second[-1].cursor, now=NOW + 30 * DAY)
    assert (ids(third), [page.listing for page in third]) == (["11:old"], [True])


def test_a_full_pass_whose_total_changed_is_no_complete_listing() -> None:
    server = Server({str(number): NOW - DAY for number in range(7)})
    cursor = read(server)[-1].cursor

    class Shrinking(Server):
        def __call__(self, workspace: str, params: Mapping[str, str]) -> QAPage:
            page = super().__call__(workspace, params)
            self.rows.pop("0", None)
            return page

    pages = read(Shrinking(dict(server.rows)), cursor, now=NOW + 40 * DAY)
    assert "11:3" not in ids(pages)  # it moved to the page before while that was being read
    assert pages[-1].listing is False


def test_a_workspace_that_is_not_shown_any_more_buries_nothing() -> None:
    server = Server({"1": NOW - DAY})
    cursor = read(server, units=["11", "12"])[-1].cursor
    assert not any(page.listing for page in read(server, cursor, now=NOW + 40 * DAY, units=["11"]))


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("stop_after", [1, 2, 3, 5, 8])
def test_a_pass_broken_off_anywhere_is_resumed_where_it_was(base: int, stop_after: int) -> None:
    rows = {str(number): NOW - (390 - 40 * number) * DAY for number in range(9)}
    server = Server(rows, base=base, size=1)
    units = ["11", "12"]
    position = QAPosition()
    endpoint = QA_ENDPOINTS["qa_reviews"]
    reading = read_dated(endpoint, position, units, reading=READING, now=NOW, fetch=server)
    pages = [next(reading) for _ in range(stop_after)]
    before = len(server.asked)
    rest = read(server, pages[-1].cursor, stream="qa_reviews", units=units)
    assert sorted(set(ids(pages) + ids(rest))) == sorted(f"{unit}:{number}" for unit in units for number in rows)
    again = set(ids(pages)) & set(ids(rest))
    assert len(again) <= 2  # the page before, and what a boundary of two windows shows twice
    assert len(server.asked) > before


def test_a_new_workspace_is_read_from_the_start() -> None:
    server = Server({"1": NOW - 390 * DAY})
    cursor = read(server)[-1].cursor
    assert ids(read(server, cursor, now=NOW + DAY, units=["11", "9"])) == ["9:1"]


def test_autoqa_is_followed_by_its_cursor_and_not_round_in_circles() -> None:
    script = [page_of(["1"], next_cursor="a"), page_of([], next_cursor="b"), page_of(["2"])]
    asked: list[dict[str, str]] = []

    def fetch(_workspace: str, params: Mapping[str, str]) -> QAPage:
        asked.append(dict(params))
        return script[len(asked) - 1]

    pages = read(fetch, stream="qa_autoqa_ratings", start=NOW - DAY)
    assert ids(pages) == ["1", "2"]
    assert [one.get("cursor") for one in asked] == [None, "a", "b"]

    def circle(_workspace: str, params: Mapping[str, str]) -> QAPage:
        return page_of(["1"], next_cursor="b" if params.get("cursor") == "a" else "a")

    with pytest.raises(SourceError, match="repeat"):
        read(circle, stream="qa_autoqa_ratings", start=NOW - DAY)


def test_a_cursor_kept_from_another_day_may_have_expired() -> None:
    asked: list[str | None] = []

    def fetch(_workspace: str, params: Mapping[str, str]) -> QAPage:
        asked.append(params.get("cursor"))
        if asked[-1] == "stale":
            error = SourceError("refused")
            error.status = 400  # type: ignore[attr-defined]
            raise error
        return page_of(["1"], next_cursor="stale" if len(asked) == 1 else "")

    endpoint = QA_ENDPOINTS["qa_autoqa_reviews"]
    recent = Reading(start=NOW - DAY, look_back=DAY, full_every=DAY)
    first = next(read_dated(endpoint, QAPosition(), [], reading=recent, now=NOW, fetch=fetch))
    rest = read(fetch, first.cursor, stream="qa_autoqa_reviews", start=NOW - DAY)
    assert (ids(rest), asked) == (["1"], [None, "stale", None])


def test_a_list_is_one_page_and_complete() -> None:
    pages = list(read_whole(QA_ENDPOINTS["qa_scorecards"], ["11", "12"], lambda unit, _params: page_of([f"{unit}:1"])))
    assert (ids(pages), pages[0].listing, pages[0].last) == (["11:1", "12:1"], True, True)
