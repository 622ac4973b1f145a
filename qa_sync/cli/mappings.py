"""mapping: check, try."""

from __future__ import annotations

import argparse

from qa_sync.cli.runs import open_workspace
from qa_sync.errors import ConfigError, Problem


def mapping(arguments: argparse.Namespace) -> int:
    """``qa-sync mapping``."""
    from qa_sync.runner.checking import check_workspace
    from qa_sync.runner.trying import try_record

    workspace = open_workspace(arguments)
    if arguments.what == "check":
        problems = check_workspace(workspace, offline=True)
        if problems:
            raise ConfigError(problems)
        print("mappings, forms and dashboards are in order")
        return 0
    if not arguments.record:
        raise ConfigError(Problem(what="mapping try needs a record id or a JSON file"))
    for line in try_record(workspace, arguments.record, source=arguments.source, stream=arguments.stream):
        print(line)
    return 0
