"""Make a new workspace: a settings file to edit, and copies of the starters it names."""

from __future__ import annotations

import shutil
from pathlib import Path

from qa_sync.config import FILE_NAME
from qa_sync.config.workspace import bundled_folder
from qa_sync.errors import ConfigError, Problem

#: Starters that a new workspace gets a copy of, to be edited; others are used from where they are bundled.
COPIED = (
    "zendesk.yaml",
    "verint.yaml",
    "verint_files.yaml",
    "roster.yaml",
    "mapping.schema.json",
    "dashboards/weekly.yaml",
    "forms/support_quality.yaml",
)


def start_workspace(folder: Path) -> list[str]:
    """Make the files of a workspace; return their names. Nothing that exists is touched.

    Raises:
        ConfigError: the folder already is a workspace.
    """
    if (folder / FILE_NAME).exists():
        raise ConfigError(Problem(what=f"{folder} already is a workspace", hint="edit it, or name another folder"))
    starters = bundled_folder()
    made: list[str] = []
    for name in COPIED:
        target = folder / "mappings" / name
        if (starters / name).is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(starters / name, target)
            made.append(f"mappings/{name}")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(starters / "workspace.yaml", folder / FILE_NAME)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("data/\nout/\n")
    return [FILE_NAME, *made]
