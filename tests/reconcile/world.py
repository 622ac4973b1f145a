"""A small programme made of Python records, registered as the views that reconciling reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.reconcile.programme import Programme
from qa_sync.reconcile.run import Reconciled, reconcile

T0 = datetime(2026, 1, 5, 10, tzinfo=UTC)
LATER = datetime(2027, 6, 1, tzinfo=UTC)
HISTORIES = ("evaluations", "answers")

#: The default form of the worked fixtures, version 3.
F1 = {
    "Q1": {"max": 10, "weight": 1},
    "Q2": {"max": 10, "weight": 1},
    "Q3": {"max": 10, "weight": 2},
    "C1": {"max": 0, "weight": 0, "crit": True},
}


def day(n: float) -> datetime:
    """The moment n days after the programme's first evaluation."""
    return T0 + timedelta(days=n)


class World:
    """Rows of every table, added in any order; ``engine`` registers them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}

    def add(
        self,
        table: str,
        *,
        stamp: datetime | None = T0,
        ingested: datetime = T0,
        seq: int = 0,
        record: str = "",
        source: str = "s",
        stream: str = "",
        deleted: bool = False,
        **values: Any,
    ) -> dict[str, Any]:
        digest = hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()
        row = {
            **values,
            "source": source,
            "stream": stream or table,
            "record_id": record or digest,
            "source_stamp": stamp,
            "source_seq": seq,
            "payload_hash": values.pop("payload_hash", digest),
            "ingested_at": ingested,
            "deleted": deleted,
        }
        self.rows[table].append(row)
        return row

    def form(
        self, form_id: str = "F1", version: str = "3", criteria: Mapping[str, Mapping[str, Any]] = F1, **settings: Any
    ) -> None:
        """A form: criteria as {key: {max, weight, crit, options, asked_when}}; options as {option: {points, is_fail}} or a list."""
        given = {"higher_is": "better", "scale": "points", "auto_fail": "zero", **settings}
        self.add("forms", form_id=form_id, form_version=version, **given)
        for position, (key, c) in enumerate(criteria.items(), start=1):
            is_critical = bool(c.get("crit"))
            self.add(
                "criteria",
                form_id=form_id,
                form_version=version,
                criterion_key=key,
                label=c.get("label", key),
                position=position,
                max_points=_number(c.get("max")),
                weight=_number(c.get("weight")),
                is_critical=is_critical,
                critical_class=c.get("class", "customer") if is_critical else None,
                counts_as=c.get("counts_as"),
                asked_when=c.get("asked_when"),
            )
            options = c.get("options") or ({"pass": {}, "fail": {"is_fail": True}} if is_critical else {})
            if not isinstance(options, Mapping):
                options = {option: {} for option in options}
            for level, (option, o) in enumerate(options.items()):
                self.add(
                    "options",
                    form_id=form_id,
                    form_version=version,
                    criterion_key=key,
                    option=option,
                    level=level,
                    points=_number(o.get("points")),
                    is_fail=o.get("is_fail", False) if is_critical else None,
                    counts_as=o.get("counts_as"),
                )

    def evaluation(
        self,
        evaluation_id: str,
        answers: Mapping[str, Any] | None = None,
        *,
        stamp: datetime | None = None,
        ingested: datetime | None = None,
        seq: int = 0,
        record: str = "",
        **values: Any,
    ) -> None:
        """One revision: answers are points, an option, or NA, NOT_ASKED, MISSING; a key left out has no row."""
        row = {
            "about": "agent_work",
            "kind": "standard",
            "status": "submitted",
            "interaction_id": "i1",
            "form_id": "F1",
            "form_version": "3",
            "evaluator_id": "u1",
            "agent_id": "g1",
            "submitted_at": T0,
            **values,
        }
        at = row.get("effective_at") or row["submitted_at"]
        stamp = stamp or at or T0
        digest = hashlib.sha256(
            json.dumps([evaluation_id, row, answers], default=str, sort_keys=True).encode()
        ).hexdigest()
        version = {
            "stamp": stamp,
            "ingested": ingested or stamp,
            "seq": seq,
            "record": record or evaluation_id,
            "stream": "evaluations",
            "payload_hash": digest,
        }
        self.add("evaluations", evaluation_id=evaluation_id, **row, **version)
        for key, value in (answers or {}).items():
            self.add("answers", evaluation_id=evaluation_id, criterion_key=key, **answer(value), **version)

    def delete(self, record: str, at: datetime, table: str = "evaluations") -> None:
        """A tombstone: it holds no values."""
        self.add(table, stamp=at, ingested=at, record=record, stream="evaluations", deleted=True)

    def engine(self) -> DuckEngine:
        """Register everything; histories hold all rows, the others stand for current rows."""
        engine = DuckEngine(threads=1)
        for name, schema in TABLES.items():
            stored = pa.schema([*schema.arrow, *VERSION])
            rows = [{field.name: row.get(field.name) for field in stored} for row in self.rows[name]]
            table = pa.Table.from_pylist(rows, schema=stored)
            engine.register(f"{name}_history" if name in HISTORIES else name, table)
        return engine

    def run(
        self, programme: Programme | None = None, as_of: datetime = LATER, *, in_parts: int | None = None
    ) -> Result:
        """Reconcile."""
        engine = self.engine()
        return Result(engine, reconcile(engine, programme or Programme(), as_of=as_of, in_parts=in_parts))


class Made:
    """What reconciling made, as Python records."""

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        raise NotImplementedError

    @property
    def pairs(self) -> list[dict[str, Any]]:
        return self.rows("pairs")

    def pair(self) -> dict[str, Any]:
        (only,) = self.pairs
        return only

    def bucket(self, evaluation_id: str) -> tuple[str, str | None]:
        (row,) = [row for row in self.rows("buckets") if row["evaluation_id"] == evaluation_id]
        return row["bucket"], row["reason"]


class Result(Made):
    """The same, beside the engine that holds it."""

    def __init__(self, engine: DuckEngine, counts: Reconciled) -> None:
        self.engine = engine
        self.counts = counts

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        return self.engine.fetch(f"SELECT * FROM {table} ORDER BY {order}").to_pylist(maps_as_pydicts="strict")


class Part(Made):
    """What one of several worlds came to that were reconciled as one, told as if it had been alone."""

    def __init__(self, whole: Mapping[str, list[dict[str, Any]]], mark: str) -> None:
        self._rows = {
            name: [unmarked(row, mark) for row in rows if any(mark in str(value) for value in row.values())]
            for name, rows in whole.items()
        }

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        return self._rows[table]


def marked(row: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Put a mark before every id of a row."""
    return {
        name: f"{mark}{value}" if name.endswith("_id") and isinstance(value, str) else value
        for name, value in row.items()
    }


