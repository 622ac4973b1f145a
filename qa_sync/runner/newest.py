"""The newest version of every raw record of a stream, readable by compiled selects."""

from __future__ import annotations

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import RAW
from qa_sync.runner.feeds import RELATION
from qa_sync.store import Store

#: Which of two versions of a record is newer: the order of the store.
NEWEST = "source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC"


def register_newest(engine: DuckEngine, store: Store, source: str, stream: str, *, until: int | None = None) -> int:
    """Make the newest version of each record readable as ``RELATION``; return how many records there are.

    ``until``: as it was after this commit of the stream (its n).
    Versions are compared without their payloads, so that memory does not grow with what is stored.
    """
    engine.scan("stored", store.raw(source, stream).files(), RAW)
    bound = "" if until is None else f" WHERE n <= {until:d}"
    engine.table(
        "newest_versions",
        f"""
        SELECT id, n, source_seq, payload_hash FROM (
            SELECT id, n, source_seq, payload_hash, row_number() OVER (PARTITION BY id ORDER BY {NEWEST}, n) AS at
            FROM stored{bound}) WHERE "at" = 1""",
    )
    engine.view(RELATION, "SELECT * FROM stored SEMI JOIN newest_versions USING (id, n, source_seq, payload_hash)")
    return int(engine.fetch("SELECT count(*) AS records FROM newest_versions")["records"][0].as_py())
