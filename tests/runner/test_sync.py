"""Pulling pages into the store: batches, failures on the way, complete listings, rejects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from program.command import qa_sync

from qa_sync import registry
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import Problem, SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS, RAW
from qa_sync.ports import Page, Stream
from qa_sync.runner.progress import Silent
from qa_sync.runner.sync import BATCH_PAGES, StreamCounts, sync_stream
from qa_sync.store import Store

STAMP = datetime(2026, 1, 5, tzinfo=UTC)


def page(at: int, ids: Sequence[str], *, last: bool = False, listing: bool = False, bad: Sequence[str] = ()) -> Page:
    rows = [
        {
            "id": one,
            "source_stamp": STAMP + timedelta(days=at),
            "source_seq": 0,
            "deleted": False,
            "payload": json.dumps({"id": one}),
        }
        for one in ids
    ]
    rejects = [{"record_id": one, "field": "", "reason": "unreadable", "payload_hash": "h"} for one in bad]
    return Page(
        records=pa.Table.from_pylist(rows, schema=PAGE),
        rejects=pa.Table.from_pylist(rejects, schema=PAGE_REJECTS),
        cursor=str(at),
        last=last,
        listing=listing,
    )


class Scripted:
    """Gives the pages of a script from the one after the cursor; an exception in it is raised."""

    def __init__(self, script: Sequence[Page | Exception]) -> None:
        self.script = list(script)
        self.asked: list[str | None] = []

    def streams(self) -> Sequence[Stream]:
        return [Stream(name="things")]

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        self.asked.append(cursor)
        for one in self.script:
            if isinstance(one, Exception):
                raise one
            if cursor is None or one.listing or int(one.cursor) > int(cursor):
                yield one

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        return []

    def close(self) -> None:
        return None


class Clock:
    """Every look is a second later."""

    def __init__(self) -> None:
        self.now = STAMP

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


_CLOCK = Clock()


def pull(store: Store, *script: Page | Exception) -> StreamCounts:
    source = Scripted(script)
    return sync_stream(store, source, "it", Stream(name="things"), run_id="r", clock=_CLOCK, progress=Silent())


def stored(store: Store) -> dict[str, bool]:
    """Newest version of each record: whether it is deleted."""
    engine = DuckEngine(threads=1)
    try:
        engine.scan("raw", store.raw("it", "things").files(), RAW)
        rows = engine.fetch(
            "SELECT id, deleted FROM raw QUALIFY row_number() OVER (PARTITION BY id ORDER BY source_stamp DESC) = 1"
        )
        return dict(zip(rows["id"].to_pylist(), rows["deleted"].to_pylist(), strict=True))
    finally:
        engine.close()


def test_a_failure_after_some_pages_keeps_them_and_their_cursor(store: Store) -> None:
    with pytest.raises(SourceError) as caught:
        pull(store, page(1, ["a"]), page(2, ["b"]), SourceError("the line is dead"))
    counts: StreamCounts = caught.value.counts  # type: ignore[attr-defined]
    assert (counts.read, counts.accepted, counts.commits) == (2, 2, 1)
    assert stored(store) == {"a": False, "b": False}
    assert store.raw("it", "things").position().cursor == "2"
    done = pull(store, page(1, ["a"]), page(2, ["b"]), page(3, ["c"], last=True))
    assert (done.read, done.accepted) == (1, 1)


def test_a_failure_before_the_first_page_stores_nothing(store: Store) -> None:
    with pytest.raises(SourceError):
        pull(store, SourceError("the line is dead"))
    assert store.raw("it", "things").position().n == 0


def test_a_batch_is_committed_every_few_pages(store: Store) -> None:
    script = [page(at, [f"r{at}"]) for at in range(1, 2 * BATCH_PAGES + 3)]
    counts = pull(store, *script, page(99, [], last=True))
    assert counts.commits == 3
    assert counts.read == counts.accepted == len(script)


def test_pages_that_come_again_are_unchanged_and_a_quiet_pull_commits_nothing(store: Store) -> None:
    pull(store, page(1, ["a", "b"], last=True))
    again = Scripted([page(1, ["a", "b"], last=True)])
    again.read = lambda stream, cursor: iter([page(1, ["a", "b"], last=True)])  # type: ignore[method-assign]
    counts = sync_stream(store, again, "it", Stream(name="things"), run_id="r", clock=_CLOCK, progress=Silent())
    assert (counts.read, counts.accepted, counts.unchanged, counts.commits) == (2, 0, 2, 0)


def test_absence_from_a_whole_listing_is_a_deletion(store: Store) -> None:
    pull(store, page(1, ["a", "b"], listing=True), page(2, ["c"], listing=True, last=True))
    counts = pull(store, page(1, ["a"], listing=True), page(2, ["c"], listing=True, last=True))
    assert counts.deleted == 1
    assert stored(store) == {"a": False, "b": True, "c": False}


def test_absence_from_a_listing_that_was_cut_short_is_nothing_and_the_next_pull_begins_anew(store: Store) -> None:
    pull(store, page(1, ["a", "b"], listing=True), page(2, ["c"], listing=True, last=True))
    with pytest.raises(SourceError):
        pull(store, page(1, ["a"], listing=True), SourceError("the line is dead"))
    assert stored(store) == {"a": False, "b": False, "c": False}
    source = Scripted([page(1, ["a", "b"], listing=True, last=True)])
    sync_stream(store, source, "it", Stream(name="things"), run_id="r", clock=_CLOCK, progress=Silent())
    assert source.asked == [None]
    assert stored(store) == {"a": False, "b": False, "c": True}


def test_a_reject_that_comes_again_is_counted_and_not_new(store: Store) -> None:
    first = pull(store, page(1, ["a"], bad=["x", "y"], last=True))
    assert (first.read, first.accepted, first.rejected, first.new_rejects) == (3, 1, 2, 2)
    again = pull(store, page(2, ["b"], bad=["x", "z"], last=True))
    assert (again.read, again.accepted, again.rejected, again.new_rejects) == (3, 1, 2, 1)


def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *script: Page | Exception) -> Path:
    """A workspace whose only source plays a script."""
    original = registry.load

    def load(group: registry.Group, name: str) -> Any:
        return (lambda _settings, _context: Scripted(script)) if name == "scripted" else original(group, name)

    monkeypatch.setattr(registry, "load", load)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "it.yaml").write_text(
        "version: 1\nstreams:\n  things:\n    interactions:\n      fields:\n        interaction_id: {from: id}\n"
        "        kind: {const: item}\n"
    )
    (tmp_path / "qa-sync.yaml").write_text("sources:\n  it: {connector: scripted, mapping: mappings/it.yaml}\n")
    return tmp_path


def test_a_fault_of_a_connector_quotes_nothing_and_keeps_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [page(at, [f"r{at}"]) for at in range(1, BATCH_PAGES + 1)]
    folder = _workspace(tmp_path, monkeypatch, *pages, ValueError("PLANTED words of a record"))
    done = qa_sync(folder, "run", "--quiet", expect=1)
    assert "ValueError" in done.err
    assert "PLANTED" not in done.err + done.out
    (run,) = qa_sync(folder, "runs", "--format", "json", "--quiet").data
    assert run["status"] == "failed"
    assert run["error"].startswith("it.things: the connector failed: unexpected ValueError at runner/test_sync.py:")
    assert len(stored(Store(folder / "data"))) == BATCH_PAGES


def test_a_source_that_fails_does_not_keep_a_later_run_from_going_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _workspace(tmp_path, monkeypatch, page(1, ["a"]), SourceError("the line is dead"))
    assert "it.things: the line is dead" in qa_sync(folder, "run", "--quiet", expect=1).err
    monkeypatch.undo()
    monkeypatch.setattr(
        registry,
        "load",
        lambda _group, _name: lambda _settings, _context: Scripted([page(1, ["a"]), page(2, ["b"], last=True)]),
    )
    run = qa_sync(folder, "run", "--quiet", "--format", "json").data
    assert run["counts"]["sync"]["it.things"]["read"] == 1
    assert run["counts"]["map"]["it.things > interactions"]["rows"] == 2


class _Careless(Scripted):
    """Fails by mistake at one point of its life, with a record's words in the message."""

    def __init__(self, where: str) -> None:
        super().__init__([page(1, ["a"], last=True)])
        self.where = where

    def _fail(self, where: str) -> None:
        if self.where == where:
            msg = "PLANTED words of a record"
            raise KeyError(msg)

    def streams(self) -> Sequence[Stream]:
        self._fail("streams")
        return super().streams()

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        self._fail("read")
        for one in super().read(stream, cursor):
            yield replace(one, records=one.records.drop_columns(["payload"])) if self.where == "shape" else one
        self._fail("end")

    def close(self) -> None:
        self._fail("close")


