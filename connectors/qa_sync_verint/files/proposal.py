"""Propose a profile for a file whose layout is not known yet: a start for the administrator, never used by itself."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from qa_sync_verint.files.containers import Part, parts_of
from qa_sync_verint.files.delimited import Lines
from qa_sync_verint.files.encodings import choose_encoding
from qa_sync_verint.files.names import fold, harmless
from qa_sync_verint.files.positional import formats_of, guess, is_data, tombstones_of
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import Refused
from qa_sync_verint.files.workbook import open_sheets

_LOOKED_AT = 400
_ORDER = "    # order: {name: '(?P<date>[0-9]{8})'}   # where the file's name holds a date or (?P<number>...)"


def propose(path: Path, profile: StreamProfile, stream: str) -> str:
    """Return a profile as YAML text, with the headers of a file under the names they probably mean.

    Zones are left as CHANGE-ME: nothing in a file tells them, and no profile loads without.
    """
    try:
        part = next((part for part in parts_of(path, path.name, profile.members) if part.refused is None), None)
        rows, encoding, delimiter = _rows(part, profile) if part else ([], "", "")
    except Refused:
        return ""
    at = _likely_header(rows, profile)
    if at < 0:
        return ""
    top = ["version: 1", "streams:", f"  {stream}:", f"    glob: [{_quoted('*' + path.suffix)}]"]
    if encoding:
        top += [f"    encodings: [{encoding}]", f"    delimiters: [{_quoted(delimiter)}]"]
    totals = [pattern for pattern in profile.skip_rows if any(_begins(row, pattern) for row in rows)]
    if totals:
        top.append(f"    skip_rows: [{', '.join(map(_quoted, totals))}]")
    usual = [row for row in rows if len(row) == _usual_width(rows) and not any(_begins(row, p) for p in totals)]
    if len(usual[0]) > 1 and _known(rows[at], profile) < 2 and is_data(usual[0]):
        return "\n".join([*top, *_by_position(usual, profile)]) + "\n"
    return "\n".join([*top, *_by_header(rows, at, profile)]) + "\n"


def _by_header(rows: list[list[str]], at: int, profile: StreamProfile) -> list[str]:
    header = [cell.strip() for cell in rows[at]]
    meaning: dict[str, str] = {}
    taken: set[str] = set()
    for name, aliases in profile.aliases.items():
        spellings = {fold(alias) for alias in aliases}
        found = next((cell for cell in header if cell not in taken and fold(cell) in spellings), None)
        if found:
            meaning[name] = found
            taken.add(found)
    groups = {} if {"question", "component_id"} & set(meaning) else _competencies(header, taken)
    lines = [
        f"    grain: {'answer' if 'question' in meaning or 'component_id' in meaning else 'evaluation'}",
        f"    required: [{', '.join(name for name in profile.required if name in meaning)}]",
    ]
    lacking = [name for name in profile.required if name not in meaning]
    lines += [f"    # {name}: no known header; add it to required and aliases" for name in lacking]
    lines.append(_ORDER)

    def said(name: str) -> list[str]:
        column = header.index(meaning[name])
        return [row[column].strip() for row in rows[at + 1 :] if len(row) == len(header) and row[column].strip()]

    gone = [word for name in profile.status_columns if name in meaning for word in tombstones_of(said(name))]
    if gone:
        lines.append(_tombstones(gone))
    dates = [name for name in meaning if name.endswith("_at")]
    if dates:
        lines.append("    dates:")
    lines += [_date(name, formats_of(said(name))) for name in dates]
    if groups:
        lines.append("    competencies:")
    for rating, parts in groups.items():
        settings = [f"name: {_quoted(rating)}", f"rating: [{_quoted(rating)}]"]
        settings += [f"{part}: [{_quoted(found)}]" for part, found in parts.items()]
        lines.append(f"      - {{{', '.join(settings)}}}")
        taken |= {rating, *parts.values()}
    lines.append("    aliases:")
    lines += [f"      {name}: [{_quoted(found)}]" for name, found in meaning.items()]
    spare = list(dict.fromkeys(cell for cell in header if cell and cell not in taken))
    return lines + [f"      # ?: [{_quoted(cell)}]" for cell in spare]


def _by_position(rows: list[list[str]], profile: StreamProfile) -> list[str]:
    """Propose what each column of a file without a header means; what is not guessed is called by its place."""
    found = guess(rows)
    known = [position for position in found.positions if position.known]
    lacking = [name for name in profile.required if name not in {position.name for position in known}]
    lines = [
        "    # A PROPOSAL: the file has no header, and these meanings are guessed from its values alone. Hold every",
        "    # line against the description of the export, name the columns that matter, and drop what is not meant.",
        f"    grain: {found.grain}",
        f"    required: [{', '.join(name for name in profile.required if name not in lacking)}]",
        *(f"    # {name}: no column was taken for it; name its position, and add it to required" for name in lacking),
        _ORDER,
    ]
    if found.grain == "answer" and "component_id" not in {position.name for position in known}:
        lines.append("    key: {answer: []}   # no column tells the answers of an evaluation apart")
    if found.tombstones:
        lines.append(_tombstones(found.tombstones))
    lines.append("    positions:")
    lines += [
        f"      - {position.name}   # {at}: {position.why}" for at, position in enumerate(found.positions, start=1)
    ]
    dates = [position for position in known if position.name.endswith("_at")]
    if dates:
        lines += ["    dates:", *(_date(position.name, position.formats) for position in dates)]
    lines.append("    aliases:")
    return lines + [f"      {position.name}: [{position.name}]" for position in known]


def _tombstones(words: Sequence[str]) -> str:
    return f"    tombstones: [{', '.join(map(_quoted, words))}]   # words that take an evaluation back"


def _date(name: str, formats: Sequence[str]) -> str:
    form = _quoted(formats[0]) if formats else "CHANGE-ME"
    doubt = f"   # or {' or '.join(formats[1:])}?" if len(formats) > 1 else ""
    return f"      {name}: {{formats: [{form}], time_zone: CHANGE-ME}}{doubt}"


def _begins(cells: Sequence[str], pattern: str) -> bool:
    """Whether the first cell that says anything matches: it is a row of totals."""
    return re.match(pattern, next(filter(None, cells), "")) is not None


def _known(cells: Sequence[str], profile: StreamProfile) -> int:
    """How many cells are headers that the profile knows."""
    known = {fold(alias) for aliases in profile.aliases.values() for alias in aliases}
    return sum(fold(cell) in known for cell in cells)


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0]


def _competencies(header: list[str], taken: set[str]) -> dict[str, dict[str, str]]:
    """Return the headers that have a reason or a comment beside them, as exports by evaluation do: rating → parts."""
    there = {fold(cell): cell for cell in header if cell not in taken}
    found: dict[str, dict[str, str]] = {}
    for cell in there.values():
        parts = {part: there.get(fold(f"{cell} {part}"), "") for part in ("reason", "comment")}
        if cell and any(parts.values()):
            found[cell] = {part: header for part, header in parts.items() if header}
    return found


def _rows(part: Part, profile: StreamProfile) -> tuple[list[list[str]], str, str]:
    if part.kind == "workbook":
        sheets = open_sheets(part, sheet=profile.sheet, formulas="values")
        tables = [[cells for _number, cells, _fault in islice(sheet.rows(), _LOOKED_AT)] for sheet in sheets]
        return max(tables, key=len, default=[]), "", ""
    encoding = choose_encoding(part.open, profile.encodings).name
    lines = Lines(part.open(), encoding)
    try:
        head = lines.first(_LOOKED_AT)
    finally:
        lines.close()
    tables_by: dict[str, list[list[str]]] = {}
    for delimiter in profile.delimiters:
        try:
            tables_by[delimiter] = [
                row
                for row in csv.reader(head, delimiter=delimiter, quotechar=profile.quote, escapechar=profile.escape)
                if row
            ]
        except csv.Error:
            tables_by[delimiter] = [line.rstrip("\r\n").split(delimiter) for line in head]
    best = max(tables_by, key=lambda delimiter: _told_apart(tables_by[delimiter]), default="")
    return tables_by.get(best, []), encoding, best


def _told_apart(rows: Sequence[Sequence[str]]) -> int:
    """How many cells stand in rows of the usual width: the delimiter that is meant makes most rows alike."""
    width = max(_usual_width(rows), 1) if rows else 1
    return sum(len(row) - 1 for row in rows if len(row) == width)


def _likely_header(rows: list[list[str]], profile: StreamProfile) -> int:
    """The row with most known headers; where none is known, the first as wide as the widest rows."""
    scores = [_known(row, profile) for row in rows[: profile.header_lines]]
    if scores and max(scores) > 0:
        return scores.index(max(scores))
    widest = max((len(row) for row in rows), default=0)
    return next((at for at, row in enumerate(rows) if len(row) == widest and widest > 1), -1)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{harmless(escaped)}"'
