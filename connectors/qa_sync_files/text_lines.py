"""The physical lines of a file of text: unpacked, decoded, with what is no text marked."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
from typing import BinaryIO, cast

from qa_sync_files.finding import Found

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
NOT_TEXT = "not valid text in the file's encoding"


def opened(file: Found) -> BinaryIO:
    """Open a file for reading, unpacking gzip."""
    if file.name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(file.path, "rb"))
    return file.path.open("rb")


def as_lines(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Give physical lines with their ends; bytes that are no text come as lone surrogates, to be found later."""
    return io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="\n")


def has_escape(text: str) -> bool:
    """Whether a text came from bytes that are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def content_hash(text: str) -> str:
    """Return the SHA-256 of a text as its bytes were."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
