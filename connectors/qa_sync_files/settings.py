"""What an administrator says about a folder of files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from qa_sync.ports import Context
from qa_sync.validation import validated
from qa_sync.zones import is_zone

Format = Literal["auto", "csv", "xlsx", "parquet", "jsonl"]
#: Names that a key may use for the file's name and the row's number, unless a column is called so.
FILE_NAMES, ROW_NAMES = ("_file", "file"), ("_row", "row")


def _inside(glob: str) -> str:
    path = PurePosixPath(glob.replace("\\", "/"))
    if not glob or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        msg = "must be a pattern of names inside the folder, such as '*_labels.csv'"
        raise ValueError(msg)
    return glob


def _pattern(text: str) -> str:
    try:
        compiled = re.compile(text)
    except re.error as error:
        msg = f"is not a regular expression: {error}"
        raise ValueError(msg) from None
    if not compiled.groups:
        msg = r"needs a group around the date or number, such as '(\d{4}-\d{2}-\d{2})' or '_(?P<number>\d+)\.'"
        raise ValueError(msg)
    return text


def _zone(name: str) -> str:
    if not is_zone(name):
        msg = "is no IANA time zone; an example is Europe/Dublin"
        raise ValueError(msg)
    return name


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        msg = "is no known encoding; examples: utf-8, utf-16, cp1252"
        raise ValueError(msg) from None
    return name


def _one_byte(text: str) -> str:
    if len(text.encode()) != 1 or text in '"\r\n':
        msg = "must be one plain character, such as ';' or \"\\t\""
        raise ValueError(msg)
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Order(_Strict):
    """Where a stream's (source_stamp, source_seq) come from; none of the three: order of arrival.

    ``stamp`` names a column of ISO dates or times, ``seq`` a column of whole numbers. ``from_name`` finds a
    date or time in the file's name (its first group, or the one named ``date``) or a running number (a group
    named ``number``). Without ``seq``, the row's number decides. ``time_zone`` is for stamps that name none.
    """

    stamp: str | None = None
    seq: str | None = None
    from_name: Annotated[str, AfterValidator(_pattern)] | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] | None = None

    @model_validator(mode="after")
    def _one_stamp(self) -> Order:
        if self.stamp and self.from_name and "number" not in re.compile(self.from_name).groupindex:
            msg = "stamp and from_name both give a date: keep one"
            raise ValueError(msg)
        return self

    @property
    def is_known(self) -> bool:
        """Whether the files themselves tell which of two versions is newer."""
        return bool(self.stamp or self.seq or self.from_name)


class StreamSettings(_Strict):
    """One stream: the files that make it up and how to read them.

    ``key``: columns whose values, joined by "|", identify a record (``file`` and ``row`` mean the file's name
    and the row's number); without one, a record is its file and row. ``listing``: the files together are always
    everything there is, so that what is missing was deleted. ``keep``: the only columns to store (default: all).
    ``metadata``: which of ``_file`` and ``_row`` go into the payload; leave ``row`` out where the same record
    moves to another row from one delivery to the next, or it counts as changed each time.
    """

    glob: Annotated[str, AfterValidator(_inside)]
    key: tuple[str, ...] = ()
    order: Order = Order()
    listing: bool = False
    format: Format = "auto"
    delimiter: Annotated[str, AfterValidator(_one_byte)] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    sheet: str | None = None
    keep: tuple[str, ...] | None = None
    metadata: tuple[Literal["file", "row"], ...] = ("file", "row")

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns without which a file cannot be read; the file's name and the row's number are always there."""
        always = (*FILE_NAMES, *ROW_NAMES)
        named = [name for name in self.key if name not in always]
        named += [name for name in (self.order.stamp, self.order.seq) if name]
        return tuple(dict.fromkeys(named))


class FilesSettings(_Strict):
    """A folder and its streams. ``page_rows`` bounds how many rows are in memory and in one page."""

    connector: str = "files"
    folder: Annotated[str, Field(min_length=1)]
    relative_to: Literal["workspace", "cwd"] = "workspace"
    streams: Annotated[dict[str, StreamSettings], Field(min_length=1)]
    page_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000

    def path(self, workspace: Path) -> Path:
        """Return the folder's path."""
        return (Path.cwd() if self.relative_to == "cwd" else workspace) / Path(self.folder).expanduser()


def read_settings(settings: Mapping[str, Any], context: Context) -> FilesSettings:
    """Return the settings, checked; stamps without a zone get the programme's.

    Raises:
        ConfigError: with every problem at once; values are not quoted.
    """
    return validated(FilesSettings, dict(settings), at=("sources", context.name))


def zone_of(stream: StreamSettings, context: Context) -> ZoneInfo:
    """Return the zone of stamps that name none."""
    return ZoneInfo(stream.order.time_zone or context.time_zone)
