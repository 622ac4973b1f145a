"""The mapping language in slow, obvious Python: what the compiled SQL must agree with."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from qa_sync.mapping.language import (
    Coalesce,
    Condition,
    Const,
    CustomField,
    Expression,
    Field,
    From,
    Question,
    TableMapping,
    Template,
)
from qa_sync.mapping.paths import Path
from qa_sync.mapping.times import TimeFormat
from qa_sync.model import TABLES

BLANK = " \t\r\n"
CONTAINER = "a list or an object, where one value is expected"
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MISSING = object()


class Bad(Exception):
    """A value cannot be made; the argument is the reason."""


class Number(str):
    """The text of a JSON number."""


def decode(payload: str) -> Any:
    """JSON as the language sees it: the first of two equal keys, numbers as texts in their shortest form."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(found))

    return json.loads(payload, object_pairs_hook=pairs, parse_int=_integer, parse_float=_fraction)


def _integer(raw: str) -> Number:
    return Number(int(raw) if -(2**63) <= int(raw) < 2**64 else raw)


def _fraction(raw: str) -> Number:
    value = float(raw)
    if math.isinf(value):
        return Number(raw)
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return Number(sign + "0.0")
    _, digits, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    if len(text) <= point <= 21:
        shown = text + "0" * (point - len(text)) + ".0"
    elif 0 < point <= 21:
        shown = text[:point] + "." + text[point:]
    elif -6 < point <= 0:
        shown = "0." + "0" * -point + text
    else:
        shown = text[0] + ("." + text[1:] if len(text) > 1 else "") + f"e{point - 1}"
    return Number(sign + shown)


class Row:
    """One record, or one element of a list in it."""

    def __init__(self, record: Any, element: Any, record_id: str, source: str, position: int) -> None:
        self.record, self.element = record, element
        self.words = {"_record_id": record_id, "_source": source, "_position": str(position)}

    def json(self, place: From | CustomField) -> Any:
        if isinstance(place, CustomField):
            listed = self.record.get("custom_fields") if isinstance(self.record, dict) else None
            for item in listed if isinstance(listed, list) else []:
                if isinstance(item, dict) and scalar(item.get("id")) == place.id:
                    return item.get("value")
            return None
        if place.path.scope == "word":
            return self.words[str(place.path.segments[0])]
        return at(self.record if place.path.scope == "record" else self.element, place.path)

    def text(self, place: From | CustomField) -> str | None:
        found = self.json(place)
        if isinstance(place, From) and place.path.scope == "word":
            return str(found)
        if isinstance(found, (list, dict)):
            raise Bad(CONTAINER)
        return clean(scalar(found))


def at(data: Any, path: Path) -> Any:
    for segment in path.segments:
        if isinstance(segment, int):
            data = data[segment] if isinstance(data, list) and segment < len(data) else None
        else:
            data = data.get(segment) if isinstance(data, dict) else None
    return data


def scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def clean(text: str | None) -> str | None:
    return (text or "").strip(BLANK) or None


def express(expression: Expression, row: Row) -> str | None:
    text = _gated(expression, row)
    if expression.match and text is not None:
        found = re.search(expression.match.pattern.regex, text, re.ASCII)
        text = clean(found.group(expression.match.group)) if found else None
    if expression.values and text is not None:
        table = dict(expression.values.table)
        if text not in table and expression.values.rejects:
            raise Bad("a value that values: does not list")
        text = table.get(text, expression.values.default)
    return text


def _gated(expression: Expression, row: Row) -> str | None:
    if expression.when and not holds(expression.when, row):
        return None
    source = expression.source
    if isinstance(source, Const):
        return source.value
    if isinstance(source, Template):
        parts = [part if isinstance(part, str) else row.text(part) for part in source.parts]
        return None if any(part is None for part in parts) else "".join(part or "" for part in parts)
    if isinstance(source, Coalesce):
        return next((text for text in (express(option, row) for option in source.options) if text is not None), None)
    return row.text(source)


def holds(condition: Condition, row: Row) -> bool:
    """All parts are looked at before an answer is given, so that a bad value is always told."""
    if isinstance(condition, Question):
        text = express(condition.expression, row)
        if condition.op == "is_null":
            return text is None
        if condition.op == "in":
            return text in condition.texts
        assert condition.pattern
        return text is not None and re.search(condition.pattern.regex, text, re.ASCII) is not None
    parts, bad = [], None
    for part in condition.parts:
        try:
            parts.append(holds(part, row))
        except Bad as error:
            bad = bad or error
    if bad:
        raise bad
    return not parts[0] if condition.how == "not" else (all(parts) if condition.how == "all" else any(parts))


