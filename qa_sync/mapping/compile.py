"""Compile a mapping: one select per (stream, table), pure text in, pure text out.

Every raw version gives at least one row: the row itself, or a *marker* (all model columns null, ``deleted``)
where the record is deleted, ``when`` does not hold, or a list has no element, so that it supersedes what was
there. A row that carries a problem of severity ``reject`` is not part of the table: the runner sets it aside.
In a fan-out only the bad element is set aside; where none is left, a marker comes as well. A payload that is
not JSON says nothing, so it is rejected without a marker and what was known before stays.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from qa_sync.engine.duck import duck_type, literal, quoted
from qa_sync.mapping.convert import convert, texts
from qa_sync.mapping.express import Expressions, Step, Value
from qa_sync.mapping.expressions import outcomes
from qa_sync.mapping.extract import Extraction
from qa_sync.mapping.language import LANGUAGE_VERSION, CustomField, Field, From, Mapping, TableMapping
from qa_sync.mapping.layers import NULL, Layers, Term, first
from qa_sync.model import TABLES, Column, TableSchema

#: Raised when compiled rows change without the language changing.
COMPILER_VERSION = 1
SYSTEM_COLUMNS = (
    "record_id",
    "source_stamp",
    "source_seq",
    "payload_hash",
    "ingested_at",
    "deleted",
    "_skipped",
    "_problems",
)
REQUIRED = "required, and no value was found"
NOT_JSON = "not JSON"
NOT_A_LIST = "not a list"
PROBLEM_TYPE = "STRUCT(field VARCHAR, reason VARCHAR, severity VARCHAR)"
_NONE = f"CAST([] AS {PROBLEM_TYPE}[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTable:
    """A select and the columns it returns. ``hash`` changes whenever equal raw rows could give other rows."""

    sql: str
    columns: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A table half compiled: its layers, each field's typed value, and the steps that led there."""

    schema: TableSchema
    base: str
    layers: Layers
    fans_out: bool
    values: dict[str, Value]
    dimensions: dict[str, Value]
    severities: dict[str, str]
    steps: dict[str, tuple[Step, ...]]
    truth: Term
    when_reason: Term


def compile_table(mapping: Mapping, *, source: str, stream: str, table: str, zone: str, relation: str) -> CompiledTable:
    """Return the select that makes rows of ``table`` from raw records of ``stream``.

    ``relation`` has the columns of ``qa_sync.model.system.RAW``; ``zone`` is the programme's time zone, in which
    local dates and weeks are counted; ``source`` is what ``_source`` stands for. KeyError when the mapping has no
    such table. The select returns ``columns`` in this order, and never fails because of a record.
    """
    spec = mapping.streams[stream][table]
    drafted = draft(spec, source=source, relation=relation)
    schema = drafted.schema
    columns = (*(column.name for column in schema.stored_columns), *SYSTEM_COLUMNS)
    meaning = [
        LANGUAGE_VERSION,
        COMPILER_VERSION,
        source,
        stream,
        table,
        zone,
        asdict(spec),
        [(c.name, c.type, c.required, c.values, c.event) for c in schema.columns],
    ]
    digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
    return CompiledTable(sql=_select(drafted, zone), columns=columns, hash=digest)


def draft(spec: TableMapping, *, source: str, relation: str) -> Draft:
    """Compile the fields of a table, not yet the rules for its rows."""
    schema = TABLES[spec.table]
    layers = Layers()
    extraction = Extraction(spec, source=source)
    expressions = Expressions(layers, extraction)
    values: dict[str, Value] = {}
    dimensions: dict[str, Value] = {}
    severities: dict[str, str] = {}
    steps: dict[str, tuple[Step, ...]] = {}
    truth, when_reason = expressions.condition(spec.when) if spec.when else (Term("true"), NULL)
    steps["when"] = tuple(expressions.steps)
    for field in (*spec.fields, *spec.dimensions):
        expressions.steps.clear()
        is_dimension = field in spec.dimensions
        name = f"dimensions.{field.column}" if is_dimension else field.column
        column = Column(name=field.column, type="text", doc="") if is_dimension else schema.column(field.column)
        (dimensions if is_dimension else values)[field.column] = _field(layers, expressions, extraction, field, column)
        steps[name] = tuple(expressions.steps)
        severities[name] = "finding" if field.on_bad == "missing" and not column.required else "reject"
    return Draft(
        schema=schema,
        base=extraction.base(relation),
        layers=layers,
        fans_out=spec.each is not None,
        values=values,
        dimensions=dimensions,
        severities=severities,
        steps=steps,
        truth=truth,
        when_reason=when_reason,
    )


