"""Drift: what the records and the account have that the set-up does not know, told at each run as findings.

Two kinds: an account's definitions held against the mapping, and rows of the tables that name a form, criterion,
group or person nobody knows. And the brake: a mapping that refuses too many records stops the publish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from qa_sync import registry
from qa_sync.config import WorkspaceSettings
from qa_sync.engine import Engine
from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.errors import Problem
from qa_sync.mapping import Drift, account_drift, defaulted
from qa_sync.mapping import Mapping as Mapped
from qa_sync.mapping.drift import SEVERITIES
from qa_sync.model.account import Definitions
from qa_sync.model.system import RAW, REJECTS
from qa_sync.runner.feeds import RELATION, Feed
from qa_sync.runner.newest import register_newest
from qa_sync.store import Store, aside_rows, stored_schema

#: Findings a run's summary holds; all of them are in the ledger.
SHOWN = 50

#: What is unknown in the tables: kind → (severity, what it means, hint, SQL of source, stream, id, how many rows).
_UNKNOWN: Mapping[str, tuple[str, str, str, str]] = {
    "form": (
        "high",
        "form {id} is in no form catalogue, so its evaluations cannot be compared",
        "describe it in mappings/forms",
        """SELECT source, stream, form_id AS id, count(*) AS size FROM evaluations
           WHERE form_id IS NOT NULL AND form_id NOT IN (SELECT form_id FROM forms) GROUP BY ALL""",
    ),
    "form version": (
        "medium",
        "version {id} of a form is in no form catalogue",
        "add the version to the catalogue",
        """SELECT source, stream, form_id || ' ' || form_version AS id, size FROM (
               SELECT source, stream, form_id, form_version, count(*) AS size FROM evaluations GROUP BY ALL) e
           WHERE form_version IS NOT NULL AND form_id IN (SELECT form_id FROM forms)
             AND NOT EXISTS (SELECT 1 FROM forms f WHERE f.form_id = e.form_id AND f.form_version = e.form_version)""",
    ),
    "criterion": (
        "medium",
        "criterion {id} is not on its form in the catalogue",
        "add it to the form, or a new version of the form",
        # Counted first, so that what is compared is a handful of rows however many answers there are.
        """WITH met AS (
               SELECT a.source, a.stream, e.form_id, e.form_version, a.criterion_key, count(*) AS size
               FROM answers a JOIN evaluations e USING (evaluation_id) GROUP BY ALL),
           known AS (SELECT DISTINCT form_id, form_version FROM forms)
           SELECT m.source, m.stream, m.form_id || ' ' || m.criterion_key AS id, sum(m.size) AS size
           FROM met m LEFT JOIN known k ON k.form_id = m.form_id AND k.form_version = m.form_version
           WHERE m.form_id IN (SELECT form_id FROM forms)
             AND CASE WHEN k.form_id IS NOT NULL
                      THEN (m.form_id, m.form_version, m.criterion_key)
                           NOT IN (SELECT (form_id, form_version, criterion_key) FROM criteria)
                      ELSE (m.form_id, m.criterion_key) NOT IN (SELECT (form_id, criterion_key) FROM criteria) END
           GROUP BY ALL""",
    ),
    "group": (
        "low",
        "group {id} has no queue",
        "name it in the lookup 'queue' (a stream, a file or a sheet tab)",
        """SELECT source, stream, group_id AS id, count(*) AS size FROM interactions
           WHERE group_id IS NOT NULL AND queue IS NULL
             AND group_id NOT IN (SELECT lookup_key FROM lookups WHERE lookup = 'queue') GROUP BY ALL""",
    ),
    "person": (
        "low",
        "{id} is among no source's people",
        "pull the people of that source, or check how the id is made",
        """SELECT source, stream, id, sum(size) AS size FROM (
               SELECT source, stream, evaluator_id AS id, count(*) AS size FROM evaluations GROUP BY ALL
               UNION ALL SELECT source, stream, agent_id AS id, count(*) AS size FROM evaluations GROUP BY ALL)
           WHERE id IS NOT NULL AND id NOT IN (SELECT person_id FROM people)
             AND split_part(id, ':', 1) IN (SELECT split_part(person_id, ':', 1) FROM people) GROUP BY ALL""",
    ),
}


def stored_definitions(store: Store, connector: str, source: str) -> Sequence[Definitions]:
    """Return what a source's account has defined, from the metadata that was pulled; none where nothing can tell."""
    known = {raw.name for raw in store.raw_streams()}

    def read(stream: str) -> Iterable[str] | None:
        if f"{source}.{stream}" not in known:
            return None
        engine = DuckEngine()
        try:
            register_newest(engine, store, source, stream)
            found = engine.fetch(
                f"SELECT payload FROM {RELATION} WHERE NOT deleted AND payload IS NOT NULL ORDER BY id"
            )
        finally:
            engine.close()
        payloads: list[str] = found["payload"].to_pylist()
        return payloads

    return definitions_of(connector, read)


