"""A folder in a bucket of S3-compatible storage, as paths that the store's code can use like those of a disk.

There are no folders in a bucket: one is there while an object's name begins with it. Every object is written whole or
not at all, and lasts once the call returns.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from qa_sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME = "s3://"

#: Beyond these, delta-rs and object stores do not agree on how a name is written in an address.
_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<key>(/[A-Za-z0-9_.=-]+)+)/?")

#: Our word → that of the libraries that reach a bucket.
_OPTIONS = {
    "region": "region",
    "endpoint": "endpoint",
    "access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "session_token": "session_token",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket and how it is reached. ``settings`` may hold credentials: they are never shown."""

    name: str
    store: S3Store = field(repr=False)
    settings: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def delta_options(self) -> dict[str, str]:
        """What Delta Lake needs to be told."""
        told = {f"AWS_{name.upper()}": value for name, value in self.settings}
        if "AWS_ENDPOINT" in told:
            told["AWS_ENDPOINT_URL"] = told.pop("AWS_ENDPOINT")
        patience = {"timeout": "30s", "connect_timeout": "5s", "max_retries": "3", "retry_timeout": "60s"}
        # Two writers of one commit: the second must fail, whatever became of the store's lock.
        return {**told, **patience, "AWS_CONDITIONAL_PUT": "etag"}

    def filesystem(self) -> object:
        """Return what an engine reads the bucket's files through; each has its own."""
        from qa_sync.store.bucket_files import BucketFiles

        return BucketFiles(self.name, self.store)


_RETRIES: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}


def _config(settings: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name: value for name, value in settings if name != "allow_http"}


def _client(settings: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    plain = dict(settings).get("allow_http") == "true"
    return {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=5), "allow_http": plain}


