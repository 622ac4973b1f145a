"""Open a snapshot: an engine with the tables of one run, reconciled by the rules that run worked with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.engine.duck import DuckEngine
from qa_sync.model import TABLES
from qa_sync.people import identities_of, references_of
from qa_sync.reconcile import Programme, Reconciled, reconcile
from qa_sync.reports import Scene, embargoed, prepare, withhold
from qa_sync.reports.report import Past
from qa_sync.store import Snapshot, Store

#: Current rows that reconcile and reports read more than once: computed once. Answers they read by their history.
_KEPT = (
    "evaluations",
    "interactions",
    "people",
    "rosters",
    "forms",
    "criteria",
    "options",
    "disputes",
    "calibrations",
    "calibration_participants",
)

#: Rules that snapshots of earlier versions did not keep: their defaults were in force.
_LATER_RULES = (
    "self_audit_gap_days",
    "dispute_window_days",
    "propagate_ata_to_agent",
    "calibration_evaluators",
    "auditor_roles",
    "senior_roles",
    "score_mismatch",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A snapshot ready to be asked."""

    engine: Engine
    scene: Scene
    reconciled: Reconciled


def programme_of(contents: dict[str, Any]) -> Programme:
    """Return the programme's rules as a run kept them."""
    kept = contents["programme"]
    return Programme(
        time_zone=kept["time_zone"],
        tolerance=kept["tolerance"],
        audit_window_days=kept["audit_window_days"],
        n_min=kept["n_min"],
        min_common_weight=kept["min_common_weight"],
        basis_event=kept["basis_event"],
        references=tuple(kept["references"]),
        **{name: _frozen(kept[name]) for name in _LATER_RULES if name in kept},
    )


def _frozen(value: Any) -> Any:
    """A list of a snapshot is a tuple of the rules."""
    return tuple(value) if isinstance(value, list) else value


@contextmanager
def opened(
    store: Store,
    snapshot: Snapshot,
    *,
    as_of: datetime,
    run_id: str,
    raw: bool = False,
    overlay: Callable[[Engine], None] | None = None,
    engine: Callable[[], Engine] = DuckEngine,
    past: Past | None = None,
) -> Iterator[Opened]:
    """Register the tables of a snapshot, find who is who, and reconcile.

    Args:
        store: where the tables are.
        snapshot: which versions of them, and the rules in force.
        as_of: the moment the snapshot stands for; nothing later than it exists.
        run_id: the run that took it.
        raw: also register raw streams and the ledger, for free queries, in DuckDB: only there can files, settings and
            the network be shut off.
        engine: makes the engine that computes otherwise.
        past: what was published before; reports show it beside what is so now.
        overlay: may put other versions in the place of a table's, ``<table>_versions``, before anything reads them.

    Raises:
        ConservationError: evaluations went in that are in no bucket.
    """
    contents = dict(snapshot.contents)

    def fill(engine: Engine) -> None:
        store.register(engine, snapshot, raw=raw)
        if overlay:
            overlay(engine)
        for name in _KEPT:
            engine.table(f"{name}_now", f'SELECT * FROM "{name}"')
            engine.view(name, f"SELECT * FROM {name}_now")
        _register_identities(engine)

    seed = contents["programme"]["seed"]
    make = partial(DuckEngine, lockable=True) if raw else engine
    with scene_of(fill, programme_of(contents), as_of=as_of, seed=seed, run_id=run_id, make=make, past=past) as it:
        yield it


@contextmanager
def scene_of(
    fill: Callable[[Engine], None],
    programme: Programme,
    *,
    as_of: datetime,
    seed: int,
    run_id: str,
    make: Callable[[], Engine] = DuckEngine,
    past: Past | None = None,
) -> Iterator[Opened]:
    """Reconcile the tables that ``fill`` registers in an engine, and make what reports read.

    The scene for auditees is made in an engine of its own when it is first asked for: the same tables without the
    audits under embargo, reconciled anew.
    """
    with ExitStack() as stack:

        def begin(hidden: pa.Table | None) -> tuple[Engine, Reconciled]:
            engine = make()
            stack.callback(engine.close)
            fill(engine)
            if hidden is not None:
                withhold(engine, hidden)
            return engine, reconcile(engine, programme, as_of=as_of)

        engine, reconciled = begin(None)
        others: list[Scene] = []

        def for_auditees(viewer: str) -> Scene:
            if not others or others[-1].viewer != viewer:
                other = others[-1].engine if others else begin(embargoed(engine))[0]
                made = replace(scene, engine=other, audience="auditees", viewer=viewer, for_auditees=None)
                prepare(made)
                others.append(made)
            return others[-1]

        scene = Scene(
            engine=engine,
            as_of=as_of,
            time_zone=programme.time_zone,
            tolerance=programme.tolerance,
            n_min=programme.n_min,
            audit_window_days=programme.audit_window_days,
            basis_event=programme.basis_event,
            seed=seed,
            run_id=run_id,
            for_auditees=for_auditees,
            past=past,
        )
        prepare(scene)
        yield Opened(engine=engine, scene=scene, reconciled=reconciled)


def named_accounts(engine: Engine) -> list[str]:
    """Return the accounts that evaluations name and no source lists among its people, sorted."""
    rows = engine.fetch("""
        SELECT account
        FROM (SELECT evaluator_id AS account FROM evaluations_history UNION SELECT agent_id FROM evaluations_history) e
        WHERE account IS NOT NULL AND NOT EXISTS (SELECT 1 FROM people p WHERE p.person_id = e.account)
        ORDER BY account""")
    accounts: list[str] = rows["account"].to_pylist()
    return accounts


def _register_identities(engine: Engine) -> None:
    """Declared identities come first; the rest are found by the evidence in the people table.

    Accounts that only evaluations name, such as a name in a column of an export, are looked up among those people.
    """
    declared = engine.fetch("SELECT account_id, person_id, evidence FROM identities")
    people = engine.fetch("SELECT * FROM people")
    found = identities_of(people, declared=declared)
    named, _shared = references_of(people, found, named_accounts(engine))
    columns = [column.name for column in TABLES["identities"].columns]
    everybody = pa.concat_tables([table.select(columns) for table in (found, named)])
    engine.register("identities_found", everybody)
    engine.view("identities", "SELECT *, false AS deleted FROM identities_found")
