"""Sources side by side: none waits for another, and nothing that is stored or told depends on which was first."""

from __future__ import annotations

import _thread
import io
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from qa_sync import registry
from qa_sync.errors import AuthError, Problem, SourceError
from qa_sync.model.system import PAGE
from qa_sync.ports import Context, Page, Stream
from qa_sync.runner.lanes import Lanes, Stopped
from qa_sync.runner.progress import Lines
from qa_sync.runner.workspace import Workspace

#: Nothing here waits unless something is broken; then it fails after so long.
PATIENCE = 20.0


def page(*ids: str, last: bool = True) -> Page:
    rows = [{"id": one, "source_stamp": None, "source_seq": 0, "deleted": False, "payload": "{}"} for one in ids]
    return Page(records=pa.Table.from_pylist(rows, schema=PAGE), cursor=ids[-1] if ids else "", last=last)


Read = Callable[[str], Iterator[Page]]


class Played:
    """A source whose reading is a function of the stream's name."""

    def __init__(self, read: Read, streams: Sequence[Stream]) -> None:
        self._read, self._streams = read, streams
        self.threads: dict[str, int] = {}

    def streams(self) -> Sequence[Stream]:
        return self._streams

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        self.threads[stream] = threading.get_ident()
        return self._read(stream)

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        return []

    def close(self) -> None:
        return None


THINGS = (Stream(name="things", order="arrival"),)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Workspace]:
    """A workspace of played sources, by name."""

    def made(sources: Mapping[str, Any], **more: Any) -> Workspace:
        def connect(_settings: Any, context: Context) -> Any:
            played = sources[context.name]
            return played(context) if callable(played) else played

        monkeypatch.setattr(registry, "load", lambda _group, _name: connect)
        (tmp_path / "it.yaml").write_text(
            "version: 1\nstreams:\n  things:\n    interactions:\n      fields:\n        interaction_id: {from: id}\n"
            "        kind: {const: item}\n"
        )
        lines = [f"  {name}: {{connector: played, mapping: it.yaml}}" for name in sources]
        (tmp_path / "qa-sync.yaml").write_text("\n".join(["sources:", *lines, ""]))
        return Workspace(tmp_path, **more)

    return made


def stored(workspace: Workspace, name: str) -> int:
    return workspace.store.raw(*name.split(".")).position().n


def meeting(parties: int) -> Callable[[str], Iterator[Page]]:
    """Reading that goes on only when so many read at the same time."""
    together = threading.Barrier(parties)

    def read(stream: str) -> Iterator[Page]:
        together.wait(PATIENCE)
        yield page(stream)

    return read


def test_sources_are_read_at_the_same_time(workspace: Callable[..., Workspace]) -> None:
    read = meeting(3)
    it = workspace({name: Played(read, THINGS) for name in ("a", "b", "c")})
    assert list(it.sync().counts["sync"]) == ["a.things", "b.things", "c.things"]


def test_streams_of_one_source_are_read_at_the_same_time_only_where_they_say_so(
    workspace: Callable[..., Workspace],
) -> None:
    streams = [Stream(name=name, order="arrival", alongside=True) for name in ("s1", "s2")]
    together = Played(meeting(2), streams)
    in_turn = Played(lambda stream: iter([page(stream)]), [Stream(name="t1"), Stream(name="t2")])
    report = workspace({"a": together, "b": in_turn}).sync()
    assert list(report.counts["sync"]) == ["a.s1", "a.s2", "b.t1", "b.t2"]
    assert len(set(together.threads.values())) == 2
    assert len(set(in_turn.threads.values())) == 1


@pytest.mark.parametrize("first", ["a", "b"])
def test_what_is_counted_noted_and_raised_does_not_depend_on_who_was_first(
    first: str, workspace: Callable[..., Workspace]
) -> None:
    done = threading.Event()

    def read(name: str) -> Read:
        def reading(_stream: str) -> Iterator[Page]:
            if name != first:
                assert done.wait(PATIENCE)
            yield page(f"{name}1", f"{name}2", last=False)
            msg = f"the line of {name} is dead"
            raise SourceError(msg)

        return reading

    def connect(name: str) -> Callable[[Context], Played]:
        def made(context: Context) -> Played:
            class Noting(Played):
                def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
                    try:
                        yield from super().read(stream, cursor)
                    finally:
                        context.note("one line")
                        done.set()

            return Noting(read(name), THINGS)

        return made

    it = workspace({"a": connect("a"), "b": connect("b")})
    with pytest.raises(SourceError) as caught:
        it.sync()
    assert str(caught.value) == "a.things: the line of a is dead\nb.things: the line of b is dead"
    assert list(caught.value.recording.notes) == ["a: one line", "b: one line"]  # type: ignore[attr-defined]
    (run,) = it.runs()
    assert [(name, made["accepted"]) for name, made in run.counts["sync"].items()] == [("a.things", 2), ("b.things", 2)]