def definitions_of(connector: str, read: Callable[[str], Iterable[str] | None]) -> Sequence[Definitions]:
    """Return what a connector makes of an account's metadata; none where it offers no such reading."""
    make = registry.beside("sources", connector, "definitions")
    return tuple(make(read)) if make else ()


def streams_of_definitions(connector: str) -> frozenset[str]:
    """Return the streams from which a connector reads what an account has defined; none where it reads nothing."""
    asked: list[str] = []

    def note(stream: str) -> None:
        asked.append(stream)

    definitions_of(connector, note)
    return frozenset(asked)


def find_drift(
    store: Store, settings: WorkspaceSettings, mappings: Mapping[str, Mapped], engine: Engine, *, run_id: str
) -> list[tuple[str, Drift, int]]:
    """Return (source, drift, rows concerned), most severe first; ``engine`` holds the tables of the run's snapshot.

    Values that fell to a default are counted among the records that the run pulled, and never quoted.
    """
    found: list[tuple[str, Drift, int]] = []
    for name, mapping in mappings.items():
        known = stored_definitions(store, settings.sources[name].connector, name)
        found += [(name, drift, 0) for drift in account_drift(mapping, known)]
        found += [(name, drift, rows) for drift, rows in _defaulted(store, name, mapping, run_id)]
    for kind, (severity, what, hint, sql) in _UNKNOWN.items():
        for row in engine.fetch(f"{sql} ORDER BY ALL").to_pylist():
            drift = Drift(
                severity=severity,  # type: ignore[arg-type]
                kind=kind,
                stream=row["stream"],
                id=row["id"],
                what=what.format(id=row["id"]),
                hint=hint,
            )
            found.append((row["source"], drift, int(row["size"])))
    return sorted(found, key=lambda one: (SEVERITIES.index(one[1].severity), -one[2]))


def _defaulted(store: Store, source: str, mapping: Mapped, run_id: str) -> Iterator[tuple[Drift, int]]:
    pulled = f"SELECT * FROM stored WHERE run_id = {literal(run_id)}"
    engine = DuckEngine()
    try:
        for stream, tables in mapping.streams.items():
            engine.scan("stored", store.raw(source, stream).files(), RAW)
            if not engine.fetch(f"SELECT 1 AS one FROM ({pulled}) LIMIT 1").num_rows:
                continue
            engine.view(RELATION, pulled)
            for table in tables:
                for field, rows in defaulted(
                    engine, mapping, source=source, stream=stream, table=table, relation=RELATION
                ):
                    what = f"{table}.{field} meets values that its values: does not list; they take the default"
                    hint = "qa-sync mapping coverage shows them"
                    identity = f"{table}.{field}"
                    drift = Drift(severity="medium", kind="option", stream=stream, id=identity, what=what, hint=hint)
                    yield drift, rows
    finally:
        engine.close()


