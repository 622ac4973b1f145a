"""Some raw records at a time, readable by the selects of a mapping."""

from __future__ import annotations

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import RAW
from qa_sync.runner.feeds import RECORDS, RELATION, Feed
from qa_sync.store import Store


class Batch:
    """The raw records of some commits of a stream, readable as ``RELATION`` in an engine of their own."""

    def __init__(self, store: Store, feed: Feed, first: int, last: int) -> None:
        """Make the records of ``feed``'s stream from commit ``first`` to ``last`` readable."""
        self.last = last
        self.engine = DuckEngine()
        try:
            self.engine.scan("stored", store.raw(feed.source, feed.stream).files(), RAW)
            self.engine.view(RELATION, f"SELECT * FROM stored WHERE n BETWEEN {first:d} AND {last:d}")
        except BaseException:
            self.engine.close()
            raise

    def read(self, sql: str) -> None:
        """Keep what one pass leaves for the selects of all tables."""
        self.engine.table(RECORDS, sql)

    def close(self) -> None:
        """Drop everything."""
        self.engine.close()
