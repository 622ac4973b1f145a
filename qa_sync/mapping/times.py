"""Formats of dates and times: a documented subset, read the same way everywhere and never guessed.

``iso`` is ISO 8601 with an offset (``2026-01-05T09:30:00Z``), ``epoch`` and ``epoch_ms`` count from 1970 in UTC.
Everything else is spelled with ``%Y %m %d %H %I %p %M %S %f %b %B %z``. Two-digit years are not in the subset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_sync.mapping.problems import NotInSubset

Kind = Literal["iso", "epoch", "epoch_ms", "spelled"]

MIN_YEAR, MAX_YEAR = 1900, 2199
_SHORT_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_OFFSET = "(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])"
_CLOCK = "(?:[01][0-9]|2[0-3])"
DIRECTIVES = {
    "Y": "[1-9][0-9]{3}",
    "m": "(?:0?[1-9]|1[0-2])",
    "d": "(?:0?[1-9]|[12][0-9]|3[01])",
    "H": "(?:[01]?[0-9]|2[0-3])",
    "I": "(?:0?[1-9]|1[0-2])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,6}",
    "p": "(?i:AM|PM)",
    "b": f"(?i:{_SHORT_MONTHS})",
    "B": f"(?i:{_MONTHS})",
    "z": _OFFSET,
}
_ISO = (
    f"[1-9][0-9]{{3}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T ]{_CLOCK}:[0-5][0-9]"
    f"(?::[0-5][0-9](?:\\.[0-9]{{1,9}})?)?{_OFFSET}"
)
_SPECIAL: dict[str, tuple[Kind, str]] = {
    "iso": ("iso", _ISO),
    "epoch": ("epoch", "[0-9]{1,11}(?:\\.[0-9]{1,6})?"),
    "epoch_ms": ("epoch_ms", "[0-9]{1,14}(?:\\.0+)?"),
}


class FormatError(NotInSubset):
    """The format is outside the subset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """One way a date or time may be written. ``regex`` is what a text must match whole before it is read."""

    text: str
    kind: Kind
    regex: str
    has_time: bool
    has_offset: bool


def parse_format(text: str) -> TimeFormat:
    """Read a format.

    Raises:
        FormatError: it is outside the subset, or leaves year, month or day open.
    """
    if text in _SPECIAL:
        kind, regex = _SPECIAL[text]
        return TimeFormat(text=text, kind=kind, regex=regex, has_time=True, has_offset=True)
    used: list[str] = []
    regex = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char != "%":
            if not (char.isascii() and char.isprintable()) or (char.isalnum() and char != "T"):
                msg = f"{char!r} cannot stand in a format"
                raise FormatError(msg, "no letters but T, and no digits")
            regex += char if char.isalnum() else "\\" + char
            at += 1
            continue
        letter = text[at + 1 : at + 2]
        if letter not in DIRECTIVES:
            hint = (
                "two-digit years are ambiguous; have the export write four"
                if letter == "y"
                else ("allowed: " + " ".join(f"%{known}" for known in DIRECTIVES))
            )
            msg = f"%{letter} is not in the subset"
            raise FormatError(msg, hint)
        if letter in used:
            msg = f"%{letter} stands twice"
            raise FormatError(msg)
        used.append(letter)
        regex += DIRECTIVES[letter]
        at += 2
    _check(used, text)
    return TimeFormat(
        text=text, kind="spelled", regex=regex, has_time="H" in used or "I" in used, has_offset="z" in used
    )


def _check(used: list[str], text: str) -> None:
    months = sum(letter in used for letter in "mbB")
    if "Y" not in used or "d" not in used or months != 1:
        msg = f"{text!r} does not say year, month and day once each"
        raise FormatError(msg, "such as %d/%m/%Y; or use iso, epoch, epoch_ms")
    if ("I" in used) != ("p" in used) or ("I" in used and "H" in used):
        msg = "%I and %p go together, and not with %H"
        raise FormatError(msg)
    hours = "H" in used or "I" in used
    if ("M" in used and not hours) or ("S" in used and "M" not in used) or ("f" in used and "S" not in used):
        msg = f"{text!r} leaves a gap between its units"
        raise FormatError(msg, "%S needs %M, and %M needs %H")
    if "z" in used and (used[-1] != "z" or not text.endswith("%z") or not hours):
        msg = "%z stands at the end of a format with a time"
        raise FormatError(msg)