def record_drift(store: Store, found: Sequence[tuple[str, Drift, int]], *, run_id: str, at: datetime) -> dict[str, Any]:
    """Write drift that was not known before into the findings; return what a run's summary says of it."""
    new = 0
    for source, stream, severity in dict.fromkeys((name, one.stream, one.severity) for name, one, _ in found):
        rows = [
            (one.id, one.kind, one.what, "")
            for name, one, _ in found
            if (name, one.stream, one.severity) == (source, stream, severity)
        ]
        made = aside_rows(
            run_id=run_id, at=at, source=source, stream=stream, stage="drift", severity=severity, rows=rows
        )
        unseen = store.ledger.unseen_rejects(made)
        store.ledger.append("findings", unseen)
        new += unseen.num_rows
    counts: dict[str, Any] = {level: sum(one.severity == level for _, one, _ in found) for level in SEVERITIES}
    listed = [
        {
            "severity": one.severity,
            "kind": one.kind,
            "source": source,
            "stream": one.stream,
            "id": one.id,
            "rows": size,
            "what": one.what,
            "hint": one.hint,
        }
        for source, one, size in found[:SHOWN]
    ]
    return {**counts, "new": new, "findings": listed}


# --- the brake ------------------------------------------------------------------------------------------------
def refusal_problems(
    store: Store, feeds: Sequence[Feed], mappings: Mapping[str, Mapped], limit: float
) -> list[Problem]:
    """Return a problem for each stream of which a mapping refuses more than the share ``limit`` of the records."""
    found = []
    suspects = _suspects(store)
    for feed in feeds:
        key = (feed.source, feed.stream, feed.table)
        if key not in suspects:
            continue
        refused, records = _refused(store, feed)
        if refused <= limit * records:
            continue
        reasons = ", ".join(f"{why} ({count:,})" for why, count in suspects[key][:3])
        what = (
            f"{refused:,} of {records:,} records of {feed.name} are refused for {feed.table}, more than "
            f"max_reject_share ({limit:g}) allows: nothing is published. Refused, all time: {reasons}"
        )
        found.append(
            Problem(
                what=what,
                hint="mend the mapping (mapping coverage shows the values) or raise max_reject_share in qa-sync.yaml",
                file=mappings[feed.source].file,
                path=("streams", feed.stream, feed.table),
            )
        )
    return found


def _refused(store: Store, feed: Feed) -> tuple[int, int]:
    """Return how many records' newest versions the mapping refuses, and of how many.

    Every version that is not refused leaves a row in the table, a marker at least; so what is not there was refused.
    """
    table = store.table(feed.table)
    covered = table.position().coverage.get(feed.name)
    if covered is None:
        return 0, 0
    engine = DuckEngine()
    try:
        engine.scan("made", table.files(), stored_schema(table.schema))
        records = register_newest(engine, store, feed.source, feed.stream, until=covered.n)
        kept = engine.fetch(f"""
            SELECT count(*) AS kept FROM newest_versions n WHERE EXISTS (
                SELECT 1 FROM made m
                WHERE m.source = {literal(feed.source)} AND m.stream = {literal(feed.stream)} AND m.record_id = n.id
                  AND m.payload_hash IS NOT DISTINCT FROM n.payload_hash AND m.source_seq = n.source_seq)""")
    finally:
        engine.close()
    return records - int(kept["kept"][0].as_py()), records


def _suspects(store: Store) -> dict[tuple[str, str, str], list[tuple[str, int]]]:
    """Return, for each (source, stream, table) of which anything was ever set aside, why and how many records."""
    engine = DuckEngine()
    try:
        engine.scan("rejects", store.ledger.files("rejects"), REJECTS)
        rows = engine.fetch("""
            SELECT source, stream, "table", field || ': ' || reason AS why, count(DISTINCT record_id) AS records
            FROM rejects WHERE stage = 'map' AND severity = 'reject' GROUP BY ALL ORDER BY records DESC, why""")
    finally:
        engine.close()
    found: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for row in rows.to_pylist():
        found.setdefault((row["source"], row["stream"], row["table"]), []).append((row["why"], row["records"]))
    return found
