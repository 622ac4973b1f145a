"""Some raw records at a time, readable by the selects of a mapping."""

from __future__ import annotations

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import RAW
from qa_sync.runner.feeds import RECORDS, RELATION, Feed
from qa_sync.store import Store

#: The rows that a select made of a batch.
MAPPED = "mapped"


class Batch:
    """The raw records of some commits of a stream, readable as ``RELATION`` in an engine lent for the time.

    Batches after each other share an engine: the threads of ever new ones would each keep memory of their own.
    """

    def __init__(self, engine: DuckEngine, store: Store, feed: Feed, first: int, last: int) -> None:
        """Make the records of ``feed``'s stream from commit ``first`` to ``last`` readable."""
        self.last = last
        self.engine = engine
        self.engine.scan("stored", store.raw(feed.source, feed.stream).files(), RAW)
        self.engine.view(RELATION, f"SELECT * FROM stored WHERE n BETWEEN {first:d} AND {last:d}")

    def read(self, sql: str) -> None:
        """Keep what one pass leaves for the selects of all tables."""
        self.engine.table(RECORDS, sql)

    def close(self) -> None:
        """Drop what was kept."""
        for name in (MAPPED, RECORDS):
            self.engine.execute(f"DROP TABLE IF EXISTS {name}")
