"""Look at one export file: what would be read, what would not, and which profile would suit it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from qa_sync.errors import ConfigError, Problem
from qa_sync_verint.bundled import starters
from qa_sync_verint.files.containers import parts_of
from qa_sync_verint.files.deliveries import EPOCH, Delivery, FoundFile, declared_order
from qa_sync_verint.files.delivery import DeliveryReading
from qa_sync_verint.files.names import harmless
from qa_sync_verint.files.parts import Opened, open_part
from qa_sync_verint.files.profile import StreamProfile, load_profile
from qa_sync_verint.files.proposal import propose
from qa_sync_verint.files.refusal import Refused
from qa_sync_verint.files.rows import Counts, Reject, pick

FIRST_ROWS = 3
SHOWN_REJECTS = 20


@dataclass(slots=True, kw_only=True)
class PartReport:
    """One part of a file: a text, or the sheet that holds the table.

    ``header_row`` counts from 1 (0: none); ``mapped`` has a header for each canonical column, ``missing`` the
    canonical columns that the file lacks, ``unmapped`` the headers nothing reads.
    """

    name: str
    refused: str = ""
    is_empty: bool = False
    encoding: str = ""
    sheet: str = ""
    delimiter: str = ""
    header_row: int = 0
    mapped: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    first_rows: list[dict[str, str]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)


@dataclass(slots=True, kw_only=True)
class Inspection:
    """What reading a file would give. ``order`` is what its name declares; ``proposal`` is a profile as YAML text."""

    name: str
    order: str = ""
    parts: list[PartReport] = field(default_factory=list)
    evaluations: int = 0
    tombstones: int = 0
    rejects: list[Reject] = field(default_factory=list)
    proposal: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether something can be read and nothing is refused as a whole."""
        return bool(self.parts) and all(not part.refused for part in self.parts)

    def lines(self) -> Iterator[str]:
        """Yield the report as lines of text. First rows show what the file says: for the administrator's eyes."""
        return map(harmless, self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.name}: {self.order or 'no order declared: arrival decides'}"
        for part in self.parts:
            yield from _part_lines(part)
        yield f"{self.evaluations:,} evaluations, {self.tombstones:,} of them inactive or deleted"
        for reject in self.rejects[:SHOWN_REJECTS]:
            yield f"  reject {reject.place}: {reject.field}: {reject.reason}"
        if len(self.rejects) > SHOWN_REJECTS:
            yield f"  and {len(self.rejects) - SHOWN_REJECTS:,} more rejects"
        if self.rejects and not self.evaluations and self.proposal:
            command = f"qa-sync verint inspect {self.name} --propose"
            yield f"nothing of it is read by this profile: {command} writes one for it"


def _part_lines(part: PartReport) -> Iterator[str]:
    if part.refused:
        yield f"{part.name}: not read: {part.refused}"
        return
    if part.is_empty:
        yield f"{part.name}: empty, as on a quiet day"
        return
    how = f"sheet {part.sheet!r}" if part.sheet else f"{part.encoding}, delimiter {part.delimiter!r}"
    yield f"{part.name}: {how}, " + (f"header in row {part.header_row}" if part.header_row else "no header")
    counts = part.counts
    yield (
        f"  rows: {counts.staged:,} staged, {counts.loaded:,} loaded, {counts.rejected:,} rejected,"
        f" {counts.skipped:,} totals skipped"
    )
    yield "  read: " + ", ".join(f"{name} from {header!r}" for name, header in part.mapped.items())
    yield "  not in the file: " + (", ".join(part.missing) or "nothing")
    yield "  not read: " + (", ".join(part.unmapped) or "nothing")
    for row in part.first_rows:
        yield "  row: " + ", ".join(f"{key}={value}" for key, value in row.items())


def inspect(path: Path, profile_path: Path | None = None, *, stream: str = "evaluations") -> Inspection:
    """Read a file as a sync would, store nothing, and report.

    Raises:
        ConfigError: the profile is wrong, has no such stream, or there is no such file.
    """
    profile = _stream(profile_path or starters() / "verint_files.yaml", stream)
    if path.is_symlink() or not path.is_file():
        raise ConfigError(Problem(what="no such file, or not a regular one", file=path.name))
    report = Inspection(name=path.name)
    stamp: datetime | None = None
    number = 0
    refused: Refused | None = None
    try:
        stamp, number = declared_order(path.name, profile)
        if stamp is not None:
            dated = f"order {stamp:%Y-%m-%d}" + (f", number {number}" if number else "")
            report.order = f"number {number}" if number and stamp == EPOCH else dated
            if stamp == EPOCH and not number:
                report.order = "no date or number in its name: stands before all files that have one"
    except Refused as error:
        refused = error
    file = FoundFile(path=path, name=path.name, content="-", stamp=stamp, number=number, refused=refused)
    reading = DeliveryReading(profile)
    for item in reading.items(Delivery(label=path.name, stamp=stamp, number=number, files=(file,))):
        if isinstance(item, Reject):
            report.rejects.append(item)
        else:
            report.evaluations += 1
            report.tombstones += item[2]
    try:
        for part in parts_of(path, path.name, profile.members):
            shown = PartReport(name=part.name, counts=reading.counts.get(part.name, Counts()))
            report.parts.append(shown)
            try:
                opened = open_part(part, profile)
            except Refused as error:
                shown.refused = f"{error.field}: {error.reason}"
                continue
            if opened is None:
                shown.is_empty = True
                continue
            _describe(shown, opened, profile)
    except Refused as error:
        report.parts.append(PartReport(name=path.name, refused=f"{error.field}: {error.reason}"))
    report.proposal = propose(path, profile, stream)
    return report


def _describe(shown: PartReport, opened: Opened, profile: StreamProfile) -> None:
    layout = opened.layout
    shown.encoding = opened.encoding.name if opened.encoding else ""
    shown.sheet = opened.sheet
    shown.delimiter = layout.dialect.delimiter if layout.dialect else ""
    shown.header_row = layout.skipped
    shown.mapped = {name: layout.header[at].strip() for name, at in layout.found.items()}
    shown.missing = tuple(name for name in profile.aliases if name not in layout.found)
    shown.unmapped = layout.unmapped
    columns = layout.evaluation + layout.answer
    good = (cells for _number, cells, fault in opened.rows() if not fault and len(cells) >= layout.width)
    shown.first_rows = [pick(cells, columns) for cells in islice(good, FIRST_ROWS)]


def _stream(path: Path, name: str) -> StreamProfile:
    profile = load_profile(path, shown_as=path.name)
    if name not in profile.streams:
        hint = f"it has {', '.join(profile.streams)}"
        raise ConfigError(Problem(what=f"no stream {name!r}", hint=hint, file=path.name, path=("streams",)))
    return profile.streams[name]
