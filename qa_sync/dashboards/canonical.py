"""Turn report columns into cells: typed, bounded, and the same for Sheets and Excel."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from qa_sync.dashboards.cells import Cell, Kind

MAX_TEXT = 50_000
_EPOCH = date(1899, 12, 30)
_EXACT = 2**53


def cells_of(column: pa.ChunkedArray | pa.Array, kind: Kind, *, zone: str = "UTC") -> list[Cell]:
    """Return the cells of one column.

    Times become serial numbers of the local clock of ``zone``; NaN and infinities are empty; integers
    that a double cannot hold become text; text is cut at 50,000 characters and cannot hold lone surrogates.
    """
    values = column.to_pylist()
    if kind == "text":
        return [_text(value) for value in values]
    if kind == "boolean":
        return [None if value is None else bool(value) for value in values]
    if kind == "date":
        return [None if value is None else float((value - _EPOCH).days) for value in values]
    if kind == "time":
        local = ZoneInfo(zone)
        return [None if value is None else _serial(value, local) for value in values]
    return [_number(value) for value in values]


def day_of(moment: datetime, *, zone: str) -> float:
    """Return the day of a moment on the local clock of ``zone``, as a serial number."""
    return float(math.floor(_serial(moment, ZoneInfo(zone))))


def _text(value: object) -> Cell:
    if value is None or value == "":
        return None
    text = ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
    text = text.encode("utf-8", "replace").decode()[:MAX_TEXT]
    return text or None


def _number(value: object) -> Cell:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def _serial(value: datetime, zone: ZoneInfo) -> float:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    local = moment.astimezone(zone)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return (local.date() - _EPOCH).days + round(seconds / 86400, 9)
