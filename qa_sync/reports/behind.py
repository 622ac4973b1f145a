"""The evaluations behind many numbers of one report at once: what ``explain`` lists for one, in a few queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.reports.explain import NUMBERS
from qa_sync.reports.report import Report

#: So many lists of evaluations are asked for in one query.
_AT_ONCE = 40
_MEMBERS = pa.schema(
    [
        ("source", pa.int32()),
        ("evaluation_id", pa.string()),
        ("role", pa.string()),
        ("pair_id", pa.string()),
        ("payload_hash", pa.string()),
    ]
)
#: A row, as the tab shows its key, and a column.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What numbers are made of.

    ``members`` has one row an evaluation of a list: ``source`` (number of the list), ``evaluation_id``, ``role``,
    ``pair_id`` (null where it counts alone) and ``payload_hash``. ``own`` and ``population`` say which list is a
    number's own, and which it borrows from beyond that; ``borrowed`` says so in words.
    """

    members: pa.Table = field(default_factory=_MEMBERS.empty_table)
    own: Mapping[Place, int] = field(default_factory=dict)
    population: Mapping[Place, int] = field(default_factory=dict)
    borrowed: Mapping[Place, str] = field(default_factory=dict)


def behind(report: Report, engine: Engine, rows: Mapping[str, Mapping[str, Any]], cells: Iterable[Place]) -> Behind:
    """Find the evaluations behind cells of a report that was made last in its engine.

    Args:
        report: with a trace; of one without, nothing is found.
        engine: that it was made in.
        rows: of the report, by the key that they are shown under.
        cells: which; those that the report does not have, or that hold no number, are passed over.
    """
    numbers = {one.name for one in report.fields if one.kind in NUMBERS}
    lists: dict[str, int] = {}
    own: dict[Place, int] = {}
    population: dict[Place, int] = {}
    borrowed: dict[Place, str] = {}
    for key, column in cells:
        if report.trace is None or key not in rows or column not in numbers:
            continue
        inputs = report.trace(rows[key], column)
        own[key, column] = lists.setdefault(inputs.sql, len(lists))
        if inputs.population:
            population[key, column] = lists.setdefault(inputs.population, len(lists))
            borrowed[key, column] = inputs.borrowed
    asked = [
        f"SELECT DISTINCT {at} AS source, evaluation_id, role, pair_id, payload_hash FROM ({sql})"
        for sql, at in lists.items()
    ]
    parts = [engine.fetch(" UNION ALL ".join(asked[at : at + _AT_ONCE])) for at in range(0, len(asked), _AT_ONCE)]
    members = pa.concat_tables([_MEMBERS.empty_table(), *(part.cast(_MEMBERS) for part in parts)])
    return Behind(members=members, own=own, population=population, borrowed=borrowed)
