"""What a report is: rows with typed, explained columns, a key, and what must be said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import pyarrow as pa

from qa_sync.dashboards.cells import Chart, Field
from qa_sync.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report.

    ``rows`` has one column a field, in the order of ``fields`` and sorted for people; ``key`` names the
    text column that identifies a row. ``notes`` are sentences a reader needs: how many were left out and why.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    key: str
    rows: pa.Table
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a reader asks of a report: columns to group by, values to keep, and how far back.

    ``by``: names of grouping columns (empty: the report's own). ``where``: column → the value it must have.
    ``audience``: "auditees" where those who are audited will read it, "" where only the programme does.
    """

    by: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    audience: Literal["", "auditees"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a report is made from: the engine with the tables of one snapshot, and the programme's rules.

    ``as_of`` is the moment of the snapshot; reports know no other clock. ``seed`` makes simulated intervals
    repeatable.
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
