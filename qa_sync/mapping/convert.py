"""Compile conversions: a text becomes a typed value, or a reason why it cannot.

Each conversion first compares the whole text with a pattern, then casts, so that no engine's own generosity
(``1_000``, ``24:00``, ``NaN``) slips through.
"""

from __future__ import annotations

from qa_sync.engine.duck import literal
from qa_sync.mapping.express import Value
from qa_sync.mapping.extract import CONTAINER, Extracted, cleaned
from qa_sync.mapping.language import Field, Scale
from qa_sync.mapping.layers import Layers, Term, first
from qa_sync.mapping.times import MAX_YEAR, MIN_YEAR, TimeFormat

NUMBER = "[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INTEGER = "[+-]?[0-9]+(?:\\.0*)?"
_ITSELF = "e ->> '$'"
OUT_OF_RANGE = f"before {MIN_YEAR} or after {MAX_YEAR}"
REASONS = {
    "number": "not a number",
    "integer": "not a whole number",
    "boolean": "not true or false",
    "time": "not a time as the formats say",
    "date": "not a date as the formats say",
}


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def convert(layers: Layers, field: Field, found: Value) -> Value:
    """Return the typed value of a field other than a list of texts."""
    text = found.value
    if field.type == "text":
        return found
    if field.type in {"time", "date"}:
        return _moment(layers, field, found)
    sql = {
        "number": f"CASE WHEN {_matches(text.sql, NUMBER)} THEN try_cast({text.sql} AS DOUBLE) END",
        "integer": f"CASE WHEN {_matches(text.sql, INTEGER)} "
        f"THEN try_cast(split_part({text.sql}, '.', 1) AS BIGINT) END",
        "boolean": f"CASE lower({text.sql}) WHEN 'true' THEN true WHEN 'false' THEN false END",
    }[field.type]
    value = layers.name(sql, text)
    if field.type == "number":  # + 0.0 turns -0.0 into 0.0
        value = layers.name(f"CASE WHEN isfinite({value.sql}) THEN {value.sql} + 0.0 END", value)
    converted = Value(value, _failed(layers, text, value, found.reason, REASONS[field.type]))
    return _scaled(layers, field.scale, converted) if field.scale else converted


def _failed(layers: Layers, before: Term, after: Term, known: Term, reason: str) -> Term:
    new = layers.name(
        f"CASE WHEN {before.sql} IS NOT NULL AND {after.sql} IS NULL THEN {literal(reason)} END", before, after
    )
    return first(layers, known, new)


def _scaled(layers: Layers, scale: Scale, found: Value) -> Value:
    given = found.value
    formula = f"try(({given.sql} - {_double(scale.start)}) * {_double(scale.factor)} + {_double(scale.offset)})"
    inside = "true"
    reason = "out of range once scaled"
    if scale.low is not None and scale.high is not None:
        inside = f"{given.sql} BETWEEN {_double(scale.low)} AND {_double(scale.high)}"
        reason = f"outside the scale from {scale.low:g} to {scale.high:g}"
    value = layers.name(f"CASE WHEN {inside} THEN {formula} END", given)
    value = layers.name(f"CASE WHEN isfinite({value.sql}) THEN {value.sql} + 0.0 END", value)
    return Value(value, _failed(layers, given, value, found.reason, reason))


def _double(number: float) -> str:
    return f"CAST({literal(repr(number))} AS DOUBLE)"


def _moment(layers: Layers, field: Field, found: Value) -> Value:
    text = found.value
    read = _instant if field.type == "time" else _day
    attempts = [read(text.sql, one, field.time_zone) for one in field.formats]
    made = layers.name(attempts[0] if len(attempts) == 1 else f"coalesce({', '.join(attempts)})", text)
    kept = layers.name(f"CASE WHEN year({made.sql}) BETWEEN {MIN_YEAR} AND {MAX_YEAR} THEN {made.sql} END", made)
    reason = _failed(layers, text, made, found.reason, REASONS[field.type])
    return Value(kept, _failed(layers, made, kept, reason, OUT_OF_RANGE))


def _instant(text: str, one: TimeFormat, zone: str | None) -> str:
    if one.kind == "iso":
        made = f"try_cast({text} AS TIMESTAMPTZ)"
    elif one.kind == "epoch":
        made = f"make_timestamptz(try_cast(try_cast({text} AS DECIMAL(20, 6)) * 1000000 AS BIGINT))"
    elif one.kind == "epoch_ms":
        made = f"make_timestamptz(try_cast(split_part({text}, '.', 1) AS BIGINT) * 1000)"
    elif one.has_offset:
        made = f"try_strptime(regexp_replace({text}, 'Z$', '+00:00'), {literal(one.text)})"
    else:
        made = f"try(timezone({literal(zone or 'UTC')}, try_strptime({text}, {literal(one.text)})))"
    return f"CASE WHEN {_matches(text, one.regex)} THEN {made} END"


def _day(text: str, one: TimeFormat, zone: str | None) -> str:
    if one.has_offset:
        return f"CAST(timezone({literal(zone or 'UTC')}, {_instant(text, one, zone)}) AS DATE)"
    return f"CASE WHEN {_matches(text, one.regex)} THEN CAST(try_strptime({text}, {literal(one.text)}) AS DATE) END"


def texts(layers: Layers, found: Extracted) -> Value:
    """Return the list of texts at a path: of a JSON list its elements, of one value that value."""
    if found.json is None:  # a word such as _record_id: always one text
        return Value(layers.name(f"CASE WHEN {found.text.sql} IS NOT NULL THEN [{found.text.sql}] END", found.text))
    json = found.json
    elements = layers.name(
        f"CASE WHEN left({json.sql}, 1) = '[' THEN json_extract({json.sql}, '$[*]') "
        f"WHEN {json.sql} <> 'null' THEN [CAST({json.sql} AS JSON)] END",
        json,
    )
    nested = layers.name(
        f"len(list_filter({elements.sql}, lambda e: left(CAST(e AS VARCHAR), 1) IN ('[', '{{'))) > 0", elements
    )
    kept = layers.name(
        f"CASE WHEN NOT {nested.sql} THEN list_filter(list_transform({elements.sql}, lambda e: "
        f"{cleaned(_ITSELF)}), lambda e: e IS NOT NULL) END",
        nested,
        elements,
    )
    value = layers.name(f"CASE WHEN len({kept.sql}) > 0 THEN {kept.sql} END", kept)
    return Value(value, layers.name(f"CASE WHEN {nested.sql} THEN {literal(CONTAINER)} END", nested))
