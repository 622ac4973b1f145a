"""Write export files from a known truth, with any mix of the quirks that real exports have.

The writer shares no code with the reader. ``settings_for`` gives the profile that describes the quirks, as data.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from qa_sync_verint.sandbox.truth import TrueAnswer, TrueEvaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How a file differs from a plain one.

    ``grain`` is what one row is: an answer, or an evaluation with two columns (rating, comment) for each question.
    ``scatter`` mixes the rows of evaluations; ``shuffle`` the columns; ``extra`` adds columns nobody maps and repeats
    one; ``header`` is its spelling, or none at all (columns by position).
    """

    grain: Literal["answer", "evaluation"] = "answer"
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "utf-16"] = "utf-8-sig"
    delimiter: str = ","
    newline: Literal["\r\n", "\n"] = "\r\n"
    container: Literal["plain", "zip", "xlsx", "zipped xlsx"] = "plain"
    quoting: Literal["all", "needed"] = "needed"
    escape: Literal["double", "backslash"] = "double"
    header: Literal["title", "upper", "underscored", "none"] = "title"
    preamble: int = 0
    totals: bool = False
    blank_lines: bool = False
    scatter: bool = False
    shuffle: bool = False
    extra: bool = False
    date_format: str = "%m/%d/%Y %H:%M:%S"
    zone: str = "America/New_York"

    @property
    def suffix(self) -> str:
        """What the file's name ends with."""
        return {"plain": ".csv", "zip": ".zip", "xlsx": ".xlsx", "zipped xlsx": ".zip"}[self.container]


#: Canonical name and header of each column.
_COLUMNS = (
    ("evaluation_id", "Evaluation Key"),
    ("component_id", "Form Component Key"),
    ("evaluated_at", "Evaluation Date"),
    ("form_name", "Evaluation Form"),
    ("form_version", "Form Version"),
    ("section", "Section"),
    ("category", "Category"),
    ("question", "Question"),
    ("answer", "Answer"),
    ("points", "Score"),
    ("max_points", "Maximum Score"),
    ("comment", "Comments"),
    ("employee", "Employee ID"),
    ("evaluator", "Evaluator"),
    ("interaction_id", "Contact ID"),
    ("interaction_at", "Contact Start Time"),
    ("active", "Active Status"),
    ("ticket_id", "Ticket ID"),
)
#: Nobody maps these: an own column, a repeated one, and one without a name.
_EXTRA = (("notes", "Team Notes"), ("employee", "Employee ID"), ("nameless", ""))


#: Columns of one answer; an export by evaluation has a pair for each question instead.
_OF_ANSWER = ("component_id", "section", "category", "question", "answer", "points", "max_points", "comment")
QUESTIONS = 3


def _pairs() -> list[tuple[str, str]]:
    """Return the columns of the questions in an export by evaluation; one header is misspelt, as real ones are."""
    names = [f"Skill {at}" if at > 1 else "Skil 1" for at in range(1, QUESTIONS + 1)]
    return [pair for at, name in enumerate(names) for pair in ((f"r{at}", name), (f"c{at}", f"{name}_Comment"))]


def _cells(e: TrueEvaluation, a: TrueAnswer, quirks: Quirks) -> dict[str, str]:
    def local(moment: datetime | None) -> str:
        return moment.astimezone(ZoneInfo(quirks.zone)).strftime(quirks.date_format) if moment else ""

    texts = {name: getattr(part, name) for part in (e, a) for name in part.__slots__}
    return {
        **texts,
        "evaluated_at": local(e.evaluated_at),
        "interaction_at": local(e.interaction_at),
        "active": "Active" if e.active else "Inactive",
        "notes": "not for us",
        "nameless": "nor this",
        **{f"r{at}": answer.answer for at, answer in enumerate(e.answers)},
        **{f"c{at}": answer.comment for at, answer in enumerate(e.answers)},
    }


def _table(truth: Sequence[TrueEvaluation], quirks: Quirks, seed: int) -> tuple[list[str], list[list[str]]]:
    draw = random.Random(seed)  # noqa: S311 (test data)
    columns = list(_COLUMNS)
    if quirks.grain == "evaluation":
        columns = [column for column in columns if column[0] not in _OF_ANSWER] + _pairs()
    if quirks.shuffle:
        draw.shuffle(columns)
    if quirks.extra:
        # A repeated column stands behind the one it repeats: the first counts.
        columns += _EXTRA
    made = [_cells(e, a, quirks) for e in truth for a in (e.answers if quirks.grain == "answer" else e.answers[:1])]
    if quirks.scatter:
        draw.shuffle(made)
    headers = [header for _name, header in columns]
    if quirks.header == "upper":
        headers = [header.upper() for header in headers]
    elif quirks.header == "underscored":
        headers = [header.replace(" ", "_") for header in headers]
    return headers, [[cells.get(name, "") for name, _header in columns] for cells in made]


