"""A table half compiled: its fields as typed values and reasons, not yet the rules for its rows."""

from __future__ import annotations

from dataclasses import dataclass

from qa_sync.engine.duck import literal
from qa_sync.mapping.convert import convert, texts
from qa_sync.mapping.express import Expressions, Step, Value
from qa_sync.mapping.expressions import outcomes
from qa_sync.mapping.extract import Extraction, Records
from qa_sync.mapping.language import CustomField, Field, From, TableMapping
from qa_sync.mapping.layers import NULL, Layers, Term, first
from qa_sync.model import TABLES, Column, TableSchema

REQUIRED = "required, and no value was found"


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


def draft(spec: TableMapping, *, source: str, relation: str, shared: Records | None = None) -> Draft:
    """Compile the fields of a table, not yet the rules for its rows.

    ``relation`` holds raw records, or what the plan ``shared`` selected from them.
    """
    schema = TABLES[spec.table]
    layers = Layers()
    extraction = Extraction(spec, source=source, records=shared)
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
        base=extraction.over(relation) if shared else extraction.base(relation),
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
