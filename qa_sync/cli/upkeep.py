"""store: look after the store."""

from __future__ import annotations

import argparse

from qa_sync.cli import show
from qa_sync.cli.runs import open_workspace


def store(arguments: argparse.Namespace) -> int:
    """``qa-sync store``."""
    kept = open_workspace(arguments).store
    if arguments.what == "compact":
        done = kept.compact()
        show.rows([{"table": name, **counts} for name, counts in done.items()], form=arguments.format)
        return 0
    status = kept.status()
    show.rows(status, form=arguments.format)
    missing = sum(row["missing_files"] for row in status)
    if missing and arguments.format == "table":
        print(f"{missing} files are missing: the store is damaged; restore the folder from a backup")
    return 1 if missing else 0
