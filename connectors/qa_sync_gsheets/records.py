"""Rows of a tab as raw records: id from the key columns, payload as JSON text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from qa_sync.model.system import PAGE, PAGE_REJECTS
from qa_sync.notes import sayable
from qa_sync_gsheets.grid_rows import SheetRow, SheetTable
from qa_sync_gsheets.settings import TabSettings

_ENCODER = msgspec.json.Encoder(order="deterministic")


def record_id(values: dict[str, Any], key: Sequence[str]) -> str | None:
    r"""Return the id of a row: its key values joined by "|"; None when one of them is blank.

    >>> record_id({"person": 12, "from": "2026-01-01"}, ["person", "from"]), record_id({"a": "x|y"}, ["a"])
    ('12|2026-01-01', 'x\\|y')
    """
    parts: list[str] = []
    for name in key:
        value = values.get(name)
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        parts.append(text.replace("\\", "\\\\").replace("|", "\\|"))
    return "|".join(parts)


def make_records(table: SheetTable, tab: TabSettings) -> tuple[pa.Table, pa.Table, bool]:
    """Return the records (schema PAGE) and rejects (schema PAGE_REJECTS) of a tab, and whether it is a whole listing.

    A key that stands twice: the first row counts, the others are rejected. A row without key is rejected too,
    and then the records are no complete listing: who has just emptied a key cell has not deleted a person.
    """
    rows: list[dict[str, Any]] = []
    rejects: list[dict[str, str]] = []
    first: dict[str, int] = {}
    whole = True
    for row in table.rows:
        payload = _payload(row, tab)
        identity = record_id(row.values, tab.key)
        if identity is None:
            blank = next(name for name in tab.key if record_id(row.values, [name]) is None)
            rejects.append(_reject(f"row {row.number}", blank, "blank key", payload))
            whole = False
        elif identity in first:
            reason = f"the key stands twice: row {row.number} repeats row {first[identity]}"
            rejects.append(_reject(identity, tab.key[0], reason, payload))
        else:
            first[identity] = row.number
            rows.append(
                {
                    "id": identity,
                    "source_stamp": None,
                    "source_seq": row.number,
                    "deleted": False,
                    "payload": payload,
                }
            )
    return pa.Table.from_pylist(rows, schema=PAGE), pa.Table.from_pylist(rejects, schema=PAGE_REJECTS), whole


def _payload(row: SheetRow, tab: TabSettings) -> str:
    kept = row.values if tab.keep is None else {name: row.values[name] for name in tab.keep if name in row.values}
    text: str = _ENCODER.encode(sayable(kept)).decode()
    return text


def _reject(record: str, field: str, reason: str, payload: str) -> dict[str, str]:
    digest = hashlib.sha256(payload.encode()).hexdigest()
    return {"record_id": record, "field": field, "reason": reason, "payload_hash": digest}
