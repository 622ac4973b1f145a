"""One row: is it readable, whose is it, when was it, was it taken back? Anything doubtful is a reject with a reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from qa_sync_verint.files.delimited import Row
from qa_sync_verint.files.layout import Layout
from qa_sync_verint.files.names import fold
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import MAX_ID
from qa_sync_verint.files.times import DateColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """What could not be read: ``place`` is file:row, ``field`` the column's header, never a content."""

    place: str
    field: str
    reason: str
    digest: str


@dataclass(slots=True, kw_only=True)
class Counts:
    """Rows of one part. ``skipped``: total rows and repeated headers, which are no records."""

    staged: int = 0
    loaded: int = 0
    rejected: int = 0
    skipped: int = 0


class RowChecker:
    """Judges the rows of one part, whose columns are known, one by one; ``judging.Judge`` does it in columns.

    ``key`` are the positions of cells that identify an evaluation, ``judged`` of all that decide something; ``early``
    of others that may say that a row holds totals. ``dates`` holds (name, position, reader, whether a text that is no
    date makes a reject, position of what decides the zone or -1).
    """

    def __init__(self, part: str, layout: Layout, profile: StreamProfile, *, date_formats: Sequence[str] = ()) -> None:
        self.counts = Counts()
        self.deleted = False
        self.times: dict[str, str] = {}
        self._part = part
        self._layout = layout
        self._width = layout.width
        self.header = [name.strip() for name in layout.header]
        found = layout.found
        self.required = [(found[name], self.header[found[name]]) for name in profile.required if name in found]
        self.key = [found[name] for name in profile.key.evaluation if name in found]
        self.plain_key = len(profile.key.evaluation) == 1
        self.statuses = [found[name] for name in profile.status_columns if name in found]
        self.gone = {fold(value) for value in profile.tombstones}
        self.skips = [re.compile(pattern) for pattern in profile.skip_rows]
        self.dates = [
            (
                name,
                found[name],
                DateColumn(rule, also=date_formats),
                rule.on_bad == "reject",
                found.get(rule.time_zone.by, -1) if rule.time_zone.by else -1,
            )
            for name, rule in profile.dates.items()
            if name in found
        ]
        judged = {at for at, _name in self.required} | set(self.key) | set(self.statuses)
        judged |= {place for _n, at, _c, _s, by in self.dates for place in (at, by) if place >= 0}
        self.judged = sorted(judged)
        # The first cell that says anything tells a row of totals; in a record it is a required one, or before those.
        first = min((at for at, _name in self.required), default=self._width)
        self.early = [at for at in range(first) if at not in judged] if self.skips else []
        self._judged = itemgetter(*self.judged)
        self._last: object = None
        self._identity = ""

    def identify(self, row: Row) -> str | Reject | None:
        """Return the evaluation's id, a Reject, or None for a row that is no record.

        After an id, ``deleted`` and ``times`` tell about the same row.
        """
        number, cells, fault = row
        if fault:
            return self._reject(number, "row", fault, cells)
        if (
            len(cells) == self._width
            and self._judged(cells) == self._last
            and not (self.early and any(self.is_total(cells[at]) for at in self.early))
        ):
            # As in the row before: most rows differ only in their answer.
            self.counts.staged += 1
            return self._identity
        return self._examine(number, cells)

    def _examine(self, number: int, cells: Sequence[str]) -> str | Reject | None:
        if self._is_no_record(cells):
            self.counts.skipped += 1
            return None
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            return self._reject(number, "row", f"has {len(cells)} cells where the header has {self._width}", cells)
        for at, name in self.required:
            if not cells[at] or cells[at].isspace():
                return self._reject(number, name, "is empty", cells)
        identity = cells[self.key[0]].strip() if self.plain_key else self.hashed(cells)
        if not identity:
            return self._reject(number, self.header[self.key[0]], "is empty", cells)
        if len(identity) > MAX_ID or not identity.isprintable():
            return self._reject(number, self.header[self.key[0]], "is not an id", cells)
        times: dict[str, str] = {}
        for name, at, column, strict, by in self.dates:
            text = cells[at]
            if text and not text.isspace():
                moment, reason = column.read(text, cells[by] if by >= 0 else "")
                if moment:
                    times[name] = moment
                elif strict:
                    return self._reject(number, self.header[at], reason, cells)
        self.times = times
        self.deleted = any(fold(cells[at]) in self.gone for at in self.statuses)
        self.counts.staged += 1
        self._identity, self._last = identity, self._judged(cells)
        return identity

    def is_total(self, text: str) -> bool:
        """Whether a row that begins with this text is a row of totals."""
        return any(pattern.match(text) for pattern in self.skips)

    def reject(self, number: int, field: str, reason: str, cells: Sequence[str]) -> Reject:
        """Reject a row that ``identify`` had accepted."""
        self.counts.staged -= 1
        return self._reject(number, field, reason, cells)

    def _reject(self, number: int, field: str, reason: str, cells: Sequence[str]) -> Reject:
        self.counts.staged += 1
        self.counts.rejected += 1
        digest = hashlib.sha256("\x1f".join(cells).encode("utf-8", "surrogatepass")).hexdigest()
        return Reject(place=f"{self._part}:{number}", field=field, reason=reason, digest=digest)

    def _is_no_record(self, cells: Sequence[str]) -> bool:
        if self.skips:
            first = next((cell for cell in cells if cell and not cell.isspace()), "")
            if not first or self.is_total(first):
                return True
        elif not any(cells):
            return True
        return cells[0].strip() == self.header[0] and [cell.strip() for cell in cells[: self._width]] == self.header

    def hashed(self, cells: Sequence[str] | Mapping[int, str]) -> str:
        """Return the id of an evaluation that several cells identify; "" where all of them are empty."""
        values = [cells[at].strip() for at in self.key]
        if not any(values):
            return ""
        return "h-" + hashlib.sha256("\x1f".join(values).encode()).hexdigest()[:32]


def pick(cells: Sequence[str], columns: Sequence[tuple[int, str]]) -> dict[str, str]:
    """Return the texts of some columns, as found, without empty ones."""
    return {key: text for at, key in columns if (text := cells[at]) and not text.isspace()}
