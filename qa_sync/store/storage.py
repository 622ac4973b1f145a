"""Where a store lies: a folder of this machine, or a prefix of a bucket. Whatever differs between the two is told here.

The rest of the store works on a ``StorePath``, whichever it is.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from qa_sync.errors import ConfigError, Problem
from qa_sync.store.bucket import SCHEME, BucketPath, open_bucket
from qa_sync.store.path import StorePath

_P = TypeVar("_P", bound="StorePath")

#: Stands in a bucket's folder while a whole store is moved into it.
MOVING = "moving.json"

#: So many objects of a bucket are fetched at once.
_AT_ONCE = 16

#: Delta Lake cannot address [ ] ^ | and %20, and DuckDB takes * ? [ for a pattern.
_ODD = re.compile(r"[\[\]^|*?\x00-\x1f]|%[0-9A-Fa-f]{2}" + (r"|\\" if os.sep == "/" else ""))


def locate(address: str, *, base: Path, options: Mapping[str, str]) -> Path | BucketPath:
    """Return the place that a workspace's setting ``store`` names.

    Args:
        address: ``s3://BUCKET/PREFIX``, or a folder.
        base: what a relative folder is relative to.
        options: how a bucket is reached; see ``open_bucket``.

    Raises:
        ConfigError: the address is none, or names a folder that no store can lie below.
    """
    if address.startswith(SCHEME):
        return open_bucket(address, options)
    if "://" in address:
        hint = "a folder, or s3://BUCKET/PREFIX"
        raise ConfigError(Problem(what=f"store: {address.partition('://')[0]}:// is not supported", hint=hint))
    return base / address


def check_address(place: StorePath) -> None:
    """Refuse a folder that Delta Lake or DuckDB cannot address.

    Raises:
        ConfigError: its path has such a character.
    """
    if not isinstance(place, Path):
        return  # looked at when it was opened
    odd = _ODD.search(str(place.resolve()))
    if odd:
        what = f"no store can be kept below a folder with {odd[0]!r} in its path"
        raise ConfigError(Problem(what=what, hint="rename that folder, or move the workspace elsewhere"))


def delta_options(place: StorePath) -> dict[str, str] | None:
    """Return what Delta Lake must be told to reach a table; its address is ``str(place)``."""
    return place.bucket.delta_options if isinstance(place, BucketPath) else None


def filesystem_of(place: StorePath) -> Callable[[], object] | None:
    """Return what makes the file system that DuckDB reads through; None on this machine."""
    return place.bucket.filesystem if isinstance(place, BucketPath) else None


def lost(place: StorePath, files: Sequence[str]) -> int:
    """Return how many of a table's files, by their addresses, are not there."""
    if isinstance(place, BucketPath) and files:
        held = {path.name for path in place.glob("*.parquet")}
        return sum(file.rpartition("/")[2] not in held for file in files)
    return sum(not Path(file).exists() for file in files)


def sizes_of(place: StorePath, pattern: str = "*.parquet") -> dict[str, int]:
    """Return name → bytes of the files of a folder."""
    found: dict[str, int] = {}
    for file in place.glob(pattern):
        with suppress(FileNotFoundError):  # it went in this moment
            found[file.name] = file.stat().st_size
    return found


def read_all(places: Sequence[StorePath]) -> list[bytes | None]:
    """Return the contents of many small files, None for one that cannot be read."""
    if len(places) > 1 and isinstance(places[0], BucketPath):
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(_contents, places))
    return [_contents(place) for place in places]


def _contents(place: StorePath) -> bytes | None:
    try:
        return place.read_bytes()
    except OSError:
        return None


def opened(place: StorePath) -> Path | pa.BufferReader:
    """Return what pyarrow reads a Parquet file from."""
    return place if isinstance(place, Path) else pa.BufferReader(place.read_bytes())


def write_parquet(table: pa.Table, place: StorePath) -> int:
    """Write a Parquet file as the store writes its own; return its size."""
    if isinstance(place, BucketPath):
        made = io.BytesIO()
        pq.write_table(table, made, compression="zstd", compression_level=1)
        return place.write_bytes(made.getvalue())
    pq.write_table(table, place, compression="zstd", compression_level=1)
    return place.stat().st_size


def copy(source: StorePath, target: StorePath) -> None:
    """Copy a file, from or to a bucket where need be."""
    if isinstance(source, Path) and isinstance(target, Path):
        shutil.copyfile(source, target)
    elif isinstance(target, (Path, BucketPath)):
        target.write_bytes(source.read_bytes())


def remove_tree(place: StorePath) -> None:
    """Remove a folder and all that is in it, if it is there."""
    if isinstance(place, Path):
        shutil.rmtree(place, ignore_errors=True)
        return
    for file in place.rglob("*"):
        file.unlink()


def move_folder(source: _P, target: _P) -> None:
    """Let a folder take the place of another, which goes.

    A bucket cannot do so in one step: while ``MOVING`` is there, what is in it is not whole.
    """
    if isinstance(source, Path):
        remove_tree(target)
        source.replace(str(target))
        return
    (target / MOVING).write_text("{}")
    for file in target.rglob("*"):
        if file.name != MOVING:
            file.unlink()
    for file in source.rglob("*"):
        file.replace(target / file.relative_to(source).as_posix())
    (target / MOVING).unlink()
