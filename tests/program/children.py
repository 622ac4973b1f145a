"""Processes that a test starts: none outlives it, however it ends; one left over would fail whichever comes next."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command whose complaints can be read; kill it if it still runs at the end."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()  # nothing happens to one that has ended
        process.wait()
        if process.stderr:
            process.stderr.close()
