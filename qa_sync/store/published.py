"""What was published: the rows of every tab, as they stand and as they stood, and the runs that showed them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from qa_sync.engine.duck import literal
from qa_sync.store.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A run that brought dashboards up to its state: when it had finished, and "dashboard > place" of each."""

    run_id: str
    at: datetime
    places: frozenset[str]


class PublishedValues:
    """Reads what the ledger holds of publishing; a place is a dashboard and the sink it is shown in."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def places(self) -> list[tuple[str, str]]:
        """Return the (dashboard, sink) that something was ever written for, sorted."""
        rows = self._ledger.select("published", "SELECT DISTINCT dashboard, sink FROM it ORDER BY ALL")
        return [(row["dashboard"], row["sink"]) for row in rows.to_pylist()]

    def tabs(self, dashboard: str, sink: str, *, until: datetime | None = None) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what was last written on every tab of a dashboard in one sink: tab → key → field → cell.

        With ``until``, as it was at that moment.
        """
        by_then = f'AND "at" <= TIMESTAMPTZ {literal(until.isoformat())}' if until else ""
        rows = self._ledger.select(
            "published",
            f"""
            SELECT tab, key, cells, removed FROM it
            WHERE dashboard = {literal(dashboard)} AND sink = {literal(sink)} {by_then}
            QUALIFY row_number() OVER (PARTITION BY tab, key ORDER BY "at" DESC, run_id DESC) = 1""",
        )
        tabs: dict[str, dict[str, dict[str, Any]]] = {}
        for row in rows.to_pylist():
            keys = tabs.setdefault(row["tab"], {})
            if not row["removed"]:
                keys[row["key"]] = json.loads(row["cells"])
        return tabs

    def publishes(self, before: datetime | None = None) -> list[Publish]:
        """Return which runs showed their own state on which places, oldest first; only those finished ``before``."""
        by_then = f"AND finished_at < TIMESTAMPTZ {literal(before.isoformat())}" if before else ""
        rows = self._ledger.select(
            "runs",
            f"""
            SELECT run_id, finished_at, json_keys(counts, '$.publish') AS places FROM it
            WHERE snapshot IS NOT NULL AND counts LIKE '%"publish"%' {by_then} ORDER BY finished_at, run_id""",
        )
        return [
            Publish(run_id=row["run_id"], at=row["finished_at"], places=frozenset(row["places"] or ()))
            for row in rows.to_pylist()
        ]

    def has_let_go(self) -> bool:
        """Whether retention took rows of what was published away: what is not there may have been."""
        sql = """SELECT 1 FROM it WHERE command = 'expire'
                 AND CAST(json_extract_string(counts, '$.expire.rows.published') AS BIGINT) > 0 LIMIT 1"""
        return bool(self._ledger.select("runs", sql).num_rows)

    def definitions(self, dashboard: str, runs: Sequence[str]) -> dict[str, str]:
        """Return run → the text of a dashboard's definition that it worked with; runs without one are left out."""
        if not runs:
            return {}
        rows = self._ledger.select(
            "runs",
            f"""
            SELECT run_id, json_extract_string(contents, {literal(f"$.dashboards.{json.dumps(dashboard)}")}) AS text
            FROM it WHERE run_id IN ({", ".join(map(literal, runs))}) AND contents IS NOT NULL""",
        )
        return {row["run_id"]: row["text"] for row in rows.to_pylist() if row["text"] is not None}

    def then(self, wanted: pa.Table) -> list[dict[str, Any]]:
        """Return rows of tabs as they stood at moments of their own.

        Args:
            wanted: one row each: ``dashboard``, ``sink``, ``tab``, ``key`` and ``until``.

        Returns:
            dashboard, sink, tab, key and cells of those that stood there then.
        """
        names = ", ".join(f"w.{name}" for name in ("dashboard", "sink", "tab", "key"))
        rows = self._ledger.select(
            "published",
            f"""
            SELECT {names}, i.cells, i.removed FROM it i JOIN wanted w USING (dashboard, sink, tab, key)
            WHERE i."at" <= w.until
            QUALIFY row_number() OVER (PARTITION BY {names} ORDER BY i."at" DESC, i.run_id DESC) = 1""",
            wanted=wanted,
        )
        return [{**row, "cells": json.loads(row["cells"])} for row in rows.to_pylist() if not row["removed"]]
