"""Which encoding a file has: the first of the profile's that fits, judged by the whole file.

A file that is cut, or has a bad byte in one row, must not turn every accented name of it into something else: a
file is UTF-8 when its multi-byte characters are whole far more often than they are broken. Rows with bytes that
do not fit are then rejected one by one (bad bytes are read as lone surrogates).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BROKEN = re.compile("[\ud800-\udfff]")
#: How bytes that do not fit are read: as lone surrogates, also those below 128, which "surrogateescape" refuses and
#: a UTF-16 text that is cut inside a character ends with.
BROKEN_BYTES = "qa-sync-broken-bytes"
_SPACE = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n\x1a"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """The encoding chosen; ``broken`` counts bytes that do not fit it; ``empty`` is a file of nothing but space."""

    name: str
    broken: int
    empty: bool


def _broken_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(BROKEN_BYTES, _broken_bytes)


def choose_encoding(reopen: Callable[[], BinaryIO], names: Sequence[str]) -> Encoding:
    """Read a file to its end for each encoding tried, and choose.

    A byte-order mark decides, where its encoding is among ``names``.
    """
    allowed = [_canonical(name) for name in names]
    with reopen() as stream:
        head = stream.read(4)
    marked = [name for mark, name in _BOMS if head.startswith(mark) and name in allowed]
    # Without a mark any bytes would pass for UTF-16.
    unmarked = [name for name in allowed if not name.startswith(("utf-16", "utf-32"))] or ["utf-8-sig"]
    best: Encoding | None = None
    for name in marked or unmarked:
        with reopen() as stream:
            fitting = _fits(stream, name)
        if fitting is not None:
            return Encoding(name=name, broken=0, empty=fitting)
        with reopen() as stream:
            broken, wide, empty = _count(stream, name)
        found = Encoding(name=name, broken=broken, empty=empty)
        if name == "utf-8-sig" and wide > 4 * broken:
            return found
        if best is None or broken < best.broken:
            best = found
    return best or Encoding(name="utf-8-sig", broken=0, empty=True)


def _canonical(name: str) -> str:
    found = codecs.lookup(name).name
    return {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(found, found)


def _fits(stream: BinaryIO, name: str) -> bool | None:
    """Return whether a text of which every byte fits is empty; None when some do not fit."""
    decoder = codecs.getincrementaldecoder(name)()
    empty = True
    try:
        while chunk := stream.read(_CHUNK):
            empty = empty and not chunk.strip(_SPACE)
            decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeError:
        return None
    return empty


def _count(stream: BinaryIO, name: str) -> tuple[int, int, bool]:
    """Return how many bytes do not fit an encoding, how many characters beyond ASCII it gives, and emptiness."""
    decoder = codecs.getincrementaldecoder(name)(errors=BROKEN_BYTES)
    by_bytes = not name.startswith("utf-16")
    broken = wide = 0
    empty = True
    while chunk := stream.read(_CHUNK):
        empty = empty and not chunk.strip(_SPACE)
        if by_bytes and chunk.isascii() and not decoder.getstate()[0]:
            continue
        more_broken, more_wide = _judge(decoder.decode(chunk))
        broken, wide = broken + more_broken, wide + more_wide
    more_broken, more_wide = _judge(decoder.decode(b"", True))
    return broken + more_broken, wide + more_wide, empty


def _judge(text: str) -> tuple[int, int]:
    wide = len(text) - len(text.encode("ascii", "ignore"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        broken = len(_BROKEN.findall(text))
        return broken, wide - broken
    return 0, wide
