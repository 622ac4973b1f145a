"""Propose a profile for a file whose layout is not known yet: a start for the administrator, never used by itself."""

from __future__ import annotations

import csv
from datetime import datetime
from itertools import islice
from pathlib import Path

from qa_sync_verint.files.containers import Part, parts_of
from qa_sync_verint.files.delimited import Lines
from qa_sync_verint.files.encodings import choose_encoding
from qa_sync_verint.files.names import fold
from qa_sync_verint.files.profile import StreamProfile
from qa_sync_verint.files.refusal import Refused
from qa_sync_verint.files.workbook import open_sheets

_FORMATS = (
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
)
_LOOKED_AT = 400


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
    lines = ["version: 1", "streams:", f"  {stream}:", f"    glob: [{_quoted('*' + path.suffix)}]"]
    if encoding:
        lines += [f"    encodings: [{encoding}]", f"    delimiters: [{_quoted(delimiter)}]"]
    lines += [
        f"    grain: {'answer' if 'question' in meaning or 'component_id' in meaning else 'evaluation'}",
        f"    required: [{', '.join(name for name in profile.required if name in meaning)}]",
    ]
    lacking = [name for name in profile.required if name not in meaning]
    lines += [f"    # {name}: no known header; add it to required and aliases" for name in lacking]
    lines += ["    # order: {name: '(?P<date>[0-9]{8})'}   # where the file's name holds a date or (?P<number>...)"]
    dates = [name for name in meaning if name.endswith("_at")]
    if dates:
        lines.append("    dates:")
    for name in dates:
        column = header.index(meaning[name])
        texts = [row[column].strip() for row in rows[at + 1 :] if len(row) == len(header) and row[column].strip()]
        fitting = [form for form in _FORMATS if texts and all(_fits(text, form) for text in texts)]
        form = _quoted(fitting[0]) if fitting else "CHANGE-ME"
        doubt = f"   # or {' or '.join(fitting[1:])}?" if len(fitting) > 1 else ""
        lines.append(f"      {name}: {{formats: [{form}], time_zone: CHANGE-ME}}{doubt}")
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
    lines += [f"      # ?: [{_quoted(cell)}]" for cell in spare]
    return "\n".join(lines) + "\n"


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
    best = max(tables_by, key=lambda delimiter: sum(len(row) - 1 for row in tables_by[delimiter]), default="")
    return tables_by.get(best, []), encoding, best


def _likely_header(rows: list[list[str]], profile: StreamProfile) -> int:
    """The row with most known headers; where none is known, the first as wide as the widest rows."""
    known = {fold(alias) for aliases in profile.aliases.values() for alias in aliases}
    scores = [sum(fold(cell) in known for cell in row) for row in rows[: profile.header_lines]]
    if scores and max(scores) > 0:
        return scores.index(max(scores))
    widest = max((len(row) for row in rows), default=0)
    return next((at for at, row in enumerate(rows) if len(row) == widest and widest > 1), -1)


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 (only the shape matters)
    except ValueError:
        return False
    return True


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
