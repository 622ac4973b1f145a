"""Pull every wanted source, side by side: one that fails or waits leaves the others their turn."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from qa_sync.errors import QASyncError
from qa_sync.ports import Source, Stream
from qa_sync.runner.connecting import close_quietly, guarded
from qa_sync.runner.failures import one_error
from qa_sync.runner.lanes import Lanes
from qa_sync.runner.progress import Progress
from qa_sync.runner.recording import Recording
from qa_sync.runner.sync import StreamCounts, sync_stream

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace


def pull(workspace: Workspace, run: Recording, sources: Sequence[str], *, progress: Progress) -> None:
    """Pull what the sources have now into the store, and count it in the run.

    Sources are pulled at the same time, and so are those streams of one source that say they may be. What is stored,
    counted and told of the run does not depend on which was first.

    Raises:
        QASyncError: sources failed; all that could be pulled is stored, and each stream's error is in its counts.
    """
    with ExitStack() as stack:
        pulling = _Pulling(workspace, run, progress, stack)
        for at, name in enumerate(sources):
            pulling.lanes.add(partial(pulling.source, at, name))
        try:
            pulling.lanes.drive()
        finally:
            pulling.count(sources)
    if pulling.failures:
        failures = [
            (name, ("sources", name.partition(".")[0]), error) for _, (name, error) in sorted(pulling.failures.items())
        ]
        raise one_error(workspace, failures, ("stream", "streams"))


@dataclass(slots=True)
class _Pulling:
    """What came of each stream, by the places of its source and itself in what is asked for."""

    workspace: Workspace
    run: Recording
    progress: Progress
    opened: ExitStack
    lanes: Lanes = field(default_factory=Lanes)
    failures: dict[tuple[int, int], tuple[str, QASyncError]] = field(default_factory=dict)
    done: dict[tuple[int, int], tuple[str, StreamCounts]] = field(default_factory=dict)

    def source(self, at: int, name: str) -> None:
        """Connect one source and pull its streams, or have them pulled in lanes of their own."""
        try:
            source = self.workspace.source(name)
            self.opened.callback(close_quietly, source)
            with guarded("the connector"):
                streams = source.streams()
        except QASyncError as error:
            self.failures[at, -1] = (name, error)
            return
        if not streams:
            self.workspace.note(name, "the source offers no stream: nothing was read")
        in_turn: list[tuple[int, Stream]] = []
        for number, stream in enumerate(streams):
            if stream.alongside:
                self.lanes.add(partial(self._stream, (at, number), name, source, stream))
            else:
                in_turn.append((number, stream))
        for number, stream in in_turn:
            self._stream((at, number), name, source, stream)

    def count(self, sources: Sequence[str]) -> None:
        """Write what came of all streams into the run, in the order in which they were asked for."""
        counts = self.run.counts.setdefault("sync", {})
        for _, (full, done) in sorted(self.done.items(), key=lambda item: item[0]):
            self.run.new_rejects += done.new_rejects
            counts[full] = {
                of: getattr(done, of) for of in done.__slots__ if of != "is_empty" and getattr(done, of) != ""
            }
        place = {name: at for at, name in enumerate(sources)}
        self.run.sort_notes(lambda of: place.get(of.partition(".")[0], -1))

    def _stream(self, place: tuple[int, int], name: str, source: Source, stream: Stream) -> None:
        self.lanes.check()
        full = f"{name}.{stream.name}"
        if stream.name not in self.workspace.materials.mappings[name].streams:
            self.workspace.note(full, "no mapping reads it; it is stored all the same")
        noted = self._notes_of(name)
        it = self.workspace
        try:
            done = sync_stream(
                it.store,
                source,
                name,
                stream,
                run_id=self.run.run_id,
                clock=it.now,
                progress=self.progress,
                check=self.lanes.check,
            )
        except QASyncError as error:
            # The other streams still have their turn: what can be pulled, is.
            done = getattr(error, "counts", StreamCounts())
            done.error = str(error)
            self.failures[place] = (full, error)
        if done.is_empty and self._notes_of(name) == noted:
            self.workspace.note(full, "the source has no record, and none is stored from before")
        if done.erased:
            said = f"{done.erased:,} records name people who were erased: kept without them, the source has them still"
            self.workspace.note(full, said)
        self.done[place] = (full, done)

    def _notes_of(self, name: str) -> int:
        return sum(of == name for of in list(self.run.notes.values()))
