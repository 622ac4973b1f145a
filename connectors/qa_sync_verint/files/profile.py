"""The file profile: how a customer's export files look, as an administrator writes it down.

One YAML file, one entry a stream. Unknown keys are errors, a time zone is compulsory for every date column,
and all problems are reported at once with file and line.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from qa_sync import yamlfile
from qa_sync.errors import ConfigError, Problem
from qa_sync.validation import validated_file
from qa_sync_verint.files.names import ANSWER_COLUMNS, fold


class Strict(BaseModel):
    """A part of the profile: what is not declared here is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        msg = "not a time zone of the IANA database, such as Europe/Dublin"
        raise ValueError(msg) from None
    return name


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        msg = f"not a pattern: {error}"
        raise ValueError(msg) from None
    return text


def _date_format(text: str) -> str:
    moment = datetime(2023, 11, 25, 13, 14, 15, tzinfo=UTC)
    try:
        read = datetime.strptime(moment.strftime(text), text)  # noqa: DTZ007 (only the day is looked at)
    except (ValueError, re.error):
        read = None
    if read is None or (read.year, read.month, read.day) != (2023, 11, 25):
        msg = "not a format that tells year, month and day, such as %m/%d/%Y %H:%M:%S"
        raise ValueError(msg)
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
        b"".decode(name)
    except LookupError:
        msg = "not a text encoding, such as utf-8-sig or cp1252"
        raise ValueError(msg) from None
    return name


def _glob(text: str) -> str:
    if not text or PurePosixPath(text).is_absolute() or ".." in PurePosixPath(text).parts or "\\" in text:
        msg = "must stay inside the folder: no leading /, no .., no backslash"
        raise ValueError(msg)
    return text


