"""Columns to group and filter pairs by: the fixed ones, and any dimension that a mapping made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa_sync.dashboards.cells import Field
from qa_sync.engine import Engine
from qa_sync.errors import ConfigError, Problem
from qa_sync.model.tables import INTERACTIONS
from qa_sync.wording import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """One column to group by: its SQL over the relation ``shown`` and how people see it."""

    name: str
    sql: str
    field: Field


_FIXED: dict[str, tuple[str, str, str, int]] = {
    # name: (SQL, label, meaning, width)
    "all": ("'all'", "All", "Everything together.", 80),
    "site": ("site", "Site", "Site of the auditee on the day that counts.", 120),
    "site_kind": ("site_kind", "Kind of site", "In-house or outsourcer.", 100),
    "team": ("team", "Team", "Team of the auditee on the day that counts.", 120),
    "queue": ("queue", "Queue", "Queue of the interaction.", 130),
    "form": ("form_id", "Form", "Evaluation form.", 150),
    "form_version": ("form_version", "Form version", "Version of the form.", 90),
    "week": ("week", "Week", "ISO week of the event that counts, in the programme's time zone.", 85),
    "auditee": ("auditee_id", "Evaluator", "Who was audited.", 150),
    "auditor": ("auditor_id", "Auditor", "Who audited.", 150),
    "agent": ("agent_id", "Agent", "Whose interaction it was.", 150),
    "blind": (
        "CASE WHEN is_blind THEN 'blind' WHEN is_blind IS NULL THEN 'unknown' ELSE 'not blind' END",
        "Blind",
        "Whether the audit is proven to be blind.",
        80,
    ),
    "link": ("link", "Link", "How the two evaluations were matched.", 80),
    "outcome": ("outcome", "Outcome", "Outcome class of the pair.", 170),
    "sampling": (
        "coalesce(sampling, 'unknown')",
        "Sampling",
        "How the audit was picked: random, targeted, unknown.",
        90,
    ),
    "embargoed": (
        "CASE WHEN is_embargoed THEN 'yes' ELSE 'no' END",
        "Embargoed",
        "Whether auditees may not see it yet.",
        80,
    ),
}

#: Columns of the interaction that pairs can be grouped by.
INTERACTION_COLUMNS = (
    "brand",
    "channel",
    "language",
    "region",
    "product",
    "policy",
    "policy_version",
    "severity",
    "escalation_level",
    "priority",
)
_FIXED |= {
    name: (
        name,
        name.replace("_", " ").capitalize(),
        f"{INTERACTIONS.column(name).doc.rstrip('.')} of the interaction.",
        110,
    )
    for name in INTERACTION_COLUMNS
}

#: Names of grouping columns that every programme has.
FIXED = tuple(_FIXED)

#: What reports of pairs are grouped by unless they are asked otherwise.
UNASKED = {"summary": ("site", "week"), "evaluators": ("auditee", "site", "team"), "control": ("site",)}


def groupings(engine: Engine, names: Sequence[str]) -> list[Grouping]:
    """Return the groupings called ``names``.

    Raises:
        ConfigError: a name is neither a fixed column nor a dimension in the data.
    """
    return [_grouping(engine, name) for name in dict.fromkeys(names)]


def condition(engine: Engine, where: Mapping[str, str]) -> str:
    """Return the SQL condition that keeps only the rows asked for ("true" where nothing is asked)."""
    parts = []
    for name, value in where.items():
        quoted = "'" + value.replace("'", "''") + "'"
        parts.append(f"({_grouping(engine, name).sql}) = {quoted}")
    return " AND ".join(parts) or "true"


def _grouping(engine: Engine, name: str) -> Grouping:
    if name in _FIXED:
        sql, label, doc, width = _FIXED[name]
        return Grouping(name=name, sql=sql, field=Field(name=name, label=label, doc=doc, width=width))
    known = dimensions(engine)
    if name not in known:
        hint = did_you_mean(name, [*FIXED, *known])
        raise ConfigError(Problem(what=f"there is no column {name!r} to group or filter by", hint=hint))
    text = name.replace("'", "''")
    return Grouping(
        name=name,
        sql=f"dimensions['{text}']",
        field=Field(name=name, label=name.replace("_", " ").capitalize(), doc=f"Dimension {name}.", width=110),
    )


def dimensions(engine: Engine) -> list[str]:
    """Return the names of the dimensions in the data, sorted."""
    found = engine.fetch("SELECT DISTINCT unnest(map_keys(dimensions)) AS name FROM pairs WHERE dimensions IS NOT NULL")
    return sorted(str(name) for name in found["name"].to_pylist())


def values_of(engine: Engine, name: str) -> list[str]:
    """Return the values that a grouping column has in the prepared tables, sorted; blank ones left out.

    Raises:
        ConfigError: the name is neither a fixed column nor a dimension in the data.
    """
    sql = _grouping(engine, name).sql
    parts = " UNION ".join(f"SELECT CAST({sql} AS VARCHAR) AS value FROM {table}" for table in _tables_with(name))
    found = engine.fetch(f"SELECT DISTINCT value FROM ({parts}) WHERE coalesce(value, '') <> '' ORDER BY value")
    return [str(value) for value in found["value"].to_pylist()]


def fits_nothing(engine: Engine, where: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each value asked for that its column has nowhere, with the one that may be meant."""
    told = []
    for name, value in where.items():
        known = values_of(engine, name)
        if value not in known:
            hint = did_you_mean(value, known)
            told.append(f"No {name} is {value!r}{f'; {hint}' if hint else '.'}")
    return tuple(told)


def strangers_to(engine: Engine, name: str, value: str) -> list[tuple[str, str]]:
    """Return (person, name) of everybody who is in no row of a value: neither evaluated, evaluating nor rostered there.

    A person without a name, or with the name of somebody who is there, has "".
    """
    keep = condition(engine, {name: value})
    own = [f"SELECT auditee_id AS person FROM {table} WHERE {keep}" for table in _tables_with(name)]
    own += [f"SELECT agent_id FROM {table} WHERE {keep}" for table in _tables_with(name)]
    if name in OF_ROSTERS:
        own.append(f"SELECT person_id FROM rosters WHERE {keep}")
    found = engine.fetch(f"""
        WITH own AS ({" UNION ".join(own)}), everybody AS (
            SELECT person_id AS person, name FROM people
            UNION SELECT DISTINCT evaluator_id, NULL FROM evaluations WHERE evaluator_id IS NOT NULL)
        SELECT person, max(name) FILTER (WHERE name NOT IN (
            SELECT p.name FROM people p WHERE p.name IS NOT NULL AND p.person_id IN (SELECT person FROM own))) AS name
        FROM everybody
        WHERE person NOT IN (SELECT person FROM own WHERE person IS NOT NULL)
        GROUP BY person ORDER BY person""")
    return [(str(one["person"]), str(one["name"] or "")) for one in found.to_pylist()]


#: Columns that a roster says of a person.
OF_ROSTERS = frozenset({"site", "site_kind", "team", "queue"})


def _tables_with(name: str) -> tuple[str, ...]:
    """Pairs have every column; evaluations without an audit have those of the evaluation and its interaction."""
    of_evaluations = {*OF_ROSTERS, "all", "form", "form_version", "week", *INTERACTION_COLUMNS}
    return ("audited", "auditees") if name in of_evaluations else ("audited",)
