"""Dates as serial numbers (days since 1899-12-30) and the formats that show numbers."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any

EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  (a sheet's dates have no zone)
DATE_KINDS = frozenset({"DATE", "TIME", "DATE_TIME"})
DEFAULT_PATTERNS = {
    "DATE": "yyyy-mm-dd",
    "TIME": "hh:mm:ss",
    "DATE_TIME": "yyyy-mm-dd hh:mm:ss",
    "PERCENT": "0.00%",
    "NUMBER": "#,##0.00",
}
_DATE_PARTS = re.compile(r'"[^"]*"|yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm|.', re.IGNORECASE)


def to_moment(serial: float) -> datetime:
    """Return the moment of a serial number, to the nearest microsecond.

    >>> to_moment(43831).isoformat()
    '2020-01-01T00:00:00'
    """
    return EPOCH + timedelta(microseconds=round(serial * 86_400_000_000))


def to_serial(moment: datetime) -> float:
    """Return the serial number of a moment without zone."""
    return (moment - EPOCH) / timedelta(days=1)


def general(number: float) -> str:
    """Show a number as a cell without a format does.

    >>> general(2.0), general(0.12), general(1e20)
    ('2', '0.12', '1E+20')
    """
    if math.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return str(int(number))
    text = f"{number:.10g}"
    return text.replace("e+", "E+").replace("e-", "E-")


def show(number: float, form: dict[str, Any] | None) -> str:
    """Show a number through a NumberFormat.

    >>> show(0.125, {"type": "PERCENT", "pattern": "0.0%"}), show(1234.5, {"type": "NUMBER", "pattern": "#,##0.00"})
    ('12.5%', '1,234.50')
    """
    if not form:
        return general(number)
    kind = form.get("type", "")
    pattern = form.get("pattern") or DEFAULT_PATTERNS.get(kind, "")
    if kind in DATE_KINDS:
        return show_date(number, pattern)
    return show_number(number, pattern) if pattern and kind != "TEXT" else general(number)


def show_number(number: float, pattern: str) -> str:
    """Show a number through a pattern of 0, #, comma, point, percent, sign sections and quoted text.

    >>> show_number(-0.5, "+0.00;-0.00;0"), show_number(3, '0" h"')
    ('-0.50', '3 h')
    """
    sections = pattern.split(";")
    chosen = sections[0]
    if number < 0 and len(sections) > 1:
        chosen, number = sections[1], -number
    elif number == 0 and len(sections) > 2:
        chosen = sections[2]
    match = re.search(r"[#0][#0,]*(?:\.([#0]+))?", chosen)
    if not match:
        return re.sub(r'"([^"]*)"', r"\1", chosen)
    fraction = match[1] or ""
    value = number * 100 if "%" in chosen else number
    comma = "," if "," in match[0] else ""
    text = f"{value:{comma}.{len(fraction)}f}"
    for digit in reversed(fraction):
        if digit != "#" or not text.endswith("0"):
            break
        text = text[:-1]
    text = text.rstrip(".")
    shown = chosen[: match.start()] + text + chosen[match.end() :]
    return re.sub(r'"([^"]*)"', r"\1", shown)


def show_date(serial: float, pattern: str) -> str:
    """Show a serial number through a date pattern.

    >>> show_date(45292.5, "yyyy-mm-dd hh:mm")
    '2024-01-01 12:00'
    """
    moment = to_moment(serial)
    out: list[str] = []
    after_hour = False
    for token in _DATE_PARTS.findall(pattern):
        low = token.lower()
        if token.startswith('"'):
            out.append(token.strip('"'))
        elif low in {"mm", "m"} and after_hour:
            out.append(f"{moment.minute:0{len(low)}d}")
            after_hour = False
        elif low[0] in "ymdhs" and low.isalpha():
            out.append(_date_part(moment, low))
            after_hour = low[0] == "h" or (after_hour and low[0] not in "ymd")
        else:
            out.append(token)
    return "".join(out)


def _date_part(moment: datetime, part: str) -> str:
    return {
        "yyyy": f"{moment.year:04d}",
        "yy": f"{moment.year % 100:02d}",
        "mmmm": f"{moment:%B}",
        "mmm": f"{moment:%b}",
        "mm": f"{moment.month:02d}",
        "m": str(moment.month),
        "dddd": f"{moment:%A}",
        "ddd": f"{moment:%a}",
        "dd": f"{moment.day:02d}",
        "d": str(moment.day),
        "hh": f"{moment.hour:02d}",
        "h": str(moment.hour),
        "ss": f"{moment.second:02d}",
        "s": str(moment.second),
    }[part]