# --- types ----------------------------------------------------------------------------------------------------
def convert(field: Field, text: str) -> Any:
    if field.type == "text":
        return text
    if field.type == "number":
        return _scaled(field, _number(text))
    if field.type == "integer":
        if not re.fullmatch(r"[+-]?[0-9]+(\.0*)?", text) or not -(2**63) <= int(text.split(".")[0]) < 2**63:
            raise Bad("not a whole number")
        return int(text.split(".")[0])
    if field.type == "boolean":
        if text.lower() not in {"true", "false"}:
            raise Bad("not true or false")
        return text.lower() == "true"
    return _moment(field, text)


def _number(text: str) -> float:
    if not re.fullmatch(NUMBER, text) or math.isinf(float(text)):
        raise Bad("not a number")
    return float(text) + 0.0


def _scaled(field: Field, value: float) -> float:
    scale = field.scale
    if scale is None:
        return value
    if scale.low is not None and scale.high is not None and not scale.low <= value <= scale.high:
        raise Bad(f"outside the scale from {scale.low:g} to {scale.high:g}")
    value = (value - scale.start) * scale.factor + scale.offset
    if math.isinf(value):
        raise Bad("out of range once scaled")
    return value + 0.0


def _moment(field: Field, text: str) -> datetime | date:
    for one in field.formats:
        found = _read(one, text, field)
        if found is None:
            continue
        if found is MISSING or not 1900 <= found.year <= 2199:
            raise Bad("before 1900 or after 2199")
        return found
    raise Bad(f"not a {field.type} as the formats say")


def _read(one: TimeFormat, text: str, field: Field) -> Any:
    zone = ZoneInfo(field.time_zone or "UTC")
    if not re.fullmatch(one.regex, text):
        return None
    try:
        if one.kind == "epoch":
            made = EPOCH + timedelta(microseconds=int(Decimal(text) * 1_000_000))
        elif one.kind == "epoch_ms":
            made = EPOCH + timedelta(milliseconds=int(text.split(".")[0]))
        else:
            try:
                local, offset = _pieces(one, text)
            except ValueError:
                return None
            if field.type == "date" and offset is None:
                return local.date()
            made = _global(local, zone) if offset is None else (local - offset).replace(tzinfo=UTC)
        return made.astimezone(zone).date() if field.type == "date" else made
    except OverflowError:
        return MISSING


def _global(local: datetime, zone: ZoneInfo) -> datetime:
    """A time that comes twice is the second; one that never comes counts with the offset before the change."""
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _pieces(one: TimeFormat, text: str) -> tuple[datetime, timedelta | None]:
    spelled = "%Y-%m-%dT%H:%M:%S.%f%z" if one.kind == "iso" else one.text
    got: dict[str, str] = {}
    if one.kind == "iso":
        found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-].*)", text)
        assert found
        got = dict(zip("YmdHMSfz", found.groups(), strict=True))
        got["f"] = (got["f"] or "")[:6]
    else:
        names = {
            "Y": r"\d{4}",
            "m": r"\d\d?",
            "d": r"\d\d?",
            "H": r"\d\d?",
            "I": r"\d\d?",
            "M": r"\d\d",
            "S": r"\d\d",
            "f": r"\d+",
            "p": "[AaPp][Mm]",
            "b": "[A-Za-z]{3}",
            "B": "[A-Za-z]+",
            "z": "Z|[+-][0-9:]+",
        }
        pattern = re.sub(r"%(.)", lambda m: f"(?P<{m[1]}>{names[m[1]]})", re.escape(spelled).replace("\\%", "%"))
        found = re.fullmatch(pattern, text)
        assert found
        got = found.groupdict()
    month = got.get("m") or str(MONTHS.index((got.get("b") or got["B"])[:3].lower()) + 1)
    hour = int(got.get("H") or got.get("I") or 0)
    if got.get("p"):
        hour = hour % 12 + (12 if got["p"].lower() == "pm" else 0)
    local = datetime(  # noqa: DTZ001 - local on purpose
        int(got["Y"]),
        int(month),
        int(got["d"]),
        hour,
        int(got.get("M") or 0),
        int(got.get("S") or 0),
        int((got.get("f") or "0").ljust(6, "0")),
    )
    offset = got.get("z")
    if offset is None:
        return local, None
    if offset == "Z":
        return local, timedelta(0)
    size = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return local, -size if offset[0] == "-" else size


