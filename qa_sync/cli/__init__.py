"""The command line: parse, call one function, print, pick an exit code. Importing this costs next to nothing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from qa_sync.errors import QASyncError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 a system failed, 2 fix your set-up, 3 new rejects.

    Heavy modules are imported by the command that needs them, so that ``--help`` is quick.
    """
    from qa_sync.cli.parser import connector_command, parser

    words = list(sys.argv[1:] if argv is None else argv)
    command = connector_command(words)
    arguments = argparse.Namespace() if command else parser().parse_args(words)
    try:
        return int(command()) if command else int(arguments.call(arguments))
    except QASyncError as error:
        if getattr(arguments, "format", "table") == "json":
            from qa_sync.cli.show import failure

            failure(error)
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; what was committed stays, run again to go on", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output has gone (| head): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        what = f"{error.strerror or type(error).__name__}: {error.filename or 'a file of the workspace'}"
        print(f"error: {what}", file=sys.stderr)
        return 1
    except Exception as error:
        if os.environ.get("QA_SYNC_DEBUG"):
            raise
        # The type only: a message that is not ours may quote a record.
        what = f"unexpected {type(error).__name__}: this is a fault of qa-sync"
        print(f"error: {what}; set QA_SYNC_DEBUG=1 to see where, and report it", file=sys.stderr)
        return 1
