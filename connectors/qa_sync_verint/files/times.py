"""Dates of one column, from local text to UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync_verint.files.plain_dates import plain_formats
from qa_sync_verint.files.profile import DateRule

_REMEMBERED = 50_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (local hours are counted from it)
#: Local seconds of the first and behind the last year whose hours are looked up: those of the offsets.
_FIRST_PLAIN, _LAST_PLAIN = (int((datetime(year, 1, 1) - _EPOCH).total_seconds()) for year in (1901, 2200))  # noqa: DTZ001
_UNKNOWN = object()
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_NUMBERS = {
    "%Y": ("year", r"(\d{4})"),
    "%m": ("month", r"(\d{1,2})"),
    "%d": ("day", r"(\d{1,2})"),
    "%H": ("hour", r"(\d{1,2})"),
    "%M": ("minute", r"(\d{1,2})"),
    "%S": ("second", r"(\d{1,2})"),
}


def reader(form: str) -> Callable[[str], datetime]:
    """Return a function that reads a date as ``datetime.strptime`` does, several times as fast for plain numbers.

    >>> reader("%m/%d/%Y %H:%M")("1/31/2025 9:05")
    datetime.datetime(2025, 1, 31, 9, 5)
    """
    order: list[str] = []
    pattern = ""
    for piece in re.findall(r"%.|\s+|[^%\s]+", form):
        if piece in _NUMBERS:
            order.append(_NUMBERS[piece][0])
            pattern += _NUMBERS[piece][1]
        elif piece.startswith("%"):
            return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 (the caller adds the zone)
        else:
            pattern += r"\s+" if piece.isspace() else re.escape(piece)
    match = re.compile(pattern, re.ASCII).fullmatch
    places = [order.index(name) if name in order else -1 for name in _PARTS]

    def read(text: str) -> datetime:
        found = match(text)
        if found is None:
            raise ValueError
        numbers = found.groups()
        year, month, day, hour, minute, second = [int(numbers[at]) if at >= 0 else 0 for at in places]
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (the caller adds the zone)

    return read


class DateColumn:
    """Reads the texts of one date column. Repeated texts are remembered: a file says each date many times.

    Where clocks go back, the earlier of two possible moments is meant; a time that clocks skipped is an error,
    because it shows that the declared zone is wrong.
    """

    def __init__(self, rule: DateRule, *, also: Sequence[str] = ()) -> None:
        self._formats = (*rule.formats, *also)
        self._readers = [reader(form) for form in self._formats]
        self._plain = plain_formats(self._formats)
        zone = rule.time_zone
        self._zone = ZoneInfo(zone.name) if zone.name else None
        self._zones = {value: ZoneInfo(name) for value, name in zone.values.items()}
        self._memory: dict[tuple[str, str], tuple[str, str]] = {}
        self._offsets: dict[tuple[ZoneInfo, datetime], timedelta | None] = {}

    def read(self, text: str, place: str = "") -> tuple[str, str]:
        """Return (ISO 8601 text in UTC, "") or ("", reason); ``place`` is the value that decides the zone."""
        key = (text, place)
        known = self._memory.get(key)
        if known is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            known = self._memory[key] = self._convert(text.strip(), place.strip())
        return known

    def read_all(self, texts: pa.Array, places: pa.Array | None = None) -> pa.Array:
        """Return the moments that ``read`` returns for texts and places, null where it returns a reason."""
        moments, done = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=bool)
        zones = {"": self._zone} if self._zone or places is None else self._zones
        for place, zone in zones.items():
            if zone is not None and self._plain:
                here = None if self._zone or places is None else pc.equal(places, place)
                self._read_plain(texts, here, zone, moments, done)
        found = np.char.add(np.datetime_as_string(moments.astype("M8[s]")), "Z").astype(object)
        others = np.flatnonzero(~done)
        if len(others):
            chosen = pa.array(others)
            said = places.take(chosen).to_pylist() if places is not None else [""] * len(others)
            for at, text, place in zip(others.tolist(), texts.take(chosen).to_pylist(), said, strict=True):
                found[at] = self.read(text, place)[0] or None
        return pa.array(found, pa.string())

    def _read_plain(
        self,
        texts: pa.Array,
        here: pa.Array | None,
        zone: ZoneInfo,
        moments: npt.NDArray[np.int64],
        done: npt.NDArray[np.bool_],
    ) -> None:
        """Read what has the full width of a format, in hours in which no clock changes."""
        sizes = pc.binary_length(texts)
        for form in self._plain:
            fits = pc.equal(sizes, form.width)
            rows = np.flatnonzero(
                (fits if here is None else pc.and_(fits, here)).to_numpy(zero_copy_only=False) & ~done
            )
            if not len(rows):
                continue
            chosen = texts.take(pa.array(rows))
            letters = np.frombuffer(chosen.buffers()[2], np.uint8)[: len(rows) * form.width]
            local, good = form.read(letters.reshape(len(rows), form.width))
            good &= (local >= _FIRST_PLAIN) & (local < _LAST_PLAIN)
            hours, which = np.unique(np.where(good, local, _FIRST_PLAIN) // 3600, return_inverse=True)
            offsets = [self._offset(zone, _EPOCH + timedelta(hours=hour)) for hour in hours.tolist()]
            good &= np.array([offset is not None for offset in offsets])[which]
            seconds = np.array([int(offset.total_seconds()) if offset is not None else 0 for offset in offsets])
            moments[rows[good]] = (local - seconds[which])[good]
            done[rows[good]] = True

    def _convert(self, text: str, place: str) -> tuple[str, str]:
        zone = self._zone or self._zones.get(place)
        if zone is None:
            return "", "the profile gives no time zone for this row's place"
        for read in self._readers:
            try:
                local = read(text)
            except ValueError:
                continue
            if local.tzinfo is None:
                offset = self._offset(zone, local) if 1900 < local.year < 2200 else None
                if offset is not None:
                    return _text(local - offset), ""
                local = local.replace(tzinfo=zone)
            try:
                moment = local.astimezone(UTC)
            except OverflowError:
                return "", "no date that a calendar has"
            if moment.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
                return "", f"no such local time in {zone.key}: clocks skipped it"
            if not 1900 <= moment.year <= 2200:
                return "", "a date before 1900 or after 2200"
            return _text(moment), ""
        return "", f"no date as {' or '.join(self._formats)}"

    def _offset(self, zone: ZoneInfo, local: datetime) -> timedelta | None:
        """Return the zone's offset in the hour of a local time; None for an hour in which clocks change."""
        hour = datetime(local.year, local.month, local.day, local.hour)  # noqa: DTZ001 (the zone is beside it)
        known = self._offsets.get((zone, hour), _UNKNOWN)
        if known is _UNKNOWN:
            if len(self._offsets) >= _REMEMBERED:
                self._offsets.clear()
            # Clocks change at most an hour or two: an hour is plain when the day around it is.
            around = {
                (hour + timedelta(hours=far)).replace(tzinfo=zone, fold=fold).utcoffset()
                for far in (-3, 0, 1, 4)
                for fold in (0, 1)
            }
            known = self._offsets[zone, hour] = around.pop() if len(around) == 1 else None
        return known  # type: ignore[return-value]


def _text(moment: datetime) -> str:
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment.isoformat(timespec='seconds')[:19]}{fraction}Z"
