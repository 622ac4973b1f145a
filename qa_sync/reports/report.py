"""What a report is: rows with typed, explained columns, a key, and what must be said about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import pyarrow as pa

from qa_sync.dashboards.cells import Chart, Field
from qa_sync.engine import Engine

#: Who reads a report: the programme itself (""), or the people whose evaluations are audited.
Audience = Literal["", "auditees"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What one number of a report is made of, as SQL.

    ``sql`` and ``population`` select ``evaluation_id, role, pair_id, payload_hash``, one row an evaluation and the
    part it plays; ``pair_id`` is null where it plays it alone. ``population`` holds what the number borrows from
    beyond its own evaluations, and ``borrowed`` says in words what that is.
    """

    sql: str
    population: str = ""
    borrowed: str = ""


#: From a row of a report and the name of one of its columns to what the number there is made of.
Trace = Callable[[Mapping[str, Any], str], Inputs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report.

    ``rows`` has one column a field, in the order of ``fields`` and sorted for people; ``key`` names the
    text column that identifies a row. ``notes`` are sentences a reader needs: how many were left out and why.
    ``trace`` finds the evaluations behind a number; None where no column is made of evaluations.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    key: str
    rows: pa.Table
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    trace: Trace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a reader asks of a report: columns to group by, values to keep, and who reads it.

    ``by``: names of grouping columns (empty: the report's own). ``where``: column → the value it must have.
    ``audience``: "auditees" holds back audits under embargo and the names of other people. ``only`` names a relation
    of ``evaluation_id``: nothing else counts then; it is how a number is made again from what it was made of.
    """

    by: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    audience: Audience = ""
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPublished:
    """A row as it stood on a dashboard when its week had ended: by which run, when, and field → cell.

    No cells: the tab was there, the row was not.
    """

    run_id: str
    at: datetime
    cells: Mapping[str, Any]


class Past(Protocol):
    """What was published before a snapshot was taken."""

    def first_published(self, name: str, ask: Ask, ended: Mapping[str, datetime]) -> Mapping[str, FirstPublished]:
        """Return rows of a report as they stood at the first publish after their week had ended.

        Args:
            name: of the report.
            ask: what it was asked for; only tabs that were asked for the same count.
            ended: key of a row → when its week had ended.

        Returns:
            key → the row then; left out where no tab showed such rows.
        """
        ...

    def scene(self, run_id: str) -> AbstractContextManager[Scene]:
        """Open the scene of an earlier run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a report is made from: the engine with the tables of one snapshot, and the programme's rules.

    ``as_of`` is the moment of the snapshot; reports know no other clock. ``seed`` makes simulated intervals
    repeatable. ``for_auditees`` makes the scene that auditees may see, from the id of the one who looks (empty: nobody
    in particular); None where this scene is one already. ``past`` knows what was published before; None where nobody
    keeps that.
    """

    engine: Engine
    as_of: datetime
    time_zone: str
    tolerance: float
    n_min: int
    audit_window_days: int
    basis_event: str
    seed: int
    run_id: str
    audience: Audience = ""
    viewer: str = ""
    for_auditees: Callable[[str], Scene] | None = None
    past: Past | None = None
