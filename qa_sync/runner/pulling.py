"""Pull every wanted source: one that fails leaves the others their turn, and the run its failure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qa_sync.errors import QASyncError
from qa_sync.ports import Source, Stream
from qa_sync.runner.connecting import close_quietly, guarded
from qa_sync.runner.failures import one_error
from qa_sync.runner.progress import Progress
from qa_sync.runner.recording import Recording
from qa_sync.runner.sync import StreamCounts, sync_stream

if TYPE_CHECKING:
    from qa_sync.runner.workspace import Workspace


def pull(workspace: Workspace, run: Recording, sources: Sequence[str], *, progress: Progress) -> None:
    """Pull what the sources have now into the store, and count it in the run.

    Raises:
        QASyncError: sources failed; all that could be pulled is stored, and each stream's error is in its counts.
    """
    run.counts.setdefault("sync", {})
    pulling = _Pulling(workspace, run, progress)
    with ExitStack() as stack:
        for name in sources:
            try:
                source = workspace.source(name)
                stack.callback(close_quietly, source)
                with guarded("the connector"):
                    streams = source.streams()
            except QASyncError as error:
                pulling.failures.append((name, error))
                continue
            pulling.source(name, source, streams)
    if pulling.failures:
        failures = [(name, ("sources", name.partition(".")[0]), error) for name, error in pulling.failures]
        raise one_error(workspace, failures, ("stream", "streams"))


@dataclass(slots=True)
class _Pulling:
    workspace: Workspace
    run: Recording
    progress: Progress
    failures: list[tuple[str, QASyncError]] = field(default_factory=list)

    def source(self, name: str, source: Source, streams: Sequence[Stream]) -> None:
        mapped = self.workspace.materials.mappings[name].streams
        if not streams:
            self.workspace.note(name, "the source offers no stream: nothing was read")
        for stream in streams:
            full = f"{name}.{stream.name}"
            if stream.name not in mapped:
                self.workspace.note(full, "no mapping reads it; it is stored all the same")
            noted = len(self.run.notes)
            done = self._stream(name, source, stream)
            if done.is_empty and len(self.run.notes) == noted:
                self.workspace.note(full, "the source has no record, and none is stored from before")
            self.run.new_rejects += done.new_rejects
            self.run.counts["sync"][full] = {
                of: getattr(done, of) for of in done.__slots__ if of != "is_empty" and getattr(done, of) != ""
            }

    def _stream(self, name: str, source: Source, stream: Stream) -> StreamCounts:
        it = self.workspace
        try:
            return sync_stream(
                it.store, source, name, stream, run_id=self.run.run_id, clock=it.now, progress=self.progress
            )
        except QASyncError as error:
            # The other streams still have their turn: what can be pulled, is.
            done: StreamCounts = getattr(error, "counts", StreamCounts())
            done.error = str(error)
            self.failures.append((f"{name}.{stream.name}", error))
            return done
