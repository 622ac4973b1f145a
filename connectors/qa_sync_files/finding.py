"""Which files belong to a stream, and whether one of them is still the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A matching file. ``name`` is its path below the folder, with forward slashes; it sorts and identifies."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """What a file's content is recognised by, and (looked at in passing) whether it has a double quote in it."""

    size: int
    sha256: str
    quoted: bool

    @property
    def short(self) -> str:
        """Size and hash as one short text, for cursors."""
        return f"{self.size}:{self.sha256[:24]}"


def find(folder: Path, glob: str) -> list[Found]:
    """Return the matching files sorted by name; hidden ones and Excel's lock files are left out."""
    found = [
        Found(name=path.relative_to(folder).as_posix(), path=path)
        for path in folder.glob(glob)
        if path.is_file() and not path.name.startswith((".", "~$"))
    ]
    return sorted(found, key=lambda one: one.name)


def fingerprint(path: Path) -> Print:
    """Read a file once and return its print; OSError when it cannot be read."""
    digest, size, quoted = hashlib.sha256(), 0, False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            quoted = quoted or b'"' in chunk
    return Print(size=size, sha256=digest.hexdigest(), quoted=quoted)
