"""What the columns of a file without a header probably mean, guessed from their values: never used by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

_DAYS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%d-%b-%y"),
)
_HOURS = (" %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S.%f", " %H:%M:%S %z", "")
#: Date formats that exports are seen with, most usual first.
FORMATS = (
    *(day + hour for hour in _HOURS for day in _DAYS),
    *("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y%m%d %H:%M:%S"),
)
_NUMBER = re.compile(r"-?\d{1,6}([.,]\d{1,4})?%?")
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9_.:-]{2,63}")
_NAME = r"[^\W\d_][^\d,;:?!@]*"
_PERSON = re.compile(rf"{_NAME}, {_NAME}|[A-Za-z]{{1,4}}[-_]?\d{{1,9}}|[^@\s]+@[^@\s]+\.[^@\s]+")
_STATUS = re.compile(r"(?i)(in)?active|deleted|removed|void(ed)?")
_GONE = re.compile(r"(?i)inactive|deleted|removed|void(ed)?")
#: Up to so many different texts are the words of a list.
_FEW = 20


@dataclass(slots=True, kw_only=True)
class Position:
    """One column: the ``name`` it may have, whether that is a canonical one, and ``why``, which quotes no value."""

    name: str
    why: str
    known: bool = False
    formats: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Guess:
    """The columns of a file in order, what one row is, and the words that take an evaluation back."""

    positions: list[Position]
    grain: str
    tombstones: list[str] = field(default_factory=list)


def formats_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the date formats that all texts fit, most usual first.

    >>> formats_of(["01/31/2025 09:00:00", "02/01/2025 10:30:00"])
    ('%m/%d/%Y %H:%M:%S',)
    """
    left: tuple[str, ...] = FORMATS if texts else ()
    for text in texts:
        left = tuple(form for form in left if _moment(text, form) is not None)
    return left


def tombstones_of(texts: Sequence[str]) -> list[str]:
    """Return the words of a status column that probably take an evaluation back.

    >>> tombstones_of(["Active", "Inactive", "Active", "Deleted"])
    ['Deleted', 'Inactive']
    """
    return sorted({text for text in texts if _GONE.fullmatch(text)})


def is_data(cells: Sequence[str]) -> bool:
    """Whether a row is a record rather than a header: headers hold neither dates nor ids nor numbers alone.

    >>> is_data(["77001", "01/15/2025 14:05:10"]), is_data(["Evaluation ID", "Q1 2025"])
    (True, False)
    """
    return any(
        _NUMBER.fullmatch(cell) or (cell[:1].isdigit() and _ID.fullmatch(cell)) or formats_of([cell])
        for cell in map(str.strip, cells)
        if cell
    )


def guess(rows: Sequence[Sequence[str]]) -> Guess:
    """Guess from rows of one width what each column means."""
    columns = [_Column([row[at].strip() for row in rows]) for at in range(len(rows[0]))]
    made = [Position(name=f"Column {at}", why=column.looks) for at, column in enumerate(columns, start=1)]
    for at, column in enumerate(columns):
        same = next(
            (before for before in range(at) if column.texts == columns[before].texts and not column.is_empty), -1
        )
        if same >= 0:
            column.is_free, made[at].why = False, f"says what column {same + 1} says"

    def name(at: int, canonical: str) -> None:
        made[at] = Position(name=canonical, why=columns[at].looks, known=True, formats=columns[at].formats)
        columns[at].is_free = False

    def of_evaluation() -> list[int]:
        """Columns nobody has taken that say the same in every row of an evaluation."""
        ids = columns[evaluation].texts if by_answer else None
        return [at for at, c in enumerate(columns) if c.is_free and (ids is None or _depends(c.texts, ids))]

    evaluation = _evaluation(columns)
    by_answer = False
    if evaluation >= 0:
        name(evaluation, "evaluation_id")
        by_answer = columns[evaluation].different < len(rows)
        component = _component(columns, columns[evaluation].texts) if by_answer else -1
        if component >= 0:
            name(component, "component_id")
    for at, canonical in zip(_dates(columns), ("evaluated_at", "interaction_at"), strict=False):
        name(at, canonical)
    tombstones: list[str] = []
    status = next((at for at, c in enumerate(columns) if c.is_free and c.all_match(_STATUS)), -1)
    if status >= 0:
        name(status, "active")
        tombstones = tombstones_of(columns[status].said) or ["Inactive"]
    people = [at for at in of_evaluation() if columns[at].all_match(_PERSON) and columns[at].is_repeated]
    for at, canonical in zip(people, ("employee", "evaluator") if len(people) <= 2 else ("employee",), strict=False):
        name(at, canonical)
    for at in people[1:] if len(people) > 2 else ():
        made[at].why += ": evaluator, supervisor?"
    long_ids = [at for at, c in enumerate(columns) if c.is_free and c.all_match(re.compile(r"\d{10,19}"))]
    if long_ids:
        name(long_ids[0], "interaction_id")
    numbers = [at for at, c in enumerate(columns) if c.is_free and c.is_number]
    if by_answer:
        of_answers = [at for at in numbers if not _depends(columns[at].texts, columns[evaluation].texts)]
        for at, canonical in zip(_points(columns, of_answers), ("points", "max_points"), strict=False):
            name(at, canonical)
    else:
        for at in [at for at in numbers if 10 < max(map(_value, columns[at].said)) <= 100][:1]:
            name(at, "overall_score")
    forms = [at for at in of_evaluation() if columns[at].is_form]
    if forms:
        name(max(forms, key=lambda at: len(max(columns[at].said, key=len))), "form_name")
    return Guess(positions=made, grain="answer" if by_answer else "evaluation", tombstones=tombstones)