def unmarked(row: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Take it off again, also from what is made of ids."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value.replace(mark, "") if isinstance(value, str) else value

    return {name: plain(value) for name, value in row.items()}


def side_by_side(
    worlds: Mapping[str, World],
    programme: Programme | None = None,
    as_of: datetime = LATER,
    tables: Sequence[str] = ("pairs", "buckets"),
) -> dict[str, Made]:
    """Reconcile several worlds at once: small ones cost as much as large ones. None has an id of another."""
    together = World()
    for name, world in worlds.items():
        for table, rows in world.rows.items():
            together.rows[table] += [marked(row, f"{name}/") for row in rows]
    result = together.run(programme, as_of)
    whole = {table: result.rows(table) for table in tables}
    return {name: Part(whole, f"{name}/") for name in worlds}


def pairs_of(*worlds: World) -> list[dict[str, Any]]:
    """Return the one pair of each world."""
    made = side_by_side({f"world {at}": world for at, world in enumerate(worlds)})
    return [one.pair() for one in made.values()]


def answer(value: Any) -> dict[str, Any]:
    """Columns of an answer written as in the fixtures."""
    states = {"NA": "na", "NOT_ASKED": "not_asked", "MISSING": "missing"}
    if value in states:
        return {"state": states[value]}
    if isinstance(value, str):
        return {"state": "valued", "option": value}
    return {"state": "valued", "points": float(value)}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
