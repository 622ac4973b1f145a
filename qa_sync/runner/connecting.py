"""The line between us and a connector: what it raises by mistake becomes its own failure, and quotes nothing."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath

from qa_sync.errors import QASyncError, SourceError, is_stop
from qa_sync.ports import Sink, Source


def fault(error: BaseException) -> str:
    """Return the class of an error that nobody raised on purpose, and where it came from; never its words.

    >>> try:
    ...     {}["a customer's name"]
    ... except KeyError as error:
    ...     fault(error).split(" at ")[0]
    'unexpected KeyError'
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return f"unexpected {type(error).__name__}"
    last = frames[-1]
    place = "/".join(PurePath(last.filename).parts[-2:])  # the package and the file: no path of this machine
    return f"unexpected {type(error).__name__} at {place}:{last.lineno}"


@contextmanager
def guarded(what: str, kind: type[QASyncError] = SourceError) -> Iterator[None]:
    """Turn whatever ``what`` raises by mistake into an error of ``kind``; errors raised on purpose pass.

    Raises:
        QASyncError: of ``kind``, naming the class and the place of the mistake, and nothing of the record it met.
    """
    try:
        yield
    except QASyncError:
        raise
    except OSError as error:
        msg = f"{what} failed: {error.strerror or type(error).__name__}"
        raise kind(msg) from error
    except Exception as error:
        if is_stop(error):
            raise KeyboardInterrupt from None
        msg = f"{what} failed: {fault(error)}; this is a fault of {what}, please report it"
        raise kind(msg) from error


def close_quietly(connected: Source | Sink) -> None:
    """Close a source or sink; that closing fails changes nothing of what was done before it."""
    with suppress(Exception):
        connected.close()
