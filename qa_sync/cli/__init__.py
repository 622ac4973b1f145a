"""The command line: parse, call one function, print, pick an exit code. Importing this costs next to nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from qa_sync.errors import QASyncError, is_stop

STOPPED = "stopped; what was committed stays, run again to go on"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 a system failed or it was stopped, 2 fix your set-up, 3 rejects.

    With ``--format json``, standard output holds one JSON value however the command ends. Heavy modules are
    imported by the command that needs them, so that ``--help`` is quick.
    """
    try:
        with _terminable():
            return _ended(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:
        _unheard()
        return 0


def program() -> str:
    """Return how this program is called from here: by its name where a terminal finds it, else by its path."""
    import shutil
    from pathlib import Path

    called = Path(sys.argv[0]).absolute()
    if called.name != "qa-sync" or shutil.which("qa-sync") == str(called):
        return "qa-sync"
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _unheard() -> None:
    """The reader of our output has gone (| head): nothing is wrong, and nothing more is said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ended(words: Sequence[str]) -> int:
    """Run the command that the words mean; return its exit code, and tell what went wrong."""
    try:
        return _call(words)()
    except QASyncError as error:
        return _failed(words, error, f"error: {error}", error.exit_code)
    except KeyboardInterrupt as error:
        return _failed(words, error, STOPPED, 1)
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"error: {error.strerror or type(error).__name__}: {error.filename or 'a file of the workspace'}"
        return _failed(words, error, what, 1)
    except Exception as error:  # noqa: BLE001  (the last net: nobody sees a traceback who did not ask for one)
        if is_stop(error):
            return _failed(words, error, STOPPED, 1)
        # The type only: a message that is not ours may quote a record.
        what = f"error: unexpected {type(error).__name__}: this is a fault of qa-sync"
        return _failed(words, error, f"{what}; set QA_SYNC_DEBUG=1 to see where, and report it", 1)


@contextmanager
def _terminable() -> Iterator[None]:
    """Be stopped by SIGTERM, which schedulers and containers send, as by Ctrl-C: what was done is told and recorded."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _call(words: Sequence[str]) -> Callable[[], int]:
    from qa_sync.cli.parser import connector_command, parser

    command = connector_command(words)
    if command:
        return command
    arguments = parser().parse_args(words)
    return lambda: int(arguments.call(arguments))


def _failed(words: Sequence[str], error: BaseException, said: str, exit_code: int) -> int:
    """Tell people on standard error, and programs, where they asked for it, on standard output."""
    unexpected = error.__cause__ if isinstance(error, QASyncError) or is_stop(error) else error
    if os.environ.get("QA_SYNC_DEBUG") and unexpected is not None:
        import traceback

        traceback.print_exception(error)
    print(said, file=sys.stderr)
    if _wants_json(words):
        from qa_sync.cli.show import failure

        try:
            failure(error, said.removeprefix("error: "), exit_code)
            sys.stdout.flush()
        except BrokenPipeError:
            _unheard()
    return exit_code


def _wants_json(words: Sequence[str]) -> bool:
    """Whether the words ask for JSON; looked up by hand, because they may be what could not be understood."""
    found = [
        word.partition("=")[2] if "=" in word else following
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if len(option := word.partition("=")[0]) > len("--") and "--format".startswith(option)
    ]
    return bool(found) and found[-1] == "json"
