"""The top of a compiled select: which rows a record makes, and which of them are set aside.

Every raw version gives at least one row: the row itself, or a *marker* (all model columns null, ``deleted``)
where the record is deleted, ``when`` does not hold, or a list has no element, so that it supersedes what was
there. A row that carries a problem of severity ``reject`` is not part of the table: the runner sets it aside.
In a fan-out only the bad element is set aside; where none is left, a marker comes as well. A payload that is
not JSON says nothing, so it is rejected without a marker and what was known before stays.
"""

from __future__ import annotations

from qa_sync.engine.duck import duck_type, literal, quoted
from qa_sync.mapping.draft import Draft
from qa_sync.mapping.layers import Term
from qa_sync.model import Column

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
NOT_JSON = "not JSON"
NOT_A_LIST = "not a list"
PROBLEM_TYPE = "STRUCT(field VARCHAR, reason VARCHAR, severity VARCHAR)"
_KEPT_OF_ELEMENTS = (*SYSTEM_COLUMNS[:5], "_bad", "_empty", "_no_list", "_position", "_version", "_found")
_NONE = f"CAST([] AS {PROBLEM_TYPE}[])"


def select(made: Draft, zone: str) -> str:
    """Return the select of a drafted table; local dates and weeks are counted in ``zone``."""
    return _fan_out(made, judged(made), zone) if made.fans_out else _one_each(made, judged(made), zone)


def judged(made: Draft) -> str:
    """Select every record or element with typed columns (``held``), problems and steps, before any rule for rows."""
    return (
        f"SELECT *, {_problems(made)} AS _found, {_rejects(made)} AS _rejects, {made.truth.sql} AS _true,\n"
        f"{_columns(made)}\nFROM ({made.layers.over(made.base)})"
    )


def _reasons(made: Draft) -> list[tuple[str, Term, str]]:
    """Return (field, reason, severity) of everything that can be bad in a row, in the order of the columns."""
    entries: list[tuple[str, Term, str]] = [("when", made.when_reason, "reject")]
    entries += [(name, value.reason, made.severities[name]) for name, value in made.values.items()]
    entries += [
        (f"dimensions.{name}", value.reason, made.severities[f"dimensions.{name}"])
        for name, value in made.dimensions.items()
    ]
    return [entry for entry in entries if not entry[1].is_null]


def _rejects(made: Draft) -> str:
    """SQL of whether a row has a problem for which it is set aside."""
    reasons = [reason.sql for _, reason, severity in _reasons(made) if severity == "reject"]
    return f"coalesce({', '.join(reasons)}) IS NOT NULL" if reasons else "false"


def _problems(made: Draft) -> str:
    """SQL of the list of problems of a row."""
    known = _reasons(made)
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


def is_mapped(made: Draft, column: Column) -> bool:
    """Whether a row can have a value here; columns that nobody maps are not carried from layer to layer."""
    return column.name in made.values or (column.type == "labels" and bool(made.dimensions))


def _columns(made: Draft) -> str:
    shown: list[str] = []
    for column in made.schema.columns:
        if not is_mapped(made, column):
            continue
        kind = duck_type(column.arrow_type)
        found = made.values.get(column.name)
        if column.type == "labels" and made.dimensions:
            entries = ", ".join(
                f"{{'k': {literal(name)}, 'v': {value.value.sql}}}" for name, value in made.dimensions.items()
            )
            sql = f"map_from_entries(list_filter([{entries}], lambda d: d.v IS NOT NULL))"
        else:
            assert found is not None  # noqa: S101 - else it is not mapped
            sql = f"CAST({found.value.sql} AS {kind})"
        shown.append(f"{sql} AS {held(column)}")
    return ",\n".join(shown)


def held(column: Column) -> str:
    """Return the name of a model column below the last layer, where it cannot collide with record_id and the like."""
    return quoted(f"_c_{column.name}")


def _final(made: Draft, zone: str, *, shown: str, deleted: str, skipped: str, problems: str) -> str:
    """The last projection: model columns where ``shown``, the calendar, the system columns."""
    columns = []
    for column in made.schema.columns:
        kind = duck_type(column.arrow_type)
        value = f"CASE WHEN {shown} THEN {held(column)} END" if is_mapped(made, column) else f"CAST(NULL AS {kind})"
        columns.append(f"{value} AS {quoted(column.name)}")
    for column in (column for column in made.schema.columns if column.event):
        day, week = "CAST(NULL AS DATE)", "CAST(NULL AS VARCHAR)"
        if is_mapped(made, column):
            local = f"timezone({literal(zone)}, {held(column)})"
            day = f"CASE WHEN {shown} THEN CAST({local} AS DATE) END"
            week = f"CASE WHEN {shown} THEN strftime({local}, '%G-W%V') END"
        columns += [f"{day} AS {quoted(column.stem + '_date')}", f"{week} AS {quoted(column.stem + '_week')}"]
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
    """Elements as rows; a record of which no good element is left gets a marker.

    Elements are judged once and kept. What only few records need is asked of the first element of those whose first
    is not good, so that the many others are neither sorted nor joined.
    """
    mapped = (held(column) for column in made.schema.columns if is_mapped(made, column))
    kept = ", ".join([*_KEPT_OF_ELEMENTS, *mapped])
    elements = (
        f"SELECT {kept}, NOT _empty AND (_true OR _unsure) AND _rejects AS _set_aside, "
        "NOT _empty AND _true AND NOT _rejects AS _good "
        f"FROM (SELECT *, {unsure(made)} AS _unsure FROM ({inner}))"
    )
    firsts = "SELECT * FROM elements WHERE _position = 1 AND NOT _good AND NOT _bad"
    good = "SELECT _version FROM elements WHERE _good AND _version IN (SELECT _version FROM firsts)"
    markers = (
        "SELECT *, _version IN (SELECT _version FROM elements WHERE _set_aside) AS _some_bad "
        f"FROM firsts WHERE _version NOT IN ({good})"
    )
    fault = f"CASE WHEN _bad THEN {_one('payload', NOT_JSON)} ELSE {_one('each', NOT_A_LIST)} END"
    rows = _final(made, zone, shown="true", deleted="false", skipped="false", problems="_found")
    faults = _final(made, zone, shown="false", deleted="false", skipped="false", problems=fault)
    marked = _final(made, zone, shown="false", deleted="true", skipped="NOT _empty AND NOT _some_bad", problems=_NONE)
    return (
        f"WITH elements AS MATERIALIZED ({elements}),\nfirsts AS ({firsts})\n"
        f"{rows}\nFROM elements WHERE _good OR _set_aside\n"
        f"UNION ALL {faults}\nFROM elements WHERE _position = 1 AND (_bad OR _no_list)\n"
        f"UNION ALL {marked}\nFROM ({markers})"
    )
