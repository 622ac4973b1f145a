"""Find and read a workspace's files: the settings file, and the mappings, catalogues and definitions it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qa_sync import yamlfile
from qa_sync.config.settings import WorkspaceSettings
from qa_sync.errors import ConfigError, Problem
from qa_sync.validation import validated_file
from qa_sync.wording import did_you_mean

FILE_NAME = "qa-sync.yaml"

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def bundled_folder() -> Path:
    """Return the folder of the starters: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "mappings"
    return inside if inside.is_dir() else package.parent / "mappings"


def find_data_file(folder: Path, name: str) -> Path | None:
    """Return the file that a workspace means by ``name``: its own first, then the starter of that name."""
    own = folder / name
    if own.is_file():
        return own
    starter = bundled_folder() / name.removeprefix("mappings/")
    return starter if starter.is_file() else None


def load(folder: Path) -> tuple[WorkspaceSettings, yamlfile.Document]:
    """Read ``qa-sync.yaml`` of a workspace.

    Raises:
        ConfigError: with every problem, each with file, line and column.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        what = f"no {FILE_NAME} in {folder}"
        raise ConfigError(Problem(what=what, hint="'qa-sync init' makes one; --workspace DIR names another folder"))
    document = yamlfile.read(path, shown_as=FILE_NAME, lenient=True)
    if not isinstance(document.data, dict):
        nothing = Problem(what="must hold keys such as programme, sources, sinks", file=FILE_NAME, line=1)
        raise ConfigError([*document.problems, nothing])
    problems: list[Problem] = []
    settings: WorkspaceSettings | None = None
    try:
        settings = validated_file(WorkspaceSettings, document)
    except ConfigError as error:
        problems += error.problems
    problems += _cross_problems(document)
    if problems or document.problems or settings is None:
        raise ConfigError(document.with_strictness(problems))
    return settings, document


def _cross_problems(document: yamlfile.Document) -> list[Problem]:
    """Names that must be names, and references from one part of the file to another."""
    problems = []
    data: dict[str, Any] = document.data
    for part in ("sources", "sinks", "dashboards"):
        entries = data.get(part)
        if not isinstance(entries, dict):
            continue
        problems += [
            document.problem((part, name), f"{name!r} is not a name", "lower-case letters, digits and _")
            for name in entries
            if not _NAME.match(str(name))
        ]
    sources = data.get("sources") if isinstance(data.get("sources"), dict) else {}
    retention = data.get("retention")
    streams = retention.get("streams") if isinstance(retention, dict) else None
    for name in streams if isinstance(streams, dict) else ():
        source, dot, _ = str(name).partition(".")
        if not dot or source not in (sources or {}):
            what = f"{name!r} is no stream of a source"
            problems.append(document.problem(("retention", "streams", name), what, "write SOURCE.STREAM"))
    sinks = data.get("sinks") if isinstance(data.get("sinks"), dict) else {}
    dashboards = data.get("dashboards")
    for name, dashboard in dashboards.items() if isinstance(dashboards, dict) else ():
        wanted = dashboard.get("sinks", []) if isinstance(dashboard, dict) else []
        for at, sink in enumerate(wanted if isinstance(wanted, list) else []):
            if sink not in (sinks or {}):
                problems.append(
                    document.problem(
                        ("dashboards", name, "sinks", at),
                        f"there is no sink {sink!r}",
                        did_you_mean(str(sink), list(sinks or {})),
                    )
                )
    return problems
