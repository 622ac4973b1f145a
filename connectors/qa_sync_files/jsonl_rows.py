"""JSON lines: one object a line; a line that is none becomes a reject."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from qa_sync_files.documents import Numbered, as_rows
from qa_sync_files.finding import Found, Print
from qa_sync_files.rows import BadRow, Rows, Unreadable
from qa_sync_files.settings import StreamSettings
from qa_sync_files.text_lines import opened

#: A line of more bytes is no record of a person's work.
_LONGEST = 64 << 20


class JsonLinesReader:
    """Objects, one a line. Blank lines count for nothing."""

    def names(self, file: Found, stream: StreamSettings) -> None:  # noqa: ARG002
        """Every line has its own names."""
        return

    def __call__(self, file: Found, printed: Print, stream: StreamSettings, size: int) -> Iterator[Rows]:  # noqa: ARG002
        """Yield the objects of a file, at most ``size`` at a time."""
        try:
            yield from as_rows(file, _objects(file), stream, size)
        except (OSError, EOFError) as error:
            reason = f"cannot be read: {type(error).__name__}"
            raise Unreadable(reason) from None


def _objects(file: Found) -> Numbered:
    decoder = msgspec.json.Decoder(dict)
    number = 0
    with opened(file) as raw:
        while line := raw.readline(_LONGEST):
            text = line.strip().removeprefix(b"\xef\xbb\xbf") if number == 0 else line.strip()
            if not text:
                continue
            number += 1
            try:
                yield number, decoder.decode(text)
            except msgspec.ValidationError:
                yield BadRow(number=number, reason="is JSON but no object", content_hash=_hash(text))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield BadRow(number=number, reason="is not JSON", content_hash=_hash(text))


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