def test_a_source_that_waits_or_fails_keeps_no_other_waiting(workspace: Callable[..., Workspace]) -> None:
    others = threading.Barrier(2)

    def waiting(_stream: str) -> Iterator[Page]:
        others.wait(PATIENCE)  # as for a rate limit that ends only when another account is done
        yield page("late")

    def quick(_stream: str) -> Iterator[Page]:
        yield page("at once", last=False)
        others.wait(PATIENCE)
        yield page("and last")

    def refused(_stream: str) -> Iterator[Page]:
        msg = "the credentials were refused"
        raise AuthError(msg)
        yield

    it = workspace({"slow": Played(waiting, THINGS), "bad": Played(refused, THINGS), "good": Played(quick, THINGS)})
    with pytest.raises(AuthError, match=r"^bad\.things: the credentials were refused$"):
        it.sync()
    assert [stored(it, f"{name}.things") for name in ("slow", "bad", "good")] == [1, 0, 1]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What a shell starts in the background without job control ignores Ctrl-C, and these tests may be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_run_that_is_stopped_halts_all_sources_and_commits_nothing_more(workspace: Callable[..., Workspace]) -> None:
    halted, reading = threading.Event(), threading.Event()

    def endless(_stream: str) -> Iterator[Page]:
        try:
            while True:
                reading.set()
                yield page("x", last=False)
        finally:
            halted.set()

    def stop(_stream: str) -> Iterator[Page]:
        assert reading.wait(PATIENCE)
        _thread.interrupt_main()  # Ctrl-C
        assert halted.wait(PATIENCE)
        yield page("too late")

    it = workspace({"a": Played(endless, THINGS), "b": Played(stop, THINGS)})
    with pytest.raises(KeyboardInterrupt):
        it.sync()
    assert stored(it, "b.things") == 0
    (run,) = it.runs()
    assert (run.status, run.error) == ("failed", "stopped")


def test_waits_are_shown_with_the_account_they_are_of(workspace: Callable[..., Workspace]) -> None:
    def connect(context: Context) -> Played:
        def read(stream: str) -> Iterator[Page]:
            context.notify("41 s for the export bucket")
            yield page(stream)

        return Played(read, THINGS)

    out = io.StringIO()
    workspace({"emea": connect, "apac": connect}, progress=Lines(out)).sync()
    waits = sorted(line for line in out.getvalue().splitlines() if "41 s" in line)
    assert waits == ["sync: apac: 41 s for the export bucket", "sync: emea: 41 s for the export bucket"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_all_that_is_counted_now_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    out = _Terminal()
    lines = Lines(out, every=0.0)
    lines.stage("sync")
    monkeypatch.setattr("qa_sync.runner.progress.time.monotonic", iter([0.0, 0.0, 2.0]).__next__)
    lines.counted("a.tickets", 10)
    lines.counted("b.tickets", 7)
    lines.counted("a.tickets", 1010)
    shown = out.getvalue().split("\r\x1b[K")
    assert shown == [
        "sync: a.tickets 10",
        "sync: b.tickets 7 · a.tickets 10",
        "sync: a.tickets 1,010 (500/s) · b.tickets 7",
    ]


# ---- lanes ---------------------------------------------------------------------------------------------------


def test_one_piece_alone_is_done_in_this_thread() -> None:
    lanes, seen = Lanes(), []

    def second() -> None:
        seen.append(threading.get_ident())

    def first() -> None:
        seen.append(threading.get_ident())
        lanes.add(second)

    lanes.add(first)
    lanes.drive()
    assert seen == [threading.get_ident()] * 2


def test_no_more_are_driven_at_once_than_wanted_and_all_are_done() -> None:
    lanes, guard = Lanes(at_once=3), threading.Lock()
    busy, most, done = 0, 0, []
    together = threading.Barrier(3)

    def piece(number: int) -> Callable[[], None]:
        def work() -> None:
            nonlocal busy, most
            with guard:
                busy += 1
                most = max(most, busy)
            together.wait(PATIENCE)
            with guard:
                busy -= 1
                done.append(number)
            if number < 3:
                lanes.add(piece(number + 6))

        return work

    for number in range(6):
        lanes.add(piece(number))
    lanes.drive()
    assert (most, sorted(done)) == (3, list(range(9)))


def test_a_mistake_in_one_lane_halts_the_others_and_is_raised() -> None:
    lanes, wrong = Lanes(), threading.Event()
    halted: list[str] = []

    def patient() -> None:
        assert wrong.wait(PATIENCE)
        try:
            while True:
                lanes.check()
        except Stopped:
            halted.append("patient")
            raise

    def careless() -> None:
        wrong.set()
        raise ZeroDivisionError

    lanes.add(patient)
    lanes.add(careless)
    with pytest.raises(ZeroDivisionError):
        lanes.drive()
    assert halted == ["patient"]
