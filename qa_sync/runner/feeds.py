"""Which streams fill which tables, by the mappings of a workspace."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass

from qa_sync.mapping import CompiledStream, CompiledTable, Mapping, compile_stream, compile_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream filling one table: ``compiled`` by itself, and among the tables of its stream ``together``."""

    source: str
    stream: str
    table: str
    compiled: CompiledTable
    together: CompiledStream

    @property
    def name(self) -> str:
        """The stream's full name, "zendesk.tickets"."""
        return f"{self.source}.{self.stream}"


#: The relation that compiled selects read from.
RELATION = "raw_batch"
#: What one pass over them leaves for the selects of all tables of a stream.
RECORDS = "records_read"


def feeds_of(mappings: Dict[str, Mapping], zone: str) -> list[Feed]:
    """Compile every (stream, table) of the sources' mappings, in the order of their files."""
    feeds = []
    for source, mapping in mappings.items():
        for stream, tables in mapping.streams.items():
            together = compile_stream(
                mapping, source=source, stream=stream, zone=zone, relation=RELATION, records=RECORDS
            )
            for table in tables:
                alone = compile_table(mapping, source=source, stream=stream, table=table, zone=zone, relation=RELATION)
                feeds.append(Feed(source=source, stream=stream, table=table, compiled=alone, together=together))
    return feeds


def tables_by_stream(feeds: list[Feed]) -> dict[str, list[str]]:
    """Return, for each stream, the tables that are made from it."""
    found: dict[str, list[str]] = {}
    for feed in feeds:
        found.setdefault(feed.name, []).append(feed.table)
    return found