def _field(layers: Layers, expressions: Expressions, extraction: Extraction, field: Field, column: Column) -> Value:
    if field.type == "texts" and isinstance(field.expression.source, (From, CustomField)):
        found = texts(layers, extraction.of(field.expression.source))
    else:
        found = convert(layers, field, expressions.expression(field.expression))
    if column.values and outcomes(field.expression) is None:
        found = _listed(layers, column, found)
    if column.required and not _always(field):
        missing = layers.name(f"CASE WHEN {found.value.sql} IS NULL THEN {literal(REQUIRED)} END", found.value)
        found = Value(found.value, first(layers, found.reason, missing))
    return found


def _always(field: Field) -> bool:
    results = outcomes(field.expression)
    return field.type == "text" and results is not None and None not in results


def _listed(layers: Layers, column: Column, found: Value) -> Value:
    allowed = ", ".join(literal(one) for one in column.values)
    given = found.value
    kept = layers.name(f"CASE WHEN {given.sql} IN ({allowed}) THEN {given.sql} END", given)
    reason = layers.name(
        f"CASE WHEN {given.sql} NOT IN ({allowed}) THEN {literal('not one of ' + ', '.join(column.values))} END", given
    )
    return Value(kept, first(layers, found.reason, reason))


# --- rows -----------------------------------------------------------------------------------------------------
def _select(made: Draft, zone: str) -> str:
    return _fan_out(made, judged(made), zone) if made.fans_out else _one_each(made, judged(made), zone)


def judged(made: Draft) -> str:
    """Select every record or element with typed columns (``held``), problems and steps, before any rule for rows."""
    return (
        f"SELECT *, {_problems(made)} AS _found, {made.truth.sql} AS _true,\n{_columns(made)}\n"
        f"FROM ({made.layers.over(made.base)})"
    )


def _problems(made: Draft) -> str:
    """SQL of the list of problems of a row, in the order of the columns."""
    entries: list[tuple[str, Term, str]] = [("when", made.when_reason, "reject")]
    entries += [(name, value.reason, made.severities[name]) for name, value in made.values.items()]
    entries += [
        (f"dimensions.{name}", value.reason, made.severities[f"dimensions.{name}"])
        for name, value in made.dimensions.items()
    ]
    known = [entry for entry in entries if not entry[1].is_null]
    if not known:
        return _NONE
    structs = ", ".join(
        f"{{'field': {literal(name)}, 'reason': {reason.sql}, 'severity': {literal(severity)}}}"
        for name, reason, severity in known
    )
    any_reason = ", ".join(reason.sql for _, reason, _ in known)
    # the list is built only for rows that need it
    return (
        f"CASE WHEN coalesce({any_reason}) IS NULL THEN {_NONE} "
        f"ELSE list_filter([{structs}], lambda p: p.reason IS NOT NULL) END"
    )


def _columns(made: Draft) -> str:
    shown: list[str] = []
    for column in made.schema.columns:
        kind = duck_type(column.arrow_type)
        found = made.values.get(column.name)
        if column.type == "labels" and made.dimensions:
            entries = ", ".join(
                f"{{'k': {literal(name)}, 'v': {value.value.sql}}}" for name, value in made.dimensions.items()
            )
            sql = f"map_from_entries(list_filter([{entries}], lambda d: d.v IS NOT NULL))"
        else:
            sql = f"CAST({found.value.sql} AS {kind})" if found else f"CAST(NULL AS {kind})"
        shown.append(f"{sql} AS {held(column)}")
    return ",\n".join(shown)


