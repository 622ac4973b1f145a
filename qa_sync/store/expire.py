"""Let go of rows that are older than they may be kept: they leave every version of a table, as an erased person does.

What is true now never changes by it: of a record that goes on, the newest version stays however old it is, and so does
the last state of a published cell. Only records that nothing was stored of since the limit go as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.model import TABLES
from qa_sync.model.system import PUBLISHED, RAW
from qa_sync.store import delta
from qa_sync.store.erase import TableErasure, stage
from qa_sync.store.path import StorePath
from qa_sync.store.tables import stored_schema

_VERSION = ("source_stamp", "source_seq", "payload_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Rows of ``table`` ("raw/zendesk.tickets") that were stored before a moment; of one ``stream``, or of all ("")."""

    table: str
    before: datetime
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a row is about, which version of that it is, which one counts, and when it was stored."""

    about: tuple[str, ...]
    version: tuple[str, ...]
    order: str
    stored: str
    stays: str

    @property
    def identity(self) -> tuple[str, ...]:
        return (*self.about, *self.version)


_NEWEST = "source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC"
_RAW = _Kind(about=("id",), version=_VERSION, order=_NEWEST, stored="ingested_at", stays="latest >= {before}")
_MAPPED = _Kind(
    about=("source", "stream", "record_id"),
    version=_VERSION,
    order=_NEWEST,
    stored="ingested_at",
    stays="latest >= {before}",
)
_PUBLISHED = _Kind(
    about=("dashboard", "sink", "tab", "key"),
    version=("at", "run_id"),
    order='"at" DESC, run_id DESC',
    stored="at",
    stays="NOT removed",
)


def stage_expiry(path: StorePath, limits: Sequence[Limit], *, write: bool) -> TableErasure:
    """Stage a table without the rows that its limits let go. The caller holds the lock.

    Raises:
        StoreError: an entry of the log is damaged.
    """
    name = limits[0].table
    kind = _kind(name)
    masks = [_mask(path, kind, limit) for limit in limits]

    def change(table: pa.Table) -> tuple[pa.Table, int]:
        goes = masks[0](table)
        for mask in masks[1:]:
            goes = pc.or_(goes, mask(table))
        left = table.filter(pc.invert(goes))
        return left, table.num_rows - left.num_rows

    return stage(path, name, change, clean=str, write=write)


def _kind(name: str) -> _Kind | None:
    """Return the kind of a table's rows; None where each stands for itself, as rejects and findings do."""
    if name.startswith("raw/"):
        return _RAW
    return _MAPPED if name.startswith("tables/") else _PUBLISHED if name == "published" else None


def _mask(path: StorePath, kind: _Kind | None, limit: Limit) -> Callable[[pa.Table], pa.Array]:
    """Return what says of each row whether it goes."""
    spared = _spared(path, kind, limit) if kind else frozenset()
    before = pa.scalar(limit.before, pa.timestamp("us", tz="UTC"))

    def mask(table: pa.Table) -> pa.Array:
        goes = pc.less(table[kind.stored if kind else "at"], before)
        if limit.stream:
            source, _, stream = limit.stream.partition(".")
            goes = pc.and_(goes, pc.and_(pc.equal(table["source"], source), pc.equal(table["stream"], stream)))
        goes = pc.fill_null(goes, fill_value=False).combine_chunks()
        if not spared or kind is None:
            return goes
        at = pc.indices_nonzero(goes)
        old = zip(*(table[column].take(at).to_pylist() for column in kind.identity), strict=True)
        stay = {row for row, one in zip(at.to_pylist(), old, strict=True) if one in spared}
        return pa.array([gone and row not in stay for row, gone in enumerate(goes.to_pylist())], pa.bool_())

    return mask


def _spared(path: StorePath, kind: _Kind, limit: Limit) -> frozenset[tuple[object, ...]]:
    """Return the identities of old rows that stay: what counts now of something that goes on."""
    before = f"TIMESTAMPTZ {literal(limit.before.isoformat())}"
    about, identity = (", ".join(f'"{name}"' for name in names) for names in (kind.about, kind.identity))
    of_stream = f"source || '.' || stream = {literal(limit.stream)}" if limit.stream else "true"
    removed = ", removed" if kind is _PUBLISHED else ""
    files = delta.files(delta.open_table(path), path)
    if not files:
        return frozenset()
    engine = DuckEngine(threads=1)
    try:
        engine.scan("it", files, _schema(limit.table))
        rows = engine.fetch(f"""
            WITH ranked AS (
                SELECT {identity}, "{kind.stored}" AS stored{removed},
                       max("{kind.stored}") OVER (PARTITION BY {about}) AS latest,
                       dense_rank() OVER (PARTITION BY {about} ORDER BY {kind.order}) AS place
                FROM it WHERE {of_stream})
            SELECT DISTINCT {identity} FROM ranked
            WHERE place = 1 AND stored < {before} AND {kind.stays.format(before=before)}""")
    finally:
        engine.close()
    return frozenset(zip(*(rows[name].to_pylist() for name in kind.identity), strict=True))


def _schema(name: str) -> pa.Schema:
    if name.startswith("tables/"):
        return stored_schema(TABLES[name.removeprefix("tables/")])
    return PUBLISHED if name == "published" else RAW