class _Column:
    """The texts of one column, and what they look like."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.said = [text for text in texts if text]
        self.is_empty = not self.said
        self.is_full = len(self.said) == len(texts)
        self.different = len(set(self.said))
        self.formats = formats_of(self.said)
        self.is_free = not self.is_empty

    def all_match(self, pattern: re.Pattern[str]) -> bool:
        return bool(self.said) and all(pattern.fullmatch(text) for text in self.said)

    @property
    def is_repeated(self) -> bool:
        return self.different < len(self.said)

    @property
    def is_number(self) -> bool:
        return self.all_match(_NUMBER)

    @property
    def is_form(self) -> bool:
        """Whether it may be the name of a form: a few wordy texts in every row."""
        wordy = sum(any(letter.isalpha() for letter in text) and len(text) > 3 for text in self.said)
        return self.is_full and self.different <= _FEW and wordy == len(self.said) and "\n" not in "".join(self.said)

    @property
    def looks(self) -> str:
        if self.is_empty:
            return "always empty"
        often = ", sometimes empty" if not self.is_full else "" if self.is_repeated else ", different in every row"
        if self.formats:
            return "dates" + often
        if self.is_number:
            return "numbers" + often
        if self.all_match(_PERSON):
            return "people or codes" + often
        if self.all_match(_ID):
            return "ids" + often
        few = "one text" if self.different == 1 else f"{self.different} different texts"
        return (few if self.different <= _FEW else "free text") + often


def _evaluation(columns: Sequence[_Column]) -> int:
    """The column of ids that tells evaluations apart: different in every row, or dates depend on it."""
    ids = [at for at, c in enumerate(columns) if c.is_free and c.is_full and c.all_match(_ID) and not c.formats]
    whole = [at for at in ids if not columns[at].is_repeated]
    if whole:
        # Several may be: exports usually list their records in the order of their ids.
        return next((at for at in whole if columns[at].texts == sorted(columns[at].texts)), whole[0])
    dates = [c.texts for c in columns if c.formats and c.is_full]
    fitting = [at for at in ids if dates and all(_depends(texts, columns[at].texts) for texts in dates)]
    return max(fitting, key=lambda at: columns[at].different, default=-1)


def _component(columns: Sequence[_Column], evaluations: Sequence[str]) -> int:
    """The column that tells the answers of one evaluation apart; rather ids than words."""

    def tells_apart(column: _Column) -> bool:
        pairs = Counter(zip(evaluations, column.texts, strict=True))
        return column.is_free and column.is_full and not column.formats and max(pairs.values()) == 1

    found = [at for at, column in enumerate(columns) if tells_apart(column)]
    return next((at for at in found if columns[at].all_match(_ID)), found[0] if found else -1)


def _depends(values: Sequence[str], keys: Sequence[str]) -> bool:
    return len(set(zip(keys, values, strict=True))) == len(set(keys))


def _dates(columns: Sequence[_Column]) -> list[int]:
    """Columns of dates; the evaluation's, which is always known and not before the interaction's, first."""
    found = [at for at, c in enumerate(columns) if c.is_free and c.formats]

    def later(at: int) -> tuple[bool, int]:
        def moments(place: int) -> list[datetime | None]:
            return [_moment(text, columns[place].formats[0]) for text in columns[place].texts]

        mine = moments(at)
        wins = sum(
            a is not None and b is not None and a > b
            for other in found
            if other != at
            for a, b in zip(mine, moments(other), strict=True)
        )
        return columns[at].is_full, wins

    return sorted(found, key=lambda at: (*(-int(value) for value in later(at)), at))


def _points(columns: Sequence[_Column], numbers: Sequence[int]) -> Sequence[int]:
    """A column of points and one of what they are out of; else what may be points."""
    for points in numbers:
        for most in numbers:
            pairs = [(a, b) for a, b in zip(columns[points].texts, columns[most].texts, strict=True) if a or b]
            is_within = all(a and b and _value(a) <= _value(b) for a, b in pairs)
            if points != most and is_within and any(_value(a) < _value(b) for a, b in pairs):
                return points, most
    return numbers[:1]


def _value(text: str) -> float:
    return float(text.rstrip("%").replace(",", "."))


def _moment(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 (only the shape and the order matter)
    except ValueError:
        return None