def held(column: Column) -> str:
    """Return the name of a model column below the last layer, where it cannot collide with record_id and the like."""
    return quoted(f"_c_{column.name}")


def _final(made: Draft, zone: str, *, shown: str, deleted: str, skipped: str, problems: str) -> str:
    """The last projection: model columns where ``shown``, the calendar, the system columns."""
    columns = [f"CASE WHEN {shown} THEN {held(c)} END AS {quoted(c.name)}" for c in made.schema.columns]
    for column in made.schema.columns:
        if column.event:
            local = f"timezone({literal(zone)}, {held(column)})"
            columns.append(f"CASE WHEN {shown} THEN CAST({local} AS DATE) END AS {quoted(column.stem + '_date')}")
            columns.append(f"CASE WHEN {shown} THEN strftime({local}, '%G-W%V') END AS {quoted(column.stem + '_week')}")
    columns += [
        "record_id",
        "source_stamp",
        "source_seq",
        "payload_hash",
        "ingested_at",
        f"{deleted} AS deleted",
        f"{skipped} AS _skipped",
        f"{problems} AS _problems",
    ]
    return "SELECT " + ",\n".join(columns)


def _one(field: str, reason: str) -> str:
    return f"[{{'field': {literal(field)}, 'reason': {literal(reason)}, 'severity': 'reject'}}]"


def _one_each(made: Draft, inner: str, zone: str) -> str:
    live = (
        "SELECT *, NOT _gone AND NOT _bad AND (_true OR _unsure) AS _live\nFROM "
        f"(SELECT *, {unsure(made)} AS _unsure FROM ({inner}))"
    )
    problems = f"CASE WHEN _bad THEN {_one('payload', NOT_JSON)} WHEN _live THEN _found ELSE {_NONE} END"
    final = _final(
        made,
        zone,
        shown="_live",
        deleted="NOT _live AND NOT _bad",
        skipped="NOT _live AND NOT _bad AND NOT _gone",
        problems=problems,
    )
    return f"{final}\nFROM ({live})"


def unsure(made: Draft) -> str:
    """Return SQL: ``when`` itself met a problem; the row is then rejected, not skipped."""
    return "false" if made.when_reason.is_null else f"{made.when_reason.sql} IS NOT NULL"


def _fan_out(made: Draft, inner: str, zone: str) -> str:
    """Elements as rows; a record of which no good element is left gets a marker at its first element."""
    judged = (
        "SELECT *, NOT _empty AND (_true OR _unsure) AND _rejects AS _set_aside, "
        "NOT _empty AND _true AND NOT _rejects AS _good FROM (SELECT *, "
        "len(list_filter(_found, lambda p: p.severity = 'reject')) > 0 AS _rejects, "
        f"{unsure(made)} AS _unsure FROM ({inner}))"
    )
    counted = (
        "SELECT *, bool_or(_good) OVER (PARTITION BY _version) AS _some_good, "
        f"bool_or(_set_aside) OVER (PARTITION BY _version) AS _some_bad FROM ({judged})"
    )
    roles = (
        "SELECT *, unnest(CASE WHEN _good THEN ['row'] ELSE list_filter(["
        "CASE WHEN _set_aside THEN 'row' END, CASE WHEN _position = 1 AND (_bad OR _no_list) THEN 'fault' END, "
        "CASE WHEN _position = 1 AND NOT _some_good AND NOT _bad THEN 'marker' END], "
        f"lambda r: r IS NOT NULL) END) AS _role FROM ({counted})"
    )
    problems = (
        f"CASE WHEN _role = 'row' THEN _found WHEN _role = 'fault' AND _bad THEN {_one('payload', NOT_JSON)} "
        f"WHEN _role = 'fault' THEN {_one('each', NOT_A_LIST)} ELSE {_NONE} END"
    )
    final = _final(
        made,
        zone,
        shown="_role = 'row'",
        deleted="_role = 'marker'",
        skipped="_role = 'marker' AND NOT _empty AND NOT _some_bad",
        problems=problems,
    )
    return f"{final}\nFROM ({roles})"
