"""init, check, connectors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from qa_sync import registry
from qa_sync.cli import show
from qa_sync.errors import ConfigError


def init(arguments: argparse.Namespace) -> int:
    """``qa-sync init``."""
    from qa_sync.runner.starting import start_workspace

    folder = Path(arguments.folder or arguments.workspace)
    done = start_workspace(folder)
    if arguments.format == "json":
        print(json.dumps({"status": "done", "folder": str(folder), "made": done.made, "kept": done.kept}, indent=1))
        return 0
    for name in done.made:
        print(f"made {folder / name}")
    for name in done.kept:
        print(f"kept {folder / name}")
    if done.made:
        print(f"\nedit {folder / 'qa-sync.yaml'}, then: qa-sync --workspace {folder} check")
    else:
        print(f"\n{folder} already is a workspace, and nothing is missing in it")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """``qa-sync check``."""
    from qa_sync.cli.runs import open_workspace
    from qa_sync.runner.checking import check_workspace

    workspace = open_workspace(arguments)
    problems = check_workspace(workspace, probe=arguments.probe, offline=arguments.offline)
    if problems:
        raise ConfigError(problems)
    show.in_order(
        f"everything checked is in order{' (nothing was connected to)' if arguments.offline else ''}",
        form=arguments.format,
    )
    return 0


def connectors(arguments: argparse.Namespace) -> int:
    """``qa-sync connectors``."""
    groups: tuple[registry.Group, ...] = ("sources", "sinks", "sandboxes", "commands")
    listed = [
        {
            "connector": entry.name,
            "kind": group.removesuffix("es") if group == "sandboxes" else group.removesuffix("s"),
            "from": entry.dist.name if entry.dist else "",
            "loads": entry.value,
        }
        for group in groups
        for entry in registry.entries(group)
    ]
    show.rows(listed, form=arguments.format, columns=("connector", "kind", "from", "loads"))
    return 0
