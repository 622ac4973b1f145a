"""The source: files in order of name, pieces of files as pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from qa_sync.errors import ConfigError, Problem, SourceError
from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.ports import Context, Page, Stream
from qa_sync.wording import did_you_mean
from qa_sync_files.csv_rows import CsvReader
from qa_sync_files.finding import Found, Print, find, fingerprint
from qa_sync_files.jsonl_rows import JsonLinesReader
from qa_sync_files.parquet_rows import ParquetReader
from qa_sync_files.position import Position, position_of
from qa_sync_files.records import RecordMaker, name_order
from qa_sync_files.rows import BadRow, Reader, Unreadable, require
from qa_sync_files.settings import FilesSettings, StreamSettings, zone_of
from qa_sync_files.sheet_rows import SheetReader

_READERS: Mapping[str, Reader] = {
    "csv": CsvReader(),
    "xlsx": SheetReader(),
    "parquet": ParquetReader(),
    "jsonl": JsonLinesReader(),
}
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",
    ".xlsb": "xlsx",
    ".ods": "xlsx",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}


def reader_of(file: Found, stream: StreamSettings) -> Reader:
    """Return what reads a file: by settings, else by its suffix.

    Raises:
        Unreadable: the suffix says nothing.
    """
    if stream.format != "auto":
        return _READERS[stream.format]
    suffix = Path(file.name.removesuffix(".gz")).suffix.lower()
    if suffix not in _SUFFIXES:
        reason = f"its suffix {suffix!r} says nothing about its format; set 'format'"
        raise Unreadable(reason)
    return _READERS[_SUFFIXES[suffix]]


class FilesSource:
    """Reads what is new or changed since the cursor; a listing is read whole whenever any file of it changed."""

    def __init__(self, settings: FilesSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._folder = settings.path(context.folder)

    def streams(self) -> Sequence[Stream]:
        """Return the streams of the settings."""
        return [
            Stream(name=name, order="source" if stream.order.is_known else "arrival", doc=f"files {stream.glob}")
            for name, stream in self._settings.streams.items()
        ]

    def close(self) -> None:
        """Nothing stays open."""

    def check(self, *, probe: bool = False) -> Sequence[Problem]:
        """Return what is wrong: no folder, no files, or columns that are not there (``probe``: in any file)."""
        if not self._folder.is_dir():
            return [self._no_folder()]
        problems: list[Problem] = []
        for name, stream in self._settings.streams.items():
            place = ("sources", self._context.name, "streams", name)
            files = find(self._folder, stream.glob)
            if not files:
                what = f"no file matches {stream.glob!r} in {self._folder.name!r}"
                problems.append(Problem(what=what, hint="correct glob or folder", path=(*place, "glob")))
            problems += [
                problem
                for file in (files if probe else files[-1:])
                for problem in self._wrong_with(file, stream, place)
            ]
        return problems

    def _no_folder(self) -> Problem:
        base = "the current directory" if self._settings.relative_to == "cwd" else "the workspace"
        return Problem(
            what=f"no folder {self._settings.folder!r}",
            hint=f"a relative folder starts at {base}",
            path=("sources", self._context.name, "folder"),
        )

    def _wrong_with(self, file: Found, stream: StreamSettings, place: tuple[str, ...]) -> Iterator[Problem]:
        try:
            names = reader_of(file, stream).names(file, stream)
            name_order(file.name, stream, zone_of(stream, self._context))
            if names is not None:
                require(names, stream)
        except Unreadable as error:
            hint = did_you_mean(error.field, names or ()) if error.field else ""
            yield Problem(what=f"{file.name}: {error.reason}", hint=hint, path=place)
            return
        except OSError as error:
            yield Problem(what=f"{file.name}: cannot be read: {type(error).__name__}", path=place)
            return
        for wanted in stream.keep or ():
            if names is not None and wanted not in names:
                what = f"{file.name}: no column {wanted!r}"
                yield Problem(what=what, hint=did_you_mean(wanted, names), path=(*place, "keep"))

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield the pages after ``cursor``.

        Raises:
            ConfigError: the folder is not there. SourceError: no such stream, or a cursor that is not ours.
        """
        settings = self._settings.streams.get(stream)
        if settings is None:
            msg = f"source {self._context.name!r} has no stream {stream!r}"
            raise SourceError(msg)
        if not self._folder.is_dir():
            raise ConfigError(self._no_folder())
        files = find(self._folder, settings.glob)
        if not files:
            self._context.note(f"{stream}: no file matches {settings.glob!r}")
        reading = _Reading(settings, self._context, self._settings.page_rows)
        try:
            for page in reading.pages(files, position_of(cursor, settings)):
                yield page
                if page.last and reading.in_part:
                    self._context.note(
                        f"{stream}: something of it was set aside, so it is no whole listing: nothing that is gone "
                        "from the files counts as deleted until that is mended"
                    )
        finally:
            reading.close()


