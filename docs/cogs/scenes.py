"""The columns of every report, from reports made of an empty programme: what they are called is known without data."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.reconcile import Programme, reconcile
from qa_sync.reports import REPORTS, Report, Scene, build, prepare

from .markdown import code, table
from .words import FIELDS

_EVER = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def reports() -> dict[str, Report]:
    """Return every report of a programme without a single evaluation."""
    engine = DuckEngine()
    try:
        for name, schema in TABLES.items():
            empty = pa.schema([*schema.arrow, *VERSION]).empty_table()
            engine.register(name, empty)
            engine.register(f"{name}_history", empty)
        rules = Programme()
        reconcile(engine, rules, as_of=_EVER)
        scene = Scene(
            engine=engine,
            as_of=_EVER,
            time_zone=rules.time_zone,
            tolerance=rules.tolerance,
            n_min=rules.n_min,
            audit_window_days=rules.audit_window_days,
            basis_event=rules.basis_event,
            seed=1,
            run_id="none",
        )
        prepare(scene)
        return {name: build(name, scene) for name in REPORTS}
    finally:
        engine.close()


def columns(name: str) -> str:
    """Return the columns of one report as people see them, with the names that queries and definitions use."""
    return table(
        ("column", "field", "meaning"),
        ((one.label, code(one.name), one.doc or FIELDS.get(one.name, "")) for one in reports()[name].fields),
    )