def open_bucket(address: str, options: Mapping[str, str]) -> BucketPath:
    """Return the place in a bucket that an address such as ``s3://quality/programme`` names.

    Args:
        address: bucket and a prefix of at least one name; the bucket itself must exist.
        options: ``region``, ``endpoint`` (of storage that is not Amazon's), ``access_key_id``, ``secret_access_key``,
            ``session_token``. What is left out is taken from the environment (``AWS_ACCESS_KEY_ID`` and so on), or
            from the machine's role.

    Raises:
        ConfigError: the address is none, or the extra ``s3`` is not installed.
    """
    found = _ADDRESS.fullmatch(address)
    if not found:
        hint = "write s3://BUCKET/PREFIX; in the prefix letters, digits and - _ . = only"
        raise ConfigError(Problem(what=f"store: {address!r} is no address of a bucket", hint=hint))
    try:
        import fsspec  # noqa: F401  (DuckDB reads through it)
        from obstore.store import S3Store
    except ImportError:
        hint = "pip install 'qa-sync[s3]'"
        raise ConfigError(Problem(what="a store in a bucket needs obstore and fsspec", hint=hint)) from None
    given = {_OPTIONS[name]: value for name, value in options.items() if value}
    given.setdefault("region", _region())
    endpoint = given.get("endpoint") or _environment("AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    if endpoint.startswith("http://"):
        given["allow_http"] = "true"
    settings = tuple(sorted(given.items()))
    store = S3Store(found["bucket"], config=_config(settings), client_options=_client(settings), retry_config=_RETRIES)
    bucket = Bucket(name=found["bucket"], store=store, settings=settings)
    return BucketPath(bucket=bucket, key=found["key"].strip("/"))


def _region() -> str:
    return _environment("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1"


def _environment(*names: str) -> str:
    import os

    return next((os.environ[name] for name in names if os.environ.get(name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """Size and time of an object, by the names that the file system has for them."""

    st_size: int
    st_mtime: float


#: What a listing says of a folder.
_FOLDER = Stat(st_size=0, st_mtime=0.0)


@contextmanager
def telling(name: str) -> Iterator[None]:
    """Turn errors of a bucket into those of a file system; their own texts may hold addresses and answers."""
    from obstore import exceptions

    try:
        yield
    except (FileNotFoundError, exceptions.NotFoundError) as error:
        if "NoSuchBucket" in str(error):
            raise OSError(errno.ENXIO, "there is no such bucket", name) from None
        raise FileNotFoundError(errno.ENOENT, "there is no such object in the bucket", name) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise PermissionError(errno.EACCES, "the bucket refuses the credentials", name) from None
    except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise
    except exceptions.BaseError:
        raise OSError(errno.EIO, "the bucket cannot be reached", name) from None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BucketPath:
    """An object, or a folder of objects, by its key: what the store uses of ``pathlib.Path``."""

    bucket: Bucket = field(compare=False)
    key: str
    _known: Stat | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.key).stem

    @property
    def parent(self) -> BucketPath:
        """The folder that it lies in."""
        return self._at(self.key.rpartition("/")[0])

    def __truediv__(self, name: str) -> BucketPath:
        return self._at(f"{self.key}/{name}")

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket.name}/{self.key}"

    def with_name(self, name: str) -> BucketPath:
        """Return the place beside this one that is called so."""
        return self.parent / name

    def relative_to(self, other: BucketPath) -> PurePosixPath:
        """Return the way from a folder above."""
        return PurePosixPath(self.key).relative_to(other.key)

    def exists(self) -> bool:
        """Whether there is an object of this name, or a folder."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Whether there is an object of this name."""
        try:
            return self.stat() is not _FOLDER
        except FileNotFoundError:
            return False

    def is_dir(self) -> bool:
        """Whether anything lies in it."""
        import obstore

        if self._known is not None:
            return self._known is _FOLDER
        with telling(self.name):
            return any(len(part) for part in obstore.list(self.bucket.store, prefix=self.key, chunk_size=1))

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a folder comes into being with what lies in it."""

    def iterdir(self) -> Iterator[BucketPath]:
        """Yield what lies in it, folders included."""
        import obstore

        with telling(self.name):
            found = obstore.list_with_delimiter(self.bucket.store, self.key)
        yield from (replace(self, key=key.strip("/"), _known=_FOLDER) for key in found["common_prefixes"])
        yield from (self._met(meta) for meta in found["objects"])

    def glob(self, pattern: str) -> Iterator[BucketPath]:
        """Yield what lies in it and is called so."""
        return (path for path in self.iterdir() if fnmatchcase(path.name, pattern))

    def rglob(self, pattern: str) -> Iterator[BucketPath]:
        """Yield the objects in it, at any depth, that are called so."""
        import obstore

        with telling(self.name):
            found = [meta for part in obstore.list(self.bucket.store, prefix=self.key) for meta in part]
        return (path for path in map(self._met, found) if fnmatchcase(path.name, pattern))

    def stat(self) -> Stat:
        """Return size and time: those of the listing that it came from, where it came from one."""
        import obstore

        if self._known is not None:
            return self._known
        with telling(self.name):
            return _stat(obstore.head(self.bucket.store, self.key))

    def read_bytes(self) -> bytes:
        """Return the whole object."""
        import obstore

        with telling(self.name):
            return bytes(obstore.get(self.bucket.store, self.key).bytes())

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the whole object as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, data: bytes) -> int:
        """Write the whole object: readers find all of the old one or all of the new."""
        import obstore

        with telling(self.name):
            obstore.put(self.bucket.store, self.key, data)
        return len(data)

    def write_text(self, data: str, encoding: str = "utf-8") -> int:
        """Write the whole object as text."""
        return self.write_bytes(data.encode(encoding))

    def unlink(self, missing_ok: bool = False) -> None:  # noqa: ARG002
        """Remove the object; one that is not there is no error."""
        import obstore

        with telling(self.name):
            obstore.delete(self.bucket.store, self.key)

    def replace(self, target: BucketPath) -> BucketPath:
        """Give it another name. Cut short, it may be there under both: to be begun again."""
        import obstore

        with telling(self.name):
            obstore.copy(self.bucket.store, self.key, target.key)
        self.unlink()
        return target

    def _at(self, key: str) -> BucketPath:
        return replace(self, key=key.strip("/"), _known=None)

    def _met(self, meta: Mapping[str, Any]) -> BucketPath:
        return replace(self, key=str(meta["path"]), _known=_stat(meta))


def _stat(meta: Mapping[str, Any]) -> Stat:
    return Stat(st_size=int(meta["size"]), st_mtime=meta["last_modified"].timestamp())