@pytest.mark.parametrize("where", ["connect", "streams", "read", "shape", "close"])
def test_a_mistake_in_one_connector_is_a_failure_of_that_source_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    folder = _workspace(tmp_path, monkeypatch)

    def connect(_settings: Any, context: Any) -> Any:
        if context.name != "it":
            return Scripted([page(1, ["a"], last=True)])
        made = _Careless(where)
        made._fail("connect")
        return made

    monkeypatch.setattr(registry, "load", lambda _group, _name: connect)
    settings = (folder / "qa-sync.yaml").read_text()
    (folder / "qa-sync.yaml").write_text(settings + settings.splitlines()[1].replace("it:", "other:") + "\n")
    done = qa_sync(folder, "sync", "--quiet", "--format", "json", expect=0 if where == "close" else 1)
    assert "PLANTED" not in done.out + done.err
    assert done.data["counts"]["sync"]["other.things"]["accepted"] == 1
    (run,) = qa_sync(folder, "runs", "--format", "json", "--quiet").data
    if where == "close":
        assert run["status"] == "done"
        return
    assert run["status"] == "failed"
    wanted = "columns are not those" if where == "shape" else "unexpected KeyError at runner/test_sync.py:"
    assert wanted in run["error"]
    assert run["error"].startswith("it")


def test_a_connector_that_cannot_read_for_a_reason_of_the_machine_says_the_reason(store: Store) -> None:
    with pytest.raises(SourceError, match=r"the connector failed: Input/output error$"):
        pull(store, page(1, ["a"]), OSError(5, "Input/output error", "/secret/place"))
    assert stored(store) == {"a": False}


def test_a_stop_that_a_connector_meets_stops_everything(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        pull(store, page(1, ["a"]), RuntimeError("Query interrupted"))
