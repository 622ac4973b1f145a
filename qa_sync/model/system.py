"""The columns and tables that qa-sync keeps for itself: raw records, row versions, ledger, rejects, published cells."""

from __future__ import annotations

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")

#: What a source hands over, one row a record. ``payload`` is JSON text (null where only the id is known);
#: (source_stamp, source_seq) says which of two versions of one record is newer.
PAGE = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source_stamp", TIME),
        pa.field("source_seq", pa.int64(), nullable=False),
        pa.field("deleted", pa.bool_(), nullable=False),
        pa.field("payload", pa.string()),
    ]
)

#: What a source could not read, one row a record. ``reason`` never quotes the record.
PAGE_REJECTS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("payload_hash", pa.string(), nullable=False),
    ]
)

#: A stored raw record version. ``n`` counts the commits of the stream: coverage of derived tables is told in it.
RAW = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("source_stamp", TIME),
        pa.field("source_seq", pa.int64()),
        pa.field("ingested_at", TIME),
        pa.field("run_id", pa.string()),
        pa.field("deleted", pa.bool_()),
        pa.field("payload", pa.string()),
        pa.field("payload_hash", pa.string()),
        pa.field("n", pa.int64()),
    ]
)

#: Added to every row version of a mapped table: where it came from and which version it is.
VERSION = pa.schema(
    [
        pa.field("source", pa.string(), metadata={"doc": "Name of the source in the workspace."}),
        pa.field("stream", pa.string(), metadata={"doc": "Stream of the source."}),
        pa.field("record_id", pa.string(), metadata={"doc": "Id of the raw record the row was made from."}),
        pa.field("source_stamp", TIME, metadata={"doc": "When the source says this version was made."}),
        pa.field("source_seq", pa.int64(), metadata={"doc": "Order within equal stamps."}),
        pa.field("payload_hash", pa.string(), metadata={"doc": "SHA-256 of the raw payload, as stored."}),
        pa.field("ingested_at", TIME, metadata={"doc": "When qa-sync stored the raw version."}),
        pa.field("deleted", pa.bool_(), metadata={"doc": "True for a tombstone: the source deleted the record."}),
    ]
)

REJECTS = pa.schema(
    [
        pa.field("run_id", pa.string()),
        pa.field("at", TIME),
        pa.field("source", pa.string()),
        pa.field("stream", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("table", pa.string()),
        pa.field("record_id", pa.string()),
        pa.field("field", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("severity", pa.string()),
        pa.field("payload_hash", pa.string()),
        pa.field("mapping_hash", pa.string()),
    ]
)

FINDINGS = REJECTS

RUNS = pa.schema(
    [
        pa.field("run_id", pa.string()),
        pa.field("command", pa.string()),
        pa.field("status", pa.string()),
        pa.field("started_at", TIME),
        pa.field("finished_at", TIME),
        pa.field("counts", pa.string()),
        pa.field("timings", pa.string()),
        pa.field("snapshot", pa.string()),
        pa.field("contents", pa.string()),
        pa.field("error", pa.string()),
    ]
)

PUBLISHED = pa.schema(
    [
        pa.field("run_id", pa.string()),
        pa.field("at", TIME),
        pa.field("dashboard", pa.string()),
        pa.field("sink", pa.string()),
        pa.field("tab", pa.string()),
        pa.field("key", pa.string()),
        pa.field("cells", pa.string()),
        pa.field("removed", pa.bool_()),
    ]
)

#: What the ledger keeps beside the tables of the schema, by name.
LEDGER = {"runs": RUNS, "rejects": REJECTS, "findings": FINDINGS, "published": PUBLISHED}
