"""Which files are there, and in which order they were made: a delivery is all files of one declared date and number.

Files of the same date and number (a day's export in parts, one file a site) are read as one: what is cut between
two of them is whole again, and it does not matter which arrived first.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qa_sync_verint.files.names import harmless
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import Refused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file of a stream: its name below the folder, what it holds (a hash), and the order its name declares."""

    path: Path
    name: str
    content: str
    stamp: datetime | None = None
    number: int = 0
    refused: Refused | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Files that are read together; ``label`` is the declared order, or the name where none is declared."""

    label: str
    stamp: datetime | None
    number: int
    files: tuple[FoundFile, ...]


def find_deliveries(folder: Path, profile: StreamProfile) -> list[Delivery]:
    """Return the deliveries in a folder, in their declared order (by name where there is none).

    The same content twice in one delivery counts once. Files that must not be read come with a reason.
    """
    groups: dict[tuple[datetime, int, str], dict[str, FoundFile]] = {}
    for path, name in _matching(folder, profile):
        found = _look_at(folder, path, name, profile)
        if found is None:
            continue
        label = "" if profile.order is not None and found.refused is None else name
        known = groups.setdefault((found.stamp or EPOCH, found.number, label), {})
        known.setdefault(found.content, found)
    return [
        Delivery(
            label=label or f"{stamp:%Y%m%dT%H%M%S}/{number}",
            number=number,
            files=tuple(files.values()),
            stamp=next(iter(files.values())).stamp,
        )
        for (stamp, number, label), files in sorted(groups.items(), key=lambda item: item[0])
    ]


def _matching(folder: Path, profile: StreamProfile) -> Iterator[tuple[Path, str]]:
    found = {path for pattern in profile.glob for path in folder.glob(pattern)}
    for path in sorted(found):
        yield path, harmless(path.relative_to(folder).as_posix())


def _look_at(folder: Path, path: Path, name: str, profile: StreamProfile) -> FoundFile | None:
    try:
        link = next((p for p in (path, *path.relative_to(folder).parents) if (folder / p).is_symlink()), None)
        if link is not None:
            return _refused(path, name, "link", "a symbolic link is not followed: copy the file here")
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return None
        if not stat.S_ISREG(mode):
            return _refused(path, name, "special", "not a regular file")
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        return _refused(path, name, "", f"cannot be read: {error.strerror}")
    try:
        stamp, number = declared_order(path.name, profile)
    except Refused as refused:
        return FoundFile(path=path, name=name, content=content, refused=refused)
    return FoundFile(path=path, name=name, content=content, stamp=stamp, number=number)


def _refused(path: Path, name: str, content: str, reason: str) -> FoundFile:
    return FoundFile(path=path, name=name, content=content, refused=Refused(field="file", reason=reason))


def declared_order(name: str, profile: StreamProfile) -> tuple[datetime | None, int]:
    """Return (stamp, number) that a file's name declares; (None, 0) where the profile declares no order.

    The stamp is the date at midnight UTC, or the epoch for files that have only a number.

    Raises:
        Refused: the name has no such date or number.
    """
    if profile.order is None:
        return None, 0
    match = re.search(profile.order.name, name)
    parts = match.groupdict() if match else {}
    date_text, number_text = parts.get("date"), parts.get("number")
    if not date_text and not number_text:
        if profile.order.missing == "oldest":
            return EPOCH, 0
        raise Refused(field="name", reason="no date or number where the profile's order.name looks for it")
    stamp = EPOCH
    if date_text:
        try:
            stamp = datetime.strptime(date_text, profile.order.date_format).replace(tzinfo=UTC)
        except ValueError:
            reason = f"the date in the name is not one of {profile.order.date_format}"
            raise Refused(field="name", reason=reason) from None
    if number_text and not (number_text.isascii() and number_text.isdigit() and int(number_text) <= MAX_NUMBER):
        raise Refused(field="name", reason=f"the number in the name is not one from 0 to {MAX_NUMBER:,}")
    return stamp, int(number_text or 0)