class _Reading:
    """One reading of one stream."""

    def __init__(self, stream: StreamSettings, context: Context, size: int) -> None:
        self._stream = stream
        self._zone = zone_of(stream, context)
        self._notify = context.notify
        self._size = size
        self._maker = RecordMaker(stream, self._zone)
        #: Whether what should be a whole listing turned out to be none.
        self.in_part = False

    def close(self) -> None:
        self._maker.close()

    def pages(self, files: Sequence[Found], position: Position) -> Iterator[Page]:
        """Hold each page back until it is known whether another follows: the last one says so."""
        printed = [(file, _print(file)) for file in files]
        now = {file.name: one.short for file, one in printed if one is not None}
        if position.done and self._stream.listing and now != position.read:
            position = Position(settings=position.settings)
        position = replace(position, done=False)
        # An empty folder is rather a disk that is not mounted than a programme without records: not a listing.
        listing = self._stream.listing and now != position.read and bool(files)
        held: Page | None = None
        for file, one in printed:
            if one is not None and position.read.get(file.name) == one.short:
                continue
            for page, reached in self._file_pages(file, one, position):
                position = reached
                if held is not None:
                    yield replace(held, listing=listing)
                held = page
            if one is not None:
                # Only a name that is still there is remembered, so that the cursor does not grow for ever.
                read = {name: content for name, content in position.read.items() if name in now}
                position = replace(position, read={**read, file.name: one.short}, name="", content="", row=0)
        held = held or Page(records=PAGE.empty_table(), cursor="")
        self.in_part = self._stream.listing and bool(files) and not position.whole
        yield replace(held, cursor=replace(position, done=True).text(), last=True, listing=listing and position.whole)

    def _file_pages(self, file: Found, one: Print | None, position: Position) -> Iterator[tuple[Page, Position]]:
        content = one.short if one else ""
        resumed = one is not None and (position.name, position.content) == (file.name, content)
        after = position.row if resumed else 0
        position = replace(position, name=file.name, content=content, row=after)
        try:
            if one is None:
                msg = "cannot be opened"
                raise Unreadable(msg)
            order = name_order(file.name, self._stream, self._zone)
            for rows in reader_of(file, self._stream)(file, one, self._stream, self._size):
                if rows.until <= after:
                    continue
                records, bad = self._maker.make(file, rows.after(after), order)
                position = replace(position, row=rows.until, whole=position.whole and not bad)
                yield Page(records=records, rejects=_rejects(file, bad), cursor=position.text()), position
        except Unreadable as error:
            self._notify(f"{file.name}: {error.reason}")
            position = replace(position, whole=False)
            reject = {
                "record_id": file.name,
                "field": error.field,
                "reason": f"the file: {error.reason}",
                "payload_hash": one.sha256 if one else "",
            }
            page = Page(
                records=PAGE.empty_table(),
                cursor=position.text(),
                rejects=pa.Table.from_pylist([reject], schema=PAGE_REJECTS),
            )
            yield page, position


def _print(file: Found) -> Print | None:
    try:
        return fingerprint(file.path)
    except OSError:
        return None


def _rejects(file: Found, bad: Sequence[BadRow]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "record_id": f"{file.name}:{row.number}",
                "field": row.field,
                "reason": row.reason,
                "payload_hash": row.content_hash,
            }
            for row in bad
        ],
        schema=PAGE_REJECTS,
    )
