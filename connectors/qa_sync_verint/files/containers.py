"""What is inside a file: text, a workbook, or a zip of those. Nothing is unpacked to disk or trusted to be small."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, BinaryIO, Literal

from qa_sync_verint.files import refusal
from qa_sync_verint.files.names import harmless
from qa_sync_verint.files.refusal import Refused

#: What reading an archive that is damaged, cut, protected or made to do harm may raise.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, OverflowError, LookupError, RuntimeError, NotImplementedError),
)
#: How files begin that are no export, and what is told of them.
_OTHERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an .xls or protected workbook: save it as .xlsx",
    b"\x1f\x8b": "a gzip file: unpack it, or pack it as .zip",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it, or pack it as .zip",
    b"Rar!\x1a\x07": "a rar archive: unpack it, or pack it as .zip",
    b"%PDF-": "a PDF document: export a table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something with rows: ``name`` is the file's, with ``/member`` behind it for a member of an archive.

    ``open`` gives a fresh stream of bytes each time, which raises Refused when it grows beyond what is bearable.
    ``refused`` is set instead, when the part must not be read at all.
    """

    name: str
    kind: Literal["text", "workbook"]
    open: Callable[[], BinaryIO]
    refused: Refused | None = None


def parts_of(path: Path, name: str, members: str) -> Iterator[Part]:
    """Yield the parts of a file that is regular and not a link.

    Raises:
        Refused: the file as a whole is not readable: damaged, protected, or made to do harm.
    """
    with path.open("rb") as stream:
        head = stream.read(8)
    for beginning, reason in _OTHERS.items():
        if head.startswith(beginning):
            raise Refused(field="file", reason=reason)
    if not head.startswith(b"PK\x03\x04") and not head.startswith(b"PK\x05\x06"):
        yield Part(name=name, kind="text", open=lambda: _bounded(path.open("rb"), refusal.MAX_BYTES))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except DAMAGE as error:
        raise Refused(field="file", reason="the archive is damaged or incomplete") from error
    if _is_workbook(infos):
        check_workbook(infos)
        yield Part(name=name, kind="workbook", open=lambda: path.open("rb"))
        return
    if len(infos) > refusal.MAX_MEMBERS:
        raise Refused(field="file", reason=f"the archive has more than {refusal.MAX_MEMBERS:,} members")
    yield from _members(path, name, infos, members)


def _members(path: Path, name: str, infos: list[zipfile.ZipInfo], members: str) -> Iterator[Part]:
    for at, info in enumerate(infos):
        if info.is_dir() or info.filename.startswith("__MACOSX/"):
            continue
        fault = _member_fault(info)
        if fault:
            # The name is the sender's; one that is a path could be anything, so its position is told instead.
            refused = Refused(field="member", reason=fault)
            yield Part(name=f"{name}/member {at + 1}", kind="text", open=io.BytesIO, refused=refused)
            continue
        if not fnmatchcase(info.filename.rsplit("/", 1)[-1], members):
            continue
        shown = f"{name}/{harmless(info.filename)}"
        try:
            yield _member(path, shown, info)
        except Refused as refused:
            yield Part(name=shown, kind="text", open=io.BytesIO, refused=refused)


def _member(path: Path, shown: str, info: zipfile.ZipInfo) -> Part:
    def opened(limit: int = refusal.MAX_BYTES) -> BinaryIO:
        archive = zipfile.ZipFile(path)
        try:
            return _bounded(archive.open(info), limit, owner=archive, packed=info.compress_size)
        except DAMAGE as error:
            archive.close()
            raise Refused(field="member", reason="the member is protected or packed in an unknown way") from error

    with opened() as stream:
        head = read_some(stream, 8)
    if not head.startswith(b"PK\x03\x04"):
        return Part(name=shown, kind="text", open=opened)
    with opened(refusal.MAX_WORKBOOK) as stream:
        packed = io.BytesIO(read_some(stream, refusal.MAX_WORKBOOK + 1))
    try:
        infos = zipfile.ZipFile(packed).infolist()
    except DAMAGE as error:
        raise Refused(field="member", reason="the archive inside the archive is damaged") from error
    if not _is_workbook(infos):
        raise Refused(field="member", reason="an archive inside an archive is not opened")
    check_workbook(infos)
    data = packed.getvalue()
    return Part(name=shown, kind="workbook", open=lambda: io.BytesIO(data))


def _member_fault(info: zipfile.ZipInfo) -> str:
    parts = info.filename.split("/")
    if info.filename.startswith("/") or ".." in parts or "\\" in info.filename or ":" in parts[0]:
        return "the member's name is a path out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "the member is a symbolic link"
    if info.flag_bits & 1:
        return "the member is protected by a password"
    return ""


def _is_workbook(infos: list[zipfile.ZipInfo]) -> bool:
    names = {info.filename for info in infos}
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def check_workbook(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse a workbook with macros, or one that unpacks to more than memory should hold."""
    if any(
        "vbaproject" in info.filename.lower() or info.filename.lower().startswith("xl/macrosheets/") for info in infos
    ):
        raise Refused(field="file", reason="the workbook holds macros: save it as .xlsx")
    if sum(info.file_size for info in infos) > refusal.MAX_WORKBOOK:
        megabytes = refusal.MAX_WORKBOOK // 1_000_000
        raise Refused(field="file", reason=f"the workbook unpacks to more than {megabytes} MB: export text")


def read_some(stream: BinaryIO, size: int) -> bytes:
    """Read up to ``size`` bytes, however many calls it takes; damage is a Refused."""
    found = bytearray()
    try:
        while len(found) < size:
            piece = stream.read(min(1 << 20, size - len(found)))
            if not piece:
                break
            found += piece
    except DAMAGE as error:
        raise Refused(field="file", reason="the archive is damaged or incomplete") from error
    return bytes(found)


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more bytes than allowed, and turns damage into a reason."""

    def __init__(self, stream: IO[bytes], limit: int, owner: zipfile.ZipFile | None, packed: int) -> None:
        self._stream = stream
        self._owner = owner
        self._packed = packed
        self._limit = limit
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except DAMAGE as error:
            raise Refused(field="file", reason="damaged or incomplete from here on") from error
        self._given += len(data)
        if self._given > self._limit:
            raise Refused(field="file", reason=f"larger than {self._limit // 1_000_000:,} MB")
        if self._owner and self._given > refusal.RATIO_FROM and self._given > refusal.MAX_RATIO * max(1, self._packed):
            raise Refused(field="file", reason=f"unpacks to more than {refusal.MAX_RATIO} times its size: a zip bomb?")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            if self._owner:
                self._owner.close()
        super().close()


def _bounded(stream: IO[bytes], limit: int, owner: zipfile.ZipFile | None = None, packed: int = 0) -> BinaryIO:
    return io.BufferedReader(_Bounded(stream, limit, owner, packed), 1 << 18)