def _texts(field: Field, row: Row) -> list[str] | None:
    source = field.expression.source
    assert isinstance(source, (From, CustomField))
    found = row.json(source)
    listed = found if isinstance(found, list) else [found]
    if any(isinstance(item, (list, dict)) for item in listed):
        raise Bad(CONTAINER)
    return [text for text in map(clean, map(scalar, listed)) if text is not None] or None


# --- rows -----------------------------------------------------------------------------------------------------
def interpret(spec: TableMapping, raw: dict[str, Any], *, source: str, zone: str) -> list[dict[str, Any]]:
    """Return the rows that one raw version makes, as the select must return them."""
    schema = TABLES[spec.table]
    blank: dict[str, Any] = dict.fromkeys(column.name for column in schema.stored_columns)
    blank |= {
        "record_id": raw["id"],
        "source_stamp": raw["source_stamp"],
        "source_seq": raw["source_seq"],
        "payload_hash": raw["payload_hash"],
        "ingested_at": raw["ingested_at"],
    }
    marker = blank | {"deleted": True, "_skipped": False, "_problems": []}

    def fault(field: str, reason: str) -> dict[str, Any]:
        problem = {"field": field, "reason": reason, "severity": "reject"}
        return blank | {"deleted": False, "_skipped": False, "_problems": [problem]}

    if raw["deleted"] or raw["payload"] is None:
        return [marker]
    try:
        record = decode(raw["payload"])
    except ValueError:
        return [fault("payload", "not JSON")]
    if spec.each is None:
        row = _row(spec, Row(record, record, raw["id"], source, 0), blank, zone)
        return [row or marker | {"_skipped": True}]
    listed = at(record, spec.each)
    if listed is not None and not isinstance(listed, list):
        return [fault("each", "not a list"), marker]
    made = [
        _row(spec, Row(record, element, raw["id"], source, place), blank, zone)
        for place, element in enumerate(listed or [], start=1)
    ]
    rows = [row for row in made if row]
    if any(not _rejected(row) for row in rows):
        return rows
    return [*rows, marker | {"_skipped": bool(made) and not rows}]


def _rejected(row: dict[str, Any]) -> bool:
    return any(problem["severity"] == "reject" for problem in row["_problems"])


def _row(spec: TableMapping, row: Row, blank: dict[str, Any], zone: str) -> dict[str, Any] | None:
    schema = TABLES[spec.table]
    problems: list[dict[str, str]] = []
    made = dict(blank)
    try:
        if spec.when and not holds(spec.when, row):
            return None
    except Bad as error:
        problems.append({"field": "when", "reason": str(error), "severity": "reject"})
    for field in spec.fields:
        column = schema.column(field.column)
        try:
            value = _value(field, row, column.values)
            if value is None and column.required:
                raise Bad("required, and no value was found")
            made[field.column] = value
        except Bad as error:
            severity = "finding" if field.on_bad == "missing" and not column.required else "reject"
            problems.append({"field": field.column, "reason": str(error), "severity": severity})
    labels: list[tuple[str, str]] = []
    for field in spec.dimensions:
        try:
            text = express(field.expression, row)
            labels += [(field.column, text)] if text is not None else []
        except Bad as error:
            severity = "finding" if field.on_bad == "missing" else "reject"
            problems.append({"field": f"dimensions.{field.column}", "reason": str(error), "severity": severity})
    if spec.dimensions:
        made["dimensions"] = labels
    for column in schema.columns:
        if column.event and made[column.name] is not None:
            local = made[column.name].astimezone(ZoneInfo(zone))
            year, week, _ = local.isocalendar()
            made[f"{column.stem}_date"], made[f"{column.stem}_week"] = local.date(), f"{year}-W{week:02}"
    return made | {"deleted": False, "_skipped": False, "_problems": problems}


def _value(field: Field, row: Row, allowed: tuple[str, ...]) -> Any:
    if field.type == "texts":
        return _texts(field, row)
    text = express(field.expression, row)
    value = None if text is None else convert(field, text)
    if allowed and value is not None and value not in allowed:
        raise Bad("not one of " + ", ".join(allowed))
    return value
