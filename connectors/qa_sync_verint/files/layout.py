"""Where the columns are: the header row is looked for under every delimiter, past whatever stands above it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from qa_sync_verint.files.delimited import Dialect
from qa_sync_verint.files.names import FREE_TEXT, fold
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class CompetencyColumns:
    """Cell positions of one competency; -1 where the file has no such column."""

    name: str
    rating: int
    reason: int
    comment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the cells of a row mean.

    ``evaluation`` and ``answer`` hold (position, key in the payload); ``found`` maps canonical names to positions
    (also of columns that are read but not kept); ``unmapped`` lists headers that nothing reads; ``skipped`` counts
    lines up to and including the header.
    """

    header: tuple[str, ...]
    skipped: int
    evaluation: tuple[tuple[int, str], ...]
    answer: tuple[tuple[int, str], ...]
    found: dict[str, int]
    unmapped: tuple[str, ...]
    competencies: tuple[CompetencyColumns, ...] = ()
    dialect: Dialect | None = None

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.header)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row that may be the header, and what it lacks."""

    lacking: tuple[str, ...]
    matched: int
    at: int
    cells: Sequence[str]
    dialect: Dialect | None
    lines: int


def find_in_lines(lines: Sequence[str], profile: StreamProfile) -> Layout:
    """Find delimiter and header in the first lines of a text.

    Raises:
        Refused: no row names all required columns under any delimiter.
    """
    if profile.positions is not None:
        return _positional(lines, profile)
    best: Candidate | None = None
    for delimiter in profile.delimiters:
        dialect = Dialect(delimiter=delimiter, quote=profile.quote, escape=profile.escape)
        for at, line in enumerate(lines[: profile.header_lines]):
            if delimiter not in line and len(profile.required) > 1:
                continue
            cells, used = _first_row(lines[at:], dialect)
            best = _better(best, _candidate(cells, at, profile, dialect, used))
    return _decided(best, profile)


def find_in_rows(rows: Sequence[tuple[int, list[str], str]], profile: StreamProfile) -> Layout:
    """Find the header among the first rows of a sheet; raises Refused when there is none."""
    if profile.positions is not None:
        return build_layout(profile.positions, 0, profile, None)
    best: Candidate | None = None
    for number, cells, _fault in rows:
        best = _better(best, _candidate(cells, number - 1, profile, None, 1))
    return _decided(best, profile)


def build_layout(header: Sequence[str], skipped: int, profile: StreamProfile, dialect: Dialect | None) -> Layout:
    """Give every column of a header its meaning.

    Of columns that mean the same, the alias listed first wins, then the one further left.
    """
    places: dict[str, int] = {}
    for at, name in enumerate(header):
        places.setdefault(fold(name), at)
    found: dict[str, int] = {}
    for canonical, aliases in profile.aliases.items():
        place = next((places[fold(alias)] for alias in aliases if fold(alias) in places), -1)
        if place >= 0:
            found[canonical] = place
    competencies = tuple(_competencies(profile, places))
    kept = {fold(name) for name in profile.keep}
    answer_columns = set(profile.answer_columns) if profile.grain == "answer" else set()
    evaluation: list[tuple[int, str]] = []
    answer: list[tuple[int, str]] = []
    for canonical, at in found.items():
        if canonical not in FREE_TEXT or fold(canonical) in kept or fold(header[at]) in kept:
            (answer if canonical in answer_columns else evaluation).append((at, canonical))
    used = set(found.values()) | {at for part in competencies for at in (part.rating, part.reason, part.comment)}
    unmapped: list[str] = []
    seen: dict[str, int] = {}
    for at, name in enumerate(header):
        raw = name.strip()
        seen[raw] = seen.get(raw, 0) + 1
        if at in used:
            continue
        if fold(raw) and fold(raw) in kept:
            key = raw if seen[raw] == 1 else f"{raw} ({seen[raw]})"
            (answer if raw in answer_columns else evaluation).append((at, key))
        elif raw and raw not in unmapped:
            unmapped.append(raw)
    return Layout(
        header=tuple(header),
        skipped=skipped,
        evaluation=tuple(evaluation),
        answer=tuple(answer),
        found=found,
        unmapped=tuple(unmapped),
        competencies=competencies,
        dialect=dialect,
    )


def _competencies(profile: StreamProfile, places: dict[str, int]) -> list[CompetencyColumns]:
    made: list[CompetencyColumns] = []
    keeps_comments = "comment" in {fold(name) for name in profile.keep}
    for part in profile.competencies:

        def place(names: Sequence[str]) -> int:
            return next((places[fold(name)] for name in names if fold(name) in places), -1)

        reason = part.reason or tuple(f"{name}_Reason" for name in part.rating)
        comment = part.comment or tuple(f"{name}_Comment" for name in part.rating)
        rating = place(part.rating)
        if rating >= 0:
            made.append(
                CompetencyColumns(
                    name=part.name,
                    rating=rating,
                    reason=place(reason),
                    comment=place(comment) if keeps_comments else -1,
                )
            )
    return made


def _candidate(cells: Sequence[str], at: int, profile: StreamProfile, dialect: Dialect | None, lines: int) -> Candidate:
    present = {fold(cell) for cell in cells}
    matched = [name for name, aliases in profile.aliases.items() if any(fold(alias) in present for alias in aliases)]
    lacking = tuple(name for name in profile.required if name not in matched)
    return Candidate(lacking=lacking, matched=len(matched), at=at, cells=cells, dialect=dialect, lines=lines)


def _better(old: Candidate | None, new: Candidate) -> Candidate:
    if old is None:
        return new
    return new if (-len(new.lacking), new.matched) > (-len(old.lacking), old.matched) else old


def _decided(best: Candidate | None, profile: StreamProfile) -> Layout:
    if best is None or best.lacking:
        near = ""
        if best and best.matched:
            near = f"; the nearest is row {best.at + 1}, which lacks {', '.join(best.lacking)}"
        msg = f"no header row in the first {profile.header_lines} lines{near}"
        raise Refused(field="header", reason=msg)
    return build_layout(best.cells, best.at + best.lines, profile, best.dialect)


def _positional(lines: Sequence[str], profile: StreamProfile) -> Layout:
    """No header: the delimiter is the one under which most rows have as many cells as there are positions."""
    positions = profile.positions or ()
    scores: list[tuple[int, Dialect]] = []
    for delimiter in profile.delimiters:
        dialect = Dialect(delimiter=delimiter, quote=profile.quote, escape=profile.escape)
        # From every line: one in the middle of a quoted comment does not have the width by chance.
        widths = [len(_first_row(lines[at:], dialect)[0]) for at in range(len(lines))]
        scores.append((widths.count(len(positions)), dialect))
    score, dialect = max(scores, key=lambda pair: pair[0])
    if not score:
        msg = f"no row of {len(positions)} cells in the first {profile.header_lines} lines"
        raise Refused(field="layout", reason=msg)
    return build_layout(positions, 0, profile, dialect)


def _first_row(lines: Sequence[str], dialect: Dialect) -> tuple[list[str], int]:
    reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, escapechar=dialect.escape)
    try:
        cells = next(reader, [])
    except csv.Error:
        return [], 1
    return cells, reader.line_num
