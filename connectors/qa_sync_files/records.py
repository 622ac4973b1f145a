"""Turn rows into raw records: id, order and payload of each, by one select per piece."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.model.system import PAGE
from qa_sync_files.finding import Found
from qa_sync_files.rows import BadRow, Rows, Unreadable
from qa_sync_files.settings import FILE_NAMES, ROW_NAMES, StreamSettings

_ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?( ?Z|[+-]\d{2}(:?\d{2})?)?)?"
#: Rows of one numbered file come behind all rows of the file before: number * 2^32 + row.
_ROWS_OF_A_FILE = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOrder:
    """What a file's name says about order: a moment, or a running number, or nothing."""

    stamp: datetime | None = None
    number: int = 0


def name_order(name: str, stream: StreamSettings, zone: ZoneInfo) -> NameOrder:
    """Read date, time or number out of a file's name.

    Raises:
        Unreadable: the pattern is not in the name, or what it found is no date.
    """
    if stream.order.from_name is None:
        return NameOrder()
    found = re.search(stream.order.from_name, name.rsplit("/", 1)[-1])
    if found is None:
        msg = "its name does not match order.from_name, so its place among the files is not known"
        raise Unreadable(msg)
    groups = found.groupdict()
    if groups.get("number") is not None:
        number = re.sub(r"\D", "", groups["number"])
        if not number or int(number) >= 2**31:
            msg = "its running number is none, or too large"
            raise Unreadable(msg)
        return NameOrder(number=int(number))
    digits = re.sub(r"\D", "", groups.get("date") or found.group(1) or "")
    pattern = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits), "")
    try:
        moment = datetime.strptime(digits, pattern).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        msg = "what order.from_name finds in its name is no date"
        raise Unreadable(msg) from None
    return NameOrder(stamp=moment)


