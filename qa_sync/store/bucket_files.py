"""A bucket's Parquet files as DuckDB reads them: an fsspec file system that asks as little as it can.

A data file never changes under its name while it is being read (but for an erasure, after which a reader begins anew),
so what was learnt of one is kept for as long as the engine lives. The first request for a file brings its size and, of
a small one, all that is in it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

from qa_sync.store.bucket import telling

if TYPE_CHECKING:
    from obstore.store import S3Store

#: A file of at most so many bytes is fetched whole; at most KEPT of these bytes are kept.
SMALL = 256 * 1024
KEPT = 64 * 1024 * 1024


class BucketFiles(AbstractFileSystem):  # type: ignore[misc]
    """Reads objects of one bucket by their addresses, ``PROTOCOL://BUCKET/KEY``; an engine has its own protocol."""

    protocol = "s3"
    cachable = False  # another engine must see the files anew

    def __init__(self, bucket: str, store: S3Store) -> None:
        super().__init__()
        self._prefix = f"{bucket}/"
        self._store = store
        self._sizes: dict[str, int] = {}
        self._whole: dict[str, bytes] = {}
        self._kept = 0

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return name, size and type of a file."""
        key = self._key(path)
        self._look(key)
        return {"name": path, "size": self._sizes[key], "type": "file"}

    def exists(self, path: str, **_: Any) -> bool:
        """Whether there is such a file."""
        try:
            self._look(self._key(path))
        except FileNotFoundError:
            return False
        return True

    def glob(self, path: str, **_: Any) -> list[str]:
        """Return the file itself: a store names every file, and never a pattern."""
        return [path] if self.exists(path) else []

    def modified(self, path: str) -> Any:  # noqa: ARG002
        """Return a moment that does not change: DuckDB asks whether it must read a file anew."""
        from datetime import UTC, datetime

        return datetime(2020, 1, 1, tzinfo=UTC)

    def open(self, path: str, mode: str = "rb", **_: Any) -> io.BufferedIOBase | io.RawIOBase:
        """Open a file for reading."""
        import obstore

        if "w" in mode or "a" in mode or "+" in mode:
            msg = "a store's files are read only"
            raise PermissionError(msg)
        key = self._key(path)
        self._look(key)
        if key in self._whole:
            return io.BytesIO(self._whole[key])
        with telling(key):
            reader = obstore.open_reader(self._store, key, buffer_size=4 * SMALL, size=self._sizes[key])
        return _Reader(reader, self._sizes[key])

    def _key(self, path: str) -> str:
        return path.partition("://")[2].removeprefix(self._prefix)

    def _look(self, key: str) -> None:
        """Learn a file's size and, of a small one, its contents.

        Raises:
            FileNotFoundError: there is none.
        """
        import obstore

        if key in self._sizes and (key in self._whole or self._sizes[key] > SMALL or self._kept >= KEPT):
            return
        with telling(key):
            got = obstore.get(self._store, key, options={"range": (0, SMALL)})
            held = bytes(got.bytes())
            self._sizes[key] = int(got.meta["size"])
        if len(held) == self._sizes[key] and self._kept + len(held) <= KEPT:
            self._whole[key] = held
            self._kept += len(held)


class _Reader(io.RawIOBase):
    """A large object, read in pieces."""

    def __init__(self, reader: Any, size: int) -> None:
        self._reader = reader
        self.size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        got = bytes(self._reader.read(len(view)))
        view[: len(got)] = got
        return len(got)
