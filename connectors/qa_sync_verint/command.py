"""``qa-sync verint inspect FILE``: what would be read of an export file, before anything is set up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(words: Sequence[str]) -> int:
    """Run the connector's own command; return its exit code (0 readable, 2 not)."""
    parser = argparse.ArgumentParser(prog="qa-sync verint", description="Look at an export file without reading it in.")
    parser.add_argument(
        "what", choices=("inspect",), metavar="inspect", help="show encoding, delimiter, header, aliases, rows, rejects"
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the export file")
    parser.add_argument("--profile", type=Path, default=None, help="profile of the layout (default: the starter)")
    parser.add_argument("--stream", default="evaluations", help="stream of the profile (default: evaluations)")
    parser.add_argument(
        "--propose", action="store_true", help="print a profile proposed for this file, and nothing else"
    )
    # A workspace is not needed: the file is looked at as it lies there.
    parser.add_argument("--workspace", default=".", help=argparse.SUPPRESS)
    arguments = parser.parse_args(list(words))

    from qa_sync_verint import inspect_file

    seen = inspect_file(arguments.file, arguments.profile, stream=arguments.stream)
    lines = seen.proposal.splitlines() if arguments.propose else seen.lines()
    for line in lines:
        sys.stdout.write(line + "\n")
    return 0 if seen.is_readable else 2
