"""``qa-sync zendesk write-back``: reconciled results into tickets, where the workspace asks for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def main(words: Sequence[str]) -> int:
    """Run the connector's own command; return its exit code (0 done, 1 tickets were refused)."""
    parser = argparse.ArgumentParser(prog="qa-sync zendesk", description="Write reconciled results into tickets.")
    parser.add_argument(
        "what",
        choices=("write-back",),
        metavar="write-back",
        help="write what write_back of the source's settings says",
    )
    parser.add_argument(
        "--workspace", metavar="DIR", type=Path, default=Path(), help="the workspace's folder (default: here)"
    )
    parser.add_argument("--source", default="zendesk", help="the source whose tickets are meant (default: zendesk)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    arguments = parser.parse_args(list(words))

    from qa_sync import Workspace
    from qa_sync.errors import ConfigError, Problem
    from qa_sync_zendesk.client import ZendeskSource

    workspace = Workspace(arguments.workspace)
    if arguments.source not in workspace.settings.sources:
        raise ConfigError(Problem(what=f"there is no source {arguments.source!r}", path=("sources",)))
    source = workspace.source(arguments.source)
    try:
        if not isinstance(source, ZendeskSource):
            raise ConfigError(Problem(what=f"source {arguments.source} is not of the connector zendesk"))

        # Whoever is audited may open the ticket: what they may not know yet is not there to be written.
        def select(sql: str) -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = workspace.query_table(sql, audience="auditees").to_pylist()
            return rows

        counts = source.write_back(select, dry_run=arguments.dry_run)
    finally:
        source.close()
    sys.stdout.write(f"{'would be: ' if arguments.dry_run else ''}{counts}\n")
    return 1 if counts.failed else 0
