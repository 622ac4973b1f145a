"""Find a file that an administrator named: in the workspace first, then among the starters that come with qa-sync."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def starters() -> Path:
    """Return the folder of starters: inside the installed package, or beside it in a checkout."""
    package = Path(str(files("qa_sync"))).resolve()
    inside = package / "mappings"
    return inside if inside.is_dir() else package.parent / "mappings"


def find(name: str, folder: Path) -> Path:
    """Return where ``name`` stands: below ``folder``, or the starter of that name (``verint_files`` is enough).

    The path may not exist; then it is the one in the workspace, which is where people look.
    """
    own = folder / name
    if own.is_file():
        return own
    relative = name.removeprefix("mappings/")
    for candidate in (relative, f"{relative}.yaml"):
        starter = starters() / candidate
        if starter.is_file() and starter.resolve().is_relative_to(starters().resolve()):
            return starter
    return own