def render(truth: Sequence[TrueEvaluation], quirks: Quirks, *, seed: int = 0) -> bytes:
    """Return the bytes of a file."""
    header, rows = _table(truth, quirks, seed)
    head = [] if quirks.header == "none" else [header]
    tail = [["Grand Total", *[""] * (len(header) - 2), str(len(rows))]] if quirks.totals else []
    if quirks.container in ("xlsx", "zipped xlsx"):
        data = _workbook([*_preamble(quirks), *head, *rows, *tail])
        inner = "export.xlsx"
    else:
        data = _text(head, rows, tail, quirks)
        inner = "export.csv"
    if quirks.container in ("zip", "zipped xlsx"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(inner, (2025, 1, 1, 0, 0, 0)), data)
        data = packed.getvalue()
    return data


def write_export(truth: Sequence[TrueEvaluation], quirks: Quirks, folder: Path, stem: str, *, seed: int = 0) -> Path:
    """Write a file called ``stem`` with the suffix its container has; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (stem + quirks.suffix)
    path.write_bytes(render(truth, quirks, seed=seed))
    return path


def _preamble(quirks: Quirks) -> list[list[str]]:
    period = 'Period: 01/01/2025 - 01/31/2025, printed for "all" sites'
    lines = [["Evaluation Detail Report"], [period], ['5" screens | misc']]
    return [lines[at % len(lines)] for at in range(quirks.preamble)]


def _text(head: list[list[str]], rows: list[list[str]], tail: list[list[str]], quirks: Quirks) -> bytes:
    lines = [line[0] for line in _preamble(quirks)]
    for at, row in enumerate([*head, *rows, *tail]):
        lines.append(quirks.delimiter.join(_cell(text, quirks) for text in row))
        if quirks.blank_lines and at % 7 == 3:
            lines.append("")
    return (quirks.newline.join(lines) + quirks.newline).encode(quirks.encoding)


def _cell(text: str, quirks: Quirks) -> str:
    """Write a cell: a line break of any kind needs quotes, also one that does not end a row."""
    needed = any(mark in text for mark in (quirks.delimiter, '"', "\r", "\n"))
    for mark, written in (("\\", "\\\\"), ('"', '\\"')) if quirks.escape == "backslash" else (('"', '""'),):
        text = text.replace(mark, written)
    return f'"{text}"' if needed or quirks.quoting == "all" else text


def _workbook(table: list[list[str]]) -> bytes:
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        sheet = book.add_worksheet("Detail")
        for at, row in enumerate(table):
            for column, text in enumerate(row):
                if text:
                    sheet.write_string(at, column, text)
    return data.getvalue()


def settings_for(
    quirks: Quirks, *, keep: Sequence[str] = (), order: str | None = r"(?P<date>\d{8})", seed: int = 0
) -> dict[str, Any]:
    """Return the layout of a stream, as a profile would hold it, that reads files with these quirks."""
    zone = {"formats": [quirks.date_format], "time_zone": quirks.zone}
    by_answer = quirks.grain == "answer"
    competencies = [
        {"name": f"Skill {at + 1}", "rating": [_pairs()[2 * at][1], f"Skill {at + 1}"]} for at in range(QUESTIONS)
    ]
    return {
        "grain": quirks.grain,
        "competencies": None if by_answer else competencies,
        "glob": ["*.csv", "*.zip", "*.xlsx"],
        "encodings": ["utf-8-sig", "utf-16", "cp1252"],
        "escape": "\\" if quirks.escape == "backslash" else None,
        "positions": _table([], quirks, seed)[0] if quirks.header == "none" else None,
        "dates": {"evaluated_at": zone, "interaction_at": zone},
        "order": {"name": order} if order else None,
        "tombstones": ["Inactive", "Deleted"],
        "skip_rows": [r"(?i)\s*(grand\s+)?totals?\b"],
        "keep": list(keep),
        "aliases": {name: [header] for name, header in _COLUMNS if by_answer or name not in _OF_ANSWER},
    }


def expected(
    truth: Sequence[TrueEvaluation], *, comments: bool = False, grain: str = "answer"
) -> dict[str, dict[str, Any] | None]:
    """Return the payload of each evaluation by id, as reading any file made from the truth must give it; None: gone."""
    found: dict[str, dict[str, Any] | None] = {}
    for e in truth:
        columns = {
            "evaluation_id": e.evaluation_id,
            "form_name": e.form_name,
            "form_version": e.form_version,
            "employee": e.employee,
            "evaluator": e.evaluator,
            "interaction_id": e.interaction_id,
            "ticket_id": e.ticket_id,
            "active": "Active",
        }
        times = {"evaluated_at": f"{e.evaluated_at:%Y-%m-%dT%H:%M:%SZ}"}
        if e.interaction_at:
            times["interaction_at"] = f"{e.interaction_at:%Y-%m-%dT%H:%M:%SZ}"
        rows = [_answer(answer, at, grain, comments=comments) for at, answer in enumerate(e.answers, start=1)]
        found[e.evaluation_id] = (
            None
            if not e.active
            else {
                "columns": {name: text for name, text in columns.items() if text},
                "times": times,
                "rows": rows if grain == "answer" else [row for row in rows if len(row) > 1],
            }
        )
    return found


def _answer(answer: TrueAnswer, number: int, grain: str, *, comments: bool) -> dict[str, str]:
    if grain == "evaluation":
        named = {"name": f"Skill {number}", "rating": answer.answer, "comment": answer.comment}
    else:
        named = {name: getattr(answer, name) for name in TrueAnswer.__slots__}
    return {name: text for name, text in named.items() if text and (comments or name != "comment")}
