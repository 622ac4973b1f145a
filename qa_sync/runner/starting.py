"""Make a new workspace: a settings file to edit, and copies of the starters it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


#: What never belongs into version control: the store, what is published into files, and secrets.
IGNORED = ("data/", "out/", ".env", "*.pem", "*.key", "secrets/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Names of the files that were made or completed, and of those that stood there and were kept as they were."""

    made: list[str]
    kept: list[str]


def start_workspace(folder: Path) -> Started:
    """Make the files of a workspace that are not there; no file of the user's loses a line.

    Raises:
        ConfigError: a name is taken by what is no file, such as a link that leads nowhere; nothing was made.
    """
    wanted = {FILE_NAME: bundled_folder() / "workspace.yaml"}
    wanted |= {f"mappings/{name}": bundled_folder() / name for name in COPIED}
    taken = [name for name in (*wanted, ".gitignore") if _is_taken(folder, name)]
    if taken:
        hint = "move it away, or name another folder"
        raise ConfigError(Problem(what=f"{folder / name} is neither a file nor free", hint=hint) for name in taken)
    try:
        return _start(folder, wanted)
    except OSError as error:
        what = f"{folder} cannot be made a workspace: {error.strerror}"
        raise ConfigError(Problem(what=what, hint="name a folder that you may write in")) from None


def _start(folder: Path, wanted: Mapping[str, Path]) -> Started:
    done = Started(made=[], kept=[])
    for name, starter in wanted.items():
        target = folder / name
        if target.exists():
            done.kept.append(name)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(starter.read_text(encoding="utf-8"))
        done.made.append(name)
    (done.made if _ignore(folder / ".gitignore") else done.kept).append(".gitignore")
    return done


def _is_taken(folder: Path, name: str) -> bool:
    """Whether a name, or a folder on the way to it, is something that must not be written through."""
    at = folder
    for part in ("", *Path(name).parent.parts):
        at /= part
        if (at.is_symlink() or at.exists()) and not at.is_dir():
            return True
    target = folder / name
    return (target.is_symlink() and not target.exists()) or (target.exists() and not target.is_file())


def _ignore(path: Path) -> bool:
    """Add to a .gitignore what it lacks; return whether it lacked any."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    there = {line.strip().strip("/") for line in text.splitlines()}
    absent = [name for name in IGNORED if name.strip("/") not in there]
    if absent:
        gap = "\n" if text and not text.endswith("\n") else ""
        path.write_text(text + gap + "".join(f"{name}\n" for name in absent), encoding="utf-8")
    return bool(absent)