Character = Annotated[str, Field(min_length=1, max_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Zone = Annotated[str, AfterValidator(_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class ZoneRule(Strict):
    """The zone of a date column: one ``name``, or one for each value of another column (``by``)."""

    name: Zone | None = None
    by: str | None = None
    values: dict[str, Zone] = Field(default_factory=dict)


def _zone_rule(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class DateRule(Strict):
    """A date column: its formats, tried in order, and its time zone, for which there is no default.

    ``on_bad``: a text that is no date makes the row a reject, or counts as missing (the text is kept either way).
    """

    formats: Annotated[
        tuple[Annotated[str, AfterValidator(_date_format)], ...], BeforeValidator(_listed), Field(min_length=1)
    ]
    time_zone: Annotated[ZoneRule, BeforeValidator(_zone_rule)]
    on_bad: Literal["reject", "missing"] = "reject"


class Key(Strict):
    """Which canonical columns identify an evaluation, and an answer within it."""

    evaluation: Names = ("evaluation_id",)
    answer: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ("component_id",)


class Order(Strict):
    """Where the order of versions comes from: named groups ``date`` and ``number`` of a pattern on the file's name.

    ``missing``: a name without them makes the file a reject, or stands before all others.
    """

    name: Pattern
    date_format: Annotated[str, AfterValidator(_date_format)] = "%Y%m%d"
    missing: Literal["reject", "oldest"] = "reject"


class Competency(Strict):
    """A column group of the grain "evaluation". Each part lists the headers it may have.

    Where ``reason`` or ``comment`` is not given, they are looked for as the rating's header with ``_Reason`` and
    ``_Comment`` behind it.
    """

    name: str
    rating: Names
    reason: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    comment: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()


def _competency(value: Any) -> Any:
    return {"name": value, "rating": [value]} if isinstance(value, str) else value


class StreamProfile(Strict):
    """The layout of the files of one stream."""

    glob: Annotated[tuple[Annotated[str, AfterValidator(_glob)], ...], BeforeValidator(_listed), Field(min_length=1)]
    members: str = "*"
    encodings: Annotated[
        tuple[Annotated[str, AfterValidator(_encoding)], ...], BeforeValidator(_listed), Field(min_length=1)
    ] = ("utf-8-sig", "cp1252")
    delimiters: Annotated[tuple[Character, ...], BeforeValidator(_listed), Field(min_length=1)] = (",", "|", "\t", ";")
    quote: Character = '"'
    escape: Character | None = None
    header_lines: Annotated[int, Field(ge=1, le=1000)] = 50
    positions: tuple[str, ...] | None = None
    sheet: str | None = None
    formulas: Literal["reject", "values"] = "reject"
    grain: Literal["answer", "evaluation"] = "answer"
    key: Key = Key()
    required: Names = ("evaluation_id", "form_name", "evaluated_at", "employee")
    aliases: dict[str, Names]
    answer_columns: tuple[str, ...] = ANSWER_COLUMNS
    competencies: tuple[Annotated[Competency, BeforeValidator(_competency)], ...] = ()
    dates: dict[str, DateRule] = Field(default_factory=dict)
    order: Order | None = None
    tombstones: tuple[str, ...] = ()
    status_columns: tuple[str, ...] = ("active", "status")
    skip_rows: tuple[Pattern, ...] = ()
    keep: tuple[str, ...] = ()

    def problems(self) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
        """Yield what single fields cannot see: (path, what, hint)."""
        known = set(self.aliases)
        for part, names in (("required", self.required), ("key", (*self.key.evaluation, *self.key.answer))):
            for name in names:
                if name not in known and not (part == "key" and self.grain == "evaluation" and name in self.key.answer):
                    yield (part,), f"{name} has no aliases", f"add aliases.{name}, the headers it may have"
        for name in known:
            if name.endswith("_at") and name not in self.dates:
                yield ("aliases", name), f"{name} is a date column without format and time zone", f"add dates.{name}"
        for name, rule in self.dates.items():
            if name not in known:
                yield ("dates", name), f"{name} has no aliases", f"add aliases.{name}, the headers it may have"
            zone = rule.time_zone
            if (zone.name is None) == (zone.by is None and not zone.values):
                yield ("dates", name, "time_zone"), "needs either one name or {by: column, values: {...}}", ""
            elif zone.by is not None and zone.by not in known:
                yield ("dates", name, "time_zone", "by"), f"{zone.by} has no aliases", ""
        owners: dict[str, str] = {}
        for name, headers in self.aliases.items():
            for at, header in enumerate(headers):
                other = owners.setdefault(fold(header), name)
                if other != name:
                    yield ("aliases", name, at), f"this header already stands for {other}", "keep one of them"
        if self.grain == "answer" and self.competencies:
            yield ("competencies",), "competencies belong to grain: evaluation", ""
        if self.order is not None and not {"date", "number"} & set(re.compile(self.order.name).groupindex):
            yield ("order", "name"), "names neither a date nor a number", "write (?P<date>...) or (?P<number>...)"

    @property
    def fingerprint(self) -> str:
        """Changes when the layout is described differently: files are then read again."""
        text = json.dumps(self.model_dump(mode="json", exclude={"glob"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Profile(Strict):
    """A file profile: layouts by stream name."""

    version: Literal[1]
    streams: Annotated[dict[str, StreamProfile], Field(min_length=1)]


def load_profile(path: Path, *, shown_as: str = "") -> Profile:
    """Read a profile.

    Raises:
        ConfigError: the file is missing, not YAML, or wrong; all problems at once, with line and column.
    """
    return parse_profile(yamlfile.read(path, shown_as=shown_as, lenient=True))


def parse_profile(document: yamlfile.Document) -> Profile:
    """Validate a profile that has been read leniently; raises ConfigError with every problem."""
    try:
        profile = validated_file(Profile, document)
    except ConfigError as error:
        raise ConfigError(document.with_strictness(error.problems)) from None
    found: list[Problem] = []
    for name, stream in profile.streams.items():
        found += [document.problem(("streams", name, *path), what, hint) for path, what, hint in stream.problems()]
    if found or document.problems:
        raise ConfigError(document.with_strictness(found))
    return profile
