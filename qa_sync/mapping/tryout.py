"""Try a mapping on one record: what the compiled select makes of it, and the path by which each value came.

The rows are those of the very select that a run uses; the paths are read from the columns it computes on the way.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any

from qa_sync.engine import Engine
from qa_sync.mapping.compile import compile_table
from qa_sync.mapping.draft import draft
from qa_sync.mapping.extract import Extraction
from qa_sync.mapping.language import Field, Mapping, TableMapping
from qa_sync.mapping.layers import Term
from qa_sync.mapping.rows import held, is_mapped, judged
from qa_sync.mapping.trace import Asked, Chain, Joined, chain_of, condition_of, condition_terms, terms
from qa_sync.model import TABLES

#: What is known of a record or an element beside its fields.
_FLAGS = ("_gone", "_bad", "_true", "_found")
_FAN_OUT = ("_position", "_empty", "_no_list")


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedField:
    """One column: its chain, the value it ended with, and its problem, if any."""

    name: str
    field: Field
    chain: Chain
    value: Any
    reason: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPart:
    """What became of a record, or of one element of its list (``position`` from 1).

    ``fate``: ``row``; ``set aside`` (a reject); ``skipped`` (``when`` does not hold); ``deleted``; ``nothing`` (an
    empty or absent list); ``fault`` (no JSON, or no list, see ``reason``). ``row`` is the row of the compiled
    select, where it made one. ``read`` gives the text that the select held for a term.
    """

    position: int | None
    fate: str
    reason: str = ""
    when_reason: str = ""
    row: Dictionary[str, Any] | None = None
    fields: tuple[TriedField, ...] = ()
    read: Dictionary[Term, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a mapping makes of one record in one table; ``when`` is the table's condition."""

    table: str
    spec: TableMapping
    when: Asked | Joined | None
    parts: tuple[TriedPart, ...]
    rows: tuple[Dictionary[str, Any], ...]


def try_out(
    engine: Engine, mapping: Mapping, *, source: str, stream: str, table: str, zone: str, relation: str
) -> Tried:
    """Run the compiled select of (stream, table) on ``relation``, which holds one raw record, and trace it.

    KeyError when the mapping has no such table; other arguments as for ``compile_table``.
    """
    spec = mapping.streams[stream][table]
    compiled = compile_table(mapping, source=source, stream=stream, table=table, zone=zone, relation=relation)
    rows = engine.fetch(compiled.sql).to_pylist()
    made = draft(spec, source=source, relation=relation)
    extraction = Extraction(spec, source=source)
    when = condition_of(spec.when, made.steps["when"], extraction) if spec.when else None
    chains = {
        name: chain_of(field.expression, made.steps[name], extraction) if made.steps[name] else ()
        for name, field in _named(spec).items()
    }
    wanted = dict.fromkeys(
        [*(condition_terms(when) if when else ()), *(t for c in chains.values() for t in terms(c)), made.when_reason]
    )
    flags = (*_FLAGS, *(_FAN_OUT if made.fans_out else ()))
    texts = [f"CAST({term.sql} AS VARCHAR) AS _s{at}" for at, term in enumerate(wanted)]
    columns = [f"{held(column)} AS {held(column)}" for column in made.schema.columns if is_mapped(made, column)]
    found = engine.fetch(f"SELECT {', '.join([*flags, *columns, *texts])} FROM ({judged(made)})").to_pylist()
    if made.fans_out:
        found.sort(key=lambda row: row["_position"])
    left = list(rows)
    parts = []
    for row in found:
        read = {term: row[f"_s{at}"] for at, term in enumerate(wanted)}
        parts.append(_part(spec, row, chains, read, read[made.when_reason], left))
    return Tried(table=table, spec=spec, when=when, parts=tuple(parts), rows=tuple(rows))


def _named(spec: TableMapping) -> dict[str, Field]:
    return {field.column: field for field in spec.fields} | {
        f"dimensions.{field.column}": field for field in spec.dimensions
    }


def _part(
    spec: TableMapping,
    found: Dictionary[str, Any],
    chains: Dictionary[str, Chain],
    read: Dictionary[Term, str | None],
    when_reason: str | None,
    left: list[dict[str, Any]],
) -> TriedPart:
    position = found.get("_position") if spec.each else None
    fate, reason = _fate(found, when_reason)
    if fate not in {"row", "set aside"}:
        return TriedPart(position=position, fate=fate, reason=reason, read=read)
    problems = {problem["field"]: problem for problem in found["_found"]}
    schema = TABLES[spec.table]
    labels = dict(found.get("_c_dimensions") or ())
    fields = []
    for name, field in _named(spec).items():
        problem = problems.get(name, {})
        value = labels.get(field.column) if field in spec.dimensions else found[f"_c_{field.column}"]
        fields.append(
            TriedField(
                name=name,
                field=field,
                chain=chains[name],
                value=value,
                reason=problem.get("reason", ""),
                severity=problem.get("severity", ""),
            )
        )
    own = {column.name: found.get(f"_c_{column.name}") for column in schema.columns}
    return TriedPart(
        position=position,
        fate=fate,
        when_reason=when_reason or "",
        fields=tuple(fields),
        read=read,
        row=_taken(own, found["_found"], left),
    )


def _fate(found: Dictionary[str, Any], when_reason: str | None) -> tuple[str, str]:
    if found["_bad"]:
        return "fault", "the record is not JSON"
    if found["_gone"]:
        return "deleted", ""
    if found.get("_no_list"):
        return "fault", "not a list"
    if found.get("_empty"):
        return "nothing", ""
    if not found["_true"] and when_reason is None:
        return "skipped", ""
    rejects = any(problem["severity"] == "reject" for problem in found["_found"])
    return ("set aside" if rejects else "row"), ""


def _taken(own: Dictionary[str, Any], problems: list[Any], left: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Take the row of the compiled select that these values became; equal rows are interchangeable."""
    for at, row in enumerate(left):
        if row["_problems"] == problems and all(row[name] == value for name, value in own.items()):
            return left.pop(at)
    return None