class RecordMaker:
    """Makes records of one stream; holds an in-memory DuckDB."""

    def __init__(self, stream: StreamSettings, zone: ZoneInfo) -> None:
        self._stream = stream
        self._zone = zone
        self._con = duckdb.connect(":memory:", config={"threads": "2"})
        self._con.execute(f"SET TimeZone={_literal(str(zone))}")

    def close(self) -> None:
        """Drop the database."""
        self._con.close()

    def make(self, file: Found, rows: Rows, order: NameOrder) -> tuple[pa.Table, list[BadRow]]:
        """Return the records of some rows (schema PAGE) and all that is bad among them, in order."""
        made = self._select(file, rows, order)
        bad = list(rows.bad)
        broken = made.filter(pc.is_valid(made["bad_field"]))
        for row in broken.to_pylist():
            digest = hashlib.sha256(row["payload"].encode()).hexdigest()
            bad.append(BadRow(number=row["n"], reason=row["bad_reason"], field=row["bad_field"], content_hash=digest))
        good = made.filter(pc.is_null(made["bad_field"]))
        if rows.payload is None and any(pa.types.is_nested(column.type) for column in rows.columns.values()):
            good, unsayable = _sayable(good)
            bad += unsayable
        bad.sort(key=lambda row: row.number)
        return good.select(PAGE.names).cast(PAGE), bad

    def _select(self, file: Found, rows: Rows, order: NameOrder) -> pa.Table:
        arrays: list[Any] = [rows.numbers, *rows.columns.values()]
        aliases = ["n", *(f"c{at}" for at in range(len(rows.columns)))]
        if rows.payload is not None:
            arrays.append(rows.payload)
            aliases.append("p")
        self._con.register("piece", pa.table(arrays, names=aliases))
        column = {
            name: (alias, rows.columns[name].type) for alias, name in zip(aliases[1:], rows.columns, strict=False)
        }
        problems: list[tuple[str, str, str]] = []
        parts = []
        for name in self._stream.key:
            text = self._key_text(name, file, column)
            problems.append((f"trim(coalesce({text}, '')) = ''", name, "blank key"))
            parts.append(f"replace(replace({text}, '\\', '\\\\'), '|', '\\|')")
        identity = " || '|' || ".join(parts) or f"{_literal(file.name)} || ':' || n"
        stamp, seq = self._order_sql(column, order, problems)
        field = " ".join(f"WHEN {test} THEN {_literal(name)}" for test, name, _ in problems)
        reason = " ".join(f"WHEN {test} THEN {_literal(why)}" for test, _, why in problems)
        sql = f"""
            SELECT n, {identity} AS id, {stamp} AS source_stamp, {seq} AS source_seq, false AS deleted,
                   {"p" if rows.payload is not None else self._payload_sql(file, column)} AS payload,
                   {f"CASE {field} END" if field else "NULL::VARCHAR"} AS bad_field,
                   {f"CASE {reason} END" if reason else "NULL::VARCHAR"} AS bad_reason
            FROM piece ORDER BY n"""
        try:
            made = self._con.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            reason_text = f"its columns have a type that cannot be stored: {type(error).__name__}"
            raise Unreadable(reason_text) from None
        finally:
            self._con.unregister("piece")
        return made

    def _key_text(self, name: str, file: Found, column: dict[str, tuple[str, pa.DataType]]) -> str:
        if name in column:
            return _text(*column[name])
        if name in FILE_NAMES:
            return _literal(file.name)
        if name in ROW_NAMES:
            return "CAST(n AS VARCHAR)"
        raise Unreadable(f"no column {name!r}", field=name)  # noqa: EM102

    def _order_sql(
        self, column: dict[str, tuple[str, pa.DataType]], order: NameOrder, problems: list[tuple[str, str, str]]
    ) -> tuple[str, str]:
        settings = self._stream.order
        stamp, seq = "NULL::TIMESTAMPTZ", f"{order.number * _ROWS_OF_A_FILE} + n"
        if order.stamp is not None:
            stamp = f"TIMESTAMPTZ {_literal(order.stamp.isoformat())}"
        elif settings.stamp is not None:
            text = _text(*column[settings.stamp])
            iso = f"regexp_full_match(trim({text}), {_literal(_ISO)})"
            stamp = f"CASE WHEN {iso} THEN TRY_CAST(replace(trim({text}), ',', '.') AS TIMESTAMPTZ) END"
            problems.append((f"({stamp}) IS NULL", settings.stamp, "no ISO date or time, and order depends on it"))
        if settings.seq is not None:
            text = _text(*column[settings.seq])
            seq = f"CASE WHEN regexp_full_match(trim({text}), '[+-]?\\d{{1,18}}') THEN CAST(trim({text}) AS BIGINT) END"
            problems.append((f"({seq}) IS NULL", settings.seq, "no whole number, and order depends on it"))
        return f"CAST({stamp} AS TIMESTAMPTZ)", f"CAST({seq} AS BIGINT)"

    def _payload_sql(self, file: Found, column: dict[str, tuple[str, pa.DataType]]) -> str:
        names = list(column) if self._stream.keep is None else [name for name in self._stream.keep if name in column]
        pairs = [f"{_literal(name)}, {_json_value(*column[name])}" for name in names]
        if "file" in self._stream.metadata:
            pairs.append(f"'_file', {_literal(file.name)}")
        if "row" in self._stream.metadata:
            pairs.append("'_row', n")
        return f"CAST(json_object({', '.join(pairs)}) AS VARCHAR)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(alias: str, kind: pa.DataType) -> str:
    """A value as the text that stands in an id: 12.0 is '12'."""
    text = f"CAST({alias} AS VARCHAR)"
    return f"regexp_replace({text}, '\\.0$', '')" if pa.types.is_floating(kind) else text


def _json_value(alias: str, kind: pa.DataType) -> str:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return f"nullif({alias}, '')"
    if pa.types.is_floating(kind):
        return f"CASE WHEN isfinite({alias}) THEN {alias} END"  # JSON has no word for NaN
    if pa.types.is_timestamp(kind):
        iso = (
            f"strftime({alias} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
            if kind.tz is not None
            else (f"strftime({alias}, '%Y-%m-%dT%H:%M:%S.%f')")
        )
        return f"regexp_replace({iso}, '\\.000000', '')"
    return alias


def _sayable(made: pa.Table) -> tuple[pa.Table, list[BadRow]]:
    """Set aside rows whose payload is no JSON: NaN or infinity deep inside a list or struct."""
    decoder = msgspec.json.Decoder(dict)
    bad: list[BadRow] = []
    for number, payload in zip(made["n"].to_pylist(), made["payload"].to_pylist(), strict=True):
        try:
            decoder.decode(payload)
        except msgspec.DecodeError:
            digest = hashlib.sha256(payload.encode()).hexdigest()
            bad.append(BadRow(number=number, reason="holds a number that JSON cannot say", content_hash=digest))
    numbers: Sequence[int] = [row.number for row in bad]
    return made.filter(pc.invert(pc.is_in(made["n"], value_set=pa.array(numbers, pa.int64())))), bad
