"""The position in a folder: which files were read, as short hashes, in one line of JSON.

A file is known by the layout it was read with, its content and its declared order. A delivery that changed after
it was read (a part came late, a file was replaced, the profile was corrected) is read again as its next edition,
so that its versions stand after the earlier ones.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from qa_sync.errors import SourceError
from qa_sync_verint.files.deliveries import Delivery, FoundFile

_FILE, _LABEL = 9, 4
MAX_EDITION = 255
#: Beyond so many files, those that are no longer in the folder are forgotten, oldest first.
REMEMBERED = 8_000


def file_key(file: FoundFile, delivery: Delivery, fingerprint: str) -> bytes:
    """Return the short hash of a file: layout, content and declared order."""
    return blake2b(f"{fingerprint}\n{file.content}\n{delivery.label}".encode(), digest_size=_FILE).digest()


def label_key(delivery: Delivery) -> bytes:
    """Return the short hash of a delivery's declared order."""
    return blake2b(delivery.label.encode(), digest_size=_LABEL).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Files read (key → delivery), editions above 0, and how many items of a delivery were given so far."""

    seen: dict[bytes, bytes] = field(default_factory=dict)
    editions: dict[str, int] = field(default_factory=dict)
    part: tuple[str, int, int] | None = None

    @classmethod
    def parse(cls, cursor: str | None) -> Position:
        """Read a cursor; None is the beginning.

        Raises:
            SourceError: not one of ours.
        """
        if cursor is None:
            return cls()
        try:
            data = json.loads(cursor)
            raw = base64.b64decode(data["seen"], validate=True)
            step = _FILE + _LABEL
            pieces = [raw[at : at + step] for at in range(0, len(raw), step)]
            if len(raw) % step:
                raise ValueError
            part = data.get("part")
            return cls(
                seen={piece[:_FILE]: piece[_FILE:] for piece in pieces},
                editions=dict(data.get("editions", {})),
                part=(part[0], part[1], part[2]) if part else None,
            )
        except (ValueError, KeyError, TypeError, IndexError) as error:
            msg = "the stored position of the files cannot be read; a sync from the beginning repairs it"
            raise SourceError(msg) from error

    def text(self) -> str:
        """Return the cursor."""
        data: dict[str, object] = {"seen": base64.b64encode(b"".join(k + v for k, v in self.seen.items())).decode()}
        if self.editions:
            data["editions"] = self.editions
        if self.part:
            data["part"] = list(self.part)
        return json.dumps(data, separators=(",", ":"))

    def is_read(self, delivery: Delivery, fingerprint: str) -> bool:
        """Whether every file of a delivery was read before."""
        return all(file.content and file_key(file, delivery, fingerprint) in self.seen for file in delivery.files)

    def edition(self, delivery: Delivery, whole: str) -> int:
        """Return the edition that reading a delivery now is; ``whole`` stands for all its present files."""
        if delivery.stamp is None:
            return 0
        if self.part and self.part[0] == whole:
            return self.part[2]
        label = label_key(delivery)
        before = label in self.seen.values() or bool(self.part and self.part[0][-8:] == label.hex())
        # A part of a delivery that changed since counts as an edition too.
        past = self.part[2] if self.part and self.part[0][-8:] == label.hex() else self.editions.get(label.hex(), 0)
        return min(MAX_EDITION, past + 1) if before else 0

    def within(self, whole: str, items: int, edition: int) -> Position:
        """Return the position after some items of a delivery."""
        return replace(self, part=(whole, items, edition))

    def after(self, delivery: Delivery, fingerprint: str, edition: int) -> Position:
        """Return the position behind a delivery."""
        label = label_key(delivery)
        seen = dict(self.seen)
        for file in delivery.files:
            if file.content:
                seen[file_key(file, delivery, fingerprint)] = label
        editions = {**self.editions, label.hex(): edition} if edition else self.editions
        return replace(self, seen=seen, editions=editions, part=None)

    def bounded(self, present: Iterable[bytes]) -> Position:
        """Return the position without the oldest files that are gone, where it remembers too many."""
        spare = len(self.seen) - REMEMBERED
        if spare <= 0:
            return self
        here = set(present)
        gone = [key for key in self.seen if key not in here][:spare]
        seen = {key: label for key, label in self.seen.items() if key not in set(gone)}
        labels = {label.hex() for label in seen.values()}
        return replace(self, seen=seen, editions={key: n for key, n in self.editions.items() if key in labels})


def whole_key(delivery: Delivery, fingerprint: str) -> str:
    """Return what stands for a delivery with the files it has now; its last 8 characters stand for its order."""
    keys = b"".join(sorted(file_key(file, delivery, fingerprint) for file in delivery.files))
    return blake2b(keys, digest_size=_FILE).hexdigest() + label_key(delivery).hex()
