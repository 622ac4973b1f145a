"""Durable state of a workspace on Delta Lake: nothing lost, nothing counted twice, every number reproducible."""

from qa_sync.store.ledger import Ledger, Run, Snapshot, aside_rows
from qa_sync.store.lock import lease
from qa_sync.store.raw import BatchCounts, Prepared, RawStream, StreamPosition
from qa_sync.store.store import Store
from qa_sync.store.tables import Coverage, StoredTable, TablePosition, stored_schema
from qa_sync.store.upkeep import Upkeep

__all__ = [
    "BatchCounts",
    "Coverage",
    "Ledger",
    "Prepared",
    "RawStream",
    "Run",
    "Snapshot",
    "Store",
    "StoredTable",
    "StreamPosition",
    "TablePosition",
    "Upkeep",
    "aside_rows",
    "lease",
    "stored_schema",
]
